/** The functions (data sources): look-ups that the program makes while it runs. */
import type { InvokeFunction } from "../support/resource";
import { ProviderError, type Props } from "../types";
import { ACCEPT } from "./client";
import { flag, orGone, str, type Api } from "./kind";
import { IMMEDIATE_MEMBERS, MEMBERS_WITH_ROLE, PATTERNS_OF_REPOSITORY } from "./resources/documents";
import { headPath } from "./resources/branch";
import { pullFacts, type Pull } from "./resources/pullRequest";
import { repositoryFacts } from "./resources/repository";
import { getRepository as readRepository, type Repository } from "./resources/shared";

type Lookup = InvokeFunction<Api>;

/**
 * The answer for a thing that the plugin looks up with "404: forget the id": the bridge then has no state to make an
 * answer of, so the program gets an object without any property, and no error.
 */
const NOTHING: Props = {};

/** Of `fullName`, or of `name` with the configured owner. */
function ownerAndName(api: Api, args: Props): [owner: string, name: string] {
  const full = str(args, "fullName");
  const [owner = "", name = ""] = full ? full.split("/") : [api.owner, str(args, "name")];
  if (!name || (full && full.split("/").length !== 2)) {
    throw new ProviderError(
      full
        ? `unexpected full name format ("${full}"), expected owner/repo_name`
        : 'one of "full_name" or "name" has to be provided',
    );
  }
  return [owner, name];
}

const getRepository: Lookup = async (api, args) => {
  const [owner, name] = ownerAndName(api, args);
  const { data } = await readRepository({ ...api, owner }, name);
  const license = data.license
    ? (await api.client.rest<Props>("GET", `repos/${owner}/${name}/license`)).data
    : undefined;
  const template = data.template_repository as { name: string; owner: { login: string } } | null | undefined;
  return {
    ...repositoryFacts(data),
    ...mergeSettings(data),
    id: name,
    name: data.name,
    fork: flag(data, "fork"),
    pages: [],
    repositoryLicenses: license
      ? [
          {
            name: license.name,
            path: license.path,
            sha: license.sha,
            size: license.size,
            url: license.url,
            htmlUrl: license.html_url,
          },
        ]
      : [],
    templates: template ? [{ owner: template.owner.login, repository: template.name }] : [],
  };
};

const mergeSettings = (data: Repository): Props => ({
  allowAutoMerge: flag(data, "allow_auto_merge"),
  allowForking: flag(data, "allow_forking"),
  allowMergeCommit: flag(data, "allow_merge_commit"),
  allowRebaseMerge: flag(data, "allow_rebase_merge"),
  allowSquashMerge: flag(data, "allow_squash_merge"),
  allowUpdateBranch: flag(data, "allow_update_branch"),
  deleteBranchOnMerge: flag(data, "delete_branch_on_merge"),
  hasDownloads: flag(data, "has_downloads"),
  mergeCommitMessage: str(data, "merge_commit_message"),
  mergeCommitTitle: str(data, "merge_commit_title"),
  squashMergeCommitMessage: str(data, "squash_merge_commit_message"),
  squashMergeCommitTitle: str(data, "squash_merge_commit_title"),
});

const getTeam: Lookup = async (api, args) => {
  const slug = str(args, "slug");
  const membershipType = str(args, "membershipType") || "all";
  const resultsPerPage = typeof args.resultsPerPage === "number" ? args.resultsPerPage : 100;
  const summaryOnly = flag(args, "summaryOnly");
  const { data } = await api.client.rest<Props>("GET", `orgs/${api.owner}/teams/${slug}`);
  const found = str(data, "slug");
  const members = summaryOnly
    ? []
    : membershipType === "all"
      ? (
          await api.client.list<{ login: string }>(`orgs/${api.owner}/teams/${found}/members`, {
            query: { per_page: resultsPerPage },
          })
        ).map(({ login }) => login)
      : await immediateMembers(api, slug);
  const repositories = summaryOnly
    ? []
    : await api.client.list<{ id: number; name: string; role_name?: string }>(
        `orgs/${api.owner}/teams/${found}/repos`,
        { query: { per_page: resultsPerPage }, accept: ACCEPT.topics },
      );
  return {
    id: String(data.id),
    slug,
    membershipType,
    resultsPerPage,
    summaryOnly,
    name: data.name,
    description: str(data, "description"),
    privacy: str(data, "privacy"),
    notificationSetting: str(data, "notification_setting"),
    permission: str(data, "permission"),
    nodeId: str(data, "node_id"),
    members,
    repositories: repositories.map(({ name }) => name),
    repositoriesDetaileds: repositories.map(({ id, name, role_name: role }) => ({
      repoId: id,
      repoName: name,
      roleName: role ?? "",
    })),
  };
};

