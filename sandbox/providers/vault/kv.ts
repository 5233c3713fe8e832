import { isZero, sameJson, type Properties } from "../support/properties";
import type { Live, ResourceType } from "../support/resource";
import { ProviderError, type Props } from "../types";
import { VaultError, type VaultClient } from "./client";
import { flagOf, NAMESPACE, nonZero, pick, secondsOf, textOf, unpick } from "./values";

const CONFIG: Properties = {
  ...NAMESPACE,
  mount: { kind: "string", required: true, replace: true },
  maxVersions: { kind: "number", computed: true },
  casRequired: { kind: "boolean", computed: true },
  deleteVersionAfter: { kind: "number" },
};

/** The settings of a KV version 2 engine. They cannot be removed, only the engine can. */
export const KV_CONFIG: ResourceType<VaultClient> = {
  properties: CONFIG,

  async create(root, { plan }, exists) {
    const id = `${textOf(plan, "mount")}/config`;
    const client = root.within(plan.namespace);
    await writeRetrying(client, id, pick(CONFIG, plan, ["casRequired", "deleteVersionAfter", "maxVersions"]));
    exists({ id, outs: {} });
    return (await readConfig(client, id)) ?? { id, outs: {} };
  },

  read: (root, id, state) => readConfig(root.within(state.namespace), id),

  async update(root, id, { plan }) {
    const client = root.within(plan.namespace);
    await writeRetrying(client, id, pick(CONFIG, plan, ["casRequired", "deleteVersionAfter", "maxVersions"]));
    return (await readConfig(client, id)) ?? { id, outs: {} };
  },
};

async function readConfig(client: VaultClient, id: string): Promise<Live | undefined> {
  const data = await client.read(id);
  if (!data) return undefined;
  return {
    id,
    outs: {
      mount: id.replace(/\/config$/, ""),
      ...unpick(CONFIG, data, ["maxVersions", "casRequired"]),
      deleteVersionAfter: secondsOf(data.delete_version_after ?? 0) ?? 0,
    },
  };
}

const METADATA: Properties = {
  casRequired: { kind: "boolean" },
  data: { kind: "map", wire: "custom_metadata" },
  deleteVersionAfter: { kind: "number" },
  maxVersions: { kind: "number" },
};

const SECRET: Properties = {
  ...NAMESPACE,
  mount: { kind: "string", required: true, replace: true },
  name: { kind: "string", required: true, replace: true, autoname: true },
  cas: { kind: "number" },
  options: { kind: "map" },
  disableRead: { kind: "boolean", default: false },
  dataJson: { kind: "string", secret: true, same: sameJson },
  dataJsonWo: { kind: "string", secret: true, writeOnly: true },
  dataJsonWoVersion: { kind: "number" },
  deleteAllVersions: { kind: "boolean", default: false },
  customMetadata: { kind: "object", computed: true, fields: METADATA },
  path: { kind: "string", output: true },
  data: { kind: "map", output: true, secret: true },
  metadata: { kind: "map", output: true },
};

/**
 * A secret. Faithful to a fault: every update of any property puts the data again, and so overwrites what others wrote
 * since. Pulumi should own the engine and its policies, not a value that is rotated elsewhere.
 */
export const KV_SECRET: ResourceType<VaultClient> = {
  properties: SECRET,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const id = await writeSecret(client, plan, textOf(plan, "dataJson") || textOf(plan, "dataJsonWo"));
    exists({ id, outs: { path: id } });
    await writeMetadata(client, plan);
    return (await readSecret(client, id, plan)) ?? { id, outs: { path: id } };
  },

  read: (root, id, state) => readSecret(root.within(state.namespace), id, state),

  async update(root, _id, { plan, changed }) {
    const client = root.within(plan.namespace);
    const id = await writeSecret(
      client,
      plan,
      textOf(plan, "dataJson") || (changed.has("dataJsonWoVersion") ? textOf(plan, "dataJsonWo") : ""),
    );
    await writeMetadata(client, plan);
    return (await readSecret(client, id, plan)) ?? { id, outs: { path: id } };
  },

  delete: (root, _id, state) =>
    root.within(state.namespace).remove(secretPath(state, flagOf(state, "deleteAllVersions") ? "metadata" : "data")),

  async find(root, inputs) {
    const id = secretPath(inputs, "data");
    return (await root.within(inputs.namespace).read(id)) ? id : undefined;
  },

  check(inputs) {
    if (!isZero(inputs.dataJson) && !isZero(inputs.dataJsonWo))
      return [{ property: "dataJson", reason: `conflicts with "dataJsonWo"` }];
    return [];
  },
};

function secretPath(plan: Props, kind: "data" | "metadata"): string {
  return `${textOf(plan, "mount")}/${kind}/${textOf(plan, "name")}`;
}

async function writeSecret(client: VaultClient, plan: Props, json: string): Promise<string> {
  const path = secretPath(plan, "data");
  // `cas` at the top level is what the real plugin sends, and what the server ignores; only options.cas counts.
  await writeRetrying(client, path, { cas: Number(plan.cas ?? 0), data: dataOf(json), options: plan.options ?? {} });
  return path;
}

function dataOf(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    // The parser's own message would quote the secret.
    throw new ProviderError(json === "" ? "data_json is empty: nothing to write" : "data_json is no JSON document");
  }
}

/**
 * The text that the plugin keeps: what Go's encoder makes of it, with sorted keys and with `<`, `>` and `&` escaped. A
 * state that keeps another text would be written again by the real engine, which Vault's check-and-set refuses.
 */
function asStored(json: unknown): unknown {
  if (typeof json !== "string") return json;
  return JSON.stringify(sortKeys(dataOf(json))).replace(
    /[<>&\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}

async function writeMetadata(client: VaultClient, plan: Props): Promise<void> {
  if (isZero(plan.customMetadata)) return;
  await client.write(
    secretPath(plan, "metadata"),
    nonZero(METADATA, plan.customMetadata as Props, Object.keys(METADATA)),
  );
}

async function readSecret(client: VaultClient, id: string, state: Props): Promise<Live | undefined> {
  const [, mount, name] = /^(.+?)\/data\/(.+)$/.exec(id) ?? [];
  const known = { path: id, mount, name, ...(isZero(state.dataJson) ? {} : { dataJson: asStored(state.dataJson) }) };
  if (flagOf(state, "disableRead")) return { id, outs: known };
  const answer = await client.read(id);
  if (!answer) return undefined;
  const version = (answer.metadata ?? {}) as Props;
  const outs: Props = {
    ...known,
    data: {},
    metadata: Object.fromEntries(
      Object.entries(version).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
  };
  if (!("custom_metadata" in version)) return { id, outs };
  const live = await client.read(`${mount}/metadata/${name}`);
  if (live)
    outs.customMetadata = {
      ...unpick(METADATA, live, ["casRequired", "data", "maxVersions"]),
      deleteVersionAfter: secondsOf(live.delete_version_after ?? 0) ?? 0,
    };
  return { id, outs };
}

/** Tries of a KV write that the server refuses with 400, and the pause between them in milliseconds. */
const WRITE_TRIES = 61;
const WRITE_PAUSE_MS = 500;

/**
 * Writes, again and again while the server says 400: the upgrade of a fresh engine to version 2 answers so for a
 * moment. The real plugin does the same, also for refusals that no waiting can cure.
 */
async function writeRetrying(client: VaultClient, path: string, body: Props): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.write(path, body);
      return;
    } catch (error) {
      if (!(error instanceof VaultError) || error.status !== 400 || attempt >= WRITE_TRIES) throw error;
      await client.pause(WRITE_PAUSE_MS);
    }
  }
}
