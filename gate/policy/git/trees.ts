import { Refusal } from "../refusals";
import type { Tree } from "./objects";

const NO_TREE: Tree = new Map();
const DIRECTORY = "40000";

/** Trees by id: those of a pack, and others that are fetched once. */
export class TreeLoader {
  private readonly fetched = new Map<string, Tree>();

  constructor(
    private readonly own: ReadonlyMap<string, Tree>,
    private readonly fetch: (id: string) => Promise<Tree | undefined>,
  ) {}

  /** The empty tree for no id; undefined for a tree that nobody has. */
  async load(id: string | undefined): Promise<Tree | undefined> {
    if (id === undefined) return NO_TREE;
    const known = this.own.get(id) ?? this.fetched.get(id);
    if (known !== undefined) return known;
    const found = await this.fetch(id);
    if (found !== undefined) this.fetched.set(id, found);
    return found;
  }
}

/** A place at which a tree differs from each of those before it. */
export interface Place {
  readonly path: string;
  /**
   * Id of what stands there, undefined when nothing does; and of the files that stood there, in any of the trees
   * before.
   */
  readonly id: string | undefined;
  readonly was: readonly string[];
  /** Whether a file, a link or a submodule stands there, or stood there. */
  readonly isFile: boolean;
  readonly wasFile: boolean;
  /** A link or a submodule in the place of a directory. */
  readonly isHiding: boolean;
}

/**
 * Walks the places at which a tree differs from all of those before it (from an empty one when there are none), and
 * down into directories as far as `below` wants. The first refusal of `visit` ends the walk, and so does a tree that
 * nobody has.
 */
export async function differing(
  trees: TreeLoader,
  id: string | undefined,
  before: readonly (string | undefined)[],
  below: (directory: string) => boolean,
  visit: (place: Place) => Refusal | undefined,
  path = "",
): Promise<Refusal | undefined> {
  const unreadable = (): Refusal => new Refusal("pack-not-inspectable", path === "" ? "a tree" : path);
  const here = await trees.load(id);
  if (here === undefined) return unreadable();
  const there: Tree[] = [];
  for (const other of before) {
    const tree = await trees.load(other);
    if (tree === undefined) return unreadable();
    there.push(tree);
  }
  // A commit without parents is compared with an empty tree: everything in it is new.
  const all = there.length === 0 ? [NO_TREE] : there;
  const names = new Set([...here.keys(), ...all.flatMap((tree) => [...tree.keys()])]);
  for (const name of names) {
    const now = here.get(name);
    if (all.some((tree) => same(tree.get(name), now))) continue;
    const full = path === "" ? name : `${path}/${name}`;
    const was = all.map((tree) => tree.get(name));
    const isFile = now !== undefined && now.mode !== DIRECTORY;
    const wasFile = was.some((entry) => entry !== undefined && entry.mode !== DIRECTORY);
    const directories = was.map((entry) => (entry?.mode === DIRECTORY ? entry.id : undefined));
    const own = now?.mode === DIRECTORY ? now.id : undefined;
    const hasDirectory = own !== undefined || directories.some((entry) => entry !== undefined);
    const refused = visit({
      path: full,
      id: now?.id,
      was: was.flatMap((entry) => (entry === undefined || entry.mode === DIRECTORY ? [] : [entry.id])),
      isFile,
      wasFile,
      isHiding: hasDirectory && isFile && (now.mode === "120000" || now.mode === "160000"),
    });
    if (refused !== undefined) return refused;
    if (!hasDirectory || !below(full)) continue;
    const deeper = await differing(trees, own, directories, below, visit, full);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

function same(
  a: { readonly mode: string; readonly id: string } | undefined,
  b: { readonly mode: string; readonly id: string } | undefined,
): boolean {
  return a === b || (a !== undefined && b !== undefined && a.id === b.id && a.mode === b.mode);
}
