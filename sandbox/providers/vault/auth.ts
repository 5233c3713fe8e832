import { isZero, type Properties } from "../support/properties";
import type { Live, ResourceType } from "../support/resource";
import type { Props } from "../types";
import type { VaultClient } from "./client";
import { getMount, remount } from "./mount";
import { durationOf, flagOf, listOf, NAMESPACE, sameDuration, textOf } from "./values";

/** How tokens of an auth method behave; the server's defaults where the program says nothing. */
export const TUNE: Properties = {
  tune: {
    kind: "object",
    computed: true,
    fields: {
      defaultLeaseTtl: { kind: "string", same: sameDuration },
      maxLeaseTtl: { kind: "string", same: sameDuration },
      auditNonHmacRequestKeys: { kind: "list" },
      auditNonHmacResponseKeys: { kind: "list" },
      listingVisibility: { kind: "string" },
      passthroughRequestHeaders: { kind: "list" },
      allowedResponseHeaders: { kind: "list" },
      tokenType: { kind: "string" },
    },
  },
};

const PROPERTIES: Properties = {
  ...NAMESPACE,
  ...TUNE,
  type: { kind: "string", required: true, replace: true },
  path: {
    kind: "string",
    computed: true,
    same: (old, next) => String(old) === String(next) || `${String(old)}/` === next || old === `${String(next)}/`,
  },
  description: { kind: "string" },
  disableRemount: { kind: "boolean", default: false },
  identityTokenKey: { kind: "string" },
  local: { kind: "boolean", replace: true },
  accessor: { kind: "string", output: true },
};

/** An auth method. */
export const AUTH_BACKEND: ResourceType<VaultClient> = {
  properties: PROPERTIES,
  schemaVersion: 1,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const path = textOf(plan, "path") || textOf(plan, "type");
    await client.askVersion();
    await enableAuth(client, path, plan);
    exists({ id: path, outs: {} });
    if (!isZero(plan.tune)) await tuneAuth(client, path, plan.tune as Props);
    return (await readBackend(client, path, plan)) ?? { id: path, outs: {} };
  },

  read: (root, id, state) => readBackend(root.within(state.namespace), id, adopted(state)),

  async update(root, id, { plan, changed }) {
    const client = root.within(plan.namespace);
    await client.askVersion();
    const path = await moveAuth(client, id, plan, changed);
    const description =
      changed.has("description") || changed.has("identityTokenKey") ? { description: textOf(plan, "description") } : {};
    if (changed.has("tune") || "description" in description)
      await tuneAuth(client, path, changed.has("tune") ? ((plan.tune ?? {}) as Props) : undefined, description);
    return (await readBackend(client, path, plan)) ?? { id: path, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(`sys/auth/${id}`),

  async find(root, inputs) {
    const path = textOf(inputs, "path") || textOf(inputs, "type");
    return (await getMount(root.within(inputs.namespace), `auth/${path}`)) ? path : undefined;
  },

  replaceAlso: (plan) => (flagOf(plan, "disableRemount") ? ["path"] : []),
};

async function readBackend(client: VaultClient, path: string, state: Props): Promise<Live | undefined> {
  const mount = await getMount(client, `auth/${path}`);
  if (!mount) return undefined;
  const tune = await readTune(client, path, state);
  return {
    id: path,
    outs: {
      type: mount.type,
      path,
      description: mount.description,
      local: mount.local,
      accessor: mount.accessor,
      disableRemount: flagOf(state, "disableRemount"),
      tune,
    },
  };
}

/**
 * The state to read by. One without an accessor is no state but the inputs of a create that was cut off: whether its
 * tune settings reached the server is for the server to say.
 */
export function adopted(state: Props): Props {
  return state.accessor === undefined ? { ...state, tune: undefined } : state;
}

/** Mounts an auth method. */
export async function enableAuth(client: VaultClient, path: string, plan: Props): Promise<void> {
  await client.call({
    method: "POST",
    path: `sys/auth/${path}`,
    body: {
      type: textOf(plan, "type"),
      description: textOf(plan, "description"),
      config: { options: null, default_lease_ttl: "", max_lease_ttl: "", force_no_cache: false },
      local: flagOf(plan, "local"),
      seal_wrap: false,
      external_entropy_access: false,
      options: null,
    },
  });
}

/** Moves an auth method when its path changes; answers with the path it has then. */
export async function moveAuth(
  client: VaultClient,
  id: string,
  plan: Props,
  changed: ReadonlySet<string>,
): Promise<string> {
  if (!changed.has("path")) return id;
  const path = textOf(plan, "path");
  await remount(client, `auth/${id}`, `auth/${path}`);
  return path;
}

/** Writes the tune settings of an auth method. With `tune` undefined only `more` (such as the description) changes. */
export async function tuneAuth(
  client: VaultClient,
  path: string,
  tune: Props | undefined,
  more: Props = {},
): Promise<void> {
  const lists = tune && {
    // An empty list is sent as one empty text, which the server takes for "none".
    audit_non_hmac_request_keys: orEmptyText(listOf(tune, "auditNonHmacRequestKeys")),
    audit_non_hmac_response_keys: orEmptyText(listOf(tune, "auditNonHmacResponseKeys")),
    passthrough_request_headers: orEmptyText(listOf(tune, "passthroughRequestHeaders")),
    allowed_response_headers: orEmptyText(listOf(tune, "allowedResponseHeaders")),
  };
  const visibility = tune ? textOf(tune, "listingVisibility") : "";
  const tokenType = tune ? textOf(tune, "tokenType") : "";
  await client.call({
    method: "POST",
    path: `sys/mounts/auth/${path}/tune`,
    body: {
      options: null,
      default_lease_ttl: tune ? textOf(tune, "defaultLeaseTtl") : "",
      ...more,
      max_lease_ttl: tune ? textOf(tune, "maxLeaseTtl") : "",
      force_no_cache: false,
      ...lists,
      ...(visibility === "" ? {} : { listing_visibility: visibility }),
      ...(tokenType === "" ? {} : { token_type: tokenType }),
    },
  });
}

/**
 * Reads the tune settings. Where the program set some, its own spelling and its silences win over the server's
 * defaults.
 */
export async function readTune(client: VaultClient, path: string, state: Props): Promise<Props> {
  const live = (await client.read(`sys/mounts/auth/${path}/tune`)) ?? {};
  const own = isZero(state.tune) ? undefined : (state.tune as Props);
  const keys = (name: string): unknown[] => listOf(live, name).filter((key) => key !== "");
  return {
    defaultLeaseTtl: own ? textOf(own, "defaultLeaseTtl") : durationOf(Number(live.default_lease_ttl ?? 0)),
    maxLeaseTtl: own ? textOf(own, "maxLeaseTtl") : durationOf(Number(live.max_lease_ttl ?? 0)),
    auditNonHmacRequestKeys: keys("audit_non_hmac_request_keys"),
    auditNonHmacResponseKeys: keys("audit_non_hmac_response_keys"),
    passthroughRequestHeaders: keys("passthrough_request_headers"),
    allowedResponseHeaders: keys("allowed_response_headers"),
    listingVisibility: own && textOf(own, "listingVisibility") === "" ? "" : textOf(live, "listing_visibility"),
    tokenType: own && textOf(own, "tokenType") === "" ? "" : textOf(live, "token_type"),
  };
}

function orEmptyText(list: unknown[]): unknown[] {
  return list.length > 0 ? list : [""];
}
