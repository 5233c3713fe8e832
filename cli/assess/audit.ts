import { DAY_SECONDS } from "../../edge/time";
import { names } from "../../infra/model";
import { eventHooks, githubEventsUrl, retention } from "../../infra/plans";
import { verifyChain } from "../../gate/policy/audit";
import { longestLock } from "../live/bucketLock";
import type { Context } from "../live/context";
import { trailPage } from "../live/gateTrail";
import type { Call } from "../live/reader";
import { tokenNotes } from "../live/tokenNotes";
import { requestIdOf } from "./gate";
import {
  asRecord,
  cannotTell,
  hasFailed,
  judged,
  asList,
  asText,
  cannotTellFrom,
  cannotTellFromList,
  type Question,
  type Finding,
} from "./question";
import { onCloudflare, onGitHub } from "./systems";

const TRAIL = "the audit trail";

/** The trail as the gate gives it, followed from its first record. */
interface Trail {
  readonly calls: readonly Call[];
  readonly records: number;
  readonly broken: readonly string[];
  readonly gaps: readonly string[];
  /** Whether the last record is the one that the gate calls its head. */
  readonly complete: boolean;
  readonly head: { readonly seq: number; readonly hash: string };
  readonly last: { readonly seq: number; readonly hash: string };
  /** Hashes of the GitHub tokens that were used, oldest first. */
  readonly tokens: readonly string[];
  readonly requestIds: ReadonlySet<string>;
  readonly observed: number;
}

const trails = new WeakMap<Context, Promise<Trail | { readonly finding: Finding }>>();

/**
 * Read once for all questions. A record that is read while others are written is none that is missing: the head is
 * asked for first.
 */
function trailOf(context: Context): Promise<Trail | { readonly finding: Finding }> {
  const known = trails.get(context) ?? readTrail(context);
  trails.set(context, known);
  return known;
}

async function readTrail(context: Context): Promise<Trail | { readonly finding: Finding }> {
  if ("missing" in context.gate) return { finding: cannotTell(TRAIL, context.gate.missing) };
  const { operator } = context.gate.client;
  if ("missing" in operator) return { finding: cannotTell(TRAIL, operator.missing) };
  // The newest probe first, so that its record is among what is read.
  const marker =
    "client" in context.gate.client.agent
      ? await context.gate.client.agent.client.get(
          `/repos/${context.environment.organization}/gatehouse-assess-not-listed`,
        )
      : undefined;
  const calls: Call[] = [];
  const broken: string[] = [];
  const gaps: string[] = [];
  const tokens = new Set<string>();
  const requestIds = new Set<string>();
  let observed = 0;
  let records = 0;
  let last: { seq: number; hash: string } | undefined;
  let head = { seq: 0, hash: "" };
  const markerId = marker ? requestIdOf(marker) : "";
  for (let waited = false; ;) {
    const { response, head: end } = await trailPage(operator.client, last?.seq ?? 0);
    calls.push(response.call);
    if (response.call.status !== 200) return { finding: cannotTellFrom(TRAIL, response, "the operator key") };
    if (head.hash === "") head = end;
    const lines = response.text.split("\n").filter((line) => line !== "");
    const check = await verifyChain(lines, last);
    // A gate that gives the same records again would be asked for ever.
    const advances = lines.length > 0 && check.lastSeq > (last?.seq ?? 0);
    for (const { seq: at, problem } of check.problems)
      (problem.includes("gap record") ? gaps : broken).push(`${at}: ${problem}`);
    for (const line of lines) {
      const record = readRecord(line);
      if (asText(record.tokenSha256) !== "") {
        tokens.delete(asText(record.tokenSha256));
        tokens.add(asText(record.tokenSha256));
      }
      if (record.decision === "observe") observed++;
      requestIds.add(asText(record.requestId));
    }
    records += check.records;
    if (lines.length > 0) last = { seq: check.lastSeq, hash: check.lastHash };
    const more = advances && (last?.seq ?? 0) < head.seq && records < context.auditRecords;
    if (more) continue;
    // An isolate writes down a read within a second after its answer; another one may have given the trail.
    if (markerId === "" || requestIds.has(markerId) || waited) break;
    waited = true;
    await new Promise((resume) => {
      setTimeout(resume, 2_000);
    });
  }
  if (markerId !== "" && requestIds.has(markerId)) requestIds.add("marker");
  return {
    calls,
    records,
    broken,
    gaps,
    complete: last !== undefined && last.seq >= head.seq,
    head,
    last: last ?? { seq: 0, hash: "" },
    tokens: [...tokens],
    requestIds,
    observed,
  };
}

function readRecord(line: string): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(line));
  } catch {
    return {};
  } // a line that is no record is the chain's finding
}

async function onTrail(
  context: Context,
  ask: (trail: Trail) => Promise<Finding> | Finding,
): Promise<readonly Finding[]> {
  const trail = await trailOf(context);
  return ["finding" in trail ? trail.finding : await ask(trail)];
}

const few = (all: readonly string[]): string[] => [
  ...all.slice(0, 5),
  ...(all.length > 5 ? [`and ${all.length - 5} more`] : []),
];

