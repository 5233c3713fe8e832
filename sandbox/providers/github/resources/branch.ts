import { idParts, orGone, str, type Api, type Kind } from "../kind";
import { ProviderError, type Props } from "../../types";
import { pathEscape } from "./shared";

interface Reference {
  ref: string;
  object: { sha: string };
}

const repositoryPath = (api: Api, state: Props): string => `repos/${api.owner}/${str(state, "repository")}`;
/** `git/ref/heads/…`, each segment escaped by itself. */
export const headPath = (branch: string): string => `heads/${branch.split("/").map(pathEscape).join("/")}`;
const idOf = (state: Props): string => `${str(state, "repository")}:${str(state, "branch")}`;

export const branch: Kind = {
  token: "github:index/branch:Branch",
  fields: {
    repository: { kind: "string", required: true, replace: true },
    branch: { kind: "string", required: true },
    sourceBranch: { kind: "string", default: "main", replace: true },
    sourceSha: { kind: "string", computed: true, replace: true },
    etag: { kind: "string", computed: true, same: () => true },
    ref: { kind: "string", output: true },
    sha: { kind: "string", output: true },
  },
  async create(api, planned, exists) {
    const path = repositoryPath(api, planned);
    const sourceSha =
      str(planned, "sourceSha") ||
      (await api.client.rest<Reference>("GET", `${path}/git/ref/${headPath(str(planned, "sourceBranch"))}`)).data.object
        .sha;
    try {
      await api.client.rest("POST", `${path}/git/refs`, {
        body: { ref: `refs/heads/${str(planned, "branch")}`, sha: sourceSha },
      });
    } catch (error) {
      // A branch that is there already is taken over as it is, wherever it points.
      if (!/422 Reference already exists$/.test((error as Error).message)) throw error;
    }
    const state = { ...planned, sourceSha };
    exists({ id: idOf(state), state });
    const live = await this.read(api, idOf(state), { ...state, etag: "" });
    if (!live)
      throw new ProviderError(
        `the branch ${str(planned, "branch")} of ${str(planned, "repository")} was gone right after its creation`,
      );
    return live;
  },
  async read(api, id, state) {
    // The id that the engine keeps is that of the creation; after a rename the state knows better.
    const [repository, name] = [
      str(state, "repository") || id.slice(0, id.indexOf(":")),
      str(state, "branch") || id.slice(id.indexOf(":") + 1),
    ];
    const answer = await orGone(
      api.client.rest<Reference>("GET", `${repositoryPath(api, { repository })}/git/ref/${headPath(name)}`, {
        etag: str(state, "etag"),
      }),
    );
    if (!answer) return undefined;
    if (answer.status === 304) return { id, state };
    const live = {
      ...state,
      repository,
      branch: name,
      ref: answer.data.ref,
      sha: answer.data.object.sha,
      etag: answer.etag,
    };
    return { id: idOf(live), state: live };
  },
  async update(api, id, planned, state) {
    const before = str(state, "branch");
    if (before !== str(planned, "branch")) {
      await api.client.rest("POST", `${repositoryPath(api, planned)}/branches/${pathEscape(before)}/rename`, {
        body: { new_name: planned.branch },
      });
    }
    return (await this.read(api, id, planned)) ?? { id, state: planned };
  },
  /**
   * A branch that is gone already is an error, as in the plugin: GitHub answers 422 "Reference does not exist". A
   * refresh before forgets it.
   */
  async delete(api, _id, state) {
    await api.client.rest("DELETE", `${repositoryPath(api, state)}/git/refs/${headPath(str(state, "branch"))}`);
  },
  async importState(_api, id) {
    const [repository = "", name = "", sourceBranch = "main"] = id.split(":");
    if (!repository || !name) idParts(id, 2, "repository:branch, or repository:branch:source branch");
    return { id: `${repository}:${name}`, state: { repository, branch: name, sourceBranch } };
  },
  async find(api, inputs) {
    const path = `${repositoryPath(api, inputs)}/git/ref/${headPath(str(inputs, "branch"))}`;
    return (await orGone(api.client.rest("GET", path))) && idOf(inputs);
  },
};
