import Table from "cli-table3";

const SIDES = ["top", "bottom", "left", "right", "mid", "middle"] as const;
const CORNERS = [
  "top-mid",
  "top-left",
  "top-right",
  "bottom-mid",
  "bottom-left",
  "bottom-right",
  "left-mid",
  "mid-mid",
  "right-mid",
] as const;
const NO_LINES = Object.fromEntries([...SIDES, ...CORNERS].map((place) => [place, ""]));

/** Lays out rows under headings in columns, two spaces apart and without lines. A cell may hold colour codes. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = new Table({
    head: [...headings],
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
  });
  shown.push(...rows.map((row) => [...row]));
  return shown
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
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
