import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { startGate, type Gate } from "../../support/gate";
import { BareRepository, git } from "../../support/repository";

/** What a push builds on: its old tip, merges, how much it changes, and what that costs at GitHub. */

let gate: Gate;
let repository: BareRepository;
let seed: string;
let clones = 0;

const put = (folder: string, name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
};

/** People's work on the default branch, straight at the server. */
function people(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) put(seed, name, text);
  repository.git(seed, "add", "-A");
  repository.git(seed, "commit", "-q", "-m", "people");
  repository.git(seed, "push", "-q", "origin", "main");
}

beforeAll(async () => {
  gate = await startGate({ gate: { maxChangedFiles: 20 } });
  repository = new BareRepository("acme", "api");
  seed = path.join(repository.root, "seed");
  repository.git(repository.root, "clone", "-q", repository.bare, seed);
  repository.git(seed, "checkout", "-q", "-b", "main");
  put(seed, ".github/workflows/ci.yml", "on: [push] # old\n");
  put(seed, "README.md", "# api\n");
  for (let i = 0; i < 120; i++) put(seed, `packages/p${i}/src/index.ts`, `export const p = ${i};\n`);
  people({ CODEOWNERS: "* @acme/backend\n" });
  people({ ".github/workflows/ci.yml": "on: [push] # new\n" });
}, 60_000);
afterAll(async () => {
  await gate?.stop();
  repository?.remove();
});
beforeEach(() => {
  gate.upstream.reset();
  gate.upstream.handler = repository.handler;
});

async function clone(): Promise<string> {
  const target = path.join(repository.root, `clone-${++clones}`);
  const remote = `${gate.url.replace("://", `://x-access-token:${gate.key}@`)}/acme/api.git`;
  expect((await git(repository.root, "clone", "-q", remote, target)).code).toBe(0);
  return target;
}

async function commit(folder: string, files: Readonly<Record<string, string>>, ...options: string[]): Promise<void> {
  for (const [name, text] of Object.entries(files)) put(folder, name, text);
  await git(folder, "add", "-A");
  expect((await git(folder, "commit", "-q", "--allow-empty", "-m", "change", ...options)).code).toBe(0);
}

/** Pushes HEAD to a branch: `allow` when it is there, otherwise the rule. */
async function push(folder: string, branch: string, ...options: string[]): Promise<string> {
  gate.upstream.received.length = 0;
  const pushed = await git(folder, "push", "-q", ...options, "origin", `HEAD:refs/heads/${branch}`);
  const there =
    repository.git(repository.bare, "for-each-ref", "--format=%(objectname)", `refs/heads/${branch}`).trim() ===
    (await git(folder, "rev-parse", "HEAD")).out.trim();
  expect(there).toBe(pushed.code === 0);
  if (there) return "allow";
  const lines = (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text()).trim().split("\n");
  return (
    lines
      .map((l) => JSON.parse(l) as { reason: string; route: string })
      .filter((r) => r.route.startsWith("git."))
      .at(-1)?.reason ?? ""
  );
}

const asked = (): number => gate.upstream.received.filter(({ url }) => url.startsWith("/api/")).length;

describe("an update of the agent's branch", () => {
  it("builds on its old tip, and never replaces it", async () => {
    const c = await clone();
    await commit(c, { "a.txt": "1" });
    expect(await push(c, "claude/forward")).toBe("allow");
    await commit(c, { "a.txt": "2" });
    expect(await push(c, "claude/forward")).toBe("allow");
    await commit(c, { "a.txt": "3" }, "--amend");
    expect(await push(c, "claude/forward", "--force")).toBe("ref-force");
    await git(c, "reset", "-q", "--hard", "HEAD~1");
    expect(await push(c, "claude/forward", "--force")).toBe("ref-force");
    await git(c, "reset", "-q", "--hard", "origin/main");
    expect(await push(c, "claude/forward", "--force")).toBe("ref-force");
    expect(
      gate.upstream.received.some(({ url, method }) => method === "POST" && url.endsWith("git-receive-pack")),
    ).toBe(false);
  });

  it("may move along what GitHub has, and by way of a merge", async () => {
    const c = await clone();
    expect(await push(c, "claude/behind")).toBe("allow");
    await commit(c, { "b.txt": "1" });
    expect(await push(c, "claude/ahead")).toBe("allow");
    expect(await push(c, "claude/behind")).toBe("allow");
    await git(c, "checkout", "-q", "-b", "other", "origin/main");
    await commit(c, { "c.txt": "1" });
    expect((await git(c, "merge", "-q", "--no-edit", "origin/claude/ahead")).code).toBe(0);
    expect(await push(c, "claude/ahead")).toBe("allow");
  });
});

