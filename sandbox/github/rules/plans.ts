/**
 * What a plan of GitHub's offers. Sources: the boxes "Who can use this feature?" of GitHub's pages "About rulesets",
 * "About protected branches" and "About code owners", and "Metadata restrictions" and "Using ruleset enforcement
 * statuses".
 */
import { HttpError } from "../http/errors";
import type { Organization, Repository } from "../state";
import type { World } from "../world";

const paid = (org: Organization | undefined): boolean => org !== undefined && org.plan !== "free";

/**
 * Protected branches, rulesets and code owners: public repositories on every plan, the others on a paid one. Personal
 * accounts here are free.
 */
export const hasRules = (world: World, repo: Repository): boolean =>
  repo.visibility === "public" || paid(world.orgOf(repo));

/**
 * Push rulesets: private and internal repositories of an organization with GitHub Team or Enterprise, whatever else is
 * offered.
 */
export const hasPushRules = (world: World, repo: Repository): boolean =>
  repo.visibility !== "public" && paid(world.orgOf(repo));

/** Rulesets of an organization: GitHub Team and Enterprise. (Until 2025 Enterprise alone; older pages still say so.) */
export const hasOrganizationRulesets = (org: Organization): boolean => paid(org);

/** Enforcement `evaluate`, and the rules about commit metadata and names: GitHub Enterprise. */
export const hasEnterpriseRules = (org: Organization | undefined): boolean => org?.plan === "enterprise";

/** @throws HttpError 403 in GitHub's words */
export function demandRules(world: World, repo: Repository): void {
  if (!hasRules(world, repo))
    throw new HttpError(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.");
}

/** @throws HttpError 403 in GitHub's words */
export function demandOrganizationRulesets(org: Organization): void {
  if (!hasOrganizationRulesets(org)) throw new HttpError(403, "Upgrade to GitHub Team to enable this feature.");
}
