/** Rulesets and branch protection, and the record of their evaluation. Plain data; behaviour lives in `domain/`. */

export interface BypassActor {
  actor_id: number | null;
  actor_type:
    "Integration" | "OrganizationAdmin" | "RepositoryRole" | "Team" | "DeployKey" | "User" | "EnterpriseOwner";
  bypass_mode: "always" | "pull_request" | "exempt";
}
export interface RulesetRule {
  type: string;
  parameters?: Record<string, unknown>;
}
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
  evaluations: {
    ruleSource: { type: string; id: number | null; name: string | null };
    enforcement: string;
    result: "pass" | "fail";
    ruleType: string;
    details: string | null;
  }[];
}

/** Who an allowance of a branch protection names. */
export interface ProtectionActor {
  kind: "User" | "Team" | "App";
  id: number;
}

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