async function immediateMembers(api: Api, slug: string): Promise<string[]> {
  interface Page {
    organization: {
      team: { members: { nodes: { login: string }[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } } };
    };
  }
  const logins: string[] = [];
  for (let memberCursor: string | null = null; ;) {
    const page: Page = await api.client.graphql<Page>(IMMEDIATE_MEMBERS, { memberCursor, owner: api.owner, slug });
    const { nodes, pageInfo } = page.organization.team.members;
    logins.push(...nodes.map(({ login }) => login));
    if (!pageInfo.hasNextPage) return logins;
    memberCursor = pageInfo.endCursor;
  }
}

const getUser: Lookup = async (api, args) => {
  const username = str(args, "username");
  const { data } = await api.client.rest<Props>("GET", username ? `users/${username}` : "user");
  const login = str(data, "login");
  const gpg = (await api.client.rest<Props[]>("GET", `users/${login}/gpg_keys`)).data;
  const ssh = (await api.client.rest<Props[]>("GET", `users/${login}/keys`)).data;
  const count = (name: string): number => (typeof data[name] === "number" ? (data[name] as number) : 0);
  return {
    id: String(data.id),
    username,
    login,
    avatarUrl: str(data, "avatar_url"),
    bio: str(data, "bio"),
    blog: str(data, "blog"),
    company: str(data, "company"),
    createdAt: time(data.created_at),
    updatedAt: time(data.updated_at),
    suspendedAt: time(data.suspended_at),
    email: str(data, "email"),
    followers: count("followers"),
    following: count("following"),
    gpgKeys: gpg.map((key) => str(key, "public_key")),
    gravatarId: str(data, "gravatar_id"),
    location: str(data, "location"),
    name: str(data, "name"),
    nodeId: str(data, "node_id"),
    publicGists: count("public_gists"),
    publicRepos: count("public_repos"),
    siteAdmin: flag(data, "site_admin"),
    sshKeys: ssh.map((key) => str(key, "key")),
  };
};

/** A time as the plugin prints it (`2026-01-01 00:00:00 +0000 UTC`); its zero time when there is none. */
function time(value: unknown): string {
  if (typeof value !== "string") return "0001-01-01 00:00:00 +0000 UTC";
  return `${value.replace("T", " ").replace(/(\.\d+)?Z$/, "")} +0000 UTC`;
}

const getMembership: Lookup = async (api, args) => {
  const organization = str(args, "organization") || api.owner;
  interface Answered {
    role: string;
    state: string;
    organization: { login: string };
    user: { login: string };
  }
  const { data, etag } = await api.client.rest<Answered>(
    "GET",
    `orgs/${organization}/memberships/${str(args, "username")}`,
  );
  return {
    id: `${data.organization.login}:${data.user.login}`,
    organization,
    username: data.user.login,
    role: data.role,
    state: data.state,
    etag,
  };
};

const getBranch: Lookup = async (api, args) => {
  const [repository, branch] = [str(args, "repository"), str(args, "branch")];
  const answer = await orGone(
    api.client.rest<{ ref: string; object: { sha: string } }>(
      "GET",
      `repos/${api.owner}/${repository}/git/ref/${headPath(branch)}`,
    ),
  );
  if (!answer) return NOTHING;
  const { data, etag } = answer;
  return { id: `${repository}:${branch}`, repository, branch, ref: data.ref, sha: data.object.sha, etag };
};

