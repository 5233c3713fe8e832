import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  parseCommit,
  person,
  ZERO,
  type Commit,
  type FileChange,
  type Person,
  type Ref,
  type RefUpdate,
  type TreeEntry,
} from "./objects";
import { GitError, runGit } from "./run";

/** One bare repository, driven by the real git. Every method starts one process, or a few. */
export class GitRepository {
  /** @param env of a push in quarantine: objects that are not in the repository yet */
  constructor(
    readonly dir: string,
    private readonly env: Record<string, string> = {},
  ) {}

  quarantined(env: Record<string, string>): GitRepository {
    return new GitRepository(this.dir, env);
  }

  /** Makes the repository on disk, with the settings that GitHub's git servers show to clients. */
  static async init(dir: string, defaultBranch: string, hooksDir: string): Promise<GitRepository> {
    await mkdir(dir, { recursive: true });
    await runGit(["init", "--quiet", "--bare", `--initial-branch=${defaultBranch}`, "--template=", dir]);
    const repo = new GitRepository(dir);
    await writeFile(
      join(dir, "config"),
      [
        "[core]",
        "\trepositoryformatversion = 0",
        "\tfilemode = true",
        "\tbare = true",
        `\thooksPath = ${JSON.stringify(hooksDir)}`,
        "[uploadpack]",
        "\tallowFilter = true",
        "\tallowAnySHA1InWant = true",
        "\thideRefs = refs/internal",
        "[receive]",
        "\tadvertiseAtomic = true",
        "\tadvertisePushOptions = true",
        "\thideRefs = refs/pull",
        "\thideRefs = refs/internal",
        "\tunpackLimit = 1000",
        "\tautogc = false",
        "\tdenyDeleteCurrent = true",
        "\tfsckObjects = true",
        '[receive "fsck"]',
        "\tmissingEmail = warn",
        "\tzeroPaddedFilemode = warn",
        "[gc]",
        "\tauto = 0",
        "",
      ].join("\n"),
    );
    return repo;
  }

  git(
    args: readonly string[],
    options: {
      input?: Buffer | string;
      okCodes?: readonly number[];
      maxBytes?: number;
      env?: Record<string, string>;
    } = {},
  ): Promise<{ stdout: Buffer; stderr: string; code: number }> {
    return runGit(["--git-dir", this.dir, ...args], { ...options, env: { ...this.env, ...options.env } });
  }
  private async text(
    args: readonly string[],
    options?: { input?: Buffer | string; okCodes?: readonly number[] },
  ): Promise<string> {
    return (await this.git(args, options)).stdout.toString();
  }

