import { HttpError, invalid } from "../http/errors";
import { nodeId } from "../ids";
import { presentComment, presentIssue } from "../present/issues";
import type { Comment, Issue, Label, Repository } from "../state";
import type { World } from "../world";
import { eventOf } from "./events";

/** Operations on issues. They ask no permission: that is their callers' part. */
export interface Author {
  userId: number;
  viaAppId: number | null;
}

export function openIssue(
  world: World,
  repo: Repository,
  input: Author & {
    title: string;
    body: string | null;
    labels?: readonly string[];
    assigneeIds?: readonly number[];
    milestone?: number | null;
    pull?: Issue["pull"];
  },
): Issue {
  if (input.title.trim() === "") throw invalid("Issue", "title", "missing_field");
  if (input.body !== null && input.body.length > 65_536)
    throw new HttpError(422, "Validation Failed", {
      errors: [
        { resource: "Issue", code: "custom", field: "body", message: "body is too long (maximum is 65536 characters)" },
      ],
    });
  const id = world.ids.next();
  const now = world.clock.iso();
  const number = repo.nextNumber++;
  const issue: Issue = {
    id,
    nodeId: input.pull ? input.pull.nodeId : nodeId("issue", repo.id, id),
    repositoryId: repo.id,
    number,
    title: input.title,
    body: input.body,
    userId: input.userId,
    viaAppId: input.viaAppId,
    state: "open",
    stateReason: null,
    locked: false,
    lockReason: null,
    labels: [],
    assigneeIds: [...(input.assigneeIds ?? [])],
    milestone: input.milestone ?? null,
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    closedById: null,
    events: [],
    reactions: [],
    pull: input.pull ?? null,
  };
  repo.issues.set(number, issue);
  addLabels(world, repo, issue, input.labels ?? [], input.userId);
  if (!input.pull)
    world.webhooks.emit("issues", "opened", {
      repo,
      senderId: input.userId,
      payload: { issue: presentIssue(world, repo, issue) },
    });
  return issue;
}

/** A label of the repository, made on the spot when it is new, as GitHub does. */
export function labelOf(world: World, repo: Repository, name: string): Label {
  const known = repo.labels.get(name.toLowerCase());
  if (known) return known;
  const id = world.ids.next();
  const label: Label = {
    id,
    nodeId: nodeId("label", repo.id, id),
    name,
    color: "ededed",
    description: null,
    default: false,
  };
  repo.labels.set(name.toLowerCase(), label);
  return label;
}

export function addLabels(
  world: World,
  repo: Repository,
  issue: Issue,
  names: readonly string[],
  actorId: number,
): void {
  for (const name of names) {
    const label = labelOf(world, repo, name);
    if (issue.labels.includes(label.name)) continue;
    issue.labels.push(label.name);
    eventOf(world, repo, issue, "labeled", actorId, { label: label.name });
  }
  issue.updatedAt = world.clock.iso();
}
export function removeLabel(world: World, repo: Repository, issue: Issue, name: string, actorId: number): boolean {
  const at = issue.labels.findIndex((l) => l.toLowerCase() === name.toLowerCase());
  if (at < 0) return false;
  const [label] = issue.labels.splice(at, 1);
  eventOf(world, repo, issue, "unlabeled", actorId, { label: label! });
  issue.updatedAt = world.clock.iso();
  return true;
}

export function setIssueState(
  world: World,
  repo: Repository,
  issue: Issue,
  state: "open" | "closed",
  actorId: number,
  reason?: Issue["stateReason"],
): void {
  if (issue.state === state) return;
  Object.assign(issue, {
    state,
    stateReason: state === "closed" ? (reason ?? (issue.pull ? null : "completed")) : issue.pull ? null : "reopened",
    closedAt: state === "closed" ? world.clock.iso() : null,
    closedById: state === "closed" ? actorId : null,
    updatedAt: world.clock.iso(),
  });
  eventOf(world, repo, issue, state === "closed" ? "closed" : "reopened", actorId);
  if (!issue.pull)
    world.webhooks.emit("issues", state === "closed" ? "closed" : "reopened", {
      repo,
      senderId: actorId,
      payload: { issue: presentIssue(world, repo, issue) },
    });
}

export function addComment(world: World, repo: Repository, issue: Issue, author: Author, body: string): Comment {
  if (body === "") throw invalid("IssueComment", "body", "missing_field", "Body cannot be blank");
  const id = world.ids.next();
  const now = world.clock.iso();
  const comment: Comment = {
    id,
    nodeId: nodeId("comment", repo.id, id),
    repositoryId: repo.id,
    issueNumber: issue.number,
    userId: author.userId,
    viaAppId: author.viaAppId,
    body,
    createdAt: now,
    updatedAt: now,
    reactions: [],
  };
  repo.comments.set(id, comment);
  issue.updatedAt = now;
  world.webhooks.emit("issue_comment", "created", {
    repo,
    senderId: author.userId,
    payload: { issue: presentIssue(world, repo, issue), comment: presentComment(world, repo, comment) },
  });
  return comment;
}

/** An account that may be assigned to issues of a repository. */
export function assignees(world: World, logins: readonly string[]): number[] {
  return logins.map((l) => world.userByLogin(l)?.id).filter((id): id is number => id !== undefined);
}
