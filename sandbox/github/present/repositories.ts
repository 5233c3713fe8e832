import { atLeast, type World } from "../world";
import type { Repository, Role } from "../state";
import { presentOwner, presentUser } from "./accounts";

/** Role names as the REST API knows them in `permission` and `role_name`. */
export const ROLE_TO_PERMISSION: Record<Role, string> = {
  read: "pull",
  triage: "triage",
  write: "push",
  maintain: "maintain",
  admin: "admin",
};
const PERMISSION_TO_ROLE: Record<string, Role> = {
  pull: "read",
  read: "read",
  triage: "triage",
  push: "write",
  write: "write",
  maintain: "maintain",
  admin: "admin",
};
export const roleFromPermission = (permission: string): Role | undefined => PERMISSION_TO_ROLE[permission];

export function presentPermissions(role: Role) {
  return {
    admin: role === "admin",
    maintain: atLeast(role, "maintain"),
    push: atLeast(role, "write"),
    triage: atLeast(role, "triage"),
    pull: true,
  };
}

/** `minimal-repository` without the optional half: what other objects embed. */
export function presentMinimalRepository(world: World, repo: Repository) {
  const fullName = world.fullName(repo);
  const url = `${world.api}/repos/${fullName}`;
  return {
    id: repo.id,
    node_id: repo.nodeId,
    name: repo.name,
    full_name: fullName,
    private: repo.visibility !== "public",
    owner: presentOwner(world, repo.owner),
    html_url: `${world.origin}/${fullName}`,
    description: repo.description,
    fork: repo.forkOf !== null,
    url,
    forks_url: `${url}/forks`,
    keys_url: `${url}/keys{/key_id}`,
    collaborators_url: `${url}/collaborators{/collaborator}`,
    teams_url: `${url}/teams`,
    hooks_url: `${url}/hooks`,
    issue_events_url: `${url}/issues/events{/number}`,
    events_url: `${url}/events`,
    assignees_url: `${url}/assignees{/user}`,
    branches_url: `${url}/branches{/branch}`,
    tags_url: `${url}/tags`,
    blobs_url: `${url}/git/blobs{/sha}`,
    git_tags_url: `${url}/git/tags{/sha}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    trees_url: `${url}/git/trees{/sha}`,
    statuses_url: `${url}/statuses/{sha}`,
    languages_url: `${url}/languages`,
    stargazers_url: `${url}/stargazers`,
    contributors_url: `${url}/contributors`,
    subscribers_url: `${url}/subscribers`,
    subscription_url: `${url}/subscription`,
    commits_url: `${url}/commits{/sha}`,
    git_commits_url: `${url}/git/commits{/sha}`,
    comments_url: `${url}/comments{/number}`,
    issue_comment_url: `${url}/issues/comments{/number}`,
    contents_url: `${url}/contents/{+path}`,
    compare_url: `${url}/compare/{base}...{head}`,
    merges_url: `${url}/merges`,
    archive_url: `${url}/{archive_format}{/ref}`,
    downloads_url: `${url}/downloads`,
    issues_url: `${url}/issues{/number}`,
    pulls_url: `${url}/pulls{/number}`,
    milestones_url: `${url}/milestones{/number}`,
    notifications_url: `${url}/notifications{?since,all,participating}`,
    labels_url: `${url}/labels{/name}`,
    releases_url: `${url}/releases{/id}`,
    deployments_url: `${url}/deployments`,
  };
}

/** `repository`: what lists, pull requests and searches show. @param role the asker's, when there is one */
export function presentRepository(world: World, repo: Repository, role?: Role) {
  const { host } = new URL(world.origin);
  const fullName = world.fullName(repo);
  const open = [...repo.issues.values()].filter((i) => i.state === "open").length;
  const forks = [...world.repos.values()].filter((r) => r.forkOf === repo.id).length;
  const s = repo.settings;
  return {
    ...presentMinimalRepository(world, repo),
    created_at: repo.createdAt,
    updated_at: repo.updatedAt,
    pushed_at: repo.pushedAt,
    git_url: `git://${host}/${fullName}.git`,
    ssh_url: `git@${host}:${fullName}.git`,
    clone_url: `${world.origin}/${fullName}.git`,
    svn_url: `${world.origin}/${fullName}`,
    homepage: repo.homepage,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: s.has_issues,
    has_projects: s.has_projects,
    has_downloads: s.has_downloads,
    has_wiki: s.has_wiki,
    has_pages: false,
    has_discussions: s.has_discussions,
    forks_count: forks,
    mirror_url: null,
    archived: repo.archived,
    disabled: false,
    open_issues_count: open,
    license: null,
    allow_forking: s.allow_forking,
    is_template: repo.isTemplate,
    web_commit_signoff_required: s.web_commit_signoff_required,
    topics: repo.topics,
    visibility: repo.visibility,
    forks,
    open_issues: open,
    watchers: 0,
    default_branch: repo.defaultBranch,
    ...(role ? { permissions: presentPermissions(role) } : {}),
  };
}

/**
 * `full-repository`: GET /repos/{owner}/{repo}. Settings are for those who may push, security settings for
 * administrators.
 */
export function presentFullRepository(world: World, repo: Repository, role: Role | undefined): Record<string, unknown> {
  const s = repo.settings;
  const org = world.orgOf(repo);
  const parent = repo.forkOf === null ? undefined : world.repos.get(repo.forkOf);
  return {
    ...presentRepository(world, repo, role),
    temp_clone_token: role && atLeast(role, "write") ? "" : null,
    subscribers_count: 0,
    network_count: 0,
    ...(org ? { organization: presentOwner(world, repo.owner) } : {}),
    ...(parent ? { parent: presentRepository(world, parent), source: presentRepository(world, parent) } : {}),
    ...(atLeast(role, "write")
      ? {
          allow_squash_merge: s.allow_squash_merge,
          allow_merge_commit: s.allow_merge_commit,
          allow_rebase_merge: s.allow_rebase_merge,
          allow_auto_merge: s.allow_auto_merge,
          delete_branch_on_merge: s.delete_branch_on_merge,
          allow_update_branch: s.allow_update_branch,
          use_squash_pr_title_as_default: false,
          squash_merge_commit_message: s.squash_merge_commit_message,
          squash_merge_commit_title: s.squash_merge_commit_title,
          merge_commit_message: s.merge_commit_message,
          merge_commit_title: s.merge_commit_title,
        }
      : {}),
    ...(role === "admin" ? { security_and_analysis: repo.securityAndAnalysis } : {}),
    custom_properties: {},
  };
}

export function presentInvitation(world: World, repo: Repository, id: number) {
  const invitation = repo.invitations.get(id)!;
  return {
    id,
    node_id: invitation.nodeId,
    repository: presentMinimalRepository(world, repo),
    invitee: presentUser(world, world.user(invitation.inviteeId)),
    inviter: presentUser(world, world.user(invitation.inviterId)),
    permissions: invitation.role,
    created_at: invitation.createdAt,
    expired: false,
    url: `${world.api}/user/repository_invitations/${id}`,
    html_url: `${world.origin}/${world.fullName(repo)}/invitations`,
  };
}
export function presentCollaborator(world: World, userId: number, role: Role) {
  return { ...presentUser(world, world.user(userId)), permissions: presentPermissions(role), role_name: role };
}
