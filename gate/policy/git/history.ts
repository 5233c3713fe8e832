import { Refusal } from "../refusals";
import type { PathMatcher } from "../text/globs";
import { ZERO_ID, type RefCommand } from "./commands";
import type { Commit, Tree } from "./objects";
import { differing, TreeLoader, type Place } from "./trees";

/**
 * Source of objects that are not in the pack: GitHub, which has them by the same ids. Undefined for objects that it
 * does not have.
 */
export interface ObjectSource {
  tree(id: string): Promise<Tree | undefined>;
  commit(id: string): Promise<Commit | undefined>;
  /**
   * Judges a commit that GitHub already has by its difference from the default branch. Returns the files that differ,
   * or why a push may not build on it.
   * @param own it is the branch's own tip, which was judged when it was pushed, so only its size is judged
   */
  judge(id: string, own: boolean): Promise<ReadonlySet<string> | Refusal>;
  /** Whether a commit is an ancestor of another one, or the same. GitHub has both. */
  isBefore(older: string, newer: string): Promise<boolean>;
  /** The tree of the default branch's tip. */
  tip(): Promise<string | undefined>;
}

/** The commits and trees in the pack of a push. */
export interface Pushed {
  readonly commits: ReadonlyMap<string, Commit>;
  readonly trees: ReadonlyMap<string, Tree>;
}

/**
 * Proves that a push may be, or refuses it.
 *
 * Guard `push-protected-path`: each commit of the pack that the new tips reach is compared with its parents. A
 * protected path may have any value that its parent has there, and no other. Where the pack's history ends, the commit
 * below is one that GitHub has: either the branch's own old tip, which passed this guard before, or one whose
 * difference to the default branch is judged. Guard `push-merge`: where the parents of a merge differ, a protected path
 * has the value of the default branch's tip, so that a merge brings in what people changed there, and never again what
 * they have changed since. Guard `push-force`: the old tip is among what the new one builds on. Guard `push-size`: the
 * files that differ from what GitHub has, with those by which that differs from the default branch, are not too many.
 * Trees are read from the pack or, by id, from GitHub; what neither has makes the push unreadable, and so refused.
 */
export async function judgeHistory(
  commands: readonly RefCommand[],
  pushed: Pushed,
  source: ObjectSource,
  guarded: PathMatcher,
  maxChangedFiles: number,
): Promise<Refusal | undefined> {
  return new History(pushed, source, guarded, maxChangedFiles).judge(commands);
}

class History {
  private readonly trees: TreeLoader;
  /**
   * Commits of the pack that have passed. Their ancestors are walked for each command, because each command ends
   * elsewhere.
   */
  private readonly passed = new Set<string>();

  constructor(
    private readonly pushed: Pushed,
    private readonly source: ObjectSource,
    private readonly guarded: PathMatcher,
    private readonly maxChangedFiles: number,
  ) {
    this.trees = new TreeLoader(pushed.trees, (id) => source.tree(id));
  }

  async judge(commands: readonly RefCommand[]): Promise<Refusal | undefined> {
    for (const command of commands) {
      const refused = await this.judgeCommand(command);
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  /**
   * The old tip is only the client's claim. GitHub rejects a command with a wrong claim, but not the other commands, so
   * it ends the walk of its own command only.
   */
  private async judgeCommand(command: RefCommand): Promise<Refusal | undefined> {
    const seen = new Set<string>();
    /** Commits that GitHub has and the pack builds on. */
    const grounds: string[] = [];
    const changed = new Set<string>();
    const queue = [command.new];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      const commit = this.pushed.commits.get(id);
      if (commit !== undefined) {
        queue.push(...commit.parents);
        if (this.passed.has(id)) continue;
        const refused = await this.judgeCommit(commit);
        if (refused !== undefined) return refused;
        this.passed.add(id);
        continue;
      }
      grounds.push(id);
      const files = await this.source.judge(id, id === command.old);
      if (files instanceof Refusal) return files;
      for (const file of files) changed.add(file);
    }
    return (await this.judgeForce(command, seen, grounds)) ?? this.judgeSize(command.new, grounds, changed);
  }

  private async judgeForce(
    { old, ref }: RefCommand,
    seen: ReadonlySet<string>,
    grounds: readonly string[],
  ): Promise<Refusal | undefined> {
    if (old === ZERO_ID || seen.has(old)) return undefined;
    for (const ground of grounds) if (await this.source.isBefore(old, ground)) return undefined;
    return new Refusal("ref-force", ref);
  }

  private async judgeSize(tip: string, grounds: readonly string[], changed: Set<string>): Promise<Refusal | undefined> {
    const commit = this.pushed.commits.get(tip);
    // Checked for each file, so that a huge change is not walked to its end.
    const tooLarge = (): Refusal | undefined =>
      changed.size > this.maxChangedFiles
        ? new Refusal("change-too-large", `${changed.size} files or more`)
        : undefined;
    if (commit !== undefined) {
      const before: string[] = [];
      for (const ground of grounds) {
        const tree = (await this.source.commit(ground))?.tree;
        if (tree === undefined) return new Refusal("pack-not-inspectable", "a parent that GitHub does not have");
        before.push(tree);
      }
      const refused = await differing(
        this.trees,
        commit.tree,
        before,
        () => true,
        ({ path, isFile, wasFile }) => {
          if (isFile || wasFile) changed.add(path);
          return tooLarge();
        },
      );
      if (refused !== undefined) return refused;
    }
    return tooLarge();
  }

  private async judgeCommit(commit: Commit): Promise<Refusal | undefined> {
    const parents: string[] = [];
    for (const parent of commit.parents) {
      const below = this.pushed.commits.get(parent) ?? (await this.source.commit(parent));
      if (below === undefined) return new Refusal("pack-not-inspectable", "a parent that GitHub does not have");
      parents.push(below.tree);
    }
    const below = (path: string): boolean => this.guarded.mayMatchBelow(path);
    const refused = await differing(this.trees, commit.tree, parents, below, (place) => this.judgePlace(place));
    return refused ?? (parents.length > 1 ? this.judgeMerge(commit.tree, parents) : undefined);
  }

  /**
   * Refuses a protected place where a file, link or submodule appears, changes or disappears, or where a link or
   * submodule hides what would be below it.
   */
  private judgePlace({ path, isFile, wasFile, isHiding }: Place): Refusal | undefined {
    if ((isFile || wasFile) && this.guarded.matches(path)) return new Refusal("protected-path", path);
    return isHiding && this.guarded.mayMatchBelow(path) ? new Refusal("protected-path", path) : undefined;
  }

  /**
   * Compares each parent with the merge. Where one of them differs, the merge has taken the value of another parent.
   */
  private async judgeMerge(tree: string, parents: readonly string[]): Promise<Refusal | undefined> {
    const below = (path: string): boolean => this.guarded.mayMatchBelow(path);
    const taken: string[] = [];
    for (const parent of parents) {
      const refused = await differing(this.trees, tree, [parent], below, ({ path, isFile, wasFile }) => {
        if ((isFile || wasFile) && this.guarded.touches(path)) taken.push(path);
        return undefined;
      });
      if (refused !== undefined) return refused;
    }
    if (taken.length === 0) return undefined;
    const tip = await this.source.tip();
    if (tip === undefined) return new Refusal("lookup-failed");
    const wanted = new Set(taken);
    return differing(this.trees, tree, [tip], below, ({ path, isFile, wasFile }) =>
      (isFile || wasFile) && wanted.has(path)
        ? new Refusal("protected-path", `${path}: merge the current default branch`)
        : undefined,
    );
  }
}
