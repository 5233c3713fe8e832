import type { Bypass, RulesetPlan } from "../plans";

/** Numeric ids of teams, by slug. */
export type TeamIds = Readonly<Record<string, number>>;

/** What a ruleset of a repository and one of the organization have in common, as the provider takes it. */
export function rulesetInputs(plan: RulesetPlan, teamIds: TeamIds) {
  const { pullRequest, requiredStatusChecks, filePathRestriction, ...switches } = plan.rules;
  return {
    name: plan.name,
    target: plan.target,
    enforcement: "active",
    bypassActors: bypassActors(plan.bypass, teamIds),
    ...(plan.refs
      ? { conditions: { refName: { includes: [...plan.refs.includes], excludes: [...plan.refs.excludes] } } }
      : {}),
    rules: {
      ...switches,
      ...(pullRequest ? { pullRequest: pullRequestInputs(pullRequest, teamIds) } : {}),
      ...(requiredStatusChecks
        ? {
            requiredStatusChecks: {
              ...requiredStatusChecks,
              requiredChecks: requiredStatusChecks.requiredChecks.map((check) => ({ ...check })),
            },
          }
        : {}),
      ...(filePathRestriction
        ? { filePathRestriction: { restrictedFilePaths: [...filePathRestriction.restrictedFilePaths] } }
        : {}),
    },
  };
}

function pullRequestInputs(
  { requiredReviewers, ...rule }: NonNullable<RulesetPlan["rules"]["pullRequest"]>,
  teamIds: TeamIds,
) {
  return {
    ...rule,
    ...(requiredReviewers
      ? {
          requiredReviewers: requiredReviewers.map(({ team, filePatterns }) => ({
            reviewer: { id: teamId(team, teamIds), type: "Team" },
            filePatterns: [...filePatterns],
            minimumApprovals: 1,
          })),
        }
      : {}),
  };
}

/** GitHub's fixed id for "organization owners" in a bypass list. */
const ORGANIZATION_ADMIN = { actorType: "OrganizationAdmin", actorId: 1, bypassMode: "always" };

function bypassActors(bypass: Bypass, teamIds: TeamIds) {
  const teams = bypass.teams.map((slug) => ({
    actorType: "Team",
    actorId: teamId(slug, teamIds),
    bypassMode: "always",
  }));
  // In the order in which GitHub lists them, so that reading back shows no change.
  return [...(bypass.organizationAdmins ? [ORGANIZATION_ADMIN] : []), ...teams.sort((a, b) => a.actorId - b.actorId)];
}

function teamId(slug: string, teamIds: TeamIds): number {
  const id = teamIds[slug];
  if (id === undefined) throw new Error(`no id for the team ${slug}`);
  return id;
}
