import { isZero, type Properties } from "../support/properties";
import type { Live, ResourceType } from "../support/resource";
import { hasUnknown } from "../support/properties";
import type { Props } from "../types";
import { adopted, enableAuth, moveAuth, readTune, TUNE, tuneAuth } from "./auth";
import type { VaultClient } from "./client";
import { getMount } from "./mount";
import { readTokenFields, TOKEN_FIELDS, tokenFieldsOfCreate, tokenFieldsOfUpdate } from "./tokenFields";
import { flagOf, NAMESPACE, nonZero, pick, textOf, trimSlashes, unpick } from "./values";

const CONFIG: Properties = {
  oidcDiscoveryUrl: { kind: "string" },
  oidcDiscoveryCaPem: { kind: "string" },
  oidcClientId: { kind: "string" },
  oidcResponseMode: { kind: "string" },
  oidcResponseTypes: { kind: "list" },
  jwksUrl: { kind: "string" },
  jwksCaPem: { kind: "string" },
  jwksPairs: { kind: "list" },
  jwtValidationPubkeys: { kind: "list" },
  boundIssuer: { kind: "string" },
  jwtSupportedAlgs: { kind: "list" },
  defaultRole: { kind: "string" },
  providerConfig: { kind: "map" },
  namespaceInState: { kind: "boolean", default: true },
};
const CONFIG_NAMES = Object.keys(CONFIG);

const BACKEND: Properties = {
  ...NAMESPACE,
  ...TUNE,
  ...CONFIG,
  path: { kind: "string", default: "jwt" },
  type: { kind: "string", default: "jwt", replace: true },
  description: { kind: "string" },
  disableRemount: { kind: "boolean", default: false },
  oidcClientSecret: { kind: "string", secret: true },
  oidcClientSecretWo: { kind: "string", secret: true, writeOnly: true },
  oidcClientSecretWoVersion: { kind: "number" },
  local: { kind: "boolean", default: false, replace: true },
  accessor: { kind: "string", output: true },
};

const SOURCES = ["oidcDiscoveryUrl", "jwksUrl", "jwksPairs", "jwtValidationPubkeys", "providerConfig"];

/** A JWT or OIDC auth method. */
export const JWT_AUTH_BACKEND: ResourceType<VaultClient> = {
  properties: BACKEND,
  schemaVersion: 1,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const path = textOf(plan, "path");
    await enableAuth(client, path, plan);
    exists({ id: path, outs: {} });
    await client.askVersion();
    // Only what the program gave (or a default) is sent; an unset key would clear the server's own default.
    await client.write(`auth/${path}/config`, {
      ...configOf(
        plan,
        CONFIG_NAMES.filter((name) => plan[name] !== undefined),
      ),
      ...clientSecretOf(plan),
    });
    if (!isZero(plan.tune)) await tuneAuth(client, path, plan.tune as Props);
    return (await readBackend(client, path, plan)) ?? { id: path, outs: {} };
  },

  async read(root, id, state) {
    const client = root.within(state.namespace);
    await client.askVersion();
    const live = await readBackend(client, id, adopted(state));
    if (live || state.accessor !== undefined) return live;
    // A create that was cut off between its two calls leaves a mount without configuration: adopted as it is, so that
    // an update configures it.
    const mount = await getMount(client, `auth/${id}`);
    const unset = Object.fromEntries(CONFIG_NAMES.map((name) => [name, null]));
    return (
      mount && { id, outs: { ...unset, path: id, type: mount.type, local: mount.local, accessor: mount.accessor } }
    );
  },

  async update(root, id, { plan, changed }) {
    const client = root.within(plan.namespace);
    await client.askVersion();
    const path = await moveAuth(client, id, plan, changed);
    // Every key goes along, the unset ones empty. A changed description does not: the real plugin never sends it.
    await client.write(`auth/${path}/config`, { ...configOf(plan, CONFIG_NAMES), ...clientSecretOf(plan) });
    if (changed.has("tune") && !isZero(plan.tune)) await tuneAuth(client, path, plan.tune as Props);
    return (await readBackend(client, path, plan)) ?? { id: path, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(`sys/auth/${id}`),

  async find(root, inputs) {
    const path = textOf(inputs, "path");
    return (await getMount(root.within(inputs.namespace), `auth/${path}`)) ? path : undefined;
  },

  check(inputs) {
    const given = SOURCES.filter((name) => hasUnknown(inputs[name]) || !isZero(inputs[name]));
    if (given.length > 0) return [];
    return [
      {
        property: "oidcDiscoveryUrl",
        reason: "exactly one of oidcDiscoveryUrl, jwksUrl, jwksPairs or jwtValidationPubkeys should be provided",
      },
    ];
  },

  replaceAlso: (plan) => (flagOf(plan, "disableRemount") ? ["path"] : []),
};

function configOf(plan: Props, names: readonly string[]): Props {
  const config = pick(CONFIG, plan, names);
  if (names.includes("providerConfig")) config.provider_config = providerConfigOf((plan.providerConfig ?? {}) as Props);
  return config;
}

/** The write-only secret is sent with every write: the server forgets it otherwise. */
function clientSecretOf(plan: Props): Props {
  const secret =
    textOf(plan, "oidcClientSecret") ||
    (isZero(plan.oidcClientSecretWoVersion) ? "" : textOf(plan, "oidcClientSecretWo"));
  return secret === "" ? {} : { oidc_client_secret: secret };
}

function providerConfigOf(config: Props): Props {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (key === "fetch_groups" || key === "fetch_user_info") return [key, String(value) === "true"];
      return [key, key === "groups_recurse_max_depth" ? Number(value) : value];
    }),
  );
}

