/** Pull requests: their branches, figures, reviews and whether they can be merged. */
import { pullFigures } from "../../domain/pulls";
import { gitOf } from "../../domain/refs";
import { roleOn } from "../../permissions";
import { reviewRequirements } from "../../rules/requirements";
import { reviewProblems, standingReviews } from "../../rules/review";
import type { Issue, PullRequest, Repository, Review } from "../../state";
import { atLeast } from "../../world";
import { sees } from "../access";
import { connection, fetchedConnection } from "../connection";
import {
  accountById,
  issueSource,
  organizationSource,
  repositorySource,
  teamSource,
  accountSource,
  type Args,
  type GraphqlContext,
  type IssueSource,
  type Resolvers,
  type ReviewCommentSource,
  type ReviewSource,
  type ThreadSource,
} from "../source";
import { rollup } from "./checks";
import { commitAt, commitSource } from "./commitSource";
import { refNamed } from "./git";
import { closes, commentFields, issueFields, reactionGroups } from "./issues";

/** The half of an issue that only pull requests have. */
export function pullOf({ issue }: { issue: Issue }): PullRequest {
  if (!issue.pull) throw new Error(`#${issue.number} is no pull request`);
  return issue.pull;
}

/** The tips that a pull request compares: while it is open those of the branches, afterwards those it had. */
async function range({ repo, issue }: IssueSource): Promise<{ base: string; head: string; from: string | undefined }> {
  const pull = pullOf({ issue });
  const git = gitOf(repo);
  const base =
    issue.state === "open" ? ((await git.resolve(`refs/heads/${pull.baseRef}`)) ?? pull.baseSha) : pull.baseSha;
  return { base, head: pull.headSha, from: await git.mergeBase(base, pull.headSha) };
}

async function files(source: IssueSource): Promise<Awaited<ReturnType<ReturnType<typeof gitOf>["diff"]>>> {
  const { from, head } = await range(source);
  return gitOf(source.repo).diff(from ?? null, head, false);
}

async function mergeable(
  { repo, issue }: IssueSource,
  { world }: GraphqlContext,
): Promise<"MERGEABLE" | "CONFLICTING" | "UNKNOWN"> {
  const figures = await pullFigures(world, repo, issue);
  return figures.mergeable === null ? "UNKNOWN" : figures.mergeable ? "MERGEABLE" : "CONFLICTING";
}

/** Null where no rule asks for a review. */
async function reviewDecision({ world }: GraphqlContext, { repo, issue }: IssueSource): Promise<string | null> {
  const pull = pullOf({ issue });
  const need = reviewRequirements(world, repo, pull.baseRef);
  const standing = [...standingReviews(pull).values()];
  if (standing.some((review) => review.state === "CHANGES_REQUESTED")) return "CHANGES_REQUESTED";
  if (!need.any || (need.approvals === 0 && !need.codeOwners && need.reviewers.length === 0)) return null;
  return (await reviewProblems(world, repo, gitOf(repo), issue, need)).length > 0 ? "REVIEW_REQUIRED" : "APPROVED";
}

const reviewSource = (repo: Repository, issue: Issue, review: Review): ReviewSource => ({
  type: "PullRequestReview",
  repo,
  issue,
  review,
});

/** Reviews that the asker may see: a pending one is its author's alone. */
const reviewsOf = ({ auth }: GraphqlContext, issue: Issue): Review[] =>
  pullOf({ issue }).reviews.filter((review) => review.state !== "PENDING" || review.userId === auth.user?.id);

const headRepository = ({ world }: GraphqlContext, source: IssueSource): Repository | undefined =>
  world.repos.get(pullOf(source).headRepositoryId);

