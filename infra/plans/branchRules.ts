import type { Environment, Repository } from "../model/schema";
import { people, securityTeam } from "../model/access";
import { AGENT_BRANCHES, names } from "../model/names";
import { PROTECTED_PATHS } from "../../gate/policy/policy";
import { offersPushRules, offersRules, usesOrganizationRulesets } from "../model/features";
import { fnmatchPatterns, ownerPatterns } from "./protectedPaths";
import { byCode, fingerprint, sorted } from "../model/text";

/**
 * Who may pass a ruleset. GitHub has no bypass that could name the machine user by accident here: only teams of people
 * and owners.
 */
export interface Bypass {
  readonly teams: readonly string[];
  readonly organizationAdmins: boolean;
}

export interface PullRequestRule {
  readonly requiredApprovingReviewCount: number;
  readonly requireCodeOwnerReview: true;
  readonly dismissStaleReviewsOnPush: true;
  readonly requireLastPushApproval: true;
  readonly requiredReviewThreadResolution: true;
  /**
   * Teams that must approve what touches these paths (gitignore-like), at least one of each; kept in the ruleset, where
   * no pull request can edit it.
   */
  readonly requiredReviewers?: readonly { readonly team: string; readonly filePatterns: readonly string[] }[];
}

export interface RulesetRules {
  readonly creation?: true;
  readonly update?: true;
  readonly deletion?: true;
  readonly nonFastForward?: true;
  readonly requiredLinearHistory?: true;
  readonly requiredSignatures?: true;
  readonly pullRequest?: PullRequestRule;
  readonly requiredStatusChecks?: {
    readonly strictRequiredStatusChecksPolicy: true;
    readonly requiredChecks: readonly { readonly context: string; readonly integrationId: number }[];
  };
  readonly filePathRestriction?: { readonly restrictedFilePaths: readonly string[] };
}

/** One ruleset of a repository, as the provider takes it, with teams still by slug. */
export interface RulesetPlan {
  /** Suffix of the resource name; part of the contract with existing stacks. */
  readonly key: "branches" | "tags" | "review" | "history" | "paths";
  readonly name: string;
  readonly target: "branch" | "tag" | "push";
  /** Absent for push rulesets, which apply to every ref. */
  readonly refs?: { readonly includes: readonly string[]; readonly excludes: readonly string[] };
  readonly bypass: Bypass;
  readonly rules: RulesetRules;
}

/** One ruleset of the organization: the plan that all of its repositories share. */
export interface OrganizationRulesetPlan extends RulesetPlan {
  /**
   * Suffix of the resource name: the key and a fingerprint of what sets this plan apart, so that it stays when rules
   * change.
   */
  readonly id: string;
  /** Names of the repositories it holds, sorted. */
  readonly repositories: readonly string[];
}

/**
 * The classic protection of the default branch: a second system beside the rulesets, so that losing one does not lose
 * both.
 */
export interface ProtectionPlan {
  readonly pattern: string;
  readonly enforceAdmins: boolean;
  readonly approvals: number;
  readonly checks: readonly string[];
  readonly linearHistory: boolean;
  readonly signedCommits: boolean;
  /** Teams (`organization/slug`) that may push, which includes merging; the machine user's team is not among them. */
  readonly pushers: readonly string[];
  /** Teams that may dismiss a review. */
  readonly dismissers: readonly string[];
}

/**
 * Whether a repository is fenced: where the agent may write, and where its token could although its access is read. One
 * token serves all repositories; the machine user's role narrows it, but a GitHub App's installation has no role.
 */
export function hasBranchRules(environment: Environment, repository: Repository): boolean {
  if (repository.access === "write") return true;
  const writes = environment.repositories.some(({ access }) => access === "write");
  return offersRules(environment, repository) && writes && environment.agent.credential.kind === "app-installation";
}

const NOBODY: Bypass = { teams: [], organizationAdmins: false };

/** The rulesets that each fenced repository has of its own; none where the organization's hold it. */
export function repositoryRulesets(environment: Environment, repository: Repository): RulesetPlan[] {
  return usesOrganizationRulesets(environment) ? [] : rulesets(environment, repository);
}

/**
 * The rulesets of one fenced repository, whoever keeps them. With write access they hold the agent to its branches,
 * with read access they close every branch and tag to it. Bypass is per ruleset: the ones that fence the agent in let
 * people pass, the one that keeps the history lets nobody pass. The machine user, its team and the write role pass none
 * of them.
 */
