import { type Environment, type Place } from "../../infra/model";
import { tokenPermissions, tokenScopes } from "../../infra/plans";

/** Which token the agent holds: the declared one, or one with every permission on every repository. */
export type AgentToken = "declared" | "wide";

/** Permissions of repositories and organizations that GitHub's token page offers, each as high as it goes. */
const EVERY_PERMISSION: Readonly<Record<string, "read" | "write">> = Object.fromEntries(
  [
    "actions",
    "administration",
    "agent_tasks",
    "attestations",
    "checks",
    "code_scanning_alerts",
    "codespaces",
    "contents",
    "dependabot_secrets",
    "deployments",
    "environments",
    "issues",
    "merge_queues",
    "organization_administration",
    "organization_hooks",
    "organization_secrets",
    "organization_variables",
    "packages",
    "pages",
    "pull_requests",
    "repository_custom_properties",
    "repository_hooks",
    "secrets",
    "security_events",
    "statuses",
    "variables",
    "vulnerability_alerts",
    "webhooks",
    "workflows",
    "members",
    "gists",
    "git_ssh_keys",
    "gpg_keys",
    "profile",
    "emails",
    "followers",
    "starring",
  ]
    .map((name) => [name, "write"] as const)
    .concat([["metadata", "read"]] as never),
);

/** Scopes of a classic token that reach everything its account can. */
const EVERY_SCOPE = [
  "repo",
  "workflow",
  "delete_repo",
  "admin:org",
  "admin:public_key",
  "admin:gpg_key",
  "admin:repo_hook",
  "admin:org_hook",
  "gist",
  "user",
  "notifications",
  "project",
];

/** GitHub's token page, and whoever sits before it. */
export interface TokenPage {
  of(which: AgentToken, place: Place): Promise<string>;
  /** A token of the declared kind with these permissions, on the listed repositories or on all. */
  with(permissions: Readonly<Record<string, string>>, repositories?: "all"): Promise<string>;
}

type Mint = (request: Record<string, unknown>) => Promise<{ token: string }>;

/** Mints each token once and keeps it: they live as long as the run. */
export function tokenPage(environment: Environment, mint: Mint): TokenPage {
  const { machineUser, credential } = environment.agent;
  const kept = new Map<string, Promise<string>>();
  const listed = environment.repositories.map(({ name }) => name);
  const scoped = credential.kind === "ghes-impersonation";
  const once = (key: string, request: Record<string, unknown>): Promise<string> => {
    const made = kept.get(key) ?? mint({ login: machineUser, expiresInDays: 1, ...request }).then(({ token }) => token);
    kept.set(key, made);
    return made;
  };
  return {
    of: (which, place) => {
      if (which === "declared")
        return once("declared", {
          kind: credential.kind,
          repositories: scoped ? "all" : listed,
          permissions: scoped ? [...tokenScopes(environment)] : { ...tokenPermissions(environment) },
        });
      // Gists and keys belong to an account: no token of an organization can carry them, a classic one of the account
      // can.
      const classic = scoped || (place === "account" && credential.kind !== "app-installation");
      return classic
        ? once("classic", { kind: "classic", scopes: EVERY_SCOPE, repositories: "all" })
        : once("wide", { kind: credential.kind, repositories: "all", permissions: EVERY_PERMISSION });
    },
    with: (permissions, repositories) =>
      once(JSON.stringify([permissions, repositories]), {
        kind: credential.kind,
        repositories: repositories ?? listed,
        permissions,
      }),
  };
}
