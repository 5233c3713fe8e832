/** RepositoryRuleset and OrganizationRuleset: the same object at two levels. */
import { ProviderError, type CheckFailure, type Props } from "../../types";
import { flag, idParts, list, num, orGone, str, type Api, type Kind, type Live } from "../kind";
import { isPlain, isUnknown, type Field, type Fields } from "../fields";
import { fromWire, keepComputed, organizationRuleFields, repositoryRuleFields, toWire, type WireRule } from "./rules";
import { getRepository, unlessArchived } from "./shared";

interface Answered {
  id: number;
  node_id: string;
  name: string;
  target: string;
  enforcement: string;
  bypass_actors?: { actor_id: number | null; actor_type: string; bypass_mode: string }[];
  conditions?: Props;
  rules: WireRule[];
}

const strings: Field = { kind: "list", required: true };
const refName: Field = { kind: "object", fields: { includes: strings, excludes: strings } };
const property: Field = {
  kind: "list",
  fields: {
    name: { kind: "string", required: true },
    propertyValues: strings,
    source: { kind: "string", default: "custom" },
  },
};

/** The order of the actors does not count: both lists are compared sorted by actor id, as the plugin does it. */
function sameActors(old: unknown, next: unknown): boolean {
  const sorted = (value: unknown): string =>
    JSON.stringify(
      (Array.isArray(value) ? (value as Props[]) : [])
        .map((actor) => [num(actor, "actorId"), actor.actorType, actor.bypassMode])
        .sort(([a], [b]) => (b as number) - (a as number)),
    );
  return !isUnknown(next) && sorted(old) === sorted(next);
}

const common = (rules: Fields, conditions: Fields): Fields => ({
  name: { kind: "string", required: true, autoname: true },
  target: { kind: "string", required: true, oneOf: ["branch", "push", "tag"] },
  enforcement: { kind: "string", required: true, oneOf: ["disabled", "active", "evaluate"] },
  bypassActors: {
    kind: "list",
    same: sameActors,
    fields: {
      actorId: { kind: "number" },
      actorType: {
        kind: "string",
        required: true,
        oneOf: ["RepositoryRole", "Team", "Integration", "OrganizationAdmin", "DeployKey", "EnterpriseOwner", "User"],
      },
      bypassMode: { kind: "string", required: true, oneOf: ["always", "pull_request", "exempt"] },
    },
  },
  conditions: { kind: "object", fields: conditions },
  rules: { kind: "object", required: true, fields: rules },
  rulesetId: { kind: "number", output: true },
  nodeId: { kind: "string", output: true },
  etag: { kind: "string", output: true },
});

/** One level: where its rulesets live, and who is their source. */
interface Level {
  token: string;
  fields: Fields;
  rules: Fields;
  organizationOnly: boolean;
  collection(api: Api, state: Props): string;
  source(api: Api, state: Props): { source_type: string; source: string };
  /** Called before a write; false means that nothing may be written. */
  writable(api: Api, state: Props): Promise<boolean>;
  readQuery: Record<string, string>;
  importState(api: Api, id: string): Live;
}

