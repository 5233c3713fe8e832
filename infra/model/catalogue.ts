import type { AccessLevel } from "./schema";
import type { LockId } from "./locks";

/** Where an action happens: a repository with this access, one that is not listed, or the account and its surroundings. */
export type Place = AccessLevel | "unlisted" | "account";

/** How an action stands at one place. */
export type Effect = "allowed" | { readonly locks: readonly LockId[] };

export interface Action {
  readonly id: string;
  readonly title: string;
  /** Why it is dangerous; empty for what the agent is there to do. */
  readonly danger: string;
  /** Controls that ask for its limits, and where the facts come from. */
  readonly references: readonly string[];
  /** Places that are left out do not apply. */
  readonly at: { readonly [place in Place]?: Effect };
  /** Why fewer than two locks are enough, where that is so. */
  readonly oneLockIsEnough?: string;
  /** Where it is so; everywhere when left out. */
  readonly oneLockIsEnoughAt?: readonly Place[];
  /** What the locks do not cover, said honestly. */
  readonly limit?: string;
}

/** What holds a branch or tag of a repository with read access; an App has no role, so there its fence counts. */
const READ_ONLY: readonly LockId[] = ["gate-access", "role-pull", "token-read", "ruleset-closed"];
const NUISANCE =
  "It disturbs, it destroys nothing and reveals nothing: the repository is listed and its people see it.";
const LEAST_PRIVILEGE = "NIST SP 800-53 AC-6";
const ENFORCEMENT = "NIST SP 800-53 AC-3";
const CHANGE_CONTROL = "NIST SP 800-53 CM-5";
const PUSH_RESTRICTED = "CIS Software Supply Chain 1.1.15";
const TWO_APPROVALS = "CIS Software Supply Chain 1.1.3";
const OWNERS_REVIEW = "CIS Software Supply Chain 1.1.7";
const CHECKS_PASSED = "CIS Software Supply Chain 1.1.9";
const BRANCH_PROTECTION = "OpenSSF Scorecard Branch-Protection";

/** Something the agent is there to do wherever it has read access. */
function reading(id: string, title: string): Action {
  return { id, title, danger: "", references: [LEAST_PRIVILEGE], at: { read: "allowed", write: "allowed" } };
}

/** Something the agent is there to do where it has write access; with read access GitHub would let it pass. */
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

/** A change of a repository's settings: only administrators may, and the token could not even if the role grew. */
function administering(
  id: string,
  title: string,
  danger: string,
  references: readonly string[] = [LEAST_PRIVILEGE],
): Action {
  const locks: Effect = { locks: ["gate-route", "role-no-admin", "token-permission"] };
  return { id, title, danger, references, at: { read: locks, write: locks } };
}

/** Something closed in every repository. */
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
    danger: "Work of people is replaced or mixed with its own; release branches deploy.",
    references: [PUSH_RESTRICTED, ENFORCEMENT],
    locks: ["gate-ref", "ruleset-branches"],
    read: READ_ONLY,
  }),
  closed({
    id: "delete-ref",
    title: "delete or rewrite a branch of people or the default branch",
    danger: "History and work are lost.",
    references: ["CIS Software Supply Chain 1.1.16", "CIS Software Supply Chain 1.1.17", BRANCH_PROTECTION],
    locks: ["gate-ref", "ruleset-branches", "ruleset-history", "protection-history"],
    read: READ_ONLY,
    limit: "Its own branches below claude/ are held by the gate alone; nothing of people is on them.",
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
    danger: "Users install what nobody reviewed.",
    references: [CHANGE_CONTROL],
    locks: ["gate-route", "ruleset-tags"],
    read: ["gate-route", "role-pull", "token-read", "ruleset-closed"],
    limit: "A release under a tag that exists already is stopped by the gate alone.",
  }),
  closed({
    id: "edit-workflow",
    title: "change a workflow or a local action, on any branch",
    danger: "Workflows run with the repository's secrets before anybody reviews.",
    references: ["GitHub secure use of Actions", CHANGE_CONTROL],
    locks: ["gate-path", "token-workflows", "ruleset-paths"],
    read: ["gate-access", "role-pull", "token-workflows"],
    limit:
      "The token's missing permission covers .github/workflows alone; local actions are held by the gate and the push rules.",
  }),
  closed({
    id: "edit-codeowners",
    title: "change CODEOWNERS, on any branch",
    danger: "Whoever decides who must approve can approve anything.",
    references: ["CIS Software Supply Chain 1.1.6", OWNERS_REVIEW],
    locks: ["gate-path", "ruleset-paths", "owners-review", "ruleset-reviewers"],
    read: READ_ONLY,
  }),
  closed({
    id: "edit-protected-path",
    title: "change a path that the environment protects",
    danger: "These paths were named because a mistake there is expensive.",
    references: [CHANGE_CONTROL],
    locks: ["gate-path", "ruleset-paths", "owners-review", "ruleset-reviewers"],
    read: READ_ONLY,
  }),
];

