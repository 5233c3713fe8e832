import { DAY_MS } from "../../../edge/time";
import type { AuditRecord } from "../../../gate/policy/audit";
import { requestOf } from "../../../gate/policy/pullRequest/trailer";
import { asRecord, asText, type JsonRecord } from "../../../infra/config/json";
import { byCode } from "../../../infra/model/text";
import type { Around } from "../completeness";
import { happening, type GitHubEvent } from "../github";
import type { AgentLine } from "../agent/lines";
import { agentAlarms, type Reviewed } from "../agent/reviewed";
import { beginningsOf, confirmationsOf, joinSessions, type SessionStory } from "./sessions";

/** One entry of a pull request's time line. */
export interface Step {
  /** In ISO 8601. */
  readonly at: string;
  readonly who: string;
  readonly kind: "read" | "write" | "refused" | "review" | "merge" | "around" | "session" | "confirmation";
  readonly what: string;
  /** How many requests it sums up. */
  readonly count: number;
  readonly requestId: string;
  readonly link: string;
}

/** What happened around one pull request, from first read to merge. */
export interface Story {
  readonly pull: string;
  readonly title: string;
  readonly url: string;
  readonly state: string;
  readonly author: string;
  readonly head: string;
  readonly base: string;
  /** The request that opened it, by the line that the gate writes at the end of its text; empty when it has none. */
  readonly requestId: string;
  readonly agent: string;
  /** The agent's sessions that worked on it, by its own log. */
  readonly sessions: readonly SessionStory[];
  readonly tokens: readonly string[];
  readonly addresses: readonly string[];
  readonly approvedBy: readonly string[];
  readonly mergedBy: string;
  readonly steps: readonly Step[];
  /** What a reader must know of how this was put together. */
  readonly notes: readonly string[];
}

export interface StoryInput {
  /** `owner/name`. */
  readonly repository: string;
  readonly number: number;
  /** GitHub's pull request; undefined when it could not be asked. */
  readonly pull: JsonRecord | undefined;
  readonly reviews: readonly JsonRecord[];
  /** Of all repositories; those of others are passed over. */
  readonly records: Iterable<AuditRecord>;
  readonly github: readonly GitHubEvent[];
  readonly around: readonly Around[];
  readonly machineUser: string;
  /** The agent's own log; empty when there is none. */
  readonly agentLog?: readonly AgentLine[];
  /** What the stack declares at Anthropic. */
  readonly reviewed?: Reviewed | undefined;
}

/** What an agent read this long before it opened the pull request is told with it. */
const BEFORE_MS = DAY_MS;
/** A push at the gate and the reference's change at GitHub are within so long of one another. */
const SAME_MS = 15_000;

/**
 * Puts together what the gate, GitHub and people did for one pull request. The request that opened it is known by its
 * id; pushes by the time at which GitHub moved the branch; reads are those of the repository while it was worked on.
 */
export function tellStory(input: StoryInput): Story {
  const { repository, number, reviews, machineUser } = input;
  const pull = input.pull ?? {};
  const notes: string[] =
    input.pull === undefined ? ["GitHub was not asked: reviews, merge and branch are missing"] : [];
  const own: AuditRecord[] = [];
  for (const one of input.records) if (one.repository.toLowerCase() === repository.toLowerCase()) own.push(one);
  const requestId = requestOf(asText(pull.body)) ?? "";
  const opened = own.find((one) => requestId !== "" && one.requestId === requestId);
  if (input.pull !== undefined && opened === undefined)
    notes.push(
      requestId === ""
        ? "its text has no Gatehouse-Request line: it was not opened through the gate"
        : `request ${requestId} opened it, and is not in this trail: pull it again, or it is older than the trail`,
    );
  const created = Date.parse(asText(pull.created_at)) || Date.parse(opened?.ts ?? "") || Number.NaN;
  const ended = Date.parse(asText(pull.closed_at)) || Number.POSITIVE_INFINITY;
  const head = asText(asRecord(pull.head).ref);
  const agent = opened?.agent ?? own.find((one) => names(one.path, number))?.agent ?? "";
  const previous = previousOpening(own, created);
  const from = Math.max(created - BEFORE_MS, previous);
  const pushes = pushesOf(own, movesOf(input.github, repository, head));
  const steps: Step[] = [];
  for (const record of own) {
    const ms = Date.parse(record.ts);
    const about = names(record.path, number) || record.requestId === requestId;
    const pushed = isPush(record);
    const pushedHere = pushes.has(record.seq);
    if (!about && !pushedHere) {
      if (Number.isNaN(created) || ms < from || ms > Math.min(ended, Date.now())) continue;
      // What names another pull request or issue belongs to that one; a push that moved another branch too.
      if (/\/(?:pulls|issues)\/\d+(?:\/|$)/.test(record.path) || (pushed && record.decision === "allow")) continue;
      if (ms > created && record.decision !== "deny") continue;
    }
    steps.push(stepOf(record, requestId));
  }
  for (const review of reviews) steps.push(reviewStep(review));
  const mergedBy = asText(asRecord(pull.merged_by).login);
  if (asText(pull.merged_at) !== "")
    steps.push({
      ...step(new Date(Date.parse(asText(pull.merged_at))).toISOString(), mergedBy || "GitHub", "merge"),
      what: `merged ${head} into ${asText(asRecord(pull.base).ref)} as ${asText(pull.merge_commit_sha).slice(0, 12)}`,
      link: asText(pull.html_url),
    });
  for (const event of input.around)
    if (
      event.repository.toLowerCase() === repository.toLowerCase() &&
      (Number.isNaN(from) || event.ms >= from) &&
      event.ms <= ended
    )
      steps.push({ ...step(event.at, event.actor, "around"), what: event.says });
  const ids = new Set(steps.map((one) => one.requestId));
  const log = input.agentLog ?? [];
  const sessions = joinSessions(log, agentAlarms(log, input.reviewed), {
    requestIds: new Set(steps.filter(({ kind }) => kind === "write" || kind === "refused").map((one) => one.requestId)),
    branch: head,
    repository,
    number,
    from: Number.isNaN(created) ? Number.NEGATIVE_INFINITY : created,
    until: ended,
  });
  for (const one of beginningsOf(log, sessions)) steps.push({ ...step(one.at, one.who, "session"), what: one.what });
  for (const one of confirmationsOf(log, sessions))
    steps.push({ ...step(one.at, one.who, "confirmation"), what: one.what });
  if (log.length > 0 && sessions.length === 0)
    notes.push("no session of the agent's log names one of its requests, its branch or its number");
  steps.sort((a, b) => byCode(a.at, b.at));
  const shown = own.filter((one) => ids.has(one.requestId));
  const unique = (all: readonly string[]): string[] => [...new Set(all.filter((one) => one !== ""))];
  return {
    pull: `${repository}#${number}`,
    title: asText(pull.title),
    url: asText(pull.html_url),
    state: asText(pull.merged_at) === "" ? asText(pull.state) : "merged",
    author: asText(asRecord(pull.user).login) || (opened === undefined ? "" : machineUser),
    head,
    base: asText(asRecord(pull.base).ref),
    requestId,
    agent,
    sessions,
    tokens: unique(shown.map((one) => one.tokenSha256)),
    addresses: unique(shown.map((one) => one.clientIp)),
    approvedBy: unique(
      reviews.filter(({ state }) => state === "APPROVED").map(({ user }) => asText(asRecord(user).login)),
    ),
    mergedBy,
    steps: summed(steps),
    notes,
  };
}

