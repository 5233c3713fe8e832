import type { AccessLevel } from "./schema";
import type { ControlId } from "./controls";
import type { LockId } from "./locks";

/**
 * Where an action happens: a repository with this access, one that is not listed, or the account and its surroundings.
 */
export type Place = AccessLevel | "unlisted" | "account";

/** What the model says about an action at one place: it is allowed, or these locks stop it. */
export type Effect = "allowed" | { readonly locks: readonly LockId[] };

/** What asks for a limit and is no control of the mapping. */
type OtherSource = "GitHub secure use of Actions";

export interface Action {
  readonly id: string;
  readonly title: string;
  /** Why it is dangerous; empty for the agent's own work. */
  readonly danger: string;
  /** The controls that ask for this limit, and other sources. */
  readonly references: readonly (ControlId | OtherSource)[];
  /** Places that are left out do not apply. */
  readonly at: { readonly [place in Place]?: Effect };
  /** Why fewer than two locks are enough, where that is so. */
  readonly oneLockIsEnough?: string;
  /** Where this applies. Default: everywhere. */
  readonly oneLockIsEnoughAt?: readonly Place[];
  /** What the locks do not cover. */
  readonly limit?: string;
}

/** Locks on branches and tags of a repository with read access. A GitHub App has no role; rulesets stop it instead. */
const READ_ONLY: readonly LockId[] = ["gate-access", "role-pull", "token-read", "ruleset-closed"];
const NUISANCE = "A nuisance only: it destroys and reveals nothing, and the people of the repository see it.";
const LEAST_PRIVILEGE = "NIST SP 800-53 AC-6";
const ENFORCEMENT = "NIST SP 800-53 AC-3";
const CHANGE_CONTROL = "NIST SP 800-53 CM-5";
const PUSH_RESTRICTED = "CIS 1.1.15";
const TWO_APPROVALS = "CIS 1.1.3";
const OWNERS_REVIEW = "CIS 1.1.7";
const CHECKS_PASSED = "CIS 1.1.9";
const BRANCH_PROTECTION = "Scorecard tier 1";

/** Part of the agent's work, allowed wherever it has read access. */
function reading(id: string, title: string): Action {
  return { id, title, danger: "", references: [LEAST_PRIVILEGE], at: { read: "allowed", write: "allowed" } };
}

/** Part of the agent's work, allowed with write access. With read access GitHub itself would allow it. */
function proposing(id: string, title: string): Action {
  return {
    id,
    title,
    danger: "",
    references: [LEAST_PRIVILEGE],
    at: { read: { locks: ["gate-access", "token-read"] }, write: "allowed" },
    oneLockIsEnough: NUISANCE,
  };
}

/** A change of a repository's settings: only administrators may, and the token lacks the permission in any case. */
function administering(
  id: string,
  title: string,
  danger: string,
  references: Action["references"] = [LEAST_PRIVILEGE],
): Action {
  const locks: Effect = { locks: ["gate-route", "role-no-admin", "token-permission"] };
  return { id, title, danger, references, at: { read: locks, write: locks } };
}

/** Forbidden in every repository. */
function closed(
  action: Omit<Action, "at"> & { readonly locks: readonly LockId[]; readonly read?: readonly LockId[] },
): Action {
  const { locks, read, ...rest } = action;
  return { ...rest, at: { write: { locks }, read: { locks: read ?? locks } } };
}

const account = (
  id: string,
  title: string,
  danger: string,
  locks: readonly LockId[],
  extra: Partial<Action> = {},
): Action => ({ id, title, danger, references: [LEAST_PRIVILEGE], at: { account: { locks } }, ...extra });

const WORK: readonly Action[] = [
  {
    id: "read-service",
    title: "ask GitHub about itself and about limits",
    danger: "",
    references: [],
    at: { account: "allowed" },
  },
  {
    id: "read-identity",
    title: "ask who it is",
    danger: "",
    references: ["NIST SP 800-53 IA-2"],
    at: { account: "allowed" },
  },
  reading("read-repository", "read code, branches and history; clone"),
  reading("read-issues", "read issues"),
  reading("read-pull-requests", "read pull requests and reviews"),
  reading("read-checks", "read checks and statuses"),
  reading("read-actions", "read workflow runs and logs"),
  reading("read-releases", "read releases"),
  reading("search", "search in listed repositories"),
  {
    id: "write-agent-branch",
    title: "create and update branches below claude/",
    danger: "",
    references: [LEAST_PRIVILEGE, PUSH_RESTRICTED],
    at: { read: { locks: READ_ONLY }, write: "allowed" },
  },
  proposing("open-draft-pull-request", "open a draft pull request"),
  proposing("update-pull-request", "edit its pull request, ask for reviewers"),
  proposing("comment", "comment, and review as a comment"),
  proposing("write-issues", "open issues, set labels and assignees"),
];

