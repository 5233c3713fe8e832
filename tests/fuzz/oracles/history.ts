import { judgeHistory, type ObjectSource } from "../../../gate/policy/git/history";
import { readCommit, readTree } from "../../../gate/policy/git/objects";
import { PackInspector } from "../../../gate/policy/git/pack";
import { PathMatcher } from "../../../gate/policy/text/globs";
import { Refusal } from "../../../gate/policy/refusals";
import { folder, git, gitOk, lines } from "../support/git";

/** One change of a tree; paths are text, or bytes in fast-import's own quoting. */
export type Edit =
  | { readonly kind: "file"; readonly path: string; readonly mode: string; readonly content: string }
  | { readonly kind: "remove"; readonly path: string };

export interface Push {
  /**
   * Commits, oldest first. Parents by place: -1 and -2 are the two commits that GitHub has, others are commits before.
   * None: a history of its own.
   */
  readonly commits: readonly { readonly parents: readonly number[]; readonly edits: readonly Edit[] }[];
  /** How the client packs. */
  readonly options: readonly string[];
  /** Sizes of the pieces in which the pack arrives, again and again. */
  readonly pieces: readonly number[];
}

interface Server {
  readonly dir: string;
  readonly tips: readonly [string, string];
  readonly has: ReadonlySet<string>;
  pushes: number;
}
let server: Server | undefined;

const BASE: readonly [string, string][] = [
  ["README.md", "read me\n"],
  ["src/a.ts", "export const a = 1;\n".repeat(40)],
  ["src/deep/b.ts", "b\n"],
  [".github/workflows/ci.yml", "on: push\n"],
  ["CODEOWNERS", "* @acme/backend\n"],
  ["docs/a b.md", "a b\n"],
];

const quoted = (path: string): string => (path.startsWith('"') ? path : path.includes(" ") ? `"${path}"` : path);
const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;

function stream(ref: string, from: (parent: number) => string, commits: Push["commits"]): string {
  return commits
    .map(({ parents, edits }, i) =>
      [
        // A branch that exists would be the parent of a commit that names none.
        ...(parents.length === 0 ? [`reset ${ref}\n`] : []),
        `commit ${ref}\nmark :${i + 1}\ncommitter agent <agent@example.com> ${1_767_600_000 + i} +0000\n${data(`commit ${i}`)}`,
        ...parents.map((p, n) => `${n === 0 ? "from" : "merge"} ${from(p)}\n`),
        ...edits.map((edit) =>
          edit.kind === "remove"
            ? `D ${quoted(edit.path)}\n`
            : edit.mode === "160000"
              ? `M 160000 ${"c".repeat(40)} ${quoted(edit.path)}\n`
              : `M ${edit.mode} inline ${quoted(edit.path)}\n${data(edit.content)}`,
        ),
        "\n",
      ].join(""),
    )
    .join("");
}

function start(): Server {
  const dir = folder();
  gitOk(dir, ["init", "-q", "--bare", "-b", "main"]);
  const files = BASE.map(([path, content]): Edit => ({ kind: "file", path, mode: "100644", content }));
  gitOk(
    dir,
    ["fast-import", "--quiet", "--force"],
    stream("refs/heads/main", (p) => `:${p + 1}`, [
      { parents: [], edits: files },
      {
        parents: [0],
        edits: [
          { kind: "file", path: ".github/workflows/ci.yml", mode: "100644", content: "on: [push]\n" },
          { kind: "file", path: "src/new.ts", mode: "100755", content: "n\n" },
        ],
      },
    ]),
  );
  const [tip = "", before = ""] = lines(gitOk(dir, ["rev-list", "main"]));
  return {
    dir,
    tips: [tip, before],
    has: new Set(lines(gitOk(dir, ["rev-list", "--objects", "--no-object-names", "main"]))),
    pushes: 0,
  };
}

/** Reads what GitHub has, and nothing that only the client has. */
function sourceOf({ dir, has }: Server): ObjectSource {
  const read = (type: string, id: string): Buffer | undefined =>
    has.has(id) ? gitOk(dir, ["cat-file", type, id]) : undefined;
  return {
    tree: async (id) => {
      const found = read("tree", id);
      return found && readTree(found);
    },
    commit: async (id) => {
      const found = read("commit", id);
      return found && readCommit(found);
    },
    judge: async (id) => (has.has(id) ? new Set() : new Refusal("lookup-failed")),
    isBefore: async () => false,
    tip: async () => undefined,
  };
}

