import { ApiError, errors } from "../http/errors";
import type { Call, Reply } from "../http/router";
import { parseCron } from "../runtime/cron";
import { RuntimeRefusal } from "../runtime/runtime";
import { durableNamespace, readUpload } from "../scripts/upload";
import { hexId, timestamp, uuid, type Binding, type Script } from "../state";
import { list } from "./pages";
import type { Routes, World } from "./world";

const BASE = "accounts/:account/workers";

/** Worker scripts: upload, settings, content, secrets, schedules, subdomain, versions and deployments. */
export const scriptRoutes: Routes = (router, world) => {
  const { account } = world;
  const script = (call: Call): Script => {
    const found = account.scripts.get(call.param("script"));
    if (found === undefined) throw errors.scriptNotFound();
    return found;
  };
  // Uploads are taken one after the other: each is checked against what the last one left.
  let uploads: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = uploads.then(work);
    uploads = result.catch(() => undefined);
    return result;
  };
  const replace = (name: string, make: () => Script | Promise<Script>): Promise<Script> => inTurn(async () => deploy(world, name, await make()));
  const change = (call: Call, patch: (before: Script) => Partial<Script>): Promise<Script> => replace(call.param("script"), () => ({ ...script(call), ...patch(script(call)) }));

  router
    .on("GET", `${BASE}/scripts`, () => list([...account.scripts.values()].map((s) => describe(s))))
    .on("PUT", `${BASE}/scripts/:script`, async (call) => {
      if (!call.isMultipart()) throw errors.upload("The sandbox takes scripts as multipart/form-data only");
      const form = await call.form();
      return { result: describe(await replace(call.param("script"), () => readUpload(account, call.param("script"), form))) };
    })
    .on("GET", `${BASE}/scripts/:script`, (call) => content(script(call)))
    .on("GET", `${BASE}/scripts/:script/content/v2`, (call) => content(script(call)))
    .on("DELETE", `${BASE}/scripts/:script`, (call) => inTurn(() => remove(world, script(call), call.query.get("force") === "true")))
    .on("GET", `${BASE}/scripts/:script/settings`, (call) => ({ result: settings(world, script(call)) }))
    .on("PATCH", `${BASE}/scripts/:script/settings`, async (call) => {
      const given = await patchOf(call);
      return { result: settings(world, await change(call, (before) => ({ ...given.bindings, metadata: { ...before.metadata, ...given.metadata } }))) };
    })
    .on("GET", `${BASE}/scripts/:script/script-settings`, (call) => ({ result: scriptSettings(script(call)) }))
    .on("PATCH", `${BASE}/scripts/:script/script-settings`, async (call) => {
      const patch = call.object();
      return { result: scriptSettings(await change(call, (before) => ({ metadata: { ...before.metadata, ...patch } }))) };
    })
    .on("GET", `${BASE}/scripts/:script/secrets`, (call) => list(script(call).bindings.filter(isSecret).map(({ name, type }) => ({ name, type }))))
    .on("PUT", `${BASE}/scripts/:script/secrets`, async (call) => {
      const { name, text } = call.object();
      if (typeof name !== "string" || typeof text !== "string") throw errors.upload("A secret needs name and text");
      const secret: Binding = { name, type: "secret_text", text };
      await change(call, (before) => ({ ...newVersion(before), bindings: [...before.bindings.filter((b) => b.name !== name), secret] }));
      return { result: { name, type: "secret_text" } };
    })
    .on("DELETE", `${BASE}/scripts/:script/secrets/:name`, async (call) => {
      const name = call.param("name");
      if (!script(call).bindings.some((b) => b.name === name && isSecret(b))) throw new ApiError(404, 10056, `Binding '${name}' not found`);
      await change(call, (before) => ({ ...newVersion(before), bindings: before.bindings.filter((b) => b.name !== name) }));
      return { result: null };
    })
    .on("GET", `${BASE}/scripts/:script/schedules`, (call) => ({ result: { schedules: script(call).schedules } }))
    .on("PUT", `${BASE}/scripts/:script/schedules`, (call) => setSchedules(world, script(call), call.json()))
    .on("GET", `${BASE}/scripts/:script/subdomain`, (call) => ({ result: script(call).subdomain }))
    .on("POST", `${BASE}/scripts/:script/subdomain`, (call) => {
      const { enabled, previews_enabled } = call.object();
      if (typeof enabled !== "boolean") throw errors.invalid("enabled must be true or false");
      const subdomain = { enabled, previews_enabled: typeof previews_enabled === "boolean" ? previews_enabled : enabled };
      account.scripts.set(script(call).name, { ...script(call), subdomain });
      return { result: subdomain };
    })
    .on("DELETE", `${BASE}/scripts/:script/subdomain`, (call) => {
      const subdomain = { enabled: false, previews_enabled: false };
      account.scripts.set(script(call).name, { ...script(call), subdomain });
      return { result: subdomain };
    })
    .on("GET", `${BASE}/scripts/:script/versions`, (call) => ({ result: { items: [version(script(call))] }, resultInfo: { page: 1, per_page: 20, count: 1, total_count: 1 } }))
    .on("GET", `${BASE}/scripts/:script/versions/:version`, (call) => {
      if (script(call).versionId !== call.param("version")) throw new ApiError(404, 10218, "Version not found");
      return { result: { ...version(script(call)), resources: { bindings: settings(world, script(call))["bindings"], script: { etag: script(call).etag, handlers: script(call).handlers, last_deployed_from: "api" }, script_runtime: script(call).metadata } } };
    })
    .on("GET", `${BASE}/scripts/:script/deployments`, (call) => ({ result: { deployments: [deployment(script(call))] } }))
    .on("GET", `${BASE}/scripts/:script/references`, (call) => ({ result: references(world, script(call)) }))
    .on("GET", `${BASE}/tails/by-consumer/:script`, () => ({ result: [] }))
    .on("GET", `${BASE}/services/:script`, (call) => ({ result: service(account.scripts.get(call.param("script"))) }))
    .on("GET", `${BASE}/services/:script/environments/:environment`, (call) => {
      if (call.param("environment") !== "production") throw errors.environmentNotFound();
      return { result: (service(account.scripts.get(call.param("script"))) as { default_environment: unknown }).default_environment };
    })
    .on("GET", `${BASE}/services/:script/environments/:environment/settings`, (call) => ({ result: settings(world, script(call)) }))
    .on("GET", `${BASE}/durable_objects/namespaces`, () => list([...account.scripts.values()].flatMap((s) => s.namespaces.map((n) => ({ id: n.id, name: `${s.name}_${n.className}`, script: s.name, class: n.className, use_sqlite: n.sqlite })))));
};

