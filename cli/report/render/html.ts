import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { answered } from "../drill";
import type { Report } from "../report";

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

const STYLE = `
  :root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); }
  th { font-weight: 600; } code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
  .good { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; } .quiet { opacity: .65; }
`;

const rows = <T>(items: readonly T[], cells: (item: T) => Html): Html => html`${items.map(cells)}`;

function changes(report: Report): Html {
  if (!report.changes) return html``;
  const heading = html`<h2>What changes for the agent</h2>`;
  if (report.changes.length === 0)
    return html`${heading}
      <p>Nothing changes what the agent may do.</p>`;
  return html`${heading}
    <table>
      <tr>
        <th>Change</th>
        <th>Area</th>
        <th>Before</th>
        <th>After</th>
      </tr>
      ${rows(
        report.changes,
        (c) =>
          html`<tr>
            <td class="${c.kind === "widened" || c.kind === "granted" ? "bad" : ""}">${c.kind}</td>
            <td>${c.area}</td>
            <td>${c.before ?? "–"}</td>
            <td>${c.after ?? "–"}</td>
          </tr>`,
      )}
    </table>`;
}

function drill(report: Report): Html {
  if (report.drill.length === 0) return html``;
  return html`<h2>The drill</h2>
    <p>
      Real requests against the running stack. A refused action was tried twice: through the gate, and straight at
      GitHub with the machine user's token.
    </p>
    <table>
      <tr>
        <th>Tried</th>
        <th>With</th>
        <th>Expected</th>
        <th>Gate</th>
        <th>GitHub alone</th>
        <th>Holds</th>
      </tr>
      ${rows(
        report.drill,
        (row) =>
          html`<tr>
            <td>${row.title}</td>
            <td>${row.client}</td>
            <td>${row.expect}</td>
            <td>${answered(row.answer)} <code>${row.answer.rule ?? ""}</code></td>
            <td>
              ${row.second ? html`${answered(row.second)} <span class="quiet">${row.second.rule ?? ""}</span>` : "–"}
            </td>
            <td class="${row.holds ? "good" : "bad"}">${row.holds ? "yes" : "NO"}</td>
          </tr>`,
      )}
    </table>`;
}

/** One self-contained page: no script, no request to anywhere. */
export async function renderHtml(report: Report): Promise<string> {
  const touched = report.resources.filter((r) => r.change !== "same");
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${report.title}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>${report.title}</h1>
        ${report.notes.map((note) => html`<p>${note}</p>`)} ${changes(report)} ${drill(report)}
        <h2>What stands</h2>
        <table>
          <tr>
            <th>Area</th>
            <th>Fact</th>
          </tr>
          ${rows(
            report.facts,
            (fact) =>
              html`<tr>
                <td>${fact.area}</td>
                <td>${fact.says}</td>
              </tr>`,
          )}
        </table>
        <h2>Resources</h2>
        <p>${report.resources.length} in all, ${touched.length} touched.</p>
        <table>
          <tr>
            <th>Change</th>
            <th>Type</th>
            <th>Name</th>
            <th>Keys</th>
          </tr>
          ${rows(
            report.resources,
            (r) =>
              html`<tr>
                <td class="${r.change === "same" ? "quiet" : ""}">${r.change}</td>
                <td><code>${r.type}</code></td>
                <td>${r.name}</td>
                <td>${r.keys.join(", ")}</td>
              </tr>`,
          )}
        </table>
      </body>
    </html> `;
  return String(await page);
}
