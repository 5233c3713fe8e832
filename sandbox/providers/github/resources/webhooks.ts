/** Webhooks of a repository and of an organization. */
import type { Props } from "../../types";
import { isPlain, type Fields } from "../fields";
import { flag, idParts, list, orGone, str, type Api, type Kind, type Live } from "../kind";
import { hashedStrings } from "../sets";
import { unlessArchived } from "./shared";

interface Hook {
  id: number;
  url: string;
  active: boolean;
  events: string[];
  config: { url: string; content_type?: string; insecure_ssl?: string | number; secret?: string };
}

interface Level {
  token: string;
  organizationOnly: boolean;
  extra: Fields;
  path(api: Api, state: Props): string;
  /** Reads of organization hooks are conditional, those of repository hooks are not. */
  etag(state: Props): string;
  importState(id: string): Live;
}

function webhook(level: Level): Kind {
  const body = (planned: Props): Props => ({
    config: configOut(planned.configuration),
    events: hashedStrings(list<string>(planned, "events")),
    active: flag(planned, "active"),
  });
  return {
    token: level.token,
    schemaVersion: 1,
    organizationOnly: level.organizationOnly,
    fields: {
      events: { kind: "set", required: true },
      configuration: {
        kind: "object",
        fields: {
          url: { kind: "string", required: true, secret: true },
          contentType: { kind: "string" },
          secret: { kind: "string", secret: true },
          insecureSsl: { kind: "boolean" },
        },
      },
      active: { kind: "boolean", default: true },
      url: { kind: "string", output: true },
      ...level.extra,
    },
    async create(api, planned, exists) {
      const { data } = await api.client.rest<Hook>("POST", level.path(api, planned), {
        body: { name: "web", ...body(planned) },
      });
      const id = String(data.id);
      exists({ id, state: { ...planned, url: data.url } });
      return (await this.read(api, id, planned)) ?? { id, state: planned };
    },
    async update(api, id, planned) {
      await api.client.rest("PATCH", `${level.path(api, planned)}/${id}`, {
        body: { url: str(planned, "url"), ...body(planned) },
      });
      return (await this.read(api, id, planned)) ?? { id, state: planned };
    },
    async read(api, id, state) {
      const answer = await orGone(
        api.client.rest<Hook>("GET", `${level.path(api, state)}/${id}`, { etag: level.etag(state) }),
      );
      if (!answer) return undefined;
      if (answer.status === 304) return { id, state };
      const { data } = answer;
      const secret = isPlain(state.configuration) ? str(state.configuration, "secret") : "";
      return {
        id,
        state: {
          ...state,
          url: data.url,
          active: data.active,
          // A set of texts: the state has it in alphabetical order.
          events: [...data.events].sort(),
          configuration: configBack(data.config, secret),
          etag: answer.etag,
        },
      };
    },
    async delete(api, id, state) {
      await unlessArchived(api.client.rest("DELETE", `${level.path(api, state)}/${id}`));
    },
    importState: async (_api, id) => level.importState(id),
    async find(api, inputs) {
      const wanted = isPlain(inputs.configuration) ? str(inputs.configuration, "url") : "";
      const hooks = await api.client.list<Hook>(level.path(api, inputs), { query: { per_page: 100 } });
      const mine = hooks.find((hook) => hook.config.url === wanted);
      return mine && String(mine.id);
    },
  };
}

const configOut = (configuration: unknown): Props =>
  isPlain(configuration)
    ? {
        ...(str(configuration, "contentType") ? { content_type: configuration.contentType } : {}),
        insecure_ssl: flag(configuration, "insecureSsl") ? "1" : "0",
        url: configuration.url,
        ...(str(configuration, "secret") ? { secret: configuration.secret } : {}),
      }
    : {};

/** The server masks the secret; the one in state stays. */
const configBack = (config: Hook["config"], secret: string): Props => ({
  url: config.url,
  contentType: config.content_type ?? "",
  insecureSsl: String(config.insecure_ssl ?? "0") === "1",
  ...(config.secret !== undefined && secret !== "" ? { secret } : {}),
});

export const repositoryWebhook: Kind = webhook({
  token: "github:index/repositoryWebhook:RepositoryWebhook",
  organizationOnly: false,
  extra: {
    repository: { kind: "string", required: true, replace: true },
    etag: { kind: "string", computed: true, same: () => true },
  },
  path: (api, state) => `repos/${api.owner}/${str(state, "repository")}/hooks`,
  etag: () => "",
  importState(id) {
    const [repository = "", hook = ""] = id.includes("/") ? id.split("/") : idParts(id, 2, "repository/hook id");
    return { id: hook, state: { repository } };
  },
});

export const organizationWebhook: Kind = webhook({
  token: "github:index/organizationWebhook:OrganizationWebhook",
  organizationOnly: true,
  extra: { etag: { kind: "string", output: true } },
  path: (api) => `orgs/${api.owner}/hooks`,
  etag: (state) => str(state, "etag"),
  importState: (id) => ({ id, state: { active: true } }),
});
