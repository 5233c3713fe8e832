import type { Issue, Repository, Review, ReviewComment } from "../state";
import type { World } from "../world";
import { association, presentOwner, presentTeam, presentUserId } from "./accounts";
import { milestoneOf, presentLabels, presentReactions } from "./issues";
import { presentRepository } from "./repositories";

/** `pull-request-simple`: what lists and events show. */
export function presentPull(world: World, repo: Repository, issue: Issue) {
  const pull = issue.pull!;
  const url = `${world.api}/repos/${world.fullName(repo)}`;
  const self = `${url}/pulls/${issue.number}`;
  const html = `${world.origin}/${world.fullName(repo)}/pull/${issue.number}`;
  const assignees = issue.assigneeIds.map((id) => presentUserId(world, id)).filter((u) => u !== null);
  const links = {
    comments: `${url}/issues/${issue.number}/comments`,
    commits: `${self}/commits`,
    statuses: `${url}/statuses/${pull.headSha}`,
    html,
    issue: `${url}/issues/${issue.number}`,
    review_comments: `${self}/comments`,
    review_comment: `${url}/pulls/comments{/number}`,
    self,
  };
  const side = (of: Repository, ref: string, sha: string) => {
    const user = presentOwner(world, of.owner);
    return { label: `${user.login}:${ref}`, ref, sha, user, repo: presentRepository(world, of) };
  };
  return {
    url: self,
    id: pull.id,
    node_id: pull.nodeId,
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: links.issue,
    number: issue.number,
    state: issue.state,
    locked: issue.locked,
    title: issue.title,
    user: presentUserId(world, issue.userId),
    body: issue.body,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommitSha,
    assignee: assignees[0] ?? null,
    assignees,
    requested_reviewers: pull.requestedReviewerIds.map((id) => presentUserId(world, id)).filter((u) => u !== null),
    requested_teams: pull.requestedTeamIds
      .map((id) => world.teams.get(id))
      .filter((t) => t !== undefined)
      .map((t) => presentTeam(world, t)),
    labels: presentLabels(world, repo, issue.labels),
    milestone: milestoneOf(world, repo, issue),
    draft: pull.draft,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    head: side(world.repos.get(pull.headRepositoryId) ?? repo, pull.headRef, pull.headSha),
    base: side(repo, pull.baseRef, pull.baseSha),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    author_association: association(world, repo, issue.userId),
    auto_merge: pull.autoMerge
      ? {
          enabled_by: presentUserId(world, pull.autoMerge.enabledById),
          merge_method: pull.autoMerge.method,
          commit_title: pull.autoMerge.title ?? issue.title,
          commit_message: pull.autoMerge.message ?? "",
        }
      : null,
    active_lock_reason: issue.lockReason,
  };
}

export interface PullFigures {
  mergeable: boolean | null;
  mergeableState: string;
  commits: number;
  additions: number;
  deletions: number;
  changedFiles: number;
}

/** `pull-request`: one of them, with what has to be computed. */
export function presentFullPull(world: World, repo: Repository, issue: Issue, figures: PullFigures) {
  const pull = issue.pull!;
  return {
    ...presentPull(world, repo, issue),
    merged: pull.merged,
    mergeable: figures.mergeable,
    rebaseable: figures.mergeable,
    mergeable_state: figures.mergeableState,
    merged_by: presentUserId(world, pull.mergedById),
    comments: [...repo.comments.values()].filter((c) => c.issueNumber === issue.number).length,
    review_comments: pull.reviewComments.length,
    maintainer_can_modify: pull.maintainerCanModify,
    commits: figures.commits,
    additions: figures.additions,
    deletions: figures.deletions,
    changed_files: figures.changedFiles,
  };
}

export function presentReview(world: World, repo: Repository, issue: Issue, review: Review) {
  const html = `${world.origin}/${world.fullName(repo)}/pull/${issue.number}#pullrequestreview-${review.id}`;
  const url = `${world.api}/repos/${world.fullName(repo)}/pulls/${issue.number}`;
  return {
    id: review.id,
    node_id: review.nodeId,
    user: presentUserId(world, review.userId),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: url,
    author_association: association(world, repo, review.userId),
    _links: { html: { href: html }, pull_request: { href: url } },
    ...(review.submittedAt ? { submitted_at: review.submittedAt } : {}),
    commit_id: review.commitId,
  };
}

export function presentReviewComment(world: World, repo: Repository, issue: Issue, c: ReviewComment) {
  const self = `${world.api}/repos/${world.fullName(repo)}/pulls/comments/${c.id}`;
  const html = `${world.origin}/${world.fullName(repo)}/pull/${issue.number}#discussion_r${c.id}`;
  const pull = `${world.api}/repos/${world.fullName(repo)}/pulls/${issue.number}`;
  return {
    url: self,
    pull_request_review_id: c.reviewId,
    id: c.id,
    node_id: c.nodeId,
    diff_hunk: c.diffHunk,
    path: c.path,
    position: c.line ?? 1,
    original_position: c.line ?? 1,
    commit_id: c.commitId,
    original_commit_id: c.originalCommitId,
    user: presentUserId(world, c.userId),
    body: c.body,
    created_at: c.createdAt,
    updated_at: c.updatedAt,
    html_url: html,
    pull_request_url: pull,
    author_association: association(world, repo, c.userId),
    _links: { self: { href: self }, html: { href: html }, pull_request: { href: pull } },
    reactions: presentReactions(self, c.reactions),
    start_line: c.startLine,
    original_start_line: c.startLine,
    start_side: c.startSide,
    ...(c.line === null ? {} : { line: c.line, original_line: c.line }),
    side: c.side,
    subject_type: c.subjectType,
    ...(c.inReplyToId === null ? {} : { in_reply_to_id: c.inReplyToId }),
  };
}
