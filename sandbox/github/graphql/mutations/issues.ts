/** Issues, comments, labels, assignees and reactions. */
import { addComment, addLabels, openIssue, removeLabel, setIssueState } from "../../domain/issues";
import { authorOf } from "../../domain/pulls";
import { nodeId } from "../../ids";
import { roleOn } from "../../permissions";
import type { Issue, Reaction } from "../../state";
import { atLeast } from "../../world";
import { demand, demandAuthorOr, demandUser } from "../access";
import { unprocessable } from "../errors";
import { nodeOf, subjectOf } from "../nodes";
import {
  accountSource,
  issueSource,
  type Args,
  type CommentSource,
  type GraphqlContext,
  type IssueSource,
  type MilestoneSource,
  type RepositorySource,
  type Resolvers,
} from "../source";
import { reactionGroups } from "../types/issues";
import { labelNames, metadataOf, peopleIds, setLabels } from "./metadata";

const ISSUES = "issues=write";
/** Issues and pull requests take comments and labels by either permission, as the REST API's issue operations do. */
const EITHER = "issues=write;pull_requests=write";
const READ = { Issue: "issues=read", PullRequest: "issues=read;pull_requests=read" } as const;

const subject = (context: GraphqlContext, id: string): IssueSource => subjectOf(context, id, READ);
const issueOf = (context: GraphqlContext, id: string): IssueSource => subjectOf(context, id, { Issue: READ.Issue });
const done = (args: Args, answer: Record<string, unknown>): Record<string, unknown> => ({
  ...answer,
  clientMutationId: args.input.clientMutationId ?? null,
});

