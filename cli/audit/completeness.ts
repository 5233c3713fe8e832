import type { AuditRecord } from "../../gate/policy/audit";
import { githubEvents, happening, type GitHubEvent, type Happening } from "./github";
import { glanceAt, type Glance } from "./records";
import type { PullState, TrailFiles } from "./trail";

/** What GitHub saw of the machine user, and the gate has no record of. */
export interface Around extends Happening {
  /** A sentence for whoever must act. */
  readonly says: string;
}

/** GitHub writes the second; clocks differ. What the gate sent is looked for this far around. */
const WINDOW_MS = 15_000;
/** References of one push are written within so long of one another. */
const SAME_PUSH_MS = 2_000;

/** Actions of the audit log that follow from nothing the machine user sends, such as what people do to it. */
const PASSIVE = /^(?:org|team|repo|business|user|personal_access_token|integration_installation)\./;
/** What a person does to make a token, on GitHub's pages. */
const isPassive = ({ action, tokenSha256 }: Happening): boolean =>
  tokenSha256 === "" && (PASSIVE.test(action) || CONSEQUENCE.test(action));
/** One request has several webhook events, under names of their own; only a push is told apart by itself. */
const CONSEQUENCE = /^webhook (?!push$)/;

type Kind = "push" | "fetch" | "read" | "write";

/** What the gate must have let through for it. */
function kindOf({ action, method }: Happening): Kind {
  if (action === "api.request") return method === "GET" || method === "HEAD" || method === "" ? "read" : "write";
  if (/^git\.(?:clone|fetch)$/.test(action)) return "fetch";
  if (action === "git.push" || /^(?:PushEvent|CreateEvent|DeleteEvent|rule suite|webhook push)$/.test(action))
    return "push";
  return "write";
}

/** What was let through, as far as it can be the cause of an event. */
interface Passed {
  /** Which of them it is, in the order of the trail. */
  readonly place: number;
  readonly ms: number;
  readonly until: number;
  readonly kind: Kind;
  readonly method: string;
  readonly path: string;
  readonly repository: string;
  readonly tokenSha256: string;
  /** Actions that it accounts for already, with their time: one request causes one of each. */
  readonly spent: Map<string, number>;
}

/** What is kept of a trail's records to judge events by. A trail may be longer than memory. */
class Seen implements Glance {
  /** Requests that were let through near an event. */
  readonly passed: Passed[] = [];
  readonly tokens = new Set<string>();
  /** When the first request came, and the latest. */
  first: number | undefined;
  last = 0;

  /** @param times of the events, sorted */
  constructor(private readonly times: readonly number[]) {}

  note(ms: number, tokenSha256: string): void {
    this.last = Math.max(this.last, ms);
    this.first ??= this.last;
    if (tokenSha256 !== "") this.tokens.add(tokenSha256);
  }

  isWanted(ms: number, until: number): boolean {
    return hasBetween(this.times, ms - WINDOW_MS, until + WINDOW_MS);
  }

  keep(record: AuditRecord): void {
    if (record.tokenSha256 === "" || record.decision === "deny" || record.decision === "gap") return;
    const ms = Date.parse(record.ts);
    this.passed.push({
      place: this.passed.length,
      ms,
      until: ms + record.ms,
      kind: recordKind(record),
      method: record.method,
      path: record.path,
      repository: record.repository.toLowerCase(),
      tokenSha256: record.tokenSha256,
      spent: new Map(),
    });
  }
}

/**
 * What GitHub saw around the gate. Each event must have a request that the gate let through: of its kind, to its
 * repository, at its time, with its token where GitHub says it. A request accounts for one event of each action; the
 * references of one push count as one.
 */
export const findAround = (
  happenings: readonly Happening[],
  records: Iterable<AuditRecord>,
  gate: GateSide,
): readonly Around[] =>
  judge(happenings, gate, (seen) => {
    for (const record of records) {
      const ms = Date.parse(record.ts);
      seen.note(ms, record.tokenSha256);
      if (seen.isWanted(ms, ms + record.ms)) seen.keep(record);
    }
  });

interface GateSide {
  readonly machineUser: string;
  /** Whether the trail has the newest records. */
  readonly live: boolean;
}

function judge(
  happenings: readonly Happening[],
  { machineUser, live }: GateSide,
  read: (seen: Seen) => void,
): readonly Around[] {
  const wanted = happenings
    .filter(({ actor }) => actor.toLowerCase() === machineUser.toLowerCase())
    .filter((one) => !isPassive(one))
    .sort((a, b) => a.ms - b.ms);
  if (wanted.length === 0) return [];
  const seen = new Seen(wanted.map(({ ms }) => ms));
  read(seen);
  const { first, last, tokens } = seen;
  const passedAbout = inTime(seen.passed);
  return wanted.flatMap((event) => {
    const near = passedAbout(event.ms);
    // What was before the gate, or is not pulled yet, cannot be judged.
    if (first === undefined || event.ms < first || (!live && event.ms > last)) return [];
    const says = strayWords(event, near, tokens);
    return says === undefined ? [] : [{ ...event, says }];
  });
}

