/**
 * The open part of GitHub's GraphQL schema. A field that is not here is closed. Per type: `field`, `field(arguments)`,
 * `field:Target`, and `field:Target[]` for a connection of Target. No type leads to another repository but through
 * those marked in `HOMES`, which the gate empties: fields that list issues or pull requests across repositories
 * (closingIssuesReferences, associatedPullRequests …) are closed for that reason, and fields whose value is an address
 * with a credential in it (tarballUrl, zipballUrl, tempCloneToken) because it would lead past the gate.
 */
const PAGES = "first last after before";
const COMMENT =
  "id databaseId fullDatabaseId author:Actor authorAssociation body bodyText bodyHTML createdAt updatedAt lastEditedAt publishedAt url includesCreatedEdit viewerDidAuthor viewerCanUpdate reactionGroups:ReactionGroup repository:SameRepository";
const ISSUE_LIKE =
  "number title titleHTML state locked activeLockReason closed closedAt milestone:Milestone participants(first last after before):Actor[] assignees(first last after before):Actor[] " +
  `labels(${PAGES} orderBy):Label[] comments(${PAGES} orderBy):IssueComment[] resourcePath editor:Actor viewerSubscription`;

/** What a repository says of itself, without what is in it. */
const ABOUT_REPOSITORY =
  "id databaseId name nameWithOwner owner:Actor description url sshUrl homepageUrl isPrivate isArchived isFork isEmpty isTemplate isInOrganization isLocked isMirror isDisabled visibility createdAt updatedAt pushedAt diskUsage forkCount " +
  "stargazerCount hasIssuesEnabled hasProjectsEnabled hasWikiEnabled hasDiscussionsEnabled viewerPermission viewerCanAdminister viewerDefaultMergeMethod viewerDefaultCommitEmail mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed autoMergeAllowed " +
  "deleteBranchOnMerge licenseInfo:License primaryLanguage:Language resourcePath";

