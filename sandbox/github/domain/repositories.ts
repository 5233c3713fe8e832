import { join } from "node:path";
import { nodeId } from "../ids";
import type { Organization, Repository, RepositorySettings } from "../state";
import type { World } from "../world";

/**
 * An organization as it is right after somebody made it, but with no default permission: access is given by teams
 * alone.
 */
export const ORGANIZATION_DEFAULTS = (): Omit<
  Organization,
  "id" | "nodeId" | "login" | "name" | "billingEmail" | "plan" | "createdAt" | "updatedAt"
> => ({
  description: null,
  defaultRepositoryPermission: "none",
  membersCanCreateRepositories: true,
  membersCanForkPrivateRepositories: true,
  twoFactorRequired: true,
  patApprovalRequired: false,
  classicPatAllowed: true,
  memberships: new Map(),
  rulesets: new Map(),
  hooks: new Map(),
  secrets: new Map(),
  variables: new Map(),
  actions: { ...actionsDefaults(), enabledRepositories: "all", selectedRepositoryIds: [] },
  workflow: { defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false },
});

const actionsDefaults = (): Repository["actions"] => ({
  enabled: true,
  allowedActions: "all",
  selected: { github_owned_allowed: false, verified_allowed: false, patterns_allowed: [] },
  shaPinningRequired: false,
});

export const SETTINGS: RepositorySettings = {
  has_issues: true,
  has_projects: true,
  has_wiki: true,
  has_downloads: true,
  has_discussions: false,
  allow_squash_merge: true,
  allow_merge_commit: true,
  allow_rebase_merge: true,
  allow_auto_merge: false,
  allow_update_branch: false,
  allow_forking: true,
  delete_branch_on_merge: false,
  web_commit_signoff_required: false,
  squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
  squash_merge_commit_message: "COMMIT_MESSAGES",
  merge_commit_title: "MERGE_MESSAGE",
  merge_commit_message: "PR_TITLE",
};

const LABELS: [string, string, string][] = [
  ["bug", "d73a4a", "Something isn't working"],
  ["documentation", "0075ca", "Improvements or additions to documentation"],
  ["duplicate", "cfd3d7", "This issue or pull request already exists"],
  ["enhancement", "a2eeef", "New feature or request"],
  ["good first issue", "7057ff", "Good for newcomers"],
  ["help wanted", "008672", "Extra attention is needed"],
  ["invalid", "e4e669", "This doesn't seem right"],
  ["question", "d876e3", "Further information is requested"],
  ["wontfix", "ffffff", "This will not be worked on"],
];

/**
 * Registers a repository with the settings and labels that a new one has; its git directory is the caller's to make.
 */
export function newRepository(
  world: World,
  owner: Repository["owner"],
  name: string,
  visibility: Repository["visibility"],
  defaultBranch: string,
): Repository {
  const id = world.ids.next();
  const now = world.clock.iso();
  const repo: Repository = {
    id,
    nodeId: nodeId("repository", id),
    owner,
    name,
    description: null,
    homepage: null,
    visibility,
    archived: false,
    isTemplate: false,
    forkOf: null,
    defaultBranch,
    topics: [],
    settings: { ...SETTINGS },
    securityAndAnalysis: {
      secret_scanning: { status: "disabled" },
      secret_scanning_push_protection: { status: "disabled" },
      dependabot_security_updates: { status: "disabled" },
    },
    vulnerabilityAlerts: false,
    automatedSecurityFixes: false,
    collaborators: new Map(),
    invitations: new Map(),
    hooks: new Map(),
    deployKeys: new Map(),
    rulesets: new Map(),
    protections: new Map(),
    ruleSuites: [],
    labels: new Map(),
    milestones: new Map(),
    issues: new Map(),
    comments: new Map(),
    nextNumber: 1,
    statuses: [],
    checkRuns: new Map(),
    checkSuites: new Map(),
    workflows: new Map(),
    runs: new Map(),
    releases: new Map(),
    environments: new Map(),
    secrets: new Map(),
    dependabotSecrets: new Map(),
    variables: new Map(),
    actions: actionsDefaults(),
    workflow: { defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false },
    pushers: new Map(),
    signedByGitHub: new Set(),
    commitComments: [],
    gitDir: join(world.gitRoot, `${id}.git`),
    createdAt: now,
    updatedAt: now,
    pushedAt: now,
  };
  for (const [label, color, description] of LABELS) {
    const labelId = world.ids.next();
    repo.labels.set(label, {
      id: labelId,
      nodeId: nodeId("label", id, labelId),
      name: label,
      color,
      description,
      default: true,
    });
  }
  world.repos.set(id, repo);
  return repo;
}
