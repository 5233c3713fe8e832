import { DAY_SECONDS } from "../../edge/time";
import { asList } from "../../infra/config/json";
import { readPolicyHcl } from "../support/policyHcl";
import type { Fact } from "./fact";
import { rulesetFacts } from "./rulesets";
import type { Snapshot, SnapshotResource } from "./snapshot";

const PERMISSION_POWER: Record<string, number> = { pull: 1, triage: 2, push: 3, maintain: 4, admin: 5 };
const CAPABILITY_POWER: Record<string, number> = {
  deny: 0,
  list: 1,
  read: 2,
  patch: 3,
  create: 3,
  update: 3,
  delete: 4,
  sudo: 8,
};

const text = (value: unknown, otherwise = "?"): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : otherwise;

/** Names of repositories by the ids that resources use, as the gate's policy knows them. */
interface RepositoryNames {
  readonly byId: ReadonlyMap<number, string>;
  readonly byNodeId: ReadonlyMap<string, string>;
}
type Reader = (resource: SnapshotResource, names: RepositoryNames) => Fact[];

const READERS: Record<string, Reader> = {
  "github:index/teamRepository:TeamRepository": ({ inputs }) => {
    const permission = text(inputs.permission, "pull");
    return [
      {
        id: `access/${text(inputs.repository)}`,
        area: "access",
        says: `the agent's team has ${permission} on ${text(inputs.repository)}`,
        power: PERMISSION_POWER[permission] ?? 9,
      },
    ];
  },
  "github:index/membership:Membership": ({ inputs }) => {
    const role = text(inputs.role, "member");
    return [
      {
        id: `membership/${text(inputs.username)}`,
        area: "access",
        says: `${text(inputs.username)} is ${role} of the organization`,
        power: role === "member" ? 1 : 9,
      },
    ];
  },
  "github:index/branchProtection:BranchProtection": ({ name, inputs }, { byNodeId }) => {
    const repository = byNodeId.get(text(inputs.repositoryId));
    const about = repository === undefined ? {} : { repository };
    const review = (asList(inputs.requiredPullRequestReviews)[0] ?? {}) as Record<string, unknown>;
    const approvals = Number(review.requiredApprovingReviewCount ?? 0);
    return [
      {
        id: `protection/${name}/approvals`,
        area: "review",
        says: `${name}: ${approvals} approvals${review.requireCodeOwnerReviews === true ? ", code owners among them" : ""}`,
        power: 10 - approvals - (review.requireCodeOwnerReviews === true ? 1 : 0),
        ...about,
      },
      {
        id: `protection/${name}/admins`,
        area: "review",
        says: `${name}: ${inputs.enforceAdmins === true ? "holds for administrators too" : "administrators may pass"}`,
        power: inputs.enforceAdmins === true ? 0 : 1,
        ...about,
      },
    ];
  },
  "github:index/repositoryRuleset:RepositoryRuleset": ({ inputs }) => rulesetFacts(text(inputs.repository), inputs),
  "github:index/organizationRuleset:OrganizationRuleset": ({ inputs }, { byId }) =>
    asList((inputs.conditions as { repositoryIds?: unknown } | undefined)?.repositoryIds).flatMap((id) =>
      rulesetFacts(byId.get(Number(id)) ?? `repository ${text(id)}`, inputs),
    ),
  "vault:index/policy:Policy": ({ inputs }) =>
    readPolicyHcl(text(inputs.policy, "")).map(({ path, capabilities: granted }) => ({
      id: `vault/${text(inputs.name)}/${path}`,
      area: "token",
      says: `${text(inputs.name)} may ${granted.join(", ")} ${path}`,
      power: granted.reduce((sum, capability) => sum + (CAPABILITY_POWER[capability] ?? 9), 0),
    })),
  "cloudflare:index/r2BucketLock:R2BucketLock": ({ name, inputs }) => {
    const seconds = Math.max(
      0,
      ...asList(inputs.rules).map((rule) =>
        Number(((rule as { condition?: { maxAgeSeconds?: number } }).condition ?? {}).maxAgeSeconds ?? 0),
      ),
    );
    return [
      {
        id: `audit/${name}`,
        area: "audit",
        says: `audit records cannot be deleted for ${Math.round(seconds / DAY_SECONDS)} days`,
        power: -seconds,
      },
    ];
  },
};

interface Limits {
  limits?: Record<string, unknown>;
  mode?: unknown;
  repositories?: { name?: string; access?: string; id?: number; nodeId?: string }[];
  allowedSecrets?: { sha256?: string; repository?: string; path?: string; reason?: string; until?: string }[];
}

