import { ApiError, errors } from "../http/errors";
import type { Call } from "../http/router";
import { timestamp, type Bucket, type LockRule } from "../state";
import type { Routes } from "./world";

const BASE = "accounts/:account/r2/buckets";

/** R2 buckets, their lock and lifecycle rules, and their objects, which are those that Workers read and write. */
export const r2Routes: Routes = (router, { account, runtime }) => {
  const bucket = (call: Call): Bucket => {
    const found = account.buckets.get(call.param("bucket"));
    if (found === undefined) throw new ApiError(404, 10006, "The specified bucket does not exist.");
    return found;
  };
  const describe = (b: Bucket): Record<string, unknown> => ({
    name: b.name,
    creation_date: b.creationDate,
    ...(b.location ? { location: b.location } : {}),
    storage_class: b.storageClass,
    jurisdiction: b.jurisdiction,
  });
  const storageClass = (value: unknown): string => {
    if (value === undefined || value === null) return "Standard";
    if (value !== "Standard" && value !== "InfrequentAccess")
      throw new ApiError(400, 10062, "The storage class specified is not valid.");
    return value;
  };
  /** @throws ApiError 403 when a lock rule protects the object */
  const checkLock = async (b: Bucket, key: string): Promise<void> => {
    if (b.lock.every((rule) => !rule.enabled)) return;
    const object = await (await runtime.r2(b.name)).head(key);
    if (object !== null && isLocked(b.lock, key, object.uploaded, new Date()))
      throw new ApiError(403, 10069, "The object is locked by the bucket's lock rules.");
  };
  router
    .on("GET", BASE, (call) => {
      const wanted = call.query.get("name_contains") ?? "";
      const buckets = [...account.buckets.values()].filter((b) => b.name.includes(wanted)).map(describe);
      return { result: { buckets }, resultInfo: { cursor: "", per_page: 1000 } };
    })
    .on("POST", BASE, (call) => {
      const { name, locationHint, storageClass: wanted } = call.object();
      if (typeof name !== "string" || !/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name))
        throw new ApiError(400, 10005, "The specified bucket name is not valid.");
      if (account.buckets.has(name))
        throw new ApiError(409, 10004, "The bucket you tried to create already exists, and you own it.");
      const created: Bucket = {
        name,
        creationDate: timestamp(),
        location: typeof locationHint === "string" ? locationHint.toUpperCase() : "WNAM",
        storageClass: storageClass(wanted),
        jurisdiction: call.header("cf-r2-jurisdiction") ?? "default",
        lock: [],
        lifecycle: [],
      };
      account.buckets.set(name, created);
      return { result: describe(created) };
    })
    .on("GET", `${BASE}/:bucket`, (call) => ({ result: describe(bucket(call)) }))
    .on("PATCH", `${BASE}/:bucket`, (call) => {
      bucket(call).storageClass = storageClass(call.header("cf-r2-storage-class"));
      return { result: describe(bucket(call)) };
    })
    .on("DELETE", `${BASE}/:bucket`, async (call) => {
      const { name } = bucket(call);
      const content = await (await runtime.r2(name)).list({ limit: 1 });
      if (content.objects.length > 0) throw new ApiError(409, 10008, "The bucket you tried to delete is not empty.");
      account.buckets.delete(name);
      return { result: {} };
    })
    .on("GET", `${BASE}/:bucket/lock`, (call) => ({ result: { rules: bucket(call).lock } }))
    .on("PUT", `${BASE}/:bucket/lock`, async (call) => {
      bucket(call).lock = lockRules(call.object()["rules"]);
      await runtime.apply(); // Workers that hold the bucket feel the rules too
      return { result: {} };
    })
    .on("GET", `${BASE}/:bucket/lifecycle`, (call) => ({ result: { rules: bucket(call).lifecycle } }))
    .on("PUT", `${BASE}/:bucket/lifecycle`, (call) => {
      const { rules } = call.object();
      if (rules !== undefined && !Array.isArray(rules)) throw errors.invalid("rules must be a list");
      bucket(call).lifecycle = (rules ?? []) as unknown[];
      return { result: {} };
    })
    .on("GET", `${BASE}/:bucket/objects`, async (call) => {
      const perPage = Number(call.query.get("per_page") ?? call.query.get("limit") ?? 20);
      if (!(Number.isInteger(perPage) && perPage >= 1 && perPage <= 1000))
        throw errors.invalid("per_page must be from 1 to 1000");
      const given = (
        option: "prefix" | "delimiter" | "cursor" | "startAfter",
        name: string,
      ): Record<string, string> => {
        const value = call.query.get(name);
        return value === null ? {} : { [option]: value };
      };
      const found = await (
        await runtime.r2(bucket(call).name)
      ).list({
        ...given("prefix", "prefix"),
        ...given("delimiter", "delimiter"),
        ...given("cursor", "cursor"),
        ...given("startAfter", "start_after"),
        limit: perPage,
        include: ["httpMetadata", "customMetadata"],
      });
      return {
        result: found.objects.map((o) => ({
          key: o.key,
          etag: o.etag,
          last_modified: o.uploaded.toISOString(),
          size: o.size,
          http_metadata: o.httpMetadata ?? {},
          custom_metadata: o.customMetadata ?? {},
          storage_class: o.storageClass || "Standard",
        })),
        resultInfo: {
          cursor: found.truncated ? found.cursor : "",
          is_truncated: found.truncated,
          per_page: perPage,
          ...(found.delimitedPrefixes.length > 0 ? { delimited: found.delimitedPrefixes } : {}),
        },
      };
    })
    .on("GET", `${BASE}/:bucket/objects/*key`, async (call) => {
      const object = await (await runtime.r2(bucket(call).name)).get(call.param("key"));
      if (object === null) throw new ApiError(404, 10007, "The specified key does not exist.");
      return {
        raw: {
          body: new Uint8Array(await object.arrayBuffer()),
          type: object.httpMetadata?.contentType ?? "application/octet-stream",
          headers: { etag: object.httpEtag, "last-modified": object.uploaded.toUTCString() },
        },
      };
    })
    .on("PUT", `${BASE}/:bucket/objects/*key`, async (call) => {
      const b = bucket(call);
      await checkLock(b, call.param("key"));
      const stored = await (
        await runtime.r2(b.name)
      ).put(call.param("key"), new Uint8Array(call.body), {
        httpMetadata: { contentType: call.header("content-type") ?? "application/octet-stream" },
      });
      return {
        result: {
          key: stored?.key,
          etag: stored?.etag,
          size: String(stored?.size ?? 0),
          version: stored?.version,
          storage_class: "Standard",
        },
      };
    })
    .on("DELETE", `${BASE}/:bucket/objects/*key`, async (call) => {
      const b = bucket(call);
      const key = call.param("key");
      await checkLock(b, key);
      const storage = await runtime.r2(b.name);
      if ((await storage.head(key)) === null) throw new ApiError(404, 10007, "The specified key does not exist.");
      await storage.delete(key);
      return { result: { key } };
    });
};

