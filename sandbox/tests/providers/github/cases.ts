/** The programs behind the recorded cases: inputs of each step. The recording has the calls, not the programs. */
import type { Props } from "../../../providers/types";

export interface Case {
  type: string;
  create: Props;
  update?: Props;
  /** Changed paths of the preview after a refresh; default none. */
  afterRefresh?: string[];
  /** The preview after the creation; default none. */
  afterCreate?: string[];
  /** The update replaces the resource. */
  replaced?: "create first" | "delete first";
  /** The refresh finds the resource gone. */
  gone?: true;
}

const bot = "claude-bot";
const codeowners = { repository: "api", file: ".github/CODEOWNERS", content: "* @acme/security\n", branch: "main" };
const gate = { commitAuthor: "Gate", commitEmail: "gate@example.com" };
const branchRef = { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } };
const everyRef = { refName: { includes: ["~ALL"], excludes: [] } };
const tags = (rules: Props, more: Props = {}): Props => ({
  name: "tags",
  repository: "api",
  target: "tag",
  enforcement: "active",
  conditions: everyRef,
  rules,
  ...more,
});
const main = (pullRequest: Props, more: Props = {}): Props => ({
  name: "main",
  repository: "api",
  target: "branch",
  enforcement: "active",
  conditions: branchRef,
  rules: { pullRequest, ...more },
});
const fence = (admins: string, more: Props = {}): Props => ({
  name: "fence",
  repository: "api",
  target: "branch",
  enforcement: "active",
  conditions: { refName: { includes: ["~ALL"], excludes: ["refs/heads/claude/**/*"] } },
  bypassActors: [
    { actorId: 21, actorType: "Team", bypassMode: "always" },
    { actorId: 1, actorType: "OrganizationAdmin", bypassMode: admins },
    { actorId: 5, actorType: "RepositoryRole", bypassMode: "always" },
    { actorId: 12345, actorType: "Integration", bypassMode: "always" },
    { actorType: "DeployKey", bypassMode: "always" },
  ],
  rules: { creation: true, update: true, deletion: true, nonFastForward: true, ...more },
});
const reviewed = (requiredApprovingReviewCount: number): Props =>
  main(
    {
      requiredApprovingReviewCount,
      requireCodeOwnerReview: true,
      dismissStaleReviewsOnPush: true,
      requireLastPushApproval: true,
      requiredReviewThreadResolution: true,
      requiredReviewers: [
        { reviewer: { id: 21, type: "Team" }, filePatterns: [".github/**/*", "/CODEOWNERS"], minimumApprovals: 1 },
      ],
    },
    {
      deletion: true,
      nonFastForward: true,
      requiredStatusChecks: {
        strictRequiredStatusChecksPolicy: true,
        requiredChecks: [{ context: "ci/test", integrationId: 15368 }, { context: "ci/lint" }],
      },
    },
  );
const paths = (...restrictedFilePaths: string[]): Props => ({
  name: "paths",
  repository: "vault",
  target: "push",
  enforcement: "active",
  bypassActors: [{ actorId: 21, actorType: "Team", bypassMode: "always" }],
  rules: {
    filePathRestriction: { restrictedFilePaths },
    maxFilePathLength: { maxFilePathLength: 200 },
    fileExtensionRestriction: { restrictedFileExtensions: ["*.exe"] },
    maxFileSize: { maxFileSize: 10 },
  },
});
const organizationFence = (enforcement: string): Props => ({
  name: "org-fence",
  target: "branch",
  enforcement,
  bypassActors: [{ actorId: 1, actorType: "OrganizationAdmin", bypassMode: "always" }],
  conditions: { ...branchRef, repositoryName: { includes: ["~ALL"], excludes: ["sandbox-*"], protected: true } },
  rules: {
    deletion: true,
    nonFastForward: true,
    pullRequest: { requiredApprovingReviewCount: 2, requireCodeOwnerReview: true },
  },
});
const protection = (requiredApprovingReviewCount: number): Props => ({
  repositoryId: "api",
  pattern: "main",
  enforceAdmins: true,
  requireSignedCommits: true,
  requiredLinearHistory: true,
  requireConversationResolution: true,
  requiredPullRequestReviews: [
    {
      requiredApprovingReviewCount,
      requireCodeOwnerReviews: true,
      dismissStaleReviews: true,
      restrictDismissals: true,
      dismissalRestrictions: ["acme/security"],
      pullRequestBypassers: ["/octo-admin"],
      requireLastPushApproval: true,
    },
  ],
  requiredStatusChecks: [{ strict: true, contexts: ["ci/test", "ci/lint"] }],
  restrictPushes: [{ pushAllowances: ["acme/security", "/alice"] }],
  forcePushBypassers: ["/alice"],
});
const hook = (...events: string[]): Props => ({
  events,
  configuration: {
    url: "https://hooks.example.com/gh",
    contentType: "json",
    insecureSsl: false,
    secret: "example-hook-secret",
  },
});
const environment = (waitTimer: number): Props => ({
  repository: "api",
  environment: "production",
  waitTimer,
  canAdminsBypass: false,
  preventSelfReview: true,
  reviewers: [{ teams: [21], users: [43] }],
  deploymentBranchPolicy: { protectedBranches: true, customBranchPolicies: false },
});
const svc = (description: string): Props => ({
  name: "svc",
  description,
  visibility: "private",
  hasIssues: true,
  autoInit: true,
  allowMergeCommit: false,
  deleteBranchOnMerge: true,
  topics: ["agent"],
});
const analysed = (pushProtection: string): Props => ({
  name: "svc",
  visibility: "private",
  vulnerabilityAlerts: true,
  securityAndAnalysis: {
    secretScanning: { status: "enabled" },
    secretScanningPushProtection: { status: pushProtection },
  },
});
const selected = (...patternsAlloweds: string[]): Props => ({
  repository: "api",
  allowedActions: "selected",
  shaPinningRequired: true,
  allowedActionsConfig: { githubOwnedAllowed: true, verifiedAllowed: false, patternsAlloweds },
});
const agents = {
  name: "agents",
  privacy: "closed",
  description: "bots",
  notificationSetting: "notifications_disabled",
};

