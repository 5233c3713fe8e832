/** Issues, the half of a pull request that is an issue, comments, labels and milestones. */
import { roleOn } from "../../permissions";
import { association } from "../../present/accounts";
import type { Issue, Reaction, Repository } from "../../state";
import { atLeast } from "../../world";
import { connection } from "../connection";
import {
  accountById,
  issueSource,
  labelSource,
  repositorySource,
  type AccountSource,
  type Args,
  type CommentSource,
  type GraphqlContext,
  type IssueSource,
  type LabelSource,
  type MilestoneSource,
  type Resolvers,
  type ReviewCommentSource,
  type ReviewSource,
} from "../source";

/** Markdown is not rendered here: paragraphs of escaped text. */
const html = (text: string | null): string =>
  (text ?? "")
    .split(/\n{2,}/)
    .filter(Boolean)
    .map((part) => `<p dir="auto">${part.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)}</p>`)
    .join("\n");

const REACTIONS = {
  "+1": "THUMBS_UP",
  "-1": "THUMBS_DOWN",
  laugh: "LAUGH",
  hooray: "HOORAY",
  confused: "CONFUSED",
  heart: "HEART",
  rocket: "ROCKET",
  eyes: "EYES",
} as const;

/** Reactions grouped as GitHub does, every kind with its count. */
export function reactionGroups(context: GraphqlContext, reactions: readonly Reaction[]): Record<string, unknown>[] {
  return Object.entries(REACTIONS).map(([content, name]) => {
    const users = reactions
      .filter((reaction) => reaction.content === content)
      .map((reaction) => accountById(context, reaction.userId))
      .filter((user) => user !== null);
    return {
      content: name,
      createdAt: null,
      viewerHasReacted: reactions.some(
        (reaction) => reaction.content === content && reaction.userId === context.auth.user?.id,
      ),
      users: (args: Args) => connection("users", args, users, (user) => user),
      reactors: (args: Args) => connection("reactors", args, users, (user) => user),
    };
  });
}

const labelsOf = (repo: Repository, issue: Issue): LabelSource[] =>
  issue.labels.flatMap((name) => {
    const label = repo.labels.get(name.toLowerCase());
    return label ? [labelSource(repo, label)] : [];
  });

const mayWrite = ({ repo }: { repo: Repository }, { world, auth }: GraphqlContext): boolean =>
  atLeast(roleOn(world, auth, repo), "triage");
const isAuthor = (userId: number, { auth }: GraphqlContext): boolean => auth.user?.id === userId;
const path = ({ repo, issue }: IssueSource, { world }: GraphqlContext): string =>
  `/${world.fullName(repo)}/${issue.pull ? "pull" : "issues"}/${issue.number}`;