export function rulesets(environment: Environment, repository: Repository): RulesetPlan[] {
  const { fence, tags, review, history, paths } = names(environment).rulesets;
  const rules = environment.review;
  const everyone: Bypass = { teams: people(environment, repository), organizationAdmins: true };
  // Owners may bring CODEOWNERS and workflows to a branch in any case; what reaches the default branch is `review`'s to
  // say.
  const guardians: Bypass = { teams: [securityTeam(environment)], organizationAdmins: true };
  const defaultBranch = { includes: ["~DEFAULT_BRANCH"], excludes: [] };
  const closing: RulesetPlan[] = [
    // `update` is also what stops the agent from merging: a merge updates the target branch.
    {
      key: "branches",
      name: fence,
      target: "branch",
      refs: { includes: ["~ALL"], excludes: repository.access === "write" ? [AGENT_BRANCHES] : [] },
      bypass: everyone,
      rules: { creation: true, update: true, deletion: true, nonFastForward: true },
    },
    {
      key: "tags",
      name: tags,
      target: "tag",
      refs: { includes: ["~ALL"], excludes: [] },
      bypass: everyone,
      rules: { creation: true, update: true, deletion: true },
    },
  ];
  if (repository.access === "read") return closing;
  const plans: RulesetPlan[] = [
    ...closing,
    {
      key: "review",
      name: review,
      target: "branch",
      refs: defaultBranch,
      bypass: { teams: [], organizationAdmins: rules.administrators === "bypass" },
      rules: {
        pullRequest: {
          requiredApprovingReviewCount: rules.approvals,
          requireCodeOwnerReview: true,
          dismissStaleReviewsOnPush: true,
          requireLastPushApproval: true,
          requiredReviewThreadResolution: true,
          ...(offersPushRules(environment, repository)
            ? {}
            : {
                requiredReviewers: [{ team: securityTeam(environment), filePatterns: protectedPatterns(repository) }],
              }),
        },
        ...(rules.requiredChecks.length > 0
          ? {
              requiredStatusChecks: {
                strictRequiredStatusChecksPolicy: true as const,
                requiredChecks: sortedChecks(environment),
              },
            }
          : {}),
        ...(rules.signedCommits ? { requiredSignatures: true as const } : {}),
      },
    },
    {
      key: "history",
      name: history,
      target: "branch",
      refs: defaultBranch,
      bypass: NOBODY,
      rules: {
        deletion: true,
        nonFastForward: true,
        ...(rules.linearHistory ? { requiredLinearHistory: true as const } : {}),
      },
    },
  ];
  if (offersPushRules(environment, repository)) {
    plans.push({
      key: "paths",
      name: paths,
      target: "push",
      bypass: guardians,
      rules: { filePathRestriction: { restrictedFilePaths: restrictedPaths(repository) } },
    });
  }
  return plans;
}

/** GitHub keeps at most this many rulesets in one organization ("About rulesets"). */
export const MAX_RULESETS = 75;

/**
 * The organization's rulesets: one for each set of rules that repositories share, so that their number does not grow
 * with the repositories but with their differences. None where each repository keeps its own.
 */
export function organizationRulesets(environment: Environment): OrganizationRulesetPlan[] {
  if (!usesOrganizationRulesets(environment)) return [];
  const shared = new Map<string, { plan: RulesetPlan; repositories: string[] }>();
  for (const repository of environment.repositories.filter((candidate) => hasBranchRules(environment, candidate))) {
    for (const plan of rulesets(environment, repository)) {
      const id = `${plan.key}-${fingerprint(distinction(plan))}`;
      const entry = shared.get(id) ?? { plan, repositories: [] };
      entry.repositories.push(repository.name);
      shared.set(id, entry);
    }
  }
  return [...shared]
    .map(([id, { plan, repositories }]) => ({
      ...plan,
      id,
      name: `${plan.name} (${id.slice(plan.key.length + 1)})`,
      repositories: sorted(repositories),
    }))
    .sort((a, b) => byCode(a.id, b.id));
}

/**
 * What can differ between two repositories of one environment: who passes, which branches, which paths. Not what is the
 * same for all.
 */
function distinction({ bypass, refs, rules }: RulesetPlan): string {
  return JSON.stringify([
    bypass.teams,
    refs?.excludes,
    rules.filePathRestriction,
    rules.pullRequest?.requiredReviewers,
  ]);
}

/** The classic protection of the default branch, for one repository the agent may write to. */
export function branchProtection(environment: Environment, repository: Repository): ProtectionPlan {
  const { approvals, requiredChecks, linearHistory, signedCommits, administrators } = environment.review;
  return {
    pattern: repository.defaultBranch,
    enforceAdmins: administrators === "bound",
    approvals,
    checks: sorted(requiredChecks.map((check) => check.context)),
    linearHistory,
    signedCommits,
    pushers: people(environment, repository).map((team) => `${environment.organization}/${team}`),
    dismissers: [`${environment.organization}/${securityTeam(environment)}`],
  };
}

/** GitHub takes at most this many paths in one push ruleset, each of at most as many characters. */
export const MAX_RESTRICTED_PATHS = 200;

/** The protected paths in the push ruleset's own notation. */
export function restrictedPaths(repository: Pick<Repository, "protectedPaths">): string[] {
  return sorted([...PROTECTED_PATHS, ...repository.protectedPaths].flatMap(fnmatchPatterns));
}

/** The protected paths as a required reviewer's rule takes them, which reads them like gitignore. */
export function protectedPatterns(repository: Pick<Repository, "protectedPaths">): string[] {
  return sorted([...PROTECTED_PATHS, ...repository.protectedPaths].flatMap(ownerPatterns));
}

function sortedChecks(environment: Environment) {
  return [...environment.review.requiredChecks]
    .sort((a, b) => (a.context < b.context ? -1 : 1))
    .map(({ context, integrationId }) => ({ context, integrationId }));
}
