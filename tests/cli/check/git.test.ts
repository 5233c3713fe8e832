import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ChangeFacts } from "../../../cli/check/agentChange";
import { readPattern } from "../../../gate/policy/text/ownPattern";
import type { SecretRules } from "../../../gate/policy/text/secrets";
import { BOUNDS, changeFacts } from "../../../cli/check/facts";
import { GitView } from "../../../cli/check/git";
import { itWhen } from "../../support/skip";

/** What looks like a credential, made here so that no file of this project holds one. */
const TOKEN = `ghp_${"a1B2c3D4e5F6".repeat(3)}`;

/** A repository of a test, on branch main with one commit. */
class Repo {
  readonly dir = mkdtempSync(join(tmpdir(), "gatehouse-change-"));
  constructor() {
    this.git("init", "--quiet", "--initial-branch=main");
    this.git("config", "user.name", "claude-bot");
    this.git("config", "user.email", "claude-bot@users.noreply.github.com");
    this.commit({ "README.md": "# api\n", "src/a.ts": "one\ntwo\nthree\n", ".github/workflows/ci.yml": "on: push\n" });
    this.git("checkout", "--quiet", "-b", "claude/x");
  }
  git(...args: string[]): string {
    return execFileSync("git", ["-C", this.dir, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  }
  write(files: Record<string, string | Buffer | undefined>): void {
    for (const [path, content] of Object.entries(files)) {
      const at = join(this.dir, path);
      mkdirSync(dirname(at), { recursive: true });
      if (content === undefined) unlinkSync(at);
      else writeFileSync(at, content);
    }
  }
  commit(files: Record<string, string | Buffer | undefined>): string {
    this.write(files);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "-m", "change");
    return this.git("rev-parse", "HEAD");
  }
  async facts(bounds = BOUNDS, rules: SecretRules = {}): Promise<ChangeFacts> {
    const view = GitView.of(this.dir);
    try {
      return await changeFacts(
        view,
        this.git("rev-parse", "main"),
        this.git("rev-parse", "HEAD"),
        {},
        { bounds, rules },
      );
    } finally {
      view.close();
    }
  }
}

describe("facts of a change, from real git", () => {
  let repo: Repo;
  beforeEach(() => {
    repo = new Repo();
  });
  afterEach(() => {
    rmSync(repo.dir, { recursive: true, force: true });
  });

  it("finds secrets of one's own form in other writings, by their own kind", async () => {
    const secret = "acme_0123456789abcdef";
    repo.commit({ "a.txt": `x\n${Buffer.from(secret).toString("base64")}\n`, "b.txt": "acme_0123\n" });
    const rules = { patterns: [readPattern("acme-key", "acme_[a-f0-9]{16}")] };
    expect((await repo.facts(BOUNDS, rules)).secrets).toMatchObject([{ path: "a.txt", line: 2, rule: "acme-key" }]);
    expect((await repo.facts()).secrets).toEqual([]);
  });

  it("counts lines as the difference that would be merged, not main's own progress", async () => {
    repo.commit({ "src/a.ts": "one\n2\nthree\nfour\n" });
    repo.git("checkout", "--quiet", "main");
    repo.commit({ "later.md": "x\n".repeat(500) });
    repo.git("checkout", "--quiet", "claude/x");
    const { files, commits, unseen } = await repo.facts();
    expect(files).toEqual([{ path: "src/a.ts", kind: "file", lines: 3, executable: false }]);
    expect(commits).toMatchObject([
      {
        authorEmail: "claude-bot@users.noreply.github.com",
        committerEmail: "claude-bot@users.noreply.github.com",
        plainMerge: false,
      },
    ]);
    expect(unseen).toEqual([]);
  });

  it("sees renames with both names, binary files, links, modes and odd names", async () => {
    repo.git("mv", "src/a.ts", "src/b.ts");
    repo.write({ "blob.bin": Buffer.from([0, 1, 2, 0, 255]), "a\nb\tc \u00e9": "x\n", "run.sh": "#!/bin/sh\n" });
    chmodSync(join(repo.dir, "run.sh"), 0o755);
    symlinkSync("../outside", join(repo.dir, "link"));
    repo.commit({});
    const { files } = await repo.facts();
    expect(files).toEqual(
      expect.arrayContaining([
        { path: "src/b.ts", from: "src/a.ts", kind: "file", lines: 0, executable: false },
        { path: "blob.bin", kind: "file", executable: false },
        { path: "a\nb\tc \u00e9", kind: "file", lines: 1, executable: false },
        { path: "run.sh", kind: "file", lines: 1, executable: true },
        { path: "link", kind: "symlink", lines: 1, executable: false, target: "../outside" },
      ]),
    );
    expect(files).toHaveLength(5);
  });

  it("sees a submodule", async () => {
    repo.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},vendor`);
    repo.git("commit", "--quiet", "-m", "submodule");
    expect((await repo.facts()).files).toMatchObject([{ path: "vendor", kind: "submodule" }]);
  });

  it("lets no attribute of the change hide lines", async () => {
    repo.commit({ ".gitattributes": "*.ts -diff binary\n", "src/big.ts": "x\n".repeat(300) });
    expect((await repo.facts()).files).toContainEqual({
      path: "src/big.ts",
      kind: "file",
      lines: 300,
      executable: false,
    });
  });

  it("lets no replacement of objects hide a commit", async () => {
    const bad = repo.commit({ "key.txt": `${TOKEN}\n` });
    const good = repo.git("commit-tree", "main^{tree}", "-p", "main", "-m", "nothing");
    repo.git("replace", bad, good);
    expect((await repo.facts()).secrets).toMatchObject([{ path: "key.txt", line: 1 }]);
  });

  it("remembers what a later commit takes back: protected paths and credentials", async () => {
    const first = repo.commit({
      ".github/workflows/ci.yml": "on: push # changed\n",
      "src/a.ts": `one\ntwo\nkey = ${TOKEN}\n`,
    });
    repo.commit({ ".github/workflows/ci.yml": "on: push\n", "src/a.ts": "one\ntwo\nthree\n" });
    const { files, touched, secrets } = await repo.facts();
    expect(files).toEqual([]);
    expect(touched).toContainEqual({ path: ".github/workflows/ci.yml", commit: first });
    expect(secrets).toEqual([
      { path: "src/a.ts", line: 3, rule: "github-classic-token", commit: first, sha256: expect.any(String) as string },
    ]);
  });

  it("finds a credential in a binary file, in UTF-16 and behind many that were there before", async () => {
    const old = Array.from(
      { length: 60 },
      (_, i) => `ghp_${i.toString().padStart(2, "0")}${"q7W8e9R0t1Y2".repeat(3)}`,
    ).join("\n");
    repo.git("checkout", "--quiet", "main");
    repo.commit({ "fixtures.txt": `${old}\n` });
    repo.git("checkout", "--quiet", "claude/x");
    repo.git("reset", "--quiet", "--hard", "main");
    repo.commit({
      "a.bin": Buffer.concat([Buffer.from([0, 255, 0]), Buffer.from(TOKEN)]),
      "b.txt": Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`x\n${TOKEN}`, "utf16le")]),
      "fixtures.txt": `${old}\n${TOKEN}\n`,
    });
    expect((await repo.facts()).secrets.map(({ path, line }) => `${path}:${line}`)).toEqual([
      "a.bin:1",
      "b.txt:2",
      "fixtures.txt:61",
    ]);
  });

  it("does not blame a change for credentials that stood there, also when their file moves", async () => {
    repo.git("checkout", "--quiet", "main");
    repo.commit({ "fixture.txt": `${TOKEN}\nrest\n` });
    repo.git("checkout", "--quiet", "claude/x");
    repo.git("reset", "--quiet", "--hard", "main");
    repo.commit({ "fixture.txt": undefined, "moved.txt": `${TOKEN}\nchanged\n` });
    expect((await repo.facts()).secrets).toEqual([]);
  });

  it("takes a merge for what it is: plain, or with changes of its own", async () => {
    repo.commit({ "src/a.ts": "1\n" });
    repo.git("checkout", "--quiet", "main");
    repo.commit({ "main.md": "x\n" });
    repo.git("checkout", "--quiet", "claude/x");
    repo.git("merge", "--quiet", "--no-edit", "main");
    expect((await repo.facts()).commits.map(({ plainMerge }) => plainMerge)).toEqual([true, false]);
    expect((await repo.facts()).touched.map(({ path }) => path)).toEqual(["src/a.ts"]);
    repo.write({ "evil.md": TOKEN });
    repo.git("add", "--all");
    repo.git("commit", "--quiet", "--amend", "--no-edit");
    const { commits, secrets, touched } = await repo.facts();
    expect(commits.map(({ plainMerge }) => plainMerge)).toEqual([false, false]);
    expect(secrets).toMatchObject([{ path: "evil.md" }]);
    expect(touched.map(({ path }) => path)).toContain("evil.md");
  });

  describe("refuses what it cannot see whole", () => {
    it("a content that is too large", async () => {
      repo.commit({ "big.bin": Buffer.alloc(2_000, 1) });
      expect((await repo.facts({ ...BOUNDS, blobBytes: 1_000 })).unseen).toEqual([expect.stringContaining("big.bin")]);
      expect((await repo.facts()).unseen).toEqual([]);
    });
    it("contents that are too large together", async () => {
      repo.commit({ "a.bin": Buffer.alloc(900, 1), "b.bin": Buffer.alloc(900, 2) });
      expect((await repo.facts({ ...BOUNDS, totalBytes: 1_000 })).unseen).toEqual([
        expect.stringContaining("together"),
      ]);
    });
    it("too many commits", async () => {
      repo.commit({ a: "1" });
      repo.commit({ a: "2" });
      expect((await repo.facts({ ...BOUNDS, commits: 1 })).unseen).toEqual(["more than 1 commits"]);
    });
    it("a history without a common commit", async () => {
      repo.git("checkout", "--quiet", "--orphan", "claude/other");
      repo.commit({ a: "1" });
      expect((await repo.facts()).unseen).toEqual([expect.stringContaining("no common commit")]);
    });
    it("a content that is not there", async () => {
      repo.commit({ "gone.txt": "soon gone\n" });
      const id = repo.git("rev-parse", "HEAD:gone.txt");
      rmSync(join(repo.dir, ".git", "objects", id.slice(0, 2), id.slice(2)));
      expect((await repo.facts()).unseen.length).toBeGreaterThan(0);
    });
    it("a history that was cut off", async () => {
      for (const n of ["1", "2", "3"]) repo.commit({ a: n });
      const shallow = mkdtempSync(join(tmpdir(), "gatehouse-shallow-"));
      execFileSync(
        "git",
        ["clone", "--quiet", "--bare", "--depth=1", "--no-single-branch", `file://${repo.dir}`, shallow],
        { stdio: "ignore" },
      );
      const view = GitView.of(shallow);
      try {
        expect(
          (await changeFacts(view, repo.git("rev-parse", "main"), repo.git("rev-parse", "HEAD"))).unseen.length,
        ).toBeGreaterThan(0);
      } finally {
        view.close();
        rmSync(shallow, { recursive: true, force: true });
      }
    });
  });

  it("leaves nothing behind", async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith("gatehouse-check-"));
    repo.commit({ a: "1" });
    await repo.facts();
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("gatehouse-check-"))).toEqual(before);
  });
});

describe("a checkout that belongs to another account, as in a container", () => {
  const asRoot = process.getuid?.() === 0;
  itWhen(asRoot, "only root can give files away")("is judged like any other", async () => {
    const repo = new Repo();
    const head = repo.commit({ "src/b.ts": "one\n" });
    const main = repo.git("rev-parse", "main");
    execFileSync("chown", ["-R", "12345:12345", repo.dir]);
    // What git itself says here, so that the case is the one that it claims to be.
    const refused = spawnSync("git", ["-C", repo.dir, "rev-parse", "HEAD"], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
    });
    expect(refused.stderr).toContain("dubious ownership");
    const view = GitView.of(repo.dir);
    try {
      expect((await changeFacts(view, main, head, {}, { bounds: BOUNDS })).files).toHaveLength(1);
    } finally {
      view.close();
    }
  });

  it("that is no repository is named with git's own sentence", () => {
    const empty = mkdtempSync(join(tmpdir(), "gatehouse-empty-"));
    expect(() => GitView.of(empty)).toThrow(/git cannot read a repository here \(fatal: not a git repository.*--git/s);
    expect(() => GitView.of(join(empty, "absent"))).toThrow(/cannot change to .*No such file or directory/s);
  });
});
