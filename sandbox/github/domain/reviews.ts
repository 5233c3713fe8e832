import type { Auth } from "../auth";
import { HttpError, invalid } from "../http/errors";
import { ACTIONS_APP_ID, nodeId } from "../ids";
import { roleOfUser } from "../permissions";
import { presentReview, presentReviewComment } from "../present/pulls";
import { mayDismiss } from "../rules/dismissal";
import { reviewedState } from "../rules/review";
import type { Issue, Repository, Review, ReviewComment } from "../state";
import { atLeast, type World } from "../world";
import { eventOf } from "./events";
import { gitOf } from "./refs";

export type ReviewEvent = "APPROVE" | "REQUEST_CHANGES" | "COMMENT";
export interface NewReviewComment {
  path: string;
  body: string;
  line?: number | undefined;
  side?: "LEFT" | "RIGHT" | undefined;
  startLine?: number | undefined;
  startSide?: "LEFT" | "RIGHT" | undefined;
  position?: number | undefined;
  subjectType?: "line" | "file" | undefined;
}

/** @param event absent: the review stays pending, seen by its author alone */
export async function addReview(
  world: World,
  repo: Repository,
  auth: Auth,
  issue: Issue,
  input: { event?: ReviewEvent; body: string; commitId?: string; comments?: readonly NewReviewComment[] },
): Promise<Review> {
  const pull = issue.pull!;
  const me = auth.user!;
  if (input.event === "APPROVE") demandActionsMay(repo, auth, "approve");
  if (me.id === issue.userId && input.event === "APPROVE")
    throw new HttpError(422, "Unprocessable Entity", { errors: ["Can not approve your own pull request"] });
  if (me.id === issue.userId && input.event === "REQUEST_CHANGES")
    throw new HttpError(422, "Unprocessable Entity", { errors: ["Can not request changes on your own pull request"] });
  if (input.event && input.event !== "APPROVE" && input.body === "" && (input.comments ?? []).length === 0)
    throw new HttpError(422, "Unprocessable Entity", { errors: ["Review comment is required"] });
  if (!input.event && pull.reviews.some((r) => r.state === "PENDING" && r.userId === me.id))
    throw new HttpError(422, "Unprocessable Entity", {
      errors: ["User can only have one pending review per pull request"],
    });
  const id = world.ids.next();
  const review: Review = {
    id,
    nodeId: nodeId("review", repo.id, id),
    userId: me.id,
    state: "PENDING",
    body: input.body,
    commitId: input.commitId ?? pull.headSha,
    submittedAt: null,
  };
  pull.reviews.push(review);
  for (const comment of input.comments ?? [])
    await addReviewComment(world, repo, auth, issue, { ...comment, reviewId: id });
  if (input.event) await submitReview(world, repo, auth, issue, review, input.event);
  return review;
}

/**
 * The setting "Allow GitHub Actions to create and approve pull requests". @throws HttpError 403 for creating, 422 for
 * approving
 */
export function demandActionsMay(repo: Repository, auth: Auth, what: "create or approve" | "approve"): void {
  if (auth.app?.id !== ACTIONS_APP_ID || repo.workflow.canApprovePullRequestReviews) return;
  const message = `GitHub Actions is not permitted to ${what} pull requests.`;
  throw what === "approve"
    ? new HttpError(422, "Unprocessable Entity", { errors: [message] })
    : new HttpError(403, message);
}

export async function submitReview(
  world: World,
  repo: Repository,
  auth: Auth,
  issue: Issue,
  review: Review,
  event: ReviewEvent,
  body?: string,
): Promise<void> {
  if (event === "APPROVE") demandActionsMay(repo, auth, "approve");
  if (body !== undefined) review.body = body;
  review.state = event === "APPROVE" ? "APPROVED" : event === "REQUEST_CHANGES" ? "CHANGES_REQUESTED" : "COMMENTED";
  review.submittedAt = world.clock.iso();
  const pull = issue.pull!;
  if (event === "APPROVE") review.seen = await reviewedState(gitOf(repo), pull, review.commitId);
  pull.requestedReviewerIds = pull.requestedReviewerIds.filter((id) => id !== review.userId);
  if (review.state === "APPROVED" && atLeast(roleOfUser(world, world.user(review.userId), repo), "write"))
    pull.requestedTeamIds = pull.requestedTeamIds.filter(
      (id) => !world.teamsOfUser(review.userId).some((t) => t.id === id),
    );
  issue.updatedAt = world.clock.iso();
  world.webhooks.emit("pull_request_review", "submitted", {
    repo,
    senderId: review.userId,
    payload: { review: presentReview(world, repo, issue, review) },
  });
}

/**
 * Whoever may write dismisses, unless the branch says who: then administrators and those it names ("Dismissing a pull
 * request review").
 */
