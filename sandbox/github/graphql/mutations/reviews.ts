/** Reviews, their comments and threads. */
import {
  addReview,
  addReviewComment,
  dismissReview,
  submitReview,
  type NewReviewComment,
  type ReviewEvent,
} from "../../domain/pulls";
import { demand, demandUser, incorrectPermissions } from "../access";
import { unprocessable } from "../errors";
import { nodeOf } from "../nodes";
import {
  issueSource,
  type Args,
  type GraphqlContext,
  type IssueSource,
  type Resolvers,
  type ReviewCommentSource,
  type ReviewSource,
  type ThreadSource,
} from "../source";
import { pullOf } from "../types/pulls";

const NEEDED = "pull_requests=write";
type Event = ReviewEvent | "DISMISS";

const reviewAnswer = ({ repo, issue, review }: ReviewSource, args: Args): Record<string, unknown> => ({
  pullRequestReview: { type: "PullRequestReview", repo, issue, review } satisfies ReviewSource,
  reviewEdge: null,
  clientMutationId: args.input.clientMutationId ?? null,
});

/** DISMISS is a value of the enumeration that no new review can have. */
function eventOf(event: Event): ReviewEvent {
  if (event === "DISMISS") throw unprocessable("Cannot dismiss a review that has not been submitted");
  return event;
}

const place = (input: Args): NewReviewComment => ({
  path: input.path,
  body: input.body,
  line: input.line ?? undefined,
  side: input.side ?? undefined,
  startLine: input.startLine ?? undefined,
  startSide: input.startSide ?? undefined,
  position: input.position ?? undefined,
  subjectType: input.subjectType ? (String(input.subjectType).toLowerCase() as "line" | "file") : undefined,
});

/** A review of the asker's own that is not submitted yet. */
async function ownReview(context: GraphqlContext, id: string, mutation: string): Promise<ReviewSource> {
  const source = await nodeOf<ReviewSource>(context, id, "PullRequestReview");
  demand(context, source.repo, "read", NEEDED, mutation);
  if (source.review.userId !== demandUser(context).id) throw incorrectPermissions(context, mutation);
  return source;
}

async function pullOrReview(
  context: GraphqlContext,
  input: Args,
  mutation: string,
): Promise<{ source: IssueSource; reviewId: number | null }> {
  if (input.pullRequestReviewId) {
    const { repo, issue, review } = await ownReview(context, input.pullRequestReviewId, mutation);
    return { source: issueSource(repo, issue), reviewId: review.id };
  }
  const source = await nodeOf<IssueSource>(context, input.pullRequestId, "PullRequest");
  demand(context, source.repo, "read", NEEDED, mutation);
  const pending = pullOf(source).reviews.find(
    (review) => review.state === "PENDING" && review.userId === demandUser(context).id,
  );
  if (pending) return { source, reviewId: pending.id };
  return {
    source,
    reviewId: (await addReview(context.world, source.repo, context.auth, source.issue, { body: "" })).id,
  };
}