describe("a merge", () => {
  const OLD = ".github/workflows/ci.yml";

  it("brings in what people changed, and not again what they have changed since", async () => {
    const c = await clone();
    const first = (await git(c, "rev-list", "--max-parents=0", "HEAD")).out.trim();
    await commit(c, { "m.txt": "1" });
    // An old commit of the default branch as the second parent, and its workflow with it.
    await git(c, "merge", "-q", "-s", "ours", "--no-commit", "--allow-unrelated-histories", first);
    const made = (await git(c, "checkout", first, "--", OLD)).code;
    expect(made).toBe(0);
    const tree = (await git(c, "write-tree")).out.trim();
    const evil = (await git(c, "commit-tree", tree, "-p", "HEAD", "-p", first, "-m", "merge")).out.trim();
    await git(c, "reset", "-q", "--hard", evil);
    expect((await git(c, "show", `HEAD:${OLD}`)).out).toContain("# old");
    expect(await push(c, "claude/old-workflow")).toBe("protected-path");
    // The same two parents, merged as git does it.
    const good = (await git(c, "commit-tree", "HEAD~1^{tree}", "-p", "HEAD~1", "-p", first, "-m", "merge")).out.trim();
    await git(c, "reset", "-q", "--hard", good);
    expect(await push(c, "claude/good-merge")).toBe("allow");
  });

  it("takes the workflow of the default branch when the branch is older", async () => {
    const c = await clone();
    await commit(c, { "n.txt": "1" });
    expect(await push(c, "claude/older")).toBe("allow");
    people({ [OLD]: "on: [push] # newest\n", "people.txt": "x" });
    await git(c, "fetch", "-q", "origin");
    const stale = (
      await git(c, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-p", "origin/main", "-m", "keeps the old one")
    ).out.trim();
    const before = (await git(c, "rev-parse", "HEAD")).out.trim();
    await git(c, "reset", "-q", "--hard", stale);
    expect(await push(c, "claude/older")).toBe("protected-path");
    await git(c, "reset", "-q", "--hard", before);
    expect((await git(c, "merge", "-q", "--no-edit", "origin/main")).code).toBe(0);
    expect(await push(c, "claude/older")).toBe("allow");
  });
});

describe("the size of a push", () => {
  const files = (from: number, to: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`s/f${from + i}.txt`, "x"]));

  it("is limited to as many files as a person reviews, with those that are there already", async () => {
    const c = await clone();
    await commit(c, files(0, 21));
    expect(await push(c, "claude/large")).toBe("change-too-large");
    await git(c, "reset", "-q", "--hard", "origin/main");
    await commit(c, files(0, 20));
    expect(await push(c, "claude/large")).toBe("allow");
    await commit(c, { "s/f3.txt": "again" });
    expect(await push(c, "claude/large")).toBe("allow");
    await commit(c, { "one-more.txt": "x" });
    expect(await push(c, "claude/large")).toBe("change-too-large");
  });

  it("does not count what a merge brings in from the default branch, nor files that come and go", async () => {
    const c = await clone();
    await commit(c, files(0, 5));
    expect(await push(c, "claude/merging")).toBe("allow");
    people(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`people/f${i}.txt`, "x"])));
    await git(c, "fetch", "-q", "origin");
    expect((await git(c, "merge", "-q", "--no-edit", "origin/main")).code).toBe(0);
    expect(await push(c, "claude/merging")).toBe("allow");
    await commit(c, Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`gone/f${i}.txt`, "x"])));
    await git(c, "rm", "-q", "-r", "gone");
    await commit(c, {});
    expect(await push(c, "claude/merging")).toBe("allow");
  });

  it("costs few requests at GitHub, however many folders it touches, with a pattern that may match in each of them", async () => {
    const c = await clone();
    await commit(
      c,
      Object.fromEntries(
        Array.from({ length: 19 }, (_, i) => [`packages/p${i * 6}/src/index.ts`, "export const p = 0;\n"]),
      ),
    );
    expect(await push(c, "claude/many")).toBe("allow");
    expect(asked()).toBeLessThan(20);
    await commit(c, { "packages/p7/key.pem": "x" });
    expect(await push(c, "claude/many")).toBe("protected-path");
  });
});
