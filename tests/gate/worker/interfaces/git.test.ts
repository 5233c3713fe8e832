import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import { ruleOf, startGate, type Gate } from "../../support/gate";
import { BareRepository, git } from "../../support/repository";
import { freshFetch } from "../../../support/freshFetch";

let gate: Gate;
let repository: BareRepository;
let work: string;
let clones = 0;

beforeAll(async () => {
  gate = await startGate({ gate: { maxPushBytes: 30_000_000, maxPushObjects: 300 } });
  repository = new BareRepository("acme", "api");
  work = repository.root;
  repository.seed({
    "README.md": "# api\n".repeat(200),
    "src/index.ts": Array.from({ length: 400 }, (_, i) => `export const v${i} = ${i};\n`).join(""),
    ".github/workflows/ci.yml": "on: push\n",
    CODEOWNERS: "* @acme/backend\n",
  });
}, 60_000);
afterAll(async () => {
  await gate?.stop();
  repository?.remove();
});
beforeEach(() => {
  gate.upstream.reset();
  gate.upstream.handler = repository.handler;
});

const remote = (name = "acme/api"): string =>
  `${gate.url.replace("://", `://x-access-token:${gate.key}@`)}/${name}.git`;

async function clone(...args: string[]): Promise<string> {
  const target = path.join(work, `clone-${++clones}`);
  const made = await git(work, "clone", "-q", ...args, remote(), target);
  expect(made).toEqual({ code: 0, out: "" });
  return target;
}

/**
 * Commits files (null removes one) on a new branch and pushes it; what git said, and whether the reference is there
 * now.
 */
async function push(
  clonePath: string,
  ref: string,
  files: Record<string, string | Buffer | null>,
  ...options: string[]
): Promise<{ code: number; out: string; there: boolean }> {
  await git(clonePath, "checkout", "-q", "-B", `work-${++clones}`, "origin/main");
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(clonePath, name);
    rmSync(file, { recursive: true, force: true });
    if (content === null) continue;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  await git(clonePath, "add", "-A");
  await git(clonePath, "commit", "-q", "--allow-empty", "-m", "change");
  const pushed = await git(clonePath, "push", "-q", ...options, "origin", `HEAD:${ref}`);
  return { ...pushed, there: repository.refs().includes(ref) };
}

/** Requests that would have changed something, as they reached the server. */
const writes = (): number => gate.upstream.received.filter((r) => r.url.endsWith("/git-receive-pack")).length;

async function lastReason(): Promise<{ reason: string; findings: unknown[]; decision: string }> {
  const lines = (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text()).trim().split("\n");
  const records = lines
    .map((l) => JSON.parse(l) as { reason: string; findings: unknown[]; decision: string; route: string })
    .filter((r) => r.route.startsWith("git."));
  return records.at(-1) ?? { reason: "", findings: [], decision: "" };
}

describe("clone and fetch", () => {
  it("work with protocol 2, shallow, partial and bare of any token", async () => {
    const full = await clone();
    expect((await git(full, "log", "--oneline")).out).toMatch(/first/);
    await clone("--depth=1");
    await clone("--filter=blob:none", "--no-checkout");
    await clone("-c", "protocol.version=0");
    expect(
      gate.upstream.received.every(
        (r) => r.headers.authorization === `Basic ${Buffer.from(`x-access-token:${gate.token}`).toString("base64")}`,
      ),
    ).toBe(true);
    expect(await git(full, "fetch", "-q", "origin")).toEqual({ code: 0, out: "" });
  });

  it("are refused for other repositories and owners, other services, and without a key", async () => {
    for (const name of ["acme/secrets", "other-org/api", "acme/api.git/x"])
      expect((await git(work, "clone", "-q", remote(name), path.join(work, `no-${++clones}`))).code).toBe(1);
    expect(gate.upstream.received).toEqual([]);
    expect(await ruleOf(await gate.ask("/acme/api.git/info/refs?service=git-upload-archive"))).toBe("git-service");
    expect(await ruleOf(await gate.ask("/acme/api.git/info/refs"))).toBe("git-service");
    expect(await ruleOf(await gate.ask("/acme/api.git/HEAD"))).toBe("git-service");
    expect(await ruleOf(await gate.ask("/acme/api.git/info/lfs/objects/batch", { method: "POST", body: "{}" }))).toBe(
      "lfs-refused",
    );
    expect(
      (await freshFetch(`${gate.url}/acme/api.git/info/refs?service=git-upload-pack`)).headers.get("www-authenticate"),
    ).toMatch(/^Basic/);
    expect(gate.upstream.received).toEqual([]);
  });

  it("refuse commands and arguments that lead elsewhere, also inside gzip", async () => {
    const ask = (body: Buffer, headers: Record<string, string> = {}): Promise<Response> =>
      gate.ask("/acme/api.git/git-upload-pack", {
        method: "POST",
        headers: { "content-type": "application/x-git-upload-pack-request", "git-protocol": "version=2", ...headers },
        body: new Uint8Array(body),
      });
    const line = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;
    const good = Buffer.from(`${line("command=ls-refs\n")}0000`);
    expect((await ask(good)).status).toBe(200);
    expect((await ask(gzipSync(good), { "content-encoding": "gzip" })).status).toBe(200);
    const bad = Buffer.from(`${line("command=fetch\n")}0001${line("packfile-uris https\n")}0000`);
    expect(await ruleOf(await ask(bad))).toBe("git-command");
    expect(await ruleOf(await ask(gzipSync(bad), { "content-encoding": "gzip" }))).toBe("git-command");
    expect(await ruleOf(await ask(good, { "content-encoding": "br" }))).toBe("encoding-not-inspected");
    expect(await ruleOf(await ask(gzipSync(Buffer.alloc(50_000_000)), { "content-encoding": "gzip" }))).toBe(
      "body-too-large",
    );
    expect(await ruleOf(await ask(Buffer.from("zzzz")))).toBe("git-malformed");
  });
});