const pullRequest: Resolvers<IssueSource> = {
  ...issueFields,
  state: (source) => (pullOf(source).merged ? "MERGED" : source.issue.state.toUpperCase()),
  isDraft: (source) => pullOf(source).draft,
  merged: (source) => pullOf(source).merged,
  mergedAt: (source) => pullOf(source).mergedAt,
  mergedBy: (source, _args, context) => accountById(context, pullOf(source).mergedById),
  mergeCommit: (source) => {
    const { merged, mergeCommitSha } = pullOf(source);
    return merged && mergeCommitSha ? commitAt(source.repo, mergeCommitSha) : null;
  },
  potentialMergeCommit: () => null,
  mergeable: (source, _args, context) => mergeable(source, context),
  mergeStateStatus: async ({ repo, issue }, _args, { world }) =>
    (await pullFigures(world, repo, issue)).mergeableState.toUpperCase(),
  reviewDecision: (source, _args, context) => reviewDecision(context, source),
  baseRefName: (source) => pullOf(source).baseRef,
  baseRefOid: async (source) => (await range(source)).base,
  baseRef: (source, _args, context) => refNamed(context, source.repo, `refs/heads/${pullOf(source).baseRef}`),
  baseRepository: (source) => repositorySource(source.repo),
  headRefName: (source) => pullOf(source).headRef,
  headRefOid: (source) => pullOf(source).headSha,
  headRef: (source, _args, context) => {
    const head = headRepository(context, source);
    return head && sees(context, head) ? refNamed(context, head, `refs/heads/${pullOf(source).headRef}`) : null;
  },
  headRepository: (source, _args, context) => {
    const head = headRepository(context, source);
    return head && sees(context, head) ? repositorySource(head) : null;
  },
  headRepositoryOwner: (source, _args, context) => {
    const head = headRepository(context, source);
    return head && sees(context, head) ? ownerSource(context, head) : null;
  },
  isCrossRepository: (source) => pullOf(source).headRepositoryId !== source.repo.id,
  maintainerCanModify: (source) => pullOf(source).maintainerCanModify,
  permalink: (source, _args, { world }) => `${world.origin}/${world.fullName(source.repo)}/pull/${source.issue.number}`,
  additions: async (source) => (await files(source)).reduce((sum, file) => sum + file.additions, 0),
  deletions: async (source) => (await files(source)).reduce((sum, file) => sum + file.deletions, 0),
  changedFiles: async (source) => (await files(source)).length,
  files: async (source, args) =>
    connection("files", args, await files(source), (file) => ({
      path: file.filename,
      additions: file.additions,
      deletions: file.deletions,
      changeType: file.status.toUpperCase() === "REMOVED" ? "DELETED" : file.status.toUpperCase(),
      viewerViewedState: "UNVIEWED",
    })),
  commits: async (source, args) => {
    const git = gitOf(source.repo);
    const { base, head } = await range(source);
    const shas = await git.log(["--reverse", `${base}..${head}`]);
    return fetchedConnection(
      "commits",
      args,
      shas.length,
      ({ start, end }) => git.commits(shas.slice(start, end)),
      (commit) => ({
        id: Buffer.from(`prc:${pullOf(source).id}:${commit.sha}`).toString("base64url"),
        commit: commitSource(source.repo, commit),
        pullRequest: source,
        type: "PullRequestCommit",
      }),
    );
  },
  statusCheckRollup: (source, _args, context) => rollup(context, source.repo, pullOf(source).headSha),
  reviews: (source, args, context) => {
    const found = reviewsOf(context, source.issue)
      .filter((review) => !args.states || args.states.includes(review.state))
      .filter((review) => !args.author || context.world.users.get(review.userId)?.login === args.author);
    return connection("reviews", args, found, (review) => reviewSource(source.repo, source.issue, review));
  },
  latestReviews: (source, args, context) => {
    const latest = new Map(
      reviewsOf(context, source.issue)
        .filter((review) => review.state !== "PENDING")
        .map((review) => [review.userId, review]),
    );
    return connection("latestReviews", args, [...latest.values()], (review) =>
      reviewSource(source.repo, source.issue, review),
    );
  },
  latestOpinionatedReviews: (source, args) =>
    connection("latestOpinionatedReviews", args, [...standingReviews(pullOf(source)).values()], (review) =>
      reviewSource(source.repo, source.issue, review),
    ),
  viewerLatestReview: (source, _args, { auth }) => {
    const mine = pullOf(source)
      .reviews.filter((review) => review.userId === auth.user?.id)
      .at(-1);
    return mine ? reviewSource(source.repo, source.issue, mine) : null;
  },
  reviewRequests: (source, args, context) => {
    const { requestedReviewerIds, requestedTeamIds } = pullOf(source);
    const asked = [
      ...requestedReviewerIds.flatMap((id) =>
        context.world.users.has(id) ? [accountSource(context.world.user(id))] : [],
      ),
      ...requestedTeamIds.flatMap((id) => {
        const team = context.world.teams.get(id);
        return team ? [teamSource(team)] : [];
      }),
    ];
    return connection("reviewRequests", args, asked, (requestedReviewer) => ({
      requestedReviewer,
      asCodeOwner: false,
      pullRequest: source,
    }));
  },
  reviewThreads: (source, args) =>
    connection(
      "reviewThreads",
      args,
      pullOf(source).reviewComments.filter((comment) => comment.inReplyToId === null),
      (first): ThreadSource => ({ type: "PullRequestReviewThread", repo: source.repo, issue: source.issue, first }),
    ),
  closingIssuesReferences: (source, args) => {
    const found = closes(source.issue).flatMap((number) => {
      const issue = source.repo.issues.get(number);
      return issue && !issue.pull ? [issue] : [];
    });
    return connection("closingIssuesReferences", args, found, (issue) => issueSource(source.repo, issue));
  },
  totalCommentsCount: (source) =>
    [...source.repo.comments.values()].filter((comment) => comment.issueNumber === source.issue.number).length +
    pullOf(source).reviewComments.length,
  autoMergeRequest: (source, _args, context) => {
    const { autoMerge } = pullOf(source);
    return autoMerge
      ? {
          authorEmail: null,
          commitBody: autoMerge.message,
          commitHeadline: autoMerge.title,
          enabledAt: source.issue.updatedAt,
          enabledBy: accountById(context, autoMerge.enabledById),
          mergeMethod: autoMerge.method.toUpperCase(),
          pullRequest: source,
        }
      : null;
  },
  isInMergeQueue: () => false,
  isMergeQueueEnabled: () => false,
  mergeQueue: () => null,
  mergeQueueEntry: () => null,
  canBeRebased: async (source, _args, context) => (await mergeable(source, context)) === "MERGEABLE",
  viewerCanEnableAutoMerge: ({ repo }, _args, { world, auth }) =>
    repo.settings.allow_auto_merge && atLeast(roleOn(world, auth, repo), "write"),
  viewerCanMergeAsAdmin: ({ repo }, _args, { world, auth }) => roleOn(world, auth, repo) === "admin",
};