/** Runs the account with the new script; when the runtime refuses it, the old one goes on and the upload fails. */
async function deploy(world: World, name: string, script: Script): Promise<Script> {
  const { account, runtime } = world;
  const before = account.scripts.get(name);
  account.scripts.set(name, script);
  try {
    await runtime.apply();
  } catch (error) {
    if (before === undefined) account.scripts.delete(name);
    else account.scripts.set(name, before);
    await runtime.apply();
    if (error instanceof RuntimeRefusal) throw errors.upload(uploadProblem(error.reason, name));
    throw error;
  }
  const kept = new Set(script.namespaces.map((n) => n.id));
  await runtime.forgetObjects((before?.namespaces ?? []).filter((n) => !kept.has(n.id)).map((n) => n.id));
  return script;
}

/** workerd names the service and prints a stack; the service's answer is the error itself. */
function uploadProblem(reason: string, name: string): string {
  const lines = reason.split("\n").map((line) => line.replace(`service core:user:${name}: `, "").trim());
  const start = lines.findIndex((line) => /Uncaught|Error|No such|does not/.test(line));
  return lines.slice(Math.max(start, 0), Math.max(start, 0) + 3).join("\n") || "Script startup failed";
}

async function remove(world: World, script: Script, force: boolean): Promise<Reply> {
  const { account, runtime } = world;
  const users = references(world, script);
  if (!force && (users.services.incoming.length > 0 || users.durable_objects.length > 0)) {
    const names = [...users.services.incoming, ...users.durable_objects].map((u) => u.service).join(", ");
    throw new ApiError(400, 10064, `Cannot delete this Worker as it is still referenced by the bindings of other Workers: ${names}. Use the force parameter to delete it anyway.`);
  }
  account.scripts.delete(script.name);
  try {
    await runtime.apply();
  } catch (error) {
    account.scripts.set(script.name, script);
    await runtime.apply();
    throw error;
  }
  await runtime.forgetObjects(script.namespaces.map((n) => n.id));
  for (const [id, domain] of account.domains) if (domain["service"] === script.name) account.domains.delete(id);
  return { result: null };
}