const chain: Question = {
  id: "audit-chain",
  section: "audit",
  title: "The audit trail is complete from its first record: no record is missing or changed",
  controls: ["NIST SP 800-53 AU-9", "NIST SP 800-53 AU-10"],
  ask: (context) =>
    onTrail(context, ({ broken, records, last, head, complete, calls }) => {
      const ends =
        last.seq === head.seq && last.hash !== head.hash
          ? ["its last record is not the one that the gate calls its head"]
          : [];
      const ahead = complete ? [] : [`the gate did not return records ${last.seq + 1} to ${head.seq}`];
      if (!complete && records >= context.auditRecords && broken.length === 0)
        return cannotTell(
          TRAIL,
          `the first ${records} of ${head.seq} records are complete; read more with --audit-records`,
          calls,
        );
      return judged(TRAIL, [...few(broken), ...ends, ...ahead], `${records} records, to ${last.seq}`, calls);
    }),
};

const gaps: Question = {
  id: "audit-gaps",
  section: "audit",
  title: "No instance of the gate lost records",
  controls: ["NIST SP 800-53 AU-12"],
  ask: (context) => onTrail(context, ({ gaps: found, calls }) => judged(TRAIL, few(found), "no gap record", calls)),
};

const fresh: Question = {
  id: "audit-fresh",
  section: "audit",
  title: "This assessment's own request is in the audit trail",
  controls: ["NIST SP 800-53 AU-12"],
  ask: (context) =>
    onTrail(context, ({ requestIds, calls }) => {
      if (!("client" in context.gate) || "missing" in context.gate.client.agent)
        return cannotTell(TRAIL, "GATEHOUSE_GATE_KEY is not set, so this command made no request as the agent", calls);
      return judged(
        TRAIL,
        requestIds.has("marker") ? [] : ["the gate has just refused a request of this command and has no record of it"],
        "the record is there",
        calls,
      );
    }),
};

const observing: Question = {
  id: "audit-observed",
  section: "audit",
  title: "The gate let no request through that it should have refused",
  ask: (context) =>
    onTrail(context, ({ observed, calls }) =>
      judged(
        TRAIL,
        observed === 0 || context.environment.gate.mode.kind === "observe"
          ? []
          : [`the gate let ${observed} requests through while it observed`],
        observed === 0 ? "nothing" : `${observed} requests, while the gate observes as declared`,
        calls,
      ),
    ),
};

const join: Question = {
  id: "audit-token",
  section: "audit",
  title: "The gate last used the token that the store holds",
  controls: ["NIST SP 800-53 AU-3", "NIST SP 800-53 IA-5"],
  ask: (context) =>
    onTrail(context, async ({ tokens, calls }) => {
      const place = names(context.environment).vault;
      const used = tokens.at(-1);
      if (used === undefined) return cannotTell(TRAIL, "no request has used a token yet", calls);
      if (!place || "missing" in context.vault)
        return cannotTell(
          TRAIL,
          "missing" in context.vault ? context.vault.missing : "Workers KV does not show the token's hash",
          calls,
        );
      const { response, notes } = await tokenNotes(context.vault.client, place);
      const stored = asText(notes.token_sha256);
      if (stored === "") return cannotTellFrom(TRAIL, response, `read on ${place.mount}/metadata/${place.token}`);
      return judged(
        TRAIL,
        used === stored ? [] : [`the gate used ${used.slice(0, 12)}…, but the store holds ${stored.slice(0, 12)}…`],
        `${stored.slice(0, 12)}…, as GitHub's hashed_token has it`,
        [...calls, response.call],
      );
    }),
};

/** What GitHub itself recorded of the machine user, on plans that give it out. */
const githubLog: Question = {
  id: "github-audit-log",
  section: "audit",
  title: "In GitHub's own audit log, the machine user used only tokens of the gate",
  controls: ["NIST SP 800-53 AU-6"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { organization, agent } = context.environment;
      const response = await github.get(
        `/orgs/${organization}/audit-log?phrase=${encodeURIComponent(`actor:${agent.machineUser}`)}&include=all&per_page=100`,
      );
      if (response.call.status === 0 || response.call.status === 401)
        return [cannotTellFrom(agent.machineUser, response, "read:audit_log")];
      if (response.call.status !== 200)
        return [
          cannotTell(
            agent.machineUser,
            `GitHub does not show its audit log (${response.call.status}): that needs the Enterprise plan and the scope read:audit_log`,
            [response.call],
          ),
        ];
      const trail = await trailOf(context);
      if ("finding" in trail) return [{ ...trail.finding, calls: [response.call, ...trail.finding.calls] }];
      const strange = asList(response.json()).filter(
        (event) =>
          asText(asRecord(event).hashed_token) !== "" && !trail.tokens.includes(asText(asRecord(event).hashed_token)),
      );
      return [
        judged(
          agent.machineUser,
          strange
            .map(
              (event) =>
                `${asText(asRecord(event).action)} by ${asText(asRecord(event).hashed_token).slice(0, 12)}…, a token that the gate never used`,
            )
            .slice(0, 5),
          "every event used a token of the gate",
          [response.call, ...trail.calls],
        ),
      ];
    }),
};