function ruleset(level: Level): Kind {
  const one = (api: Api, id: string, state: Props): string => `${level.collection(api, state)}/${id}`;
  const body = (api: Api, planned: Props): Props => ({
    name: planned.name,
    target: planned.target,
    ...level.source(api, planned),
    enforcement: planned.enforcement,
    bypass_actors: list<Props>(planned, "bypassActors").map((actor) => ({
      ...(num(actor, "actorId") ? { actor_id: actor.actorId } : {}),
      actor_type: actor.actorType,
      bypass_mode: actor.bypassMode,
    })),
    ...conditionsOut(planned.conditions),
    rules: toWire(isPlain(planned.rules) ? planned.rules : {}),
  });
  const keys = (answered: Answered, etag: string): Props => ({
    rulesetId: answered.id,
    nodeId: answered.node_id ?? "",
    etag,
  });

  return {
    token: level.token,
    schemaVersion: 1,
    organizationOnly: level.organizationOnly,
    fields: level.fields,
    validate,
    async create(api, planned) {
      if (!(await level.writable(api, planned))) {
        throw new ProviderError(
          `cannot create ruleset on archived repository ${api.owner}/${str(planned, "repository")}`,
        );
      }
      const { data, etag } = await api.client.rest<Answered>("POST", level.collection(api, planned), {
        body: body(api, planned),
      });
      return {
        id: String(data.id),
        state: { ...planned, ...keys(data, etag), rules: fromWire(data.rules ?? [], level.rules) },
      };
    },
    async update(api, id, planned, state) {
      if (!(await level.writable(api, planned))) return { id, state };
      const wanted =
        isPlain(planned.rules) && isPlain(state.rules)
          ? { ...planned, rules: keepComputed(planned.rules, state.rules) }
          : planned;
      const { data, etag } = await api.client.rest<Answered>("PUT", one(api, id, planned), { body: body(api, wanted) });
      return { id: String(data.id), state: { ...wanted, ...keys(data, etag) } };
    },
    async read(api, id, state) {
      const answer = await orGone(
        api.client.rest<Answered>("GET", one(api, id, state), { query: level.readQuery, etag: str(state, "etag") }),
      );
      if (!answer) return undefined;
      if (answer.status === 304) return { id, state };
      const live = answer.data;
      const conditions = conditionsBack(live.conditions);
      const { conditions: _before, ...rest } = state;
      return {
        id,
        state: {
          ...rest,
          name: live.name,
          target: live.target,
          enforcement: live.enforcement,
          bypassActors: (live.bypass_actors ?? []).map((actor) => ({
            actorId: actor.actor_id ?? 0,
            actorType: actor.actor_type,
            bypassMode: actor.bypass_mode,
          })),
          ...(conditions ? { conditions } : {}),
          rules: fromWire(live.rules ?? [], level.rules),
          ...keys(live, answer.etag),
        },
      };
    },
    async delete(api, id, state) {
      await unlessArchived(api.client.rest("DELETE", one(api, id, state)));
    },
    async importState(api, id) {
      return level.importState(api, id);
    },
    async find(api, inputs) {
      const found = await api.client.list<{ id: number; name: string; target: string; source_type?: string }>(
        level.collection(api, inputs),
        { query: { ...level.readQuery, per_page: 100 } },
      );
      const mine = found.find((candidate) => candidate.name === inputs.name && candidate.target === inputs.target);
      return mine && String(mine.id);
    },
  };
}

/** What the provider itself refuses, before any call: GitHub's own answers to these are harder to understand. */
function validate(inputs: Props): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const refuse = (property: string, reason: string): void => void failures.push({ property, reason });
  const target = str(inputs, "target");
  const rules = isPlain(inputs.rules) ? inputs.rules : {};
  const conditions = isPlain(inputs.conditions) ? inputs.conditions : undefined;
  const pushRules = ["filePathRestriction", "maxFileSize", "maxFilePathLength", "fileExtensionRestriction"];
  if (target === "push" && conditions?.refName !== undefined)
    refuse("conditions.refName", "ref_name must not be set for push target");
  if ((target === "branch" || target === "tag") && !isUnknown(inputs.conditions) && conditions?.refName === undefined) {
    refuse("conditions.refName", `ref_name must be set for ${target} target`);
  }
  for (const name of Object.keys(rules)) {
    if (!rules[name]) continue;
    const wire = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (name === "updateAllowsFetchAndMerge" && target)
      refuse(`rules.${name}`, `rule "${wire}" is not valid for ${target} target`);
    else if (target === "push" && !pushRules.includes(name))
      refuse(`rules.${name}`, `rule "${wire}" is not valid for push target`);
    else if (target !== "push" && target !== "" && pushRules.includes(name))
      refuse(`rules.${name}`, `rule "${wire}" is not valid for ${target} target`);
  }
  return failures;
}

