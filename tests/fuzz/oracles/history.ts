import { judgeHistory, type ObjectSource } from "../../../infra/posture/gate/git/history";
import { readCommit, readTree } from "../../../infra/posture/gate/git/objects";
import { PackInspector } from "../../../infra/posture/gate/git/pack";
import type { PathMatcher } from "../../../infra/posture/gate/globs";
import { Refusal } from "../../../infra/posture/gate/refusals";
import { folder, git, gitOk, lines } from "../support/git";

/** One change of a tree; paths are text, or bytes in fast-import's own quoting. */
export type Edit = { readonly kind: "file"; readonly path: string; readonly mode: string; readonly content: string } | { readonly kind: "remove"; readonly path: string };

export interface Push {
  /** Commits, oldest first. Parents by place: -1 and -2 are the two commits that GitHub has, others are commits before. None: a history of its own. */
  readonly commits: readonly { readonly parents: readonly number[]; readonly edits: readonly Edit[] }[];
  /** How the client packs. */
  readonly options: readonly string[];
  /** Sizes of the pieces in which the pack arrives, again and again. */
  readonly pieces: readonly number[];
}

interface Server { readonly dir: string; readonly tips: readonly [string, string]; readonly has: ReadonlySet<string>; pushes: number }
let server: Server | undefined;

const BASE: readonly [string, string][] = [
  ["README.md", "read me\n"], ["src/a.ts", "export const a = 1;\n".repeat(40)], ["src/deep/b.ts", "b\n"], [".github/workflows/ci.yml", "on: push\n"], ["CODEOWNERS", "* @acme/backend\n"], ["docs/a b.md", "a b\n"],
];

const quoted = (path: string): string => (path.startsWith("\"") ? path : path.includes(" ") ? `"${path}"` : path);
const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;

function stream(ref: string, from: (parent: number) => string, commits: Push["commits"]): string {
  return commits.map(({ parents, edits }, i) => [
    // A branch that exists would be the parent of a commit that names none.
    ...(parents.length === 0 ? [`reset ${ref}\n`] : []),
    `commit ${ref}\nmark :${i + 1}\ncommitter agent <agent@example.com> ${1_767_600_000 + i} +0000\n${data(`commit ${i}`)}`,
    ...parents.map((p, n) => `${n === 0 ? "from" : "merge"} ${from(p)}\n`),
    ...edits.map((edit) => edit.kind === "remove" ? `D ${quoted(edit.path)}\n`
      : edit.mode === "160000" ? `M 160000 ${"c".repeat(40)} ${quoted(edit.path)}\n` : `M ${edit.mode} inline ${quoted(edit.path)}\n${data(edit.content)}`),
    "\n",
  ].join("")).join("");
}

function start(): Server {
  const dir = folder();
  gitOk(dir, ["init", "-q", "--bare", "-b", "main"]);
  const files = BASE.map(([path, content]): Edit => ({ kind: "file", path, mode: "100644", content }));
  gitOk(dir, ["fast-import", "--quiet", "--force"], stream("refs/heads/main", (p) => `:${p + 1}`, [{ parents: [], edits: files }, { parents: [0], edits: [{ kind: "file", path: ".github/workflows/ci.yml", mode: "100644", content: "on: [push]\n" }, { kind: "file", path: "src/new.ts", mode: "100755", content: "n\n" }] }]));
  const [tip = "", before = ""] = lines(gitOk(dir, ["rev-list", "main"]));
  return { dir, tips: [tip, before], has: new Set(lines(gitOk(dir, ["rev-list", "--objects", "--no-object-names", "main"]))), pushes: 0 };
}

/** Reads what GitHub has, and nothing that only the client has. */
function sourceOf({ dir, has }: Server): ObjectSource {
  const read = (type: string, id: string): Buffer | undefined => (has.has(id) ? gitOk(dir, ["cat-file", type, id]) : undefined);
  return {
    tree: async (id) => { const found = read("tree", id); return found && readTree(found); },
    commit: async (id) => { const found = read("commit", id); return found && readCommit(found); },
    judge: async (id) => (has.has(id) ? new Set() : new Refusal("lookup-failed")),
    isBefore: async () => false,
    tip: async () => undefined,
  };
}

/**
 * The gate reads a pack that git made, in any pieces, and sees exactly the paths changed that `git diff-tree` sees: of each new commit those that differ
 * from all its parents.
 */
export async function gateSeesWhatGitSees(push: Push): Promise<boolean> {
  const at = (server ??= start());
  const ref = `refs/fuzz/${++at.pushes}`;
  const made = git(at.dir, ["fast-import", "--quiet", "--force"], stream(ref, (p) => (p < 0 ? (at.tips[-1 - p] ?? at.tips[0]) : `:${p + 1}`), push.commits));
  if (made.code !== 0) return false; // no such tree: a file below a file, for instance
  const commits = lines(gitOk(at.dir, ["rev-list", ref, "--not", "main"]));
  const tip = lines(gitOk(at.dir, ["rev-parse", ref]))[0] ?? "";
  const pack = gitOk(at.dir, ["pack-objects", "--revs", "--stdout", "-q", "--window=20", ...push.options], `${ref}\n--not\nmain\n`);

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

  const seen = new Set<string>();
  const recorder = { matches: (path: string) => { seen.add(path.replace(/[\uf780-\uf7ff]/g, "\ufffd")); return false; }, touches: () => false, mayMatchBelow: () => true } as unknown as PathMatcher;
  const refused = await judgeHistory([{ old: "0".repeat(40), new: tip, ref: "refs/heads/claude/x" }], inspector, sourceOf(at), recorder, 10_000);
  const expected = commits.length === 0 ? [] : lines(gitOk(at.dir, ["-c", "core.quotePath=false", "diff-tree", "--stdin", "-r", "-c", "--root", "--name-only", "--no-commit-id"], `${commits.join("\n")}\n`));
  const changed = new Set(expected);
  if (refused !== undefined) {
    // A link or a submodule in the place of a directory is refused whole.
    if (refused.rule === "protected-path" && changed.has(refused.at)) return false;
    throw new Error(`refused: ${refused.rule} ${refused.at}`);
  }
  const list = (set: Iterable<string>): string => [...set].sort().join(", ");
  // Where a merge puts a directory in the place of a file that only some of the parents have, the gate names the file as well.
  for (const path of seen) if (!changed.has(path) && [...changed].some((other) => other.startsWith(`${path}/`))) seen.delete(path);
  if (list(seen) !== list(changed)) throw new Error(`git sees ${list(changed)}; the gate sees ${list(seen)}`);
  return true;
}

/** The stand-in repository is made anew for the next property. */
export function forgetServer(): void {
  server = undefined;
}
