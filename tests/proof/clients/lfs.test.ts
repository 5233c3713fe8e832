import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { itWhen } from "../../support/skip";
import { startGate, type Gate } from "../../gate/support/gate";
import { BareRepository, git } from "../../gate/support/repository";
import { Upstream, type Reply } from "../../gate/support/upstream";

const hasLfs = ((): boolean => {
  try {
    return execFileSync("git-lfs", ["version"], { stdio: "pipe" }).length > 0;
  } catch {
    return false;
  }
})();
const withLfs = itWhen(hasLfs, "git-lfs is not installed");

describe("real git-lfs through the gate", () => {
  let gate: Gate;
  let storage: Upstream;
  let repository: BareRepository;
  const stored = new Map<string, Buffer>();
  let clones = 0;

  beforeAll(async () => {
    storage = await Upstream.start();
    gate = await startGate({
      gate: { lfs: "proxy" },
      policy: (policy) => ({ ...policy, lfsHosts: [new URL(storage.url).host] }),
    });
    repository = new BareRepository("acme", "api");
    const seed = path.join(repository.root, "seed");
    repository.git(repository.root, "clone", "-q", repository.bare, seed);
    writeFileSync(path.join(seed, ".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    repository.git(seed, "checkout", "-q", "-b", "main");
    repository.git(seed, "add", ".");
    repository.git(seed, "commit", "-q", "-m", "first");
    repository.git(seed, "push", "-q", "origin", "main");
    gate.upstream.handler = (request) => {
      if (!request.url.endsWith("/info/lfs/objects/batch")) return repository.handler(request);
      const asked = JSON.parse(request.body.toString()) as {
        operation: string;
        objects: { oid: string; size: number }[];
      };
      const verb = asked.operation === "upload" ? "upload" : "download";
      const objects = asked.objects.map(({ oid, size }) => ({
        oid,
        size,
        actions: { [verb]: { href: `${storage.url}/${oid}` } },
      }));
      return {
        headers: { "content-type": "application/vnd.git-lfs+json" },
        body: JSON.stringify({ transfer: "basic", objects }),
      };
    };
    storage.handler = ({ method, url, body }): Reply => {
      if (method === "PUT") stored.set(url.slice(1), body);
      return method === "GET"
        ? { headers: { "content-type": "application/octet-stream" }, body: stored.get(url.slice(1)) ?? "" }
        : {};
    };
  }, 60_000);
  afterAll(async () => {
    await gate?.stop();
    await storage?.stop();
    repository?.remove();
  });

  async function clone(suffix = ".git"): Promise<string> {
    const target = path.join(repository.root, `lfs-${++clones}`);
    const url = `${gate.url.replace("://", `://x-access-token:${gate.key}@`)}/acme/api${suffix}`;
    expect((await git(repository.root, "clone", "-q", url, target)).code).toBe(0);
    await git(target, "lfs", "install", "--local");
    return target;
  }
  async function push(target: string, content: Buffer, ref: string): Promise<{ code: number; out: string }> {
    writeFileSync(path.join(target, "a.bin"), content);
    await git(target, "add", "a.bin");
    await git(target, "commit", "-q", "-m", "object");
    return git(target, "push", "origin", `HEAD:${ref}`);
  }
  const records = async (): Promise<{ method: string; path: string; status: number }[]> =>
    (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text())
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l) as { method: string; path: string; status: number });

  withLfs(
    "brings an object up, and down again",
    async () => {
      const content = randomBytes(300_000);
      expect((await push(await clone(), content, "refs/heads/claude/good")).code).toBe(0);
      const again = await clone();
      expect((await git(again, "fetch", "-q", "origin", "claude/good")).code).toBe(0);
      expect((await git(again, "checkout", "-q", "FETCH_HEAD")).code).toBe(0);
      expect((await git(again, "lfs", "fsck")).code).toBe(0);
      expect([...stored.values()].some((s) => s.equals(content))).toBe(true);
    },
    60_000,
  );

  withLfs(
    "uploads an object with a credential once, says why, and does not push the branch",
    async () => {
      const before = (await records()).length;
      const content = Buffer.concat([
        randomBytes(200_000),
        Buffer.from(` ghp_${randomBytes(18).toString("hex")} `),
        randomBytes(200_000),
      ]);
      const { code, out } = await push(await clone(), content, "refs/heads/claude/bad");
      expect([code, out]).toEqual([
        1,
        expect.stringMatching(/secret-in-content: The content contains what looks like a credential/),
      ]);
      expect(repository.refs()).not.toContain("refs/heads/claude/bad");
      const made = (await records())
        .slice(before)
        .filter((r) => r.path.includes("/info/lfs/objects/") && r.status !== 401);
      expect(made.map(({ method, path: p }) => `${method} ${p.endsWith("/batch") ? "batch" : "object"}`)).toEqual([
        "POST batch",
        "PUT object",
        "POST batch",
      ]);
    },
    120_000,
  );

  withLfs("hears that there are no locks", async () => {
    const { code, out } = await git(await clone(), "lfs", "locks");
    expect([code, out]).toEqual([
      expect.any(Number),
      expect.stringMatching(/agents cannot use LFS locks; work without them/),
    ]);
    expect(code).not.toBe(0);
  });
});
