import type { AuditRecord } from "../../../gate/policy/audit";
import { ALLOWED_SECRET } from "../../../gate/policy/text/secrets";
import { DAY_MS } from "../../../edge/time";
import type { Around } from "../completeness";
import { happening, type GitHubEvent } from "../github";
import type { Verification } from "../verify";

type Severity = "critical" | "high" | "medium";

/** What a rule looks at, beside the gate's records. */
export interface Evidence {
  readonly github: readonly GitHubEvent[];
  readonly around: readonly Around[];
  readonly problems: Verification["problems"];
  /** Sessions that are not what was reviewed. */
  readonly sessions: readonly { readonly id: string; readonly at: string; readonly says: string }[];
  /** When the trail was pulled, and whether the gate itself was asked (milliseconds). */
  readonly pulledAt: number;
  readonly live: boolean;
  readonly machineUser: string;
}

/** One occurrence; `key` is the same in every run that finds it. */
interface Found {
  readonly key: string;
  readonly at: string;
  readonly says: string;
}

/** One pass over the records, then what follows from them and from the rest. */
interface Watch {
  record?(record: AuditRecord): void;
  found(evidence: Evidence): Found[];
}

export interface AlertRule {
  readonly id: string;
  readonly looksAt: string;
  readonly severity: Severity;
  /** What a person does first. */
  readonly first: string;
  /** The number that a person may set, and what it counts. */
  readonly threshold?: { readonly default: number; readonly counts: string };
  watch(threshold: number): Watch;
}

export interface Alert extends Found {
  /** Rule and key: the same alert has the same id in every run. */
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly first: string;
}

const SPAN_MS = 10 * 60_000;
const isAgent = ({ agent }: AuditRecord): boolean => agent !== "" && agent !== "operator";
const isRead = ({ method, path }: AuditRecord): boolean =>
  method === "GET" || method === "HEAD" || path.endsWith("/git-upload-pack");
const iso = (ms: number): string => new Date(ms).toISOString();
const spanOf = ({ ts }: AuditRecord): number => Math.floor(Date.parse(ts) / SPAN_MS) * SPAN_MS;

/** Counts in spans of ten minutes of the clock, for each agent; keeps those spans alone that reach the threshold. */
function inSpans(
  threshold: number,
  counts: (record: AuditRecord) => string | undefined,
  says: (agent: string, count: number) => string,
): Watch {
  const spans = new Map<string, { readonly agent: string; readonly at: number; readonly seen: Set<string> }>();
  const reached = new Map<string, { readonly agent: string; readonly at: number; readonly seen: Set<string> }>();
  let newest = 0;
  return {
    record(record) {
      const what = isAgent(record) ? counts(record) : undefined;
      if (what === undefined) return;
      const at = spanOf(record);
      const key = `${record.agent} ${iso(at)}`;
      const span = spans.get(key) ?? { agent: record.agent, at, seen: new Set<string>() };
      spans.set(key, span);
      span.seen.add(what);
      if (span.seen.size >= threshold) reached.set(key, span);
      if (at <= newest) return;
      newest = at;
      // Records come in order, but for what was under way: what is an hour old is over.
      for (const [old, { at: then }] of spans) if (then < newest - 6 * SPAN_MS) spans.delete(old);
    },
    found: () => [...reached].map(([key, { agent, at, seen }]) => ({ key, at: iso(at), says: says(agent, seen.size) })),
  };
}

/** One alert for each record that shows something. */
function each(says: (record: AuditRecord) => string | undefined): Watch {
  const found: Found[] = [];
  return {
    record(record) {
      const words = says(record);
      if (words !== undefined) found.push({ key: `record ${record.seq}`, at: record.ts, says: words });
    },
    found: () => found,
  };
}

/** Acts that change what holds the agent, as GitHub's audit log names them (pull/github.ts asks for these). */
const LOGGED = [
  "repository_ruleset",
  "protected_branch",
  "hook",
  "integration_installation",
  "org\\.(?:add|update|remove)_member",
  "team\\.(?:(?:add|remove)_(?:member|repository)|update_repository_permission)",
  "repo\\.(?:access|add_member|update_member|actions_enabled)",
];
/** The same as webhooks name them, besides `repository_ruleset`. */
const DELIVERED = [
  "branch_protection_(?:rule|configuration)",
  "deploy_key",
  "member",
  "membership",
  "organization\\.member_(?:added|removed)",
  "repository\\.(?:publicized|privatized|transferred)",
  "team_add",
  "team\\.(?:added_to|removed_from)_repository",
];
const POSTURE = new RegExp(`^(?:${[...LOGGED, ...DELIVERED].join("|")})\\b`);

