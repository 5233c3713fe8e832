import { appendFileSync } from "node:fs";
import { HOUR_MS } from "../../../edge/time";
import { asList, asRecord, asText, type JsonRecord } from "../../../infra/config/json";
import type { Access, Context } from "../../live/context";
import { failureOf, type GitHubReader } from "../../live/reader";
import { githubEvents, type GitHubEvent, type GitHubSource } from "../github";
import { dropPiece, type GitHubState, type PullState, type TrailFiles } from "../trail";
import type { Progress } from "./records";
import { bucketDeliveries, readDeliveries, type Deliveries } from "./webhooks";

/** Events reach GitHub's lists late; so much is read again, and what is known is left out. */
const OVERLAP_MS = 6 * HOUR_MS;
/** GitHub keeps so many events of a repository, 30 days at most. */
const MAX_EVENTS = 300;
/**
 * What anybody changes in what holds the machine user: rules, hooks, Apps, members and teams, access, and the tokens that
 * are let in. The rule `posture-changed` looks for the same (alerts/rules.ts).
 */
const CHANGES = [
  "repository_ruleset",
  "protected_branch",
  "personal_access_token",
  "hook",
  "integration_installation",
  "org.add_member",
  "org.update_member",
  "org.remove_member",
  "team",
  "repo.access",
  "repo.add_member",
  "repo.update_member",
  "repo.actions_enabled",
].map((action) => `action:${action}`);
/** Rule suites of so long are asked for; GitHub has none that are older. */
const SUITES = "month";

/**
 * Appends what GitHub recorded of the machine user since the last pull: the organization's audit log where the plan has
 * one, else the events of each repository; the verdicts of rulesets; and the grants of tokens. What cannot be read is
 * named, and stops nothing: the gate's records are worth having without it.
 * @param deliveries where the gate keeps GitHub's deliveries; the bucket of the stack when absent
 */
export async function pullGitHub(
  context: Context,
  files: TrailFiles,
  before: PullState,
  { deliveries, progress }: { readonly deliveries?: Access<Deliveries> | undefined; readonly progress?: Progress } = {},
): Promise<{ readonly state?: GitHubState; readonly events: number }> {
  dropPiece(files.github);
  const known = new Set<string>();
  for (const { id } of githubEvents(files.github)) known.add(id);
  const missing: string[] = [];
  let written = 0;
  const add = (source: GitHubSource, at: string, id: string, event: JsonRecord): void => {
    const line: GitHubEvent = { source, at, id: `${source}:${id}`, event };
    if (known.has(line.id)) return;
    known.add(line.id);
    appendFileSync(files.github, `${JSON.stringify(line)}\n`);
    written++;
    progress?.("events of GitHub", written);
  };
  // They are in the bucket, so they need no access to GitHub.
  const kept = context.environment.audit.githubEvents
    ? await readDeliveries(
        deliveries ?? deliveriesOf(context),
        (delivery) => known.has(`webhooks:${delivery}`),
        (at, delivery, event) => add("webhooks", at, delivery, event),
      )
    : undefined;
  if ("missing" in context.github)
    return { events: written, ...withoutGitHub(before, [context.github.missing, ...(kept ?? [])], kept !== undefined) };
  const github = context.github.client;
  const started = new Date(context.now).toISOString();
  const { organization, agent } = context.environment;
  const last = before.github?.until;
  const log = await readAuditLog(github, organization, agent.machineUser, last, add);
  if (log !== undefined) missing.push(log, ...(await readEvents(github, context, last, add)));
  missing.push(...(await readSuites(github, context, add)));
  missing.push(...(kept ?? []));
  if ("client" in context.grants)
    missing.push(...(await readGrants(context.grants.client, organization, agent.machineUser, started, add)));
  return {
    events: written,
    state: { source: log === undefined ? "audit-log" : "events", until: started, missing },
  };
}

const deliveriesOf = ({ cloudflare, environment }: Context): Access<Deliveries> =>
  "client" in cloudflare ? { client: bucketDeliveries(cloudflare.client, environment) } : cloudflare;

/** What the last pull knew stays. Where the webhooks alone were read, GitHub's side counts as read from now on. */
function withoutGitHub(
  { github }: PullState,
  missing: readonly string[],
  webhooks: boolean,
): { readonly state?: GitHubState } {
  if (github !== undefined) return { state: { ...github, missing } };
  return webhooks ? { state: { source: "events", until: new Date(0).toISOString(), missing } } : {};
}

