/** People, Apps' bots, organizations and teams. */
import { grantHolds, orgRole } from "../../permissions";
import type { Organization, Repository, Team } from "../../state";
import { demandToken, repositoryNamed, sees } from "../access";
import { connection } from "../connection";
import { unresolved } from "../errors";
import {
  accountSource,
  organizationSource,
  repositorySource,
  teamSource,
  type AccountSource,
  type AppSource,
  type Args,
  type GraphqlContext,
  type OrganizationSource,
  type Resolvers,
  type TeamSource,
} from "../source";

/** Repositories of an owner that the asker sees, newest change last unless ordered otherwise. */
function repositoriesOf(context: GraphqlContext, owner: Repository["owner"], args: Args): Record<string, unknown> {
  const field = {
    CREATED_AT: "createdAt",
    UPDATED_AT: "updatedAt",
    PUSHED_AT: "pushedAt",
    NAME: "name",
    STARGAZERS: "createdAt",
  } as const;
  const by = field[(args.orderBy?.field ?? "CREATED_AT") as keyof typeof field];
  const found = context.world
    .reposOf(owner)
    .filter((repo) => sees(context, repo))
    .filter((repo) => !args.privacy || (args.privacy === "PUBLIC") === (repo.visibility === "public"))
    .filter((repo) => typeof args.isFork !== "boolean" || args.isFork === (repo.forkOf !== null))
    .filter((repo) => typeof args.isArchived !== "boolean" || args.isArchived === repo.archived)
    .sort((a, b) => (a[by] < b[by] ? -1 : 1));
  if (args.orderBy?.direction === "DESC") found.reverse();
  return connection("repositories", args, found, repositorySource, { extra: { totalDiskUsage: 0 } });
}

const url = ({ world }: GraphqlContext, path: string): string => `${world.origin}/${path}`;

const account: Resolvers<AccountSource> = {
  id: ({ user }) => user.nodeId,
  databaseId: ({ user }) => user.id,
  login: ({ user }) => user.login,
  url: ({ user }, _args, context) => url(context, user.login),
  resourcePath: ({ user }) => `/${user.login}`,
  avatarUrl: ({ user }, _args, context) => url(context, `avatars/u/${user.id}`),
  createdAt: ({ user }) => user.createdAt,
  updatedAt: ({ user }) => user.updatedAt,
};

const user: Resolvers<AccountSource> = {
  name: ({ user: { name } }) => name,
  email: ({ user: found }, _args, { auth }) => (auth.user?.id === found.id ? found.email : ""),
  bio: () => null,
  company: () => null,
  location: () => null,
  websiteUrl: () => null,
  isViewer: ({ user: found }, _args, { auth }) => auth.user?.id === found.id,
  isSiteAdmin: ({ user: found }) => found.siteAdmin,
  isEmployee: () => false,
  repository: ({ user: found }, args, context) => repositorySource(repositoryNamed(context, found.login, args.name)),
  repositories: ({ user: found }, args, context) => repositoriesOf(context, { kind: "user", id: found.id }, args),
  organization: ({ user: found }, args, context) => {
    const org = context.world.orgByLogin(args.login);
    return org && org.memberships.get(found.id)?.state === "active" && isMember(context, org)
      ? organizationSource(org)
      : null;
  },
  organizations: ({ user: found }, args, context) => {
    const mine = [...context.world.orgs.values()].filter(
      (org) => org.memberships.get(found.id)?.state === "active" && isMember(context, org),
    );
    return connection("organizations", args, mine, organizationSource);
  },
};

/** Membership as this credential shows it: a fine-grained token knows one organization. */
const isMember = ({ world, auth }: GraphqlContext, org: Organization): boolean =>
  orgRole(world, auth, org) !== undefined && grantHolds(world, auth, org);

const organization: Resolvers<OrganizationSource> = {
  id: ({ org }) => org.nodeId,
  databaseId: ({ org }) => org.id,
  login: ({ org }) => org.login,
  name: ({ org }) => org.name,
  description: ({ org }) => org.description,
  email: () => null,
  url: ({ org }, _args, context) => url(context, org.login),
  resourcePath: ({ org }) => `/${org.login}`,
  avatarUrl: ({ org }, _args, context) => url(context, `avatars/u/${org.id}`),
  createdAt: ({ org }) => org.createdAt,
  updatedAt: ({ org }) => org.updatedAt,
  isVerified: () => false,
  requiresTwoFactorAuthentication: ({ org }, _args, { world, auth }) =>
    orgRole(world, auth, org) === "admin" ? org.twoFactorRequired : null,
  viewerIsAMember: ({ org }, _args, context) => isMember(context, org),
  viewerCanAdminister: ({ org }, _args, { world, auth }) => orgRole(world, auth, org) === "admin",
  viewerCanCreateRepositories: ({ org }, _args, { world, auth }) =>
    orgRole(world, auth, org) === "admin" ||
    (orgRole(world, auth, org) === "member" && org.membersCanCreateRepositories),
  repository: ({ org }, args, context) => repositorySource(repositoryNamed(context, org.login, args.name)),
  repositories: ({ org }, args, context) => repositoriesOf(context, { kind: "org", id: org.id }, args),
  team: ({ org }, args, context) => {
    const team = context.world.teamBySlug(org.id, args.slug);
    return team && seesTeam(context, team) ? teamSource(team) : null;
  },
  teams: ({ org }, args, context) => {
    const found = context.world
      .teamsOf(org.id)
      .filter((team) => seesTeam(context, team))
      .filter(
        (team) =>
          !args.userLogins ||
          (args.userLogins as string[]).some((login) => team.members.has(context.world.userByLogin(login)?.id ?? -1)),
      )
      .filter((team) => !args.query || team.name.toLowerCase().includes(String(args.query).toLowerCase()));
    return connection("teams", args, found, teamSource);
  },
  membersWithRole: ({ org }, args, context) => {
    const members = isMember(context, org)
      ? [...org.memberships.values()].filter((membership) => membership.state === "active")
      : [];
    return connection("membersWithRole", args, members, ({ userId }) => accountSource(context.world.user(userId)), {
      edge: ({ role }) => ({ role: role.toUpperCase(), hasTwoFactorEnabled: org.twoFactorRequired ? true : null }),
    });
  },
};

