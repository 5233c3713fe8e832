import type { Environment, Repository } from "./schema";
import { offersPushRules, offersRules } from "./features";

/**
 * Locks: independent controls that stop an action. Two locks count as two only when they have different enforcers:
 * whatever disables an enforcer opens all of its locks at once.
 */
export const ENFORCERS = {
  gate: "the gate, a Worker that judges each request",
  role: "the machine user's role on GitHub",
  token: "the permissions and repositories of the GitHub token",
  rulesets: "GitHub's rulesets",
  protection: "GitHub's branch protection",
  owners: "code owners and required review",
  workflows: "the repository's workflow settings",
  organization: "settings of the organization, checked before each update",
  vault: "Vault's policies and sign-in",
  cloudflare: "Cloudflare's own controls outside the Worker",
  network: "the host list of the agent's environment",
  github: "what GitHub refuses to everyone",
} as const;

export type Enforcer = keyof typeof ENFORCERS;

/**
 * What a lock depends on. `repository` is the one acted on; undefined for one that is not listed and for the account
 * itself.
 */
export interface LockContext {
  readonly environment: Environment;
  readonly repository?: Repository;
}

/** What would have to change for an absent lock to exist. */
export interface Remediation {
  /** Key path without the `gatehouse:` prefix. */
  readonly path: string;
  readonly right: string;
}

export interface Lock {
  readonly enforcer: Enforcer;
  /** How it stops an action, as one sentence. */
  readonly how: string;
  /** Where it is declared: resource type or derived part. */
  readonly declaredBy: string;
  /** Present unless this gives a remediation. */
  readonly absent?: (context: LockContext) => Remediation | undefined;
}

const PAID: Remediation = {
  path: "plan",
  right:
    "team or enterprise, where GitHub offers rulesets, branch protection and code owners on private repositories, " +
    "or access: read",
};
const paid = ({ environment, repository }: LockContext): Remediation | undefined =>
  repository && !offersRules(environment, repository) ? PAID : undefined;
const pushRules = (context: LockContext): Remediation | undefined =>
  paid(context) ??
  (context.repository && !offersPushRules(context.environment, context.repository)
    ? {
        path: "repositories[].visibility",
        right: "visibility: private or internal and plan: team or enterprise, where GitHub offers push rules",
      }
    : undefined);
/** Stand in for push rules, so they are declared only where GitHub has none. */
const requiredReviewers = (context: LockContext): Remediation | undefined =>
  paid(context) ??
  (context.repository && offersPushRules(context.environment, context.repository)
    ? { path: "repositories", right: "nothing: push rules are stronger, and declared here" }
    : undefined);
/** Kinds whose token has scopes instead of permissions can do what their account can. */
const permissioned = ({ environment }: LockContext): Remediation | undefined =>
  environment.agent.credential.kind === "ghes-impersonation"
    ? {
        path: "agent.credential.kind",
        right: "a kind whose tokens carry permissions: personal-access-token, app-user-token or app-installation",
      }
    : undefined;
/** A GitHub App's installation acts by itself, so the machine user's role does not hold it. */
const roled = ({ environment }: LockContext): Remediation | undefined =>
  environment.agent.credential.kind === "app-installation"
    ? {
        path: "agent.credential.kind",
        right: "a kind that acts as the machine user: app-user-token or personal-access-token",
      }
    : undefined;
const readOnlyToken = (context: LockContext): Remediation | undefined =>
  permissioned(context) ??
  (context.environment.repositories.some((r) => r.access === "write")
    ? { path: "repositories", right: "read access alone in this environment, and the writable repositories in another" }
    : undefined);
const pinnedChecks = (context: LockContext): Remediation | undefined =>
  paid(context) ??
  (context.environment.review.requiredChecks.length === 0
    ? { path: "review.requiredChecks", right: "at least one check with the integrationId of the App that reports it" }
    : undefined);