/** Every rule, in the order in which a person wants to read about it. docs/audit.md has the same list. */
export const ALERT_RULES: readonly AlertRule[] = [
  {
    id: "around-the-gate",
    looksAt: "what GitHub saw of the machine user, and no request of the gate accounts for",
    severity: "critical",
    first: "Run `gatehouse token revoke --now`; then find out who has the token.",
    watch: () => ({
      found: ({ around }) =>
        around.map(({ at, action, detail, says }) => ({ key: `${at} ${action} ${detail}`, at, says })),
    }),
  },
  {
    id: "record-missing",
    looksAt: "the chain, its signatures, its ends and the bucket's lock, as `audit verify` checks them; gap records",
    severity: "critical",
    first:
      "Keep the folder as it is, run `gatehouse audit verify`, and compare with a checkpoint of the alert webhook.",
    watch: () => ({
      found: ({ problems, pulledAt }) =>
        problems
          // Those of GitHub's side and of the agent's have rules of their own.
          .filter(({ place }) => !/^(?:GitHub|the agent),/.test(place))
          .map(({ place, problem }) => ({
            key: `${place.replace(/^.*\/(?=[^/]+$)/, "")} ${problem}`,
            at: iso(pulledAt),
            says: `${place}: ${problem}`,
          })),
    }),
  },
  {
    id: "session-differs",
    looksAt: "sessions whose agent, tools, MCP servers, environment or vaults are not the reviewed ones",
    severity: "high",
    first: "Archive the session, then read what it did: `gatehouse audit explain`.",
    watch: () => ({ found: ({ sessions }) => sessions.map(({ id, at, says }) => ({ key: id, at, says })) }),
  },
  {
    id: "posture-changed",
    looksAt: "GitHub's events of rulesets, branch protection, hooks, Apps and access; pushes that bypassed a rule",
    severity: "high",
    first: "Run `pulumi preview --refresh` and `gatehouse assess`; if nobody planned it, put it back with `pulumi up`.",
    watch: () => ({
      found: ({ github }) =>
        github.flatMap((event) => {
          if (event.source === "rule-suites")
            return event.event.result === "bypass"
              ? [
                  {
                    key: event.id,
                    at: event.at,
                    says: `${happening(event)?.detail ?? ""} by ${String(event.event.actor_name)}`,
                  },
                ]
              : [];
          const one = happening(event);
          if (one === undefined || !POSTURE.test(one.action.replace(/^webhook /, ""))) return [];
          return [
            {
              key: event.id,
              at: one.at,
              says: `${one.action} ${one.repository} by ${one.actor}`.replace(/ {2,}/g, " "),
            },
          ];
        }),
    }),
  },
  {
    id: "secrets-found",
    looksAt: "requests in which the gate found a credential",
    severity: "high",
    first: "Revoke the credential where it was made; it stood in what the agent wrote, and may stand in its workspace.",
    watch: () =>
      each((record) => {
        const rules = new Set(record.findings.map(({ rule }) => rule).filter((rule) => rule !== ALLOWED_SECRET));
        return rules.size === 0
          ? undefined
          : `${[...rules].join(", ")} in ${record.method} ${record.path} (${record.decision}, ${record.requestId})`;
      }),
  },
  {
    id: "refusals-burst",
    looksAt: "refusals of one agent within ten minutes",
    severity: "high",
    threshold: { default: 20, counts: "refusals in ten minutes" },
    first:
      "Look at what it tried: `gatehouse audit query --named refusals-by-rule`; if that is no mistake, `gatehouse token revoke --now` stops it.",
    watch: (threshold) =>
      inSpans(
        threshold,
        ({ decision, requestId }) => (decision === "deny" || decision === "observe" ? requestId : undefined),
        (agent, count) => `${agent} was refused ${count} times in ten minutes`,
      ),
  },
  {
    id: "bulk-reads",
    looksAt: "addresses that one agent reads within ten minutes",
    severity: "medium",
    threshold: { default: 500, counts: "addresses read in ten minutes" },
    first: "Compare with the task that it was given: `gatehouse audit query --named bulk-reads`.",
    watch: (threshold) =>
      inSpans(
        threshold,
        (record) => (record.decision !== "deny" && isRead(record) ? record.path : undefined),
        (agent, count) => `${agent} read ${count} addresses in ten minutes`,
      ),
  },
  {
    id: "large-push",
    looksAt: "bytes of one push or write",
    severity: "medium",
    threshold: { default: 5_000_000, counts: "bytes" },
    first: "Read the change before it is reviewed as usual; `gate.maxPushBytes` bounds it.",
    watch: (threshold) =>
      each((record) =>
        isAgent(record) && !isRead(record) && record.bytesIn >= threshold
          ? `${record.agent} sent ${record.bytesIn} bytes: ${record.method} ${record.path} (${record.decision})`
          : undefined,
      ),
  },
  {
    id: "new-address",
    looksAt: "addresses that an agent's key is used from for the first time, after its first days",
    severity: "medium",
    threshold: { default: 2, counts: "days in which every address is new" },
    first: "Ask whose address it is; if nobody knows, make a new gate key: `gatehouse token gate-key`.",
    watch: (days) => {
      const since = new Map<string, number>();
      const known = new Set<string>();
      return each((record) => {
        if (!isAgent(record) || record.clientIp === "") return undefined;
        const ms = Date.parse(record.ts);
        const start = since.get(record.agent) ?? ms;
        since.set(record.agent, start);
        const key = `${record.agent} ${record.clientIp}`;
        if (known.has(key)) return undefined;
        known.add(key);
        return ms - start < days * DAY_MS
          ? undefined
          : `${record.agent} works from ${record.clientIp} for the first time`;
      });
    },
  },
  {
    id: "rotation-overdue",
    looksAt: "how long the token in use is in use",
    severity: "high",
    threshold: { default: 31, counts: "days" },
    first: "Run `gatehouse token status`, then `gatehouse token rotate`.",
    watch: (days) => {
      const first = new Map<string, number>();
      let last: { readonly token: string; readonly ms: number } | undefined;
      return {
        record({ tokenSha256: token, ts }) {
          if (token === "") return;
          const ms = Date.parse(ts);
          if (!first.has(token)) first.set(token, ms);
          last = { token, ms };
        },
        found({ pulledAt }) {
          const since = last === undefined ? undefined : first.get(last.token);
          if (last === undefined || since === undefined || pulledAt - since <= days * DAY_MS) return [];
          const says = `the token ${last.token.slice(0, 12)}… is in use since ${iso(since)}, for more than ${days} days`;
          return [{ key: last.token, at: iso(pulledAt), says }];
        },
      };
    },
  },
  {
    id: "silence",
    looksAt: "how long there is no record; only where the gate itself was asked",
    severity: "medium",
    threshold: { default: 72, counts: "hours" },
    first: "Ask the gate: `gatehouse assess`. An agent that works without records works elsewhere.",
    watch: (hours) => {
      let last = 0;
      return {
        record({ ts }) {
          last = Math.max(last, Date.parse(ts));
        },
        found: ({ live, pulledAt }) =>
          live && last > 0 && pulledAt - last > hours * 3_600_000
            ? [{ key: iso(last), at: iso(pulledAt), says: `no record since ${iso(last)}` }]
            : [],
      };
    },
  },
];

/**
 * What a trail alerts of, the worst first, then by time. The records are read once.
 * @param thresholds by rule, in place of the rule's own
 */
export function findAlerts(
  records: Iterable<AuditRecord>,
  evidence: Evidence,
  thresholds: Readonly<Record<string, number>> = {},
): Alert[] {
  const watches = ALERT_RULES.map((rule) => ({
    rule,
    watch: rule.watch(thresholds[rule.id] ?? rule.threshold?.default ?? 0),
  }));
  for (const record of records) for (const { watch } of watches) watch.record?.(record);
  const order: readonly Severity[] = ["critical", "high", "medium"];
  return watches
    .flatMap(({ rule: { id: rule, severity, first }, watch }) =>
      watch.found(evidence).map((found) => ({ ...found, id: `${rule}: ${found.key}`, rule, severity, first })),
    )
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
