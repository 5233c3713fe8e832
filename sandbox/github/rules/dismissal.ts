import type { Auth } from "../auth";
import { roleOfUser } from "../permissions";
import type { Repository } from "../state";
import { atLeast, type World } from "../world";
import { isAmong, protectionOf } from "./protection";
import { activeRules, ROLE_IDS } from "./rulesets";

interface Restriction {
  enabled?: boolean;
  allowed_actors?: { id: number; type: "User" | "Team" | "IntegrationInstallation" | "RepositoryRole" }[];
}

/**
 * Whether the asker, who may write, may dismiss reviews of pull requests into a branch: administrators always, others
 * when every restriction names them.
 */
export function mayDismiss(world: World, repo: Repository, branch: string, auth: Auth): boolean {
  const isApp = auth.token?.kind === "app-installation";
  const role = auth.user && !isApp ? roleOfUser(world, auth.user, repo) : undefined;
  if (role === "admin") return true;
  const protection = protectionOf(world, repo, branch);
  if (
    protection?.requiresApprovingReviews &&
    protection.restrictsReviewDismissals &&
    !isAmong(world, protection.reviewDismissalActors, auth)
  )
    return false;
  return activeRules(world, repo, branch).every(({ rule }) => {
    const restriction =
      rule.type === "pull_request"
        ? (rule.parameters?.["dismissal_restriction"] as Restriction | undefined)
        : undefined;
    if (!restriction?.enabled) return true;
    return (restriction.allowed_actors ?? []).some(({ id, type }) => {
      if (type === "IntegrationInstallation") return isApp && (auth.app?.id === id || auth.installation?.id === id);
      if (isApp || !auth.user) return false;
      if (type === "User") return auth.user.id === id;
      if (type === "Team") return world.teamsOfUser(auth.user.id).some((team) => team.id === id);
      const least = ROLE_IDS[id];
      return least !== undefined && atLeast(role, least);
    });
  });
}
