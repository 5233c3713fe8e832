import { join } from "node:path";
import type { WorkerOptions } from "miniflare";
import { durableNamespace } from "../scripts/upload";
import type { Account, Binding, Script } from "../state";
import type { BindingFault } from "../http/faults";
import { rawKeysBinding, secretKeyEntry } from "./secretKeys";
import { faultySource, lockedBucketSource } from "./wrappers";

/** Name of the Worker that holds every namespace and bucket, through which the API reads and writes them. */
export const STORAGE_WORKER = "sandbox-storage";
export const kvBinding = (namespaceId: string): string => `KV_${namespaceId}`;
export const r2Binding = (bucket: string): string => `R2_${bucket}`;

/** What decides about the runtime's configuration besides the account. */
export interface RuntimePlan {
  /** Folder into which the modules of the scripts are written. */
  readonly scriptsDir: string;
  /** Port on 127.0.0.1 of workerd's own socket, by script. */
  readonly ports: ReadonlyMap<string, number>;
  readonly faults: readonly BindingFault[];
  /** Text bindings that have another value here than was uploaded. */
  readonly texts?: (script: string, binding: string) => string | undefined;
}

/** The Workers of one account as miniflare's options. Pure: the same account gives the same options. */
export function workerOptions(account: Account, plan: RuntimePlan): WorkerOptions[] {
  const workers: WorkerOptions[] = [
    {
      name: STORAGE_WORKER,
      modules: true,
      script: "export default { fetch() { return new Response(null, { status: 404 }); } };",
      compatibilityDate: "2026-03-01",
      kvNamespaces: Object.fromEntries([...account.kv.keys()].sort().map((id) => [kvBinding(id), id])),
      r2Buckets: Object.fromEntries([...account.buckets.keys()].sort().map((name) => [r2Binding(name), name])),
    },
  ];
  for (const script of [...account.scripts.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { worker, wrappers } = oneWorker(account, script, plan);
    workers.push(worker, ...wrappers);
  }
  return workers;
}

interface Parts {
  bindings: Record<string, unknown>;
  kvNamespaces: Record<string, string>;
  r2Buckets: Record<string, string>;
  durableObjects: Record<
    string,
    { className: string; scriptName?: string; useSQLite: boolean; unsafeUniqueKey: string }
  >;
  ratelimits: Record<string, { simple: { limit: number; period: 10 | 60 } }>;
  queueProducers: Record<string, string>;
  serviceBindings: Record<string, { name: string; entrypoint?: string }>;
  analyticsEngineDatasets: Record<string, { dataset: string }>;
  versionMetadata?: string;
}

const emptyParts = (): Parts => ({
  bindings: {},
  kvNamespaces: {},
  r2Buckets: {},
  durableObjects: {},
  ratelimits: {},
  queueProducers: {},
  serviceBindings: {},
  analyticsEngineDatasets: {},
});

function oneWorker(
  account: Account,
  script: Script,
  plan: RuntimePlan,
): { worker: WorkerOptions; wrappers: WorkerOptions[] } {
  const parts = emptyParts();
  const wrappedBindings: Record<string, { scriptName: string }> = {};
  const wrappers: WorkerOptions[] = [];
  for (const binding of script.bindings) {
    const sources = wrapperSources(account, script, binding, plan.faults);
    if (sources.length === 0) {
      addBinding(parts, account, script, binding, binding.name);
      continue;
    }
    // The outermost wrapper has the Worker's name for it; each holds the next as `inner`, the last one the real thing.
    sources.forEach((source, index) => {
      const own = `sandbox-wrap-${script.name}-${binding.name}-${index}`;
      const inner = emptyParts();
      const next =
        index + 1 < sources.length
          ? { wrappedBindings: { inner: { scriptName: `sandbox-wrap-${script.name}-${binding.name}-${index + 1}` } } }
          : {};
      if (index + 1 === sources.length) addBinding(inner, account, script, binding, "inner");
      wrappers.push({ name: own, modules: true, script: source, ...next, ...(inner as object) } as WorkerOptions);
      if (index === 0) wrappedBindings[binding.name] = { scriptName: own };
    });
  }
  const port = plan.ports.get(script.name);
  const bound = new Set(
    Object.values(parts.durableObjects)
      .filter((d) => d.scriptName === undefined)
      .map((d) => d.className),
  );
  const date = script.metadata["compatibility_date"];
  const keys = script.bindings.filter((binding) => binding.type === "secret_key");
  for (const { name, type } of script.bindings)
    if (type === "plain_text") parts.bindings[name] = plan.texts?.(script.name, name) ?? parts.bindings[name];
  Object.assign(parts.bindings, rawKeysBinding(keys));
  const worker = {
    name: script.name,
    ...source(script, plan.scriptsDir, keys.length > 0),
    compatibilityDate: typeof date === "string" && date !== "" ? date : "2021-11-02",
    compatibilityFlags: (script.metadata["compatibility_flags"] ?? []) as string[],
    // The edge would set this header; nothing sets it here, so the hop that strips it is left out.
    stripCfConnectingIp: false,
    ...parts,
    wrappedBindings,
    additionalUnboundDurableObjects: script.namespaces
      .filter((n) => !bound.has(n.className))
      .map((n) => ({ className: n.className, useSQLite: n.sqlite, unsafeUniqueKey: n.id })),
    queueConsumers: consumersOf(account, script),
    ...(port === undefined ? {} : { unsafeDirectSockets: [{ host: "127.0.0.1", port }] }),
  };
  return { worker: worker as WorkerOptions, wrappers };
}

function source(script: Script, scriptsDir: string, hasKeys: boolean): object {
  const folder = moduleFolder(scriptsDir, script);
  if (script.mainModule === undefined)
    return { script: Buffer.from(script.modules[0]?.content ?? []).toString("utf8") };
  const entry = hasKeys
    ? [
        {
          type: "ESModule",
          path: join(folder, "sandbox-entry.js"),
          contents: secretKeyEntry(script.mainModule, script.classes),
        },
      ]
    : [];
  return {
    modulesRoot: folder,
    modules: [
      ...entry,
      ...script.modules
        .filter((m) => m.contentType !== "application/source-map")
        .map((m) => ({
          type: m.type,
          path: join(folder, m.name),
          contents:
            m.type === "CompiledWasm" || m.type === "Data" ? m.content : Buffer.from(m.content).toString("utf8"),
        })),
    ],
  };
}

/** Folder of a version's modules: one for each content, so that a running version's files never change. */
export const moduleFolder = (scriptsDir: string, script: Script): string =>
  join(scriptsDir, script.name, script.etag.slice(0, 16));

function wrapperSources(account: Account, script: Script, binding: Binding, faults: readonly BindingFault[]): string[] {
  const sources = faults
    .filter((fault) => fault.binding === binding.name && (fault.script === undefined || fault.script === script.name))
    .map((fault) => faultySource(fault, binding.type));
  if (binding.type === "r2_bucket") {
    const rules = account.buckets.get(String(binding["bucket_name"]))?.lock.filter((rule) => rule.enabled) ?? [];
    if (rules.length > 0) sources.push(lockedBucketSource(rules));
  }
  return sources;
}

function addBinding(parts: Parts, account: Account, script: Script, binding: Binding, name: string): void {
  switch (binding.type) {
    case "plain_text":
    case "secret_text":
      parts.bindings[name] = binding["text"];
      break;
    case "json":
      parts.bindings[name] = binding["json"];
      break;
    case "kv_namespace":
      parts.kvNamespaces[name] = String(binding["namespace_id"]);
      break;
    case "r2_bucket":
      parts.r2Buckets[name] = String(binding["bucket_name"]);
      break;
    case "durable_object_namespace": {
      const namespace = durableNamespace(account, script, binding);
      const owner = binding["script_name"];
      // A class whose script was deleted since stays unbound, as a deleted namespace does: calls on it fail.
      if (namespace === undefined) break;
      const foreign = name === "inner" || (typeof owner === "string" && owner !== script.name);
      parts.durableObjects[name] = {
        className: namespace.className,
        useSQLite: namespace.sqlite,
        unsafeUniqueKey: namespace.id,
        ...(foreign ? { scriptName: typeof owner === "string" ? owner : script.name } : {}),
      };
      break;
    }
    case "ratelimit":
      parts.ratelimits[name] = { simple: binding["simple"] as { limit: number; period: 10 | 60 } };
      break;
    case "queue":
      parts.queueProducers[name] = String(binding["queue_name"]);
      break;
    case "service": {
      const entrypoint = binding["entrypoint"];
      if (account.scripts.has(String(binding["service"])))
        parts.serviceBindings[name] = {
          name: String(binding["service"]),
          ...(typeof entrypoint === "string" ? { entrypoint } : {}),
        };
      break;
    }
    case "analytics_engine":
      parts.analyticsEngineDatasets[name] = { dataset: String(binding["dataset"]) };
      break;
    case "version_metadata":
      parts.versionMetadata = name;
      break;
    default:
  }
}

function consumersOf(account: Account, script: Script): Record<string, object> {
  const consumers: Record<string, object> = {};
  for (const queue of account.queues.values()) {
    for (const consumer of queue.consumers) {
      if (consumer.script_name !== script.name) continue;
      const s = consumer.settings;
      const number = (key: string, scale = 1): number | undefined =>
        typeof s[key] === "number" ? (s[key] as number) / scale : undefined;
      consumers[queue.name] = {
        maxBatchSize: number("batch_size") ?? 10,
        maxBatchTimeout: number("max_wait_time_ms", 1000) ?? 5,
        maxRetries: number("max_retries") ?? 3,
        ...(consumer.dead_letter_queue ? { deadLetterQueue: consumer.dead_letter_queue } : {}),
      };
    }
  }
  return consumers;
}
