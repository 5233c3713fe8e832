import type { Properties } from "../support/properties";
import { isZero } from "../support/properties";
import type { Live, ResourceType } from "../support/resource";
import type { Props } from "../types";
import { VaultError, type VaultClient } from "./client";
import { flagOf, NAMESPACE, nonZero, numberOf, pick, textOf, trimSlashes, unpick } from "./values";

const PROPERTIES: Properties = {
  ...NAMESPACE,
  path: { kind: "string", required: true },
  type: { kind: "string", required: true, replace: true },
  description: { kind: "string" },
  defaultLeaseTtlSeconds: { kind: "number", computed: true },
  maxLeaseTtlSeconds: { kind: "number", computed: true },
  forceNoCache: { kind: "boolean", computed: true },
  auditNonHmacRequestKeys: { kind: "list", computed: true },
  auditNonHmacResponseKeys: { kind: "list", computed: true },
  listingVisibility: { kind: "string" },
  passthroughRequestHeaders: { kind: "list" },
  allowedResponseHeaders: { kind: "list" },
  pluginVersion: { kind: "string" },
  allowedManagedKeys: { kind: "set" },
  delegatedAuthAccessors: { kind: "list" },
  identityTokenKey: { kind: "string" },
  options: { kind: "map" },
  sealWrap: { kind: "boolean", computed: true, replace: true },
  externalEntropyAccess: { kind: "boolean", default: false, replace: true },
  local: { kind: "boolean", replace: true },
  accessor: { kind: "string", output: true },
};

/** Sent at a create only when set, at a change only when they change. */
const TUNABLE = [
  "auditNonHmacRequestKeys",
  "auditNonHmacResponseKeys",
  "allowedManagedKeys",
  "passthroughRequestHeaders",
  "allowedResponseHeaders",
  "delegatedAuthAccessors",
  "listingVisibility",
  "pluginVersion",
];

/** A secrets engine. A change of the path moves it (remount), all else is tuned in place. */
export const MOUNT: ResourceType<VaultClient> = {
  properties: PROPERTIES,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const path = textOf(plan, "path");
    await client.askVersion();
    await client.call({
      method: "POST",
      path: `sys/mounts/${path}`,
      body: {
        type: textOf(plan, "type"),
        description: textOf(plan, "description"),
        config: {
          options: null,
          default_lease_ttl: `${numberOf(plan, "defaultLeaseTtlSeconds")}s`,
          max_lease_ttl: `${numberOf(plan, "maxLeaseTtlSeconds")}s`,
          force_no_cache: flagOf(plan, "forceNoCache"),
          ...nonZero(PROPERTIES, plan, TUNABLE),
        },
        local: flagOf(plan, "local"),
        seal_wrap: flagOf(plan, "sealWrap"),
        external_entropy_access: flagOf(plan, "externalEntropyAccess"),
        options: plan.options ?? {},
      },
    });
    exists({ id: path, outs: {} });
    return (await readMount(client, path, plan)) ?? { id: path, outs: {} };
  },

  read: (root, id, state) => readMount(root.within(state.namespace), id, state),

  async update(root, id, { plan, changed }) {
    const client = root.within(plan.namespace);
    await client.askVersion();
    let path = id;
    if (changed.has("path")) {
      path = textOf(plan, "path");
      await remount(client, id, path);
    }
    await client.call({
      method: "POST",
      path: `sys/mounts/${path}/tune`,
      body: {
        default_lease_ttl: `${numberOf(plan, "defaultLeaseTtlSeconds")}s`,
        ...(changed.has("description") ? { description: textOf(plan, "description") } : {}),
        max_lease_ttl: `${numberOf(plan, "maxLeaseTtlSeconds")}s`,
        options: plan.options ?? {},
        ...pick(
          PROPERTIES,
          plan,
          TUNABLE.filter((name) => changed.has(name)),
        ),
      },
    });
    return (await readMount(client, path, plan)) ?? { id: path, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(`sys/mounts/${id}`),

  async find(root, inputs) {
    const path = textOf(inputs, "path");
    return (await readMount(root.within(inputs.namespace), path, inputs)) ? path : undefined;
  },
};

async function readMount(client: VaultClient, path: string, state: Props): Promise<Live | undefined> {
  const mount = await getMount(client, path);
  if (!mount) return undefined;
  const config = (mount.config ?? {}) as Props;
  const options = (mount.options ?? undefined) as Props | undefined;
  // "kv-v2" is an alias that the server answers as kv with an option; taken back, so that it is no change.
  const alias = state.type === "kv-v2" && mount.type === "kv" && options?.version === "2";
  const ownVersion = (state.options as Props | undefined)?.version;
  const shown =
    alias && ownVersion === undefined
      ? Object.fromEntries(Object.entries(options).filter(([key]) => key !== "version"))
      : options;
  return {
    id: path,
    outs: {
      path,
      type: alias ? "kv-v2" : mount.type,
      description: mount.description,
      defaultLeaseTtlSeconds: config.default_lease_ttl,
      maxLeaseTtlSeconds: config.max_lease_ttl,
      forceNoCache: config.force_no_cache,
      auditNonHmacRequestKeys: config.audit_non_hmac_request_keys ?? [],
      auditNonHmacResponseKeys: config.audit_non_hmac_response_keys ?? [],
      allowedManagedKeys: null,
      passthroughRequestHeaders: null,
      allowedResponseHeaders: null,
      delegatedAuthAccessors: null,
      ...unpick(PROPERTIES, config, [
        "allowedManagedKeys",
        "passthroughRequestHeaders",
        "allowedResponseHeaders",
        "delegatedAuthAccessors",
      ]),
      listingVisibility: config.listing_visibility ?? "",
      identityTokenKey: config.identity_token_key ?? "",
      options: shown && !isZero(shown) ? shown : null,
      sealWrap: mount.seal_wrap,
      externalEntropyAccess: mount.external_entropy_access,
      local: mount.local,
      accessor: mount.accessor,
    },
  };
}

/** A mount's entry, of a secrets engine or (`auth/…`) an auth method; undefined when nothing is mounted there. */
export async function getMount(client: VaultClient, path: string): Promise<Props | undefined> {
  try {
    return await client.read(`sys/mounts/${path}`);
  } catch (error) {
    // The server says 400 with these words rather than 404.
    if (
      error instanceof VaultError &&
      error.status === 400 &&
      error.words.some((word) => /^no (secret|auth) engine/i.test(word))
    )
      return undefined;
    throw error;
  }
}

/** Moves a mount and waits until it has moved (seconds at most). */
export async function remount(client: VaultClient, from: string, to: string): Promise<void> {
  const answer = await client.call({
    method: "POST",
    path: "sys/remount",
    body: { from: trimSlashes(from), to: trimSlashes(to) },
  });
  const id = (answer?.data as { migration_id?: unknown } | undefined)?.migration_id;
  if (typeof id !== "string") return;
  for (let attempt = 0; attempt < 60; attempt++) {
    const data = await client.read(`sys/remount/status/${id}`);
    const status = (data?.migration_info as { status?: unknown } | undefined)?.status;
    if (status === "success") return;
    if (status === "failure") throw new VaultError(`Vault could not move ${from} to ${to}`, 500, []);
    await client.pause(1000);
  }
  throw new VaultError(`Vault did not finish moving ${from} to ${to} within a minute`, 504, []);
}