const CODE: readonly Action[] = [
  closed({
    id: "push-default-branch",
    title: "push to the default branch",
    danger: "Unreviewed code becomes the product.",
    references: [PUSH_RESTRICTED, BRANCH_PROTECTION, ENFORCEMENT],
    locks: ["gate-ref", "ruleset-branches", "protection-push"],
    read: READ_ONLY,
  }),
  closed({
    id: "push-other-branch",
    title: "push to a branch of people",
    danger: "People's work is overwritten or mixed with the agent's, and release branches deploy.",
    references: [PUSH_RESTRICTED, ENFORCEMENT],
    locks: ["gate-ref", "ruleset-branches"],
    read: READ_ONLY,
  }),
  closed({
    id: "delete-ref",
    title: "delete or rewrite a branch of people or the default branch",
    danger: "History and work are lost.",
    references: ["CIS 1.1.16", "CIS 1.1.17", BRANCH_PROTECTION],
    locks: ["gate-ref", "ruleset-branches", "ruleset-history", "protection-history"],
    read: READ_ONLY,
    limit: "Only the gate protects the agent's own branches below claude/. They hold no work of people.",
  }),
  closed({
    id: "create-tag",
    title: "create, move or delete a tag",
    danger: "Tags start releases and deployments.",
    references: [CHANGE_CONTROL],
    locks: ["gate-ref", "ruleset-tags"],
    read: READ_ONLY,
  }),
  closed({
    id: "create-release",
    title: "publish a release under a new tag",
    danger: "Users install code that nobody reviewed.",
    references: [CHANGE_CONTROL],
    locks: ["gate-route", "ruleset-tags"],
    read: ["gate-route", "role-pull", "token-read", "ruleset-closed"],
    limit: "Only the gate stops a release under a tag that already exists.",
  }),
  closed({
    id: "edit-workflow",
    title: "change a workflow or a local action, on any branch",
    danger: "Workflows run with the repository's secrets before anybody reviews.",
    references: ["GitHub secure use of Actions", CHANGE_CONTROL],
    locks: ["gate-path", "token-workflows", "ruleset-paths"],
    read: ["gate-access", "role-pull", "token-workflows"],
    limit:
      "The missing token permission covers .github/workflows only. The gate and the push rules protect local actions.",
  }),
  closed({
    id: "edit-codeowners",
    title: "change CODEOWNERS, on any branch",
    danger: "Whoever chooses the required reviewers can get anything approved.",
    references: ["CIS 1.1.6", OWNERS_REVIEW],
    locks: ["gate-path", "ruleset-paths", "owners-review", "ruleset-reviewers"],
    read: READ_ONLY,
  }),
  closed({
    id: "edit-protected-path",
    title: "change a path that the environment protects",
    danger: "The environment lists these paths because a mistake there is expensive.",
    references: [CHANGE_CONTROL],
    locks: ["gate-path", "ruleset-paths", "owners-review", "ruleset-reviewers"],
    read: READ_ONLY,
  }),
];

