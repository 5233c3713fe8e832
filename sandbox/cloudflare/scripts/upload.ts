import type { File } from "node:buffer";
import { createHash } from "node:crypto";
import { errors, ApiError } from "../http/errors";
import {
  hexId,
  timestamp,
  uuid,
  type Account,
  type Binding,
  type DurableNamespace,
  type ModuleType,
  type Script,
  type ScriptModule,
} from "../state";
import { inspectModule, inspectServiceWorker } from "./inspect";
import { applyMigrations } from "./migrations";

const MODULE_TYPES: Readonly<Record<string, ModuleType>> = {
  "application/javascript+module": "ESModule",
  "application/javascript": "CommonJS",
  "text/javascript+module": "ESModule",
  "application/wasm": "CompiledWasm",
  "text/plain": "Text",
  "text/html": "Text",
  "application/octet-stream": "Data",
};

/** Types of bindings that the sandbox can give to a Worker, each with the field that must be there. */
const BINDING_FIELDS: Readonly<Record<string, string | undefined>> = {
  plain_text: "text",
  json: "json",
  secret_text: "text",
  secret_key: "format",
  kv_namespace: "namespace_id",
  r2_bucket: "bucket_name",
  durable_object_namespace: "class_name",
  ratelimit: "namespace_id",
  queue: "queue_name",
  service: "service",
  version_metadata: undefined,
  analytics_engine: "dataset",
};

/** What a variable or secret may hold, in bytes; an object counts as its JSON. */
const MAX_VARIABLE_BYTES = 5 * 1024;

/** Fields of the metadata that come back in `settings`, beside the bindings. */
const KEPT = [
  "compatibility_date",
  "compatibility_flags",
  "usage_model",
  "tags",
  "tail_consumers",
  "logpush",
  "observability",
  "placement",
  "limits",
  "annotations",
] as const;

/**
 * Turns the multipart upload of a script into the script as it will be, checked as the service checks it. Nothing is
 * changed: the caller runs the result and keeps it only when it runs.
 * @throws ApiError 400 (10021 and others), 412 (10079)
 */
export async function readUpload(account: Account, name: string, form: FormData): Promise<Script> {
  if (!/^[a-z0-9_][a-z0-9-_]{0,62}$/.test(name)) throw new ApiError(400, 10016, `Invalid script name: ${name}`);
  const metadata = await readMetadata(form);
  const parts: ScriptModule[] = [];
  for (const [partName, part] of form) {
    if (partName === "metadata") continue;
    parts.push(await readModule(partName, part));
  }
  const before = account.scripts.get(name);
  const bodyPart = metadata["body_part"];
  const mainName = metadata["main_module"] ?? bodyPart;
  if (typeof mainName !== "string")
    throw errors.upload("The uploaded script has no content: metadata names neither main_module nor body_part");
  const main = parts.find((part) => part.name === mainName);
  if (main === undefined) throw errors.upload(`No such module "${mainName}".`);
  const inspection = metadata["main_module"] === undefined ? inspectServiceWorker(main) : await inspectModule(main);
  const { tag, namespaces } = applyMigrations(
    { tag: before?.migrationTag, namespaces: before?.namespaces ?? [] },
    metadata["migrations"],
    inspection.classes,
  );
  for (const { className } of namespaces) {
    if (!inspection.classes.includes(className)) {
      throw new ApiError(
        400,
        10064,
        `New version of script does not export class '${className}' which is depended on by existing Durable Objects. If you want to delete the objects permanently use a delete-class migration`,
      );
    }
  }
  const now = timestamp();
  const modules = [main, ...parts.filter((part) => part !== main)];
  const draft: Script = {
    name,
    modules,
    mainModule: metadata["main_module"] === undefined ? undefined : mainName,
    bindings: resolveBindings(metadata, before),
    metadata: Object.fromEntries(
      KEPT.filter((key) => metadata[key] !== undefined && metadata[key] !== null).map((key) => [key, metadata[key]]),
    ),
    tag: before?.tag ?? hexId(),
    etag: etagOf(modules, metadata),
    versionId: uuid(),
    versionNumber: (before?.versionNumber ?? 0) + 1,
    createdOn: before?.createdOn ?? now,
    modifiedOn: now,
    lastDeployedFrom: "api",
    handlers: inspection.handlers,
    classes: inspection.classes,
    startupTimeMs: before?.startupTimeMs ?? 1,
    migrationTag: tag,
    namespaces,
    schedules: before?.schedules ?? [],
    subdomain: before?.subdomain ?? { enabled: false, previews_enabled: false },
  };
  checkBindings(account, draft);
  return draft;
}

