import { control, type ControlId } from "../model/controls";
import type { Environment, Repository } from "../model/schema";
import { securityTeam, writable } from "../model/access";
import { ownerRules } from "./codeowners";
import { branchProtection, rulesets, type ProtectionPlan, type RulesetPlan } from "./branchRules";
import { offersRules } from "../model/features";

/**
 * Whether an environment meets the controls that speak of a default branch: OpenSSF Scorecard's Branch-Protection check
 * (tiers; each needs the one before) and CIS Software Supply Chain Security. Judged by what is derived, not by what is
 * set, so that a rule that were no longer derived would show here.
 */
export interface ControlVerdict {
  readonly id: ControlId;
  readonly title: string;
  readonly met: boolean;
  /** What would meet it, or why Gatehouse does not; empty when it is met. */
  readonly why: string;
}

/** What holds one repository's default branch. */
interface BranchRules {
  readonly review: RulesetPlan | undefined;
  readonly history: RulesetPlan | undefined;
  readonly protection: ProtectionPlan;
  readonly owned: boolean;
}

interface CheckedControl {
  readonly id: ControlId;
  readonly holds: (rules: BranchRules) => boolean;
}

const pull = ({ review }: BranchRules) => review?.rules.pullRequest;
const checks = ({ review }: BranchRules) => review?.rules.requiredStatusChecks;
const unpassable = (plan: RulesetPlan | undefined): boolean =>
  plan !== undefined && plan.bypass.teams.length === 0 && !plan.bypass.organizationAdmins;
const approvals =
  (least: number) =>
  (rules: BranchRules): boolean =>
    (pull(rules)?.requiredApprovingReviewCount ?? 0) >= least && rules.protection.approvals >= least;
const keepsHistory = (rules: BranchRules): boolean =>
  rules.history?.rules.nonFastForward === true && rules.history.rules.deletion === true && unpassable(rules.history);
const bindsAdministrators = (rules: BranchRules): boolean => unpassable(rules.review) && rules.protection.enforceAdmins;
const ownersReview = (rules: BranchRules): boolean => pull(rules)?.requireCodeOwnerReview === true && rules.owned;
const upToDate = (rules: BranchRules): boolean => checks(rules)?.strictRequiredStatusChecksPolicy === true;
const lastPush = (rules: BranchRules): boolean => pull(rules)?.requireLastPushApproval === true;
const checked = (rules: BranchRules): boolean => (checks(rules)?.requiredChecks.length ?? 0) > 0;
const pinned = (rules: BranchRules): boolean =>
  checked(rules) && checks(rules)!.requiredChecks.every(({ integrationId }) => integrationId > 0);
const stale = (rules: BranchRules): boolean => pull(rules)?.dismissStaleReviewsOnPush === true;

const SCORECARD: readonly CheckedControl[] = [
  { id: "Scorecard tier 1", holds: (rules) => keepsHistory(rules) && bindsAdministrators(rules) },
  { id: "Scorecard tier 2", holds: (rules) => approvals(1)(rules) && upToDate(rules) && lastPush(rules) },
  { id: "Scorecard tier 3", holds: checked },
  { id: "Scorecard tier 4", holds: (rules) => approvals(2)(rules) && ownersReview(rules) },
  { id: "Scorecard tier 5", holds: stale },
];

const CIS: readonly CheckedControl[] = [
  { id: "CIS 1.1.3", holds: approvals(2) },
  { id: "CIS 1.1.4", holds: stale },
  { id: "CIS 1.1.5", holds: ({ protection }) => protection.dismissers.length > 0 },
  { id: "CIS 1.1.6", holds: ({ owned }) => owned },
  { id: "CIS 1.1.7", holds: ownersReview },
  { id: "CIS 1.1.8", holds: () => false },
  { id: "CIS 1.1.9", holds: pinned },
  { id: "CIS 1.1.10", holds: upToDate },
  { id: "CIS 1.1.11", holds: (rules) => pull(rules)?.requiredReviewThreadResolution === true },
  {
    id: "CIS 1.1.12",
    holds: ({ review, protection }) => review?.rules.requiredSignatures === true && protection.signedCommits,
  },
  {
    id: "CIS 1.1.13",
    holds: ({ history, protection }) => history?.rules.requiredLinearHistory === true && protection.linearHistory,
  },
  { id: "CIS 1.1.14", holds: bindsAdministrators },
  { id: "CIS 1.1.15", holds: ({ protection }) => protection.pushers.length > 0 },
  {
    id: "CIS 1.1.16",
    holds: (rules) => rules.history?.rules.nonFastForward === true && unpassable(rules.history),
  },
  {
    id: "CIS 1.1.17",
    holds: (rules) => rules.history?.rules.deletion === true && unpassable(rules.history),
  },
];

/** Ids of the controls that are judged, in the order of their standards. */
export const CHECKED_CONTROLS: readonly ControlId[] = [...SCORECARD, ...CIS].map(({ id }) => id);

/**
 * What an environment does for each control, in every repository that the agent may write to. Repositories that it may
 * only read are left as they are, and are not judged.
 */
export function controls(environment: Environment): ControlVerdict[] {
  const rules = writable(environment).map((repository) => holding(environment, repository));
  const judge = ({ id, holds }: CheckedControl, before = true): ControlVerdict => {
    const { title, limit } = control(id);
    const alone = rules.every(holds);
    return { id, title, met: alone && before, why: alone ? (before ? "" : "the tier before it") : limit };
  };
  let standing = true;
  const tiers = SCORECARD.map((tier) => {
    const verdict = judge(tier, standing);
    standing = verdict.met;
    return verdict;
  });
  return [...tiers, ...CIS.map((one) => judge(one))];
}

/** The same verdicts as sentences by the control's id, `met: …` or `not met: … (…)`: an output of the stack. */
export function readableControls(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    controls(environment).map(({ id, title, met, why }) => [id, met ? `met: ${title}` : `not met: ${title} (${why})`]),
  );
}

function holding(environment: Environment, repository: Repository): BranchRules {
  const plans = offersRules(environment, repository) ? rulesets(environment, repository) : [];
  return {
    review: plans.find(({ key }) => key === "review"),
    history: plans.find(({ key }) => key === "history"),
    protection: branchProtection(environment, repository),
    owned: ownerRules(environment, repository).at(-1)?.teams.includes(securityTeam(environment)) === true,
  };
}