/** What git made of a push, and the gate's reading of its pack; undefined when git cannot make it. */
function made(push: Push):
  | {
      readonly at: Server;
      readonly tip: string;
      readonly commits: readonly string[];
      readonly inspector: PackInspector;
    }
  | undefined {
  const at = (server ??= start());
  const ref = `refs/fuzz/${++at.pushes}`;
  const imported = git(
    at.dir,
    ["fast-import", "--quiet", "--force"],
    stream(ref, (p) => (p < 0 ? (at.tips[-1 - p] ?? at.tips[0]) : `:${p + 1}`), push.commits),
  );
  if (imported.code !== 0) return undefined; // no such tree: a file below a file, for instance
  const commits = lines(gitOk(at.dir, ["rev-list", ref, "--not", "main"]));
  const tip = lines(gitOk(at.dir, ["rev-parse", ref]))[0] ?? "";
  const pack = gitOk(
    at.dir,
    ["pack-objects", "--revs", "--stdout", "-q", "--window=20", ...push.options],
    `${ref}\n--not\nmain\n`,
  );

  const inspector = new PackInspector({ maxObjects: 10_000, maxInflated: 64 * 1024 * 1024 });
  for (let from = 0, i = 0; from < pack.length; i++) {
    const size = Math.max(1, push.pieces[i % push.pieces.length] ?? pack.length);
    const refused = inspector.push(pack.subarray(from, from + size));
    if (refused !== undefined) throw new Error(`a pack that git made is refused: ${refused.rule} ${refused.at}`);
    from += size;
  }
  if (!inspector.complete) throw new Error("a whole pack is not complete");
  const missing = commits.filter((id) => !inspector.commits.has(id));
  if (missing.length > 0) throw new Error(`commits that the gate did not see: ${missing.join(" ")}`);
  return { at, tip, commits, inspector };
}

const NONE = "0".repeat(40);

/**
 * The gate reads a pack that git made, in any pieces, and sees exactly the paths changed that `git diff-tree` sees: of
 * each new commit those that differ from all its parents.
 */
export async function gateSeesWhatGitSees(push: Push): Promise<boolean> {
  const known = made(push);
  if (known === undefined) return false;
  const { at, tip, commits, inspector } = known;
  const seen = new Set<string>();
  const recorder = {
    matches: (path: string) => {
      seen.add(path.replace(/[\uf780-\uf7ff]/g, "\ufffd"));
      return false;
    },
    touches: () => false,
    mayMatchBelow: () => true,
  } as unknown as PathMatcher;
  const refused = await judgeHistory(
    [{ old: NONE, new: tip, ref: "refs/heads/claude/x" }],
    inspector,
    sourceOf(at),
    recorder,
    10_000,
  );
  const expected =
    commits.length === 0
      ? []
      : lines(
          gitOk(
            at.dir,
            [
              "-c",
              "core.quotePath=false",
              "diff-tree",
              "--stdin",
              "-r",
              "-c",
              "--root",
              "--name-only",
              "--no-commit-id",
            ],
            `${commits.join("\n")}\n`,
          ),
        );
  const changed = new Set(expected);
  if (refused !== undefined) {
    // A link or a submodule in the place of a directory is refused whole.
    if (refused.rule === "protected-path" && changed.has(refused.at)) return false;
    throw new Error(`refused: ${refused.rule} ${refused.at}`);
  }
  const list = (set: Iterable<string>): string => [...set].sort().join(", ");
  // Where a merge puts a directory in the place of a file that only some of the parents have, the gate names the file
  // as well.
  for (const path of seen)
    if (!changed.has(path) && [...changed].some((other) => other.startsWith(`${path}/`))) seen.delete(path);
  if (list(seen) !== list(changed)) throw new Error(`git sees ${list(changed)}; the gate sees ${list(seen)}`);
  return true;
}

/** Everything below a commit, as git lists it: mode and id by path. */
function filesOf(dir: string, commit: string): ReadonlyMap<string, string> {
  return new Map(
    gitOk(dir, ["ls-tree", "-r", "-z", commit])
      .toString("latin1")
      .split("\0")
      .filter((line) => line !== "")
      .map((line) => {
        const tab = line.indexOf("\t");
        return [line.slice(tab + 1), line.slice(0, tab)];
      }),
  );
}