export const issueMutations: Resolvers<unknown> = {
  createIssue: async (_source, args, context) => {
    const { input } = args;
    const { repo } = await nodeOf<RepositorySource>(context, input.repositoryId, "Repository");
    demand(context, repo, "read", ISSUES, "createIssue");
    if (!repo.settings.has_issues) throw unprocessable("Issues has been disabled in this repository.");
    const { world, auth } = context;
    // Labels and assignees are for those who triage; others may give them, and they are left out without a word.
    const triages = atLeast(roleOn(world, auth, repo), "triage");
    const issue = openIssue(world, repo, {
      ...authorOf(auth),
      title: input.title,
      body: input.body ?? null,
      labels: triages ? await labelNames(context, input.labelIds ?? []) : [],
      assigneeIds: triages ? await peopleIds(context, input.assigneeIds ?? []) : [],
      milestone:
        triages && input.milestoneId
          ? (await nodeOf<MilestoneSource>(context, input.milestoneId, "Milestone")).milestone.number
          : null,
    });
    return done(args, { issue: issueSource(repo, issue) });
  },
  updateIssue: async (_source, args, context) => {
    const { input } = args;
    const source = issueOf(context, input.id);
    const { repo, issue } = source;
    demandAuthorOr(context, repo, issue.userId, "triage", EITHER, "updateIssue");
    if (typeof input.title === "string" && input.title.trim() === "") throw unprocessable("Title can't be blank");
    const setMetadata = await metadataOf(context, source, input, "updateIssue");
    if (typeof input.title === "string") issue.title = input.title;
    if (typeof input.body === "string") issue.body = input.body;
    setMetadata();
    if (input.state === "OPEN" || input.state === "CLOSED")
      setIssueState(context.world, repo, issue, input.state === "OPEN" ? "open" : "closed", demandUser(context).id);
    issue.updatedAt = context.world.clock.iso();
    return done(args, { issue: source, actor: accountSource(demandUser(context)) });
  },
  closeIssue: (_source, args, context) => {
    const source = issueOf(context, args.input.issueId);
    demandAuthorOr(context, source.repo, source.issue.userId, "triage", EITHER, "closeIssue");
    const reason = args.input.stateReason
      ? (String(args.input.stateReason).toLowerCase() as Issue["stateReason"])
      : undefined;
    setIssueState(context.world, source.repo, source.issue, "closed", demandUser(context).id, reason);
    return done(args, { issue: source });
  },
  reopenIssue: (_source, args, context) => {
    const source = issueOf(context, args.input.issueId);
    demandAuthorOr(context, source.repo, source.issue.userId, "triage", EITHER, "reopenIssue");
    setIssueState(context.world, source.repo, source.issue, "open", demandUser(context).id);
    return done(args, { issue: source });
  },
  addComment: (_source, args, context) => {
    const source = subject(context, args.input.subjectId);
    const { repo, issue } = source;
    demand(context, repo, issue.locked ? "write" : "read", EITHER, "addComment");
    const comment: CommentSource = {
      type: "IssueComment",
      repo,
      comment: addComment(context.world, repo, issue, authorOf(context.auth), String(args.input.body)),
    };
    return done(args, {
      commentEdge: { cursor: "", node: comment },
      subject: source,
      timelineEdge: { cursor: "", node: comment },
    });
  },
  updateIssueComment: async (_source, args, context) => {
    const { repo, comment } = await nodeOf<CommentSource>(context, args.input.id, "IssueComment");
    demandAuthorOr(context, repo, comment.userId, "write", EITHER, "updateIssueComment");
    if (String(args.input.body).trim() === "") throw unprocessable("Body can't be blank");
    comment.body = String(args.input.body);
    comment.updatedAt = context.world.clock.iso();
    return done(args, { issueComment: { type: "IssueComment", repo, comment } satisfies CommentSource });
  },
  deleteIssueComment: async (_source, args, context) => {
    const { repo, comment } = await nodeOf<CommentSource>(context, args.input.id, "IssueComment");
    demandAuthorOr(context, repo, comment.userId, "write", EITHER, "deleteIssueComment");
    repo.comments.delete(comment.id);
    return done(args, {});
  },
  addLabelsToLabelable: async (_source, args, context) => {
    const source = subject(context, args.input.labelableId);
    demand(context, source.repo, "triage", EITHER, "addLabelsToLabelable");
    addLabels(
      context.world,
      source.repo,
      source.issue,
      await labelNames(context, args.input.labelIds),
      demandUser(context).id,
    );
    return done(args, { labelable: source });
  },
  removeLabelsFromLabelable: async (_source, args, context) => {
    const source = subject(context, args.input.labelableId);
    demand(context, source.repo, "triage", EITHER, "removeLabelsFromLabelable");
    for (const name of await labelNames(context, args.input.labelIds))
      removeLabel(context.world, source.repo, source.issue, name, demandUser(context).id);
    return done(args, { labelable: source });
  },
  clearLabelsFromLabelable: (_source, args, context) => {
    const source = subject(context, args.input.labelableId);
    demand(context, source.repo, "triage", EITHER, "clearLabelsFromLabelable");
    setLabels(context, source, []);
    return done(args, { labelable: source });
  },
  addAssigneesToAssignable: async (_source, args, context) => {
    const source = subject(context, args.input.assignableId);
    demand(context, source.repo, "triage", EITHER, "addAssigneesToAssignable");
    source.issue.assigneeIds = [
      ...new Set([...source.issue.assigneeIds, ...(await peopleIds(context, args.input.assigneeIds))]),
    ];
    return done(args, { assignable: source });
  },
  removeAssigneesFromAssignable: async (_source, args, context) => {
    const source = subject(context, args.input.assignableId);
    demand(context, source.repo, "triage", EITHER, "removeAssigneesFromAssignable");
    const gone = new Set(await peopleIds(context, args.input.assigneeIds));
    source.issue.assigneeIds = source.issue.assigneeIds.filter((id) => !gone.has(id));
    return done(args, { assignable: source });
  },
  addReaction: async (_source, args, context) => {
    const { reactions, source } = await reactable(context, args.input.subjectId, "addReaction");
    const content = CONTENT[args.input.content as keyof typeof CONTENT];
    const userId = demandUser(context).id;
    let reaction = reactions.find((found) => found.userId === userId && found.content === content);
    if (!reaction) {
      const id = context.world.ids.next();
      reaction = { id, nodeId: nodeId("reaction", id), userId, content, createdAt: context.world.clock.iso() };
      reactions.push(reaction);
    }
    return done(args, {
      subject: source,
      reactionGroups: reactionGroups(context, reactions),
      reaction: {
        id: reaction.nodeId,
        databaseId: reaction.id,
        content: args.input.content,
        createdAt: reaction.createdAt,
        user: accountSource(demandUser(context)),
      },
    });
  },
};

const CONTENT = {
  THUMBS_UP: "+1",
  THUMBS_DOWN: "-1",
  LAUGH: "laugh",
  HOORAY: "hooray",
  CONFUSED: "confused",
  HEART: "heart",
  ROCKET: "rocket",
  EYES: "eyes",
} as const;

async function reactable(
  context: GraphqlContext,
  id: string,
  mutation: string,
): Promise<{ reactions: Reaction[]; source: unknown }> {
  const found = await nodeOf<IssueSource | CommentSource>(context, id, "Issue", "PullRequest", "IssueComment");
  demand(context, found.repo, "read", EITHER, mutation);
  return { reactions: found.type === "IssueComment" ? found.comment.reactions : found.issue.reactions, source: found };
}