async function readBackend(client: VaultClient, path: string, state: Props): Promise<Live | undefined> {
  const mount = await getMount(client, `auth/${path}`);
  if (!mount) return undefined;
  const config = await client.read(`auth/${path}/config`);
  if (!config) return undefined;
  const outs = unpick(CONFIG, config, CONFIG_NAMES);
  const providerConfig = outs.providerConfig as Props | null | undefined;
  if (providerConfig)
    outs.providerConfig = Object.fromEntries(
      Object.entries(providerConfig).map(([key, value]) => [key, String(value)]),
    );
  return {
    id: path,
    outs: {
      ...outs,
      path,
      type: mount.type,
      local: mount.local,
      accessor: mount.accessor,
      disableRemount: flagOf(state, "disableRemount"),
      tune: await readTune(client, path, state),
    },
  };
}

const ROLE: Properties = {
  ...NAMESPACE,
  ...TOKEN_FIELDS,
  roleName: { kind: "string", required: true, replace: true },
  roleType: { kind: "string", computed: true, replace: true },
  boundAudiences: { kind: "set" },
  userClaim: { kind: "string", required: true },
  clockSkewLeeway: { kind: "number", default: 0 },
  expirationLeeway: { kind: "number", default: 0 },
  notBeforeLeeway: { kind: "number", default: 0 },
  allowedRedirectUris: { kind: "set" },
  boundSubject: { kind: "string" },
  oidcScopes: { kind: "set" },
  boundClaimsType: { kind: "string", computed: true },
  boundClaims: { kind: "map" },
  disableBoundClaimsParsing: { kind: "boolean", default: false },
  claimMappings: { kind: "map" },
  groupsClaim: { kind: "string" },
  verboseOidcLogging: { kind: "boolean", default: false },
  userClaimJsonPointer: { kind: "boolean", default: false },
  maxAge: { kind: "number" },
  backend: {
    kind: "string",
    default: "jwt",
    replace: true,
    same: (old, next) => trimSlashes(old) === trimSlashes(next),
  },
};

/** What a role accepts and which tokens it gives out. */
export const JWT_AUTH_BACKEND_ROLE: ResourceType<VaultClient> = {
  properties: ROLE,

  async create(root, change, exists) {
    const client = root.within(change.plan.namespace);
    const id = roleId(change.plan);
    await client.write(id, {
      ...tokenFieldsOfCreate(change.plan),
      ...roleBody(change.plan, (name) => change.plan[name] !== undefined),
    });
    exists({ id, outs: {} });
    return (await readRole(client, id, change.plan)) ?? { id, outs: {} };
  },

  read: (root, id, state) => readRole(root.within(state.namespace), id, state),

  async update(root, id, change) {
    const client = root.within(change.plan.namespace);
    // What the server filled in since the create is part of the state and goes along.
    const known = (name: string): boolean => (change.plan[name] ?? change.state[name] ?? undefined) !== undefined;
    await client.write(id, { ...tokenFieldsOfUpdate(change), ...roleBody(change.plan, known) });
    return (await readRole(client, id, change.plan)) ?? { id, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(id),

  async find(root, inputs) {
    const id = roleId(inputs);
    return (await root.within(inputs.namespace).read(id)) ? id : undefined;
  },
};

function roleId(plan: Props): string {
  return `auth/${trimSlashes(plan.backend)}/role/${trimSlashes(plan.roleName)}`;
}

function roleBody(plan: Props, known: (name: string) => boolean): Props {
  const always = [
    "boundAudiences",
    "userClaim",
    "userClaimJsonPointer",
    "clockSkewLeeway",
    "expirationLeeway",
    "notBeforeLeeway",
    "verboseOidcLogging",
  ];
  return {
    ...pick(ROLE, plan, always),
    ...nonZero(ROLE, plan, ["maxAge", "allowedRedirectUris", "roleType", "oidcScopes", "claimMappings"]),
    ...pick(ROLE, plan, ["boundSubject", "boundClaimsType", "groupsClaim"].filter(known)),
    bound_claims: boundClaimsOf(plan),
  };
}

/** A claim's value is a list, split at commas unless the program says otherwise. */
function boundClaimsOf(plan: Props): Props {
  const whole = flagOf(plan, "disableBoundClaimsParsing");
  return Object.fromEntries(
    Object.entries((plan.boundClaims ?? {}) as Props).map(([claim, value]) => {
      const text = String(value);
      return [claim, whole ? [text.trim()] : text.split(",").map((part) => part.trim())];
    }),
  );
}

async function readRole(client: VaultClient, id: string, state: Props): Promise<Live | undefined> {
  const data = await client.read(id);
  if (!data) return undefined;
  const [, backend, name] = /^auth\/(.+)\/role\/([^/]+)$/.exec(id) ?? [];
  const claims = data.bound_claims as Props | null | undefined;
  const boundClaims = claims
    ? Object.fromEntries(
        Object.entries(claims).map(([claim, value]) => [claim, Array.isArray(value) ? value.join(",") : String(value)]),
      )
    : null;
  const plain = [
    "userClaim",
    "roleType",
    "boundSubject",
    "boundClaimsType",
    "groupsClaim",
    "clockSkewLeeway",
    "expirationLeeway",
    "notBeforeLeeway",
    "verboseOidcLogging",
    "userClaimJsonPointer",
    "maxAge",
  ];
  return {
    id,
    outs: {
      ...readTokenFields(data, state),
      ...unpick(ROLE, data, plain),
      boundAudiences: data.bound_audiences ?? [],
      oidcScopes: data.oidc_scopes ?? [],
      allowedRedirectUris: data.allowed_redirect_uris ?? null,
      claimMappings: data.claim_mappings ?? null,
      boundClaims,
      backend,
      roleName: name,
    },
  };
}