/** A closed team is for every member to see, a secret one for its own members and the owners. */
export function seesTeam(context: GraphqlContext, team: Team): boolean {
  const org = context.world.orgs.get(team.orgId);
  if (!org || !isMember(context, org)) return false;
  const { auth, world } = context;
  return (
    team.privacy === "closed" ||
    orgRole(world, auth, org) === "admin" ||
    (auth.user !== undefined && team.members.has(auth.user.id))
  );
}

const orgOfTeam = (context: GraphqlContext, team: Team): Organization => {
  const org = context.world.orgs.get(team.orgId);
  if (!org) throw unresolved(`the organization of the team '${team.slug}'`);
  return org;
};

const team: Resolvers<TeamSource> = {
  id: (source) => source.team.nodeId,
  databaseId: (source) => source.team.id,
  name: (source) => source.team.name,
  slug: (source) => source.team.slug,
  combinedSlug: (source, _args, context) => `${orgOfTeam(context, source.team).login}/${source.team.slug}`,
  description: (source) => source.team.description,
  privacy: (source) => (source.team.privacy === "closed" ? "VISIBLE" : "SECRET"),
  notificationSetting: (source) => source.team.notificationSetting.toUpperCase(),
  createdAt: (source) => source.team.createdAt,
  updatedAt: (source) => source.team.updatedAt,
  organization: (source, _args, context) => organizationSource(orgOfTeam(context, source.team)),
  url: (source, _args, context) =>
    url(context, `orgs/${orgOfTeam(context, source.team).login}/teams/${source.team.slug}`),
  resourcePath: (source, _args, context) => `/orgs/${orgOfTeam(context, source.team).login}/teams/${source.team.slug}`,
  avatarUrl: (source, _args, context) => url(context, `avatars/t/${source.team.id}`),
  viewerCanAdminister: (source, _args, { world, auth }) => {
    const org = world.orgs.get(source.team.orgId);
    return (
      org !== undefined &&
      (orgRole(world, auth, org) === "admin" ||
        (auth.user !== undefined && source.team.members.get(auth.user.id)?.role === "maintainer"))
    );
  },
  parentTeam: (source, _args, { world }) => {
    const parent = source.team.parentId === null ? undefined : world.teams.get(source.team.parentId);
    return parent ? teamSource(parent) : null;
  },
  childTeams: (source, args, { world }) =>
    connection(
      "childTeams",
      args,
      [...world.teams.values()].filter((found) => found.parentId === source.team.id),
      teamSource,
    ),
  members: (source, args, context) => {
    const org = orgOfTeam(context, source.team);
    const children =
      args.membership === "IMMEDIATE"
        ? []
        : [...context.world.teams.values()].filter(
            (other) => other !== source.team && context.world.lineage(other).includes(source.team),
          );
    const wanted = args.membership === "CHILD_TEAM" ? children : [source.team, ...children];
    const roles = new Map<number, "member" | "maintainer">();
    for (const found of wanted)
      for (const member of found.members.values()) if (!roles.has(member.userId)) roles.set(member.userId, member.role);
    const members = [...roles].filter(
      ([id, role]) => org.memberships.get(id)?.state === "active" && (!args.role || args.role === role.toUpperCase()),
    );
    return connection("members", args, members, ([id]) => accountSource(context.world.user(id)), {
      edge: ([, role]) => ({ role: role.toUpperCase() }),
    });
  },
  repositories: (source, args, context) => {
    const found = [...source.team.repos].flatMap(([id, role]) => {
      const repo = context.world.repos.get(id);
      return repo && sees(context, repo) ? [{ repo, role }] : [];
    });
    return connection("repositories", args, found, ({ repo }) => repositorySource(repo), {
      edge: ({ role }) => ({ permission: role.toUpperCase() }),
    });
  },
};

const app: Resolvers<AppSource> = {
  id: (source) => source.app.nodeId,
  databaseId: (source) => source.app.id,
  clientId: (source) => source.app.clientId,
  name: (source) => source.app.name,
  slug: (source) => source.app.slug,
  description: () => null,
  url: (source, _args, context) => url(context, `apps/${source.app.slug}`),
  createdAt: (source) => source.app.createdAt,
  updatedAt: (source) => source.app.createdAt,
};

export const accountTypes = {
  User: { ...account, ...user },
  Bot: account,
  Organization: organization,
  Team: team,
  App: app,
};

/** People who may be assigned or mentioned: everybody with a role on the repository. */
export function peopleOf(context: GraphqlContext, repo: Repository): AccountSource[] {
  demandToken(context, repo, "metadata=read");
  const { world } = context;
  const org = world.orgOf(repo);
  const ids = new Set([
    ...repo.collaborators.keys(),
    ...(org
      ? [...org.memberships.values()].filter((found) => found.state === "active").map((found) => found.userId)
      : [repo.owner.id]),
  ]);
  return [...ids].flatMap((id) => {
    const found = world.users.get(id);
    return found && found.type === "User" ? [accountSource(found)] : [];
  });
}
