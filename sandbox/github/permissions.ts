import type { Auth } from "./auth";
import type { Organization, Permissions, Repository, Role, User } from "./state";
import { atLeast, stronger, weaker, type World } from "./world";

/**
 * Who may do what. An answer needs two things: the account's own role (organization, team, collaborator, visibility)
 * and what the credential allows of it (scopes, permissions, selected repositories). The weaker of both holds.
 */

/** The role of an account on a repository, whatever credential it uses; undefined when it may not even know of it. */
export function roleOfUser(world: World, user: User, repo: Repository): Role | undefined {
  let role: Role | undefined = repo.visibility === "public" ? "read" : undefined;
  if (repo.owner.kind === "user") {
    if (repo.owner.id === user.id) return "admin";
  } else {
    const org = world.orgs.get(repo.owner.id)!;
    const membership = org.memberships.get(user.id);
    if (membership?.state === "active") {
      if (membership.role === "admin") return "admin";
      if (org.defaultRepositoryPermission !== "none") role = stronger(role, org.defaultRepositoryPermission);
      if (repo.visibility === "internal") role = stronger(role, "read");
      for (const team of world.teamsOfUser(user.id))
        if (team.orgId === org.id) role = stronger(role, team.repos.get(repo.id));
    }
  }
  return stronger(role, repo.collaborators.get(user.id));
}

/** Whether the credential reaches this repository's private side at all. */
function credentialReaches(world: World, auth: Auth, repo: Repository): boolean {
  const { token, installation } = auth;
  if (!token) return false;
  const ownerId = repo.owner.id;
  if (installation) {
    if (installation.account.id !== ownerId || installation.account.kind !== repo.owner.kind) return false;
    if (installation.repositorySelection === "selected" && !installation.repositoryIds.has(repo.id)) return false;
  }
  if (token.kind === "personal-access-token") {
    if (token.resourceOwnerId !== ownerId) return false;
    if (repo.owner.kind === "org" && !grantHolds(world, auth, world.orgs.get(ownerId)!)) return false;
  }
  if (token.kind === "classic" && repo.owner.kind === "org" && !world.orgs.get(ownerId)!.classicPatAllowed)
    return false;
  if (token.scopes && !token.scopes.includes("repo")) return false;
  return token.repositories === "all" || token.repositories.has(repo.id);
}

/**
 * A fine-grained token reaches an organization while its owner is an active member and the organization has granted it.
 */
export function grantHolds(world: World, auth: Auth, org: Organization): boolean {
  const token = auth.token;
  if (!token || token.kind !== "personal-access-token") return true;
  return (
    token.grant === "approved" &&
    org.memberships.get(token.userId)?.state === "active" &&
    token.resourceOwnerId === org.id
  );
}

/** What the asker may do on the repository by role; `undefined` means that for them it does not exist. */
export function roleOn(world: World, auth: Auth, repo: Repository): Role | undefined {
  if (!auth.token || !auth.user) return repo.visibility === "public" ? "read" : undefined;
  if (auth.token.kind === "app-installation")
    return credentialReaches(world, auth, repo) ? "admin" : repo.visibility === "public" ? "read" : undefined;
  const role = roleOfUser(world, auth.user, repo);
  if (!role) return undefined;
  if (credentialReaches(world, auth, repo)) return role;
  if (repo.visibility !== "public") return undefined;
  return auth.token.scopes?.includes("public_repo") ? role : weaker(role, "read");
}

/** Permissions that a credential carries, or undefined for kinds whose limits are scopes. */
export function permissionsOf(auth: Auth): Permissions | undefined {
  return auth.token && auth.token.scopes === undefined ? auth.token.permissions : undefined;
}

const LEVEL = { read: 0, write: 1, admin: 2 } as const;

/**
 * Whether a requirement such as `contents=write,workflows=write; administration=write` holds: `;` separates
 * alternatives, `,` joins.
 */
