import type { Environment, Repository } from "../model/schema";
import { securityTeam, writable } from "../model/access";
import { ownerRules } from "./codeowners";
import { branchProtection, rulesets, type ProtectionPlan, type RulesetPlan } from "./branchRules";
import { offersRules } from "../model/features";

/**
 * What an environment does for the controls that speak of a default branch: OpenSSF Scorecard's Branch-Protection check
 * (tiers; each needs the one before) and CIS Software Supply Chain Security 1.1. CheckedControl by what is derived, not
 * by what is set, so that a rule that were no longer derived would show here.
 */
export interface Control {
  readonly id: string;
  readonly title: string;
}

export interface ControlVerdict extends Control {
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

interface CheckedControl extends Control {
  readonly holds: (rules: BranchRules) => boolean;
  readonly why: string;
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

const BOUND =
  "review.administrators: bound; with bypass, owners of the organization may pass the review, " +
  "and GitHub records each pass";
const TWO = "review.approvals: 2 or more";
const A_CHECK = "review.requiredChecks: at least one";

const SCORECARD: readonly CheckedControl[] = [
  {
    id: "Scorecard tier 1",
    title: "no force push, no deletion, administrators included",
    holds: (rules) => keepsHistory(rules) && bindsAdministrators(rules),
    why: BOUND,
  },
  {
    id: "Scorecard tier 2",
    title: "an approval, an up-to-date branch, approval of the last push",
    holds: (rules) => approvals(1)(rules) && upToDate(rules) && lastPush(rules),
    why: A_CHECK,
  },
  { id: "Scorecard tier 3", title: "a status check", holds: checked, why: A_CHECK },
  {
    id: "Scorecard tier 4",
    title: "two approvals, and the code owners' review",
    holds: (rules) => approvals(2)(rules) && ownersReview(rules),
    why: TWO,
  },
  { id: "Scorecard tier 5", title: "stale reviews are dismissed", holds: stale, why: "" },
];

const CIS: readonly CheckedControl[] = [
  {
    id: "CIS 1.1.3",
    title: "two strongly authenticated approvals",
    holds: approvals(2),
    why: `${TWO}; that people sign in with two factors is a setting of the organization`,
  },
  { id: "CIS 1.1.4", title: "approvals are dismissed when the change is updated", holds: stale, why: "" },
  {
    id: "CIS 1.1.5",
    title: "who may dismiss reviews is restricted",
    holds: ({ protection }) => protection.dismissers.length > 0,
    why: "",
  },
  { id: "CIS 1.1.6", title: "sensitive code has owners", holds: ({ owned }) => owned, why: "" },
  { id: "CIS 1.1.7", title: "the owners' review is required", holds: ownersReview, why: "" },
  {
    id: "CIS 1.1.8",
    title: "inactive branches are reviewed and removed",
    holds: () => false,
    why: "not Gatehouse's: what becomes of the agent's branches is for people to decide, and the agent deletes none",
  },
  { id: "CIS 1.1.9", title: "all checks pass before a merge", holds: pinned, why: A_CHECK },
  { id: "CIS 1.1.10", title: "the branch is up to date before a merge", holds: upToDate, why: A_CHECK },
  {
    id: "CIS 1.1.11",
    title: "all comments are resolved before a merge",
    holds: (rules) => pull(rules)?.requiredReviewThreadResolution === true,
    why: "",
  },
  {
    id: "CIS 1.1.12",
    title: "commits are signed",
    holds: ({ review, protection }) => review?.rules.requiredSignatures === true && protection.signedCommits,
    why:
      "review.signedCommits: true; the agent then needs a signing key of its own, " +
      "and a squash merge by others is no longer possible",
  },
  {
    id: "CIS 1.1.13",
    title: "linear history",
    holds: ({ history, protection }) => history?.rules.requiredLinearHistory === true && protection.linearHistory,
    why: "review.linearHistory: true",
  },
  { id: "CIS 1.1.14", title: "the rules hold administrators too", holds: bindsAdministrators, why: BOUND },
  {
    id: "CIS 1.1.15",
    title: "pushing and merging is restricted to named teams",
    holds: ({ protection }) => protection.pushers.length > 0,
    why: "",
  },
  {
    id: "CIS 1.1.16",
    title: "no force push",
    holds: (rules) => rules.history?.rules.nonFastForward === true && unpassable(rules.history),
    why: "",
  },
  {
    id: "CIS 1.1.17",
    title: "no deletion",
    holds: (rules) => rules.history?.rules.deletion === true && unpassable(rules.history),
    why: "",
  },
];

/** Every control of the table, in the order of its standard. */
export const CONTROLS: readonly Control[] = [...SCORECARD, ...CIS].map(({ id, title }) => ({ id, title }));

/**
 * What an environment does for each control, in every repository that the agent may write to. Repositories that it may
 * only read are left as they are, and are not judged.
 */
export function controls(environment: Environment): ControlVerdict[] {
  const rules = writable(environment).map((repository) => holding(environment, repository));
  const judge = ({ id, title, holds, why }: CheckedControl, before = true): ControlVerdict => {
    const alone = rules.every(holds);
    return { id, title, met: alone && before, why: alone ? (before ? "" : "the tier before it") : why };
  };
  let standing = true;
  const tiers = SCORECARD.map((tier) => {
    const verdict = judge(tier, standing);
    standing = verdict.met;
    return verdict;
  });
  return [...tiers, ...CIS.map((control) => judge(control))];
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