/** The owner of a repository as GraphQL's RepositoryOwner. */
export function ownerSource({ world }: GraphqlContext, repo: Repository): unknown {
  const org = world.orgOf(repo);
  return org ? organizationSource(org) : accountSource(world.user(repo.owner.id));
}

const review: Resolvers<ReviewSource> = {
  ...commentFields<ReviewSource>((source) => ({
    userId: source.review.userId,
    body: source.review.body,
    createdAt: source.review.submittedAt ?? source.issue.updatedAt,
  })),
  id: (source) => source.review.nodeId,
  databaseId: (source) => source.review.id,
  fullDatabaseId: (source) => String(source.review.id),
  state: (source) => source.review.state,
  submittedAt: (source) => source.review.submittedAt,
  commit: (source) => commitAt(source.repo, source.review.commitId),
  pullRequest: (source) => issueSource(source.repo, source.issue),
  authorCanPushToRepository: (source, _args, context) => {
    const author = context.world.users.get(source.review.userId);
    return (
      author !== undefined && atLeast(roleOn(context.world, { ...context.auth, user: author }, source.repo), "write")
    );
  },
  comments: (source, args) =>
    connection(
      "comments",
      args,
      pullOf(source).reviewComments.filter((comment) => comment.reviewId === source.review.id),
      (comment): ReviewCommentSource => ({
        type: "PullRequestReviewComment",
        repo: source.repo,
        issue: source.issue,
        comment,
      }),
    ),
  reactionGroups: (_source, _args, context) => reactionGroups(context, []),
  url: (source, _args, { world }) =>
    `${world.origin}/${world.fullName(source.repo)}/pull/${source.issue.number}#pullrequestreview-${source.review.id}`,
};

