/** The two types that put something into a team: a person (TeamMembership) and a repository (TeamRepository). */
import { ACCEPT } from "../client";
import { idParts, orGone, str, type Api, type Kind } from "../kind";
import { caseInsensitive, permissionName, teamNumber, unlessArchived } from "./shared";

const memberPath = async (api: Api, team: string, user: string): Promise<string> =>
  `organizations/${api.organizationId}/team/${await teamNumber(api, team)}/memberships/${user}`;

export const teamMembership: Kind = {
  token: "github:index/teamMembership:TeamMembership",
  organizationOnly: true,
  fields: {
    teamId: { kind: "string", required: true, replace: true },
    username: { kind: "string", required: true, replace: true, same: caseInsensitive },
    role: { kind: "string", oneOf: ["member", "maintainer"], default: "member" },
    etag: { kind: "string", output: true },
  },
  async create(api, planned) {
    const [team, user] = [str(planned, "teamId"), str(planned, "username")];
    await api.client.rest("PUT", await memberPath(api, team, user), { body: { role: planned.role } });
    return mustRead(this, api, `${team}:${user}`, planned);
  },
  async update(api, id, planned) {
    const [team, user] = [str(planned, "teamId"), str(planned, "username")];
    await api.client.rest("PUT", await memberPath(api, team, user), { body: { role: planned.role } });
    return mustRead(this, api, id, planned);
  },
  async read(api, id, state) {
    const [team = "", user = ""] = idParts(id, 2, "team:user");
    const answer = await orGone(
      memberPath(api, team, user).then((path) =>
        api.client.rest<{ role: string }>("GET", path, { etag: str(state, "etag") }),
      ),
    );
    if (!answer) return undefined;
    if (answer.status === 304) return { id, state };
    return {
      id,
      state: {
        ...state,
        teamId: str(state, "teamId") || team,
        username: user,
        role: answer.data.role,
        etag: answer.etag,
      },
    };
  },
  async delete(api, id) {
    const [team = "", user = ""] = idParts(id, 2, "team:user");
    await api.client.rest("DELETE", await memberPath(api, team, user));
  },
  async importState(_api, id) {
    idParts(id, 2, "team:user");
    return { id, state: {} };
  },
  async find(api, inputs) {
    const id = `${str(inputs, "teamId")}:${str(inputs, "username")}`;
    return (await this.read(api, id, {}))?.id;
  },
};

const repositoryPath = async (api: Api, team: string, repository: string): Promise<string> =>
  `organizations/${api.organizationId}/team/${await teamNumber(api, team)}/repos/${api.owner}/${repository}`;

export const teamRepository: Kind = {
  token: "github:index/teamRepository:TeamRepository",
  organizationOnly: true,
  fields: {
    teamId: { kind: "string", required: true, replace: true },
    repository: { kind: "string", required: true, replace: true },
    permission: { kind: "string", default: "pull" },
    etag: { kind: "string", output: true },
  },
  async create(api, planned) {
    const [team, repository] = [str(planned, "teamId"), str(planned, "repository")];
    await api.client.rest("PUT", await repositoryPath(api, team, repository), {
      body: { permission: planned.permission },
    });
    return mustRead(this, api, `${team}:${repository}`, planned);
  },
  async update(api, id, planned) {
    const [team, repository] = [str(planned, "teamId"), str(planned, "repository")];
    await api.client.rest("PUT", await repositoryPath(api, team, repository), {
      body: { permission: planned.permission },
    });
    return mustRead(this, api, id, planned);
  },
  async read(api, id, state) {
    const [team = "", repository = ""] = idParts(id, 2, "team:repository");
    const path = repositoryPath(api, team, repository);
    const answer = await orGone(
      path.then((at) =>
        api.client.rest<{ name: string; role_name: string } | null>("GET", at, {
          accept: ACCEPT.teamRepository,
          etag: str(state, "etag"),
        }),
      ),
    );
    if (!answer) return undefined;
    if (answer.status === 304) return { id, state };
    // A bare 204 (what a server says that does not know the media type) leaves both empty, which shows as a replacement
    // ever after.
    return {
      id,
      state: {
        ...state,
        teamId: str(state, "teamId") || team,
        repository: answer.data?.name ?? "",
        permission: permissionName(answer.data?.role_name ?? ""),
        etag: answer.etag,
      },
    };
  },
  async delete(api, id) {
    const [team = "", repository = ""] = idParts(id, 2, "team:repository");
    await unlessArchived(repositoryPath(api, team, repository).then((path) => api.client.rest("DELETE", path)));
  },
  async importState(_api, id) {
    idParts(id, 2, "team:repository");
    return { id, state: {} };
  },
  async find(api, inputs) {
    const id = `${str(inputs, "teamId")}:${str(inputs, "repository")}`;
    return (await this.read(api, id, {}))?.id;
  },
};

async function mustRead(
  kind: Kind,
  api: Api,
  id: string,
  state: Parameters<Kind["read"]>[2],
): ReturnType<Kind["create"]> {
  return (await kind.read(api, id, state)) ?? { id, state };
}