const SOURCE: Readonly<Record<string, string>> = {
  Query:
    `repository(owner name followRenames):Repository viewer:Viewer user(login):Person organization(login):OwnOrganization rateLimit(dryRun):RateLimit search(query type ${PAGES}):SearchConnection node(id):Node nodes(ids):Node ` +
    "__type(name):__Type __schema:__Schema",
  // Names to ids, for people and teams that may be asked for review or assigned.
  Person: "id login name databaseId url avatarUrl(size) resourcePath",
  OwnOrganization: `id login name databaseId url avatarUrl(size) resourcePath team(slug):Team teams(${PAGES} query orderBy):Team[]`,
  Team: "id databaseId name slug combinedSlug url resourcePath",
  Viewer: "id login name databaseId url avatarUrl(size) resourcePath isViewer",
  RateLimit: "cost limit nodeCount remaining resetAt used",
  Actor: "id login name databaseId url avatarUrl(size) resourcePath isViewer",
  Repository:
    `${ABOUT_REPOSITORY} defaultBranchRef:Ref latestRelease:Release parent:Elsewhere ` +
    `languages(${PAGES} orderBy):Language[] issue(number):Issue pullRequest(number):PullRequest issueOrPullRequest(number):IssueOrPullRequest issues(${PAGES} states labels filterBy orderBy):Issue[] ` +
    `pullRequests(${PAGES} states labels baseRefName headRefName orderBy):PullRequest[] label(name):Label labels(${PAGES} query orderBy):Label[] milestone(number):Milestone milestones(${PAGES} states orderBy query):Milestone[] ` +
    `ref(qualifiedName):Ref refs(${PAGES} refPrefix query orderBy):Ref[] object(expression oid):GitObject release(tagName):Release releases(${PAGES} orderBy):Release[] assignableUsers(${PAGES} query):Actor[] mentionableUsers(${PAGES} query):Actor[] ` +
    "issueTemplates:Template pullRequestTemplates:Template contributingGuidelines:Document codeOfConduct:Document",
  SameRepository: "id databaseId name nameWithOwner owner:Actor url isPrivate",
  Elsewhere: `${ABOUT_REPOSITORY} defaultBranchRef:RefName`,
  ElsewhereIssue: "id number title url state stateReason closed repository:SameRepository",
  RefName: "id name prefix",
  License: "key name spdxId nickname url",
  Language: "id name color",
  Template: "name title about body filename",
  Document: "body url name key",
  Ref: `id name prefix target:GitObject branchProtectionRule:ProtectionRule compare(headRef):Comparison repository:SameRepository`,
  ProtectionRule:
    "id pattern requiresApprovingReviews requiredApprovingReviewCount requiresCodeOwnerReviews requiresStatusChecks requiresStrictStatusChecks requiredStatusCheckContexts",
  Comparison: `id aheadBy behindBy status commits(${PAGES}):Commit[]`,
  GitObject: "id oid abbreviatedOid commitUrl",
  Commit:
    `id oid abbreviatedOid message messageHeadline messageBody messageHeadlineHTML url commitUrl committedDate authoredDate pushedDate additions deletions changedFilesIfAvailable author:GitActor committer:GitActor authors(${PAGES}):GitActor[] ` +
    `parents(${PAGES}):Commit[] tree:Tree history(${PAGES} path since until author):Commit[] file(path):TreeEntry statusCheckRollup:StatusCheckRollup status:Status checkSuites(${PAGES} filterBy):CheckSuite[] ` +
    "committedViaWeb authoredByCommitter signature:Signature repository:SameRepository",
  Signature: "isValid state wasSignedByGitHub",
  GitActor: "name email date avatarUrl(size) user:Actor",
  Tree: "id oid abbreviatedOid entries:TreeEntry",
  TreeEntry: "name path pathRaw mode type oid size extension isGenerated lineCount object:GitObject language:Language",
  Blob: "id oid abbreviatedOid byteSize isBinary isTruncated text",
  Tag: "id oid name message tagger:GitActor target:GitObject",
  Release: `id databaseId name tagName description descriptionHTML isDraft isPrerelease isLatest createdAt publishedAt updatedAt url author:Actor tagCommit:Commit releaseAssets(${PAGES} name):ReleaseAsset[]`,
  ReleaseAsset: "id name size contentType downloadCount createdAt updatedAt",
  Label: "id name color description isDefault url createdAt updatedAt",
  Milestone:
    "id number title description state dueOn closed closedAt createdAt updatedAt url progressPercentage creator:Actor",
  Issue: `${COMMENT} ${ISSUE_LIKE} stateReason isPinned bodyUrl trackedIssuesCount subIssuesSummary:Summary issueType:IssueType parent:ElsewhereIssue subIssues(first last):ElsewhereIssue[] blockedBy(first last orderBy):ElsewhereIssue[] blocking(first last orderBy):ElsewhereIssue[]`,
  IssueType: "id name description color isEnabled",
  Summary: "total completed percentCompleted",
  IssueComment: `${COMMENT} isMinimized minimizedReason issue:Issue pullRequest:PullRequest resourcePath`,
  PullRequest:
    `${COMMENT} ${ISSUE_LIKE} isDraft isCrossRepository merged mergedAt mergedBy:Actor mergeable mergeStateStatus mergeCommit:Commit potentialMergeCommit:Commit permalink reviewDecision additions deletions changedFiles maintainerCanModify totalCommentsCount ` +
    "baseRefName baseRefOid baseRef:Ref headRefName headRefOid headRef:Ref headRepository:Elsewhere headRepositoryOwner:Actor baseRepository:Elsewhere autoMergeRequest:AutoMerge isInMergeQueue isMergeQueueEnabled canBeRebased " +
    `commits(${PAGES}):PullRequestCommit[] files(${PAGES}):ChangedFile[] reviews(${PAGES} states author):Review[] latestReviews(${PAGES} writersOnly):Review[] latestOpinionatedReviews(${PAGES} writersOnly):Review[] reviewThreads(${PAGES}):ReviewThread[] ` +
    `reviewRequests(${PAGES}):ReviewRequest[] statusCheckRollup:StatusCheckRollup suggestedReviewers:SuggestedReviewer viewerCanDeleteHeadRef viewerCanEnableAutoMerge viewerCanDisableAutoMerge checksUrl`,
  AutoMerge: "enabledAt mergeMethod enabledBy:Actor commitHeadline commitBody authorEmail",
  SuggestedReviewer: "isAuthor isCommenter reviewer:Actor",
  PullRequestCommit: "id commit:Commit url resourcePath",
  ChangedFile: "path additions deletions changeType viewerViewedState",
  Review: `${COMMENT} isMinimized minimizedReason state submittedAt commit:Commit comments(${PAGES}):ReviewComment[] pullRequest:PullRequest resourcePath`,
  ReviewComment: `${COMMENT} isMinimized minimizedReason path position originalPosition line originalLine startLine originalStartLine diffHunk outdated state subjectType commit:Commit originalCommit:Commit replyTo:ReviewComment pullRequest:PullRequest pullRequestReview:Review`,
  ReviewThread: `id isResolved isOutdated isCollapsed path line originalLine startLine originalStartLine diffSide startDiffSide subjectType resolvedBy:Actor viewerCanReply viewerCanResolve viewerCanUnresolve comments(${PAGES} skip):ReviewComment[] pullRequest:PullRequest`,
  ReviewRequest: "id asCodeOwner requestedReviewer:Reviewer",
  Reviewer: "id login name slug combinedSlug organization:Actor",
  StatusCheckRollup: `id state contexts(${PAGES}):CheckContext[] commit:Commit`,
  CheckContext: "id",
  StateCount: "state count",
  CheckRun: `id databaseId name status conclusion startedAt completedAt detailsUrl url title summary text permalink externalId isRequired(pullRequestId pullRequestNumber) checkSuite:CheckSuite annotations(${PAGES}):Annotation[]`,
  Annotation: "path annotationLevel message title rawDetails blobUrl",
  StatusContext:
    "id context state description targetUrl createdAt creator:Actor avatarUrl(size) isRequired(pullRequestId pullRequestNumber)",
  Status: "id state contexts:StatusContext",
  CheckSuite: `id databaseId status conclusion createdAt updatedAt app:App workflowRun:WorkflowRun checkRuns(${PAGES} filterBy):CheckRun[] url`,
  App: "id name slug databaseId",
  WorkflowRun: "id databaseId runNumber event url workflow:Workflow createdAt updatedAt",
  Workflow: "id databaseId name state url",
  ReactionGroup: "content createdAt users(first last after before):Actor[] viewerHasReacted",
  Reaction: "id content createdAt user:Actor",
  IssueOrPullRequest: "",
  Node: "id",
  SearchConnection: "issueCount repositoryCount codeCount nodes:SearchItem edges:SearchEdge pageInfo:PageInfo",
  SearchEdge: "cursor node:SearchItem",
  SearchItem: "",
  PageInfo: "endCursor startCursor hasNextPage hasPreviousPage",
  PageOfElsewhere: "hasNextPage hasPreviousPage",
  Payload:
    "clientMutationId pullRequest:PullRequest issue:Issue subject:Node comment:IssueComment commentEdge:CommentEdge issueComment:IssueComment pullRequestReview:Review reviewEdge:ReviewEdge thread:ReviewThread reaction:Reaction labelable:IssueOrPullRequest " +
    "assignable:IssueOrPullRequest ref:Ref commit:Commit actor:Actor pullRequestReviewComment:ReviewComment",
  CommentEdge: "cursor node:IssueComment",
  ReviewEdge: "cursor node:Review",
  __Schema:
    "description queryType:__Type mutationType:__Type subscriptionType:__Type types:__Type directives:__Directive",
  __Directive: "name description locations isRepeatable args(includeDeprecated):__InputValue",
  __Type:
    "kind name description specifiedByURL isOneOf fields(includeDeprecated):__Field inputFields(includeDeprecated):__InputValue enumValues(includeDeprecated):__EnumValue ofType:__Type interfaces:__Type possibleTypes:__Type",
  __Field: "name description args(includeDeprecated):__InputValue type:__Type isDeprecated deprecationReason",
  __InputValue: "name description type:__Type defaultValue isDeprecated deprecationReason",
  __EnumValue: "name description isDeprecated deprecationReason",
};