function gateFacts(policy: Limits): Fact[] {
  const limits = Object.entries(policy.limits ?? {}).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  const mode = JSON.stringify(policy.mode ?? "enforce");
  return [
    ...limits.map(([name, value]): Fact => ({
      id: `gate/limit/${name}`,
      area: "gate",
      says: `gate limit ${name}: ${value}`,
      power: value,
    })),
    ...(policy.repositories ?? []).map((r): Fact => ({
      id: `gate/repository/${text(r.name)}`,
      area: "gate",
      says: `the gate lets the agent ${text(r.access)} ${text(r.name)}`,
      power: r.access === "write" ? 2 : 1,
    })),
    // A later day is another exception, for somebody to look at again.
    ...(policy.allowedSecrets ?? []).map(({ sha256, repository, path, reason, until }): Fact => {
      const what =
        sha256 === undefined
          ? `credentials in ${text(repository)} at ${text(path)}`
          : `the credential with SHA-256 ${sha256}`;
      return {
        id: `gate/allowed-secret/${what}/${text(until)}`,
        area: "gate",
        says: `the gate lets ${what} through until ${text(until)}: ${text(reason)}`,
        power: 1,
      };
    }),
    { id: "gate/mode", area: "gate", says: `the gate's mode is ${mode}`, power: mode.includes("observe") ? 9 : 0 },
  ];
}

/** The controls of Scorecard and CIS, met or not. */
function controlFacts(controls: unknown): Fact[] {
  if (controls === null || typeof controls !== "object") return [];
  return Object.entries(controls as Record<string, unknown>).map(([id, says]) => ({
    id: `control/${id}`,
    area: "review",
    says: `${id} is ${text(says)}`,
    power: text(says).startsWith("met") ? 0 : 1,
  }));
}

/** What a state of the stack says, in a fixed order. */
export function facts(snapshot: Snapshot): Fact[] {
  const policy: Limits =
    snapshot.outputs.gatePolicy !== null && typeof snapshot.outputs.gatePolicy === "object"
      ? (snapshot.outputs.gatePolicy as Limits)
      : {};
  const known = policy.repositories ?? [];
  const names = {
    byId: new Map(known.map((r) => [r.id ?? 0, text(r.name)])),
    byNodeId: new Map(known.map((r) => [r.nodeId ?? "", text(r.name)])),
  };
  return decisive([
    ...snapshot.resources.flatMap((r) => READERS[r.type]?.(r, names) ?? []),
    ...controlFacts(snapshot.outputs.controls),
    ...(policy === snapshot.outputs.gatePolicy ? gateFacts(policy) : []),
  ]).sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** Of several facts about the same thing the one that decides: of locks the strictest holds, of grants the widest. */
function decisive(all: readonly Fact[]): Fact[] {
  const chosen = new Map<string, Fact>();
  for (const fact of all) {
    const other = chosen.get(fact.id);
    if (!other || (isLock(fact) ? fact.power < other.power : fact.power > other.power)) chosen.set(fact.id, fact);
  }
  return [...chosen.values()];
}

export interface Change {
  readonly kind: "widened" | "narrowed" | "changed" | "granted" | "withdrawn";
  readonly area: Fact["area"];
  readonly id: string;
  readonly before?: string;
  readonly after?: string;
}

const ORDER: Record<Change["kind"], number> = { widened: 0, granted: 1, changed: 2, withdrawn: 3, narrowed: 4 };
/** A fact whose absence is the dangerous state: a lock that goes away widens. */
const isLock = (fact: Fact): boolean =>
  fact.area === "review" || fact.area === "audit" || fact.id.startsWith("gate/limit/");
/**
 * Whether the agent's team may write to a repository in a state; where it may not, locks come and go with the access.
 */
const writes = (state: readonly Fact[], repository: string | undefined): boolean =>
  repository === undefined ||
  state.some(({ id, power }) => id === `access/${repository}` && power >= PERMISSION_POWER.push!);

/**
 * What changed between two states, what gives the agent more power first. Where a whole stack is made or is gone, locks
 * come and go with what they hold: they are neither widened nor narrowed.
 */
export function compare(
  before: readonly Fact[],
  after: readonly Fact[],
  { made = false, gone = false }: { made?: boolean; gone?: boolean } = {},
): Change[] {
  const old = new Map(before.map((fact) => [fact.id, fact]));
  const now = new Map(after.map((fact) => [fact.id, fact]));
  const changes: Change[] = [];
  for (const fact of after) {
    const was = old.get(fact.id);
    if (!was)
      changes.push({
        kind: !isLock(fact) ? "granted" : !made && writes(before, fact.repository) ? "narrowed" : "changed",
        area: fact.area,
        id: fact.id,
        after: fact.says,
      });
    else if (was.says !== fact.says)
      changes.push({
        kind: fact.power > was.power ? "widened" : fact.power < was.power ? "narrowed" : "changed",
        area: fact.area,
        id: fact.id,
        before: was.says,
        after: fact.says,
      });
  }
  for (const fact of before)
    if (!now.has(fact.id))
      changes.push({
        kind: !isLock(fact) ? "withdrawn" : !gone && writes(after, fact.repository) ? "widened" : "changed",
        area: fact.area,
        id: fact.id,
        before: fact.says,
      });
  return changes.sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || (a.id < b.id ? -1 : 1));
}
