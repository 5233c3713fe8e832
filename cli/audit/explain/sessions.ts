import { asRecord, asText } from "../../../infra/config/json";
import { actOf, type AgentLine, sessionAgents } from "../agent/lines";
import type { AgentAlarm } from "../agent/reviewed";

/** A session of the agent that worked on a pull request. */
export interface SessionStory {
  readonly session: string;
  readonly agent: string;
  /** Version of the agent that it ran; empty when the source has none. */
  readonly version: string;
  readonly source: AgentLine["source"];
  /** What joins it: the strongest of them. */
  readonly by: "request id" | "branch" | "number";
  /** When it began, and when it was last heard of, in ISO 8601. */
  readonly from: string;
  readonly until: string;
  readonly calls: number;
  readonly confirmed: number;
  readonly denied: number;
  /** Who asked for it, where the source says so. Anthropic does not. */
  readonly askedBy: string;
  /** How it differs from what was reviewed. */
  readonly alarms: readonly string[];
}

/** By what a session can be known to have worked on a pull request. */
export interface Traces {
  /** Ids of the gate's records that belong to the pull request. */
  readonly requestIds: ReadonlySet<string>;
  /** Its branch; empty when GitHub was not asked. */
  readonly branch: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly number: number;
  /** Only sessions in this time can join by branch or number, in milliseconds. */
  readonly from: number;
  readonly until: number;
}

/** A branch or a number is in a tool's input long before or after the request, but not in another year. */
const AROUND_MS = 24 * 3_600_000;

/**
 * The sessions that worked on a pull request. A session whose tools answered with the id of one of its requests is sure;
 * one that only named the branch, or the number together with the repository, is likely.
 */
export function joinSessions(
  lines: readonly AgentLine[],
  alarms: readonly AgentAlarm[],
  traces: Traces,
): readonly SessionStory[] {
  const agents = sessionAgents(lines);
  const sessions = new Map<string, AgentLine[]>();
  for (const line of lines) {
    if (line.session === "") continue;
    const own = sessions.get(line.session) ?? [];
    own.push(line);
    sessions.set(line.session, own);
  }
  return [...sessions]
    .flatMap(([session, own]) => {
      const by = joinOf(own, traces);
      if (by === undefined) return [];
      const acts = own.flatMap((line) => actOf(line) ?? []);
      const answers = acts.filter(({ kind }) => kind === "confirmation");
      const times = own.map(({ at }) => at).sort();
      const agent = agents.get(session);
      const asked = own
        .map(({ kind, event }) => (kind === "session" ? asText(event.by) : ""))
        .find((who) => who !== "");
      return [
        {
          session,
          agent: agent?.name ?? "",
          version: agent?.version ?? "",
          source: own[0]?.source ?? "claude",
          by,
          from: times[0] ?? "",
          until: times.at(-1) ?? "",
          calls: acts.filter(({ kind }) => kind === "call").length,
          confirmed: answers.filter(({ decision }) => decision === "allow").length,
          denied: answers.filter(({ decision }) => decision === "deny").length,
          askedBy: asked ?? "",
          alarms: alarms.filter((alarm) => alarm.session === session).map(({ says }) => says),
        },
      ];
    })
    .sort((a, b) => (a.from < b.from ? -1 : 1));
}

function joinOf(own: readonly AgentLine[], traces: Traces): SessionStory["by"] | undefined {
  if (own.some(({ requestIds = [] }) => requestIds.some((id) => traces.requestIds.has(id)))) return "request id";
  const near = own.filter(({ at }) => {
    const ms = Date.parse(at);
    return ms >= traces.from - AROUND_MS && ms <= traces.until + AROUND_MS;
  });
  const inputs = near.flatMap((line) => (actOf(line)?.kind === "call" ? [actOf(line)?.input ?? ""] : []));
  const [, name = ""] = traces.repository.split("/");
  if (traces.branch !== "" && inputs.some((input) => namesWord(input, traces.branch))) return "branch";
  const number = String(traces.number);
  return inputs.some((input) => namesWord(input, name) && namesWord(input, number)) ? "number" : undefined;
}

/** Whether a text has this word, not as a part of a longer one. */
function namesWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!/[\w.-]/.test(text[at - 1] ?? " ") && !/[\w-]/.test(text[at + word.length] ?? " ")) return true;
  return false;
}

/** What people answered in these sessions, for the time line. */
export function confirmationsOf(
  lines: readonly AgentLine[],
  sessions: readonly SessionStory[],
): { readonly at: string; readonly who: string; readonly what: string }[] {
  // A call's own id, as its answer names it.
  const ownId = ({ source, id, event }: AgentLine): string =>
    source === "log" ? id.replace(/^log:/, "") : asText(event.id);
  const calls = new Map(lines.flatMap((line) => (line.kind === "event" ? [[ownId(line), line] as const] : [])));
  return lines.flatMap((line) => {
    const act = actOf(line);
    if (act?.kind !== "confirmation" || !sessions.some(({ session }) => session === line.session)) return [];
    const asked = calls.get(act.call);
    const tool = asked === undefined ? "a tool" : (actOf(asked)?.tool ?? "a tool");
    return [
      {
        at: line.at,
        who: act.by || "somebody",
        what: `${act.decision === "deny" ? "denied" : "allowed"} ${tool}${act.says === "" ? "" : `: ${act.says}`} in session ${line.session}`,
      },
    ];
  });
}

/** How a session began, for the time line. */
export function beginningsOf(
  lines: readonly AgentLine[],
  sessions: readonly SessionStory[],
): { readonly at: string; readonly who: string; readonly what: string }[] {
  return sessions.flatMap(({ session, agent, version, askedBy }) => {
    const start = lines.find((line) => line.session === session && line.kind === "session");
    if (start === undefined) return [];
    const title = asText(asRecord(start.event).title);
    return [
      {
        at: start.at,
        who: askedBy || "somebody",
        what: `started session ${session} of ${agent || "the agent"}${version === "" ? "" : `, version ${version}`}${title === "" ? "" : ` (${title})`}`,
      },
    ];
  });
}
