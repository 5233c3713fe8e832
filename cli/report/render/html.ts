import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Report } from "../report";
import { VERDICTS } from "../verdict";
import { sections, type Section } from "./sections";

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Colours have a contrast of 4.5 to 1 or more on both grounds; nothing is said by colour alone. */
const STYLE = `
  :root { color-scheme: light dark; --line: #8886; --good: #116329; --bad: #a40e26; --ground: #fff; --text: #1f2328; --soft: #57606a; }
  @media (prefers-color-scheme: dark) { :root { --good: #56d364; --bad: #ff7b72; --ground: #0d1117; --text: #e6edf3; --soft: #9da7b3; } }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; background: var(--ground); color: var(--text); }
  h1 { font-size: 1.8rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2.4rem; }
  .verdict { border-left: .4rem solid var(--soft); padding: .1rem 1rem; } .widened, .both { border-color: var(--bad); } .narrowed { border-color: var(--good); }
  .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
  .bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); font-weight: 600; } .soft { color: var(--soft); }
  svg { max-width: 100%; height: auto; } svg text { font: 14px system-ui, sans-serif; fill: var(--text); } svg rect { fill: none; stroke: var(--soft); } svg path { stroke: var(--soft); fill: none; }
  @media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr { break-inside: avoid; } .scroll { overflow: visible; } }
`;

/** Words that a reader must not miss. */
const BAD: ReadonlySet<string> = new Set(["widened", "granted", "deleted", "replaced", "critical", "high", "NO"]);
const GOOD: ReadonlySet<string> = new Set(["yes"]);
const cell = (text: string): Html =>
  BAD.has(text) || GOOD.has(text)
    ? html`<td><span class="${BAD.has(text) ? "bad" : "good"}">${text}</span></td>`
    : html`<td>${text}</td>`;

function section({ heading, text = "", headings, rows }: Section, index: number): Html {
  if (rows.length === 0 && text === "") return html``;
  const id = `part-${index}`;
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${heading}</h2>
    ${text === "" ? "" : html`<p>${text}</p>`}
    ${
      rows.length === 0
        ? ""
        : html`<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0">
            <table>
              <thead>
                <tr>
                  ${headings.map((one) => html`<th scope="col">${one}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${rows.map(
                  (row) =>
                    html`<tr>
                      ${row.map(cell)}
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

/** Repositories that the picture has room for. */
const DRAWN = 12;
const ROW = 34;

/** GitHub's role in a sentence about access, in the words of the environment file. */
const role = (says: string | undefined): string | undefined =>
  / has (\w+) on /
    .exec(says ?? "")?.[1]
    ?.replace(/^pull$/, "read")
    .replace(/^push$/, "write");

/**
 * Who reaches what, through what: the agent, the gate, GitHub's repositories. The tables below say the same in words.
 */
function picture(report: Report): Html {
  const before = new Map((report.changes ?? []).map(({ id, before: was }) => [id, was]));
  const access = report.facts.filter(({ id }) => id.startsWith("access/"));
  if (access.length === 0) return html``;
  const shown = access.slice(0, DRAWN);
  const height = Math.max(3, shown.length + (access.length > DRAWN ? 1 : 0)) * ROW + 20;
  const middle = height / 2;
  const label = (id: string, says: string): string => {
    const repository = id.slice("access/".length);
    const level = role(says);
    const was = role(before.get(id));
    return `${repository}: ${was === undefined ? (level ?? "") : `${was} → ${level ?? "none"}`}`;
  };
  const routes = report.overview.routes.reduce((sum, { routes: ids }) => sum + ids.length, 0);
  return html`<svg viewBox="0 0 860 ${height}" width="860" height="${height}" role="img" aria-labelledby="picture">
    <title id="picture">${report.agent} reaches ${access.length} repositories through the gate</title>
    <rect x="1" y="${middle - 24}" width="170" height="48" rx="6" />
    <text x="14" y="${middle + 5}">${report.agent}</text>
    <path d="M171 ${middle} H 300" />
    <text x="186" y="${middle - 8}">gate key</text>
    <rect x="300" y="${middle - 24}" width="190" height="48" rx="6" />
    <text x="313" y="${middle + 5}">${routes === 0 ? "the gate" : `gate: ${routes} open routes`}</text>
    ${shown.map(({ id, says }, i) => {
      const y = 10 + i * ROW + ROW / 2;
      return html`<path d="M490 ${middle} C 560 ${middle} 560 ${y} 620 ${y}" /><text x="628" y="${y + 5}"
          >${label(id, says)}</text
        >`;
    })}
    ${access.length > DRAWN ? html`<text x="628" y="${10 + DRAWN * ROW + ROW / 2 + 5}">and ${access.length - DRAWN} more</text>` : ""}
  </svg>`;
}

/** One self-contained page: no script, no request to anywhere; readable in light, dark, on paper and at 400 pixels. */
export async function renderHtml(report: Report): Promise<string> {
  const title = report.verdict === undefined ? report.title : VERDICTS[report.verdict];
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}${report.stack === "" ? "" : ` (${report.stack})`}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <div class="verdict ${report.verdict ?? ""}">
            <h1>${title}</h1>
            <ul>
              ${report.headline.map((sentence) => html`<li>${sentence}</li>`)}
            </ul>
          </div>
          <p class="soft">${report.title}${report.stack === "" ? "" : `, stack ${report.stack}`}.</p>
          ${report.notes.map((note) => html`<p>${note}</p>`)} ${picture(report)} ${sections(report).map(section)}
        </main>
      </body>
    </html> `;
  return `${String(await page)}\n`;
}
