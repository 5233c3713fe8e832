import type { AuditRecord } from "../../gate/policy/audit";
import { asRecord, asText, type JsonRecord } from "../../infra/config/json";
import type { Around } from "./completeness";
import { happening, type GitHubEvent, type Happening } from "./github";
import type { LockState } from "./trail";

/** The version of OCSF in which events are written. Validators know no newer one yet. */
export const OCSF_VERSION = "1.8.0";

/** An event of the Open Cybersecurity Schema Framework. docs/audit.md has the mapping, field by field. */
export type OcsfEvent = Readonly<Record<string, unknown>> & { readonly class_uid: number; readonly time: number };

export const API_ACTIVITY = { uid: 6003, category: 6, name: "API Activity", categoryName: "Application Activity" };
export const ENTITY = {
  uid: 3004,
  category: 3,
  name: "Entity Management",
  categoryName: "Identity & Access Management",
};
const ACCESS = { uid: 3005, category: 3, name: "User Access Management", categoryName: "Identity & Access Management" };
export const DETECTION = { uid: 2004, category: 2, name: "Detection Finding", categoryName: "Findings" };
const COMPLIANCE = { uid: 2003, category: 2, name: "Compliance Finding", categoryName: "Findings" };

/** Severities. */
export const INFORMATIONAL = 1;
export const LOW = 2;
export const MEDIUM = 3;
export const HIGH = 4;
export const CRITICAL = 5;

/** SHA-256, as OCSF counts algorithms. */
const SHA256 = 3;
export const OTHER = 99;

/** What every event of a class has. */
export function classified(
  { uid, category, name, categoryName }: typeof API_ACTIVITY,
  activity: number,
  severity: number,
  time: number,
): OcsfEvent {
  return {
    class_uid: uid,
    class_name: name,
    category_uid: category,
    category_name: categoryName,
    activity_id: activity,
    type_uid: uid * 100 + activity,
    severity_id: severity,
    time,
  };
}

/** The methods that OCSF knows. */
const METHODS = /^(?:OPTIONS|GET|HEAD|POST|PUT|DELETE|TRACE|CONNECT|PATCH)$/;

/** A key with its value where there is one. */
const given = (key: string, value: string): JsonRecord => (value === "" ? {} : { [key]: value });

const GATE = { name: "Gatehouse gate", vendor_name: "Gatehouse" };
const GITHUB = { name: "GitHub", vendor_name: "GitHub" };
const AUDIT = { name: "gatehouse audit", vendor_name: "Gatehouse" };

/** Create 1, read 2, update 3, delete 4; what a GraphQL request or a git exchange does stands in its route. */
function activityOf(method: string, path: string): number {
  if (path.endsWith("/git-upload-pack")) return 2;
  if (path.endsWith("/git-receive-pack")) return 3;
  if (/^(?:\/api)?\/graphql$/.test(path)) return OTHER;
  return { POST: 1, GET: 2, HEAD: 2, PUT: 3, PATCH: 3, DELETE: 4 }[method] ?? OTHER;
}

const DECISIONS = {
  allow: { action_id: 1, action: "Allowed", disposition_id: 1, disposition: "Allowed", severity: INFORMATIONAL },
  deny: { action_id: 2, action: "Denied", disposition_id: 2, disposition: "Blocked", severity: LOW },
  observe: { action_id: 3, action: "Observed", disposition_id: 17, disposition: "Logged", severity: MEDIUM },
} as const;

/**
 * A record of the gate. What is undefined is no part of the event's JSON: put together from parts, an event takes ten
 * times as long, and a pull makes one of each record.
 * @param machineUser the account that acts for the agent at GitHub
 */