const getOrganization: Lookup = async (api, args) => {
  const orgname = str(args, "name");
  const summaryOnly = flag(args, "summaryOnly");
  const ignoreArchivedRepos = flag(args, "ignoreArchivedRepos");
  const { data } = await api.client.rest<Props>("GET", `orgs/${orgname}`, { accept: ACCEPT.organization });
  const lists = summaryOnly
    ? { repositories: [], members: [], users: [] }
    : {
        repositories: (
          await api.client.list<{ full_name: string; archived: boolean }>(`orgs/${orgname}/repos`, {
            query: { per_page: 100, page: 1 },
          })
        )
          .filter((item) => !(ignoreArchivedRepos && item.archived))
          .map((item) => item.full_name),
        ...(await people(api, orgname)),
      };
  const setting = (property: string): [string, boolean] => [
    property,
    !summaryOnly && flag(data, SETTINGS[property] ?? ""),
  ];
  return {
    ...lists,
    ...Object.fromEntries(Object.keys(SETTINGS).map(setting)),
    id: String(data.id),
    ignoreArchivedRepos,
    summaryOnly,
    login: data.login,
    name: str(data, "name"),
    orgname,
    nodeId: str(data, "node_id"),
    description: str(data, "description"),
    plan: str((data.plan ?? {}) as Props, "name"),
    defaultRepositoryPermission: summaryOnly ? "" : str(data, "default_repository_permission"),
    membersAllowedRepositoryCreationType: summaryOnly ? "" : str(data, "members_allowed_repository_creation_type"),
  };
};

/** Boolean settings of an organization by property. */
const SETTINGS: Readonly<Record<string, string>> = {
  advancedSecurityEnabledForNewRepositories: "advanced_security_enabled_for_new_repositories",
  dependabotAlertsEnabledForNewRepositories: "dependabot_alerts_enabled_for_new_repositories",
  dependabotSecurityUpdatesEnabledForNewRepositories: "dependabot_security_updates_enabled_for_new_repositories",
  dependencyGraphEnabledForNewRepositories: "dependency_graph_enabled_for_new_repositories",
  membersCanCreateInternalRepositories: "members_can_create_internal_repositories",
  membersCanCreatePages: "members_can_create_pages",
  membersCanCreatePrivatePages: "members_can_create_private_pages",
  membersCanCreatePrivateRepositories: "members_can_create_private_repositories",
  membersCanCreatePublicPages: "members_can_create_public_pages",
  membersCanCreatePublicRepositories: "members_can_create_public_repositories",
  membersCanCreateRepositories: "members_can_create_repositories",
  membersCanForkPrivateRepositories: "members_can_fork_private_repositories",
  secretScanningEnabledForNewRepositories: "secret_scanning_enabled_for_new_repositories",
  secretScanningPushProtectionEnabledForNewRepositories: "secret_scanning_push_protection_enabled_for_new_repositories",
  twoFactorRequirementEnabled: "two_factor_requirement_enabled",
  webCommitSignoffRequired: "web_commit_signoff_required",
};

async function people(api: Api, login: string): Promise<{ members: string[]; users: Record<string, string>[] }> {
  interface Page {
    organization: {
      membersWithRole: {
        edges: { role: string; node: { id: string; login: string; email: string } }[];
        pageInfo: { endCursor: string | null; hasNextPage: boolean };
      };
    };
  }
  const users: Record<string, string>[] = [];
  for (let after: string | null = null; ;) {
    const page: Page = await api.client.graphql<Page>(MEMBERS_WITH_ROLE, { after, login });
    const { edges, pageInfo } = page.organization.membersWithRole;
    users.push(...edges.map(({ role, node }) => ({ id: node.id, login: node.login, email: node.email, role })));
    if (!pageInfo.hasNextPage) return { users, members: users.map((user) => user.login ?? "") };
    after = pageInfo.endCursor;
  }
}