/** Whether a path is about this pull request. */
const names = (path: string, number: number): boolean => new RegExp(`/(?:pulls|issues)/${number}(?:/|$)`).test(path);

const step = (at: string, who: string, kind: Step["kind"]): Step => ({
  at,
  who,
  kind,
  what: "",
  count: 1,
  requestId: "",
  link: "",
});

function stepOf(record: AuditRecord, opening: string): Step {
  const refused = record.decision === "deny";
  const git = /\/git-(receive|upload)-pack$/.exec(record.path)?.[1];
  const act =
    record.requestId === opening && opening !== ""
      ? "opened the pull request"
      : git === "receive"
        ? "pushed"
        : git === "upload"
          ? "fetched with git"
          : `${record.method} ${record.path}`;
  const reads = git === "upload" || record.method === "GET" || record.method === "HEAD";
  return {
    ...step(record.ts, record.agent, refused ? "refused" : reads ? "read" : "write"),
    what: `${act}${refused ? `: ${record.reason}` : record.status >= 400 ? `: GitHub answered ${record.status}` : ""}`,
    requestId: record.requestId,
  };
}

function reviewStep(review: JsonRecord): Step {
  const state = { APPROVED: "approved", CHANGES_REQUESTED: "asked for changes", DISMISSED: "review dismissed" }[
    asText(review.state)
  ];
  return {
    ...step(
      new Date(Date.parse(asText(review.submitted_at)) || 0).toISOString(),
      asText(asRecord(review.user).login),
      "review",
    ),
    what: `${state ?? "commented"}${asText(review.commit_id) === "" ? "" : ` ${asText(review.commit_id).slice(0, 12)}`}`,
    link: asText(review.html_url),
  };
}

const isPush = ({ path }: AuditRecord): boolean => path.endsWith("/git-receive-pack");

/** The push behind each move of the branch: the nearest in time, by its number. */
function pushesOf(own: readonly AuditRecord[], moves: readonly number[]): ReadonlySet<number> {
  const passed = own.filter((one) => isPush(one) && one.decision !== "deny");
  return new Set(
    moves.flatMap((move) => {
      const near = passed
        .map(({ seq, ts, ms }) => ({ seq, far: Math.max(Date.parse(ts) - move, move - Date.parse(ts) - ms, 0) }))
        .sort((a, b) => a.far - b.far || a.seq - b.seq)[0];
      return near !== undefined && near.far <= SAME_MS ? [near.seq] : [];
    }),
  );
}

/** When GitHub moved a branch. */
function movesOf(github: readonly GitHubEvent[], repository: string, head: string): number[] {
  if (head === "") return [];
  return github.flatMap((one) => {
    const what = happening(one);
    const ref =
      asText(one.event.ref) || asText(asRecord(one.event.payload).full_ref) || asText(asRecord(one.event.payload).ref);
    return what !== undefined &&
      what.repository.toLowerCase() === repository.toLowerCase() &&
      ref.replace(/^refs\/heads\//, "") === head
      ? [what.ms]
      : [];
  });
}

/** When the pull request before this one was opened in the repository: what was read before belongs to that one. */
function previousOpening(own: readonly AuditRecord[], created: number): number {
  return own.reduce((latest, { method, path, ts, status }) => {
    const ms = Date.parse(ts);
    const opens = method === "POST" && /\/pulls$/.test(path) && status === 201;
    return opens && ms < created - SAME_MS ? Math.max(latest, ms) : latest;
  }, 0);
}

/** Reads in a row become one step that counts them. */
function summed(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  for (const one of steps) {
    const before = result.at(-1);
    if (one.kind === "read" && before?.kind === "read" && before.who === one.who)
      result[result.length - 1] = { ...before, count: before.count + 1, what: before.what };
    else result.push(one);
  }
  return result.map((one) =>
    one.count === 1
      ? one
      : { ...one, what: `${one.what}, and ${one.count - 1} more ${one.count === 2 ? "read" : "reads"}` },
  );
}