export function recordEvent(record: AuditRecord, machineUser: string): OcsfEvent {
  if (record.decision === "gap") return gapEvent(record);
  const { action_id, action, disposition_id, disposition, severity } = DECISIONS[record.decision] ?? DECISIONS.deny;
  const activity = activityOf(record.method, record.path);
  const isMethod = METHODS.test(record.method);
  return {
    class_uid: API_ACTIVITY.uid,
    class_name: API_ACTIVITY.name,
    category_uid: API_ACTIVITY.category,
    category_name: API_ACTIVITY.categoryName,
    activity_id: activity,
    type_uid: API_ACTIVITY.uid * 100 + activity,
    severity_id: severity,
    time: Date.parse(record.ts),
    metadata: {
      version: OCSF_VERSION,
      product: GATE,
      log_name: "gate",
      uid: record.requestId,
      sequence: record.seq,
      original_time: record.ts,
      profiles: PROFILES,
      correlation_uid: record.requestId,
    },
    raw_data_hash: { algorithm_id: SHA256, algorithm: "SHA-256", value: record.hash },
    action_id,
    action,
    disposition_id,
    disposition,
    actor: actorOf(record, machineUser),
    src_endpoint: record.clientIp === "" ? { name: "not recorded" } : { ip: record.clientIp },
    api: {
      operation: record.route === "" ? `${record.method} ${record.path}` : record.route,
      request: { uid: record.requestId },
      response: { code: record.status },
      service: GITHUB_SERVICE,
    },
    http_request: {
      http_method: isMethod ? record.method : undefined,
      url: record.path === "" ? undefined : { path: record.path },
      body_length: record.bytesIn,
    },
    http_response: { code: record.status, body_length: record.bytesOut, latency: record.ms },
    resources: record.repository === "" ? undefined : [{ name: record.repository, type: "repository" }],
    firewall_rule: record.reason === "" ? undefined : { name: record.reason, uid: record.reason },
    duration: record.ms,
    status_id: record.status < 400 ? 1 : 2,
    status_code: String(record.status),
    status_detail: present(record.reason),
    unmapped: {
      findings: record.findings,
      prevHash: record.prevHash,
      method: isMethod ? undefined : record.method,
    },
  };
}

/** Who asked, under which gate key, and of which session of the agent where the key is that session's own. */
function actorOf(
  { agent, tokenSha256, gateKeySha256 = "", session = "" }: AuditRecord,
  machineUser: string,
): Readonly<Record<string, unknown>> {
  const user = {
    name: agent === "" ? "unauthenticated" : agent,
    uid: tokenSha256 === "" ? undefined : present(machineUser),
    credential_uid: present(tokenSha256),
  };
  return gateKeySha256 === "" && session === ""
    ? { user }
    : { user, session: { uid: present(session), credential_uid: present(gateKeySha256) } };
}

const PROFILES: readonly string[] = ["security_control"];
const GITHUB_SERVICE = { name: "GitHub" };
const present = (value: string): string | undefined => (value === "" ? undefined : value);

const gapEvent = (record: AuditRecord): OcsfEvent => ({
  ...classified(DETECTION, 1, HIGH, Date.parse(record.ts)),
  metadata: {
    version: OCSF_VERSION,
    product: GATE,
    log_name: "gate",
    uid: record.requestId,
    sequence: record.seq,
    original_time: record.ts,
  },
  raw_data_hash: { algorithm_id: SHA256, algorithm: "SHA-256", value: record.hash },
  finding_info: { uid: record.requestId, title: "Requests are not on record", desc: record.reason },
  message: record.reason,
});

/** What of the audit log changes rules, and what changes rights. */
const RULES = /^(?:repository_ruleset|protected_branch|repository_rule_suite|integration_installation|hook)\./;
const RIGHTS =
  /^(?:personal_access_token|personal_access_token_request)\.|^(?:team|org|repo)\.(?:add|remove|update)_(?:member|repository|repository_permission)/;

/** An event of GitHub's; undefined for what is none. */
export function gitHubEvent(line: GitHubEvent): OcsfEvent | undefined {
  const metadata = {
    version: OCSF_VERSION,
    product: GITHUB,
    log_name: line.source,
    uid: line.id,
    original_time: line.at,
  };
  if (line.source === "grants") return grantEvent(line, metadata);
  const what = happening(line);
  if (what === undefined) return undefined;
  const actor = {
    user: {
      name: what.actor === "" ? "unknown" : what.actor,
      ...given("credential_uid", what.tokenSha256),
    },
  };
  const verb = what.action.split(".")[1] ?? "";
  const message = `${what.action}${what.detail === "" ? "" : `: ${what.detail}`}`;
  if (RULES.test(what.action)) {
    const activity = verb.startsWith("create") ? 1 : verb.startsWith("destroy") || verb.startsWith("delete") ? 4 : 3;
    const name = asText(line.event.ruleset_name) || asText(line.event.name) || what.repository || what.action;
    return {
      ...classified(ENTITY, activity, HIGH, what.ms),
      metadata,
      actor,
      entity: { name, type_id: 5, type: "Policy" },
      message,
    };
  }
  if (RIGHTS.test(what.action))
    return {
      ...classified(ACCESS, /^(?:remove|revoke|deny|destroy)/.test(verb) ? 2 : 1, MEDIUM, what.ms),
      metadata,
      actor,
      user: { name: asText(line.event.user) || what.actor || "unknown" },
      privileges: [asText(line.event.permission) || what.action],
      ...(what.repository === "" ? {} : { resources: [{ name: what.repository, type: "repository" }] }),
      message,
    };
  const result = asText(line.event.result);
  const refused = line.source === "rule-suites" && result === "fail";
  const code = Number(line.event.status_code);
  return {
    ...classified(API_ACTIVITY, gitHubActivity(what, line.event), result === "bypass" ? HIGH : INFORMATIONAL, what.ms),
    metadata: { ...metadata, ...(line.source === "rule-suites" ? { profiles: ["security_control"] } : {}) },
    ...(line.source === "rule-suites"
      ? {
          action_id: refused ? 2 : 1,
          disposition_id: refused ? 2 : 1,
          policy: { name: "rulesets", is_applied: result !== "bypass" },
        }
      : {}),
    actor,
    src_endpoint: asText(line.event.actor_ip) === "" ? { name: "not recorded" } : { ip: asText(line.event.actor_ip) },
    api: {
      operation: what.action,
      ...(Number.isInteger(code) ? { response: { code } } : {}),
      service: { name: "GitHub" },
    },
    ...(what.path === "" && what.userAgent === ""
      ? {}
      : {
          http_request: {
            ...given("http_method", METHODS.test(what.method) ? what.method : ""),
            ...(what.path === "" ? {} : { url: { path: what.path } }),
            ...given("user_agent", what.userAgent),
          },
        }),
    ...(what.repository === "" ? {} : { resources: [{ name: what.repository, type: "repository" }] }),
    status_id: refused || (Number.isInteger(code) && code >= 400) ? 2 : 1,
    message,
  };
}

