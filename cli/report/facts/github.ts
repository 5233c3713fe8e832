import { asList, asRecord, asText } from "../../../infra/config/json";
import { CODEOWNERS_PLACES } from "../../../infra/plans";
import {
  BRANCH_PROTECTION,
  COLLABORATOR,
  MEMBERSHIP,
  ORGANIZATION_RULESET,
  ORGANIZATION_WEBHOOK,
  REPOSITORY_FILE,
  REPOSITORY_RULESET,
  REPOSITORY_WEBHOOK,
  TEAM_MEMBERSHIP,
  TEAM_REPOSITORY,
  WORKFLOW_PERMISSIONS,
} from "../../../policy/read";
import type { SnapshotResource } from "../snapshot";
import type { Fact } from "./fact";
import { rulesetFacts } from "./rulesets";

/** Names of repositories by the ids that resources use, as the gate's policy knows them. */
export interface RepositoryNames {
  readonly byId: ReadonlyMap<number, string>;
  readonly byNodeId: ReadonlyMap<string, string>;
}
export type Reader = (resource: SnapshotResource, names: RepositoryNames) => Fact[];

const PERMISSION_POWER: Record<string, number> = { pull: 1, triage: 2, push: 3, maintain: 4, admin: 5 };
const text = (value: unknown, otherwise = "?"): string => asText(value) || otherwise;

/** Parts with one value: what permits counts above 0, what holds back below. */
const each = (names: readonly unknown[], word: string, value: number): Record<string, number> =>
  Object.fromEntries(names.map((name) => [`${word} ${text(name)}`, value]));
/** A switch as a part. */
const when = (on: unknown, part: string, value: number): Record<string, number> =>
  on === true ? { [part]: value } : {};

function access({ inputs }: SnapshotResource): Fact[] {
  const permission = text(inputs.permission, "pull");
  const repository = text(inputs.repository);
  return [
    {
      id: `access/${repository}`,
      area: "access",
      says: `the agent's team has ${permission} on ${repository}`,
      power: PERMISSION_POWER[permission] ?? 9,
      repository,
    },
  ];
}

function collaborator({ inputs }: SnapshotResource): Fact[] {
  const permission = text(inputs.permission, "push");
  const [repository, user] = [text(inputs.repository), text(inputs.username)];
  return [
    {
      id: `collaborator/${repository}/${user}`,
      area: "access",
      says: `${user} has ${permission} on ${repository}`,
      power: PERMISSION_POWER[permission] ?? 9,
      repository,
    },
  ];
}

function membership({ inputs }: SnapshotResource): Fact[] {
  const role = text(inputs.role, "member");
  return [
    {
      id: `membership/${text(inputs.username)}`,
      area: "access",
      says: `${text(inputs.username)} is ${role} of the organization`,
      power: role === "member" ? 1 : 9,
    },
  ];
}

function teamMembership({ name, inputs }: SnapshotResource): Fact[] {
  const role = text(inputs.role, "member");
  return [
    {
      id: `team/${name}`,
      area: "access",
      says: `${text(inputs.username)} is ${role} of the team of ${name}`,
      power: role === "member" ? 1 : 9,
    },
  ];
}

/** A branch protection says its approvals, whom it holds, and all else that it asks for. */
function protection({ name, inputs }: SnapshotResource, { byNodeId }: RepositoryNames): Fact[] {
  const repository = byNodeId.get(text(inputs.repositoryId));
  const about = repository === undefined ? {} : { repository };
  const where = repository === undefined ? name : `${repository}, branch protection`;
  const review = asRecord(asList(inputs.requiredPullRequestReviews)[0]);
  const checks = asRecord(asList(inputs.requiredStatusChecks)[0]);
  const pushes = asList(inputs.restrictPushes).map(asRecord);
  const approvals = Number(review.requiredApprovingReviewCount ?? 0);
  const codeOwners = review.requireCodeOwnerReviews === true;
  const asked = {
    ...when(inputs.allowsForcePushes, "force pushes", 1),
    ...when(inputs.allowsDeletions, "deletion", 1),
    ...each(asList(inputs.forcePushBypassers), "force pushes by", 1),
    ...each(asList(review.pullRequestBypassers), "no pull request for", 1),
    ...each(
      pushes.flatMap(({ pushAllowances }) => asList(pushAllowances)),
      "push by",
      1,
    ),
    ...(pushes.length > 0 ? { "pushes restricted": -1 } : {}),
    ...when(inputs.requireConversationResolution, "conversations resolved", -1),
    ...when(inputs.requireSignedCommits, "signed commits", -1),
    ...when(inputs.requiredLinearHistory, "linear history", -1),
    ...when(inputs.lockBranch, "locked", -1),
    ...when(review.dismissStaleReviews, "stale approvals dismissed", -1),
    ...when(review.requireLastPushApproval, "last push approved", -1),
    ...when(review.restrictDismissals, "dismissals restricted", -1),
    ...each(asList(review.dismissalRestrictions), "dismissals by", 1),
    ...when(checks.strict, "branch up to date", -1),
    ...each(asList(checks.contexts), "check", -1),
  };
  const listed = (sign: number): string =>
    Object.entries(asked)
      .flatMap(([part, value]) => (Math.sign(value) === sign ? [part] : []))
      .join(", ") || "nothing";
  const sum = Object.values(asked).reduce((total, value) => total + value, 0);
  return [
    {
      id: `protection/${name}/approvals`,
      area: "review",
      says: `${where}: ${approvals} approval${approvals === 1 ? "" : "s"}${codeOwners ? ", code owners among them" : ""}`,
      power: 10 - approvals - (codeOwners ? 1 : 0),
      parts: { ...(approvals > 0 ? { approvals: -approvals } : {}), ...when(codeOwners, "code owners", -1) },
      ...about,
    },
    {
      id: `protection/${name}/admins`,
      area: "review",
      says: `${where}: ${inputs.enforceAdmins === true ? "holds for administrators too" : "administrators may pass"}`,
      power: inputs.enforceAdmins === true ? 0 : 1,
      ...about,
    },
    {
      id: `protection/${name}/rules`,
      area: "review",
      says: `${where}: asks for ${listed(-1)}; allows ${listed(1)}`,
      power: sum,
      parts: asked,
      ...about,
    },
  ];
}