export const reviewMutations: Resolvers<unknown> = {
  addPullRequestReview: async (_source, args, context) => {
    const { input } = args;
    const { repo, issue } = await nodeOf<IssueSource>(context, input.pullRequestId, "PullRequest");
    demand(context, repo, "read", NEEDED, "addPullRequestReview");
    const comments = [...(input.comments ?? []), ...(input.threads ?? [])].map(place);
    const review = await addReview(context.world, repo, context.auth, issue, {
      body: input.body ?? "",
      ...(input.event ? { event: eventOf(input.event as Event) } : {}),
      ...(input.commitOID ? { commitId: input.commitOID } : {}),
      ...(comments.length > 0 ? { comments } : {}),
    });
    return reviewAnswer({ type: "PullRequestReview", repo, issue, review }, args);
  },
  submitPullRequestReview: async (_source, args, context) => {
    const { input } = args;
    const source = input.pullRequestReviewId
      ? await ownReview(context, input.pullRequestReviewId, "submitPullRequestReview")
      : await pendingOf(context, input.pullRequestId);
    const { repo, issue, review } = source;
    if (review.state !== "PENDING") throw unprocessable("Could not submit a review that has already been submitted.");
    const event = eventOf(input.event as Event);
    const body: string = input.body ?? review.body;
    if (issue.userId === review.userId && event === "APPROVE")
      throw unprocessable("Can not approve your own pull request");
    if (issue.userId === review.userId && event === "REQUEST_CHANGES")
      throw unprocessable("Can not request changes on your own pull request");
    const said = body !== "" || pullOf(source).reviewComments.some((comment) => comment.reviewId === review.id);
    if (event !== "APPROVE" && !said) throw unprocessable("Review comment is required");
    await submitReview(context.world, repo, context.auth, issue, review, event, body);
    return reviewAnswer(source, args);
  },
  updatePullRequestReview: async (_source, args, context) => {
    const source = await ownReview(context, args.input.pullRequestReviewId, "updatePullRequestReview");
    source.review.body = String(args.input.body);
    return reviewAnswer(source, args);
  },
  deletePullRequestReview: async (_source, args, context) => {
    const source = await ownReview(context, args.input.pullRequestReviewId, "deletePullRequestReview");
    if (source.review.state !== "PENDING") throw unprocessable("Can not delete a non-pending pull request review");
    const pull = pullOf(source);
    pull.reviews = pull.reviews.filter((review) => review !== source.review);
    pull.reviewComments = pull.reviewComments.filter((comment) => comment.reviewId !== source.review.id);
    return { pullRequestReview: source, clientMutationId: args.input.clientMutationId ?? null };
  },
  dismissPullRequestReview: async (_source, args, context) => {
    const source = await nodeOf<ReviewSource>(context, args.input.pullRequestReviewId, "PullRequestReview");
    demand(context, source.repo, "write", NEEDED, "dismissPullRequestReview");
    demandUser(context);
    dismissReview(context.world, source.repo, context.auth, source.issue, source.review, String(args.input.message));
    return reviewAnswer(source, args);
  },
  addPullRequestReviewThread: async (_source, args, context) => {
    const { source, reviewId } = await pullOrReview(context, args.input, "addPullRequestReviewThread");
    const first = await addReviewComment(context.world, source.repo, context.auth, source.issue, {
      ...place(args.input),
      reviewId,
    });
    return {
      thread: { type: "PullRequestReviewThread", repo: source.repo, issue: source.issue, first } satisfies ThreadSource,
      clientMutationId: args.input.clientMutationId ?? null,
    };
  },
  addPullRequestReviewThreadReply: async (_source, args, context) => {
    const thread = await nodeOf<ThreadSource>(context, args.input.pullRequestReviewThreadId, "PullRequestReviewThread");
    demand(context, thread.repo, "read", NEEDED, "addPullRequestReviewThreadReply");
    const comment = await addReviewComment(context.world, thread.repo, context.auth, thread.issue, {
      path: thread.first.path,
      body: args.input.body,
      inReplyTo: thread.first,
    });
    return {
      comment: {
        type: "PullRequestReviewComment",
        repo: thread.repo,
        issue: thread.issue,
        comment,
      } satisfies ReviewCommentSource,
      clientMutationId: args.input.clientMutationId ?? null,
    };
  },
  resolveReviewThread: (_source, args, context) => resolve(context, args, true),
  unresolveReviewThread: (_source, args, context) => resolve(context, args, false),
};

async function resolve(context: GraphqlContext, args: Args, resolved: boolean): Promise<Record<string, unknown>> {
  const thread = await nodeOf<ThreadSource>(context, args.input.threadId, "PullRequestReviewThread");
  const mutation = resolved ? "resolveReviewThread" : "unresolveReviewThread";
  // The author of the pull request may settle what was asked of them.
  demand(
    context,
    thread.repo,
    thread.issue.userId === demandUser(context).id ? "read" : "write",
    "pull_requests=write",
    mutation,
  );
  thread.first.resolved = resolved;
  return { thread, clientMutationId: args.input.clientMutationId ?? null };
}

async function pendingOf(context: GraphqlContext, pullRequestId: string | null | undefined): Promise<ReviewSource> {
  if (!pullRequestId) throw unprocessable("One of pullRequestId or pullRequestReviewId must be provided");
  const source = await nodeOf<IssueSource>(context, pullRequestId, "PullRequest");
  demand(context, source.repo, "read", NEEDED, "submitPullRequestReview");
  const review = pullOf(source).reviews.find(
    (candidate) => candidate.state === "PENDING" && candidate.userId === demandUser(context).id,
  );
  if (!review) throw unprocessable("Could not find a pending review to submit.");
  return { type: "PullRequestReview", repo: source.repo, issue: source.issue, review };
}
