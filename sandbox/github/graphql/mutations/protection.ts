/** Branch protection rules, as the plugin and administrators make them. */
import { demandRules } from "../../rules/plans";
import { newProtection } from "../../rules/protection";
import { nodeId, parseNodeId } from "../../ids";
import { roleOfUser } from "../../permissions";
import type { BranchProtection, ProtectionActor, Repository } from "../../state";
import { atLeast } from "../../world";
import { demand, demandUser } from "../access";
import { unprocessable, unresolved } from "../errors";
import { nodeOf } from "../nodes";
import type { Args, GraphqlContext, ProtectionSource, RepositorySource, Resolvers } from "../source";
import { protectionSource } from "../types/protection";

/** Fields that the input and the state call the same. */
const FLAGS = [
  "allowsDeletions",
  "allowsForcePushes",
  "blocksCreations",
  "isAdminEnforced",
  "lockBranch",
  "lockAllowsFetchAndMerge",
  "requiresApprovingReviews",
  "dismissesStaleReviews",
  "requiresCodeOwnerReviews",
  "requireLastPushApproval",
  "restrictsReviewDismissals",
  "requiresStatusChecks",
  "requiresStrictStatusChecks",
  "requiresCommitSignatures",
  "requiresConversationResolution",
  "requiresLinearHistory",
  "restrictsPushes",
] as const;

const ACTORS = {
  pushActorIds: "pushActors",
  reviewDismissalActorIds: "reviewDismissalActors",
  bypassForcePushActorIds: "bypassForcePushActors",
  bypassPullRequestActorIds: "bypassPullRequestActors",
} as const;

/** People, teams and Apps by node id; whoever cannot push to the repository cannot be let through. */
function actorsOf({ world }: GraphqlContext, repo: Repository, ids: readonly string[]): ProtectionActor[] {
  return ids.map((id): ProtectionActor => {
    const parsed = parseNodeId(id);
    const user =
      parsed && (parsed.kind === "user" || parsed.kind === "bot") ? world.users.get(parsed.ids[0] ?? 0) : undefined;
    if (user && atLeast(roleOfUser(world, user, repo), "write")) return { kind: "User", id: user.id };
    const team = [...world.teams.values()].find((candidate) => candidate.nodeId === id);
    if (team && atLeast(world.teamRole(team, repo.id), "write")) return { kind: "Team", id: team.id };
    const app = [...world.apps.values()].find((candidate) => candidate.nodeId === id);
    if (app) return { kind: "App", id: app.id };
    if (user ?? team)
      throw unprocessable(`${user?.login ?? team?.slug ?? id} does not have push access to this repository.`);
    throw unresolved(`a node with the global id of '${id}'`);
  });
}

function apply(context: GraphqlContext, repo: Repository, rule: BranchProtection, input: Args): void {
  const count: unknown = input.requiredApprovingReviewCount;
  if (typeof count === "number" && (count < 0 || count > 6))
    throw unprocessable("requiredApprovingReviewCount must be between 0 and 6");
  const actors = Object.entries(ACTORS).flatMap(([given, list]) =>
    Array.isArray(input[given]) ? [[list, actorsOf(context, repo, input[given] as string[])] as const] : [],
  );
  for (const flag of FLAGS) if (typeof input[flag] === "boolean") rule[flag] = input[flag];
  if (typeof count === "number") rule.requiredApprovingReviewCount = count;
  for (const [list, found] of actors) rule[list] = found;
  if (Array.isArray(input.requiredStatusChecks)) {
    rule.requiredStatusChecks = (input.requiredStatusChecks as { context: string; appId?: string | null }[]).map(
      ({ context: name, appId }) => ({ context: name, integrationId: appNumber(context, appId) }),
    );
  } else if (Array.isArray(input.requiredStatusCheckContexts)) {
    // A context that stays keeps the App it was pinned to.
    rule.requiredStatusChecks = (input.requiredStatusCheckContexts as string[]).map(
      (name) =>
        rule.requiredStatusChecks.find((check) => check.context === name) ?? { context: name, integrationId: null },
    );
  }
}

/** `any` and null: whoever reports the check. */
function appNumber({ world }: GraphqlContext, id: string | null | undefined): number | null {
  if (!id || id === "any") return null;
  const app = [...world.apps.values()].find((candidate) => candidate.nodeId === id);
  if (!app) throw unresolved(`a node with the global id of '${id}'`);
  return app.id;
}

function pattern(repo: Repository, wanted: string, self?: BranchProtection): string {
  if (wanted.trim() === "") throw unprocessable("Pattern can't be blank");
  if ([...repo.protections.values()].some((rule) => rule !== self && rule.pattern === wanted))
    throw unprocessable(`Name already protected: ${wanted}`);
  return wanted;
}

const NEEDED = "administration=write";

export const protectionMutations: Resolvers<unknown> = {
  createBranchProtectionRule: async (_source, { input }, context) => {
    const { repo } = await nodeOf<RepositorySource>(context, input.repositoryId, "Repository");
    demand(context, repo, "admin", NEEDED, "createBranchProtectionRule");
    demandRules(context.world, repo);
    const id = context.world.ids.next();
    const rule = newProtection(
      id,
      nodeId("protectionRule", repo.id, id),
      repo,
      pattern(repo, input.pattern),
      demandUser(context).id,
    );
    apply(context, repo, rule, input);
    repo.protections.set(id, rule);
    context.world.webhooks.emit("branch_protection_rule", "created", {
      repo,
      senderId: demandUser(context).id,
      payload: { rule: { id, name: rule.pattern } },
    });
    return { branchProtectionRule: protectionSource(repo, rule), clientMutationId: input.clientMutationId ?? null };
  },
  updateBranchProtectionRule: async (_source, { input }, context) => {
    const { repo, protection } = await nodeOf<ProtectionSource>(
      context,
      input.branchProtectionRuleId,
      "BranchProtectionRule",
    );
    demand(context, repo, "admin", NEEDED, "updateBranchProtectionRule");
    demandRules(context.world, repo);
    const named = typeof input.pattern === "string" ? pattern(repo, input.pattern, protection) : protection.pattern;
    apply(context, repo, protection, input);
    protection.pattern = named;
    context.world.webhooks.emit("branch_protection_rule", "edited", {
      repo,
      senderId: demandUser(context).id,
      payload: { rule: { id: protection.id, name: protection.pattern } },
    });
    return {
      branchProtectionRule: protectionSource(repo, protection),
      clientMutationId: input.clientMutationId ?? null,
    };
  },
  deleteBranchProtectionRule: async (_source, { input }, context) => {
    const { repo, protection } = await nodeOf<ProtectionSource>(
      context,
      input.branchProtectionRuleId,
      "BranchProtectionRule",
    );
    demand(context, repo, "admin", NEEDED, "deleteBranchProtectionRule");
    repo.protections.delete(protection.id);
    context.world.webhooks.emit("branch_protection_rule", "deleted", {
      repo,
      senderId: demandUser(context).id,
      payload: { rule: { id: protection.id, name: protection.pattern } },
    });
    return { clientMutationId: input.clientMutationId ?? null };
  },
};
