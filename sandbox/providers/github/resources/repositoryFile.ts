import { ProviderError, type Props } from "../../types";
import { isNotFound } from "../client";
import { flag, idParts, num, orGone, str, type Api, type Kind } from "../kind";
import { getRepository, unlessArchived } from "./shared";

interface Contents {
  type: string;
  sha: string;
  url: string;
  content: string;
  encoding: string;
}

interface Commit {
  sha: string;
  commit: { message: string; committer: { name: string; email: string } };
}

const contentsPath = (api: Api, state: Props): string =>
  `repos/${api.owner}/${str(state, "repository")}/contents/${str(state, "file").split("/").map(encodeURIComponent).join("/")}`;

const idOf = (state: Props): string =>
  `${str(state, "repository")}:${escapeIdPart(str(state, "file"))}:${str(state, "branch")}`;

/** Ids join their parts with ":", so one inside of a path is doubled. */
const escapeIdPart = (part: string): string => part.replaceAll(":", "::");

export const repositoryFile: Kind = {
  token: "github:index/repositoryFile:RepositoryFile",
  schemaVersion: 1,
  fields: {
    repository: { kind: "string", required: true, replace: true },
    file: { kind: "string", required: true, replace: true },
    content: { kind: "string", required: true },
    branch: { kind: "string", computed: true, replace: true },
    commitMessage: { kind: "string", computed: true },
    commitAuthor: { kind: "string" },
    commitEmail: { kind: "string" },
    overwriteOnCreate: { kind: "boolean", default: false },
    // Deprecated, so the bridge fills in no default of theirs.
    autocreateBranch: { kind: "boolean" },
    autocreateBranchSourceBranch: { kind: "string", absent: () => true },
    autocreateBranchSourceSha: { kind: "string", computed: true },
    ref: { kind: "string", output: true },
    commitSha: { kind: "string", output: true },
    sha: { kind: "string", output: true },
    repositoryId: { kind: "number", output: true },
  },
  validate(inputs) {
    if ((inputs.commitAuthor === undefined) === (inputs.commitEmail === undefined)) return [];
    const missing = inputs.commitAuthor === undefined ? "commitAuthor" : "commitEmail";
    return [{ property: missing, reason: "commitAuthor and commitEmail must be given together" }];
  },
  async create(api, planned, exists) {
    const file = str(planned, "file");
    const repository = (await getRepository(api, str(planned, "repository"))).data;
    const branch = str(planned, "branch") || repository.default_branch;
    if (str(planned, "branch")) await ensureBranch(api, planned);
    const found = await orGone(
      api.client.rest<Contents>("GET", contentsPath(api, planned), { query: { ref: branch } }),
    );
    if (found && !flag(planned, "overwriteOnCreate")) {
      throw new ProviderError(
        "refusing to overwrite existing file: configure `overwrite_on_create` to `true` to override",
      );
    }
    const body = { message: `Add ${file}`, ...options({ ...planned, sha: found?.data.sha }) };
    const made = await api.client.rest<{ commit: { sha: string } }>("PUT", contentsPath(api, planned), { body });
    const state = { ...planned, branch, commitSha: made.data.commit.sha, repositoryId: repository.id };
    exists({ id: idOf(state), state });
    return (await this.read(api, idOf(state), state)) ?? { id: idOf(state), state };
  },
  async update(api, id, planned) {
    const file = str(planned, "file");
    const wanted = options(planned);
    // The message that the creation left in state is not one for an update.
    const message =
      wanted.message === undefined || wanted.message === `Add ${file}` ? `Update ${file}` : wanted.message;
    const made = await api.client.rest<{ commit: { sha: string } }>("PUT", contentsPath(api, planned), {
      body: { ...wanted, message },
    });
    const state = { ...planned, commitSha: made.data.commit.sha };
    return (await this.read(api, id, state)) ?? { id, state };
  },
  async read(api, id, state) {
    const answer = await orGone(
      api.client.rest<Contents>("GET", contentsPath(api, state), { query: { ref: str(state, "branch") } }),
    );
    if (!answer || Array.isArray(answer.data)) return undefined;
    const ref = new URL(answer.data.url).searchParams.get("ref");
    // The real plugin crashes without it.
    if (ref === null)
      throw new ProviderError(`the server's answer for ${str(state, "file")} has a "url" without "?ref="`);
    const commit = await commitOf(api, state, ref);
    const { name, email } = commit.commit.committer;
    const mine =
      str(state, "commitAuthor") !== "" &&
      str(state, "commitEmail") !== "" &&
      name !== "GitHub" &&
      email !== "noreply@github.com";
    return {
      id,
      state: {
        ...state,
        content: Buffer.from(answer.data.content, "base64").toString("utf8"),
        sha: answer.data.sha,
        ref,
        commitSha: commit.sha,
        commitMessage: commit.commit.message,
        ...(mine ? { commitAuthor: name, commitEmail: email } : {}),
      },
    };
  },
  async delete(api, _id, state) {
    const file = str(state, "file");
    const wanted = options(state);
    const message = wanted.message === `Add ${file}` ? `Delete ${file}` : wanted.message;
    await unlessArchived(api.client.rest("DELETE", contentsPath(api, state), { body: { ...wanted, message } }));
  },
  async importState(api, id) {
    const [repository = "", file = "", given = ""] = id
      .replaceAll("::", "\u0000")
      .split(":")
      .map((part) => part.replaceAll("\u0000", ":"));
    if (!repository || !file) idParts(id, 3, "repository:file:branch");
    const answer = (await getRepository(api, repository)).data;
    const branch = given || answer.default_branch;
    const state = {
      repository,
      file,
      branch,
      repositoryId: answer.id,
      overwriteOnCreate: false,
      autocreateBranchSourceBranch: "main",
    };
    return { id: idOf(state), state };
  },
  async find(api, inputs) {
    // A file that was there before is no trace of a killed create, unless it already has the wanted content.
    const repository = (await getRepository(api, str(inputs, "repository"))).data;
    const branch = str(inputs, "branch") || repository.default_branch;
    const answer = await orGone(
      api.client.rest<Contents>("GET", contentsPath(api, inputs), { query: { ref: branch } }),
    );
    if (!answer || Buffer.from(answer.data.content ?? "", "base64").toString("utf8") !== str(inputs, "content"))
      return undefined;
    return idOf({ ...inputs, branch });
  },
};