export const LOCKS = {
  "gate-key": {
    enforcer: "gate",
    how: "Without a gate key nothing passes; keys are compared by hash.",
    declaredBy: "Gate (GATE_KEYS)",
  },
  "gate-route": {
    enforcer: "gate",
    how: "No open route leads there: methods and path templates are denied unless listed.",
    declaredBy: "Gate (policy: routes)",
  },
  "gate-repository": {
    enforcer: "gate",
    how: "Only listed repositories exist for the agent, by name, by id and in GraphQL.",
    declaredBy: "Gate (policy: repositories)",
  },
  "gate-access": {
    enforcer: "gate",
    how: "Writing routes are closed for repositories with read access.",
    declaredBy: "Gate (policy: repositories)",
  },
  "gate-ref": {
    enforcer: "gate",
    how: "References outside claude/ are neither created nor updated, and none is deleted or forced.",
    declaredBy: "Gate (policy: branchPrefix)",
  },
  "gate-path": {
    enforcer: "gate",
    how: "Changes of protected paths are refused on every branch.",
    declaredBy: "Gate (policy: protectedPaths)",
  },
  "gate-review": {
    enforcer: "gate",
    how: "Reviews are comments; approving is refused.",
    declaredBy: "Gate (policy: routes)",
  },
  "gate-graphql": {
    enforcer: "gate",
    how: "GraphQL is parsed; fields, arguments and repositories are denied unless listed.",
    declaredBy: "Gate (policy)",
  },
  "gate-upstream": {
    enforcer: "gate",
    how: "Requests go to one constant origin; redirects are followed inside, to listed hosts, without the token.",
    declaredBy: "Gate (policy: upstream)",
  },
  "gate-answer": {
    enforcer: "gate",
    how: "Answers pass by allow-listed headers, and the token is removed from them in every encoding.",
    declaredBy: "Gate",
  },

  "role-none": {
    enforcer: "role",
    how: "The machine user has no role in repositories that are not listed.",
    declaredBy: "github.TeamRepository",
    absent: roled,
  },
  "role-pull": {
    enforcer: "role",
    how: "The team may pull; GitHub refuses every push.",
    declaredBy: "github.TeamRepository",
    absent: roled,
  },
  "role-no-admin": {
    enforcer: "role",
    how: "The team never has maintain or admin; settings are closed to it.",
    declaredBy: "github.TeamRepository",
    absent: roled,
  },
  "role-member": {
    enforcer: "role",
    how: "The account is a plain member of the organization.",
    declaredBy: "github.Membership",
    absent: roled,
  },

  "token-repositories": {
    enforcer: "token",
    how: "The token reaches the listed repositories alone.",
    declaredBy: "tokenPermissions",
    absent: permissioned,
  },
  "token-permission": {
    enforcer: "token",
    how: "The token lacks the permission.",
    declaredBy: "tokenPermissions",
    absent: permissioned,
  },
  "token-read": {
    enforcer: "token",
    how: "The token may only read.",
    declaredBy: "tokenPermissions",
    absent: readOnlyToken,
  },
  "token-workflows": {
    enforcer: "token",
    how: "The token lacks the workflows permission, so GitHub refuses pushes that touch workflow files.",
    declaredBy: "tokenPermissions",
  },
  "token-scope": { enforcer: "token", how: "The token lacks the permission or scope.", declaredBy: "tokenPermissions" },

  "ruleset-branches": {
    enforcer: "rulesets",
    how: "Branches outside claude/ are created, updated and deleted by people's teams alone; merging is an update.",
    declaredBy: "github.RepositoryRuleset (branches)",
    absent: paid,
  },
  "ruleset-tags": {
    enforcer: "rulesets",
    how: "Tags are created, moved and deleted by people's teams alone.",
    declaredBy: "github.RepositoryRuleset (tags)",
    absent: paid,
  },
  "ruleset-history": {
    enforcer: "rulesets",
    how: "The default branch is neither rewritten nor deleted, by anybody.",
    declaredBy: "github.RepositoryRuleset (history)",
    absent: paid,
  },
  "ruleset-closed": {
    enforcer: "rulesets",
    how: "All branches and tags are created, updated and deleted by people's teams alone.",
    declaredBy: "github.RepositoryRuleset (branches, tags)",
    absent: (context) =>
      paid(context) ??
      (roled(context)
        ? undefined
        : {
            path: "agent.credential.kind",
            right: "app-installation, for which repositories with read access are fenced too",
          }),
  },
  "ruleset-paths": {
    enforcer: "rulesets",
    how: "Pushes that touch a protected path are refused on every branch.",
    declaredBy: "github.RepositoryRuleset (paths)",
    absent: pushRules,
  },
  "ruleset-reviewers": {
    enforcer: "rulesets",
    how: "A change of a protected path is merged only with an approval of the security team, whatever CODEOWNERS says.",
    declaredBy: "github.RepositoryRuleset (review)",
    absent: requiredReviewers,
  },
  "ruleset-checks": {
    enforcer: "rulesets",
    how: "Required checks count only when the named App reports them.",
    declaredBy: "github.RepositoryRuleset (review)",
    absent: pinnedChecks,
  },
  "protection-push": {
    enforcer: "protection",
    how: "Only people's teams may push to the default branch, which includes merging.",
    declaredBy: "github.BranchProtection",
    absent: paid,
  },
  "protection-history": {
    enforcer: "protection",
    how: "The default branch is neither rewritten nor deleted.",
    declaredBy: "github.BranchProtection",
    absent: paid,
  },
  "protection-dismissal": {
    enforcer: "protection",
    how: "Only the security team may dismiss a review.",
    declaredBy: "github.BranchProtection",
    absent: paid,
  },

  "owners-review": {
    enforcer: "owners",
    how: "An approval counts only when it comes from a team that owns the code; the machine user is in none.",
    declaredBy: "github.RepositoryFile (CODEOWNERS)",
    absent: paid,
  },
  "workflows-read": {
    enforcer: "workflows",
    how: "Workflows run with a read-only token and cannot approve.",
    declaredBy: "github.WorkflowRepositoryPermissions",
  },
  "organization-forks": {
    enforcer: "organization",
    how: "Members may not fork private repositories.",
    declaredBy: "organization settings, looked up",
    absent: checkedForServers,
  },
  "organization-repositories": {
    enforcer: "organization",
    how: "Members may not create repositories.",
    declaredBy: "organization settings, looked up",
    absent: checkedForServers,
  },

  "vault-policy": {
    enforcer: "vault",
    how: "Only the gate's role reads the token's path, and the agent has no way to sign in.",
    declaredBy: "vault.Policy, vault.approle.AuthBackendRole",
    absent: ({ environment }) =>
      environment.tokenStore.kind === "vault" ? undefined : { path: "tokenStore.kind", right: "vault" },
  },
  "cloudflare-binding": {
    enforcer: "cloudflare",
    how: "The token lies encrypted; its key is a secret binding that no API gives back.",
    declaredBy: "cloudflare.WorkersScript (TOKEN_KEY)",
    absent: ({ environment }) =>
      environment.tokenStore.kind === "kv" ? undefined : { path: "tokenStore.kind", right: "kv" },
  },
  "bucket-lock": {
    enforcer: "cloudflare",
    how: "Records cannot be changed or deleted before the retention is over.",
    declaredBy: "cloudflare.R2BucketLock",
  },
  "network-hosts": {
    enforcer: "network",
    how: "The agent's environment reaches the gate and no other host of GitHub.",
    declaredBy: "agentHosts",
  },

  "github-self-approval": {
    enforcer: "github",
    how: "GitHub lets nobody approve their own pull request.",
    declaredBy: "GitHub",
  },
  "github-no-minting": {
    enforcer: "github",
    how: "GitHub has no API that makes a personal access token; Apps need their own key.",
    declaredBy: "GitHub",
  },
  "github-write-only": {
    enforcer: "github",
    how: "GitHub never gives the value of a secret back.",
    declaredBy: "GitHub",
  },
} satisfies Record<string, Lock>;

export type LockId = keyof typeof LOCKS;

/** These settings are looked up only where the token cannot hold the action; elsewhere they are not counted. */
function checkedForServers({ environment }: LockContext): Remediation | undefined {
  return environment.agent.credential.kind === "ghes-impersonation"
    ? undefined
    : { path: "agent.credential.kind", right: "ghes-impersonation" };
}

/** A lock by its id, without the narrow type of the table. */
export function lock(id: LockId): Lock {
  return LOCKS[id];
}

/** The ids of those locks that exist in a context. */
export function present(ids: readonly LockId[], context: LockContext): LockId[] {
  return ids.filter((id) => lock(id).absent?.(context) === undefined);
}

/** How many enforcers would have to fail before an action succeeds. */
export function enforcers(ids: readonly LockId[]): Enforcer[] {
  return [...new Set(ids.map((id) => lock(id).enforcer))];
}
