import { isZero, type Properties } from "../support/properties";
import type { Change, Live, ResourceType } from "../support/resource";
import { ProviderError, type Props } from "../types";
import { VaultError, type VaultClient } from "./client";
import { readTokenFields, TOKEN_FIELDS, tokenFieldsOfCreate, tokenFieldsOfUpdate } from "./tokenFields";
import { flagOf, listOf, NAMESPACE, nonZero, pick, textOf, trimSlashes, unpick } from "./values";

const ROLE: Properties = {
  ...NAMESPACE,
  ...TOKEN_FIELDS,
  roleName: { kind: "string", required: true, replace: true },
  roleId: { kind: "string", computed: true },
  bindSecretId: { kind: "boolean", default: true },
  secretIdBoundCidrs: { kind: "set" },
  secretIdNumUses: { kind: "number" },
  secretIdTtl: { kind: "number" },
  localSecretIds: { kind: "boolean", default: false },
  backend: {
    kind: "string",
    default: "approle",
    replace: true,
    same: (old, next) => trimSlashes(old) === trimSlashes(next),
  },
};
const SECRET_ID_NAMES = ["bindSecretId", "secretIdNumUses", "secretIdTtl", "secretIdBoundCidrs", "localSecretIds"];

/** An AppRole: which secret ids open it, and which tokens it gives out. */
export const APPROLE_ROLE: ResourceType<VaultClient> = {
  properties: ROLE,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const id = rolePath(plan);
    await client.write(id, {
      ...tokenFieldsOfCreate(plan),
      ...pick(ROLE, plan, ["bindSecretId", "localSecretIds"]),
      ...nonZero(ROLE, plan, ["secretIdNumUses", "secretIdTtl", "secretIdBoundCidrs"]),
    });
    exists({ id, outs: {} });
    if (!isZero(plan.roleId)) await client.write(`${id}/role-id`, { role_id: textOf(plan, "roleId") });
    return (await readRole(client, id, plan)) ?? { id, outs: {} };
  },

  read: (root, id, state) => readRole(root.within(state.namespace), id, state),

  async update(root, id, change: Change) {
    const client = root.within(change.plan.namespace);
    await client.write(id, {
      ...tokenFieldsOfUpdate(change),
      ...pick(
        ROLE,
        change.plan,
        SECRET_ID_NAMES.filter((name) => change.changed.has(name)),
      ),
    });
    if (change.changed.has("roleId")) await client.write(`${id}/role-id`, { role_id: textOf(change.plan, "roleId") });
    return (await readRole(client, id, change.plan)) ?? { id, outs: {} };
  },

  delete: (root, id, state) => root.within(state.namespace).remove(id),

  async find(root, inputs) {
    const id = rolePath(inputs);
    return (await root.within(inputs.namespace).read(id)) ? id : undefined;
  },
};

function rolePath(plan: Props): string {
  return `auth/${trimSlashes(plan.backend)}/role/${trimSlashes(plan.roleName)}`;
}

async function readRole(client: VaultClient, id: string, state: Props): Promise<Live | undefined> {
  const data = await client.read(id);
  if (!data) return undefined;
  const [, backend, name] = /^auth\/(.+)\/role\/([^/]+)$/.exec(id) ?? [];
  const roleId = await client.read(`${id}/role-id`);
  return {
    id,
    outs: {
      ...readTokenFields(data, state),
      ...unpick(ROLE, data, SECRET_ID_NAMES),
      backend,
      roleName: name,
      roleId: roleId?.role_id,
    },
  };
}

const SECRET_ID: Properties = {
  ...NAMESPACE,
  roleName: { kind: "string", required: true, replace: true },
  secretId: { kind: "string", computed: true, replace: true, secret: true },
  cidrLists: { kind: "set", replace: true, wire: "cidr_list" },
  tokenBoundCidrs: { kind: "set", replace: true },
  // The server answers "{}" where there is no metadata.
  metadata: { kind: "json", replace: true, absent: (value) => value === "{}" },
  ttl: { kind: "number", replace: true },
  numUses: { kind: "number", replace: true },
  backend: {
    kind: "string",
    default: "approle",
    replace: true,
    same: (old, next) => trimSlashes(old) === trimSlashes(next),
  },
  withWrappedAccessor: { kind: "boolean", replace: true },
  wrappingTtl: { kind: "string", replace: true },
  accessor: { kind: "string", output: true },
  wrappingToken: { kind: "string", output: true, secret: true },
  wrappingAccessor: { kind: "string", output: true },
};

/**
 * A secret id of an AppRole. It can only be made anew. With `wrappingTtl` the state holds a single-use wrapping token
 * instead of it.
 */
