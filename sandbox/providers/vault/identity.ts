import { isZero, type Properties } from "../support/properties";
import type { Live, ResourceType } from "../support/resource";
import { ProviderError, type Props } from "../types";
import type { VaultClient } from "./client";
import { flagOf, NAMESPACE, nonZero, pick, textOf, unpick } from "./values";

const ENTITY: Properties = {
  ...NAMESPACE,
  name: { kind: "string", computed: true, autoname: true },
  metadata: { kind: "map" },
  policies: { kind: "set" },
  externalPolicies: { kind: "boolean", default: false },
  disabled: { kind: "boolean" },
};

/** An identity. */
export const IDENTITY_ENTITY: ResourceType<VaultClient> = {
  properties: ENTITY,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const names = flagOf(plan, "externalPolicies") ? ["metadata", "disabled"] : ["metadata", "policies", "disabled"];
    const data = await client.write("identity/entity", { ...nonZero(ENTITY, plan, names), name: textOf(plan, "name") });
    if (!data) throw new ProviderError(`the identity entity "${textOf(plan, "name")}" exists already`);
    const id = textOf(data, "id");
    exists({ id, outs: {} });
    return (await readEntity(client, id)) ?? { id, outs: {} };
  },

  async read(root, id, state) {
    const client = root.within(state.namespace);
    // Asked for twice: once whether it exists, once for its values.
    return (await readEntity(client, id)) ? readEntity(client, id) : undefined;
  },

  async update(root, id, { plan }) {
    const client = root.within(plan.namespace);
    const names = [
      "name",
      "metadata",
      "disabled",
      "externalPolicies",
      ...(flagOf(plan, "externalPolicies") ? [] : ["policies"]),
    ];
    await client.write(`identity/entity/id/${id}`, pick(ENTITY, plan, names));
    return (await readEntity(client, id)) ?? { id, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(`identity/entity/id/${id}`),

  async find(root, inputs) {
    const data = await root.within(inputs.namespace).read(`identity/entity/name/${textOf(inputs, "name")}`);
    return data ? textOf(data, "id") : undefined;
  },
};

async function readEntity(client: VaultClient, id: string): Promise<Live | undefined> {
  const data = await client.read(`identity/entity/id/${id}`);
  return data ? { id, outs: unpick(ENTITY, data, ["name", "metadata", "disabled", "policies"]) } : undefined;
}

const ALIAS: Properties = {
  ...NAMESPACE,
  name: { kind: "string", required: true, autoname: true },
  mountAccessor: { kind: "string", required: true },
  canonicalId: { kind: "string", required: true },
  customMetadata: { kind: "map" },
};
const ALIAS_NAMES = ["name", "mountAccessor", "canonicalId", "customMetadata"];

/** The name under which an auth method knows an identity. */
export const IDENTITY_ENTITY_ALIAS: ResourceType<VaultClient> = {
  properties: ALIAS,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const taken = await lookUpAlias(client, plan);
    if (taken !== undefined)
      throw new ProviderError(
        `the entity alias "${textOf(plan, "name")}" exists already for the mount accessor ${textOf(plan, "mountAccessor")}: id ${taken}`,
      );
    const data = await client.write("identity/entity-alias", aliasBody(plan));
    if (!data)
      throw new ProviderError(`Vault gave no answer to the creation of the entity alias "${textOf(plan, "name")}"`);
    const id = textOf(data, "id");
    exists({ id, outs: {} });
    return (await readAlias(client, id)) ?? { id, outs: {} };
  },

  read: (root, id, state) => readAlias(root.within(state.namespace), id),

  async update(root, id, { plan }) {
    const client = root.within(plan.namespace);
    await client.write(`identity/entity-alias/id/${id}`, aliasBody(plan));
    return (await readAlias(client, id)) ?? { id, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(`identity/entity-alias/id/${id}`),

  find: (root, inputs) => lookUpAlias(root.within(inputs.namespace), inputs),
};

function aliasBody(plan: Props): Props {
  return {
    ...pick(ALIAS, plan, ["canonicalId", "mountAccessor", "name"]),
    ...(isZero(plan.customMetadata) ? {} : { custom_metadata: plan.customMetadata }),
  };
}

async function readAlias(client: VaultClient, id: string): Promise<Live | undefined> {
  const data = await client.read(`identity/entity-alias/id/${id}`);
  return data ? { id, outs: unpick(ALIAS, data, ALIAS_NAMES) } : undefined;
}

/** The id of the alias of that name at that mount, when there is one. */
async function lookUpAlias(client: VaultClient, plan: Props): Promise<string | undefined> {
  const data = await client.write("identity/lookup/entity", {
    alias_mount_accessor: textOf(plan, "mountAccessor"),
    alias_name: textOf(plan, "name"),
  });
  const aliases = (data?.aliases ?? []) as Props[];
  const found = aliases.find((alias) => alias.name === plan.name && alias.mount_accessor === plan.mountAccessor);
  return found ? textOf(found, "id") : undefined;
}
