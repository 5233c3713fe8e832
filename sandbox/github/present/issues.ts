import type { Comment, Issue, Label, Milestone, Reaction, Repository } from "../state";
import type { World } from "../world";
import { association, presentApp, presentUserId } from "./accounts";

const repoUrl = (world: World, repo: Repository): string => `${world.api}/repos/${world.fullName(repo)}`;

export function presentLabel(world: World, repo: Repository, label: Label) {
  return {
    id: label.id,
    node_id: label.nodeId,
    url: `${repoUrl(world, repo)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: label.default,
    description: label.description,
  };
}
export function presentLabels(world: World, repo: Repository, names: readonly string[]) {
  return names
    .map((name) => repo.labels.get(name.toLowerCase()))
    .filter((l): l is Label => l !== undefined)
    .map((l) => ({ ...presentLabel(world, repo, l), description: l.description ?? "" }));
}

export function presentReactions(url: string, reactions: readonly Reaction[]) {
  const n = (content: string): number => reactions.filter((r) => r.content === content).length;
  return {
    url: `${url}/reactions`,
    total_count: reactions.length,
    "+1": n("+1"),
    "-1": n("-1"),
    laugh: n("laugh"),
    hooray: n("hooray"),
    confused: n("confused"),
    heart: n("heart"),
    rocket: n("rocket"),
    eyes: n("eyes"),
  };
}
export function presentReaction(world: World, r: Reaction) {
  return {
    id: r.id,
    node_id: r.nodeId,
    user: presentUserId(world, r.userId),
    content: r.content,
    created_at: r.createdAt,
  };
}

export function presentMilestone(world: World, repo: Repository, m: Milestone) {
  const url = `${repoUrl(world, repo)}/milestones/${m.number}`;
  const of = [...repo.issues.values()].filter((i) => i.milestone === m.number);
  return {
    url,
    html_url: `${world.origin}/${world.fullName(repo)}/milestone/${m.number}`,
    labels_url: `${url}/labels`,
    id: m.id,
    node_id: m.nodeId,
    number: m.number,
    title: m.title,
    description: m.description,
    creator: presentUserId(world, m.creatorId),
    open_issues: of.filter((i) => i.state === "open").length,
    closed_issues: of.filter((i) => i.state === "closed").length,
    state: m.state,
    created_at: m.createdAt,
    updated_at: m.updatedAt,
    due_on: m.dueOn,
    closed_at: m.closedAt,
  };
}
export const milestoneOf = (world: World, repo: Repository, issue: Issue) => {
  const m = issue.milestone === null ? undefined : repo.milestones.get(issue.milestone);
  return m ? presentMilestone(world, repo, m) : null;
};

/** `issue`: pull requests are issues too, with a pointer to the rest. */
export function presentIssue(world: World, repo: Repository, issue: Issue) {
  const url = `${repoUrl(world, repo)}/issues/${issue.number}`;
  const html = `${world.origin}/${world.fullName(repo)}/${issue.pull ? "pull" : "issues"}/${issue.number}`;
  const assignees = issue.assigneeIds.map((id) => presentUserId(world, id)).filter((u) => u !== null);
  const app = issue.viaAppId === null ? undefined : world.apps.get(issue.viaAppId);
  return {
    url,
    repository_url: repoUrl(world, repo),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    html_url: html,
    id: issue.id,
    node_id: issue.nodeId,
    number: issue.number,
    title: issue.title,
    user: presentUserId(world, issue.userId),
    labels: presentLabels(world, repo, issue.labels),
    state: issue.state,
    locked: issue.locked,
    active_lock_reason: issue.lockReason,
    assignee: assignees[0] ?? null,
    assignees,
    milestone: milestoneOf(world, repo, issue),
    comments: [...repo.comments.values()].filter((c) => c.issueNumber === issue.number).length,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    author_association: association(world, repo, issue.userId),
    body: issue.body,
    closed_by: presentUserId(world, issue.closedById),
    reactions: presentReactions(url, issue.reactions),
    performed_via_github_app: app ? presentApp(world, app) : null,
    state_reason: issue.stateReason,
    ...(issue.pull
      ? {
          draft: issue.pull.draft,
          pull_request: {
            url: `${repoUrl(world, repo)}/pulls/${issue.number}`,
            html_url: html,
            diff_url: `${html}.diff`,
            patch_url: `${html}.patch`,
            merged_at: issue.pull.mergedAt,
          },
        }
      : {}),
  };
}

export function presentComment(world: World, repo: Repository, comment: Comment) {
  const url = `${repoUrl(world, repo)}/issues/comments/${comment.id}`;
  const issue = repo.issues.get(comment.issueNumber);
  const app = comment.viaAppId === null ? undefined : world.apps.get(comment.viaAppId);
  return {
    url,
    html_url: `${world.origin}/${world.fullName(repo)}/${issue?.pull ? "pull" : "issues"}/${comment.issueNumber}#issuecomment-${comment.id}`,
    issue_url: `${repoUrl(world, repo)}/issues/${comment.issueNumber}`,
    id: comment.id,
    node_id: comment.nodeId,
    user: presentUserId(world, comment.userId),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    body: comment.body,
    author_association: association(world, repo, comment.userId),
    reactions: presentReactions(url, comment.reactions),
    performed_via_github_app: app ? presentApp(world, app) : null,
  };
}

export function presentIssueEvent(world: World, repo: Repository, issue: Issue, event: Issue["events"][number]) {
  return {
    id: event.id,
    node_id: event.nodeId,
    url: `${repoUrl(world, repo)}/issues/events/${event.id}`,
    actor: presentUserId(world, event.actorId),
    event: event.event,
    commit_id: event.commitId ?? null,
    commit_url: null,
    created_at: event.createdAt,
    ...(event.label
      ? { label: { name: event.label, color: repo.labels.get(event.label.toLowerCase())?.color ?? "ededed" } }
      : {}),
    issue: presentIssue(world, repo, issue),
    performed_via_github_app: null,
  };
}