describe("push", () => {
  it("creates and updates agent branches", async () => {
    const c = await clone();
    expect(
      await push(c, "refs/heads/claude/one", { "src/index.ts": "export {};\n", "src/new/deep.ts": "x\n" }),
    ).toEqual({ code: 0, out: "", there: true });
    writeFileSync(path.join(c, "more.txt"), "more");
    await git(c, "add", "-A");
    await git(c, "commit", "-q", "-m", "more");
    expect(await git(c, "push", "-q", "origin", "HEAD:refs/heads/claude/one")).toEqual({ code: 0, out: "" });
    expect((await git(c, "push", "-q", "origin", "origin/main:refs/heads/claude/same")).code).toBe(0);
    expect((await lastReason()).decision).toBe("allow");
  });

  it("reaches no other reference, and nothing when one of several is forbidden", async () => {
    const c = await clone();
    for (const ref of [
      "refs/heads/main",
      "refs/heads/claude-fix",
      "refs/tags/v1",
      "refs/heads/feature/x",
      "refs/notes/x",
    ]) {
      const pushed = await push(c, ref, { "a.txt": ref });
      expect([ref, pushed.code, writes()]).toEqual([ref, 1, 0]);
      expect((await lastReason()).reason).toBe("ref-outside-agent-space");
    }
    expect((await git(c, "push", "-q", "origin", "HEAD:refs/heads/claude/both", "HEAD:refs/heads/main")).code).toBe(1);
    expect(repository.refs()).not.toContain("refs/heads/claude/both");
    const old = repository.git(repository.bare, "rev-parse", "refs/heads/main").trim();
    repository.git(repository.bare, "update-ref", "refs/heads/claude/one", old);
    const line = `${old} ${"0".repeat(40)} refs/heads/claude/one\0report-status`;
    const raw = await gate.ask("/acme/api.git/git-receive-pack", {
      method: "POST",
      headers: { "content-type": "application/x-git-receive-pack-request" },
      body: `${(line.length + 4).toString(16).padStart(4, "0")}${line}0000`,
    });
    expect(await ruleOf(raw)).toBe("ref-delete");
    expect((await git(c, "push", "-q", "origin", ":refs/heads/claude/one")).code).toBe(1);
    expect([repository.refs().includes("refs/heads/claude/one"), writes()]).toEqual([true, 0]);
  });

  it.each<[string, Record<string, string | null>]>([
    ["adds a workflow", { ".github/workflows/evil.yml": "on: push\n" }],
    ["changes a workflow", { ".github/workflows/ci.yml": "on: pull_request_target\n" }],
    ["removes a workflow", { ".github/workflows/ci.yml": null }],
    ["puts a file in the place of the workflows", { ".github": "x" }],
    ["changes CODEOWNERS", { CODEOWNERS: "* @claude-bot\n" }],
    ["adds a CODEOWNERS that outranks it", { ".github/CODEOWNERS": "* @claude-bot\n" }],
    ["changes a declared path", { "deploy/x/y.sh": "x" }],
    ["changes a declared pattern at depth", { "a/b/c.pem": "x" }],
  ])("refuses what %s", async (_name, files) => {
    const ref = `refs/heads/claude/protected-${++clones}`;
    const pushed = await push(await clone(), ref, files);
    expect([pushed.code, pushed.there, writes()]).toEqual([1, false, 0]);
    expect((await lastReason()).reason).toBe("protected-path");
  });

  it("refuses a forbidden change that a later commit takes back", async () => {
    const c = await clone();
    await git(c, "checkout", "-q", "-b", "hide");
    writeFileSync(path.join(c, ".github/workflows/ci.yml"), "on: schedule\n");
    await git(c, "commit", "-q", "-am", "one");
    await git(c, "revert", "--no-edit", "HEAD");
    expect((await git(c, "push", "-q", "origin", "HEAD:refs/heads/claude/hide")).code).toBe(1);
    expect([(await lastReason()).reason, writes()]).toEqual(["protected-path", 0]);
  });

  it("lets a merge bring in what people changed on the default branch", async () => {
    const c = await clone();
    await push(c, "refs/heads/claude/behind", { "b.txt": "b" });
    const seed = path.join(work, "seed");
    writeFileSync(path.join(seed, ".github/workflows/ci.yml"), "on: [push, pull_request]\n");
    repository.git(seed, "commit", "-q", "-am", "people change a workflow");
    repository.git(seed, "push", "-q", "origin", "main");
    await git(c, "fetch", "-q", "origin");
    expect((await git(c, "merge", "-q", "--no-edit", "origin/main")).code).toBe(0);
    expect(await git(c, "push", "-q", "origin", "HEAD:refs/heads/claude/behind")).toEqual({ code: 0, out: "" });
  });

  it("refuses a history of its own, and one built on what nobody has seen", async () => {
    const c = await clone();
    await git(c, "checkout", "-q", "--orphan", "alone");
    expect((await git(c, "commit", "-q", "-m", "alone")).code).toBe(0);
    expect((await git(c, "push", "-q", "origin", "HEAD:refs/heads/claude/alone")).code).toBe(1);
    expect([(await lastReason()).reason, writes()]).toEqual(["protected-path", 0]);
  });

  it("finds credentials in new files, in changed files, and in commit messages", async () => {
    const secret = `ghp_${randomBytes(18).toString("hex")}`;
    const c = await clone();
    const text = Array.from({ length: 400 }, (_, i) => `export const v${i} = ${i};\n`).join("");
    expect((await push(c, "refs/heads/claude/s1", { "new.txt": `token = ${secret}\n` })).code).toBe(1);
    expect(await lastReason()).toMatchObject({
      reason: "secret-in-content",
      findings: [{ rule: "github-classic-token" }],
    });
    expect(
      (await push(c, "refs/heads/claude/s2", { "src/index.ts": text.replace("v200 = 200", `v200 = "${secret}"`) }))
        .code,
    ).toBe(1);
    expect((await lastReason()).reason).toBe("secret-in-content");
    await git(c, "checkout", "-q", "-B", "message", "origin/main");
    await git(c, "commit", "-q", "--allow-empty", "-m", `use ${secret}`);
    expect((await git(c, "push", "-q", "origin", "HEAD:refs/heads/claude/s3")).code).toBe(1);
    expect([(await lastReason()).reason, writes()]).toEqual(["secret-in-content", 0]);
  });

  it("holds its limits", async () => {
    const c = await clone();
    const many = Object.fromEntries(Array.from({ length: 310 }, (_, i) => [`many/f${i}`, String(i)]));
    expect((await push(c, "refs/heads/claude/many", many)).code).toBe(1);
    expect((await lastReason()).reason).toBe("pack-too-many-objects");
    expect((await push(c, "refs/heads/claude/large", { "large.bin": randomBytes(31_000_000) })).code).toBe(1);
    expect([(await lastReason()).reason, writes()]).toEqual(["push-too-large", 0]);
  });

  it("streams a large push, and holds back its end until it is judged", async () => {
    const c = await clone();
    const blob = randomBytes(12_000_000);
    expect(await push(c, "refs/heads/claude/stream", { "large.bin": blob })).toEqual({ code: 0, out: "", there: true });
    const bad = await push(c, "refs/heads/claude/stream-bad", {
      "large2.bin": randomBytes(12_000_000),
      CODEOWNERS: "x",
    });
    expect([bad.code, bad.there]).toEqual([1, false]);
    expect((await lastReason()).reason).toBe("protected-path");
  }, 60_000);

  it("reads packs that other clients make: thin, with references to their bases, and without deltas", async () => {
    const c = await clone();
    expect(
      (await push(c, "refs/heads/claude/thin", { "src/index.ts": "x\n", "README.md": "# api\n".repeat(199) }, "--thin"))
        .code,
    ).toBe(0);
    await git(c, "config", "pack.depth", "0");
    expect((await push(c, "refs/heads/claude/flat", { "src/index.ts": "y\n" })).code).toBe(0);
  });
});
