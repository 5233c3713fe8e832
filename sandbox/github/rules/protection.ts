import type { Auth } from "../auth";
import { roleOfUser } from "../permissions";
import type { BranchProtection, ProtectionActor, Repository } from "../state";
import type { World } from "../world";
import { fnmatch } from "./fnmatch";
import { hasRules } from "./plans";

/**
 * The one protection rule of a branch: an exact name wins, then the oldest pattern that matches. None where the plan
 * has none.
 */
export function protectionOf(world: World, repo: Repository, branch: string): BranchProtection | undefined {
  if (!hasRules(world, repo)) return undefined;
  const all = [...repo.protections.values()];
  return all.find((p) => p.pattern === branch) ?? all.find((p) => fnmatch(p.pattern, branch));
}

/** Whether the asker is one of the people, teams or Apps of an allowance. */
export function isAmong(world: World, actors: readonly ProtectionActor[], auth: Auth): boolean {
  return actors.some((a) => {
    if (a.kind === "App") return auth.token?.kind === "app-installation" && auth.app?.id === a.id;
    if (!auth.user || auth.token?.kind === "app-installation") return false;
    return a.kind === "User" ? auth.user.id === a.id : world.teamsOfUser(auth.user.id).some((t) => t.id === a.id);
  });
}

/** Administrators are above a protection that is not enforced on them, except for what it forbids to everybody. */
export function isExempt(world: World, protection: BranchProtection, auth: Auth, repo: Repository): boolean {
  return (
    !protection.isAdminEnforced &&
    auth.user !== undefined &&
    auth.token?.kind !== "app-installation" &&
    roleOfUser(world, auth.user, repo) === "admin"
  );
}

/** A protection as a person would get it from the defaults of GitHub's form. */
export function newProtection(
  id: number,
  nodeId: string,
  repo: Repository,
  pattern: string,
  creatorId: number | null,
): BranchProtection {
  return {
    id,
    nodeId,
    repositoryId: repo.id,
    pattern,
    creatorId,
    allowsDeletions: false,
    allowsForcePushes: false,
    blocksCreations: false,
    isAdminEnforced: false,
    lockBranch: false,
    lockAllowsFetchAndMerge: false,
    requiresApprovingReviews: false,
    requiredApprovingReviewCount: 0,
    dismissesStaleReviews: false,
    requiresCodeOwnerReviews: false,
    requireLastPushApproval: false,
    restrictsReviewDismissals: false,
    requiresStatusChecks: false,
    requiresStrictStatusChecks: true,
    requiredStatusChecks: [],
    requiresCommitSignatures: false,
    requiresConversationResolution: false,
    requiresLinearHistory: false,
    restrictsPushes: false,
    pushActors: [],
    reviewDismissalActors: [],
    bypassForcePushActors: [],
    bypassPullRequestActors: [],
  };
}
