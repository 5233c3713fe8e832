import { html, raw } from "hono/html";
import { PAGE_STYLE } from "../../report/render/style";
import { table } from "../../support/table";
import { plain } from "../../support/plainText";
import type { SessionStory } from "./sessions";
import type { Step, Story } from "./story";

const KINDS: Readonly<Record<Step["kind"], string>> = {
  read: "read",
  write: "wrote",
  refused: "REFUSED",
  review: "review",
  merge: "merged",
  around: "AROUND THE GATE",
  session: "session",
  confirmation: "confirmation",
};
const BAD: ReadonlySet<Step["kind"]> = new Set(["refused", "around"]);

const ALARM = "ALARM";

/** The facts above the time line. */
function facts(story: Story): [string, string][] {
  const all: [string, string][] = [
    ["state", story.state],
    ["author", story.author],
    ["agent", story.agent],
    ...story.sessions.map((one): [string, string] => ["session", sessionText(one)]),
    ...story.sessions.flatMap(({ alarms }) => alarms.map((says): [string, string] => [ALARM, says])),
    ["branch", story.head === "" ? "" : `${story.head} into ${story.base}`],
    ["opened by request", story.requestId],
    ["approved by", story.approvedBy.join(", ")],
    ["merged by", story.mergedBy],
    ["token (SHA-256)", story.tokens.join(", ")],
    ["client addresses", story.addresses.join(", ")],
    ["refused", String(story.steps.filter(({ kind }) => kind === "refused").length)],
  ];
  return all.filter(([, value]) => value !== "");
}

/** A session in one line: which agent and version, how it was joined, what it did. */
const sessionText = (one: SessionStory): string =>
  [
    `${one.session}${one.agent === "" ? "" : `, ${one.agent}`}${one.version === "" ? "" : `, version ${one.version}`}`,
    one.by === "request id" ? "known by a request's id" : `likely, by the ${one.by === "branch" ? "branch" : "number"}`,
    one.askedBy === "" ? "" : `asked by ${one.askedBy}`,
    `${one.calls} tool ${one.calls === 1 ? "call" : "calls"}, ${one.confirmed} confirmed, ${one.denied} denied`,
  ]
    .filter((part) => part !== "")
    .join("; ");

const shortTime = (at: string): string => at.replace("T", " ").replace(/\.\d+Z$/, " UTC");
const titleOf = ({ pull, title }: Story): string => (title === "" ? pull : `${pull}: ${title}`);

export function renderText(story: Story): string {
  return `${[
    plain(titleOf(story)),
    ...(story.url === "" ? [] : [story.url]),
    "",
    table(
      ["", ""],
      facts(story).map(([name, value]) => [name, plain(value)]),
    ).trim(),
    "",
    ...story.notes.map((note) => `Note: ${note}.`),
    ...(story.notes.length > 0 ? [""] : []),
    story.steps.length === 0
      ? "This trail has nothing of it."
      : table(
          ["when", "who", "", "request", "what"],
          story.steps.map((one) => [
            shortTime(one.at),
            plain(one.who),
            KINDS[one.kind],
            one.requestId,
            plain(one.what),
          ]),
        ),
  ].join("\n")}\n`;
}

/** Text that stands in a cell of a Markdown table as it is. */
const cell = (text: string): string =>
  text.replace(/[\\`*_{}[\]<>()#|!~@]/g, (mark) => `\\${mark}`).replace(/\s+/g, " ");
const link = (text: string, url: string): string => (/^https?:\/\/[^\s<>()]+$/.test(url) ? `[${text}](${url})` : text);

export function renderMarkdown(story: Story): string {
  return `${[
    `# ${link(cell(titleOf(story)), story.url)}`,
    "",
    "| | |",
    "|---|---|",
    ...facts(story).map(([name, value]) => `| ${name === ALARM ? `**${name}**` : name} | ${cell(value)} |`),
    "",
    ...story.notes.flatMap((note) => [`> ${cell(note)}.`, ""]),
    "| when | who | | what | request |",
    "|---|---|---|---|---|",
    ...story.steps.map(
      (one) =>
        `| ${shortTime(one.at)} | ${cell(one.who)} | ${BAD.has(one.kind) ? `**${KINDS[one.kind]}**` : link(KINDS[one.kind], one.link)} | ${cell(one.what)} | ${cell(one.requestId)} |`,
    ),
  ].join("\n")}\n`;
}

const STYLE = `
  ol.line { list-style: none; margin: 1rem 0; padding: 0 0 0 1.1rem; border-left: 2px solid var(--line); }
  ol.line li { position: relative; margin: 0 0 1rem; overflow-wrap: anywhere; }
  ol.line li::before { content: ""; position: absolute; left: -1.5rem; top: .4rem; width: .7rem; height: .7rem; border-radius: 50%; background: var(--ground); border: 2px solid var(--soft); box-sizing: border-box; }
  ol.line li.alarm::before { background: var(--bad); border-color: var(--bad); } ol.line li.done::before { background: var(--good); border-color: var(--good); }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 1rem 0; } dt:not(.bad) { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
  @media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
  a { color: inherit; } h1 { overflow-wrap: anywhere; }
`;

const safeLink = (url: string): boolean => /^https?:\/\//.test(url);

/** One self-contained page: no script, no request to anywhere; readable in light, dark, on paper and at 400 pixels. */
export async function renderHtml(story: Story): Promise<string> {
  const title = titleOf(story);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${raw(PAGE_STYLE + STYLE)}
        </style>
      </head>
      <body>
        <main>
          <h1>${safeLink(story.url) ? html`<a href="${story.url}">${title}</a>` : title}</h1>
          <dl>
            ${facts(story).map(
              ([name, value]) =>
                html`<dt class="${name === ALARM ? "bad" : ""}">${name}</dt>
                  <dd class="${name === ALARM ? "bad" : ""}">${value}</dd>`,
            )}
          </dl>
          ${story.notes.map((note) => html`<p class="soft">Note: ${note}.</p>`)}
          <h2>Time line</h2>
          <ol class="line">
            ${story.steps.map(
              (one) =>
                html`<li
                  class="${BAD.has(one.kind) ? "alarm" : one.kind === "merge" || one.what.startsWith("approved") ? "done" : ""}"
                >
                  <time class="soft" datetime="${one.at}">${shortTime(one.at)}</time> ${one.who}
                  <span class="${BAD.has(one.kind) ? "bad" : one.kind === "merge" ? "good" : "soft"}"
                    >${safeLink(one.link) ? html`<a href="${one.link}">${KINDS[one.kind]}</a>` : KINDS[one.kind]}</span
                  ><br />${one.what}${one.requestId === "" ? "" : html` <span class="soft">${one.requestId}</span>`}
                </li>`,
            )}
          </ol>
          ${story.steps.length === 0 ? html`<p>This trail has nothing of it.</p>` : ""}
        </main>
      </body>
    </html> `;
  return `${String(await page)}\n`;
}
