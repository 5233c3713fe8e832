/** Reads git's trees, commits and deltas strictly: it rejects whatever `git fsck` would report. */

export interface TreeEntry {
  readonly mode: string;
  readonly id: string;
}

/** Entries of a tree by name. */
export type Tree = ReadonlyMap<string, TreeEntry>;

export interface Commit {
  readonly tree: string;
  readonly parents: readonly string[];
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");
const MODES = new Set(["40000", "100644", "100755", "120000", "160000", "100664"]);

/**
 * Decodes a name in a tree. A byte that is not UTF-8 becomes a character of the private use area. Different names then
 * stay different, and the rest of the name still matches a pattern (`*.pem`).
 */
function nameOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    let name = "";
    for (let at = 0; at < bytes.length;) {
      const first = bytes[at] ?? 0;
      const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
      try {
        name += decoder.decode(bytes.subarray(at, at + length));
        at += length;
      } catch {
        name += String.fromCharCode(0xf700 + first);
        at++;
      }
    }
    return name;
  }
}

/** Reads a tree. Undefined if it is malformed or has a name twice. */
export function readTree(content: Uint8Array): Tree | undefined {
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(32, at);
    const nul = content.indexOf(0, space);
    if (space < 0 || nul < 0 || nul + 21 > content.length) return undefined;
    const mode = latin1.decode(content.subarray(at, space));
    const name = nameOf(content.subarray(space + 1, nul));
    if (!MODES.has(mode) || name === "" || name === "." || name === ".." || name.includes("/") || entries.has(name))
      return undefined;
    let id = "";
    for (let i = nul + 1; i < nul + 21; i++) id += ((content[i] ?? 0) + 256).toString(16).slice(1);
    entries.set(name, { mode, id });
    at = nul + 21;
  }
  return entries;
}

/** Reads tree and parents of a commit. Undefined if it is malformed. */
export function readCommit(content: Uint8Array): Commit | undefined {
  const text = latin1.decode(content.subarray(0, Math.min(content.length, 16_384)));
  const tree = /^tree ([0-9a-f]{40})\n/.exec(text)?.[1];
  if (tree === undefined) return undefined;
  const parents: string[] = [];
  let at = 46;
  for (
    let parent = /^parent ([0-9a-f]{40})\n/.exec(text.slice(at, at + 48));
    parent?.[1] !== undefined;
    parent = /^parent ([0-9a-f]{40})\n/.exec(text.slice(at, at + 48))
  ) {
    parents.push(parent[1]);
    at += 48;
  }
  return text.startsWith("author ", at) ? { tree, parents } : undefined;
}

/** Applies a delta to its base. Undefined if it is malformed or the result has more than `limit` bytes. */
export function applyDelta(base: Uint8Array, delta: Uint8Array, limit: number): Uint8Array | undefined {
  let at = 0;
  const size = (): number => {
    let value = 0;
    for (let shift = 0; at < delta.length && shift < 49; shift += 7) {
      const byte = delta[at++] ?? 0;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return -1;
  };
  if (size() !== base.length) return undefined;
  const length = size();
  if (length < 0 || length > limit) return undefined;
  const out = new Uint8Array(length);
  let end = 0;
  while (at < delta.length) {
    const op = delta[at++] ?? 0;
    if (op === 0) return undefined;
    let from: number;
    let count: number;
    let source: Uint8Array;
    if (op < 128) {
      [source, from, count] = [delta, at, op];
      at += op;
    } else {
      let offset = 0;
      let span = 0;
      for (let i = 0; i < 4; i++) if (op & (1 << i)) offset += (delta[at++] ?? 0) * 2 ** (8 * i);
      for (let i = 0; i < 3; i++) if (op & (16 << i)) span |= (delta[at++] ?? 0) << (8 * i);
      [source, from, count] = [base, offset, span === 0 ? 0x10000 : span];
    }
    if (from + count > source.length || end + count > length) return undefined;
    out.set(source.subarray(from, from + count), end);
    end += count;
  }
  return end === length ? out : undefined;
}