const GUARDED = new PathMatcher(["/CODEOWNERS", "/.github/workflows/**", "*.pem"]);

/**
 * Whether a commit of a push has a value at a protected path that it may not have: by git's own listings, without
 * walking a single tree.
 */
function breaksIn(dir: string, commit: string, tip: string): boolean {
  const parents =
    lines(gitOk(dir, ["rev-list", "--parents", "-n", "1", commit]))[0]
      ?.split(" ")
      .slice(1) ?? [];
  const own = filesOf(dir, commit);
  const before = parents.map((parent) => filesOf(dir, parent));
  const main = filesOf(dir, tip);
  const names = new Set([own, ...before].flatMap((files) => [...files.keys()]));
  return [...names]
    .filter((name) => GUARDED.matches(name))
    .some((name) => {
      const value = own.get(name);
      const others = before.map((files) => files.get(name));
      if (others.every((other) => other === value) && others.length > 0) return false;
      return parents.length < 2 || !others.includes(value) || value !== main.get(name);
    });
}

/**
 * Of any push that git made, the gate lets none through that replaces the old tip, that has more files than the limit,
 * or by which a commit breaks into a protected path; and it takes what is none of that for none of it. `old`: the
 * claimed old tip, as parents are numbered.
 */
export async function gateProvesWhatGitProves(push: Push & { readonly old: number }): Promise<boolean> {
  const known = made(push);
  if (known === undefined || known.commits.length === 0) return false;
  const { at, tip, commits, inspector } = known;
  const own = [...commits].reverse();
  const old = push.old < 0 ? (at.tips[-1 - push.old] ?? at.tips[0]) : (own[push.old % own.length] ?? tip);
  const within = (older: string, newer: string): boolean =>
    git(at.dir, ["merge-base", "--is-ancestor", older, newer]).code === 0;
  const source = {
    ...sourceOf(at),
    isBefore: async (older: string, newer: string) => at.has.has(older) && at.has.has(newer) && within(older, newer),
    tip: async () => lines(gitOk(at.dir, ["rev-parse", `${at.tips[0]}^{tree}`]))[0],
  };
  const judge = (claimed: string, guarded: PathMatcher, limit: number): Promise<Refusal | undefined> =>
    judgeHistory([{ old: claimed, new: tip, ref: "refs/heads/claude/x" }], inspector, source, guarded, limit);

  const forced = await judge(old, new PathMatcher([]), 10_000);
  if ((forced?.rule === "ref-force") === within(old, tip))
    throw new Error(
      `${old.slice(0, 8)} ${within(old, tip) ? "is" : "is not"} below ${tip.slice(0, 8)}; the gate says ${forced?.rule ?? "nothing"}`,
    );

  const grounds = [
    ...new Set(
      own.flatMap((id) => inspector.commits.get(id)?.parents ?? []).filter((id) => !inspector.commits.has(id)),
    ),
  ];
  if (grounds.length < 2) {
    const there = filesOf(at.dir, tip);
    const before = grounds[0] === undefined ? new Map<string, string>() : filesOf(at.dir, grounds[0]);
    const count = new Set([...there.keys(), ...before.keys()].filter((name) => there.get(name) !== before.get(name)))
      .size;
    const [at_, over] = [
      await judge(NONE, new PathMatcher([]), count),
      await judge(NONE, new PathMatcher([]), count - 1),
    ];
    if (at_ !== undefined) throw new Error(`${count} files are at the limit; the gate says ${at_.rule} ${at_.at}`);
    if (count > 0 && over?.rule !== "change-too-large")
      throw new Error(`${count} files are over the limit; the gate says ${over?.rule ?? "nothing"}`);
  }

  const breaks = own.some((id) => breaksIn(at.dir, id, at.tips[0]));
  const guarded = await judge(NONE, GUARDED, 10_000);
  if (breaks && guarded?.rule !== "protected-path")
    throw new Error(`a protected path is broken into; the gate says ${guarded?.rule ?? "nothing"}`);
  return guarded === undefined;
}

/** The stand-in repository is made anew for the next property. */
export function forgetServer(): void {
  server = undefined;
}
