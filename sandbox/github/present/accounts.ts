import type { App, Organization, Repository, Team, User } from "../state";
import { roleOfUser } from "../permissions";
import type { World } from "../world";

/** Shapes of accounts, teams and Apps as the REST API prints them. */
export function presentUser(world: World, user: User) {
  const url = `${world.api}/users/${encodeURIComponent(user.login)}`;
  return {
    login: user.login,
    id: user.id,
    node_id: user.nodeId,
    avatar_url: `${world.origin}/avatars/u/${user.id}`,
    gravatar_id: "",
    url,
    html_url: `${world.origin}/${user.type === "Bot" ? `apps/${user.login.replace(/\[bot\]$/, "")}` : user.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: user.type,
    user_view_type: "public",
    site_admin: user.siteAdmin,
  };
}
export function presentUserId(world: World, id: number | null) {
  const user = id === null ? undefined : world.users.get(id);
  return user ? presentUser(world, user) : null;
}

export function presentPublicUser(world: World, user: User) {
  const repos = world.reposOf({ kind: "user", id: user.id });
  return {
    ...presentUser(world, user),
    name: user.name,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: repos.filter((r) => r.visibility === "public").length,
    public_gists: [...world.gists.values()].filter((g) => g.ownerId === user.id && g.public).length,
    followers: 0,
    following: 0,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
  };
}

export function presentPrivateUser(world: World, user: User) {
  const own = world.reposOf({ kind: "user", id: user.id }).filter((r) => r.visibility !== "public").length;
  return {
    ...presentPublicUser(world, user),
    user_view_type: "private",
    email: user.email,
    private_gists: [...world.gists.values()].filter((g) => g.ownerId === user.id && !g.public).length,
    total_private_repos: own,
    owned_private_repos: own,
    disk_usage: 0,
    collaborators: 0,
    two_factor_authentication: true,
    plan: { name: "free", space: 976_562_499, private_repos: 10_000, collaborators: 0 },
  };
}

/** An organization where GitHub shows an account: the owner of a repository. */
export function presentOwner(world: World, owner: Repository["owner"]) {
  if (owner.kind === "user") return presentUser(world, world.user(owner.id));
  const org = world.orgs.get(owner.id)!;
  const url = `${world.api}/users/${org.login}`;
  return {
    login: org.login,
    id: org.id,
    node_id: org.nodeId,
    avatar_url: `${world.origin}/avatars/u/${org.id}`,
    gravatar_id: "",
    url,
    html_url: `${world.origin}/${org.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: "Organization",
    user_view_type: "public",
    site_admin: false,
  };
}

export function presentOrgSimple(world: World, org: Organization) {
  const url = `${world.api}/orgs/${org.login}`;
  return {
    login: org.login,
    id: org.id,
    node_id: org.nodeId,
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${world.origin}/avatars/u/${org.id}`,
    description: org.description,
  };
}

/** @param owner whether the asker is an owner, who sees settings and plan */
export function presentOrg(world: World, org: Organization, owner: boolean) {
  const repos = world.reposOf({ kind: "org", id: org.id });
  const secret = repos.filter((r) => r.visibility !== "public").length;
  return {
    ...presentOrgSimple(world, org),
    name: org.name,
    twitter_username: null,
    is_verified: false,
    has_organization_projects: true,
    has_repository_projects: true,
    public_repos: repos.length - secret,
    public_gists: 0,
    followers: 0,
    following: 0,
    html_url: `${world.origin}/${org.login}`,
    created_at: org.createdAt,
    updated_at: org.updatedAt,
    archived_at: null,
    type: "Organization",
    ...(owner
      ? {
          total_private_repos: secret,
          owned_private_repos: secret,
          private_gists: 0,
          disk_usage: 0,
          collaborators: 0,
          billing_email: org.billingEmail,
          default_repository_permission: org.defaultRepositoryPermission,
          default_repository_branch: "main",
          members_can_create_repositories: org.membersCanCreateRepositories,
          two_factor_requirement_enabled: org.twoFactorRequired,
          members_allowed_repository_creation_type: org.membersCanCreateRepositories ? "all" : "none",
          members_can_create_public_repositories: org.membersCanCreateRepositories,
          members_can_create_private_repositories: org.membersCanCreateRepositories,
          members_can_create_internal_repositories: false,
          members_can_create_pages: true,
          members_can_fork_private_repositories: org.membersCanForkPrivateRepositories,
          web_commit_signoff_required: false,
          deploy_keys_enabled_for_repositories: true,
          members_can_create_public_pages: true,
          members_can_create_private_pages: true,
          plan: {
            name: org.plan === "free" ? "free" : org.plan,
            space: 976_562_499,
            private_repos: 999_999,
            filled_seats: org.memberships.size,
            seats: org.memberships.size + 10,
          },
          advanced_security_enabled_for_new_repositories: false,
          dependabot_alerts_enabled_for_new_repositories: false,
          dependabot_security_updates_enabled_for_new_repositories: false,
          dependency_graph_enabled_for_new_repositories: false,
          secret_scanning_enabled_for_new_repositories: false,
          secret_scanning_push_protection_enabled_for_new_repositories: false,
        }
      : {}),
  };
}

export function presentOrgMembership(world: World, org: Organization, userId: number) {
  const m = org.memberships.get(userId)!;
  const url = `${world.api}/orgs/${org.login}/memberships/${world.user(userId).login}`;
  return {
    url,
    state: m.state,
    role: m.role,
    direct_membership: true,
    organization_url: `${world.api}/orgs/${org.login}`,
    organization: presentOrgSimple(world, org),
    user: presentUser(world, world.user(userId)),
  };
}

export function presentTeamSimple(world: World, team: Team) {
  const org = world.orgs.get(team.orgId)!;
  const url = `${world.api}/organizations/${org.id}/team/${team.id}`;
  return {
    id: team.id,
    node_id: team.nodeId,
    name: team.name,
    slug: team.slug,
    description: team.description,
    privacy: team.privacy,
    notification_setting: team.notificationSetting,
    permission: team.permission,
    url,
    html_url: `${world.origin}/orgs/${org.login}/teams/${team.slug}`,
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    type: "organization",
    organization_id: org.id,
  };
}
export function presentTeam(
  world: World,
  team: Team,
): ReturnType<typeof presentTeamSimple> & { parent: ReturnType<typeof presentTeamSimple> | null } {
  const parent = team.parentId === null ? undefined : world.teams.get(team.parentId);
  return { ...presentTeamSimple(world, team), parent: parent ? presentTeamSimple(world, parent) : null };
}
export function presentTeamFull(world: World, team: Team) {
  const org = world.orgs.get(team.orgId)!;
  return {
    ...presentTeam(world, team),
    members_count: [...team.members.keys()].filter((id) => org.memberships.get(id)?.state === "active").length,
    repos_count: team.repos.size,
    created_at: team.createdAt,
    updated_at: team.updatedAt,
    organization: presentOrg(world, org, false),
  };
}
/** A member of a team whose invitation to the organization waits is pending in the team as well. */
export function presentTeamMembership(world: World, team: Team, userId: number) {
  const org = world.orgs.get(team.orgId)!;
  return {
    state: org.memberships.get(userId)?.state ?? "pending",
    role: team.members.get(userId)!.role,
    url: `${world.api}/organizations/${org.id}/team/${team.id}/memberships/${world.user(userId).login}`,
  };
}

export function presentApp(world: World, app: App, hideInstallations = true) {
  const owner = world.orgs.get(app.ownerId);
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: app.nodeId,
    owner: owner ? presentOwner(world, { kind: "org", id: owner.id }) : presentUser(world, world.user(app.ownerId)),
    name: app.name,
    description: null,
    external_url: world.origin,
    html_url: `${world.origin}/apps/${app.slug}`,
    created_at: app.createdAt,
    updated_at: app.createdAt,
    permissions: app.permissions,
    events: app.events,
    ...(hideInstallations
      ? {}
      : { installations_count: [...world.installations.values()].filter((i) => i.appId === app.id).length }),
  };
}
/** How an account stands to a repository, shown beside what it writes. */
export function association(
  world: World,
  repo: Repository,
  userId: number,
): "OWNER" | "MEMBER" | "COLLABORATOR" | "CONTRIBUTOR" | "NONE" {
  if (repo.owner.kind === "user" && repo.owner.id === userId) return "OWNER";
  const user = world.users.get(userId);
  if (!user || user.type === "Bot") return "NONE";
  if (world.orgOf(repo)?.memberships.get(userId)?.state === "active") return "MEMBER";
  if (repo.collaborators.has(userId)) return "COLLABORATOR";
  return roleOfUser(world, user, repo) === undefined
    ? "NONE"
    : [...repo.issues.values()].some((i) => i.pull?.merged && i.userId === userId)
      ? "CONTRIBUTOR"
      : "NONE";
}