/** Fields that an edge has beside its node, and a connection beside its nodes. */
const EDGES: Readonly<Record<string, string>> = { Language: " size" };
const CONNECTIONS: Readonly<Record<string, string>> = {
  Language: " totalSize",
  CheckContext:
    " checkRunCount checkRunCountsByState:StateCount statusContextCount statusContextCountsByState:StateCount",
};

/** Types whose objects may belong to a repository that is not listed, and the fields down to their repository's id. */
const HOMES: Readonly<Record<string, Home>> = { Elsewhere: ["id"], ElsewhereIssue: ["repository", "id"] };
type Home = readonly [field: string, inner?: string];

/** GitHub's names of the types that the table names by their part in it; the first stands in messages. */
const NAMES: Readonly<Record<string, string>> = {
  Viewer: "User",
  Person: "User",
  OwnOrganization: "Organization",
  Actor: "Actor User Bot Organization Mannequin EnterpriseUserAccount RepositoryOwner",
  "Actor[]": "UserConnection ReactingUserConnection",
  "Actor#": "UserEdge ReactingUserEdge",
  Annotation: "CheckAnnotation",
  AutoMerge: "AutoMergeRequest",
  ChangedFile: "PullRequestChangedFile",
  CheckContext: "StatusCheckRollupContext",
  CommentEdge: "IssueCommentEdge",
  "Commit[]": "CommitConnection CommitHistoryConnection ComparisonCommitConnection",
  Document: "ContributingGuidelines CodeOfConduct",
  Elsewhere: "Repository",
  ElsewhereIssue: "Issue",
  IssueComment: "IssueComment PullRequestReviewComment",
  IssueOrPullRequest: "IssueOrPullRequest Labelable Assignable",
  Node: "Node Reactable",
  PageOfElsewhere: "PageInfo",
  ProtectionRule: "BranchProtectionRule",
  RefName: "Ref",
  Review: "PullRequestReview",
  ReviewComment: "PullRequestReviewComment",
  ReviewEdge: "PullRequestReviewEdge",
  ReviewThread: "PullRequestReviewThread",
  Reviewer: "RequestedReviewer Team",
  SameRepository: "Repository",
  SearchConnection: "SearchResultItemConnection",
  SearchEdge: "SearchResultItemEdge",
  SearchItem: "SearchResultItem",
  Signature: "GitSignature",
  StateCount: "CheckRunStateCount StatusContextStateCount",
  Summary: "SubIssuesSummary",
  Template: "IssueTemplate PullRequestTemplate",
};

