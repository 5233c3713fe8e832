import { ApiError, errors } from "../http/errors";
import type { Call } from "../http/router";
import { hexId } from "../state";
import { page } from "./pages";
import type { Routes } from "./world";

const BASE = "accounts/:account/storage/kv/namespaces";

/** KV namespaces and their values, which are those that Workers read. */
export const kvRoutes: Routes = (router, { account, runtime }) => {
  const namespace = (call: Call): { id: string; title: string } => {
    const found = account.kv.get(call.param("namespace"));
    if (found === undefined) throw new ApiError(404, 10013, "namespace not found");
    return found;
  };
  const describe = (n: { id: string; title: string }): Record<string, unknown> => ({
    id: n.id,
    title: n.title,
    supports_url_encoding: true,
  });
  const title = (call: Call, own?: string): string => {
    const value = call.object()["title"];
    if (typeof value !== "string" || value === "" || value.length > 512)
      throw new ApiError(400, 10019, "title must be a string of 1 to 512 characters");
    if ([...account.kv.values()].some((n) => n.title === value && n.id !== own))
      throw new ApiError(400, 10014, "a namespace with this account ID and title already exists");
    return value;
  };
  const key = (call: Call): string => {
    const name = call.param("key");
    if (name === "." || name === ".." || Buffer.byteLength(name) > 512)
      throw new ApiError(400, 10021, `could not use the key: '${name.slice(0, 40)}'`);
    return name;
  };
  router
    .on("GET", BASE, (call) => page(call, [...account.kv.values()].map(describe)))
    .on("POST", BASE, (call) => {
      const created = { id: hexId(), title: title(call) };
      account.kv.set(created.id, created);
      return { result: describe(created) };
    })
    .on("GET", `${BASE}/:namespace`, (call) => ({ result: describe(namespace(call)) }))
    .on("PUT", `${BASE}/:namespace`, (call) => {
      const found = namespace(call);
      found.title = title(call, found.id);
      return { result: describe(found) };
    })
    .on("DELETE", `${BASE}/:namespace`, (call) => {
      const { id } = namespace(call);
      const users = [...account.scripts.values()].filter((s) =>
        s.bindings.some((b) => b["namespace_id"] === id && b.type === "kv_namespace"),
      );
      if (users.length > 0)
        throw new ApiError(400, 10043, `namespace is still bound to ${users.map((s) => s.name).join(", ")}`);
      account.kv.delete(id);
      return { result: { id } };
    })
    .on("GET", `${BASE}/:namespace/keys`, async (call) => {
      const kv = await runtime.kv(namespace(call).id);
      const limit = Number(call.query.get("limit") ?? 1000);
      if (!(limit >= 10 && limit <= 1000)) throw errors.invalid("limit must be from 10 to 1000");
      const found = await kv.list({
        prefix: call.query.get("prefix"),
        limit,
        cursor: call.query.get("cursor"),
      });
      return {
        result: found.keys,
        resultInfo: { count: found.keys.length, cursor: found.list_complete ? "" : found.cursor },
      };
    })
    .on("GET", `${BASE}/:namespace/values/:key`, async (call) => {
      const kv = await runtime.kv(namespace(call).id);
      const value = await kv.get(key(call), "arrayBuffer");
      if (value === null) throw new ApiError(404, 10009, "get: 'key not found'");
      return { raw: { body: new Uint8Array(value), type: "application/octet-stream" } };
    })
    .on("GET", `${BASE}/:namespace/metadata/:key`, async (call) => {
      const kv = await runtime.kv(namespace(call).id);
      const { value, metadata } = await kv.getWithMetadata(key(call), "arrayBuffer");
      if (value === null) throw new ApiError(404, 10009, "get: 'key not found'");
      return { result: metadata };
    })
    .on("PUT", `${BASE}/:namespace/values/:key`, async (call) => {
      const kv = await runtime.kv(namespace(call).id);
      const { value, metadata } = await valueOf(call);
      const expiration = call.query.get("expiration");
      const expirationTtl = call.query.get("expiration_ttl");
      if (Number(expirationTtl ?? 60) < 60) throw new ApiError(400, 10033, "expiration_ttl must be at least 60");
      await kv.put(key(call), value, {
        metadata,
        ...(expiration === null ? {} : { expiration: Number(expiration) }),
        ...(expirationTtl === null ? {} : { expirationTtl: Number(expirationTtl) }),
      });
      return { result: null };
    })
    .on("DELETE", `${BASE}/:namespace/values/:key`, async (call) => {
      const kv = await runtime.kv(namespace(call).id);
      await kv.delete(key(call));
      return { result: null };
    });
};

/** A value comes as the body itself, or as the part `value` of a form beside `metadata`. */
async function valueOf(call: Call): Promise<{ value: ArrayBuffer; metadata: unknown }> {
  if (!call.isMultipart()) return { value: new Uint8Array(call.body).buffer as ArrayBuffer, metadata: undefined };
  const form = await call.form();
  const part = form.get("value");
  if (part === null) throw errors.invalid("The form has no part called value");
  const value =
    typeof part === "string"
      ? (new TextEncoder().encode(part).buffer as ArrayBuffer)
      : await (part as Blob).arrayBuffer();
  const metadata = form.get("metadata");
  if (metadata === null) return { value, metadata: undefined };
  try {
    return { value, metadata: JSON.parse(typeof metadata === "string" ? metadata : await (metadata as Blob).text()) };
  } catch {
    throw errors.invalid("metadata is not JSON");
  }
}