const REVIEW: readonly Action[] = [
  closed({
    id: "merge-pull-request",
    title: "merge a pull request",
    danger: "The one who wrote it would decide that it is good.",
    references: [TWO_APPROVALS, PUSH_RESTRICTED, "NIST SP 800-53 AC-5"],
    locks: ["gate-route", "ruleset-branches", "protection-push"],
    read: ["gate-route", "role-pull", "token-read", "ruleset-closed"],
  }),
  closed({
    id: "stack-pull-requests",
    title: "put pull requests into a stack",
    danger: "Who merges one of a stack merges all below it, also what nobody meant to merge.",
    references: [TWO_APPROVALS],
    locks: ["gate-route"],
    read: ["gate-route", "role-pull", "token-read"],
    oneLockIsEnough:
      "It merges nothing: every pull request of a stack still needs what the base branch asks for, and a person who merges.",
  }),
  closed({
    id: "enable-auto-merge",
    title: "let a pull request merge by itself, or queue it",
    danger: "The merge would come later, and nobody would have decided it.",
    references: [TWO_APPROVALS, "NIST SP 800-53 AC-5"],
    locks: ["gate-graphql", "ruleset-branches", "protection-push"],
    read: ["gate-graphql", "role-pull", "token-read", "ruleset-closed"],
    limit:
      "Where the repository allows auto-merge, GitHub lets the agent switch it on; the merge itself is then the agent's, and refused.",
  }),
  closed({
    id: "mark-ready-for-review",
    title: "mark a draft as ready for review",
    danger: "A draft that no person has looked at would call itself finished.",
    references: [TWO_APPROVALS],
    locks: ["gate-graphql"],
    read: ["gate-graphql", "role-pull", "token-read"],
    oneLockIsEnough:
      "GitHub gives it to whoever opened the pull request, and it asks people to look; the merge keeps its own locks.",
  }),
  closed({
    id: "approve-review",
    title: "approve a pull request",
    danger: "Two machines, or one twice, would stand in for two people.",
    references: [TWO_APPROVALS, "NIST SP 800-53 AC-5"],
    locks: ["gate-review", "github-self-approval", "owners-review"],
    read: ["gate-access", "github-self-approval", "token-read"],
    limit:
      "An owner who opens a pull request has spoken for the code owners by that; with approvals: 1 the agent's approval would then be the one that is missing, and the gate alone stands before it.",
  }),
  closed({
    id: "dismiss-review",
    title: "dismiss a review",
    danger: "Who said no would not be heard.",
    references: ["CIS Software Supply Chain 1.1.5", "NIST SP 800-53 AC-5"],
    locks: ["gate-route", "protection-dismissal"],
    read: ["gate-route", "role-pull", "token-read"],
    oneLockIsEnough:
      "The agent can push nothing there, so what people decide is about the work of people, and the approvals that a merge needs are still asked for.",
    oneLockIsEnoughAt: ["read"],
  }),
  closed({
    id: "start-agent",
    title: "start another agent, assign work to it or ask it for review",
    danger: "The other agent has its own token and its own fence: what is closed here may be open there.",
    references: [LEAST_PRIVILEGE, "NIST SP 800-53 AC-5"],
    locks: ["gate-route", "token-permission"],
    read: ["gate-route", "token-permission", "role-pull"],
    oneLockIsEnough:
      "An Enterprise Server, whose tokens have scopes instead of permissions, has no agents of GitHub's; elsewhere the token lacks 'Agent tasks'.",
    limit:
      "The token's missing permission covers agent tasks alone. Before an agent that is assigned to an issue or asked for review stands the gate alone, and before one that is mentioned in a text (`@copilot`) nothing does but the settings of that agent.",
  }),
  closed({
    id: "decide-suggestion",
    title: "approve or dismiss what another agent suggests on an issue",
    danger: "Two machines would agree where a person was asked.",
    references: ["NIST SP 800-53 AC-5"],
    locks: ["gate-route"],
    read: ["gate-route", "role-pull", "token-read"],
    oneLockIsEnough:
      "A suggestion sets a label, type or assignee or closes an issue, which the agent may do in its own name.",
  }),
  closed({
    id: "forge-check",
    title: "report a check or a status",
    danger: "A red build turns green without being fixed.",
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
      "A push to its own branch starts workflows that listen to every branch; let them listen to pull requests, which wait for people. `repository_dispatch` takes contents: write, which the token has: the gate stands before it, and what the workflow may do.",
  }),
];