export const cases: Readonly<Record<string, Case>> = {
  Membership: { type: "Membership", create: { username: bot }, update: { username: bot, role: "admin" } },
  "Membership-downgrade": { type: "Membership", create: { username: bot, role: "admin", downgradeOnDestroy: true } },
  "Membership-gone": { type: "Membership", create: { username: bot }, gone: true },
  Team: { type: "Team", create: agents, update: { ...agents, description: "bots, all" } },
  "Team-defaults": { type: "Team", create: { name: "agents" } },
  "Team-parent-creator": {
    type: "Team",
    create: { name: "agents", privacy: "closed", parentTeamId: "21" },
    update: { name: "agents", privacy: "closed" },
  },
  TeamMembership: {
    type: "TeamMembership",
    create: { teamId: "21", username: bot },
    update: { teamId: "21", username: bot, role: "maintainer" },
  },
  "TeamMembership-slug": { type: "TeamMembership", create: { teamId: "security", username: bot } },
  TeamRepository: {
    type: "TeamRepository",
    create: { teamId: "21", repository: "api", permission: "push" },
    update: { teamId: "21", repository: "api", permission: "triage" },
  },
  "TeamRepository-answer-204": {
    type: "TeamRepository",
    create: { teamId: "21", repository: "api", permission: "push" },
    afterCreate: ["permission", "repository"],
    afterRefresh: ["permission", "repository"],
  },
  BranchProtection: { type: "BranchProtection", create: protection(2), update: protection(1) },
  "BranchProtection-node-id": {
    type: "BranchProtection",
    create: {
      repositoryId: "R_kgDOapi",
      pattern: "main",
      requiredPullRequestReviews: [{ requiredApprovingReviewCount: 2, requireCodeOwnerReviews: true }],
    },
    update: {
      repositoryId: "R_kgDOapi",
      pattern: "main",
      requiredPullRequestReviews: [{ requiredApprovingReviewCount: 1, requireCodeOwnerReviews: true }],
    },
  },
  "BranchProtection-drift": {
    type: "BranchProtection",
    create: {
      repositoryId: "R_kgDOapi",
      pattern: "main",
      requiredPullRequestReviews: [{ requiredApprovingReviewCount: 2 }],
    },
    update: {
      repositoryId: "R_kgDOapi",
      pattern: "main",
      requiredPullRequestReviews: [{ requiredApprovingReviewCount: 2 }],
    },
    afterRefresh: ["requiredPullRequestReviews[0].requiredApprovingReviewCount"],
  },
  "BranchProtection-gone": {
    type: "BranchProtection",
    create: { repositoryId: "R_kgDOapi", pattern: "main" },
    gone: true,
  },
  "RepositoryRuleset-fence": {
    type: "RepositoryRuleset",
    create: fence("always"),
    update: fence("pull_request", { requiredLinearHistory: true }),
  },
  "RepositoryRuleset-tag": {
    type: "RepositoryRuleset",
    create: tags({ creation: true, update: true, deletion: true }),
    update: tags({ creation: true, update: true, deletion: true }, { enforcement: "disabled" }),
  },
  "RepositoryRuleset-push": {
    type: "RepositoryRuleset",
    create: paths(".github/workflows/**/*", ".github/CODEOWNERS"),
    update: paths(".github/workflows/**/*", ".github/CODEOWNERS", "CODEOWNERS"),
  },
  "RepositoryRuleset-pull-request": { type: "RepositoryRuleset", create: reviewed(2), update: reviewed(1) },
  "RepositoryRuleset-pull-request-merge-methods": {
    type: "RepositoryRuleset",
    create: main({
      allowedMergeMethods: ["merge", "squash"],
      requiredApprovingReviewCount: 2,
      requireCodeOwnerReview: true,
    }),
    update: main({ allowedMergeMethods: ["squash"], requiredApprovingReviewCount: 2, requireCodeOwnerReview: true }),
  },
  "RepositoryRuleset-pull-request-nofill": {
    type: "RepositoryRuleset",
    create: main({ requiredApprovingReviewCount: 2, requireCodeOwnerReview: true }),
    update: main({ requiredApprovingReviewCount: 1, requireCodeOwnerReview: true }),
  },
  "RepositoryRuleset-drift": {
    type: "RepositoryRuleset",
    create: tags({ creation: true, deletion: true }),
    update: tags({ creation: true, deletion: true }),
    afterRefresh: ["bypassActors", "enforcement"],
  },
  "RepositoryRuleset-gone": { type: "RepositoryRuleset", create: tags({ creation: true }), gone: true },
  "RepositoryRuleset-update-parameters-filled": {
    type: "RepositoryRuleset",
    create: tags({ creation: true, update: true }),
  },
  OrganizationRuleset: {
    type: "OrganizationRuleset",
    create: organizationFence("active"),
    update: organizationFence("evaluate"),
  },
  "OrganizationRuleset-push": {
    type: "OrganizationRuleset",
    create: {
      name: "org-paths",
      target: "push",
      enforcement: "active",
      conditions: { repositoryIds: [101] },
      rules: { filePathRestriction: { restrictedFilePaths: [".github/workflows/**/*"] } },
    },
  },
  "RepositoryFile-new": {
    type: "RepositoryFile",
    create: { ...codeowners, ...gate, commitMessage: "Add CODEOWNERS" },
    update: {
      ...codeowners,
      ...gate,
      commitMessage: "Update CODEOWNERS",
      content: "* @acme/security\n/.github/ @acme/security\n",
    },
  },
  "RepositoryFile-defaults": {
    type: "RepositoryFile",
    create: { repository: "api", file: "CODEOWNERS", content: "* @acme/security\n" },
    update: { repository: "api", file: "CODEOWNERS", content: "* @acme/security @alice\n" },
  },
  "RepositoryFile-existing-overwrite": {
    type: "RepositoryFile",
    create: { ...codeowners, overwriteOnCreate: true },
    update: { ...codeowners, overwriteOnCreate: true, content: "* @alice\n" },
  },
  WorkflowRepositoryPermissions: {
    type: "WorkflowRepositoryPermissions",
    create: { repository: "api", defaultWorkflowPermissions: "read" },
    update: { repository: "api", defaultWorkflowPermissions: "write" },
  },
  ActionsRepositoryPermissions: {
    type: "ActionsRepositoryPermissions",
    create: selected("acme/*"),
    update: selected("acme/*", "actions/checkout@*"),
  },
  "ActionsRepositoryPermissions-disabled": {
    type: "ActionsRepositoryPermissions",
    create: { repository: "api", enabled: false },
  },
  "ActionsRepositoryPermissions-disabled-allowed-actions-kept": {
    type: "ActionsRepositoryPermissions",
    create: { repository: "api", enabled: false },
    afterCreate: ["allowedActions"],
    afterRefresh: ["allowedActions"],
  },
  RepositoryWebhook: {
    type: "RepositoryWebhook",
    create: { repository: "api", ...hook("push") },
    update: { repository: "api", ...hook("push", "pull_request") },
  },
  OrganizationWebhook: {
    type: "OrganizationWebhook",
    create: hook("push", "repository_ruleset"),
    update: hook("push", "repository_ruleset", "member"),
  },
  RepositoryCollaborator: {
    type: "RepositoryCollaborator",
    create: { repository: "api", username: bot },
    update: { repository: "api", username: bot, permission: "pull" },
    replaced: "delete first",
  },
  "RepositoryCollaborator-direct": { type: "RepositoryCollaborator", create: { repository: "api", username: bot } },
  RepositoryEnvironment: { type: "RepositoryEnvironment", create: environment(10), update: environment(30) },
  "RepositoryEnvironment-defaults": {
    type: "RepositoryEnvironment",
    create: { repository: "api", environment: "stage/1" },
    update: { repository: "api", environment: "stage/2" },
    replaced: "create first",
  },
  IssueLabel: {
    type: "IssueLabel",
    create: { repository: "api", name: "agent", color: "0e8a16", description: "opened by an agent" },
    update: { repository: "api", name: "agent:claude", color: "0e8a16", description: "opened by an agent" },
  },
  Repository: { type: "Repository", create: svc("d1"), update: svc("d2") },
  "Repository-security-and-analysis": { type: "Repository", create: analysed("enabled"), update: analysed("disabled") },
  RepositoryVulnerabilityAlerts: {
    type: "RepositoryVulnerabilityAlerts",
    create: { repository: "api" },
    update: { repository: "api", enabled: false },
  },
};
