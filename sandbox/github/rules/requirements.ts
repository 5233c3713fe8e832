import type { Auth } from "../auth";
import type { BranchProtection, Repository } from "../state";
import type { World } from "../world";
import type { RequiredCheck } from "./checks";
import { isAmong, isExempt, protectionOf } from "./protection";
import { activeRules, bypassOf, type ActiveRule } from "./rulesets";

export type MergeMethod = "merge" | "squash" | "rebase";
const METHODS: readonly MergeMethod[] = ["merge", "squash", "rebase"];

/** Everything that the rules of a base branch ask of a pull request, the strictest of each. */
export interface ReviewRequirements {
  /** False: no rule speaks of pull requests. */
  any: boolean;
  approvals: number;
  codeOwners: boolean;
  lastPush: boolean;
  threads: boolean;
  dismissStale: boolean;
  linear: boolean;
  signatures: boolean;
  strict: boolean;
  checks: RequiredCheck[];
  methods: ReadonlySet<MergeMethod>;
  reviewers: { teamId: number; patterns: string[]; approvals: number }[];
}

/**
 * The requirements of some rules and of a protection together: all apply, and of each the most restrictive version
 * ("About rule layering").
 * @param protection undefined: none; `pullRequests` false: the asker need not go through a pull request
 */
export function requirementsOf(
  rules: readonly ActiveRule[],
  protection?: { rule: BranchProtection; pullRequests: boolean },
): ReviewRequirements {
  const need: Omit<ReviewRequirements, "methods"> = {
    any: false,
    approvals: 0,
    codeOwners: false,
    lastPush: false,
    threads: false,
    dismissStale: false,
    linear: false,
    signatures: false,
    strict: false,
    checks: [],
    reviewers: [],
  };
  let methods = [...METHODS];
  for (const { rule } of rules) {
    const p = rule.parameters ?? {};
    if (rule.type === "required_linear_history") need.linear = true;
    if (rule.type === "required_signatures") need.signatures = true;
    if (rule.type === "required_status_checks") {
      need.strict ||= p["strict_required_status_checks_policy"] === true;
      for (const check of (p["required_status_checks"] ?? []) as { context: string; integration_id?: number }[])
        need.checks.push({ context: check.context, integrationId: check.integration_id ?? null });
    }
    if (rule.type !== "pull_request") continue;
    need.any = true;
    need.approvals = Math.max(need.approvals, Number(p["required_approving_review_count"] ?? 0));
    need.codeOwners ||= p["require_code_owner_review"] === true;
    need.lastPush ||= p["require_last_push_approval"] === true;
    need.threads ||= p["required_review_thread_resolution"] === true;
    need.dismissStale ||= p["dismiss_stale_reviews_on_push"] === true;
    const allowed = p["allowed_merge_methods"];
    if (Array.isArray(allowed)) methods = methods.filter((method) => allowed.includes(method));
    for (const r of (p["required_reviewers"] ?? []) as {
      reviewer: { id: number };
      file_patterns: string[];
      minimum_approvals: number;
    }[])
      need.reviewers.push({ teamId: r.reviewer.id, patterns: r.file_patterns, approvals: r.minimum_approvals });
  }
  if (protection) {
    const { rule, pullRequests } = protection;
    if (rule.requiresApprovingReviews && pullRequests) {
      need.any = true;
      need.approvals = Math.max(need.approvals, rule.requiredApprovingReviewCount);
      need.codeOwners ||= rule.requiresCodeOwnerReviews;
      need.lastPush ||= rule.requireLastPushApproval;
      need.dismissStale ||= rule.dismissesStaleReviews;
    }
    need.threads ||= rule.requiresConversationResolution;
    need.linear ||= rule.requiresLinearHistory;
    need.signatures ||= rule.requiresCommitSignatures;
    if (rule.requiresStatusChecks) {
      need.strict ||= rule.requiresStrictStatusChecks;
      need.checks.push(...rule.requiredStatusChecks);
    }
  }
  if (need.linear) methods = methods.filter((method) => method !== "merge");
  return { ...need, methods: new Set(methods) };
}

/** @param auth when given, what this asker may bypass by merging is left out */
export function reviewRequirements(world: World, repo: Repository, branch: string, auth?: Auth): ReviewRequirements {
  const rules = activeRules(world, repo, branch).filter(
    ({ ruleset }) => !auth || bypassOf(world, ruleset, auth, repo) === "never",
  );
  const rule = protectionOf(world, repo, branch);
  if (!rule || (auth && isExempt(world, rule, auth, repo))) return requirementsOf(rules);
  return requirementsOf(rules, { rule, pullRequests: !(auth && isAmong(world, rule.bypassPullRequestActors, auth)) });
}
