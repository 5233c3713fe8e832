import { ProviderError, type Props } from "../../types";
import { flag, idParts, str, type Api, type Kind, type Live } from "../kind";

export interface Pull {
  number: number;
  title: string;
  body: string | null;
  state: string;
  draft?: boolean;
  maintainer_can_modify?: boolean;
  created_at: string;
  updated_at: string;
  user: { login: string } | null;
  labels: { name: string }[];
  head: { ref: string; sha: string; repo: { name: string; owner: { login: string } } | null };
  base: { ref: string; sha: string };
}

const pathOf = (id: string): string => {
  const [owner, repository, number] = idParts(id, 3, "owner:repository:number");
  return `repos/${owner}/${repository}/pulls/${number}`;
};

const seconds = (at: string): number => Math.floor(Date.parse(at) / 1000);

/** What the plugin keeps of a pull request, and what its list shows of each. */
export const pullFacts = (pull: Pull): Props => ({
  number: pull.number,
  title: pull.title,
  body: pull.body ?? "",
  state: pull.state,
  draft: pull.draft === true,
  maintainerCanModify: pull.maintainer_can_modify === true,
  headRef: pull.head.ref,
  headSha: pull.head.sha,
  baseRef: pull.base.ref,
  baseSha: pull.base.sha,
  labels: pull.labels.map(({ name }) => name),
  openedAt: seconds(pull.created_at),
  openedBy: pull.user?.login ?? "",
  updatedAt: seconds(pull.updated_at),
});

/** A pull request from a branch of the configured owner. It cannot be a draft: the plugin's create has no such key. */
export const repositoryPullRequest: Kind = {
  token: "github:index/repositoryPullRequest:RepositoryPullRequest",
  fields: {
    owner: { kind: "string", replace: true },
    baseRepository: { kind: "string", required: true, replace: true },
    baseRef: { kind: "string", required: true },
    headRef: { kind: "string", required: true, replace: true },
    title: { kind: "string", required: true },
    body: { kind: "string" },
    maintainerCanModify: { kind: "boolean", default: false },
    baseSha: { kind: "string", output: true },
    draft: { kind: "boolean", output: true },
    headSha: { kind: "string", output: true },
    labels: { kind: "list", output: true },
    number: { kind: "number", output: true },
    openedAt: { kind: "number", output: true },
    openedBy: { kind: "string", output: true },
    state: { kind: "string", output: true },
    updatedAt: { kind: "number", output: true },
  },
  async create(api, planned, exists) {
    const owner = str(planned, "owner") || api.owner;
    const head = owner === api.owner ? str(planned, "headRef") : `${api.owner}:${str(planned, "headRef")}`;
    const { data } = await api.client.rest<Pull>("POST", `repos/${owner}/${str(planned, "baseRepository")}/pulls`, {
      body: {
        title: planned.title,
        head,
        base: planned.baseRef,
        body: str(planned, "body"),
        maintainer_can_modify: flag(planned, "maintainerCanModify"),
      },
    });
    const id = `${owner}:${str(planned, "baseRepository")}:${data.number}`;
    exists({ id, state: { ...planned, number: data.number } });
    return live(api, id, planned);
  },
  /** Pull requests do not go away, so a 404 (a lost repository, a lost right) is an error in the plugin, and here. */
  read: (api, id, state) => live(api, id, state),
  async update(api, id, planned, state) {
    const base = planned.baseRef === state.baseRef ? {} : { base: planned.baseRef };
    const body = {
      title: planned.title,
      body: str(planned, "body"),
      ...base,
      maintainer_can_modify: flag(planned, "maintainerCanModify"),
    };
    try {
      await api.client.rest("PATCH", pathOf(id), { body });
    } catch (error) {
      throw new ProviderError(`could not update the Pull Request: ${(error as Error).message}`);
    }
    return live(api, id, planned);
  },
  /** Closed, unless it is closed or merged as far as the state knows. */
  async delete(api, id, state) {
    if (str(state, "state") === "open") await api.client.rest("PATCH", pathOf(id), { body: { state: "closed" } });
  },
  async importState(_api, id) {
    const [, baseRepository] = idParts(id, 3, "owner:repository:number");
    return { id, state: { baseRepository } };
  },
  async find(api, inputs) {
    const owner = str(inputs, "owner") || api.owner;
    const repository = str(inputs, "baseRepository");
    const open = await api.client.list<Pull>(`repos/${owner}/${repository}/pulls`, {
      query: {
        state: "open",
        head: `${api.owner}:${str(inputs, "headRef")}`,
        base: str(inputs, "baseRef"),
        per_page: 100,
      },
    });
    return open[0] && `${owner}:${repository}:${open[0].number}`;
  },
};

async function live(api: Api, id: string, state: Props): Promise<Live> {
  const { data } = await api.client.rest<Pull>("GET", pathOf(id));
  return { id, state: { ...state, ...pullFacts(data) } };
}