function gitHubActivity({ action, method, path }: Happening, event: JsonRecord): number {
  if (action === "api.request") return activityOf(method, path);
  if (/^(?:git\.(?:clone|fetch))$/.test(action)) return 2;
  if (/^(?:git\.push|PushEvent|rule suite)$/.test(action)) return 3;
  if (action === "CreateEvent" || /\.create/.test(action)) return 1;
  if (action === "DeleteEvent" || /\.(?:destroy|delete|remove)/.test(action)) return 4;
  const said = asText(asRecord(event.payload).action);
  return said === "created" || said === "opened" ? 1 : said === "deleted" ? 4 : 3;
}

/** A token that the organization lets in. */
function grantEvent({ at, event }: GitHubEvent, metadata: JsonRecord): OcsfEvent {
  const kinds = asRecord(event.permissions);
  const privileges = [asRecord(kinds.organization), asRecord(kinds.repository), asRecord(kinds.other)].flatMap((kind) =>
    Object.entries(kind).map(([name, level]) => `${name}=${asText(level)}`),
  );
  return {
    ...classified(ACCESS, 1, INFORMATIONAL, Date.parse(at)),
    metadata,
    user: {
      name: asText(asRecord(event.owner).login) || "unknown",
      ...given("credential_uid", asText(event.token_id)),
    },
    privileges: privileges.length === 0 ? ["none"] : privileges,
    message: `token ${asText(event.token_name)}, last used ${asText(event.token_last_used_at) || "never"}, ends ${asText(event.token_expires_at) || "never"}`,
  };
}

/** The alarm: GitHub saw it, and the gate did not. */
export function alarmEvent(found: Around, now: number): OcsfEvent {
  return {
    ...classified(DETECTION, 1, CRITICAL, now),
    metadata: { version: OCSF_VERSION, product: AUDIT, log_name: "audit", uid: `around:${found.at}:${found.action}` },
    finding_info: {
      uid: `around:${found.at}:${found.action}`,
      title: "The machine user acted around the gate",
      desc: found.says,
      first_seen_time: found.ms,
      types: ["Credential misuse"],
    },
    evidences: [
      {
        actor: { user: { name: found.actor, ...given("credential_uid", found.tokenSha256) } },
        api: { operation: found.action },
        data: { detail: found.detail, repository: found.repository },
      },
    ],
    is_alert: true,
    status_id: 1,
    message: found.says,
  };
}

/** Whether the bucket is locked as declared. */
export function lockEvent({ declared, found = 0 }: LockState, now: number): OcsfEvent {
  const holds = found >= declared;
  return {
    ...classified(COMPLIANCE, 1, holds ? INFORMATIONAL : CRITICAL, now),
    metadata: { version: OCSF_VERSION, product: AUDIT, log_name: "audit" },
    finding_info: { uid: "bucket-lock", title: "Nobody can delete an audit record before the retention is over" },
    compliance: {
      control: "bucket-lock",
      standards: ["NIST SP 800-53"],
      requirements: ["AU-9", "AU-11"],
      status_id: holds ? 1 : 3,
    },
    message: `locked for ${found} seconds, declared ${declared}`,
  };
}
