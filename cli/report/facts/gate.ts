import { DAY_SECONDS } from "../../../edge/time";
import { asList, asRecord, asText, type JsonRecord } from "../../../infra/config/json";
import { EMBEDDED_ROTATION } from "../../../infra/plans";
import { BUCKET_LOCK, WORKER, WORKER_CRON, embedded } from "../../../policy/read";
import type { SnapshotResource } from "../snapshot";
import type { Fact } from "./fact";
import type { Reader } from "./github";

const text = (value: unknown): string => asText(value) || "?";

/** A fact whose parts are the elements of a set; none where the set is empty. */
function setOf(id: string, says: (list: string) => string, elements: readonly unknown[], value = 1, more = {}): Fact[] {
  const names = elements.map(text).sort();
  if (names.length === 0) return [];
  return [
    {
      id,
      area: "gate",
      says: says(names.length > 8 ? `${names.length}` : names.join(", ")),
      power: value * names.length,
      parts: Object.fromEntries(names.map((name) => [name, value])),
      ...more,
    },
  ];
}

/** What the gate lets through, from its policy as the stack shows it. */
export function gateFacts(policy: JsonRecord): Fact[] {
  const limits = Object.entries(asRecord(policy.limits)).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  const mode = JSON.stringify(policy.mode ?? "enforce");
  const upstream = asRecord(policy.upstream);
  return [
    ...limits.map(([name, value]): Fact => ({
      id: `gate/limit/${name}`,
      area: "gate",
      says: `gate limit ${name}: ${value}`,
      power: value,
    })),
    ...asList(policy.repositories)
      .map(asRecord)
      .flatMap(({ name, access, protectedPaths }): Fact[] => [
        {
          id: `gate/repository/${text(name)}`,
          area: "gate",
          says: `the gate lets the agent ${text(access)} ${text(name)}`,
          power: access === "write" ? 2 : 1,
          repository: text(name),
        },
        ...setOf(
          `gate/protected-paths/${text(name)}`,
          (list) => `the gate keeps ${list} of ${text(name)} from the agent`,
          asList(protectedPaths),
          -1,
          { repository: text(name) },
        ),
      ]),
    ...Object.entries(asRecord(policy.routes)).flatMap(([access, routes]) =>
      setOf(`gate/routes/${access}`, (list) => `the gate opens to ${access} access: ${list} routes`, asList(routes)),
    ),
    ...setOf(
      "gate/protected-paths",
      (list) => `the gate keeps from the agent: ${list}`,
      asList(policy.protectedPaths),
      -1,
    ),
    ...setOf("gate/upstream", (list) => `the gate sends the token to ${list}`, Object.values(upstream)),
    ...setOf(
      "gate/download-hosts",
      (list) => `the gate follows downloads to ${list}, without the token`,
      asList(policy.downloadHosts),
    ),
    ...setOf("gate/lfs-hosts", (list) => `the gate sends LFS to ${list}, without the token`, asList(policy.lfsHosts)),
    ...setOf(
      "gate/branches",
      (list) => `the agent's branches start with ${list}`,
      policy.branchPrefix === undefined ? [] : [policy.branchPrefix],
    ),
    // A later day is another exception, for somebody to look at again.
    ...asList(policy.allowedSecrets)
      .map(asRecord)
      .map(({ sha256, repository, path, reason, until }): Fact => {
        const what =
          sha256 === undefined
            ? `credentials in ${text(repository)} at ${text(path)}`
            : `the credential with SHA-256 ${text(sha256)}`;
        return {
          id: `gate/allowed-secret/${what}/${text(until)}`,
          area: "gate",
          says: `the gate lets ${what} through until ${text(until)}: ${text(reason)}`,
          power: 1,
        };
      }),
    ...setOf(
      "gate/secret-patterns",
      (list) => `the gate refuses secrets of the organization's own forms: ${list}`,
      asList(policy.secretPatterns)
        .map(asRecord)
        .map(({ name, expression }) => `${text(name)} (${text(expression)})`),
      -1,
    ),
    ...setOf(
      "gate/canary-tokens",
      (list) => `the gate refuses and reports canary tokens: ${list}`,
      asList(policy.canaryTokens)
        .map(asRecord)
        .map(({ name, sha256 }) => `${text(name)} (${text(sha256)})`),
      -1,
    ),
    ...setOf(
      "gate/alert-only-secrets",
      (list) => `the gate lets secrets through with an alert: ${list}`,
      asList(policy.alertOnlySecrets),
    ),
    ...(policy.sessionKeys === undefined ? [] : [sessionKeys(asRecord(policy.sessionKeys))]),
    { id: "gate/mode", area: "gate", says: `the gate's mode is ${mode}`, power: mode.includes("observe") ? 9 : 0 },
  ];
}

