/** A repository and everything in it but its git objects. Plain data; behaviour lives in `domain/`. */
import type { PublicKey } from "./accounts";
import type { CheckRun, CheckSuite, CommitStatus, Release, Workflow, WorkflowRun } from "./checks";
import type { Comment, Issue, Label, Milestone } from "./issues";
import type { BranchProtection, RuleSuite, Ruleset } from "./rules";
import type {
  ActionsPermissions,
  Environment,
  Hook,
  Invitation,
  Secret,
  Variable,
  WorkflowPermissions,
} from "./settings";
import type { Role } from "./roles";

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
  /** Who moved a ref last. */
  pushers: Map<string, number>;
  /** Commits that GitHub itself signed: made through the web or the contents API. */
  signedByGitHub: Set<string>;
  commitComments: {
    id: number;
    nodeId: string;
    sha: string;
    userId: number;
    body: string;
    path: string | null;
    position: number | null;
    line: number | null;
    createdAt: string;
    updatedAt: string;
  }[];
  /** Directory of the bare repository. */
  gitDir: string;
  createdAt: string;
  updatedAt: string;
  pushedAt: string;
}

export interface RepositorySettings {
  has_issues: boolean;
  has_projects: boolean;
  has_wiki: boolean;
  has_downloads: boolean;
  has_discussions: boolean;
  allow_squash_merge: boolean;
  allow_merge_commit: boolean;
  allow_rebase_merge: boolean;
  allow_auto_merge: boolean;
  allow_update_branch: boolean;
  allow_forking: boolean;
  delete_branch_on_merge: boolean;
  web_commit_signoff_required: boolean;
  squash_merge_commit_title: string;
  squash_merge_commit_message: string;
  merge_commit_title: string;
  merge_commit_message: string;
}