export function dismissReview(
  world: World,
  repo: Repository,
  auth: Auth,
  issue: Issue,
  review: Review,
  message: string,
): void {
  const actorId = auth.user!.id;
  if (!mayDismiss(world, repo, issue.pull!.baseRef, auth))
    throw new HttpError(403, "You are not among those who may dismiss reviews of this branch.");
  if (review.state !== "APPROVED" && review.state !== "CHANGES_REQUESTED")
    throw new HttpError(422, "Unprocessable Entity", { errors: ["Can not dismiss a commented pull request review"] });
  review.state = "DISMISSED";
  eventOf(world, repo, issue, "review_dismissed", actorId);
  world.webhooks.emit("pull_request_review", "dismissed", {
    repo,
    senderId: actorId,
    payload: { review: presentReview(world, repo, issue, review), message },
  });
}

/** A comment on a changed file; its line must be part of the difference. */
export async function addReviewComment(
  world: World,
  repo: Repository,
  auth: Auth,
  issue: Issue,
  input: NewReviewComment & { reviewId?: number | null; commitId?: string; inReplyTo?: ReviewComment },
): Promise<ReviewComment> {
  const pull = issue.pull!;
  const first = input.inReplyTo;
  const git = gitOf(repo);
  const base =
    (await git.mergeBase((await git.resolve(`refs/heads/${pull.baseRef}`)) ?? pull.baseSha, pull.headSha)) ??
    pull.baseSha;
  const change = first ? undefined : (await git.diff(base, pull.headSha)).find((f) => f.filename === input.path);
  if (!first && !change) throw invalid("PullRequestReviewComment", "path", "invalid", "path could not be resolved");
  if (!first && input.subjectType !== "file" && input.line === undefined && input.position === undefined)
    throw invalid("PullRequestReviewComment", "line", "missing_field");
  if (input.body === "") throw invalid("PullRequestReviewComment", "body", "missing_field");
  let reviewId = input.reviewId ?? null;
  if (reviewId === null) {
    const id = world.ids.next();
    pull.reviews.push({
      id,
      nodeId: nodeId("review", repo.id, id),
      userId: auth.user!.id,
      state: "COMMENTED",
      body: "",
      commitId: pull.headSha,
      submittedAt: world.clock.iso(),
    });
    reviewId = id;
  }
  const id = world.ids.next();
  const now = world.clock.iso();
  const comment: ReviewComment = {
    id,
    nodeId: nodeId("reviewComment", repo.id, id),
    reviewId,
    userId: auth.user!.id,
    body: input.body,
    path: first?.path ?? input.path,
    line: first ? first.line : (input.line ?? input.position ?? null),
    side: first?.side ?? input.side ?? "RIGHT",
    startLine: first?.startLine ?? input.startLine ?? null,
    startSide: first?.startSide ?? input.startSide ?? null,
    subjectType: first?.subjectType ?? input.subjectType ?? "line",
    commitId: pull.headSha,
    originalCommitId: input.commitId ?? pull.headSha,
    diffHunk: first?.diffHunk ?? change?.patch?.split("\n").slice(0, 12).join("\n") ?? "",
    inReplyToId: first ? (first.inReplyToId ?? first.id) : null,
    resolved: false,
    createdAt: now,
    updatedAt: now,
    reactions: [],
  };
  pull.reviewComments.push(comment);
  issue.updatedAt = now;
  world.webhooks.emit("pull_request_review_comment", "created", {
    repo,
    senderId: comment.userId,
    payload: { comment: presentReviewComment(world, repo, issue, comment) },
  });
  return comment;
}

/** Asks people and teams to look at it. Only those who can see the repository may be asked. */
export function requestReviewers(
  world: World,
  repo: Repository,
  issue: Issue,
  logins: readonly string[],
  slugs: readonly string[],
): void {
  const pull = issue.pull!;
  const users = logins.map((l) => world.userByLogin(l));
  if (users.some((u) => u?.id === issue.userId))
    throw new HttpError(422, "Review cannot be requested from pull request author.");
  if (users.some((u) => !u || roleOfUser(world, u, repo) === undefined))
    throw new HttpError(
      422,
      "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of this repository.",
    );
  const org = world.orgOf(repo);
  const teams = slugs.map((s) => (org ? world.teamBySlug(org.id, s) : undefined));
  if (teams.some((t) => !t || !t.repos.has(repo.id)))
    throw new HttpError(422, "Could not add requested teams to pull request.");
  pull.requestedReviewerIds = [...new Set([...pull.requestedReviewerIds, ...users.map((u) => u!.id)])];
  pull.requestedTeamIds = [...new Set([...pull.requestedTeamIds, ...teams.map((t) => t!.id)])];
  issue.updatedAt = world.clock.iso();
}