/** What Issue and PullRequest share. */
export const issueFields: Resolvers<IssueSource> = {
  id: ({ issue }) => (issue.pull ? issue.pull.nodeId : issue.nodeId),
  databaseId: ({ issue }) => (issue.pull ? issue.pull.id : issue.id),
  fullDatabaseId: ({ issue }) => String(issue.pull ? issue.pull.id : issue.id),
  number: ({ issue }) => issue.number,
  title: ({ issue }) => issue.title,
  titleHTML: ({ issue }) => issue.title,
  body: ({ issue }) => issue.body ?? "",
  bodyText: ({ issue }) => issue.body ?? "",
  bodyHTML: ({ issue }) => html(issue.body),
  url: (source, _args, context) => `${context.world.origin}${path(source, context)}`,
  resourcePath: (source, _args, context) => path(source, context),
  repository: ({ repo }) => repositorySource(repo),
  author: ({ issue }, _args, context) => accountById(context, issue.userId),
  authorAssociation: ({ repo, issue }, _args, { world }) => association(world, repo, issue.userId),
  editor: () => null,
  createdAt: ({ issue }) => issue.createdAt,
  updatedAt: ({ issue }) => issue.updatedAt,
  publishedAt: ({ issue }) => issue.createdAt,
  lastEditedAt: () => null,
  includesCreatedEdit: () => false,
  createdViaEmail: () => false,
  closed: ({ issue }) => issue.state === "closed",
  closedAt: ({ issue }) => issue.closedAt,
  locked: ({ issue }) => issue.locked,
  activeLockReason: ({ issue }) => issue.lockReason?.toUpperCase().replace(/[ -]/g, "_") ?? null,
  labels: ({ repo, issue }, args) => connection("labels", args, labelsOf(repo, issue), (label) => label),
  assignees: ({ issue }, args, context) => {
    const people = issue.assigneeIds
      .map((id) => accountById(context, id))
      .filter((found): found is AccountSource => found !== null);
    return connection("assignees", args, people, (person) => person);
  },
  participants: ({ repo, issue }, args, context) => {
    const ids = new Set([
      issue.userId,
      ...commentsOf(repo, issue).map((comment) => comment.userId),
      ...(issue.pull?.reviews ?? []).map((review) => review.userId),
    ]);
    return connection(
      "participants",
      args,
      [...ids].map((id) => accountById(context, id)).filter((found): found is AccountSource => found !== null),
      (person) => person,
    );
  },
  milestone: ({ repo, issue }) => milestone(repo, issue),
  comments: ({ repo, issue }, args) =>
    connection("comments", args, commentsOf(repo, issue), (comment): CommentSource => ({
      type: "IssueComment",
      repo,
      comment,
    })),
  reactionGroups: ({ issue }, _args, context) => reactionGroups(context, issue.reactions),
  projectCards: (_source, args) => connection("projectCards", args, [], (card) => card),
  projectItems: (_source, args) => connection("projectItems", args, [], (item) => item),
  projectsV2: (_source, args) => connection("projectsV2", args, [], (project) => project),
  viewerDidAuthor: ({ issue }, _args, context) => isAuthor(issue.userId, context),
  viewerCanUpdate: (source, _args, context) => isAuthor(source.issue.userId, context) || mayWrite(source, context),
  viewerCanClose: (source, _args, context) =>
    source.issue.state === "open" && (isAuthor(source.issue.userId, context) || mayWrite(source, context)),
  viewerCanReopen: (source, _args, context) =>
    source.issue.state === "closed" && (isAuthor(source.issue.userId, context) || mayWrite(source, context)),
  viewerCanLabel: (source, _args, context) => mayWrite(source, context),
  viewerCanReact: () => true,
};

const issue: Resolvers<IssueSource> = {
  ...issueFields,
  state: (source) => source.issue.state.toUpperCase(),
  stateReason: (source) => source.issue.stateReason?.toUpperCase() ?? null,
  isPinned: () => false,
  // No organization here defines types of issues, and none depends on another.
  issueType: () => null,
  blockedBy: (_source, args) => connection("blockedBy", args, [], (found) => found),
  blocking: (_source, args) => connection("blocking", args, [], (found) => found),
  parent: () => null,
  subIssuesSummary: () => ({ total: 0, completed: 0, percentCompleted: 0 }),
  subIssues: (_source, args) => connection("subIssues", args, [], (found) => found),
  closedByPullRequestsReferences: ({ repo, issue: found }, args) => {
    const pulls = [...repo.issues.values()].filter((other) => other.pull && closes(other).includes(found.number));
    return connection("closedByPullRequestsReferences", args, pulls, (pull) => issueSource(repo, pull));
  },
};

/** Issue numbers of the same repository that a pull request's text says it closes. */
export const closes = (pull: Issue): number[] =>
  [...(pull.body ?? "").matchAll(/\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b/gi)].map((match) =>
    Number(match[1]),
  );

const commentsOf = (repo: Repository, found: Issue) =>
  [...repo.comments.values()].filter((comment) => comment.issueNumber === found.number);

function milestone(repo: Repository, found: Issue): MilestoneSource | null {
  const known = found.milestone === null ? undefined : repo.milestones.get(found.milestone);
  return known ? { type: "Milestone", repo, milestone: known } : null;
}

interface Written {
  userId: number;
  body: string;
  createdAt?: string;
  updatedAt?: string;
}

