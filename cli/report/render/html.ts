import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Report } from "../report";
import { VERDICTS } from "../verdict";
import { picture } from "./picture";
import { sections, type Section } from "./sections";
import { PAGE_STYLE } from "./style";

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Words that a reader must not miss. */
const BAD: ReadonlySet<string> = new Set([
  "widened",
  "granted",
  "deleted",
  "replaced",
  "unguarded",
  "critical",
  "high",
  "NO",
]);
const GOOD: ReadonlySet<string> = new Set(["yes"]);
const cell = (text: string): Html =>
  BAD.has(text) || GOOD.has(text)
    ? html`<td><span class="${BAD.has(text) ? "bad" : "good"}">${text}</span></td>`
    : html`<td>${text}</td>`;

function section({ heading, text = "", headings, rows }: Section, index: number): Html {
  if (rows.length === 0 && text === "") return html``;
  const id = `part-${index}`;
  return html`<section>
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
          ${raw(PAGE_STYLE)}
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
