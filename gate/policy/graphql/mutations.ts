import { Refusal, type RuleId } from "../refusals";
import {
  agentBranch,
  agentHead,
  agentRef,
  commentOnly,
  filePath,
  flag,
  like,
  line,
  list,
  never,
  nodeIdOfPerson,
  object,
  objectId,
  oneOf,
  orNull,
  refName,
  text,
  whole,
  type BodyContext,
  type Shape,
} from "../rest/shape";
import type { Json } from "../text/json";

/** One open mutation: what its input may hold, and what of it must be resolved. */
export interface Mutation {
  readonly input: Shape;
  /** Name of the input's GraphQL type. */
  readonly type: string;
  /** Keys whose node ids must belong to a repository that may be written. */
  readonly owned: readonly string[];
  readonly force?: Readonly<Record<string, boolean>>;
  readonly action: string;
}

const id: Shape = (value, at) =>
  typeof value === "string" && /^[A-Za-z0-9_=+/-]{4,200}$/.test(value)
    ? undefined
    : new Refusal("graphql-argument", at);
const ids = list(id, 50);
/** Who is assigned or asked for review: people, never an agent. */
const people = list((value, at, context) => nodeIdOfPerson(value, at, context) ?? id(value, at, context), 50);
const noAgents = list(never("agent-start"), 50);
const side = oneOf("LEFT", "RIGHT");
const common = { clientMutationId: orNull(line(200)) };
const input = (keys: Readonly<Record<string, Shape>>, required: readonly string[]): Shape =>
  object({ ...common, ...keys }, required);
const nullable = (keys: Readonly<Record<string, Shape>>): Record<string, Shape> =>
  Object.fromEntries(Object.entries(keys).map(([key, shape]) => [key, orNull(shape)]));

/** A file that a commit adds or deletes: not at a protected path; contents in plain base64 (searched by the caller). */
const guarded = (value: Json, at: string, context: BodyContext): Refusal | undefined =>
  context.guarded?.touches((value as { path: string }).path) === false
    ? undefined
    : new Refusal("protected-path", `${at}.path`);
const notGuarded = (shape: Shape): Shape =>
  like(shape, (value, at, context) => shape(value, at, context) ?? guarded(value, at, context));
const addition = notGuarded(object({ path: filePath, contents: text(64_000_000) }, ["path", "contents"]));
const deletion = notGuarded(object({ path: filePath }, ["path"]));

function open(
  name: string,
  action: string,
  owned: readonly string[],
  shape: Shape,
  force?: Mutation["force"],
): [string, Mutation] {
  return [
    name,
    {
      input: shape,
      type: `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`,
      owned,
      action,
      ...(force === undefined ? {} : { force }),
    },
  ];
}