const REVIEW: readonly Action[] = [
  closed({
    id: "merge-pull-request",
    title: "merge a pull request",
    danger: "The author of the change would also approve it.",
    references: [TWO_APPROVALS, PUSH_RESTRICTED, "NIST SP 800-53 AC-5"],
    locks: ["gate-route", "ruleset-branches", "protection-push"],
    read: ["gate-route", "role-pull", "token-read", "ruleset-closed"],
  }),
  closed({
    id: "stack-pull-requests",
    title: "put pull requests into a stack",
    danger: "Merging one pull request of a stack also merges all below it, intended or not.",
    references: [TWO_APPROVALS],
    locks: ["gate-route"],
    read: ["gate-route", "role-pull", "token-read"],
    oneLockIsEnough:
      "A stack merges nothing by itself: each pull request still has to meet the rules of the base branch, " +
      "and a person has to merge it.",
  }),
  closed({
    id: "enable-auto-merge",
    title: "let a pull request merge by itself, or queue it",
    danger: "The merge would happen later without anybody deciding it.",
    references: [TWO_APPROVALS, "NIST SP 800-53 AC-5"],
    locks: ["gate-graphql", "ruleset-branches", "protection-push"],
    read: ["gate-graphql", "role-pull", "token-read", "ruleset-closed"],
    limit:
      "Where the repository allows auto-merge, GitHub lets the agent enable it. GitHub then merges as the agent, " +
      "and the rules refuse that.",
  }),
  closed({
    id: "mark-ready-for-review",
    title: "mark a draft as ready for review",
    danger: "A draft that nobody has looked at would be presented as finished.",
    references: [TWO_APPROVALS],
    locks: ["gate-graphql"],
    read: ["gate-graphql", "role-pull", "token-read"],
    oneLockIsEnough:
      "GitHub allows it to the author of a pull request, and it only asks people to look. " +
      "The merge has its own locks.",
  }),
  closed({
    id: "approve-review",
    title: "approve a pull request",
    danger: "Machines would replace the people who have to approve.",
    references: [TWO_APPROVALS, "NIST SP 800-53 AC-5"],
    locks: ["gate-review", "github-self-approval", "owners-review"],
    read: ["gate-access", "github-self-approval", "token-read"],
    limit:
      "When a code owner opens a pull request, GitHub counts the owners' review as given. With approvals: 1, " +
      "the agent's approval would be enough then, and only the gate stops it.",
  }),
  closed({
    id: "dismiss-review",
    title: "dismiss a review",
    danger: "An objection of a reviewer would be overruled.",
    references: ["CIS 1.1.5", "NIST SP 800-53 AC-5"],
    locks: ["gate-route", "protection-dismissal"],
    read: ["gate-route", "role-pull", "token-read"],
    oneLockIsEnough:
      "The agent cannot push there, so the review is about the work of people. " + "A merge still needs its approvals.",
    oneLockIsEnoughAt: ["read"],
  }),
  closed({
    id: "start-agent",
    title: "start another agent, assign work to it or ask it for review",
    danger: "The other agent has its own token and its own rules: what is closed here may be open there.",
    references: [LEAST_PRIVILEGE, "NIST SP 800-53 AC-5"],
    locks: ["gate-route", "token-permission"],
    read: ["gate-route", "token-permission", "role-pull"],
    oneLockIsEnough:
      "A GitHub Enterprise Server has no such agents. On github.com and GHE.com the token lacks 'Agent tasks'.",
    limit:
      "The missing token permission covers agent tasks only. Only the gate stops the agent from assigning an issue " +
      "to another agent or asking it for review. Only the other agent's own settings decide whether it answers " +
      "when it is mentioned in a text (`@copilot`).",
  }),
  closed({
    id: "decide-suggestion",
    title: "approve or dismiss what another agent suggests on an issue",
    danger: "Two machines would decide what a person was asked to decide.",
    references: ["NIST SP 800-53 AC-5"],
    locks: ["gate-route"],
    read: ["gate-route", "role-pull", "token-read"],
    oneLockIsEnough:
      "A suggestion sets a label, a type or an assignee, or closes an issue. The agent may do that itself.",
  }),
  closed({
    id: "forge-check",
    title: "report a check or a status",
    danger: "A failing build would look as if it had passed.",
    references: [CHECKS_PASSED],
    locks: ["gate-route", "ruleset-checks", "token-permission"],
    read: ["gate-route", "token-permission", "role-pull"],
  }),
  closed({
    id: "run-workflow",
    title: "start a workflow or a deployment",
    danger: "Code runs with the repository's secrets.",
    references: ["GitHub secure use of Actions", CHANGE_CONTROL],
    locks: ["gate-route", "token-permission", "workflows-read"],
    read: ["gate-route", "token-permission", "role-pull"],
    limit:
      "A push to an agent branch starts workflows that listen to every branch. Let them listen to pull requests, " +
      "which wait for people. `repository_dispatch` needs contents: write, which the token has: only the gate " +
      "and the workflow's own permissions limit it.",
  }),
];

