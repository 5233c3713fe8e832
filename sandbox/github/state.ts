/**
 * What the GitHub stand-in remembers. Plain data: behaviour lives in `domain/`, shapes of the REST API in `present/`.
 * Times are ISO 8601 in UTC without milliseconds, as GitHub prints them; ids are GitHub's integers.
 */

export const ROLES = ["read", "triage", "write", "maintain", "admin"] as const;
/** Repository roles by rising power; the REST API's words for the first and third are pull and push. */
export type Role = (typeof ROLES)[number];
/** Permission names of fine-grained tokens and Apps, such as `contents`, each with what it allows. */
export type Permissions = Record<string, "read" | "write" | "admin">;

export interface User {
  id: number;
  nodeId: string;
  login: string;
  type: "User" | "Bot";
  name: string | null;
  email: string;
  siteAdmin: boolean;
  createdAt: string;
  updatedAt: string;
  keys: PublicKey[];
  gpgKeys: { id: number; keyId: string; publicKey: string; createdAt: string }[];
}

export interface PublicKey { id: number; key: string; title: string; createdAt: string; readOnly: boolean; addedBy: number | null }

export interface OrgMembership { userId: number; role: "admin" | "member"; state: "pending" | "active"; invitedBy: number | null; createdAt: string; updatedAt: string }

export interface Organization {
  id: number;
  nodeId: string;
  login: string;
  name: string;
  description: string | null;
  billingEmail: string;
  plan: "free" | "team" | "enterprise";
  /** What every member may do on every repository of the organization. */
  defaultRepositoryPermission: "none" | "read" | "write" | "admin";
  membersCanCreateRepositories: boolean;
  membersCanForkPrivateRepositories: boolean;
  twoFactorRequired: boolean;
  /** Fine-grained tokens of members wait for an approval before they reach the organization. */
  patApprovalRequired: boolean;
  classicPatAllowed: boolean;
  memberships: Map<number, OrgMembership>;
  rulesets: Map<number, Ruleset>;
  hooks: Map<number, Hook>;
  secrets: Map<string, Secret>;
  variables: Map<string, Variable>;
  actions: ActionsPermissions & { enabledRepositories: "all" | "none" | "selected"; selectedRepositoryIds: number[] };
  workflow: WorkflowPermissions;
  createdAt: string;
  updatedAt: string;
}

export interface Team {
  id: number;
  nodeId: string;
  orgId: number;
  name: string;
  slug: string;
  description: string | null;
  privacy: "secret" | "closed";
  notificationSetting: "notifications_enabled" | "notifications_disabled";
  permission: "pull" | "push" | "admin";
  parentId: number | null;
  members: Map<number, { userId: number; role: "member" | "maintainer" }>;
  /** Repository id to role. */
  repos: Map<number, Role>;
  createdAt: string;
  updatedAt: string;
}

export interface Hook {
  id: number;
  name: string;
  active: boolean;
  events: string[];
  config: { url: string; content_type: string; insecure_ssl: string; secret?: string };
  createdAt: string;
  updatedAt: string;
  deliveries: HookDelivery[];
}

export interface HookDelivery {
  id: number;
  guid: string;
  deliveredAt: string;
  redelivery: boolean;
  durationMs: number;
  status: string;
  statusCode: number;
  event: string;
  action: string | null;
  repositoryId: number | null;
  url: string;
  requestHeaders: Record<string, string>;
  payload: Record<string, unknown>;
  responseHeaders: Record<string, string>;
  responseBody: string | null;
}

export interface Secret { name: string; encryptedValue: string; keyId: string; createdAt: string; updatedAt: string; visibility?: "all" | "private" | "selected"; selectedRepositoryIds?: number[] }
export interface Variable { name: string; value: string; createdAt: string; updatedAt: string; visibility?: "all" | "private" | "selected"; selectedRepositoryIds?: number[] }

export interface ActionsPermissions {
  enabled: boolean;
  allowedActions: "all" | "local_only" | "selected";
  selected: { github_owned_allowed: boolean; verified_allowed: boolean; patterns_allowed: string[] };
  shaPinningRequired: boolean;
}
export interface WorkflowPermissions { defaultWorkflowPermissions: "read" | "write"; canApprovePullRequestReviews: boolean }