const reviewComment: Resolvers<ReviewCommentSource> = {
  ...commentFields<ReviewCommentSource>((source) => source.comment),
  id: (source) => source.comment.nodeId,
  databaseId: (source) => source.comment.id,
  fullDatabaseId: (source) => String(source.comment.id),
  path: (source) => source.comment.path,
  line: (source) => source.comment.line,
  originalLine: (source) => source.comment.line,
  startLine: (source) => source.comment.startLine,
  diffHunk: (source) => source.comment.diffHunk,
  outdated: (source) => source.comment.commitId !== pullOf(source).headSha,
  subjectType: (source) => source.comment.subjectType.toUpperCase(),
  state: () => "SUBMITTED",
  commit: (source) => commitAt(source.repo, source.comment.commitId),
  pullRequest: (source) => issueSource(source.repo, source.issue),
  pullRequestReview: (source) => {
    const found = pullOf(source).reviews.find((candidate) => candidate.id === source.comment.reviewId);
    return found ? reviewSource(source.repo, source.issue, found) : null;
  },
  replyTo: (source) => {
    const found = pullOf(source).reviewComments.find((candidate) => candidate.id === source.comment.inReplyToId);
    return found ? { ...source, comment: found } : null;
  },
  reactionGroups: (source, _args, context) => reactionGroups(context, source.comment.reactions),
  url: (source, _args, { world }) =>
    `${world.origin}/${world.fullName(source.repo)}/pull/${source.issue.number}#discussion_r${source.comment.id}`,
};

/** A thread has no record of its own: it is its first comment with the answers to it. */
const thread: Resolvers<ThreadSource> = {
  id: ({ first }) => threadId(first.id),
  path: ({ first }) => first.path,
  line: ({ first }) => first.line,
  startLine: ({ first }) => first.startLine,
  diffSide: ({ first }) => first.side,
  subjectType: ({ first }) => first.subjectType.toUpperCase(),
  isResolved: ({ first }) => first.resolved,
  isCollapsed: ({ first }) => first.resolved,
  isOutdated: (source) => source.first.commitId !== pullOf(source).headSha,
  repository: ({ repo }) => repositorySource(repo),
  pullRequest: ({ repo, issue }) => issueSource(repo, issue),
  comments: (source, args) =>
    connection(
      "comments",
      args,
      pullOf(source).reviewComments.filter(
        (comment) => comment.id === source.first.id || comment.inReplyToId === source.first.id,
      ),
      (comment): ReviewCommentSource => ({
        type: "PullRequestReviewComment",
        repo: source.repo,
        issue: source.issue,
        comment,
      }),
    ),
  viewerCanReply: () => true,
  viewerCanResolve: ({ repo }, _args, { world, auth }) => atLeast(roleOn(world, auth, repo), "write"),
  viewerCanUnresolve: ({ repo }, _args, { world, auth }) => atLeast(roleOn(world, auth, repo), "write"),
};

const threadId = (firstCommentId: number): string =>
  `PRRT_${Buffer.from(String(firstCommentId)).toString("base64url")}`;
export const parseThreadId = (id: string): number | undefined =>
  id.startsWith("PRRT_") ? Number(Buffer.from(id.slice(5), "base64url").toString()) : undefined;

/** Pull requests of a repository as its connection filters and orders them. */
export function pullsOf(repo: Repository, args: Args): Record<string, unknown> {
  const state = (issue: Issue): string => (issue.pull?.merged ? "MERGED" : issue.state.toUpperCase());
  const found = [...repo.issues.values()]
    .filter((issue) => issue.pull)
    .filter((issue) => !args.states || args.states.includes(state(issue)))
    .filter((issue) => !args.headRefName || issue.pull?.headRef === args.headRefName)
    .filter((issue) => !args.baseRefName || issue.pull?.baseRef === args.baseRefName)
    .filter((issue) => !args.labels || issue.labels.some((label) => args.labels.includes(label)));
  return connection("pullRequests", args, ordered(found, args), (issue) => issueSource(repo, issue));
}

/** GitHub lists by number unless it is told to order. */
export function ordered(issues: Issue[], args: Args): Issue[] {
  const field = args.orderBy?.field as "CREATED_AT" | "UPDATED_AT" | "COMMENTS" | undefined;
  const sorted = [...issues].sort((a, b) =>
    field === "UPDATED_AT" && a.updatedAt !== b.updatedAt ? (a.updatedAt < b.updatedAt ? -1 : 1) : a.number - b.number,
  );
  return args.orderBy?.direction === "DESC" ? sorted.reverse() : sorted;
}

export const pullTypes = {
  PullRequest: pullRequest,
  PullRequestReview: review,
  PullRequestReviewComment: reviewComment,
  PullRequestReviewThread: thread,
};