  /**
   * The commit (or with another suffix, object) a revision names; undefined when it names nothing. Never follows
   * options or reflogs.
   */
  async resolve(revision: string, peel = "^{commit}"): Promise<string | undefined> {
    if (revision === "" || revision.startsWith("-") || /[\s~^:?*[\\]|@\{|\.\./.test(revision)) return undefined;
    for (const name of revision.startsWith("refs/")
      ? [revision]
      : /^[0-9a-f]{4,40}$/.test(revision)
        ? [`refs/heads/${revision}`, `refs/tags/${revision}`, revision]
        : revision === "HEAD"
          ? ["HEAD"]
          : [
              `refs/heads/${revision}`,
              `refs/tags/${revision}`,
              ...(/^(heads|tags|pull)\//.test(revision) ? [`refs/${revision}`] : []),
            ]) {
      const { stdout, code } = await this.git(
        ["rev-parse", "--quiet", "--verify", "--end-of-options", `${name}${peel}`],
        { okCodes: [0, 1, 128] },
      );
      if (code === 0) return stdout.toString().trim();
    }
    return undefined;
  }

  async refs(...patterns: string[]): Promise<Ref[]> {
    const text = await this.text([
      "for-each-ref",
      "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)",
      ...patterns,
    ]);
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [name, sha, type, peeled] = line.split("\0") as [string, string, string, string];
        return { name, sha, type, peeled: peeled || null };
      });
  }
  async ref(name: string): Promise<Ref | undefined> {
    return (await this.refs(name)).find((r) => r.name === name);
  }

  async commits(shas: readonly string[]): Promise<Commit[]> {
    if (shas.length === 0) return [];
    const { stdout } = await this.git(["cat-file", "--batch"], { input: `${shas.join("\n")}\n` });
    const found: Commit[] = [];
    let at = 0;
    while (at < stdout.length) {
      const lineEnd = stdout.indexOf(10, at);
      const [sha, type, size] = stdout.subarray(at, lineEnd).toString().split(" ") as [string, string, string];
      if (size === undefined) {
        at = lineEnd + 1;
        continue;
      }
      const body = stdout.subarray(lineEnd + 1, lineEnd + 1 + Number(size)).toString();
      if (type === "commit") found.push(parseCommit(sha, body));
      at = lineEnd + 1 + Number(size) + 1;
    }
    return found;
  }
  async commit(sha: string): Promise<Commit | undefined> {
    return (await this.commits([sha]))[0];
  }

  /** Hashes of commits, newest first. */
  async log(
    revisions: readonly string[],
    options: { max?: number; skip?: number; path?: string; since?: string; until?: string; author?: string } = {},
  ): Promise<string[]> {
    const text = await this.text([
      "rev-list",
      ...(options.max === undefined ? [] : [`--max-count=${options.max}`]),
      ...(options.skip ? [`--skip=${options.skip}`] : []),
      ...(options.since ? [`--since=${options.since}`] : []),
      ...(options.until ? [`--until=${options.until}`] : []),
      ...(options.author ? ["--fixed-strings", `--author=${options.author}`] : []),
      ...revisions,
      "--",
      ...(options.path ? [options.path] : []),
    ]);
    return text.split("\n").filter(Boolean);
  }
  async count(...revisions: string[]): Promise<number> {
    return Number((await this.text(["rev-list", "--count", ...revisions, "--"])).trim());
  }
  async isAncestor(older: string, newer: string): Promise<boolean> {
    return (await this.git(["merge-base", "--is-ancestor", older, newer], { okCodes: [0, 1] })).code === 0;
  }
  async mergeBase(a: string, b: string): Promise<string | undefined> {
    return (await this.text(["merge-base", a, b], { okCodes: [0, 1] })).trim() || undefined;
  }

  async tree(treeish: string, options: { recursive?: boolean; path?: string } = {}): Promise<TreeEntry[] | undefined> {
    const target = options.path ? `${treeish}:${options.path}` : treeish;
    const { stdout, code } = await this.git(
      ["ls-tree", "-z", "-l", ...(options.recursive ? ["-r", "-t"] : []), "--end-of-options", target],
      {
        okCodes: [0, 128],
      },
    );
    if (code !== 0) return undefined;
    return stdout
      .toString()
      .split("\0")
      .filter(Boolean)
      .map((line) => {
        const tab = line.indexOf("\t");
        const [mode, type, sha, size] = line.slice(0, tab).split(/ +/) as [string, TreeEntry["type"], string, string];
        return { mode, type, sha, size: size === "-" ? null : Number(size), path: line.slice(tab + 1) };
      });
  }
  /** The entry of one path in a commit. */
  async entry(commit: string, path: string): Promise<TreeEntry | undefined> {
    const { stdout } = await this.git(
      ["--literal-pathspecs", "ls-tree", "-z", "-l", "--full-tree", commit, "--", path],
      { okCodes: [0, 128] },
    );
    const line = stdout.toString().split("\0")[0];
    if (!line) return undefined;
    const tab = line.indexOf("\t");
    const [mode, type, sha, size] = line.slice(0, tab).split(/ +/) as [string, TreeEntry["type"], string, string];
    return line.slice(tab + 1) === path
      ? { mode, type, sha, size: size === "-" ? null : Number(size), path }
      : undefined;
  }
  async typeOf(sha: string): Promise<string | undefined> {
    const { stdout, code } = await this.git(["cat-file", "-t", sha], { okCodes: [0, 1, 128] });
    return code === 0 ? stdout.toString().trim() : undefined;
  }
  async blob(sha: string): Promise<Buffer | undefined> {
    const { stdout, code } = await this.git(["cat-file", "blob", sha], { okCodes: [0, 1, 128] });
    return code === 0 ? stdout : undefined;
  }
  async file(commit: string, path: string): Promise<Buffer | undefined> {
    const entry = await this.entry(commit, path);
    return entry?.type === "blob" ? this.blob(entry.sha) : undefined;
  }

  async writeBlob(content: Buffer): Promise<string> {
    return (await this.text(["hash-object", "-w", "--stdin"], { input: content })).trim();
  }
  /** @param entries of one directory; `git mktree` refuses names with slashes and missing objects */
  async writeTree(entries: readonly { mode: string; type: string; sha: string; name: string }[]): Promise<string> {
    return (
      await this.text(["mktree", "-z"], {
        input: entries.map((e) => `${e.mode} ${e.type} ${e.sha}\t${e.name}\0`).join(""),
      })
    ).trim();
  }
  /** A tree that differs from `base` in these paths; a null hash removes the path. */
  async editTree(
    base: string | null,
    changes: readonly { path: string; mode: string; sha: string | null }[],
    indexFile: string,
  ): Promise<string> {
    const env = { GIT_INDEX_FILE: indexFile };
    if (base) await this.git(["read-tree", base], { env });
    const lines = changes
      .map((c) => (c.sha === null ? `0 ${ZERO}\t${c.path}\0` : `${c.mode} ${c.sha}\t${c.path}\0`))
      .join("");
    // A changed path may be a directory of the base, and a directory of the change a file of it.
    await this.git(["update-index", "--replace", "-z", "--index-info"], { input: lines, env });
    return (await this.git(["write-tree"], { env })).stdout.toString().trim();
  }
  async writeCommit(commit: {
    tree: string;
    parents: readonly string[];
    author: Person;
    committer: Person;
    message: string;
    signature?: string | undefined;
  }): Promise<string> {
    const signature = commit.signature ? `gpgsig ${commit.signature.trimEnd().split("\n").join("\n ")}\n` : "";
    const parents = commit.parents.map((p) => `parent ${p}\n`).join("");
    const people = `author ${person(commit.author)}\ncommitter ${person(commit.committer)}\n`;
    const body = `tree ${commit.tree}\n${parents}${people}${signature}\n${commit.message}`;
    return (await this.text(["hash-object", "-t", "commit", "-w", "--stdin"], { input: body })).trim();
  }
  async writeTag(tag: { object: string; type: string; tag: string; tagger: Person; message: string }): Promise<string> {
    const header = `object ${tag.object}\ntype ${tag.type}\ntag ${tag.tag}\ntagger ${person(tag.tagger)}\n`;
    return (await this.text(["mktag"], { input: `${header}\n${tag.message.replace(/\n?$/, "\n")}` })).trim();
  }

  /** Moves refs in one transaction. @throws GitError when one of them no longer has its old value */
  async moveRefs(updates: readonly RefUpdate[]): Promise<void> {
    await this.git(["update-ref", "--stdin", "-z"], {
      input: updates
        .map((u) =>
          u.new === ZERO
            ? `delete ${u.ref}\0${u.old}\0`
            : u.old === ZERO
              ? `create ${u.ref}\0${u.new}\0`
              : `update ${u.ref}\0${u.new}\0${u.old}\0`,
        )
        .join(""),
    });
  }
  async setRef(ref: string, sha: string | null): Promise<void> {
    await this.git(sha === null ? ["update-ref", "-d", ref] : ["update-ref", ref, sha]);
  }
  async setHead(branch: string): Promise<void> {
    await this.git(["symbolic-ref", "HEAD", `refs/heads/${branch}`]);
  }

  /** The tree of a merge, or undefined when there are conflicts. */
  async mergeTree(ours: string, theirs: string): Promise<string | undefined> {
    const { stdout, code } = await this.git(["merge-tree", "--write-tree", "--no-messages", ours, theirs], {
      okCodes: [0, 1],
    });
    return code === 0 ? stdout.toString().split("\n")[0]!.trim() : undefined;
  }

  /** Changed files between two trees, with patches as GitHub shows them. `base` null: everything is new. */
  async diff(base: string | null, head: string, withPatch = true): Promise<FileChange[]> {
    const from = base ?? "4b825dc642cb6eb9a060e54bf8d69288fbee4904"; // the empty tree, which every git knows
    const raw = (await this.text(["diff-tree", "-r", "-z", "-M", "--raw", "--no-commit-id", from, head])).split("\0");
    const changes: FileChange[] = [];
    for (let i = 0; i + 1 < raw.length;) {
      const [, mode, , sha, status] = raw[i]!.split(" ") as [string, string, string, string, string];
      const renamed = status.startsWith("R") || status.startsWith("C");
      const filename = raw[renamed ? i + 2 : i + 1]!;
      changes.push({
        sha: sha === ZERO ? null : sha,
        filename,
        ...(renamed ? { previousFilename: raw[i + 1]! } : {}),
        status: renamed ? "renamed" : status === "A" ? "added" : status === "D" ? "removed" : "modified",
        additions: 0,
        deletions: 0,
        mode,
      });
      i += renamed ? 3 : 2;
    }
    const stats = (await this.text(["diff-tree", "-r", "-z", "-M", "--numstat", "--no-commit-id", from, head])).split(
      "\0",
    );
    const byName = new Map(changes.map((c) => [c.filename, c]));
    for (let i = 0; i + 1 <= stats.length && stats[i]; i++) {
      const [added, deleted, name] = stats[i]!.split("\t") as [string, string, string];
      const filename = name === "" ? stats[(i += 2)]! : name;
      const change = byName.get(filename);
      if (change) {
        change.additions = Number(added) || 0;
        change.deletions = Number(deleted) || 0;
      }
    }
    if (withPatch && changes.length <= 300) {
      const patch = (
        await this.git(["diff-tree", "-r", "-M", "-p", "--no-commit-id", "--no-color", from, head], {
          maxBytes: 50_000_000,
        })
      ).stdout.toString();
      const parts = patch.split(/^diff --git /m).slice(1);
      parts.forEach((part, i) => {
        const hunk = part.indexOf("\n@@");
        const change = changes[i];
        if (change && hunk >= 0) change.patch = part.slice(hunk + 1).replace(/\n$/, "");
      });
    }
    return changes;
  }
  /**
   * Paths that the commits below `newSha` and below no existing ref touch, commit by commit, so that nothing hides in
   * the middle of a push. A merge counts with what differs from all its parents, which is what it adds itself.
   */
  async touchedPaths(newSha: string): Promise<{ path: string; sha: string; size: number | null; deleted: boolean }[]> {
    const list = await this.text([
      "log",
      "--format=",
      "--raw",
      "-z",
      "-r",
      "-c",
      "--root",
      "--no-renames",
      "--no-abbrev",
      newSha,
      "--not",
      "--all",
      "--",
    ]);
    const seen = new Map<string, { path: string; sha: string; deleted: boolean }>();
    const parts = list.split("\0");
    for (let i = 0; i + 1 < parts.length; i += 1) {
      const head = parts[i]!.trimStart();
      if (!head.startsWith(":")) continue;
      const hashes = head.match(/[0-9a-f]{40}/g) ?? [];
      const sha = hashes.at(-1) ?? ZERO;
      const path = parts[(i += 1)]!;
      seen.set(`${sha} ${path}`, { path, sha, deleted: sha === ZERO });
    }
    const touched = [...seen.values()];
    const blobs = [...new Set(touched.filter((t) => !t.deleted).map((t) => t.sha))];
    const sizes = new Map<string, number>();
    if (blobs.length > 0) {
      for (const line of (
        await this.text(["cat-file", "--batch-check=%(objectname) %(objectsize)"], { input: `${blobs.join("\n")}\n` })
      ).split("\n")) {
        const [sha, size] = line.split(" ");
        if (sha && size && /^\d+$/.test(size)) sizes.set(sha, Number(size));
      }
    }
    return touched.map((t) => ({ ...t, size: sizes.get(t.sha) ?? null }));
  }
}

export * from "./objects";
export { GitError };