export interface BypassActor { actor_id: number | null; actor_type: "Integration" | "OrganizationAdmin" | "RepositoryRole" | "Team" | "DeployKey" | "User" | "EnterpriseOwner"; bypass_mode: "always" | "pull_request" | "exempt" }
export interface RulesetRule { type: string; parameters?: Record<string, unknown> }
export interface RulesetConditions {
  ref_name?: { include: string[]; exclude: string[] };
  repository_name?: { include: string[]; exclude: string[]; protected?: boolean };
  repository_id?: { repository_ids: number[] };
  repository_property?: { include: unknown[]; exclude: unknown[] };
}

export interface Ruleset {
  id: number;
  nodeId: string;
  name: string;
  target: "branch" | "tag" | "push" | "repository";
  sourceType: "Repository" | "Organization";
  /** Repository id or organization id, by `sourceType`. */
  sourceId: number;
  enforcement: "disabled" | "active" | "evaluate";
  bypassActors: BypassActor[];
  conditions?: RulesetConditions;
  rules: RulesetRule[];
  createdAt: string;
  updatedAt: string;
}

/** One evaluation of rules, as "rule insights" list it. */
export interface RuleSuite {
  id: number;
  actorId: number | null;
  actorName: string | null;
  beforeSha: string;
  afterSha: string;
  ref: string;
  repositoryId: number;
  pushedAt: string;
  result: "pass" | "fail" | "bypass";
  evaluationResult: "pass" | "fail" | "bypass" | null;
  evaluations: { ruleSource: { type: string; id: number | null; name: string | null }; enforcement: string; result: "pass" | "fail"; ruleType: string; details: string | null }[];
}

/** Who an allowance of a branch protection names. */
export interface ProtectionActor { kind: "User" | "Team" | "App"; id: number }

/** Branch protection as both the REST v3 and the GraphQL API see it. */
export interface BranchProtection {
  id: number;
  nodeId: string;
  repositoryId: number;
  /** Matched against the branch name with GitHub's fnmatch. */
  pattern: string;
  creatorId: number | null;
  allowsDeletions: boolean;
  allowsForcePushes: boolean;
  blocksCreations: boolean;
  isAdminEnforced: boolean;
  lockBranch: boolean;
  lockAllowsFetchAndMerge: boolean;
  requiresApprovingReviews: boolean;
  requiredApprovingReviewCount: number;
  dismissesStaleReviews: boolean;
  requiresCodeOwnerReviews: boolean;
  requireLastPushApproval: boolean;
  restrictsReviewDismissals: boolean;
  requiresStatusChecks: boolean;
  requiresStrictStatusChecks: boolean;
  /** `integrationId` null: any source. */
  requiredStatusChecks: { context: string; integrationId: number | null }[];
  requiresCommitSignatures: boolean;
  requiresConversationResolution: boolean;
  requiresLinearHistory: boolean;
  restrictsPushes: boolean;
  pushActors: ProtectionActor[];
  reviewDismissalActors: ProtectionActor[];
  bypassForcePushActors: ProtectionActor[];
  bypassPullRequestActors: ProtectionActor[];
}

export interface Label { id: number; nodeId: string; name: string; color: string; description: string | null; default: boolean }
export interface Milestone { id: number; nodeId: string; number: number; title: string; description: string | null; state: "open" | "closed"; creatorId: number; createdAt: string; updatedAt: string; closedAt: string | null; dueOn: string | null }

/** An issue, and the part of a pull request that is an issue: numbers are shared. */
export interface Issue {
  id: number;
  nodeId: string;
  repositoryId: number;
  number: number;
  title: string;
  body: string | null;
  userId: number;
  /** The App through which a user acted, if any. */
  viaAppId: number | null;
  state: "open" | "closed";
  stateReason: "completed" | "not_planned" | "reopened" | "duplicate" | null;
  locked: boolean;
  lockReason: string | null;
  labels: string[];
  assigneeIds: number[];
  milestone: number | null;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  closedById: number | null;
  events: { id: number; nodeId: string; event: string; actorId: number; createdAt: string; label?: string; commitId?: string | null }[];
  reactions: Reaction[];
  pull: PullRequest | null;
}