/** "Not found" is an answer here: programs ask whether something exists. Every other refusal is an error. */
const getRestApi: Lookup = async (api, args) => {
  const endpoint = str(args, "endpoint");
  const answer = await api.client.rest("GET", endpoint.replace(/^\//, ""), { acceptNotFound: true });
  return {
    id: answer.headers.get("x-github-request-id") ?? "",
    endpoint,
    code: answer.status,
    status: `${answer.status} ${answer.statusText}`,
    headers: JSON.stringify(headersOf(answer.headers)),
    body: answer.text,
  };
};

const headersOf = (headers: Headers): Record<string, string[]> =>
  Object.fromEntries(
    [...headers].map(([name, value]) => [name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()), [value]]),
  );

const getBranchProtectionRules: Lookup = async (api, args) => {
  interface Page {
    repository: {
      id?: string;
      branchProtectionRules: {
        nodes: { pattern: string }[];
        pageInfo: { endCursor: string | null; hasNextPage: boolean };
      };
    };
  }
  const repository = str(args, "repository");
  const rules: { pattern: string }[] = [];
  for (let cursor: string | null = null; ;) {
    const page: Page = await api.client.graphql<Page>(PATTERNS_OF_REPOSITORY, {
      cursor,
      first: 100,
      name: repository,
      owner: api.owner,
    });
    const { nodes, pageInfo } = page.repository.branchProtectionRules;
    rules.push(...nodes.map(({ pattern }) => ({ pattern })));
    if (!pageInfo.hasNextPage) return { id: page.repository.id ?? "", repository, rules };
    cursor = pageInfo.endCursor;
  }
};

const getRepositoryFile: Lookup = async (api, args) => {
  const [repository, file, branch] = [str(args, "repository"), str(args, "file"), str(args, "branch")];
  const [owner, name] = repository.includes("/") ? repository.split("/") : [api.owner, repository];
  const path = `repos/${owner}/${name}`;
  interface Contents {
    content: string;
    sha: string;
    url: string;
  }
  const answer = await orGone(
    api.client.rest<Contents>("GET", `${path}/contents/${file}`, { ...(branch ? { query: { ref: branch } } : {}) }),
  );
  if (!answer) return NOTHING;
  if (Array.isArray(answer.data)) return { id: `${name}/${file}`, repository: name, file };
  const ref = new URL(answer.data.url).searchParams.get("ref") ?? branch;
  const newest = (
    await api.client.rest<{ sha: string }[]>("GET", `${path}/commits`, { query: { path: file, sha: ref } })
  ).data[0];
  const commit =
    newest &&
    (await api.client.rest<{ commit: { message: string; committer: Props } }>("GET", `${path}/commits/${newest.sha}`))
      .data.commit;
  return {
    id: `${name}/${file}`,
    repository: name,
    file,
    ...(branch ? { branch } : {}),
    ref,
    sha: answer.data.sha,
    content: Buffer.from(answer.data.content, "base64").toString("utf8"),
    commitSha: newest?.sha ?? "",
    commitMessage: commit?.message ?? "",
    commitAuthor: str(commit?.committer ?? {}, "name"),
    commitEmail: str(commit?.committer ?? {}, "email"),
  };
};

const getRepositoryTeams: Lookup = async (api, args) => {
  const [owner, repository] = ownerAndName(api, args);
  const teams = await api.client.list<{ name: string; slug: string; permission: string }>(
    `repos/${owner}/${repository}/teams`,
    { query: { per_page: 100 } },
  );
  return { id: repository, ...args, teams: teams.map(({ name, slug, permission }) => ({ name, slug, permission })) };
};

const getRepositoryPullRequests: Lookup = async (api, args) => {
  const owner = str(args, "owner") || api.owner;
  const repository = str(args, "baseRepository");
  const [head, base] = [str(args, "headRef"), str(args, "baseRef")];
  const [sort, direction, state] = [
    str(args, "sortBy") || "created",
    str(args, "sortDirection") || "asc",
    str(args, "state") || "open",
  ];
  const query = { state, ...(head ? { head } : {}), ...(base ? { base } : {}), sort, direction, per_page: 100 };
  const pulls = await api.client.list<Pull>(`repos/${owner}/${repository}/pulls`, { query });
  return {
    ...args,
    id: [owner, repository, state, head, base, sort, direction].join("/"),
    sortBy: sort,
    sortDirection: direction,
    state,
    results: pulls.map((pull) => ({
      ...pullFacts(pull),
      headOwner: pull.head.repo?.owner.login ?? "",
      headRepository: pull.head.repo?.name ?? "",
    })),
  };
};

/** Listed with the tokens that programs use. */
export const functions: Readonly<Record<string, Lookup>> = Object.fromEntries(
  Object.entries({
    getRepository,
    getTeam,
    getUser,
    getMembership,
    getBranch,
    getOrganization,
    getRestApi,
    getBranchProtectionRules,
    getRepositoryFile,
    getRepositoryTeams,
    getRepositoryPullRequests,
  }).map(([name, lookup]) => [`github:index/${name}:${name}`, lookup]),
);