/** Mutations that are open, with the same guards as their REST twins. */
export const MUTATIONS: ReadonlyMap<string, Mutation> = new Map([
  open(
    "createPullRequest",
    "open-draft-pull-request",
    ["repositoryId", "headRepositoryId"],
    input(
      {
        repositoryId: id,
        headRepositoryId: orNull(id),
        baseRefName: refName,
        headRefName: agentHead,
        title: line(1024),
        ...nullable({ body: text(), draft: flag, maintainerCanModify: flag }),
      },
      ["repositoryId", "baseRefName", "headRefName", "title"],
    ),
    { draft: true },
  ),
  open(
    "updatePullRequest",
    "update-pull-request",
    ["pullRequestId"],
    input(
      {
        pullRequestId: id,
        ...nullable({
          title: line(1024),
          body: text(),
          state: oneOf("OPEN", "CLOSED"),
          labelIds: ids,
          assigneeIds: people,
          milestoneId: id,
        }),
      },
      ["pullRequestId"],
    ),
  ),
  open("closePullRequest", "update-pull-request", ["pullRequestId"], input({ pullRequestId: id }, ["pullRequestId"])),
  open("reopenPullRequest", "update-pull-request", ["pullRequestId"], input({ pullRequestId: id }, ["pullRequestId"])),
  open(
    "convertPullRequestToDraft",
    "update-pull-request",
    ["pullRequestId"],
    input({ pullRequestId: id }, ["pullRequestId"]),
  ),
  // Without `union` it would take back what the gate has asked for.
  open(
    "requestReviews",
    "update-pull-request",
    ["pullRequestId"],
    input({ pullRequestId: id, ...nullable({ userIds: people, teamIds: ids, botIds: noAgents, union: flag }) }, [
      "pullRequestId",
    ]),
    { union: true },
  ),
  open(
    "addPullRequestReview",
    "comment",
    ["pullRequestId"],
    input(
      {
        pullRequestId: id,
        event: orNull(commentOnly),
        ...nullable({
          body: text(),
          commitOID: objectId,
          threads: list(
            object(
              { path: filePath, body: text(), ...nullable({ line: whole, side, startLine: whole, startSide: side }) },
              ["path", "body"],
            ),
          ),
          comments: list(object({ path: filePath, body: text(), position: whole }, ["path", "body", "position"])),
        }),
      },
      ["pullRequestId"],
    ),
  ),
  open(
    "submitPullRequestReview",
    "comment",
    ["pullRequestReviewId", "pullRequestId"],
    input({ event: commentOnly, ...nullable({ pullRequestReviewId: id, pullRequestId: id, body: text() }) }, ["event"]),
  ),
  open(
    "addPullRequestReviewThread",
    "comment",
    ["pullRequestId", "pullRequestReviewId"],
    input(
      {
        body: text(),
        path: filePath,
        ...nullable({
          pullRequestId: id,
          pullRequestReviewId: id,
          line: whole,
          side,
          startLine: whole,
          startSide: side,
          subjectType: oneOf("LINE", "FILE"),
        }),
      },
      ["body", "path"],
    ),
  ),
  open(
    "addPullRequestReviewThreadReply",
    "comment",
    ["pullRequestReviewThreadId", "pullRequestReviewId"],
    input({ pullRequestReviewThreadId: id, pullRequestReviewId: orNull(id), body: text() }, [
      "pullRequestReviewThreadId",
      "body",
    ]),
  ),
  open("resolveReviewThread", "comment", ["threadId"], input({ threadId: id }, ["threadId"])),
  open("addComment", "comment", ["subjectId"], input({ subjectId: id, body: text() }, ["subjectId", "body"])),
  open("updateIssueComment", "comment", ["id"], input({ id, body: text() }, ["id", "body"])),
  open(
    "addReaction",
    "comment",
    ["subjectId"],
    input(
      {
        subjectId: id,
        content: oneOf("THUMBS_UP", "THUMBS_DOWN", "LAUGH", "HOORAY", "CONFUSED", "HEART", "ROCKET", "EYES"),
      },
      ["subjectId", "content"],
    ),
  ),
  open(
    "createIssue",
    "write-issues",
    ["repositoryId"],
    input(
      {
        repositoryId: id,
        title: line(1024),
        ...nullable({ body: text(), labelIds: ids, assigneeIds: people, milestoneId: id, issueTemplate: line() }),
      },
      ["repositoryId", "title"],
    ),
  ),
  open(
    "updateIssue",
    "write-issues",
    ["id"],
    input(
      {
        id,
        ...nullable({
          title: line(1024),
          body: text(),
          state: oneOf("OPEN", "CLOSED"),
          labelIds: ids,
          assigneeIds: people,
          milestoneId: id,
        }),
      },
      ["id"],
    ),
  ),
  open(
    "closeIssue",
    "write-issues",
    ["issueId", "duplicateIssueId"],
    input(
      {
        issueId: id,
        ...nullable({ stateReason: oneOf("COMPLETED", "NOT_PLANNED", "DUPLICATE"), duplicateIssueId: id }),
      },
      ["issueId"],
    ),
  ),
  open("reopenIssue", "write-issues", ["issueId"], input({ issueId: id }, ["issueId"])),
  open(
    "addLabelsToLabelable",
    "write-issues",
    ["labelableId"],
    input({ labelableId: id, labelIds: ids }, ["labelableId", "labelIds"]),
  ),
  open(
    "removeLabelsFromLabelable",
    "write-issues",
    ["labelableId", "labelIds"],
    input({ labelableId: id, labelIds: ids }, ["labelableId", "labelIds"]),
  ),
  open(
    "addAssigneesToAssignable",
    "write-issues",
    ["assignableId"],
    input({ assignableId: id, assigneeIds: people }, ["assignableId", "assigneeIds"]),
  ),
  open(
    "removeAssigneesFromAssignable",
    "write-issues",
    ["assignableId"],
    input({ assignableId: id, assigneeIds: ids }, ["assignableId", "assigneeIds"]),
  ),
  open(
    "createRef",
    "write-agent-branch",
    ["repositoryId"],
    input({ repositoryId: id, name: agentRef, oid: objectId }, ["repositoryId", "name", "oid"]),
  ),
  open(
    "createCommitOnBranch",
    "write-agent-branch",
    [],
    input(
      {
        branch: object({ repositoryNameWithOwner: line(200), branchName: agentBranch }, [
          "repositoryNameWithOwner",
          "branchName",
        ]),
        expectedHeadOid: objectId,
        message: object({ headline: line(1024), body: orNull(text()) }, ["headline"]),
        fileChanges: orNull(
          object({ additions: orNull(list(addition, 1000)), deletions: orNull(list(deletion, 1000)) }),
        ),
      },
      ["branch", "expectedHeadOid", "message"],
    ),
  ),
]);

/** Mutations whose refusal has a name of its own: the action of the access model, and the rule. */
export const CLOSED_MUTATIONS: ReadonlyMap<string, readonly [action: string, rule: RuleId]> = new Map(
  (
    [
      ["mark-ready-for-review", "pull-request-ready", "markPullRequestReadyForReview"],
      ["merge-pull-request", "pull-request-merge", "mergePullRequest mergeBranch updatePullRequestBranch"],
      ["enable-auto-merge", "pull-request-merge", "enqueuePullRequest dequeuePullRequest"],
      ["enable-auto-merge", "pull-request-auto-merge", "enablePullRequestAutoMerge disablePullRequestAutoMerge"],
      ["start-agent", "agent-start", "replaceActorsForAssignable"],
      ["dismiss-review", "review-dismiss", "dismissPullRequestReview deletePullRequestReview"],
      ["administer-repository", "pull-request-label", "clearLabelsFromLabelable deleteLabel updateLabel"],
      ["delete-ref", "ref-delete", "deleteRef"],
      ["push-other-branch", "ref-update-closed", "updateRef updateRefs"],
      [
        "change-protection",
        "protection-bypass",
        "createBranchProtectionRule updateBranchProtectionRule deleteBranchProtectionRule createRepositoryRuleset updateRepositoryRuleset deleteRepositoryRuleset",
      ],
      ["create-repository", "route-closed", "createRepository cloneTemplateRepository"],
      ["administer-repository", "route-closed", "updateRepository archiveRepository transferIssue"],
    ] as const satisfies readonly (readonly [string, RuleId, string])[]
  ).flatMap(([action, rule, names]) => names.split(" ").map((name) => [name, [action, rule]] as const)),
);
