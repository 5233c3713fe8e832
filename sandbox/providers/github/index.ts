/**
 * The sandbox's stand-in for the plugin `github` 6.15.0: the resource types and functions that a posture uses, over the
 * calls that the real plugin makes (method, path, query, body, ETags and order).
 *
 * Known to differ: a changed `repository` of RepositoryFile, RepositoryEnvironment and RepositoryVulnerabilityAlerts is
 * always a replacement (the plugin asks GitHub first whether it was a rename, but a diff makes no call here).
 */
import { DeclarativeProvider, typeOfUrn } from "../support/provider";
import type { DiffResult, ProviderPackage, Props, SandboxProvider } from "../types";
import { ACCEPT, GitHubClient, isNotFound } from "./client";
import { functions } from "./functions";
import { resourceType, type Api, type Kind } from "./kind";
import { actionsRepositoryPermissions, workflowRepositoryPermissions } from "./resources/actions";
import { branch } from "./resources/branch";
import { branchProtection } from "./resources/branchProtection";
import { issueLabel } from "./resources/issueLabel";
import { membership } from "./resources/membership";
import { repositoryPullRequest } from "./resources/pullRequest";
import { repository } from "./resources/repository";
import { repositoryCollaborator } from "./resources/repositoryCollaborator";
import { repositoryEnvironment } from "./resources/repositoryEnvironment";
import { repositoryFile } from "./resources/repositoryFile";
import { organizationRuleset, repositoryRuleset } from "./resources/rulesets";
import { team } from "./resources/team";
import { teamMembership, teamRepository } from "./resources/teamMembers";
import { repositoryVulnerabilityAlerts } from "./resources/vulnerabilityAlerts";
import { organizationWebhook, repositoryWebhook } from "./resources/webhooks";
import { readSettings } from "./settings";

const kinds: Readonly<Record<string, Kind>> = Object.fromEntries(
  [
    membership,
    team,
    teamMembership,
    teamRepository,
    branchProtection,
    repositoryRuleset,
    organizationRuleset,
    repositoryFile,
    workflowRepositoryPermissions,
    actionsRepositoryPermissions,
    repositoryWebhook,
    organizationWebhook,
    repositoryCollaborator,
    repositoryEnvironment,
    issueLabel,
    repository,
    repositoryVulnerabilityAlerts,
    branch,
    repositoryPullRequest,
  ].map((kind) => [kind.token, kind]),
);

const types = Object.fromEntries(Object.entries(kinds).map(([token, kind]) => [token, resourceType(kind)]));

class GitHubProvider extends DeclarativeProvider<Api> {
  override async diff(
    id: string,
    urn: string,
    oldOutputs: Props,
    oldInputs: Props,
    newInputs: Props,
    ignoreChanges?: readonly string[],
  ): Promise<DiffResult> {
    const found = await super.diff(id, urn, oldOutputs, oldInputs, newInputs, ignoreChanges);
    const first = found.replaces.length > 0 && kinds[typeOfUrn(urn)]?.deleteBeforeReplace;
    return first ? { ...found, deleteBeforeReplace: true } : found;
  }
}

/** Asks who the owner is, as the plugin does at the start of every operation, previews included. */
async function connect(config: Props, env: NodeJS.ProcessEnv): Promise<Api> {
  const settings = readSettings(config, env);
  const client = new GitHubClient(settings);
  const owner = settings.owner ?? (await client.rest<{ login: string }>("GET", "user")).data.login;
  try {
    const { data } = await client.rest<{ id: number }>("GET", `orgs/${owner}`, { accept: ACCEPT.organization });
    return { client, owner, organizationId: data.id };
  } catch (error) {
    // Not an organization: a user's account, for which some types are refused.
    if (isNotFound(error)) return { client, owner };
    throw error;
  }
}

/** A provider for a configured account. */
export function githubProvider(api: () => Promise<Api>): SandboxProvider {
  return new GitHubProvider({ name: "github", flavour: "sdk", falsyDefaults: false, types, functions, client: api });
}

export const githubPackage: ProviderPackage = {
  name: "github",
  version: "6.15.0",
  types: Object.keys(types),
  functions: Object.keys(functions),
  async create(config, env): Promise<SandboxProvider> {
    const api = await connect(config, env);
    return githubProvider(() => Promise.resolve(api));
  },
};