/** Fields that every kind of comment has; `written` takes the comment out of its source. */
export function commentFields<S extends CommentSource | ReviewSource | ReviewCommentSource>(
  written: (source: S) => Written,
): Resolvers<S> {
  return {
    author: (source, _args, context) => accountById(context, written(source).userId),
    authorAssociation: (source, _args, { world }) => association(world, source.repo, written(source).userId),
    editor: () => null,
    body: (source) => written(source).body,
    bodyText: (source) => written(source).body,
    bodyHTML: (source) => html(written(source).body),
    createdAt: (source) => written(source).createdAt ?? null,
    updatedAt: (source) => written(source).updatedAt ?? written(source).createdAt ?? null,
    publishedAt: (source) => written(source).createdAt ?? null,
    lastEditedAt: () => null,
    includesCreatedEdit: () => false,
    createdViaEmail: () => false,
    isMinimized: () => false,
    minimizedReason: () => null,
    repository: (source) => repositorySource(source.repo),
    viewerDidAuthor: (source, _args, context) => isAuthor(written(source).userId, context),
    viewerCanUpdate: (source, _args, context) => isAuthor(written(source).userId, context) || mayWrite(source, context),
    viewerCanDelete: (source, _args, context) => isAuthor(written(source).userId, context) || mayWrite(source, context),
    viewerCanReact: () => true,
  };
}

const comment: Resolvers<CommentSource> = {
  ...commentFields<CommentSource>((source) => source.comment),
  id: (source) => source.comment.nodeId,
  databaseId: (source) => source.comment.id,
  fullDatabaseId: (source) => String(source.comment.id),
  issue: (source) => ofComment(source),
  pullRequest: (source) => {
    const found = ofComment(source);
    return found?.type === "PullRequest" ? found : null;
  },
  url: (source, _args, context) => `${context.world.origin}${commentPath(source, context)}`,
  resourcePath: (source, _args, context) => commentPath(source, context),
  reactionGroups: (source, _args, context) => reactionGroups(context, source.comment.reactions),
};

function ofComment({ repo, comment: found }: CommentSource): IssueSource | null {
  const known = repo.issues.get(found.issueNumber);
  return known ? issueSource(repo, known) : null;
}

function commentPath(source: CommentSource, context: GraphqlContext): string {
  const found = ofComment(source);
  return found ? `${path(found, context)}#issuecomment-${source.comment.id}` : "/";
}

const label: Resolvers<LabelSource> = {
  id: (source) => source.label.nodeId,
  name: (source) => source.label.name,
  color: (source) => source.label.color,
  description: (source) => source.label.description,
  isDefault: (source) => source.label.default,
  repository: (source) => repositorySource(source.repo),
  createdAt: (source) => source.repo.createdAt,
  updatedAt: (source) => source.repo.updatedAt,
  url: (source, _args, { world }) =>
    `${world.origin}/${world.fullName(source.repo)}/labels/${encodeURIComponent(source.label.name)}`,
  resourcePath: (source, _args, { world }) =>
    `/${world.fullName(source.repo)}/labels/${encodeURIComponent(source.label.name)}`,
};

const milestoneType: Resolvers<MilestoneSource> = {
  id: (source) => source.milestone.nodeId,
  number: (source) => source.milestone.number,
  title: (source) => source.milestone.title,
  description: (source) => source.milestone.description,
  state: (source) => source.milestone.state.toUpperCase(),
  createdAt: (source) => source.milestone.createdAt,
  updatedAt: (source) => source.milestone.updatedAt,
  closedAt: (source) => source.milestone.closedAt,
  closed: (source) => source.milestone.state === "closed",
  dueOn: (source) => source.milestone.dueOn,
  creator: (source, _args, context) => accountById(context, source.milestone.creatorId),
  repository: (source) => repositorySource(source.repo),
  url: (source, _args, { world }) =>
    `${world.origin}/${world.fullName(source.repo)}/milestone/${source.milestone.number}`,
};

export const issueTypes = { Issue: issue, IssueComment: comment, Label: label, Milestone: milestoneType };
