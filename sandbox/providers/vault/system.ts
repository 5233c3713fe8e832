import { isZero, type Properties } from "../support/properties";
import type { Live, ResourceType } from "../support/resource";
import type { Props } from "../types";
import { VaultError, type VaultClient } from "./client";
import { NAMESPACE, nonZero, pick, textOf, unpick } from "./values";

const QUOTA: Properties = {
  ...NAMESPACE,
  name: { kind: "string", required: true, replace: true, autoname: true },
  path: { kind: "string", replace: true },
  rate: { kind: "number", required: true },
  secondaryRate: { kind: "number", computed: true },
  interval: { kind: "number", computed: true },
  blockInterval: { kind: "number" },
  role: { kind: "string" },
  inheritable: { kind: "boolean" },
  groupBy: { kind: "string", computed: true },
};

/** A limit of requests per path. */
export const QUOTA_RATE_LIMIT: ResourceType<VaultClient> = {
  properties: QUOTA,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const name = textOf(plan, "name");
    await client.askVersion();
    await client.write(quotaPath(name), quotaBody(plan));
    exists({ id: name, outs: {} });
    return (await readQuota(client, name, plan)) ?? { id: name, outs: {} };
  },

  async read(root, id, state) {
    const client = root.within(state.namespace);
    // The real plugin asks whether the quota exists before it reads it, and for the version between the two.
    if (!(await client.read(quotaPath(id)))) return undefined;
    await client.askVersion();
    return readQuota(client, id, state);
  },

  async update(root, id, { plan }) {
    const client = root.within(plan.namespace);
    await client.askVersion();
    await client.write(quotaPath(id), quotaBody(plan));
    return (await readQuota(client, id, plan)) ?? { id, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(quotaPath(id)),

  async find(root, inputs) {
    const name = textOf(inputs, "name");
    return (await root.within(inputs.namespace).read(quotaPath(name))) ? name : undefined;
  },
};

function quotaPath(name: string): string {
  return `sys/quotas/rate-limit/${name}`;
}

function quotaBody(plan: Props): Props {
  return {
    ...pick(QUOTA, plan, ["path", "rate"]),
    ...nonZero(QUOTA, plan, ["interval", "blockInterval", "role", "groupBy", "secondaryRate"]),
    ...(plan.inheritable === undefined ? {} : pick(QUOTA, plan, ["inheritable"])),
  };
}

async function readQuota(client: VaultClient, name: string, state: Props): Promise<Live | undefined> {
  const data = await client.read(quotaPath(name));
  if (!data) return undefined;
  // The server chooses `inheritable` by the path; only a value that the program chose is compared.
  const names = [
    "name",
    "path",
    "rate",
    "interval",
    "blockInterval",
    "role",
    "groupBy",
    "secondaryRate",
    ...(isZero(state.inheritable) ? [] : ["inheritable"]),
  ];
  return { id: name, outs: unpick(QUOTA, data, names) };
}

/** A request header that the audit log keeps. */
export const AUDIT_REQUEST_HEADER: ResourceType<VaultClient> = {
  properties: {
    ...NAMESPACE,
    name: { kind: "string", required: true, replace: true, autoname: true },
    hmac: { kind: "boolean" },
  },

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const name = textOf(plan, "name");
    await client.write(headerPath(name), nonZero({ hmac: { kind: "boolean" } }, plan, ["hmac"]));
    exists({ id: name, outs: {} });
    return (await readHeader(client, name)) ?? { id: name, outs: {} };
  },

  async read(root, id, state) {
    const client = root.within(state.namespace);
    // Asked for twice: once whether it exists, once for its value.
    return (await readHeader(client, id)) ? readHeader(client, id) : undefined;
  },

  async update(root, id, { plan }) {
    const client = root.within(plan.namespace);
    await client.write(headerPath(id), nonZero({ hmac: { kind: "boolean" } }, plan, ["hmac"]));
    return (await readHeader(client, id)) ?? { id, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(headerPath(id)),

  async find(root, inputs) {
    const name = textOf(inputs, "name");
    return (await readHeader(root.within(inputs.namespace), name)) ? name : undefined;
  },
};

function headerPath(name: string): string {
  return `sys/config/auditing/request-headers/${name}`;
}

async function readHeader(client: VaultClient, name: string): Promise<Live | undefined> {
  try {
    const data = await client.read(headerPath(name));
    // The server may answer with the name in lower case.
    const entry = Object.entries(data ?? {}).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] as
      Props | undefined;
    return entry ? { id: name, outs: { name, hmac: entry.hmac } } : undefined;
  } catch (error) {
    // Here the server says 400 rather than 404.
    if (error instanceof VaultError && error.status === 400 && error.words.includes("Could not find header in config"))
      return undefined;
    throw error;
  }
}
