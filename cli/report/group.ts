/** From so many on, what is the same for several is said once. */
const MANY = 5;
/** So many are named then. */
const NAMED = 3;

/** The first few names, and how many more there are. */
export const someOf = (names: readonly string[]): string =>
  names.length <= MANY ? names.join(", ") : `${names.slice(0, NAMED).join(", ")} and ${names.length - NAMED} more`;

/** A row of words, and the repository that they are about. */
export interface RepositoryRow {
  readonly repository?: string | undefined;
  readonly words: readonly string[];
}

/**
 * Rows that say the same of many repositories, as one row that says it of all of them and names the first. A page about
 * a thousand repositories stays a page. Rows keep the order of their first.
 */
export function groupByRepository(rows: readonly RepositoryRow[]): string[][] {
  const groups = new Map<string, { rows: RepositoryRow[]; names: Set<string> }>();
  for (const row of rows) {
    const { repository, words } = row;
    const key = JSON.stringify([repository === undefined, ...words.map((text) => without(text, repository, "\u0000"))]);
    const group = groups.get(key) ?? { rows: [], names: new Set<string>() };
    group.rows.push(row);
    if (repository !== undefined) group.names.add(repository);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ rows: same, names }) => {
    const [first] = same;
    if (first === undefined || names.size <= MANY) return same.map(({ words }) => [...words]);
    const all = `${names.size} repositories`;
    const words = first.words.map((text) => without(text, first.repository, all));
    return [[...words.slice(0, -1), `${words.at(-1) ?? ""} (${someOf([...names])})`]];
  });
}

const patterns = new Map<string, RegExp>();
/** The text with another word in the place of a repository's name. */
function without(text: string, repository: string | undefined, word: string): string {
  if (repository === undefined || !text.includes(repository)) return text;
  let pattern = patterns.get(repository);
  if (pattern === undefined) {
    pattern = new RegExp(`(?<![\\w.-])${repository.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-]|\\.\\w)`, "g");
    patterns.set(repository, pattern);
  }
  return text.replace(pattern, () => word);
}

/** Rows that are equal but for a name, as one row with the names; from so many on that reading them all is no help. */
export function groupByName<Row>(
  rows: readonly Row[],
  { name, words }: { name: (row: Row) => string; words: (row: Row) => readonly string[] },
): { names: string; words: readonly string[] }[] {
  const groups = new Map<string, { names: string[]; words: readonly string[] }>();
  for (const row of rows) {
    const said = words(row);
    const key = JSON.stringify(said);
    const group = groups.get(key) ?? { names: [], words: said };
    group.names.push(name(row));
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ names, words: said }) =>
    names.length <= MANY
      ? names.map((one) => ({ names: one, words: said }))
      : [{ names: `${names.length}: ${someOf(names)}`, words: said }],
  );
}