/** A key more for each session, and somebody who may make them. */
const sessionKeys = ({ maxHours, maxSessions }: Record<string, unknown>): Fact => ({
  id: "gate/session-keys",
  area: "gate",
  says: `the gate takes keys of single sessions, ${text(maxSessions)} at once, each for ${text(maxHours)} hours at most`,
  power: 1,
  parts: { "keys at once": Number(maxSessions), "hours of a key": Number(maxHours) },
});

/** The hosts that the agent's environment lets it reach. */
export const networkFacts = (hosts: unknown): Fact[] =>
  setOf("gate/agent-hosts", (list) => `the agent's environment reaches ${list}`, asList(hosts));

/** What the GitHub token may do. */
export const tokenFacts = (permissions: unknown): Fact[] =>
  Object.entries(asRecord(permissions)).map(([name, level]) => ({
    id: `token-permission/${name}`,
    area: "access",
    says: `the GitHub token may ${text(level)} ${name}`,
    power: level === "write" ? 2 : 1,
  }));

/** How the token is replaced, from the plan that the rotator's module carries. */
function rotation({ inputs }: SnapshotResource): Fact[] {
  const plan = embedded(inputs.content, EMBEDDED_ROTATION);
  if (plan === undefined) return [];
  const days = plan.expiryDays === undefined ? "as long as GitHub fixes" : `${text(plan.expiryDays)} days at most`;
  const number = (key: string): Record<string, number> => {
    const value = plan[key];
    return typeof value === "number" ? { [key]: value } : {};
  };
  return [
    {
      id: "rotation/plan",
      area: "token",
      says: `the GitHub token (${text(plan.kind)}) is replaced every ${text(plan.everyDays)} days and lives ${days}; the old one is dead ${text(plan.graceMinutes)} minutes later`,
      power: Number(plan.everyDays),
      parts: {
        ...number("everyDays"),
        ...number("expiryDays"),
        ...number("graceMinutes"),
        ...number("gateKeyOverlapHours"),
        ...(plan.kind === undefined ? {} : { [`kind ${text(plan.kind)}`]: 1 }),
      },
    },
  ];
}

const ROTATOR = "gatehouse:cloudflare:Rotator$";
/** The rotator's schedule: without it nothing wakes the rotator. */
function schedule({ urn, inputs }: SnapshotResource): Fact[] {
  const crons = asList(inputs.schedules).map((one) => text(asRecord(one).cron));
  if (!urn.includes(ROTATOR) || crons.length === 0) return [];
  return [
    {
      id: "rotation/schedule",
      area: "token",
      says: `the rotator wakes at ${crons.sort().join(", ")} (cron, UTC)`,
      power: -crons.length,
      parts: Object.fromEntries(crons.map((cron) => [`waking at ${cron}`, -1])),
    },
  ];
}

function retention({ name, inputs }: SnapshotResource): Fact[] {
  const seconds = Math.max(
    0,
    ...asList(inputs.rules).map((rule) => Number(asRecord(asRecord(rule).condition).maxAgeSeconds ?? 0)),
  );
  return [
    {
      id: `audit/${name}`,
      area: "audit",
      says: `audit records cannot be deleted for ${Math.round(seconds / DAY_SECONDS)} days`,
      power: -seconds,
    },
  ];
}

export const CLOUDFLARE_READERS: Readonly<Record<string, Reader>> = {
  [WORKER]: rotation,
  [WORKER_CRON]: schedule,
  [BUCKET_LOCK]: retention,
};