function conditionsOut(conditions: unknown): { conditions?: Props } {
  if (!isPlain(conditions) || Object.keys(conditions).length === 0) return {};
  const names = (value: unknown): Props => ({
    include: list(value as Props, "includes"),
    exclude: list(value as Props, "excludes"),
  });
  const properties = (items: Props[]): Props[] =>
    items.map((item) => ({
      name: item.name,
      source: str(item, "source") || "custom",
      property_values: item.propertyValues,
    }));
  const wire: Props = {};
  if (isPlain(conditions.refName)) wire.ref_name = names(conditions.refName);
  if (isPlain(conditions.repositoryName))
    wire.repository_name = {
      ...names(conditions.repositoryName),
      protected: flag(conditions.repositoryName, "protected"),
    };
  else if (list(conditions, "repositoryIds").length > 0)
    wire.repository_id = { repository_ids: list(conditions, "repositoryIds") };
  else if (isPlain(conditions.repositoryProperty)) {
    const { repositoryProperty } = conditions;
    wire.repository_property = {
      include: properties(list(repositoryProperty, "includes")),
      exclude: properties(list(repositoryProperty, "excludes")),
    };
  }
  return { conditions: wire };
}

function conditionsBack(wire: Props | undefined): Props | undefined {
  if (!wire || Object.keys(wire).length === 0) return undefined;
  const names = (value: Props): Props => ({ includes: list(value, "include"), excludes: list(value, "exclude") });
  const properties = (items: Props[]): Props[] =>
    items.map((item) => ({
      name: item.name,
      source: str(item, "source") || "custom",
      propertyValues: item.property_values,
    }));
  const conditions: Props = {};
  if (isPlain(wire.ref_name)) conditions.refName = names(wire.ref_name);
  if (isPlain(wire.repository_name))
    conditions.repositoryName = { ...names(wire.repository_name), protected: flag(wire.repository_name, "protected") };
  if (isPlain(wire.repository_id)) conditions.repositoryIds = list(wire.repository_id, "repository_ids");
  if (isPlain(wire.repository_property)) {
    const { repository_property: found } = wire;
    conditions.repositoryProperty = {
      includes: properties(list(found, "include")),
      excludes: properties(list(found, "exclude")),
    };
  }
  return conditions;
}

export const repositoryRuleset: Kind = ruleset({
  token: "github:index/repositoryRuleset:RepositoryRuleset",
  organizationOnly: false,
  rules: repositoryRuleFields,
  fields: {
    ...common(repositoryRuleFields, { refName: { ...refName, required: true } as Field }),
    repository: { kind: "string", required: true },
  },
  collection: (api, state) => `repos/${api.owner}/${str(state, "repository")}/rulesets`,
  source: (_api, state) => ({ source_type: "Repository", source: str(state, "repository") }),
  writable: async (api, state) => !(await getRepository(api, str(state, "repository"))).data.archived,
  readQuery: { includes_parents: "false" },
  importState(_api, id) {
    const [repository = "", ruleset = ""] = idParts(id, 2, "repository:ruleset id");
    return { id: ruleset, state: { repository } };
  },
});

export const organizationRuleset: Kind = ruleset({
  token: "github:index/organizationRuleset:OrganizationRuleset",
  organizationOnly: true,
  rules: organizationRuleFields,
  fields: common(organizationRuleFields, {
    refName,
    repositoryName: {
      kind: "object",
      fields: { includes: strings, excludes: strings, protected: { kind: "boolean", default: false } },
    },
    repositoryIds: { kind: "list" },
    repositoryProperty: { kind: "object", fields: { includes: property, excludes: property } },
  }),
  collection: (api) => `orgs/${api.owner}/rulesets`,
  source: (api) => ({ source_type: "Organization", source: api.owner }),
  writable: async () => true,
  readQuery: {},
  importState: (_api, id) => ({ id, state: {} }),
});