const SETTINGS: readonly Action[] = [
  administering(
    "administer-repository",
    "change the repository's settings",
    "Visibility, merge methods and the default branch decide what the other locks protect.",
  ),
  administering("delete-repository", "delete the repository", "Everything in it is lost."),
  administering("transfer-repository", "transfer the repository", "The code leaves the organization."),
  administering(
    "change-protection",
    "change branch protection or rulesets",
    "A lock that the agent can remove itself protects nothing.",
    [BRANCH_PROTECTION, CHANGE_CONTROL],
  ),
  administering("add-collaborator", "add a collaborator", "Somebody else gets access."),
  administering(
    "add-key",
    "add a deploy key",
    "With its own key the agent could bypass the gate, even after the token has expired.",
  ),
  administering("add-hook", "add a webhook", "Somebody else would learn of every push."),
  administering("publish", "publish pages", "Private code becomes public."),
  closed({
    id: "read-secret",
    title: "reach a secret or a variable, of Actions or of agents",
    danger: "Secrets open other systems.",
    references: [LEAST_PRIVILEGE],
    locks: ["gate-route", "token-permission", "github-write-only"],
    read: ["gate-route", "token-permission", "role-pull", "github-write-only"],
  }),
  closed({
    id: "fork-repository",
    title: "fork a repository",
    danger: "The rules of this repository do not apply to a copy.",
    references: [LEAST_PRIVILEGE],
    locks: ["gate-route", "token-permission", "organization-forks"],
  }),
];

const SURROUNDINGS: readonly Action[] = [
  {
    id: "read-other-repository",
    title: "reach a repository that is not listed, for anything",
    danger: "The agent sees what nobody gave it access to.",
    references: [LEAST_PRIVILEGE, ENFORCEMENT],
    at: { unlisted: { locks: ["gate-repository", "token-repositories", "role-none"] } },
  },
  account(
    "arbitrary-graphql",
    "run GraphQL that is not listed",
    "One query could reach everything that the account can.",
    ["gate-graphql", "role-member", "token-repositories"],
    { references: [ENFORCEMENT] },
  ),
  account("create-gist", "create a gist", "A single request publishes text outside the organization.", [
    "gate-route",
    "token-scope",
  ]),
  account("create-repository", "create a repository", "No rule applies to a repository that the agent creates.", [
    "gate-route",
    "token-permission",
    "organization-repositories",
  ]),
  account(
    "add-account-key",
    "add a key to its own account",
    "With its own key the agent could bypass the gate, even after the token has expired.",
    ["gate-route", "token-scope"],
  ),
  account(
    "mint-token",
    "make another token",
    "A token that nobody declared has no declared expiry and no declared limits.",
    ["gate-route", "github-no-minting"],
    { references: ["NIST SP 800-53 IA-5"] },
  ),
  account(
    "learn-token",
    "learn the GitHub token",
    "With the token the agent could bypass the gate.",
    ["gate-answer", "vault-policy", "cloudflare-binding"],
    { references: ["NIST SP 800-53 IA-5", "NIST SP 800-53 SC-28"] },
  ),
  account(
    "change-audit",
    "change or remove what was recorded",
    "Nobody could find out later what happened.",
    ["gate-route", "bucket-lock"],
    { references: ["NIST SP 800-53 AU-9"] },
  ),
  account(
    "reach-other-host",
    "reach another host",
    "Code and secrets could be sent to any host.",
    ["gate-upstream", "network-hosts"],
    { references: ["NIST SP 800-53 SC-7"] },
  ),
  account("use-without-key", "use the gate without a key", "Anybody could use the agent's access.", ["gate-key"], {
    references: ["NIST SP 800-53 IA-2"],
    oneLockIsEnough: "Whoever passes it has only the agent's access: every other lock of this catalogue still applies.",
  }),
];

/** Every action of the model, in the order in which reports list them. */
export const CATALOGUE: readonly Action[] = [...WORK, ...CODE, ...REVIEW, ...SETTINGS, ...SURROUNDINGS];

/** Why one lock is enough for an action at a place; undefined where two are asked for. */
export function oneLockIsEnough(
  { oneLockIsEnough: why, oneLockIsEnoughAt: where }: Action,
  place: Place,
): string | undefined {
  return where && !where.includes(place) ? undefined : why;
}

/** An action by its id. */
export function action(id: string): Action {
  const found = CATALOGUE.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`no action ${id} in the catalogue`);
  return found;
}