/** What GitHub calls a type of the table. */
export function githubNames(name: string): readonly string[] {
  const given = NAMES[name];
  if (given !== undefined) return given.split(" ");
  const suffix = name.endsWith("[]") ? "Connection" : name.endsWith("#") ? "Edge" : "";
  return suffix === "" ? [name] : [`${githubNames(name.replace(/\[\]$|#$/, ""))[0] ?? ""}${suffix}`];
}

/** Type conditions that may stand on a type, beside the type itself; names as GitHub has them. */
const CONDITIONS: Readonly<Record<string, readonly string[]>> = {
  Actor: ["User", "Bot", "Organization", "Mannequin", "EnterpriseUserAccount"],
  Viewer: ["User"],
  Reviewer: ["User", "Bot", "Team", "Mannequin"],
  IssueOrPullRequest: ["Issue", "PullRequest"],
  SearchItem: ["Issue", "PullRequest", "Repository"],
  GitObject: ["Commit", "Tree", "Blob", "Tag"],
  CheckContext: ["CheckRun", "StatusContext"],
  Node: [
    "Repository",
    "Issue",
    "PullRequest",
    "IssueComment",
    "PullRequestReview",
    "PullRequestReviewComment",
    "PullRequestReviewThread",
    "Label",
    "Milestone",
    "Ref",
    "Release",
    "CheckRun",
    "CheckSuite",
    "Commit",
    "Tree",
    "Blob",
  ],
};

/** GitHub's names of types that the table keeps under a shorter or wider one. */
const ALIASES: Readonly<Record<string, string>> = {
  User: "Actor",
  Bot: "Actor",
  Organization: "Actor",
  Mannequin: "Actor",
  EnterpriseUserAccount: "Actor",
  Team: "Reviewer",
  PullRequestReview: "Review",
  PullRequestReviewComment: "ReviewComment",
  PullRequestReviewThread: "ReviewThread",
};

interface OpenField {
  readonly arguments: ReadonlySet<string>;
  /** Type of the selection; undefined for a scalar. */
  readonly target: OpenType | undefined;
}

