/** Branch protection rules: what the rule says, and whom it lets through. */
import { roleOn, allowedOn } from "../../permissions";
import { fnmatch } from "../../rules/fnmatch";
import type { ProtectionActor, Repository } from "../../state";
import { gitOf } from "../../domain/refs";
import { connection } from "../connection";
import {
  accountById,
  accountSource,
  repositorySource,
  teamSource,
  type AllowanceSource,
  type GraphqlContext,
  type ProtectionSource,
  type Resolvers,
} from "../source";

/** Rules are shown to administrators alone; everybody else sees none. */
export const seesProtection = ({ world, auth }: GraphqlContext, repo: Repository): boolean =>
  roleOn(world, auth, repo) === "admin" && allowedOn(world, auth, repo, "administration=read");

export const protectionSource = (repo: Repository, protection: ProtectionSource["protection"]): ProtectionSource => ({
  type: "BranchProtectionRule",
  repo,
  protection,
});

function allowances(
  name: string,
  type: string,
  list: "pushActors" | "reviewDismissalActors" | "bypassForcePushActors" | "bypassPullRequestActors",
) {
  return ({ repo, protection }: ProtectionSource, args: Record<string, unknown>): Record<string, unknown> =>
    connection(name, args, protection[list], (actor): AllowanceSource => ({ type, repo, protection, actor }));
}

function actorSource({ world }: GraphqlContext, { kind, id }: ProtectionActor): unknown {
  if (kind === "User") {
    const found = world.users.get(id);
    return found ? accountSource(found) : null;
  }
  if (kind === "Team") {
    const found = world.teams.get(id);
    return found ? teamSource(found) : null;
  }
  const found = world.apps.get(id);
  return found ? { type: "App", app: found } : null;
}

const allowance: Resolvers<AllowanceSource> = {
  // Allowances have no identity of their own in the state: their place in the rule is what they are.
  id: ({ type, protection, actor }) =>
    Buffer.from(`${type}:${protection.id}:${actor.kind}:${actor.id}`).toString("base64url"),
  actor: ({ actor }, _args, context) => actorSource(context, actor),
  branchProtectionRule: ({ repo, protection }) => protectionSource(repo, protection),
};

/** Fields whose names in the state are those of the schema. */
const SAME = [
  "pattern",
  "allowsDeletions",
  "allowsForcePushes",
  "blocksCreations",
  "dismissesStaleReviews",
  "isAdminEnforced",
  "lockBranch",
  "requiresApprovingReviews",
  "requiresCodeOwnerReviews",
  "requiresCommitSignatures",
  "requiresConversationResolution",
  "requiresLinearHistory",
  "requiresStatusChecks",
  "requiresStrictStatusChecks",
  "restrictsPushes",
  "restrictsReviewDismissals",
  "requireLastPushApproval",
] as const;

const rule: Resolvers<ProtectionSource> = {
  ...Object.fromEntries(SAME.map((name) => [name, ({ protection }: ProtectionSource) => protection[name]])),
  id: ({ protection }) => protection.nodeId,
  databaseId: ({ protection }) => protection.id,
  creator: ({ protection }, _args, context) => accountById(context, protection.creatorId),
  repository: ({ repo }) => repositorySource(repo),
  requiredApprovingReviewCount: ({ protection }) => protection.requiredApprovingReviewCount,
  requiredStatusCheckContexts: ({ protection }) => protection.requiredStatusChecks.map((check) => check.context),
  requiredStatusChecks: ({ protection }, _args, { world }) =>
    protection.requiredStatusChecks.map(({ context, integrationId }) => {
      const found = integrationId === null ? undefined : world.apps.get(integrationId);
      return { context, app: found ? { type: "App", app: found } : null };
    }),
  lockAllowsFetchAndMerge: ({ protection }) => protection.lockAllowsFetchAndMerge,
  requiresDeployments: () => false,
  requiredDeploymentEnvironments: () => [],
  pushAllowances: allowances("pushAllowances", "PushAllowance", "pushActors"),
  reviewDismissalAllowances: allowances(
    "reviewDismissalAllowances",
    "ReviewDismissalAllowance",
    "reviewDismissalActors",
  ),
  bypassForcePushAllowances: allowances(
    "bypassForcePushAllowances",
    "BypassForcePushAllowance",
    "bypassForcePushActors",
  ),
  bypassPullRequestAllowances: allowances(
    "bypassPullRequestAllowances",
    "BypassPullRequestAllowance",
    "bypassPullRequestActors",
  ),
  matchingRefs: async ({ repo, protection }, args) => {
    const refs = (await gitOf(repo).refs("refs/heads/")).filter((ref) =>
      fnmatch(protection.pattern, ref.name.slice("refs/heads/".length)),
    );
    return connection("matchingRefs", args, refs, (ref) => ({
      type: "Ref",
      repo,
      name: ref.name,
      sha: ref.sha,
      objectType: ref.type,
    }));
  },
};

export const protectionTypes = {
  BranchProtectionRule: rule,
  PushAllowance: allowance,
  ReviewDismissalAllowance: allowance,
  BypassForcePushAllowance: allowance,
  BypassPullRequestAllowance: allowance,
};