/** Whether any enabled rule keeps an object from being deleted or overwritten now. */
export function isLocked(rules: readonly LockRule[], key: string, uploaded: Date, now: Date): boolean {
  return rules.some((rule) => {
    if (!rule.enabled || !key.startsWith(rule.prefix ?? "")) return false;
    switch (rule.condition.type) {
      case "Indefinite":
        return true;
      case "Date":
        return now.getTime() < Date.parse(rule.condition.date);
      case "Age":
        return now.getTime() < uploaded.getTime() + rule.condition.maxAgeSeconds * 1000;
    }
  });
}

function lockRules(value: unknown): readonly LockRule[] {
  if (value === undefined || value === null) return [];
  const bad = (message: string): ApiError =>
    new ApiError(400, 10070, `The bucket lock configuration is not valid: ${message}`);
  if (!Array.isArray(value)) throw bad("rules must be a list");
  return value.map((rule: Partial<LockRule>) => {
    if (typeof rule?.id !== "string" || typeof rule.enabled !== "boolean") throw bad("a rule needs id and enabled");
    const condition = rule.condition as { type?: string; maxAgeSeconds?: unknown; date?: unknown } | undefined;
    const good =
      condition?.type === "Indefinite" ||
      (condition?.type === "Age" && Number.isInteger(condition.maxAgeSeconds)) ||
      (condition?.type === "Date" && typeof condition.date === "string" && !Number.isNaN(Date.parse(condition.date)));
    if (!good) throw bad(`rule ${rule.id} needs a condition of type Age, Date or Indefinite`);
    return rule as LockRule;
  });
}
