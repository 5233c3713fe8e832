import type { CredentialKind, Environment } from "../model/schema";

export type TokenLevel = "read" | "write";

/** Repository permissions of a token by GitHub's API name, such as `contents: "write"`. */
export type TokenPermissions = Readonly<Record<string, TokenLevel>>;

/**
 * What the agent does with each permission, and how far it goes at each level of access. What is missing here the token
 * must not have: `workflows` above all, whose absence refuses pushes that touch workflow files on every plan.
 */
const NEEDED: Readonly<
  Record<string, { readonly read: TokenLevel; readonly write: TokenLevel; readonly because: string }>
> = {
  actions: { read: "read", write: "read", because: "reads runs and logs to see why a check failed" },
  checks: { read: "read", write: "read", because: "reads check results" },
  contents: { read: "read", write: "write", because: "clones; pushes to its own branches" },
  issues: { read: "read", write: "write", because: "reads issues; comments and labels" },
  metadata: { read: "read", write: "read", because: "GitHub gives it to every token" },
  pull_requests: { read: "read", write: "write", because: "reads pull requests; opens drafts and comments" },
  statuses: { read: "read", write: "read", because: "reads commit statuses" },
};

/** Permissions that a kind of credential cannot carry at all: the token page of GitHub offers no Checks. */
const UNAVAILABLE: Readonly<Record<CredentialKind, readonly string[]>> = {
  "personal-access-token": ["checks"],
  "app-user-token": [],
  "app-installation": [],
  "ghes-impersonation": [],
};

/**
 * The permissions the GitHub token must have, exactly: too few break the agent, too many break the posture. One token
 * serves all listed repositories, so a single repository with write access decides for the token; the team role and the
 * gate hold the others.
 */
export function tokenPermissions(environment: Environment): TokenPermissions {
  const access = environment.repositories.some((repository) => repository.access === "write") ? "write" : "read";
  const missing = UNAVAILABLE[environment.agent.credential.kind];
  return Object.fromEntries(
    Object.entries(NEEDED)
      .filter(([name]) => !missing.includes(name))
      .map(([name, need]) => [name, need[access]]),
  );
}

/**
 * Scopes for kinds that know no permissions. `repo` is the least that reaches a private repository, and more than the
 * agent needs: the gate and the team's role hold what the token does not.
 */
export function tokenScopes(environment: Environment): readonly string[] {
  return environment.agent.credential.kind === "ghes-impersonation" ? ["repo"] : [];
}

/** Names of permissions with the reason each is needed, for reports and the token page. */
export function permissionReasons(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(NEEDED).map(([name, need]) => [name, need.because]));
}