type Add = (source: GitHubSource, at: string, id: string, event: JsonRecord) => void;

/** What the machine user did, and what others changed in its fences. Undefined when the log was read; else why not. */
async function readAuditLog(
  github: GitHubReader,
  organization: string,
  machineUser: string,
  last: string | undefined,
  add: Add,
): Promise<string | undefined> {
  const since =
    last === undefined ? "" : ` created:>=${new Date(Date.parse(last) - OVERLAP_MS).toISOString().slice(0, 19)}Z`;
  for (const asked of [`actor:${machineUser}`, ...CHANGES]) {
    const phrase = encodeURIComponent(`${asked}${since}`);
    for await (const page of github.pages(
      `/orgs/${organization}/audit-log?phrase=${phrase}&include=all&order=asc&per_page=100`,
    )) {
      if (page.call.status !== 200)
        return page.call.status === 404 || page.call.status === 403
          ? `GitHub does not show its audit log (${page.call.status}): that needs the Enterprise plan and the scope read:audit_log`
          : `GitHub's audit log: ${failureOf(page)}`;
      for (const one of asList(page.json()).map(asRecord)) {
        const at = Number(one["@timestamp"] ?? one.created_at);
        add("audit-log", new Date(Number.isFinite(at) ? at : 0).toISOString(), asText(one._document_id), one);
      }
    }
  }
  return undefined;
}

/** Of each listed repository; without the token that was used, which GitHub does not say here. */
async function readEvents(
  github: GitHubReader,
  { environment }: Context,
  last: string | undefined,
  add: Add,
): Promise<string[]> {
  const missing: string[] = [];
  for (const { name } of environment.repositories) {
    const repository = `${environment.organization}/${name}`;
    let count = 0;
    let oldest = "";
    for await (const page of github.pages(`/repos/${repository}/events?per_page=100`)) {
      if (page.call.status !== 200) {
        missing.push(`events of ${repository}: ${failureOf(page)}`);
        break;
      }
      for (const one of asList(page.json()).map(asRecord)) {
        count++;
        oldest = asText(one.created_at);
        if (asText(asRecord(one.actor).login).toLowerCase() === environment.agent.machineUser.toLowerCase())
          add("events", new Date(Date.parse(oldest)).toISOString(), asText(one.id), one);
      }
    }
    if (count >= MAX_EVENTS && (last === undefined || oldest > last))
      missing.push(
        `events of ${repository} before ${oldest}: GitHub keeps ${MAX_EVENTS}; pull more often, or let webhooks reach the SIEM`,
      );
  }
  return missing;
}

/** What rulesets said of the machine user's pushes and merges. */
async function readSuites(github: GitHubReader, { environment }: Context, add: Add): Promise<string[]> {
  const missing: string[] = [];
  for (const { name } of environment.repositories) {
    const repository = `${environment.organization}/${name}`;
    const query = `time_period=${SUITES}&actor_name=${encodeURIComponent(environment.agent.machineUser)}&per_page=100`;
    for await (const page of github.pages(`/repos/${repository}/rulesets/rule-suites?${query}`)) {
      if (page.call.status !== 200) {
        missing.push(
          `rule suites of ${repository}: ${failureOf(page)}; the token needs administration: write, as GitHub has it`,
        );
        break;
      }
      for (const one of asList(page.json()).map(asRecord))
        if (asText(one.actor_name).toLowerCase() === environment.agent.machineUser.toLowerCase())
          add("rule-suites", new Date(Date.parse(asText(one.pushed_at))).toISOString(), asText(one.id), {
            ...one,
            repository,
          });
    }
  }
  return missing;
}

/** The machine user's tokens that the organization knows, as they are now. */
async function readGrants(
  github: GitHubReader,
  organization: string,
  machineUser: string,
  now: string,
  add: Add,
): Promise<string[]> {
  const found = await github.list(`/orgs/${organization}/personal-access-tokens?owner[]=${machineUser}`);
  if (found.failed) return [`token grants: ${failureOf(found.failed)}`];
  for (const one of found.items)
    if (asText(asRecord(one.owner).login).toLowerCase() === machineUser.toLowerCase())
      add("grants", now, `${asText(one.id)}:${asText(one.token_last_used_at)}`, one);
  return [];
}