function references({ account }: World, script: Script): { services: { incoming: { service: string; environment: string; name: string }[]; outgoing: unknown[]; pages_function: boolean }; durable_objects: { service: string; environment: string; durable_object_namespace_id: string; durable_object_namespace_name: string }[]; dispatch_outbounds: unknown[] } {
  const others = [...account.scripts.values()].filter((s) => s.name !== script.name);
  return {
    services: { incoming: others.flatMap((s) => s.bindings.filter((b) => b.type === "service" && b["service"] === script.name).map((b) => ({ service: s.name, environment: "production", name: b.name }))), outgoing: [], pages_function: false },
    durable_objects: others.flatMap((s) => s.bindings.filter((b) => b.type === "durable_object_namespace" && b["script_name"] === script.name).map((b) => ({
      service: s.name, environment: "production", durable_object_namespace_id: durableNamespace(account, s, b)?.id ?? "", durable_object_namespace_name: `${script.name}_${String(b["class_name"])}`,
    }))),
    dispatch_outbounds: [],
  };
}

const isSecret = (binding: Binding): boolean => binding.type === "secret_text" || binding.type === "secret_key";
const newVersion = (before: Script): Partial<Script> => ({ versionId: uuid(), versionNumber: before.versionNumber + 1, modifiedOn: timestamp(), etag: hexId() + hexId() });

function describe(s: Script): Record<string, unknown> {
  return {
    id: s.name, tag: s.tag, etag: s.etag, handlers: s.handlers, named_handlers: s.classes.map((name) => ({ name, handlers: ["class"] })),
    created_on: s.createdOn, modified_on: s.modifiedOn, usage_model: s.metadata["usage_model"] ?? "standard",
    ...(s.migrationTag === undefined ? {} : { migration_tag: s.migrationTag }),
    compatibility_date: s.metadata["compatibility_date"] ?? "", compatibility_flags: s.metadata["compatibility_flags"] ?? [],
    logpush: s.metadata["logpush"] ?? false, last_deployed_from: s.lastDeployedFrom, has_assets: false, has_modules: s.mainModule !== undefined,
    placement: {}, placement_mode: null, placement_status: null, startup_time_ms: s.startupTimeMs,
    ...(s.metadata["observability"] === undefined ? {} : { observability: s.metadata["observability"] }),
    tail_consumers: s.metadata["tail_consumers"] ?? null, tags: s.metadata["tags"] ?? null,
  };
}

function service(s: Script | undefined): Record<string, unknown> {
  if (s === undefined) throw errors.serviceNotFound();
  return {
    id: s.name, created_on: s.createdOn, modified_on: s.modifiedOn,
    default_environment: { environment: "production", created_on: s.createdOn, modified_on: s.modifiedOn, script: describe(s) },
    environments: [{ environment: "production", created_on: s.createdOn, modified_on: s.modifiedOn }],
  };
}

