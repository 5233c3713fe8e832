import { flag, idParts, orGone, str, type Api, type Kind } from "../kind";
import { caseInsensitive } from "./shared";

interface Answered {
  role: string;
}

const path = (api: Api, user: string): string => `orgs/${api.owner}/memberships/${user}`;

export const membership: Kind = {
  token: "github:index/membership:Membership",
  organizationOnly: true,
  fields: {
    username: { kind: "string", required: true, replace: true, same: caseInsensitive },
    role: { kind: "string", oneOf: ["member", "admin"], default: "member" },
    downgradeOnDestroy: { kind: "boolean", default: false },
    etag: { kind: "string", output: true },
  },
  async create(api, planned) {
    const answer = await api.client.rest("PUT", path(api, str(planned, "username")), { body: { role: planned.role } });
    return { id: `${api.owner}:${str(planned, "username")}`, state: { ...planned, etag: answer.etag } };
  },
  async update(api, id, planned) {
    const live = await this.create(api, planned, () => undefined);
    return { ...live, id };
  },
  async read(api, id, state) {
    const [, user = ""] = idParts(id, 2, "organization:user");
    const answer = await orGone(api.client.rest<Answered>("GET", path(api, user), { etag: str(state, "etag") }));
    if (!answer) return undefined;
    if (answer.status === 304) return { id, state };
    return { id, state: { ...state, username: user, role: answer.data.role, etag: answer.etag } };
  },
  async delete(api, _id, state) {
    const user = str(state, "username");
    if (!flag(state, "downgradeOnDestroy")) {
      await orGone(api.client.rest("DELETE", path(api, user)));
      return;
    }
    const answer = await orGone(api.client.rest<Answered>("GET", path(api, user)));
    if (answer && answer.data.role !== "member")
      await orGone(api.client.rest("PUT", path(api, user), { body: { role: "member" } }));
  },
  async importState(_api, id) {
    const [, username] = idParts(id, 2, "organization:user");
    return { id, state: { username, downgradeOnDestroy: false } };
  },
  async find(api, inputs) {
    const answer = await orGone(api.client.rest<Answered>("GET", path(api, str(inputs, "username"))));
    return answer && `${api.owner}:${str(inputs, "username")}`;
  },
};
