import { isDeepStrictEqual } from "node:util";
import type { CheckFailure, Props } from "../../types";
import { ACCEPT, type GitHubError } from "../client";
import { isPlain, type Field } from "../fields";
import { flag, list, orGone, str, type Api, type Kind, type Live } from "../kind";
import { hashedValues } from "../sets";
import { getRepository, type Repository } from "./shared";

const optional = { kind: "boolean" } as const;
const output = { kind: "string", output: true } as const;
const status: Field = {
  kind: "object",
  fields: { status: { kind: "string", required: true, oneOf: ["enabled", "disabled"] } },
};
/**
 * What the plugin reads and sends; it accepts more (code security, AI detection, other patterns) and ignores it both
 * ways.
 */
const ANALYSIS = [
  ["advancedSecurity", "advanced_security"],
  ["secretScanning", "secret_scanning"],
  ["secretScanningPushProtection", "secret_scanning_push_protection"],
] as const;
const UNSUPPORTED = ["pages", "template", "fork", "sourceOwner", "sourceRepo"] as const;

export const repository: Kind = {
  token: "github:index/repository:Repository",
  schemaVersion: 1,
  fields: {
    name: { kind: "string", required: true, autoname: true },
    description: { kind: "string" },
    homepageUrl: { kind: "string" },
    private: { kind: "boolean", computed: true },
    visibility: { kind: "string", computed: true, oneOf: ["public", "private", "internal"] },
    hasIssues: optional,
    hasDiscussions: optional,
    hasProjects: optional,
    hasDownloads: optional,
    hasWiki: optional,
    isTemplate: optional,
    allowMergeCommit: { kind: "boolean", default: true },
    allowSquashMerge: { kind: "boolean", default: true },
    allowRebaseMerge: { kind: "boolean", default: true },
    allowAutoMerge: { kind: "boolean", default: false },
    allowForking: { kind: "boolean", computed: true },
    allowUpdateBranch: optional,
    squashMergeCommitTitle: { kind: "string", default: "COMMIT_OR_PR_TITLE" },
    squashMergeCommitMessage: { kind: "string", default: "COMMIT_MESSAGES" },
    mergeCommitTitle: { kind: "string", default: "MERGE_MESSAGE" },
    mergeCommitMessage: { kind: "string", default: "PR_TITLE" },
    deleteBranchOnMerge: { kind: "boolean", default: false },
    webCommitSignoffRequired: { kind: "boolean", computed: true },
    autoInit: optional,
    defaultBranch: { kind: "string", computed: true },
    licenseTemplate: { kind: "string" },
    gitignoreTemplate: { kind: "string" },
    archived: { kind: "boolean", default: false },
    archiveOnDestroy: optional,
    topics: { kind: "set", computed: true },
    vulnerabilityAlerts: { kind: "boolean", computed: true },
    ignoreVulnerabilityAlertsDuringRead: { kind: "boolean", default: false },
    securityAndAnalysis: {
      kind: "object",
      computed: true,
      fields: {
        advancedSecurity: status,
        codeSecurity: status,
        secretScanning: status,
        secretScanningPushProtection: status,
        secretScanningAiDetection: status,
        secretScanningNonProviderPatterns: status,
      },
    },
    etag: { kind: "string", computed: true, same: () => true },
    pages: { kind: "map" },
    template: { kind: "map" },
    fork: { kind: "string", computed: true },
    sourceOwner: { kind: "string", computed: true },
    sourceRepo: { kind: "string", computed: true },
    fullName: output,
    gitCloneUrl: output,
    htmlUrl: output,
    httpCloneUrl: output,
    nodeId: output,
    primaryLanguage: output,
    repoId: { kind: "number", output: true },
    sshCloneUrl: output,
    svnUrl: output,
  },
  validate(inputs): CheckFailure[] {
    const unsupported = UNSUPPORTED.filter((name) => inputs[name] !== undefined).map((name) => ({
      property: name,
      reason: `the sandbox's provider does not support "${name}" of a repository`,
    }));
    const both = inputs.private !== undefined && inputs.visibility !== undefined;
    return both ? [...unsupported, { property: "private", reason: "conflicts with visibility" }] : unsupported;
  },
  async create(api, planned, exists) {
    const where = api.organizationId === undefined ? "user/repos" : `orgs/${api.owner}/repos`;
    const { data } = await api.client.rest<Repository>("POST", where, {
      accept: ACCEPT.editRepository,
      body: createBody(planned),
    });
    exists({ id: data.name, state: planned });
    if (list(planned, "topics").length > 0) await putTopics(api, data.name, planned);
    return change(api, data.name, planned, {});
  },
  async update(api, id, planned, state) {
    // An archived repository takes no change, not even back.
    if (flag(planned, "archived") && flag(state, "archived")) return { id, state: planned };
    return change(api, id, planned, state);
  },
  async read(api, id, state) {
    const answer = await orGone(getRepository(api, id, str(state, "etag")));
    if (!answer) return undefined;
    if (answer.status === 304) return { id, state };
    const { data } = answer;
    const analysis = isPlain(data.security_and_analysis) ? data.security_and_analysis : undefined;
    const found = { ...state, ...repositoryState(data), name: id, etag: answer.etag };
    if (!analysis) return { id, state: found };
    const alerts = await orGone(
      api.client.rest("GET", `repos/${api.owner}/${id}/vulnerability-alerts`, {
        accept: ACCEPT.alerts,
        etag: str(state, "etag"),
      }),
    );
    return {
      id,
      state: {
        ...found,
        vulnerabilityAlerts: alerts !== undefined,
        securityAndAnalysis: analysisBack(analysis, state.securityAndAnalysis),
      },
    };
  },
  async delete(api, id, state) {
    if (!flag(state, "archiveOnDestroy")) {
      await orGone(api.client.rest("DELETE", `repos/${api.owner}/${id}`));
    } else if (!flag(state, "archived")) {
      const body = { ...editBody({ ...state, archived: true }), visibility: visibilityOf(state) };
      await api.client.rest("PATCH", `repos/${api.owner}/${id}`, { accept: ACCEPT.editRepository, body });
    }
  },
  importState: async (_api, id) => ({ id, state: { autoInit: false } }),
  async find(api, inputs) {
    return (await orGone(getRepository(api, str(inputs, "name"))))?.data.name;
  },
};