const events: Question = {
  id: "organization-events",
  section: "audit",
  title: "Changes of access and rules reach the alert webhook",
  controls: ["NIST SP 800-53 AU-6", "NIST SP 800-53 CM-3"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { environment } = context;
      const { organization, audit } = environment;
      const receivers = [
        { name: "audit.alertWebhook", url: audit.alertWebhook },
        { name: "the gate (audit.githubEvents)", url: githubEventsUrl(environment) },
      ].filter(({ url }) => url !== undefined);
      if (receivers.length === 0) return [];
      const { repositories, events } = eventHooks(environment);
      const places =
        repositories === undefined
          ? [{ subject: organization, at: `/orgs/${organization}`, need: "organization hooks: read (an owner's)" }]
          : repositories.map((name) => ({
              subject: `${organization}/${name}`,
              at: `/repos/${organization}/${name}`,
              need: "webhooks: read",
            }));
      return Promise.all(
        places.map(async ({ subject, at, need }) => {
          const found = await github.list(`${at}/hooks`);
          if (hasFailed(found)) return cannotTellFromList(subject, found, need);
          const wrong = receivers.flatMap(({ name, url }) =>
            hookProblems(
              found.items.find((one) => asText(asRecord(one.config).url) === url),
              name,
              events,
            ),
          );
          return judged(subject, wrong, `${events.length} events`, found.calls);
        }),
      );
    }),
};

/** What is wrong with a webhook. @param receiver what the environment calls the one it must deliver to */
function hookProblems(
  hook: Readonly<Record<string, unknown>> | undefined,
  receiver: string,
  events: readonly string[],
): string[] {
  if (hook === undefined) return [`no webhook points to ${receiver}`];
  const subscribed = asList(hook.events).map(asText);
  return [
    ...(hook.active === true ? [] : [`the webhook to ${receiver} is inactive`]),
    ...events
      .filter((event) => !subscribed.includes(event) && !subscribed.includes("*"))
      .map((event) => `the webhook to ${receiver} does not subscribe to ${event}`),
    ...(asText(asRecord(hook.config).insecure_ssl || "0") === "0"
      ? []
      : [`the webhook to ${receiver} accepts any TLS certificate`]),
  ];
}

const bucketLock: Question = {
  id: "bucket-lock",
  section: "audit",
  title: "Nobody can delete an audit record before the retention is over",
  controls: ["NIST SP 800-53 AU-9", "NIST SP 800-53 AU-11"],
  ask: (context) =>
    onCloudflare(context, async (cloudflare, account) => {
      const { auditBucket } = names(context.environment);
      const response = await cloudflare.get(`${account}/r2/buckets/${auditBucket}/lock`);
      if (response.call.status === 404) return [judged(auditBucket, ["there is no such bucket"], "", [response.call])];
      if (response.call.status !== 200) return [cannotTellFrom(auditBucket, response, "Workers R2 Storage: Read")];
      const { lockSeconds } = retention(context.environment);
      const longest = longestLock(asRecord(asRecord(response.json()).result).rules);
      return [
        judged(
          auditBucket,
          longest >= lockSeconds
            ? []
            : [
                longest === 0
                  ? "no lock rule covers the whole bucket"
                  : `records are locked for ${Math.floor(longest / DAY_SECONDS)} days, declared ${lockSeconds / DAY_SECONDS}`,
              ],
          `locked for ${lockSeconds / DAY_SECONDS} days or longer`,
          [response.call],
        ),
      ];
    }),
};

const copies: Question = {
  id: "logpush",
  section: "audit",
  title: "Logpush copies the gate's log as declared",
  controls: ["NIST SP 800-53 AU-9"],
  ask: (context) =>
    onCloudflare(context, async (cloudflare, account) => {
      const declared = context.environment.audit.sinks.filter(({ kind }) => kind === "logpush").length;
      if (declared === 0) return [];
      const { gateScript } = names(context.environment);
      const [jobs, settings] = await Promise.all([
        cloudflare.get(`${account}/logpush/jobs`),
        cloudflare.get(`${account}/workers/scripts/${gateScript}/settings`),
      ]);
      if (jobs.call.status !== 200) return [cannotTellFrom(gateScript, jobs, "Logs: Read")];
      const own = asList(asRecord(jobs.json()).result)
        .map(asRecord)
        .filter(
          (job) =>
            job.dataset === "workers_trace_events" &&
            job.enabled === true &&
            (asText(job.filter) === "" || asText(job.filter).includes(JSON.stringify(gateScript))),
        );
      return [
        judged(
          gateScript,
          [
            ...(own.length >= declared ? [] : [`${own.length} running jobs, declared ${declared}`]),
            ...(settings.call.status === 200 && asRecord(asRecord(settings.json()).result).logpush !== true
              ? ["the script does not send its log to Logpush"]
              : []),
          ],
          `${own.length} jobs`,
          [jobs.call, settings.call],
        ),
      ];
    }),
};

export const AUDIT: readonly Question[] = [chain, gaps, fresh, observing, join, bucketLock, copies, events, githubLog];