export interface OpenType {
  readonly name: string;
  /** GitHub's name of it, as it stands in messages. */
  readonly github: string;
  /**
   * Set where an object may belong to a repository that is not listed: the fields that lead to the id of its
   * repository.
   */
  readonly home: Home | undefined;
  readonly fields: Map<string, OpenField>;
  /** True for a page of something: its size multiplies the cost of what is below. */
  readonly connection: boolean;
}

const NO_ARGUMENTS: ReadonlySet<string> = new Set();
const types = new Map<string, OpenType>();

/**
 * A page. Its total is a fact about whoever has the page: REST says it of every issue (`sub_issues_summary`). A cursor
 * is made from the entry that it stands for, so pages of what may belong elsewhere have none.
 */
function pageSource(item: string): string {
  return HOMES[item] === undefined
    ? `totalCount totalCountFiltered nodes:${item} edges:${item}# pageInfo:PageInfo${CONNECTIONS[item] ?? ""}`
    : `totalCount nodes:${item} edges:${item}# pageInfo:PageOfElsewhere`;
}

function edgeSource(item: string): string {
  return HOMES[item] === undefined ? `cursor node:${item}${EDGES[item] ?? ""}` : `node:${item}`;
}

/** An open type by its name in the table (`Issue[]` for a connection). Made once, when it is first needed. */
export function openType(name: string): OpenType {
  const known = types.get(name);
  if (known !== undefined) return known;
  const connection = name.endsWith("[]");
  const item = connection ? name.slice(0, -2) : name;
  const source = connection ? pageSource(item) : item.endsWith("#") ? edgeSource(item.slice(0, -1)) : SOURCE[item];
  if (source === undefined) throw new Error(`no GraphQL type ${name}`);
  const made: OpenType = {
    name,
    github: githubNames(name)[0] ?? name,
    home: HOMES[name],
    fields: new Map(),
    connection,
  };
  types.set(name, made);
  for (const [, field = "", args, target] of source.matchAll(
    /([A-Za-z_]+)(?:\(([A-Za-z ]*)\))?(?::([A-Za-z_]+(?:\[\]|#)?))?/g,
  )) {
    let resolved: OpenType | undefined;
    made.fields.set(field, {
      arguments: args === undefined ? NO_ARGUMENTS : new Set(args.split(" ")),
      get target(): OpenType | undefined {
        return target === undefined ? undefined : (resolved ??= openType(target));
      },
    });
  }
  return made;
}

/** The type that a condition `... on Name` selects from within another; undefined when it may not stand there. */
export function conditionOn(type: OpenType, name: string): OpenType | undefined {
  if (name === type.github) return type;
  if (name === type.name || ALIASES[name] === type.name || githubNames(type.name).includes(name))
    return { ...type, github: name };
  if (type.connection || type.name.endsWith("#"))
    return name.endsWith("Connection") || name.endsWith("Edge") ? type : undefined;
  if (type.name === "Payload") return name.endsWith("Payload") ? type : undefined;
  if (CONDITIONS[type.name]?.includes(name) !== true) return undefined;
  const open = openType(ALIASES[name] ?? name);
  return open.github === name ? open : { ...open, github: name };
}

/**
 * Every open type that can be reached, each under the names that GitHub has for it, with its open fields and their
 * arguments. Made once.
 */
export function openFields(): ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>> {
  if (reached !== undefined) return reached;
  const made = new Map<string, Map<string, Set<string>>>();
  const seen = new Set<string>();
  const add = (type: OpenType, names: readonly string[]): void => {
    for (const name of names) {
      const fields = made.get(name) ?? new Map<string, Set<string>>();
      made.set(name, fields);
      for (const [field, { arguments: open }] of type.fields)
        fields.set(field, new Set([...(fields.get(field) ?? []), ...open]));
    }
    if (seen.has(type.name)) return;
    seen.add(type.name);
    for (const { target } of type.fields.values())
      if (target !== undefined && !target.name.startsWith("__")) add(target, githubNames(target.name));
    for (const condition of CONDITIONS[type.name] ?? []) add(openType(ALIASES[condition] ?? condition), [condition]);
  };
  add(openType("Query"), ["Query"]);
  add(openType("Payload"), ["Payload"]);
  return (reached = made);
}
let reached: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>> | undefined;

/** For the test against GitHub's schema. */
export const OPEN_TYPES: Readonly<Record<string, string>> = SOURCE;
