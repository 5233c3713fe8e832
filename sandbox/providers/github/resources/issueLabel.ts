import { idParts, orGone, str, type Api, type Kind } from "../kind";
import type { Props } from "../../types";

interface Label {
  name: string;
  color: string;
  description: string | null;
  url: string;
}

const path = (api: Api, state: Props): string => `repos/${api.owner}/${str(state, "repository")}/labels`;
const body = (planned: Props): Props => ({
  name: planned.name,
  color: planned.color,
  description: str(planned, "description"),
});
const idOf = (state: Props): string => `${str(state, "repository")}:${str(state, "name")}`;

export const issueLabel: Kind = {
  token: "github:index/issueLabel:IssueLabel",
  fields: {
    repository: { kind: "string", required: true, replace: true },
    name: { kind: "string", required: true, autoname: true },
    color: { kind: "string", required: true },
    description: { kind: "string" },
    url: { kind: "string", output: true },
    etag: { kind: "string", computed: true, same: () => true },
  },
  async create(api, planned) {
    const { data, etag } = await api.client.rest<Label>("POST", path(api, planned), { body: body(planned) });
    return { id: idOf(planned), state: { ...planned, url: data.url, etag } };
  },
  async update(api, _id, planned, state) {
    // A renamed label is asked for under its old name.
    const { data, etag } = await api.client.rest<Label>("PATCH", `${path(api, planned)}/${str(state, "name")}`, {
      body: body(planned),
    });
    return { id: idOf(planned), state: { ...planned, url: data.url, etag } };
  },
  async read(api, id, state) {
    // The id that the engine keeps is that of the creation; after a rename the state knows better.
    const repository = str(state, "repository") || id.slice(0, id.indexOf(":"));
    const name = str(state, "name") || id.slice(id.indexOf(":") + 1);
    const answer = await orGone(
      api.client.rest<Label>("GET", `${path(api, { repository })}/${name}`, { etag: str(state, "etag") }),
    );
    if (!answer) return undefined;
    if (answer.status === 304) return { id, state };
    const { data } = answer;
    // The ETag stays the one of the last write, as in the plugin.
    return {
      id: `${repository}:${name}`,
      state: { ...state, repository, name, color: data.color, description: data.description ?? "", url: data.url },
    };
  },
  async delete(api, _id, state) {
    await orGone(api.client.rest("DELETE", `${path(api, state)}/${str(state, "name")}`));
  },
  async importState(_api, id) {
    if (!id.includes(":")) idParts(id, 2, "repository:label");
    return { id, state: {} };
  },
  async find(api, inputs) {
    return (await orGone(api.client.rest("GET", `${path(api, inputs)}/${str(inputs, "name")}`))) && idOf(inputs);
  },
};