/** Metadata and bindings as they are read back: without the text of secrets, and without what was never set. */
function settings({ account }: World, s: Script): Record<string, unknown> {
  const bindings = s.bindings.map((binding) => {
    if (isSecret(binding)) return { name: binding.name, type: binding.type };
    const namespace = binding.type === "durable_object_namespace" ? durableNamespace(account, s, binding) : undefined;
    return namespace === undefined ? binding : { ...binding, namespace_id: namespace.id };
  });
  return {
    bindings, compatibility_date: s.metadata["compatibility_date"] ?? "", compatibility_flags: s.metadata["compatibility_flags"] ?? [],
    usage_model: s.metadata["usage_model"] ?? "standard", tags: s.metadata["tags"] ?? [], tail_consumers: s.metadata["tail_consumers"] ?? null,
    logpush: s.metadata["logpush"] ?? false, observability: s.metadata["observability"] ?? null, placement: {},
    ...(s.metadata["limits"] === undefined ? {} : { limits: s.metadata["limits"] }),
    annotations: { ...(s.metadata["annotations"] as object | undefined), "workers/triggered_by": "upload" },
    ...(s.migrationTag === undefined ? {} : { migration_tag: s.migrationTag }),
  };
}

const scriptSettings = (s: Script): Record<string, unknown> => ({ logpush: s.metadata["logpush"] ?? false, observability: s.metadata["observability"] ?? null, tags: s.metadata["tags"] ?? [], tail_consumers: s.metadata["tail_consumers"] ?? null });

/** PATCH settings comes as a form with one part `settings`, or as JSON. */
async function patchOf(call: Call): Promise<{ bindings: Partial<Script>; metadata: Record<string, unknown> }> {
  let given: Record<string, unknown>;
  if (call.isMultipart()) {
    const part = (await call.form()).get("settings");
    given = JSON.parse(part === null ? "{}" : typeof part === "string" ? part : await (part as Blob).text()) as Record<string, unknown>;
  } else given = call.object();
  const { bindings, ...metadata } = given;
  return { bindings: bindings === undefined ? {} : { bindings: bindings as Binding[] }, metadata };
}

function content(s: Script): Reply {
  const boundary = `gatehouse-${s.etag.slice(0, 24)}`;
  const parts = s.modules.flatMap((m) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${m.name}"; filename="${m.name}"\r\nContent-Type: ${m.contentType}\r\n\r\n`), Buffer.from(m.content), Buffer.from("\r\n"),
  ]);
  return { raw: { body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]), type: `multipart/form-data; boundary=${boundary}`, headers: { etag: `"${s.etag}"`, "cf-entrypoint": s.mainModule ?? "" } } };
}

function setSchedules({ account }: World, script: Script, body: unknown): Reply {
  if (!Array.isArray(body)) throw errors.invalid("The body must be a list of {cron}");
  const now = timestamp();
  const schedules = body.map((entry: { cron?: unknown }) => {
    const cron = typeof entry?.cron === "string" ? entry.cron : "";
    try {
      parseCron(cron);
    } catch (error) {
      throw new ApiError(400, 10100, `Invalid cron string: ${(error as Error).message}`);
    }
    const before = script.schedules.find((s) => s.cron === cron);
    return before ?? { cron, created_on: now, modified_on: now };
  });
  account.scripts.set(script.name, { ...script, schedules });
  return { result: { schedules } };
}

const version = (s: Script): Record<string, unknown> => ({
  id: s.versionId, number: s.versionNumber, annotations: { "workers/triggered_by": "upload" },
  metadata: { author_email: "", author_id: "", created_on: s.modifiedOn, modified_on: s.modifiedOn, source: "api", has_preview: false },
});

const deployment = (s: Script): Record<string, unknown> => ({
  id: uuidOf(s), source: "api", strategy: "percentage", author_email: "", created_on: s.modifiedOn, annotations: { "workers/triggered_by": "upload" }, versions: [{ version_id: s.versionId, percentage: 100 }],
});

/** A deployment has its own id, the same as long as the version runs. */
const uuidOf = (s: Script): string => s.versionId.replace(/^./, (digit) => (digit === "d" ? "e" : "d"));