export function permits(permissions: Permissions, requirement: string): boolean {
  return requirement.split(";").some((set) =>
    set.split(",").every((one) => {
      const [name, level] = one.trim().split("=") as [string, keyof typeof LEVEL];
      const held = name === "metadata" && level === "read" ? "read" : permissions[name];
      return held !== undefined && LEVEL[held] >= LEVEL[level];
    }),
  );
}

/**
 * What is public of a public repository; its secrets, settings and hooks are not ("… if only public resources are
 * requested" of each operation).
 */
const PUBLIC = new Set(
  [
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "issues",
    "metadata",
    "pages",
    "pull_requests",
    "statuses",
  ].map((name) => `${name}=read`),
);

/** Whether the credential allows this on a repository. Public repositories may be read with any. */
export function allowedOn(world: World, auth: Auth, repo: Repository, requirement: string): boolean {
  const isPublic =
    repo.visibility === "public" &&
    requirement.split(";").every((set) => set.split(",").every((one) => PUBLIC.has(one.trim())));
  if (!auth.token) return isPublic;
  const permissions = permissionsOf(auth);
  if (!permissions) return true;
  if (isPublic) return true;
  return credentialReaches(world, auth, repo) && permits(permissions, requirement);
}

/** The one question that every repository operation asks, also GraphQL's: role and credential together. */
export function mayOn(world: World, auth: Auth, repo: Repository, role: Role, requirement: string): boolean {
  return atLeast(roleOn(world, auth, repo), role) && allowedOn(world, auth, repo, requirement);
}

/** Owner or member of an organization, as far as this credential shows it. Apps are neither. */
export function orgRole(world: World, auth: Auth, org: Organization): "admin" | "member" | undefined {
  if (!auth.user || auth.token?.kind === "app-installation") return undefined;
  const membership = org.memberships.get(auth.user.id);
  return membership?.state === "active" ? membership.role : undefined;
}

/**
 * Whether the credential may do something to an organization, such as `members=write`; classic tokens by one of the
 * scopes.
 */
export function allowedOnOrg(
  world: World,
  auth: Auth,
  org: Organization,
  requirement: string,
  scopes: readonly string[],
): boolean {
  if (!auth.token) return false;
  const permissions = permissionsOf(auth);
  if (!permissions) {
    if (auth.token.kind === "classic" && !org.classicPatAllowed) return false;
    return (
      scopes.length === 0 ||
      scopes.some((scope) => auth.token!.scopes!.some((held) => held === scope || implies(held, scope)))
    );
  }
  if (auth.installation && (auth.installation.account.kind !== "org" || auth.installation.account.id !== org.id))
    return false;
  return grantHolds(world, auth, org) && permits(permissions, requirement);
}

const IMPLIED: Record<string, readonly string[]> = {
  repo: ["repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"],
  "admin:org": ["write:org", "read:org", "manage_runners:org"],
  "write:org": ["read:org"],
  "admin:public_key": ["write:public_key", "read:public_key"],
  "admin:gpg_key": ["write:gpg_key", "read:gpg_key"],
  "admin:repo_hook": ["write:repo_hook", "read:repo_hook"],
  user: ["read:user", "user:email", "user:follow"],
};
/** GitHub's scopes contain smaller ones. */
function implies(held: string, wanted: string): boolean {
  return IMPLIED[held]?.includes(wanted) === true;
}
export const hasScope = (auth: Auth, wanted: string): boolean =>
  auth.token?.scopes === undefined || auth.token.scopes.some((held) => held === wanted || implies(held, wanted));

export const ALL_SCOPES = [
  "admin:enterprise",
  "admin:gpg_key",
  "admin:org",
  "admin:org_hook",
  "admin:public_key",
  "admin:repo_hook",
  "audit_log",
  "codespace",
  "delete:packages",
  "delete_repo",
  "gist",
  "notifications",
  "project",
  "repo",
  "site_admin",
  "user",
  "workflow",
  "write:discussion",
  "write:packages",
] as const;