export const APPROLE_SECRET_ID: ResourceType<VaultClient> = {
  properties: SECRET_ID,

  async create(root, { plan }, exists) {
    const client = root.within(plan.namespace);
    const own = textOf(plan, "secretId") !== "";
    const answer = await client.call({
      method: "PUT",
      path: `${rolePath(plan)}/${own ? "custom-secret-id" : "secret-id"}`,
      body: {
        ...(own ? { secret_id: textOf(plan, "secretId") } : {}),
        ...joined("cidr_list", listOf(plan, "cidrLists")),
        ...joined("token_bound_cidrs", listOf(plan, "tokenBoundCidrs")),
        metadata: isZero(plan.metadata) ? "" : JSON.stringify(JSON.parse(textOf(plan, "metadata"))),
        ...nonZero(SECRET_ID, plan, ["ttl", "numUses"]),
      },
      ...(isZero(plan.wrappingTtl) ? {} : { headers: { "x-vault-wrap-ttl": textOf(plan, "wrappingTtl") } }),
    });
    const made = idAndOutputs(plan, answer);
    exists(made);
    const live = await readSecretId(client, made.id);
    return live ? { id: made.id, outs: { ...made.outs, ...live.outs } } : made;
  },

  read: (root, id, state) => readSecretId(root.within(state.namespace), id),

  async delete(root, id, state) {
    const { role, accessor, wrapped } = parseId(id);
    const [path, key] = wrapped
      ? ["auth/token/revoke-accessor", "accessor"]
      : [`${role}/secret-id-accessor/destroy`, "secret_id_accessor"];
    try {
      await root.within(state.namespace).write(path, { [key]: accessor });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  },

  check(inputs) {
    if (isZero(inputs.metadata) || typeof inputs.metadata !== "string") return [];
    try {
      JSON.parse(inputs.metadata);
      return [];
    } catch {
      return [{ property: "metadata", reason: "must be a JSON document" }];
    }
  },
};

function joined(key: string, list: unknown[]): Props {
  return list.length > 0 ? { [key]: list.join(",") } : {};
}

function idAndOutputs(plan: Props, answer: Record<string, unknown> | undefined): Live {
  const role = rolePath(plan);
  const wrapped = !isZero(plan.wrappingTtl);
  const withAccessor = flagOf(plan, "withWrappedAccessor");
  if (!wrapped) {
    const data = (answer?.data ?? {}) as Props;
    const accessor = textOf(data, "secret_id_accessor");
    return { id: idOf(role, accessor, false), outs: { secretId: data.secret_id, accessor } };
  }
  const info = (answer?.wrap_info ?? {}) as Props;
  const accessor = textOf(info, withAccessor ? "wrapped_accessor" : "accessor");
  // With the accessor of the secret id itself, it can be looked up like one that is not wrapped.
  return { id: idOf(role, accessor, !withAccessor), outs: { wrappingToken: info.token, wrappingAccessor: accessor } };
}

function idOf(role: string, accessor: string, wrapped: boolean): string {
  const [, backend, name] = /^auth\/(.+)\/role\/([^/]+)$/.exec(role) ?? [];
  return `backend=${backend}::role=${name}::accessor=${wrapped ? "wrapped-" : ""}${accessor}`;
}

function parseId(id: string): { role: string; accessor: string; wrapped: boolean } {
  const [, backend, role, mark, accessor] = /^backend=(.+)::role=(.+)::accessor=(wrapped-)?(.+)$/.exec(id) ?? [];
  if (!backend || !role || !accessor) throw new ProviderError(`not the id of an AppRole secret id: ${id}`);
  return { role: `auth/${trimSlashes(backend)}/role/${trimSlashes(role)}`, accessor, wrapped: mark !== undefined };
}

function isGone(error: unknown): boolean {
  return (
    error instanceof VaultError &&
    (error.status === 404 ||
      error.words.some((word) => /invalid accessor|does not exist|failed to find accessor/i.test(word)))
  );
}

async function readSecretId(client: VaultClient, id: string): Promise<Live | undefined> {
  const { role, accessor, wrapped } = parseId(id);
  try {
    if (wrapped) {
      await client.write("auth/token/lookup-accessor", { accessor });
      return { id, outs: {} };
    }
    const data = await client.write(`${role}/secret-id-accessor/lookup`, { secret_id_accessor: accessor });
    if (!data) return undefined;
    const [, backend, name] = /^auth\/(.+)\/role\/([^/]+)$/.exec(role) ?? [];
    return {
      id,
      outs: {
        backend,
        roleName: name,
        cidrLists: addresses(data.cidr_list),
        tokenBoundCidrs: addresses(data.token_bound_cidrs),
        metadata: JSON.stringify(data.metadata ?? {}),
        accessor,
        ttl: data.secret_id_ttl,
        numUses: data.secret_id_num_uses,
      },
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function addresses(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === "string" && value !== "" ? value.split(",") : [];
}
