import type { GitRepository } from "../git/repository";
import { ACTIONS_APP_ID } from "../ids";
import { roleOfUser } from "../permissions";
import type { Issue, PullRequest, Repository, Review } from "../state";
import { atLeast, type World } from "../world";
import { loadCodeowners, ownersOf, resolveOwners } from "./codeowners";
import { listMatches } from "./gitignore";
import { hasRules } from "./plans";
import { reviewRequirements, type ReviewRequirements } from "./requirements";

/** What a reviewer had before their eyes: where the change left the base, and what it makes of it. Both are hashes. */
export async function reviewedState(
  git: GitRepository,
  pull: PullRequest,
  commit = pull.headSha,
): Promise<{ mergeBase: string; tree: string }> {
  const base = (await git.resolve(`refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
  return { mergeBase: (await git.mergeBase(base, commit)) ?? "", tree: (await git.resolve(commit, "^{tree}")) ?? "" };
}

/**
 * Approvals that no longer hold, because what they approved has changed: with "dismiss stale reviews" by a push that
 * affects the difference, and with that or "approval of the most recent push" by a merge base that brings new changes
 * in (notes of "Require a pull request before merging").
 */
export async function staleApprovals(
  world: World,
  repo: Repository,
  git: GitRepository,
  pull: PullRequest,
): Promise<Review[]> {
  const need = reviewRequirements(world, repo, pull.baseRef);
  const approvals = pull.reviews.filter((review) => review.state === "APPROVED");
  if (approvals.length === 0 || (!need.dismissStale && !need.lastPush)) return [];
  const now = await reviewedState(git, pull);
  return approvals.filter(
    ({ seen }) => seen && (seen.mergeBase !== now.mergeBase || (need.dismissStale && seen.tree !== now.tree)),
  );
}

/** The last word of each reviewer: approvals and change requests, where a comment says nothing new. */
export function standingReviews(pull: PullRequest): Map<number, Review> {
  const last = new Map<number, Review>();
  for (const review of pull.reviews)
    if (review.state === "APPROVED" || review.state === "CHANGES_REQUESTED" || review.state === "DISMISSED")
      last.set(review.userId, review);
  return last;
}

/**
 * Whether somebody's review counts for the rules: people with write access, never the author. Reviews of Apps count
 * when the App may write contents, those of Actions when the repository lets workflows approve; GitHub's documents
 * leave the former open, and for a lock the worse case is assumed.
 */
function reviewCounts(world: World, repo: Repository, issue: Issue, userId: number): boolean {
  const user = world.users.get(userId);
  if (!user || userId === issue.userId) return false;
  if (user.type === "User") return atLeast(roleOfUser(world, user, repo), "write");
  const app = [...world.apps.values()].find((candidate) => candidate.botUserId === userId);
  if (app?.id === ACTIONS_APP_ID) return repo.workflow.canApprovePullRequestReviews;
  return [...world.installations.values()].some(
    (i) =>
      i.appId === app?.id &&
      i.account.id === repo.owner.id &&
      (i.repositorySelection === "all" || i.repositoryIds.has(repo.id)) &&
      i.permissions["contents"] === "write",
  );
}

/** Why a pull request may not be merged for want of review, in GitHub's words; empty when nothing is missing. */
export async function reviewProblems(
  world: World,
  repo: Repository,
  git: GitRepository,
  issue: Issue,
  need: ReviewRequirements,
): Promise<string[]> {
  const pull = issue.pull!;
  const problems: string[] = [];
  const standing = standingReviews(pull);
  const counts = (userId: number): boolean => reviewCounts(world, repo, issue, userId);
  const approvers = new Set([...standing].filter(([id, r]) => r.state === "APPROVED" && counts(id)).map(([id]) => id));
  if ([...standing].some(([id, r]) => r.state === "CHANGES_REQUESTED" && counts(id)) && need.any)
    problems.push("Changes have been requested by a reviewer with write access.");
  if (approvers.size < need.approvals)
    problems.push(
      need.approvals === 1
        ? "At least 1 approving review is required by reviewers with write access."
        : `At least ${need.approvals} approving reviews are required by reviewers with write access.`,
    );
  if (need.lastPush && !(await lastPushApproved(git, pull, standing, approvers)))
    problems.push("New changes require approval from someone other than the last pusher.");
  if (need.codeOwners || need.reviewers.length > 0) {
    const paths = await changedPaths(git, pull);
    if (need.codeOwners && (await ownersMissing(world, repo, git, issue, paths, approvers)))
      problems.push("Waiting on code owner review from owners of the changed files.");
    for (const { teamId, patterns, approvals } of need.reviewers) {
      if (!paths.some((path) => listMatches(patterns, path))) continue;
      const team = world.teams.get(teamId);
      // The team itself needs write access for its members' approvals to count, whatever they have otherwise.
      const writes = team !== undefined && atLeast(world.teamRole(team, repo.id), "write");
      const given = writes ? [...approvers].filter((id) => world.teamsOfUser(id).includes(team)).length : 0;
      if (given < approvals)
        problems.push(
          `Waiting on ${approvals} approving review${approvals === 1 ? "" : "s"} from ${team?.slug ?? "a required team"}.`,
        );
    }
  }
  if (need.threads && pull.reviewComments.some((c) => c.inReplyToId === null && !c.resolved))
    problems.push("A conversation must be resolved before this pull request can be merged.");
  return problems;
}

/** Somebody who counts, other than who pushed last, has approved what is there now. */
async function lastPushApproved(
  git: GitRepository,
  pull: PullRequest,
  standing: ReadonlyMap<number, Review>,
  approvers: ReadonlySet<number>,
): Promise<boolean> {
  const { tree } = await reviewedState(git, pull);
  return [...approvers].some((id) => id !== pull.lastPusherId && standing.get(id)!.seen?.tree === tree);
}

/** Paths that the pull request changes, old names of renamed files included. */
async function changedPaths(git: GitRepository, pull: PullRequest): Promise<string[]> {
  const base = (await git.resolve(`refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
  const changes = await git.diff((await git.mergeBase(base, pull.headSha)) ?? null, pull.headSha, false);
  return [...new Set(changes.flatMap((c) => [c.filename, ...(c.previousFilename ? [c.previousFilename] : [])]))];
}

/**
 * Whether a changed path has owners of whom none has approved. The file in force is the base branch's. An owner who
 * opens the pull request, or is in the owning team, has approved by that (last example of "About code owners").
 */
async function ownersMissing(
  world: World,
  repo: Repository,
  git: GitRepository,
  issue: Issue,
  paths: readonly string[],
  approvers: ReadonlySet<number>,
): Promise<boolean> {
  const file = await ownersFileOf(world, repo, git, issue.pull!);
  if (!file) return false;
  return paths.some((path) => {
    const { userIds } = resolveOwners(world, repo, ownersOf(file, path) ?? []);
    return userIds.size > 0 && !userIds.has(issue.userId) && ![...approvers].some((id) => userIds.has(id));
  });
}

async function ownersFileOf(world: World, repo: Repository, git: GitRepository, pull: PullRequest) {
  const base = hasRules(world, repo) ? await git.resolve(`refs/heads/${pull.baseRef}`) : undefined;
  return base === undefined ? undefined : loadCodeowners(git, base);
}

/**
 * Accounts and teams that are asked for review because they own changed files, and teams that a rule requires for them,
 * those without a required approval included. Drafts ask nobody: the caller sees to that.
 */
export async function reviewersToAsk(
  world: World,
  repo: Repository,
  git: GitRepository,
  issue: Issue,
): Promise<{ userIds: number[]; teamIds: number[] }> {
  const pull = issue.pull!;
  const paths = await changedPaths(git, pull);
  const file = await ownersFileOf(world, repo, git, pull);
  const owners = [...new Set(paths.flatMap((path) => (file && ownersOf(file, path)) ?? []))];
  const { teamIds } = resolveOwners(world, repo, owners);
  const { userIds } = resolveOwners(
    world,
    repo,
    owners.filter((owner) => !owner.includes("/")),
  );
  for (const { teamId, patterns } of reviewRequirements(world, repo, pull.baseRef).reviewers)
    if (world.teams.has(teamId) && paths.some((path) => listMatches(patterns, path))) teamIds.add(teamId);
  return { userIds: [...userIds].filter((id) => id !== issue.userId), teamIds: [...teamIds] };
}