export interface Reaction { id: number; nodeId: string; userId: number; content: string; createdAt: string }

export interface Comment { id: number; nodeId: string; repositoryId: number; issueNumber: number; userId: number; viaAppId: number | null; body: string; createdAt: string; updatedAt: string; reactions: Reaction[] }

export interface PullRequest {
  id: number;
  nodeId: string;
  draft: boolean;
  headRepositoryId: number;
  headRef: string;
  /** While open it follows the branch; afterwards it stays. */
  headSha: string;
  baseRef: string;
  baseSha: string;
  merged: boolean;
  mergedAt: string | null;
  mergedById: number | null;
  mergeCommitSha: string | null;
  maintainerCanModify: boolean;
  autoMerge: { enabledById: number; method: "merge" | "squash" | "rebase"; title: string | null; message: string | null } | null;
  requestedReviewerIds: number[];
  requestedTeamIds: number[];
  reviews: Review[];
  reviewComments: ReviewComment[];
  /** Who pushed the head last, and when: the last-push approval rule asks. */
  lastPush: { userId: number | null; at: string };
}

export interface Review { id: number; nodeId: string; userId: number; state: "PENDING" | "COMMENTED" | "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED"; body: string; commitId: string; submittedAt: string | null }

export interface ReviewComment {
  id: number;
  nodeId: string;
  reviewId: number | null;
  userId: number;
  body: string;
  path: string;
  line: number | null;
  side: "LEFT" | "RIGHT";
  startLine: number | null;
  startSide: "LEFT" | "RIGHT" | null;
  subjectType: "line" | "file";
  commitId: string;
  originalCommitId: string;
  diffHunk: string;
  inReplyToId: number | null;
  /** Of the thread's first comment. */
  resolved: boolean;
  createdAt: string;
  updatedAt: string;
  reactions: Reaction[];
}

export interface CommitStatus { id: number; nodeId: string; /** The App whose token set it; null for a person. */ appId: number | null; sha: string; state: "error" | "failure" | "pending" | "success"; context: string; description: string | null; targetUrl: string | null; creatorId: number; createdAt: string; updatedAt: string }
export interface CheckRun {
  id: number; nodeId: string; suiteId: number; appId: number; headSha: string; name: string; externalId: string; detailsUrl: string | null;
  status: "queued" | "in_progress" | "completed"; conclusion: string | null; startedAt: string | null; completedAt: string | null;
  output: { title: string | null; summary: string | null; text: string | null };
}
export interface CheckSuite { id: number; nodeId: string; appId: number; headSha: string; headBranch: string | null; createdAt: string; updatedAt: string }

export interface Workflow { id: number; nodeId: string; name: string; path: string; state: "active" | "disabled_manually"; createdAt: string; updatedAt: string }
export interface WorkflowRun {
  id: number; nodeId: string; workflowId: number; runNumber: number; attempt: number; event: string; headBranch: string; headSha: string; actorId: number;
  status: "queued" | "in_progress" | "completed"; conclusion: string | null; createdAt: string; updatedAt: string; suiteId: number; log: string;
  jobs: WorkflowJob[]; artifacts: Artifact[];
}
export interface WorkflowJob { id: number; nodeId: string; name: string; status: "queued" | "in_progress" | "completed"; conclusion: string | null; startedAt: string; completedAt: string | null; steps: { name: string; status: "completed" | "queued" | "in_progress"; conclusion: string | null; number: number }[] }
export interface Artifact { id: number; nodeId: string; name: string; content: Buffer; createdAt: string; expiresAt: string }

export interface Release { id: number; nodeId: string; tagName: string; target: string; name: string | null; body: string | null; draft: boolean; prerelease: boolean; authorId: number; createdAt: string; publishedAt: string | null; assets: ReleaseAsset[] }
export interface ReleaseAsset { id: number; nodeId: string; name: string; label: string | null; contentType: string; content: Buffer; uploaderId: number; downloads: number; createdAt: string; updatedAt: string }