const visibilityOf = (planned: Props): string =>
  str(planned, "visibility") || (flag(planned, "private") ? "private" : "public");

async function change(api: Api, id: string, planned: Props, state: Props): Promise<Live> {
  const changed = (name: string): boolean =>
    planned[name] !== undefined && !isDeepStrictEqual(planned[name], state[name]);
  const body = {
    ...editBody(planned),
    ...(changed("defaultBranch") && Object.keys(state).length > 0 ? { default_branch: planned.defaultBranch } : {}),
    ...(changed("securityAndAnalysis") && isPlain(planned.securityAndAnalysis)
      ? { security_and_analysis: analysisOut(planned.securityAndAnalysis) }
      : {}),
  };
  const path = `repos/${api.owner}/${id}`;
  const { data } = await api.client.rest<Repository>("PATCH", path, { accept: ACCEPT.editRepository, body });
  if (changed("topics")) await putTopics(api, data.name, planned);
  if (changed("vulnerabilityAlerts")) {
    await api.client.rest(flag(planned, "vulnerabilityAlerts") ? "PUT" : "DELETE", `${path}/vulnerability-alerts`, {
      accept: ACCEPT.alerts,
    });
  }
  if (changed("visibility") || changed("private")) {
    const visibility = visibilityOf(planned);
    try {
      await api.client.rest("PATCH", `repos/${api.owner}/${data.name}`, {
        accept: ACCEPT.editRepository,
        body: { ...body, visibility },
      });
    } catch (error) {
      const { status: code, message } = error as GitHubError;
      if (code !== 422 || !message.includes(`Visibility is already ${visibility}`)) throw error;
    }
  }
  return (await repository.read(api, data.name, planned)) ?? { id: data.name, state: planned };
}

const putTopics = async (api: Api, name: string, planned: Props): Promise<void> =>
  void (await api.client.rest("PUT", `repos/${api.owner}/${name}/topics`, {
    accept: ACCEPT.topics,
    body: { names: hashedValues(list<string>(planned, "topics")) },
  }));

/** The merge settings that both bodies carry; titles only for the ways of merging that are allowed. */
const mergeTitles = (planned: Props): Props => ({
  ...(flag(planned, "allowSquashMerge")
    ? {
        squash_merge_commit_title: planned.squashMergeCommitTitle,
        squash_merge_commit_message: planned.squashMergeCommitMessage,
      }
    : {}),
  ...(flag(planned, "allowMergeCommit")
    ? { merge_commit_title: planned.mergeCommitTitle, merge_commit_message: planned.mergeCommitMessage }
    : {}),
});

