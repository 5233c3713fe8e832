/** Characters a terminal shows for a string: colour codes take no room. */
// eslint-disable-next-line no-control-regex -- ESC begins the colour codes that must not count
const width = (text: string): number => text.replace(/\u001b\[[0-9;]*m/g, "").length;

/** Lays out rows under headings in aligned columns, two spaces apart; the last column is not padded. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ""))));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - width(cell)),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Breaks plain text into lines of at most `most` characters, at spaces where there are some. */
export function wrap(text: string, most: number): string[] {
  const lines: string[] = [];
  let rest = text.replace(/\s+/g, " ").trim();
  while (rest.length > most) {
    const space = rest.lastIndexOf(" ", most);
    const cut = space > most / 2 ? space : most;
    lines.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}
