import type { Properties, Property } from "../support/properties";

const text: Property = { kind: "string" };
const number: Property = { kind: "number" };
const list: Property = { kind: "list" };

/** One binding. Which fields belong to which `type` is for the service to judge. */
const BINDING: Properties = {
  name: { kind: "string", required: true },
  type: { kind: "string", required: true },
  algorithm: { kind: "json" },
  allowedDestinationAddresses: list,
  allowedSenderAddresses: list,
  appId: text,
  bucketName: text,
  certificateId: text,
  // The service tells these two of a Durable Object's binding.
  className: { kind: "string", computed: true },
  namespaceId: { kind: "string", computed: true },
  databaseId: text,
  dataset: text,
  destinationAddress: text,
  dispatchNamespace: text,
  entrypoint: text,
  environment: text,
  format: text,
  id: text,
  indexName: text,
  instanceName: text,
  json: { kind: "json" },
  jurisdiction: text,
  keyBase64: text,
  keyJwk: { kind: "json" },
  namespace: text,
  networkId: text,
  oldName: text,
  outbound: {
    kind: "object",
    fields: { params: list, worker: { kind: "object", fields: { environment: text, service: text } } },
  },
  part: text,
  pipeline: text,
  queueName: text,
  scriptName: text,
  secretName: text,
  service: text,
  serviceId: text,
  simple: {
    kind: "object",
    fields: { limit: { kind: "number", required: true }, period: { kind: "number", required: true } },
  },
  storeId: text,
  text,
  tunnelId: text,
  usages: { kind: "set" },
  versionId: text,
  workflowName: text,
};

const MIGRATION_STEP: Properties = {
  deletedClasses: list,
  newClasses: list,
  newSqliteClasses: list,
  renamedClasses: { kind: "list", fields: { from: text, to: text } },
  transferredClasses: { kind: "list", fields: { from: text, fromScript: text, to: text } },
};

/** What goes into the form's part `metadata`. */
export const METADATA: Properties = {
  annotations: {
    kind: "object",
    computed: true,
    volatile: true,
    fields: {
      workersMessage: { kind: "string", wire: "workers/message" },
      workersTag: { kind: "string", wire: "workers/tag" },
      workersTriggeredBy: { kind: "string", wire: "workers/triggered_by", output: true },
    },
  },
  assets: {
    kind: "object",
    fields: {
      assetManifestSha256: { kind: "string", output: true },
      config: {
        kind: "object",
        fields: {
          headers: { kind: "string", wire: "_headers" },
          redirects: { kind: "string", wire: "_redirects" },
          htmlHandling: text,
          notFoundHandling: text,
          runWorkerFirst: text,
          serveDirectly: { kind: "boolean" },
        },
      },
      directory: text,
      jwt: text,
    },
  },
  bindings: { kind: "set", computed: true, volatile: true, fields: BINDING, volatileWhen: hasDurableObject },
  bodyPart: text,
  compatibilityDate: { kind: "string", computed: true, default: "" },
  compatibilityFlags: { kind: "set", computed: true, volatile: true },
  keepAssets: { kind: "boolean" },
  keepBindings: { kind: "set" },
  limits: { kind: "object", fields: { cpuMs: number, subrequests: number } },
  logpush: { kind: "boolean", computed: true, default: false },
  mainModule: text,
  migrations: {
    kind: "object",
    fields: { ...MIGRATION_STEP, newTag: text, oldTag: text, steps: { kind: "list", fields: MIGRATION_STEP } },
  },
  observability: {
    kind: "object",
    fields: {
      enabled: { kind: "boolean", required: true },
      headSamplingRate: number,
      logs: {
        kind: "object",
        fields: {
          destinations: list,
          enabled: { kind: "boolean", required: true },
          headSamplingRate: number,
          invocationLogs: { kind: "boolean", required: true },
          persist: { kind: "boolean", computed: true, default: true },
        },
      },
      traces: {
        kind: "object",
        fields: {
          destinations: list,
          enabled: { kind: "boolean" },
          headSamplingRate: number,
          persist: { kind: "boolean", computed: true, default: true },
        },
      },
    },
  },
  placement: {
    kind: "object",
    computed: true,
    volatile: true,
    fields: {
      host: { kind: "string", computed: true },
      hostname: { kind: "string", computed: true },
      lastAnalyzedAt: { kind: "string", computed: true },
      mode: text,
      region: { kind: "string", computed: true },
      status: { kind: "string", computed: true },
      targets: { kind: "list", computed: true, wire: "target", fields: { host: text, hostname: text, region: text } },
    },
  },
  tailConsumers: {
    kind: "set",
    computed: true,
    volatile: true,
    fields: { environment: text, namespace: text, service: { kind: "string", required: true } },
  },
  usageModel: { kind: "string", computed: true, default: "standard" },
};

const output: Property = { kind: "string", output: true, volatile: true };

/** What the service tells about a script. */
export const FACTS: Properties = {
  createdOn: { kind: "string", output: true },
  etag: output,
  handlers: { kind: "list", output: true, volatile: true },
  hasAssets: { kind: "boolean", output: true, volatile: true },
  hasModules: { kind: "boolean", output: true, volatile: true },
  lastDeployedFrom: output,
  migrationTag: output,
  modifiedOn: output,
  namedHandlers: { kind: "list", output: true, volatile: true, fields: { handlers: list, name: text } },
  placementMode: output,
  placementStatus: output,
  startupTimeMs: { kind: "number", output: true, volatile: true },
};

/** A script's properties, all of them. */
export const SCRIPT: Properties = {
  accountId: { kind: "string", replace: true },
  scriptName: { kind: "string", required: true, replace: true },
  content: text,
  contentFile: text,
  contentSha256: text,
  contentType: text,
  ...METADATA,
  ...FACTS,
};

function hasDurableObject(bindings: unknown): boolean {
  return (
    Array.isArray(bindings) &&
    bindings.some(
      (binding: { type?: unknown; namespaceId?: unknown }) =>
        binding.type === "durable_object_namespace" && !binding.namespaceId,
    )
  );
}