const switches = (planned: Props): Props => ({
  has_issues: flag(planned, "hasIssues"),
  has_projects: flag(planned, "hasProjects"),
  has_wiki: flag(planned, "hasWiki"),
  has_discussions: flag(planned, "hasDiscussions"),
  is_template: flag(planned, "isTemplate"),
  auto_init: flag(planned, "autoInit"),
  gitignore_template: str(planned, "gitignoreTemplate"),
  license_template: str(planned, "licenseTemplate"),
  allow_squash_merge: flag(planned, "allowSquashMerge"),
  allow_merge_commit: flag(planned, "allowMergeCommit"),
  allow_rebase_merge: flag(planned, "allowRebaseMerge"),
  allow_update_branch: flag(planned, "allowUpdateBranch"),
  allow_auto_merge: flag(planned, "allowAutoMerge"),
  delete_branch_on_merge: flag(planned, "deleteBranchOnMerge"),
});

const createBody = (planned: Props): Props => ({
  name: planned.name,
  description: str(planned, "description"),
  homepage: str(planned, "homepageUrl"),
  visibility: visibilityOf(planned),
  ...switches(planned),
  ...mergeTitles(planned),
});

const editBody = (planned: Props): Props => ({
  name: planned.name,
  description: str(planned, "description"),
  homepage: str(planned, "homepageUrl"),
  ...switches(planned),
  ...mergeTitles(planned),
  ...(list(planned, "topics").length > 0 ? { topics: hashedValues(list<string>(planned, "topics")) } : {}),
  archived: flag(planned, "archived"),
  has_downloads: flag(planned, "hasDownloads"),
});

const analysisOut = (block: Props): Props =>
  Object.fromEntries(
    ANALYSIS.flatMap(([property, wire]) =>
      isPlain(block[property]) ? [[wire, { status: (block[property] as Props).status }]] : [],
    ),
  );

/**
 * The live settings. Those that the program does not name are left out, or a plan with secret scanning alone would
 * never be at rest.
 */
function analysisBack(live: Props, asked: unknown): Props {
  const known = isPlain(asked) ? asked : undefined;
  return Object.fromEntries(
    ANALYSIS.flatMap(([property, wire]) =>
      isPlain(live[wire]) && (!known || known[property] !== undefined)
        ? [[property, { status: (live[wire] as Props).status }]]
        : [],
    ),
  );
}

function repositoryState(data: Repository): Props {
  const merging = data.archived
    ? {}
    : {
        allowAutoMerge: flag(data, "allow_auto_merge"),
        allowMergeCommit: flag(data, "allow_merge_commit"),
        allowRebaseMerge: flag(data, "allow_rebase_merge"),
        allowSquashMerge: flag(data, "allow_squash_merge"),
        allowUpdateBranch: flag(data, "allow_update_branch"),
        allowForking: flag(data, "allow_forking"),
        deleteBranchOnMerge: flag(data, "delete_branch_on_merge"),
        webCommitSignoffRequired: flag(data, "web_commit_signoff_required"),
        hasDownloads: flag(data, "has_downloads"),
        mergeCommitMessage: str(data, "merge_commit_message"),
        mergeCommitTitle: str(data, "merge_commit_title"),
        squashMergeCommitMessage: str(data, "squash_merge_commit_message"),
        squashMergeCommitTitle: str(data, "squash_merge_commit_title"),
      };
  return { ...repositoryFacts(data), ...merging, fork: data.fork === true ? "true" : "false" };
}

/** What the resource and the data source say about a repository in the same words. */
export const repositoryFacts = (data: Repository): Props => ({
  description: str(data, "description"),
  primaryLanguage: str(data, "language"),
  homepageUrl: str(data, "homepage"),
  private: flag(data, "private"),
  visibility: str(data, "visibility"),
  hasIssues: flag(data, "has_issues"),
  hasDiscussions: flag(data, "has_discussions"),
  hasProjects: flag(data, "has_projects"),
  hasWiki: flag(data, "has_wiki"),
  isTemplate: flag(data, "is_template"),
  fullName: str(data, "full_name"),
  defaultBranch: data.default_branch,
  htmlUrl: str(data, "html_url"),
  sshCloneUrl: str(data, "ssh_url"),
  svnUrl: str(data, "svn_url"),
  gitCloneUrl: str(data, "git_url"),
  httpCloneUrl: str(data, "clone_url"),
  archived: data.archived ?? false,
  topics: list(data, "topics"),
  nodeId: data.node_id,
  repoId: data.id,
});
