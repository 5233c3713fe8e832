import type { Report } from "../report";
import { VERDICTS } from "../verdict";
import { sections } from "./sections";

/** GitHub takes 65,536 characters in a comment; what posts it adds some of its own. */
const MOST = 64_000;

const cell = (text: string): string =>
  text
    .replace(/[\\|<>`*_[\]]/g, (char) => (char === "|" || char === "\\" ? `\\${char}` : `&#${char.charCodeAt(0)};`))
    .replace(/\s*\n\s*/g, " ")
    // Nobody is to be notified because a rule names a team.
    .replaceAll("@", "@<!-- -->");
const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headings, headings.map(() => "---"), ...rows.map((row) => row.map(cell))]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");

/** The report as a comment of a pull request: at most 64,000 characters, and where it is cut it says what is missing. */
export function renderMarkdown(report: Report): string {
  const title = report.verdict === undefined ? report.title : VERDICTS[report.verdict];
  const head = [
    `# ${title}`,
    "",
    ...report.headline.map((sentence) => `- ${cell(sentence)}`),
    "",
    ...(report.verdict === undefined ? [] : [`${report.title}, stack ${cell(report.stack)}.`, ""]),
    ...report.notes.flatMap((note) => [cell(note), ""]),
  ].join("\n");
  const kept = head.length > MOST / 4 ? `${head.slice(0, MOST / 4)}\n\nThe summary is cut here.\n` : head;
  let page = kept;
  const left: string[] = [];
  for (const { heading, text = "", headings, rows } of sections(report)) {
    if (rows.length === 0 && text === "") continue;
    const start = `\n## ${heading}\n\n${text}${text === "" ? "" : "\n"}`;
    let shown = rows.length;
    const part = (): string => `${start}${rows.length === 0 ? "" : `${table(headings, rows.slice(0, shown))}\n`}`;
    while (shown > 0 && page.length + part().length > MOST - 500) shown = Math.floor(shown / 2);
    if (shown === rows.length) page += part();
    else {
      if (shown > 0) page += part();
      left.push(`${rows.length - shown} of ${rows.length} rows of "${heading}"`);
    }
  }
  return left.length === 0
    ? page
    : `${page}\nThis page is cut: it leaves out ${left.join(", ")}. The HTML and JSON forms have all of it.\n`;
}
