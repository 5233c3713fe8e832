/** What workflows of a repository may do: which actions they may use, and what their own token may. */
import type { Props } from "../../types";
import { isPlain } from "../fields";
import { flag, list, str, type Api, type Kind } from "../kind";
import { hashedStrings } from "../sets";
import { defined } from "./shared";

const permissionsPath = (api: Api, repository: string): string =>
  `repos/${api.owner}/${repository}/actions/permissions`;

export const workflowRepositoryPermissions: Kind = {
  token: "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions",
  fields: {
    repository: { kind: "string", required: true },
    defaultWorkflowPermissions: { kind: "string", oneOf: ["read", "write"] },
    canApprovePullRequestReviews: { kind: "boolean", default: false },
  },
  async create(api, planned) {
    const repository = str(planned, "repository");
    const body = {
      default_workflow_permissions: str(planned, "defaultWorkflowPermissions"),
      can_approve_pull_request_reviews: flag(planned, "canApprovePullRequestReviews"),
    };
    await api.client.rest("PUT", `${permissionsPath(api, repository)}/workflow`, { body });
    return (await this.read(api, repository, planned)) ?? { id: repository, state: planned };
  },
  async update(api, _id, planned) {
    return this.create(api, planned, () => undefined);
  },
  async read(api, id, state) {
    const { data } = await api.client.rest<Props>("GET", `${permissionsPath(api, id)}/workflow`);
    return {
      id,
      state: {
        ...state,
        repository: id,
        defaultWorkflowPermissions: data.default_workflow_permissions,
        canApprovePullRequestReviews: flag(data, "can_approve_pull_request_reviews"),
      },
    };
  },
  async delete(api, id) {
    const body = { default_workflow_permissions: "read", can_approve_pull_request_reviews: false };
    await api.client.rest("PUT", `${permissionsPath(api, id)}/workflow`, { body });
  },
  importState: async (_api, id) => ({ id, state: { repository: id } }),
  // A setting that every repository has: creating it again writes the same.
  find: async (_api, inputs) => str(inputs, "repository"),
};

export const actionsRepositoryPermissions: Kind = {
  token: "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions",
  fields: {
    repository: { kind: "string", required: true },
    enabled: { kind: "boolean", default: true },
    allowedActions: { kind: "string", oneOf: ["all", "local_only", "selected"] },
    allowedActionsConfig: {
      kind: "object",
      fields: {
        githubOwnedAllowed: { kind: "boolean", required: true },
        patternsAlloweds: { kind: "set" },
        verifiedAllowed: { kind: "boolean" },
      },
    },
    shaPinningRequired: { kind: "boolean", computed: true },
  },
  async create(api, planned) {
    const repository = str(planned, "repository");
    const body = defined({
      enabled: flag(planned, "enabled"),
      allowed_actions: flag(planned, "enabled") ? str(planned, "allowedActions") : undefined,
      sha_pinning_required: flag(planned, "shaPinningRequired") || undefined,
    });
    await api.client.rest("PUT", permissionsPath(api, repository), { body });
    const config = planned.allowedActionsConfig;
    if (planned.allowedActions === "selected" && isPlain(config)) {
      const selected = {
        github_owned_allowed: flag(config, "githubOwnedAllowed"),
        verified_allowed: flag(config, "verifiedAllowed"),
        patterns_allowed: hashedStrings(list<string>(config, "patternsAlloweds")),
      };
      await api.client.rest("PUT", `${permissionsPath(api, repository)}/selected-actions`, { body: selected });
    }
    return (await this.read(api, repository, planned)) ?? { id: repository, state: planned };
  },
  async update(api, _id, planned) {
    return this.create(api, planned, () => undefined);
  },
  async read(api, id, state) {
    const { data } = await api.client.rest<Props>("GET", permissionsPath(api, id));
    const { allowedActionsConfig, ...rest } = state;
    const wanted =
      str(state, "allowedActions") === "" || (state.allowedActions === "selected" && isPlain(allowedActionsConfig));
    let config: Props | undefined;
    if (wanted && data.enabled === true && data.allowed_actions === "selected") {
      const selected = (await api.client.rest<Props>("GET", `${permissionsPath(api, id)}/selected-actions`)).data;
      config = {
        githubOwnedAllowed: flag(selected, "github_owned_allowed"),
        patternsAlloweds: list(selected, "patterns_allowed"),
        verifiedAllowed: flag(selected, "verified_allowed"),
      };
    }
    return {
      id,
      state: {
        ...rest,
        repository: id,
        enabled: flag(data, "enabled"),
        allowedActions: str(data, "allowed_actions"),
        allowedActionsConfig: config ?? null,
        shaPinningRequired: flag(data, "sha_pinning_required"),
      },
    };
  },
  async delete(api, id) {
    await api.client.rest("PUT", permissionsPath(api, id), { body: { enabled: true, allowed_actions: "all" } });
  },
  importState: async (_api, id) => ({ id, state: { repository: id } }),
  find: async (_api, inputs) => str(inputs, "repository"),
};