/**
 * Leaves out, for times that only grow, the requests that came too late or ended too early to be a cause then; the
 * others stay in the order of the trail. Each is looked at while it can be one: else a trail would take the square of
 * its length.
 */
function inTime(passed: readonly Passed[]): (ms: number) => readonly Passed[] {
  const coming = [...passed].sort((a, b) => a.ms - b.ms);
  let next = 0;
  let near: Passed[] = [];
  return (ms) => {
    const before = next;
    for (let one = coming[next]; one !== undefined && one.ms - WINDOW_MS <= ms; one = coming[++next]) near.push(one);
    near = near.filter(({ until }) => !(until + WINDOW_MS < ms));
    if (next > before) near.sort((a, b) => a.place - b.place);
    return near;
  };
}

/** Whether one of the sorted times lies between two others. */
function hasBetween(times: readonly number[], from: number, to: number): boolean {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low < times.length && (times[low] ?? 0) <= to;
}

function strayWords(event: Happening, passed: readonly Passed[], tokens: ReadonlySet<string>): string | undefined {
  const { tokenSha256, repository, action } = event;
  const what = `${action}${repository === "" ? "" : ` in ${repository}`}${event.detail === "" ? "" : ` (${event.detail})`}`;
  if (tokenSha256 !== "" && !tokens.has(tokenSha256))
    return `${what} with a token that the gate never used (${tokenSha256.slice(0, 12)}…): somebody has another token of the machine user. Revoke it`;
  const kind = kindOf(event);
  const fits = (one: Passed): boolean =>
    event.ms >= one.ms - WINDOW_MS &&
    event.ms <= one.until + WINDOW_MS &&
    (tokenSha256 === "" || one.tokenSha256 === tokenSha256) &&
    (one.repository === "" || repository === "" || one.repository === repository.toLowerCase());
  const near = passed.filter(fits);
  const exact = near.filter(({ kind: other, ...one }) =>
    event.path === "" ? accounts(other, kind) : one.method === event.method && samePath(one.path, event.path),
  );
  for (const one of exact) {
    const spent = one.spent.get(action);
    if (spent !== undefined && !(kind === "push" && Math.abs(event.ms - spent) <= SAME_PUSH_MS)) continue;
    one.spent.set(action, event.ms);
    return undefined;
  }
  // Before it decides, the gate asks GitHub about what it judges; those reads have no record of their own.
  if (kind === "read" && near.length > 0) return undefined;
  return `${what}${tokenSha256 === "" ? "" : ` with the token ${tokenSha256.slice(0, 12)}…`}: the gate has no record of it. Somebody used the token around the gate; run \`gatehouse token revoke --now\``;
}

/** Whether a request of one kind can be the cause of an event of another: files and references are written by REST too. */
const accounts = (request: Kind, event: Kind): boolean =>
  request === event || (event === "push" && request === "write") || (event === "fetch" && request === "read");

/** GitHub's log may name the repository by its number. */
const samePath = (ours: string, theirs: string): boolean =>
  ours.toLowerCase() === theirs.toLowerCase() ||
  ours.replace(/^\/repos\/[^/]+\/[^/]+/, "").toLowerCase() === theirs.replace(/^\/repositories\/\d+/, "").toLowerCase();

function recordKind({ method, path }: AuditRecord): Kind {
  // Whatever an operator asks of the gate, by POST too, the gate only reads at GitHub.
  if (path.startsWith("/_gate/")) return "read";
  if (path.endsWith("/git-receive-pack")) return "push";
  if (path.endsWith("/git-upload-pack")) return "fetch";
  return method === "GET" || method === "HEAD" ? "read" : "write";
}

/** The same for a pulled trail. @param theirs its lines of GitHub's, where they are read already */
export function around(
  files: TrailFiles,
  { github, machineUser, live }: PullState,
  theirs?: readonly GitHubEvent[],
): { readonly events: readonly Around[]; readonly notes: readonly string[] } {
  if (github === undefined)
    return { events: [], notes: ["GitHub's side was not pulled (GITHUB_TOKEN): requests around the gate stay unseen"] };
  const happenings = (theirs ?? githubEvents(files.github)).flatMap((event) => happening(event) ?? []);
  const events = judge(happenings, { machineUser, live }, (seen) => glanceAt(files.gate, seen));
  return {
    events,
    notes: [
      ...github.missing,
      ...(github.source === "events"
        ? ["GitHub's events name no token and no reads: on this plan, reads around the gate stay unseen"]
        : []),
    ],
  };
}
