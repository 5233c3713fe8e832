import type { Auth } from "../auth";
import type { GitRepository } from "../git/repository";
import { roleOfUser } from "../permissions";
import type { Issue, PullRequest, Repository, Review } from "../state";
import { atLeast, type World } from "../world";
import { loadCodeowners, ownersOf, ownsPath, resolveOwners } from "./codeowners";
import { protectionOf, isAmong, isExempt } from "./protection";
import { activeRules, bypassOf } from "./rulesets";
import type { RequiredCheck } from "./checks";

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
  strict: boolean;
  checks: RequiredCheck[];
  methods: ReadonlySet<"merge" | "squash" | "rebase">;
  reviewers: { teamId: number; patterns: string[]; approvals: number }[];
}

/** @param auth when given, rules that this asker may bypass by merging are left out */
export function reviewRequirements(world: World, repo: Repository, branch: string, auth?: Auth): ReviewRequirements {
  const need: ReviewRequirements = {
    any: false,
    approvals: 0,
    codeOwners: false,
    lastPush: false,
    threads: false,
    dismissStale: false,
    linear: false,
    strict: false,
    checks: [],
    methods: new Set(["merge", "squash", "rebase"]),
    reviewers: [],
  };
  let methods: string[] = ["merge", "squash", "rebase"];
  for (const { ruleset, rule } of activeRules(world, repo, branch)) {
    if (auth && bypassOf(world, ruleset, auth, repo) !== "never") continue;
    const p = rule.parameters ?? {};
    if (rule.type === "required_linear_history") need.linear = true;
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
    if (Array.isArray(p["allowed_merge_methods"])) methods = methods.filter((m) => (p["allowed_merge_methods"] as string[]).includes(m));
    for (const r of (p["required_reviewers"] ?? []) as { reviewer: { id: number }; file_patterns: string[]; minimum_approvals: number }[])
      need.reviewers.push({ teamId: r.reviewer.id, patterns: r.file_patterns, approvals: r.minimum_approvals });
  }
  const protection = protectionOf(repo, branch);
  if (protection && !(auth && isExempt(world, protection, auth, repo))) {
    if (protection.requiresApprovingReviews && !(auth && isAmong(world, protection.bypassPullRequestActors, auth))) {
      need.any = true;
      need.approvals = Math.max(need.approvals, protection.requiredApprovingReviewCount);
      need.codeOwners ||= protection.requiresCodeOwnerReviews;
      need.lastPush ||= protection.requireLastPushApproval;
      need.dismissStale ||= protection.dismissesStaleReviews;
    }
    need.threads ||= protection.requiresConversationResolution;
    need.linear ||= protection.requiresLinearHistory;
    if (protection.requiresStatusChecks) {
      need.strict ||= protection.requiresStrictStatusChecks;
      need.checks.push(...protection.requiredStatusChecks);
    }
  }
  if (need.linear) methods = methods.filter((m) => m !== "merge");
  need.methods = new Set(methods as ("merge" | "squash" | "rebase")[]);
  return need;
}

/** The last word of each reviewer: approvals and change requests, where a comment says nothing new. */
export function standingReviews(pull: PullRequest): Map<number, Review> {
  const last = new Map<number, Review>();
  for (const review of pull.reviews)
    if (review.state === "APPROVED" || review.state === "CHANGES_REQUESTED" || review.state === "DISMISSED") last.set(review.userId, review);
  return last;
}

/** Why a pull request may not be merged for want of review, in GitHub's words; empty when nothing is missing. */
export async function reviewProblems(world: World, repo: Repository, git: GitRepository, issue: Issue, need: ReviewRequirements): Promise<string[]> {
  const pull = issue.pull!;
  const problems: string[] = [];
  const standing = standingReviews(pull);
  const counts = (userId: number): boolean => {
    const user = world.users.get(userId);
    return user?.type === "User" && userId !== issue.userId && atLeast(roleOfUser(world, user, repo), "write");
  };
  const approvers = new Set([...standing].filter(([id, r]) => r.state === "APPROVED" && counts(id)).map(([id]) => id));
  if ([...standing].some(([id, r]) => r.state === "CHANGES_REQUESTED" && counts(id)) && need.any)
    problems.push("Changes have been requested by a reviewer with write access.");
  if (approvers.size < need.approvals)
    problems.push(
      need.approvals === 1
        ? "At least 1 approving review is required by reviewers with write access."
        : `At least ${need.approvals} approving reviews are required by reviewers with write access.`,
    );
  const freshEnough = (id: number): boolean => (standing.get(id)!.submittedAt ?? "") >= pull.lastPush.at && standing.get(id)!.commitId === pull.headSha;
  if (need.lastPush && ![...approvers].some((id) => id !== pull.lastPush.userId && freshEnough(id)))
    problems.push("New changes require approval from someone other than the last pusher.");
  if (need.codeOwners || need.reviewers.length > 0) {
    const base = (await git.resolve(`refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
    const mergeBase = await git.mergeBase(base, pull.headSha);
    const changes = await git.diff(mergeBase ?? null, pull.headSha, false);
    const paths = [...new Set(changes.flatMap((c) => [c.filename, ...(c.previousFilename ? [c.previousFilename] : [])]))];
    if (need.codeOwners) {
      const file = await loadCodeowners(git, base);
      const waiting = file
        ? paths.filter((path) => {
            const owners = ownersOf(file, path);
            if (!owners || owners.length === 0) return false;
            const { userIds } = resolveOwners(world, repo, owners);
            return userIds.size > 0 && ![...approvers].some((id) => userIds.has(id));
          })
        : [];
      if (waiting.length > 0) problems.push("Waiting on code owner review from owners of the changed files.");
    }
    for (const r of need.reviewers) {
      if (
        !paths.some(
          (path) =>
            r.patterns.filter((p) => !p.startsWith("!")).some((p) => ownsPath(p, path)) &&
            !r.patterns.filter((p) => p.startsWith("!")).some((p) => ownsPath(p.slice(1), path)),
        )
      )
        continue;
      const given = [...approvers].filter((id) => world.teamsOfUser(id).some((t) => t.id === r.teamId)).length;
      if (given < r.approvals)
        problems.push(
          `Waiting on ${r.approvals} approving review${r.approvals === 1 ? "" : "s"} from ${world.teams.get(r.teamId)?.slug ?? "a required team"}.`,
        );
    }
  }
  if (need.threads && pull.reviewComments.some((c) => c.inReplyToId === null && !c.resolved))
    problems.push("A conversation must be resolved before this pull request can be merged.");
  return problems;
}

/** Accounts and teams that are asked for review because they own changed files; drafts ask nobody. */
export async function codeOwnersToAsk(world: World, repo: Repository, git: GitRepository, issue: Issue): Promise<{ userIds: number[]; teamIds: number[] }> {
  const pull = issue.pull!;
  const base = await git.resolve(`refs/heads/${pull.baseRef}`);
  const file = base ? await loadCodeowners(git, base) : undefined;
  if (!base || !file) return { userIds: [], teamIds: [] };
  const changes = await git.diff((await git.mergeBase(base, pull.headSha)) ?? null, pull.headSha, false);
  const owners = new Set(changes.flatMap((c) => ownersOf(file, c.filename) ?? []));
  const { teamIds } = resolveOwners(world, repo, [...owners]);
  const single = resolveOwners(
    world,
    repo,
    [...owners].filter((o) => !o.includes("/")),
  );
  return { userIds: [...single.userIds].filter((id) => id !== issue.userId), teamIds: [...teamIds] };
}
