import type { Environment, Repository } from "./schema";

/**
 * What GitHub offers for the organization's plan. Sources: GitHub's "About rulesets", "About protected branches" and
 * "About code owners".
 */

/**
 * Rulesets, branch protection and code owners: everywhere on a paid plan, on public repositories alone on the free one.
 */
export function offersRules(
  environment: Pick<Environment, "plan">,
  repository: Pick<Repository, "visibility">,
): boolean {
  return environment.plan !== "free" || repository.visibility === "public";
}

/** Push rulesets (protected paths on every branch): private and internal repositories of a paid plan. */
export function offersPushRules(
  environment: Pick<Environment, "plan">,
  repository: Pick<Repository, "visibility">,
): boolean {
  return environment.plan !== "free" && repository.visibility !== "public";
}

/**
 * Whether rulesets are declared once for the organization. GitHub's documents disagree about the team plan, so there it
 * is a choice of the environment; the enterprise plan has them, the free one has not.
 */
export function usesOrganizationRulesets({ plan, review }: Pick<Environment, "plan" | "review">): boolean {
  return plan !== "free" && (review.organizationRulesets ?? plan === "enterprise");
}
