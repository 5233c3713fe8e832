import type { Auth } from "../auth";
import { orgRole, roleOfUser } from "../permissions";
import type { BypassActor, Repository, Role, Ruleset, RulesetRule } from "../state";
import { atLeast, type World } from "../world";
import { fnmatch } from "./fnmatch";
import { hasOrganizationRulesets, hasPushRules, hasRules } from "./plans";

/**
 * Ids that bypass actors of the kind RepositoryRole use. Roles below `write` cannot be given bypass ("Granting bypass
 * permissions for your ruleset").
 */
export const ROLE_IDS: Readonly<Record<number, Role>> = { 2: "maintain", 4: "write", 5: "admin" };

export function refMatches(
  include: readonly string[],
  exclude: readonly string[],
  ref: string,
  defaultBranch: string,
): boolean {
  const any = (patterns: readonly string[]): boolean =>
    patterns.some((p) =>
      p === "~ALL" ? true : p === "~DEFAULT_BRANCH" ? ref === `refs/heads/${defaultBranch}` : fnmatch(p, ref),
    );
  return any(include) && !any(exclude);
}

/** Rulesets of a repository, and those of its organization whose conditions name it; none where the plan has none. */
export function rulesetsOf(world: World, repo: Repository): Ruleset[] {
  if (!hasRules(world, repo)) return [];
  const org = world.orgOf(repo);
  const inherited =
    org && hasOrganizationRulesets(org) ? [...org.rulesets.values()].filter((r) => orgRulesetCovers(r, repo)) : [];
  return [...repo.rulesets.values(), ...inherited];
}

/** The repository that a fork network began with. */
function rootOf(world: World, repo: Repository): Repository {
  let root = repo;
  for (let above = world.repos.get(repo.forkOf ?? -1); above; above = world.repos.get(above.forkOf ?? -1)) root = above;
  return root;
}

/** Push rulesets cover every ref of a repository and of its whole fork network, whoever owns the fork. */
export function pushRulesetsOf(world: World, repo: Repository): Ruleset[] {
  return [...new Set([repo, rootOf(world, repo)])]
    .filter((one) => hasPushRules(world, one))
    .flatMap((one) => rulesetsOf(world, one).filter((r) => r.target === "push" && r.enforcement !== "disabled"));
}

function orgRulesetCovers(ruleset: Ruleset, repo: Repository): boolean {
  const { repository_name: names, repository_id: ids } = ruleset.conditions ?? {};
  if (ids) return ids.repository_ids.includes(repo.id);
  if (names) {
    const any = (patterns: readonly string[]): boolean =>
      patterns.some((p) => p === "~ALL" || fnmatch(p.toLowerCase(), repo.name.toLowerCase()));
    return any(names.include) && !any(names.exclude);
  }
  return ruleset.conditions?.repository_property === undefined;
}

/** Branch or tag rulesets for a ref, and the push rulesets. */
export function rulesetsForRef(world: World, repo: Repository, ref: string): Ruleset[] {
  const kind = ref.startsWith("refs/heads/") ? "branch" : ref.startsWith("refs/tags/") ? "tag" : undefined;
  const named = rulesetsOf(world, repo).filter((r) => {
    const names = r.conditions?.ref_name;
    return (
      r.enforcement !== "disabled" &&
      r.target === kind &&
      names !== undefined &&
      refMatches(names.include, names.exclude, ref, repo.defaultBranch)
    );
  });
  return [...named, ...pushRulesetsOf(world, repo)];
}

export interface ActiveRule {
  ruleset: Ruleset;
  rule: RulesetRule;
}

/** All rules in force for a branch name, whether it exists or not, as GET …/rules/branches/{branch} lists them. */
export function activeRules(world: World, repo: Repository, branch: string): ActiveRule[] {
  return rulesetsForRef(world, repo, `refs/heads/${branch}`)
    .filter((r) => r.enforcement === "active" && r.target === "branch")
    .flatMap((ruleset) => ruleset.rules.map((rule) => ({ ruleset, rule })));
}

export type Bypass = "always" | "pull_request" | "exempt" | "never";

/**
 * How far the asker may bypass one ruleset: bypass is per ruleset, and nothing else gives it, not even ownership. A
 * push ruleset is bypassed in a whole fork network by those alone who may bypass it in the network's root.
 */
export function bypassOf(world: World, ruleset: Ruleset, auth: Auth, of: Repository): Bypass {
  const repo = ruleset.target === "push" && ruleset.sourceId !== of.id ? rootOf(world, of) : of;
  const modes = ruleset.bypassActors
    .filter((actor) => isActor(world, actor, auth, repo))
    .map((actor) => actor.bypass_mode);
  return modes.includes("exempt")
    ? "exempt"
    : modes.includes("always")
      ? "always"
      : modes.includes("pull_request")
        ? "pull_request"
        : "never";
}

function isActor(world: World, actor: BypassActor, auth: Auth, repo: Repository): boolean {
  const org = world.orgOf(repo);
  const isApp = auth.token?.kind === "app-installation";
  switch (actor.actor_type) {
    case "Integration":
      return isApp && auth.app?.id === actor.actor_id;
    case "OrganizationAdmin":
      return org !== undefined && orgRole(world, auth, org) === "admin";
    case "RepositoryRole": {
      const role = ROLE_IDS[actor.actor_id ?? 0];
      return (
        !isApp && auth.user !== undefined && role !== undefined && atLeast(roleOfUser(world, auth.user, repo), role)
      );
    }
    case "Team":
      return !isApp && auth.user !== undefined && world.teamsOfUser(auth.user.id).some((t) => t.id === actor.actor_id);
    case "User":
      return !isApp && auth.user?.id === actor.actor_id;
    default:
      return false; // deploy keys push over SSH, which is not served here; enterprise owners do not exist
  }
}