/**
 * Who owns what, by pattern: an approval by any one owner is enough, so an owner more is a widening, and so is a
 * pattern that nobody owns any more.
 */
function codeOwners({ inputs }: SnapshotResource): Fact[] {
  const repository = text(inputs.repository);
  return ownersByPattern(text(inputs.file, ""), text(inputs.content, "")).map(([pattern, owners]) => ({
    id: `owners/${repository}/${pattern}`,
    area: "review",
    says: `${repository}: ${pattern} is owned by ${owners.join(", ")}`,
    power: owners.length,
    parts: each(owners, "approved by", 1),
    repository,
  }));
}

/** The owners of each pattern of a CODEOWNERS file; nothing of another file. Of equal patterns the last one counts. */
export function ownersByPattern(file: string, content: string): [pattern: string, owners: string[]][] {
  if (!CODEOWNERS_PLACES.includes(file)) return [];
  const owners = new Map<string, string[]>();
  for (const line of content.split("\n")) {
    const [pattern, ...names] = line
      .replace(/(^|\s)#.*$/, "")
      .trim()
      .split(/(?<!\\)\s+/);
    if (pattern) owners.set(pattern, names.sort());
  }
  return [...owners].filter(([, names]) => names.length > 0);
}

function workflows({ inputs }: SnapshotResource): Fact[] {
  const repository = text(inputs.repository);
  const writes = inputs.defaultWorkflowPermissions === "write";
  const approves = inputs.canApprovePullRequestReviews === true;
  return [
    {
      id: `workflows/${repository}`,
      area: "review",
      says: `${repository}: workflows ${writes ? "write" : "read"}${approves ? " and may approve" : " and approve nothing"}`,
      power: (writes ? 1 : 0) + (approves ? 1 : 0),
      parts: { ...when(writes, "write by workflows", 1), ...when(approves, "approval by workflows", 1) },
      repository,
    },
  ];
}

function webhook({ name, inputs }: SnapshotResource): Fact[] {
  const events = asList(inputs.events).map(asText).sort();
  const insecure = asRecord(inputs.configuration).insecureSsl === true;
  return [
    {
      id: `hook/${name}`,
      area: "audit",
      says: `GitHub reports ${events.length} events to ${name}${inputs.active === false ? " (off)" : ""}${insecure ? ", whoever receives them" : ""}`,
      power: -events.length,
      parts: {
        ...each(events, "report of", -1),
        ...(inputs.active === false ? { "reports off": 1 } : {}),
        ...when(insecure, "any receiver", 1),
      },
    },
  ];
}

export const GITHUB_READERS: Readonly<Record<string, Reader>> = {
  [TEAM_REPOSITORY]: access,
  [COLLABORATOR]: collaborator,
  [MEMBERSHIP]: membership,
  [TEAM_MEMBERSHIP]: teamMembership,
  [BRANCH_PROTECTION]: protection,
  [REPOSITORY_RULESET]: ({ inputs }) => rulesetFacts(text(inputs.repository), inputs),
  [ORGANIZATION_RULESET]: ({ inputs }, { byId }) =>
    asList(asRecord(inputs.conditions).repositoryIds).flatMap((id) =>
      rulesetFacts(byId.get(Number(id)) ?? `repository ${text(id)}`, inputs),
    ),
  [REPOSITORY_FILE]: codeOwners,
  [WORKFLOW_PERMISSIONS]: workflows,
  [ORGANIZATION_WEBHOOK]: webhook,
  [REPOSITORY_WEBHOOK]: webhook,
};
