import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { powerOf } from "../facts/fact";
import type { Reach } from "../reach";
import type { Report } from "../report";

/** Repositories that the picture has room for; those that change come first. */
const DRAWN = 12;
const ROW = 64;
const TOP = 12;

/** What a repository's row says, and whether the agent can do more or less there. */
interface Row {
  readonly access: string;
  readonly locks: string;
  /** The locks before, where they were others. */
  readonly earlier: string;
  readonly kind: "same" | "more" | "less";
}

function rowOf({ repository, before, after }: Reach, compared: boolean): Row {
  const [was, is] = [before?.level ?? "none", after?.level ?? "none"];
  const [old, now] = [before, after].map((side) => side?.locks.join(", ") ?? "");
  const [from, to] = [powerOf(was), powerOf(is)];
  return {
    access: `${repository}: ${!compared || was === is ? is : `${was} → ${is}`}`,
    locks: now ? `locks: ${now}` : after ? "no locks" : "",
    earlier: compared && old && old !== now ? `before: ${old}` : "",
    kind: !compared || from === to ? "same" : to > from ? "more" : "less",
  };
}

/**
 * Who reaches what, through which locks, before and after: the agent, the gate, GitHub's repositories. Drawn from the
 * report's data alone; the tables below the picture say the same in words.
 */
export function picture({ agent, reach, gate, verdict }: Report): HtmlEscapedString | Promise<HtmlEscapedString> | "" {
  if (reach.length === 0) return "";
  const compared = verdict !== undefined;
  const rows = reach.map((one) => rowOf(one, compared));
  const changed = rows.filter(({ kind }) => kind !== "same");
  const ordered = [...changed, ...rows.filter(({ kind }) => kind === "same")];
  const shown = ordered.slice(0, DRAWN);
  const more = ordered.length - shown.length;
  const height = Math.max(2, shown.length + (more > 0 ? 1 : 0)) * ROW + 2 * TOP;
  const middle = height / 2;
  const [old, now] = [gate.before ?? gate.after, gate.after];
  const routes = old && now && old.routes !== now.routes ? `${old.routes} → ${now.routes}` : `${now?.routes ?? 0}`;
  const mode = now?.enforces === false ? "only observes" : "enforces";
  const told = shown
    .map(({ access, locks, earlier }) => [access, locks, earlier].filter(Boolean).join(", "))
    .join("; ");
  const y = (index: number): number => TOP + index * ROW + ROW / 2;
  return html`<div class="scroll" role="region" aria-label="Picture: who reaches what" tabindex="0">
    <svg viewBox="0 0 1200 ${height}" width="1200" height="${height}" role="img" aria-labelledby="picture picture-says">
      <title id="picture">Who reaches what, through which locks</title>
      <desc id="picture-says">${agent} reaches repositories through the gate alone. ${told}.</desc>
      <rect x="1" y="${middle - 26}" width="160" height="52" rx="6" />
      <text x="12" y="${middle + 5}">${agent}</text>
      <path d="M161 ${middle} H 262" />
      <text class="small" x="180" y="${middle - 8}">gate key</text>
      <rect x="262" y="${middle - 26}" width="170" height="52" rx="6" />
      <text x="274" y="${middle - 4}">${now ? `gate, ${mode}` : "no gate"}</text>
      <text class="small" x="274" y="${middle + 15}">${now ? `open routes: ${routes}` : ""}</text>
      <text class="small" x="440" y="${middle - 8}">GitHub token</text>
      ${shown.map(
        ({ access, locks, earlier, kind }, index) =>
          html`<path class="${kind}" d="M432 ${middle} H 520 C 556 ${middle} 540 ${y(index)} 576 ${y(index)}" />
            <text class="${kind}" x="584" y="${y(index) - 6}">${access}</text>
            <text class="small" x="584" y="${y(index) + 11}">${locks}</text>
            <text class="small" x="584" y="${y(index) + 26}">${earlier}</text>`,
      )}
      ${more > 0 ? html`<text x="584" y="${y(shown.length)}">and ${more} more, as the tables below say</text>` : ""}
    </svg>
  </div>`;
}