async function readMetadata(form: FormData): Promise<Record<string, unknown>> {
  const part = form.get("metadata");
  if (part === null) throw errors.upload("The upload has no part called metadata");
  try {
    const value: unknown = JSON.parse(typeof part === "string" ? part : await (part as Blob).text());
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw errors.upload("metadata is not JSON");
}

/** A module's name is its file name; some clients call all parts `files`. */
async function readModule(partName: string, part: string | File): Promise<ScriptModule> {
  const name = typeof part === "string" || part.name === "" ? partName : part.name;
  if (typeof part === "string")
    return { name, type: "ESModule", contentType: "application/javascript+module", content: Buffer.from(part) };
  const contentType = (part.type.split(";")[0] ?? "").trim();
  const type = MODULE_TYPES[contentType];
  if (type === undefined && contentType !== "application/source-map")
    throw errors.upload(`Unrecognized file type: Content-Type="${contentType}" for module "${name}"`);
  return { name, type: type ?? "Text", contentType, content: new Uint8Array(await part.arrayBuffer()) };
}

/** The bindings sent, plus those kept from the last version: by `keep_bindings` and by `inherit`. */
export function resolveBindings(
  metadata: Readonly<Record<string, unknown>>,
  before: Script | undefined,
): readonly Binding[] {
  const sent = (metadata["bindings"] ?? []) as readonly Binding[];
  if (
    !Array.isArray(sent) ||
    sent.some((b) => typeof b !== "object" || b === null || typeof b.name !== "string" || typeof b.type !== "string")
  ) {
    throw errors.upload("bindings must be a list of objects with name and type");
  }
  const resolved = sent.map((binding) => {
    if (binding.type !== "inherit") return binding;
    const oldName = typeof binding["old_name"] === "string" ? binding["old_name"] : binding.name;
    const old = before?.bindings.find((b) => b.name === oldName);
    if (old === undefined)
      throw errors.upload(`binding ${binding.name} cannot be inherited: the last version has no binding of that name`);
    return { ...old, name: binding.name };
  });
  const names = new Set(resolved.map((b) => b.name));
  if (names.size !== resolved.length) throw errors.upload("Binding names must be unique");
  const keep = new Set((metadata["keep_bindings"] ?? []) as readonly string[]);
  return [...resolved, ...(before?.bindings ?? []).filter((b) => keep.has(b.type) && !names.has(b.name))];
}

function checkBindings(account: Account, script: Script): void {
  for (const binding of script.bindings) {
    if (!(binding.type in BINDING_FIELDS))
      throw errors.upload(`binding ${binding.name}: the sandbox does not run bindings of type ${binding.type}`);
    const field = BINDING_FIELDS[binding.type];
    if (field !== undefined && binding[field] === undefined)
      throw errors.upload(`binding ${binding.name} of type ${binding.type} must have a valid \`${field}\` specified`);
    if (variableBytes(binding) > MAX_VARIABLE_BYTES)
      throw errors.upload(
        `binding ${binding.name} of type ${binding.type} is larger than 5 KB, the limit of an environment variable`,
      );
    const value = (key: string): string => String(binding[key]);
    switch (binding.type) {
      case "kv_namespace":
        if (!account.kv.has(value("namespace_id")))
          throw new ApiError(400, 10041, `KV namespace '${value("namespace_id")}' not found.`);
        break;
      case "r2_bucket":
        if (!account.buckets.has(value("bucket_name")))
          throw new ApiError(
            400,
            10085,
            `R2 bucket '${value("bucket_name")}' not found. Please use a different name and try again.`,
          );
        break;
      case "queue":
        if (![...account.queues.values()].some((q) => q.name === value("queue_name")))
          throw new ApiError(404, 11000, `Queue '${value("queue_name")}' does not exist.`);
        break;
      case "secret_key":
        if (script.mainModule === undefined)
          throw errors.upload(
            `binding ${binding.name}: the sandbox gives bindings of type secret_key to module scripts only`,
          );
        break;
      case "ratelimit": {
        const simple = binding["simple"] as { limit?: unknown; period?: unknown } | undefined;
        if (typeof simple?.limit !== "number" || (simple.period !== 10 && simple.period !== 60))
          throw errors.upload(
            `binding ${binding.name} of type ratelimit must have a simple.limit and a simple.period of 10 or 60`,
          );
        break;
      }
      case "service": {
        if (value("service") !== script.name && !account.scripts.has(value("service")))
          throw new ApiError(
            400,
            10143,
            `Could not resolve service binding '${binding.name}'. Target script '${value("service")}' not found.`,
          );
        break;
      }
      case "durable_object_namespace":
        if (durableNamespace(account, script, binding) === undefined) {
          throw new ApiError(
            400,
            10061,
            `Cannot create binding for class '${value("class_name")}' because it is not currently configured to implement Durable Objects. Ensure a --new-class migration has been applied to it.`,
          );
        }
        break;
      default:
    }
  }
}

function variableBytes(binding: Binding): number {
  if (binding.type === "json")
    return Buffer.byteLength(typeof binding["json"] === "string" ? binding["json"] : JSON.stringify(binding["json"]));
  return binding.type === "plain_text" || binding.type === "secret_text"
    ? Buffer.byteLength(String(binding["text"]))
    : 0;
}

/** The namespace that a binding means: a class of the script itself or, by `script_name`, of another one. */
export function durableNamespace(account: Account, script: Script, binding: Binding): DurableNamespace | undefined {
  const owner =
    typeof binding["script_name"] === "string" && binding["script_name"] !== script.name
      ? account.scripts.get(binding["script_name"])
      : script;
  return owner?.namespaces.find((n) => n.className === binding["class_name"]);
}

function etagOf(modules: readonly ScriptModule[], metadata: Readonly<Record<string, unknown>>): string {
  const hash = createHash("sha256").update(JSON.stringify(metadata));
  for (const module of modules) hash.update(module.name).update("\0").update(module.content);
  return hash.digest("hex");
}