export interface Environment {
  id: number; nodeId: string; name: string; createdAt: string; updatedAt: string;
  waitTimer: number; preventSelfReview: boolean; canAdminsBypass: boolean;
  reviewers: { type: "User" | "Team"; id: number }[];
  deploymentBranchPolicy: { protected_branches: boolean; custom_branch_policies: boolean } | null;
  branchPolicies: { id: number; nodeId: string; name: string; type: "branch" | "tag" }[];
  secrets: Map<string, Secret>;
  variables: Map<string, Variable>;
}

export interface Invitation { id: number; nodeId: string; repositoryId: number; inviteeId: number; inviterId: number; role: Role; createdAt: string }

export interface Repository {
  id: number;
  nodeId: string;
  owner: { kind: "org" | "user"; id: number };
  name: string;
  description: string | null;
  homepage: string | null;
  visibility: "public" | "private" | "internal";
  archived: boolean;
  isTemplate: boolean;
  forkOf: number | null;
  defaultBranch: string;
  topics: string[];
  settings: RepositorySettings;
  securityAndAnalysis: Record<string, { status: "enabled" | "disabled" }>;
  vulnerabilityAlerts: boolean;
  automatedSecurityFixes: boolean;
  collaborators: Map<number, Role>;
  invitations: Map<number, Invitation>;
  hooks: Map<number, Hook>;
  deployKeys: Map<number, PublicKey>;
  rulesets: Map<number, Ruleset>;
  protections: Map<number, BranchProtection>;
  ruleSuites: RuleSuite[];
  labels: Map<string, Label>;
  milestones: Map<number, Milestone>;
  issues: Map<number, Issue>;
  comments: Map<number, Comment>;
  nextNumber: number;
  statuses: CommitStatus[];
  checkRuns: Map<number, CheckRun>;
  checkSuites: Map<number, CheckSuite>;
  workflows: Map<number, Workflow>;
  runs: Map<number, WorkflowRun>;
  releases: Map<number, Release>;
  environments: Map<string, Environment>;
  secrets: Map<string, Secret>;
  dependabotSecrets: Map<string, Secret>;
  variables: Map<string, Variable>;
  actions: ActionsPermissions;
  workflow: WorkflowPermissions;
  /** Commits that GitHub itself signed: made through the web or the contents API. */
  signedByGitHub: Set<string>;
  commitComments: { id: number; nodeId: string; sha: string; userId: number; body: string; path: string | null; position: number | null; line: number | null; createdAt: string; updatedAt: string }[];
  /** Directory of the bare repository. */
  gitDir: string;
  createdAt: string;
  updatedAt: string;
  pushedAt: string;
}

export interface RepositorySettings {
  has_issues: boolean; has_projects: boolean; has_wiki: boolean; has_downloads: boolean; has_discussions: boolean;
  allow_squash_merge: boolean; allow_merge_commit: boolean; allow_rebase_merge: boolean; allow_auto_merge: boolean; allow_update_branch: boolean; allow_forking: boolean;
  delete_branch_on_merge: boolean; web_commit_signoff_required: boolean;
  squash_merge_commit_title: string; squash_merge_commit_message: string; merge_commit_title: string; merge_commit_message: string;
}

export interface Gist { id: string; nodeId: string; ownerId: number; public: boolean; description: string | null; files: Record<string, string>; createdAt: string; updatedAt: string }

export interface App {
  id: number; nodeId: string; slug: string; name: string; clientId: string; clientSecret: string; ownerId: number;
  /** RSA key in PKCS#1, as GitHub hands it out. */
  pem: string;
  botUserId: number; permissions: Permissions; events: string[]; createdAt: string;
}

export interface Installation { id: number; appId: number; account: { kind: "org" | "user"; id: number }; permissions: Permissions; repositorySelection: "all" | "selected"; repositoryIds: Set<number>; createdAt: string; updatedAt: string }