function options(planned: Props): Props {
  const author = { name: str(planned, "commitAuthor"), email: str(planned, "commitEmail") };
  const signed = author.name !== "" && author.email !== "";
  return {
    ...(str(planned, "commitMessage") ? { message: planned.commitMessage } : {}),
    content: Buffer.from(str(planned, "content"), "utf8").toString("base64"),
    ...(str(planned, "sha") ? { sha: planned.sha } : {}),
    ...(str(planned, "branch") ? { branch: planned.branch } : {}),
    ...(signed ? { author, committer: author } : {}),
  };
}

async function ensureBranch(api: Api, planned: Props): Promise<void> {
  const repository = `repos/${api.owner}/${str(planned, "repository")}`;
  const branch = str(planned, "branch");
  try {
    await api.client.rest("GET", `${repository}/branches/${branch}`);
  } catch (error) {
    if (!isNotFound(error) || !flag(planned, "autocreateBranch")) throw error;
    const source = str(planned, "autocreateBranchSourceBranch") || "main";
    const sha =
      str(planned, "autocreateBranchSourceSha") ||
      (await api.client.rest<{ object: { sha: string } }>("GET", `${repository}/git/ref/heads/${source}`)).data.object
        .sha;
    await api.client.rest("POST", `${repository}/git/refs`, { body: { ref: `refs/heads/${branch}`, sha } });
  }
}

/** The commit that is known to have written the file; after an import, the newest one that touched it. */
async function commitOf(api: Api, state: Props, ref: string): Promise<Commit> {
  const commits = `repos/${api.owner}/${str(state, "repository")}/commits`;
  const known = str(state, "commitSha");
  if (known) return (await api.client.rest<Commit>("GET", `${commits}/${known}`)).data;
  const newest = (
    await api.client.rest<{ sha: string }[]>("GET", commits, { query: { path: str(state, "file"), sha: ref } })
  ).data[0];
  if (!newest)
    throw new ProviderError(
      `cannot find a commit of the file ${str(state, "file")} on ${ref} (id ${num(state, "repositoryId")})`,
    );
  return (await api.client.rest<Commit>("GET", `${commits}/${newest.sha}`)).data;
}