const SETTINGS: readonly Action[] = [
  administering(
    "administer-repository",
    "change the repository's settings",
    "Visibility, merge methods and default branch decide what the other locks protect.",
  ),
  administering("delete-repository", "delete the repository", "Everything in it is lost."),
  administering("transfer-repository", "transfer the repository", "The code leaves the organization."),
  administering(
    "change-protection",
    "change branch protection or rulesets",
    "A lock that can be opened by the one it holds is none.",
    [BRANCH_PROTECTION, CHANGE_CONTROL],
  ),
  administering("add-collaborator", "add a collaborator", "Somebody else gets in."),
  administering("add-key", "add a deploy key", "A key of its own would pass by the gate and outlive the token."),
  administering("add-hook", "add a webhook", "Every push would be told to somebody else."),
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
    danger: "A copy stands outside every rule of this one.",
    references: [LEAST_PRIVILEGE],
    locks: ["gate-route", "token-permission", "organization-forks"],
  }),
];

const SURROUNDINGS: readonly Action[] = [
  {
    id: "read-other-repository",
    title: "reach a repository that is not listed, for anything",
    danger: "The agent sees what nobody gave it.",
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
  account("create-gist", "create a gist", "Text leaves the organization by one request.", [
    "gate-route",
    "token-scope",
  ]),
  account("create-repository", "create a repository", "A repository of its own is outside every rule.", [
    "gate-route",
    "token-permission",
    "organization-repositories",
  ]),
  account(
    "add-account-key",
    "add a key to its own account",
    "A key of its own would pass by the gate and outlive the token.",
    ["gate-route", "token-scope"],
  ),
  account(
    "mint-token",
    "make another token",
    "A token that nobody declared has no end and no limits.",
    ["gate-route", "github-no-minting"],
    { references: ["NIST SP 800-53 IA-5"] },
  ),
  account(
    "learn-token",
    "learn the GitHub token",
    "With it the agent would need the gate no more.",
    ["gate-answer", "vault-policy", "cloudflare-binding"],
    { references: ["NIST SP 800-53 IA-5", "NIST SP 800-53 SC-28"] },
  ),
  account(
    "change-audit",
    "change or remove what was recorded",
    "What happened could no longer be told.",
    ["gate-route", "bucket-lock"],
    { references: ["NIST SP 800-53 AU-9"] },
  ),
  account(
    "reach-other-host",
    "reach another host",
    "Code and secrets would leave by another door.",
    ["gate-upstream", "network-hosts"],
    { references: ["NIST SP 800-53 SC-7"] },
  ),
  account("use-without-key", "use the gate without a key", "Anybody could use the agent's access.", ["gate-key"], {
    references: ["NIST SP 800-53 IA-2"],
    oneLockIsEnough: "It is the gate's own door; behind it the stranger meets every other lock of this catalogue.",
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
