import { flag, idParts, orGone, str, type Api, type Kind } from "../kind";
import { caseInsensitive, permissionName, unlessArchived } from "./shared";

interface Invitation {
  id: number;
  invitee: { login: string } | null;
  permissions: string;
}

/** A repository elsewhere is named with its owner. */
function repositoryPath(api: Api, name: string): string {
  return `repos/${name.includes("/") ? name : `${api.owner}/${name}`}`;
}

async function invitationOf(api: Api, repository: string, login: string): Promise<Invitation | undefined> {
  const invitations = await api.client.list<Invitation>(`${repositoryPath(api, repository)}/invitations`, {
    query: { per_page: 100 },
  });
  return invitations.find((invitation) => invitation.invitee && caseInsensitive(invitation.invitee.login, login));
}

export const repositoryCollaborator: Kind = {
  token: "github:index/repositoryCollaborator:RepositoryCollaborator",
  deleteBeforeReplace: true,
  fields: {
    username: { kind: "string", required: true, replace: true, same: caseInsensitive },
    repository: { kind: "string", required: true, replace: true },
    permission: { kind: "string", default: "push", replace: true },
    permissionDiffSuppression: { kind: "boolean", default: false },
    invitationId: { kind: "string", output: true },
  },
  async create(api, planned, exists) {
    const [repository, username] = [str(planned, "repository"), str(planned, "username")];
    const id = `${repository}:${username}`;
    await api.client.rest("PUT", `${repositoryPath(api, repository)}/collaborators/${username}`, {
      body: { permission: planned.permission },
    });
    exists({ id, state: planned });
    return (await this.read(api, id, planned)) ?? { id, state: planned };
  },
  async update(api, id, planned) {
    return (await this.read(api, id, planned)) ?? { id, state: planned };
  },
  async read(api, id, state) {
    const [repository = "", username = ""] = idParts(id, 2, "repository:user");
    const invitation = await orGone(invitationOf(api, repository, username).then((found) => ({ found })));
    if (!invitation) return undefined;
    if (invitation.found) {
      const { id: number, invitee, permissions } = invitation.found;
      return {
        id,
        state: {
          ...state,
          repository,
          username: invitee?.login ?? username,
          permission: permissionName(permissions),
          invitationId: String(number),
        },
      };
    }
    const people = await api.client.list<{ login: string; role_name: string }>(
      `${repositoryPath(api, repository)}/collaborators`,
      { query: { per_page: 100 } },
    );
    const person = people.find(({ login }) => caseInsensitive(login, username));
    if (!person) return undefined;
    const role = permissionName(person.role_name);
    // With the suppression on, a role that the plan cannot express is shown as the one that was asked for.
    const shown =
      flag(state, "permissionDiffSuppression") && ["triage", "maintain"].includes(str(state, "permission"))
        ? str(state, "permission")
        : role;
    return { id, state: { ...state, repository, username: person.login, permission: shown } };
  },
  async delete(api, _id, state) {
    const [repository, username] = [str(state, "repository"), str(state, "username")];
    const invitation = await orGone(invitationOf(api, repository, username).then((found) => ({ found })));
    if (!invitation) return;
    const path = repositoryPath(api, repository);
    await unlessArchived(
      api.client.rest(
        "DELETE",
        invitation.found ? `${path}/invitations/${invitation.found.id}` : `${path}/collaborators/${username}`,
      ),
    );
  },
  async importState(_api, id) {
    idParts(id, 2, "repository:user");
    return { id, state: {} };
  },
  async find(api, inputs) {
    return (await this.read(api, `${str(inputs, "repository")}:${str(inputs, "username")}`, {}))?.id;
  },
};
