/** One entry of `--raw`: a path as one commit, or the whole difference, changes it. */
export interface RawEntry {
  /** Mode before, from each parent; "000000" where there was none. */
  readonly oldModes: readonly string[];
  readonly newMode: string;
  readonly oldIds: readonly string[];
  readonly newId: string;
  readonly path: string;
  /** Where a renamed or copied file comes from. */
  readonly from?: string;
}

const ENTRY = /^(:{1,64})((?:\d{6} ){2,65})((?:[0-9a-f]{40,64} ){2,65})([A-Z]+)\d*$/;

/**
 * Parses `git diff-tree --raw -z --no-abbrev`, with the ids of commits that `--stdin` puts between. @throws Error on
 * anything else
 */
export function parseRaw(output: string): { commit?: string; entries: RawEntry[] }[] {
  const words = output.split("\0");
  if (words.at(-1) === "") words.pop();
  const groups: { commit?: string; entries: RawEntry[] }[] = [{ entries: [] }];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (/^[0-9a-f]{40,64}$/.test(word)) {
      groups.push({ commit: word, entries: [] });
      continue;
    }
    const [, colons = "", modes = "", ids = "", status = ""] = ENTRY.exec(word) ?? [];
    if (colons === "") throw new Error(`unexpected output of git diff-tree: ${JSON.stringify(word.slice(0, 80))}`);
    const [allModes, allIds] = [modes.trim().split(" "), ids.trim().split(" ")];
    const moved = colons.length === 1 && /^[RC]/.test(status);
    const first = words[++i];
    const path = moved ? words[++i] : first;
    if (path === undefined || first === undefined || path === "" || allModes.length !== colons.length + 1)
      throw new Error("unexpected output of git diff-tree: an entry without a path");
    groups.at(-1)?.entries.push({
      oldModes: allModes.slice(0, -1),
      newMode: allModes.at(-1) ?? "",
      oldIds: allIds.slice(0, -1),
      newId: allIds.at(-1) ?? "",
      path,
      ...(moved ? { from: first } : {}),
    });
  }
  return groups.filter(({ commit, entries }) => commit !== undefined || entries.length > 0);
}

/** Parses `git diff-tree --numstat -z`: lines by path; undefined for a binary file. */
export function parseNumstat(output: string): Map<string, number | undefined> {
  const words = output.split("\0");
  if (words.at(-1) === "") words.pop();
  const lines = new Map<string, number | undefined>();
  for (let i = 0; i < words.length; i++) {
    const [, added, removed, rest] = /^(\d+|-)\t(\d+|-)\t([\s\S]*)$/.exec(words[i] ?? "") ?? [];
    if (added === undefined || rest === undefined)
      throw new Error(`unexpected output of git diff-tree: ${JSON.stringify(words[i]?.slice(0, 80))}`);
    const path = rest === "" ? words[(i += 2)] : rest; // a renamed file: its two paths follow
    if (path === undefined) throw new Error("unexpected output of git diff-tree: a rename without a path");
    lines.set(path, added === "-" ? undefined : Number(added) + Number(removed));
  }
  return lines;
}
