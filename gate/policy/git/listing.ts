import type { TreeEntry } from "./objects";

export type Entry = TreeEntry;

/**
 * Reads GitHub's listing of a tree, recursive or not: the entries of each tree by the tree's id. Undefined if the
 * answer is not a listing or is truncated. A directory without an entry of its own is left out and fetched by itself.
 */
export function readListing(answer: unknown, root: string): Map<string, Map<string, Entry>> | undefined {
  const { truncated, tree } = (answer ?? {}) as { truncated?: unknown; tree?: unknown };
  if (truncated !== false || !Array.isArray(tree)) return undefined;
  const trees = new Map([[root, new Map<string, Entry>()]]);
  const directories = new Map([["", root]]);
  for (const entry of tree as readonly { path?: unknown; mode?: unknown; sha?: unknown }[]) {
    if (typeof entry.path !== "string" || typeof entry.mode !== "string" || typeof entry.sha !== "string")
      return undefined;
    const cut = entry.path.lastIndexOf("/");
    const parent = directories.get(entry.path.slice(0, Math.max(0, cut)));
    if (parent === undefined) return undefined;
    const mode = entry.mode.replace(/^0/, "");
    trees.get(parent)?.set(entry.path.slice(cut + 1), { mode, id: entry.sha });
    if (mode !== "40000") continue;
    directories.set(entry.path, entry.sha);
    // The same tree may occur several times. Each occurrence adds the same entries.
    if (!trees.has(entry.sha)) trees.set(entry.sha, new Map());
  }
  return trees;
}

/** Whether GitHub's comparison says that the first commit is the second, or an ancestor of it. */
export function isBefore(answer: unknown): boolean {
  const { status } = (answer ?? {}) as { status?: unknown };
  return status === "ahead" || status === "identical";
}
