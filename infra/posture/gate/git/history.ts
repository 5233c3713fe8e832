import type { PathMatcher } from "../globs";
import { Refusal } from "../refusals";
import type { RefCommand } from "./commands";
import type { Commit, Tree } from "./objects";

/** Where objects come from that are not in the pack: GitHub, which has them by the same ids. Undefined when it does not. */
export interface ObjectSource {
  tree(id: string): Promise<Tree | undefined>;
  commit(id: string): Promise<Commit | undefined>;
  /** Judges a commit that GitHub has already: what it changes against the default branch. */
  judge(id: string): Promise<Refusal | undefined>;
}

/** What a push brings, as far as it was in the pack. */
export interface Pushed {
  readonly commits: ReadonlyMap<string, Commit>;
  readonly trees: ReadonlyMap<string, Tree>;
}

const NO_TREE: Tree = new Map();
const DIRECTORY = "40000";

/**
 * Guard `push-protected-path`: proves that no new commit changes a protected path, or refuses.
 *
 * Each commit of the pack that the new tips reach is compared with its parents. A protected path may have any value that one of the parents has there
 * (so a merge may bring in what people changed on the default branch), and no other. Where the pack's history ends, the commit below is one that
 * GitHub has: either the branch's own old tip, which passed this guard before, or one whose difference to the default branch is judged.
 * Trees are read from the pack or, by id, from GitHub; what neither has makes the push unreadable, and so refused.
 */
export async function judgeHistory(commands: readonly RefCommand[], pushed: Pushed, source: ObjectSource, guarded: PathMatcher): Promise<Refusal | undefined> {
  /** Commits that have passed by themselves; what is below them is walked for each command, because each has its own end. */
  const passed = new Set<string>();
  for (const command of commands) {
    const refused = await judgeCommand(command, pushed, source, guarded, passed);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** The old tip is the client's claim. GitHub refuses a command whose claim is wrong, but not the commands beside it, so it ends the walk of its own command only. */
async function judgeCommand(command: RefCommand, pushed: Pushed, source: ObjectSource, guarded: PathMatcher, passed: Set<string>): Promise<Refusal | undefined> {
  const seen = new Set<string>();
  const queue = [command.new];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const commit = pushed.commits.get(id);
    queue.push(...(commit?.parents ?? []));
    if (passed.has(id) || (commit === undefined && id === command.old)) continue;
    const refused = commit === undefined ? await source.judge(id) : await judgeCommit(commit, pushed, source, guarded);
    if (refused !== undefined) return refused;
    passed.add(id);
  }
  return undefined;
}

async function judgeCommit(commit: Commit, pushed: Pushed, source: ObjectSource, guarded: PathMatcher): Promise<Refusal | undefined> {
  const parents: string[] = [];
  for (const parent of commit.parents) {
    const below = pushed.commits.get(parent) ?? (await source.commit(parent));
    if (below === undefined) return new Refusal("pack-not-inspectable", "a parent that GitHub does not have");
    parents.push(below.tree);
  }
  return compare(commit.tree, parents, "", pushed, source, guarded);
}

/** Compares a tree with those at the same place in the parents; goes down only where something protected could lie. */
async function compare(id: string | undefined, parents: readonly (string | undefined)[], path: string, pushed: Pushed, source: ObjectSource, guarded: PathMatcher): Promise<Refusal | undefined> {
  const load = async (tree: string | undefined): Promise<Tree | undefined> => (tree === undefined ? NO_TREE : (pushed.trees.get(tree) ?? (await source.tree(tree))));
  const here = await load(id);
  if (here === undefined) return new Refusal("pack-not-inspectable", path === "" ? "a tree" : path);
  const there: Tree[] = [];
  for (const parent of parents) {
    const tree = await load(parent);
    if (tree === undefined) return new Refusal("pack-not-inspectable", path === "" ? "a tree" : path);
    there.push(tree);
  }
  // A commit without parents is compared with an empty tree: everything in it is new.
  const before = there.length === 0 ? [NO_TREE] : there;
  const names = new Set([...here.keys(), ...before.flatMap((tree) => [...tree.keys()])]);
  for (const name of names) {
    const now = here.get(name);
    if (before.some((tree) => same(tree.get(name), now))) continue;
    const full = path === "" ? name : `${path}/${name}`;
    // Some file, link or submodule appears, changes or disappears at this very place.
    const isFile = now !== undefined && now.mode !== DIRECTORY;
    const wasFile = before.some((tree) => tree.get(name) !== undefined && tree.get(name)?.mode !== DIRECTORY);
    if ((isFile || wasFile) && guarded.matches(full)) return new Refusal("protected-path", full);
    const directory = (tree: Tree): string | undefined => (tree.get(name)?.mode === DIRECTORY ? tree.get(name)?.id : undefined);
    const below = before.map(directory);
    const own = directory(here);
    if ((own === undefined && below.every((b) => b === undefined)) || !guarded.mayMatchBelow(full)) continue;
    // A link or a submodule in the place of a directory hides what would lie below it.
    if (isFile && (now.mode === "120000" || now.mode === "160000")) return new Refusal("protected-path", full);
    const refused = await compare(own, below, full, pushed, source, guarded);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function same(a: { readonly mode: string; readonly id: string } | undefined, b: { readonly mode: string; readonly id: string } | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.id === b.id && a.mode === b.mode);
}
