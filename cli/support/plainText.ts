/**
 * Paths and names of a change are written by whom it judges: nothing of them may end a line, start a workflow command,
 * colour a terminal or be read as Markdown.
 */
export function plain(text: string, most = 200): string {
  const shown = text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
  return shown.length > most ? `${shown.slice(0, most - 1)}…` : shown;
}
