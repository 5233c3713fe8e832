import type { Properties } from "../support/properties";
import type { ResourceType } from "../support/resource";
import type { Props } from "../types";
import type { CloudflareClient } from "./client";
import { accountPath, restType, segment, zonePath } from "./rest";

/** The account or zone that a thing belongs to never changes in place. */
const ACCOUNT: Properties = { accountId: { kind: "string", replace: true } };

const idOfAnswer = (_props: Props, answer: Props): string => String(answer.id ?? "");

export const KV_NAMESPACE = restType({
  properties: { ...ACCOUNT, title: { kind: "string", required: true }, supportsUrlEncoding: { kind: "boolean", output: true, volatile: true } },
  address: ["accountId"],
  versioned: true,
  collection: (props) => accountPath(props, "storage/kv/namespaces"),
  createMethod: "POST",
  item: (props, id) => accountPath(props, `storage/kv/namespaces/${segment(id)}`),
  updateMethod: "PUT",
  idOf: idOfAnswer,
  lookUp: { path: (props) => accountPath(props, "storage/kv/namespaces"), matches: (found, props) => found.title === props.title },
});

const schedules = (props: Props): string => accountPath(props, `workers/scripts/${segment(props.scriptName)}/schedules`);

export const CRON_TRIGGER = restType({
  properties: {
    ...ACCOUNT,
    scriptName: { kind: "string", required: true, replace: true },
    schedules: {
      kind: "list",
      required: true,
      fields: { cron: { kind: "string", required: true }, createdOn: { kind: "string", computed: true }, modifiedOn: { kind: "string", computed: true } },
    },
  },
  address: ["accountId", "scriptName"],
  versioned: true,
  collection: schedules,
  createMethod: "PUT",
  item: schedules,
  updateMethod: "PUT",
  idOf: (props) => String(props.scriptName),
  // The body is the bare list; times that the service made are not sent back.
  bodyOf: (encoded) => ((encoded.schedules ?? []) as Props[]).map(({ cron }) => ({ cron })),
  staysWhenDeleted: true,
});

export const ROUTE = restType({
  properties: { zoneId: { kind: "string", replace: true }, pattern: { kind: "string", required: true }, script: { kind: "string" } },
  address: ["zoneId"],
  versioned: true,
  collection: (props) => zonePath(props, "workers/routes"),
  createMethod: "POST",
  item: (props, id) => zonePath(props, `workers/routes/${segment(id)}`),
  updateMethod: "PUT",
  idOf: idOfAnswer,
  lookUp: { path: (props) => zonePath(props, "workers/routes"), matches: (found, props) => found.pattern === props.pattern },
});

export const CUSTOM_DOMAIN = restType({
  properties: {
    ...ACCOUNT,
    hostname: { kind: "string", required: true, replace: true },
    service: { kind: "string", required: true, replace: true },
    environment: { kind: "string", computed: true, replace: true },
    zoneId: { kind: "string", computed: true, replace: true },
    zoneName: { kind: "string", computed: true, replace: true },
    certId: { kind: "string", output: true, volatile: true },
  },
  address: ["accountId"],
  versioned: true,
  collection: (props) => accountPath(props, "workers/domains"),
  createMethod: "PUT",
  item: (props, id) => accountPath(props, `workers/domains/${segment(id)}`),
  idOf: idOfAnswer,
  lookUp: { path: (props) => accountPath(props, "workers/domains"), matches: (found, props) => found.hostname === props.hostname },
});

const subdomain = (props: Props): string => accountPath(props, `workers/scripts/${segment(props.scriptName)}/subdomain`);

/** What the bridge puts where a type has no id of its own. */
const NO_ID = "missing ID";

export const SCRIPT_SUBDOMAIN = restType({
  properties: {
    ...ACCOUNT,
    scriptName: { kind: "string", required: true, replace: true },
    enabled: { kind: "boolean", required: true },
    previewsEnabled: { kind: "boolean", computed: true, volatile: true },
  },
  address: ["accountId", "scriptName"],
  versioned: false,
  collection: subdomain,
  createMethod: "POST",
  item: subdomain,
  updateMethod: "POST",
  idOf: () => NO_ID,
});

export const R2_BUCKET = restType({
  properties: {
    ...ACCOUNT,
    name: { kind: "string", required: true, replace: true },
    jurisdiction: { kind: "string", computed: true, default: "default" },
    // A hint for the create alone: the service answers with where it is, and that is kept.
    location: { kind: "string", computed: true, replace: true, wire: "location", same: () => true },
    storageClass: { kind: "string", computed: true, default: "Standard" },
    creationDate: { kind: "string", output: true },
  },
  address: ["accountId"],
  versioned: true,
  collection: (props) => accountPath(props, "r2/buckets"),
  createMethod: "POST",
  item: (props, id) => accountPath(props, `r2/buckets/${segment(id)}`),
  updateMethod: "PATCH",
  idOf: (props) => String(props.name),
  bodyOf: (encoded, operation) => {
    if (operation === "update") return undefined;
    return { ...(encoded.location === undefined ? {} : { locationHint: encoded.location }), name: encoded.name, storageClass: encoded.storage_class };
  },
  headersOf: (props, operation) => ({ ...jurisdictionOf(props), ...(operation === "update" ? { "cf-r2-storage-class": String(props.storageClass) } : {}) }),
});

R2_BUCKET.find = async (client: CloudflareClient, inputs: Props): Promise<string | undefined> => {
  const found = await client.resultIfAny({ method: "GET", path: accountPath(inputs, `r2/buckets/${segment(inputs.name)}`), headers: jurisdictionOf(inputs) });
  return found === undefined ? undefined : String(inputs.name);
};

function jurisdictionOf(props: Props): Record<string, string> {
  return { "cf-r2-jurisdiction": String(props.jurisdiction ?? "default") };
}

/** Rules of a bucket; they stay in force when the resource is deleted. */
function bucketRules(kind: "lock" | "lifecycle", fields: Properties): ResourceType<CloudflareClient> {
  const path = (props: Props): string => accountPath(props, `r2/buckets/${segment(props.bucketName)}/${kind}`);
  return restType({
    properties: {
      ...ACCOUNT,
      bucketName: { kind: "string", required: true, replace: true },
      jurisdiction: { kind: "string", computed: true, default: "default" },
      rules: { kind: "list", fields },
    },
    address: ["accountId", "bucketName", "jurisdiction"],
    versioned: false,
    collection: path,
    createMethod: "PUT",
    item: path,
    updateMethod: "PUT",
    idOf: () => NO_ID,
    headersOf: jurisdictionOf,
    staysWhenDeleted: true,
  });
}

export const R2_BUCKET_LOCK = bucketRules("lock", {
  condition: {
    kind: "object",
    required: true,
    fields: { date: { kind: "string" }, maxAgeSeconds: { kind: "number", wire: "maxAgeSeconds" }, type: { kind: "string", required: true } },
  },
  enabled: { kind: "boolean", required: true },
  id: { kind: "string", required: true },
  prefix: { kind: "string" },
});

const AGE_OR_DATE: Properties = { date: { kind: "string" }, maxAge: { kind: "number", wire: "maxAge" }, type: { kind: "string", required: true } };

export const R2_BUCKET_LIFECYCLE = bucketRules("lifecycle", {
  abortMultipartUploadsTransition: {
    kind: "object",
    wire: "abortMultipartUploadsTransition",
    fields: { condition: { kind: "object", fields: { maxAge: { kind: "number", wire: "maxAge", required: true }, type: { kind: "string", required: true } } } },
  },
  conditions: { kind: "object", required: true, fields: { prefix: { kind: "string", required: true } } },
  deleteObjectsTransition: { kind: "object", wire: "deleteObjectsTransition", fields: { condition: { kind: "object", fields: AGE_OR_DATE } } },
  enabled: { kind: "boolean", required: true },
  id: { kind: "string", required: true },
  storageClassTransitions: {
    kind: "list",
    wire: "storageClassTransitions",
    fields: { condition: { kind: "object", required: true, fields: AGE_OR_DATE }, storageClass: { kind: "string", required: true, wire: "storageClass" } },
  },
});

const text: Properties[string] = { kind: "string" };
const logpushPath = (props: Props, rest: string): string => ((props.accountId ?? "") === "" ? zonePath(props, rest) : accountPath(props, rest));

export const LOGPUSH_JOB = restType({
  properties: {
    ...ACCOUNT,
    zoneId: { kind: "string", replace: true },
    dataset: { kind: "string", computed: true, default: "http_requests", replace: true },
    destinationConf: { kind: "string", required: true, secret: true },
    enabled: { kind: "boolean", computed: true, default: false },
    filter: { kind: "string", computed: true, default: "" },
    frequency: { kind: "string", computed: true, default: "high" },
    kind: { kind: "string", computed: true, default: "", same: (old, next) => kindOf(old) === kindOf(next) },
    logpullOptions: { kind: "string", computed: true, default: "" },
    maxUploadBytes: { kind: "number", computed: true, default: 0 },
    maxUploadIntervalSeconds: { kind: "number", computed: true, default: 0 },
    maxUploadRecords: { kind: "number", computed: true, default: 0 },
    name: { kind: "string", computed: true, default: "" },
    outputOptions: {
      kind: "object",
      fields: {
        batchPrefix: text,
        batchSuffix: text,
        cve202144228: { kind: "boolean", computed: true, default: false, wire: "CVE-2021-44228" },
        fieldDelimiter: text,
        fieldNames: { kind: "list" },
        mergeSubrequests: { kind: "boolean" },
        outputType: text,
        recordDelimiter: text,
        recordPrefix: text,
        recordSuffix: text,
        recordTemplate: text,
        sampleRate: { kind: "number" },
        timestampFormat: text,
      },
    },
    ownershipChallenge: { kind: "string", secret: true },
    errorMessage: { kind: "string", output: true, volatile: true },
    lastComplete: { kind: "string", output: true, volatile: true },
    lastError: { kind: "string", output: true, volatile: true },
  },
  address: ["accountId", "zoneId"],
  versioned: true,
  collection: (props) => logpushPath(props, "logpush/jobs"),
  createMethod: "POST",
  item: (props, id) => logpushPath(props, `logpush/jobs/${segment(id)}`),
  updateMethod: "PUT",
  idOf: idOfAnswer,
  // The kind cannot change; an update says null instead of the empty one, as the real plugin does.
  bodyOf: (encoded, operation) => (operation === "update" && kindOf(encoded.kind) === "" ? { ...encoded, kind: null } : encoded),
  answeredOnUpdate: ["kind"],
  lookUp: { path: (props) => logpushPath(props, "logpush/jobs"), matches: (found, props) => props.name !== "" && found.name === props.name && found.dataset === props.dataset },
});

/** "instant-logs" is stored as the empty kind. */
function kindOf(kind: unknown): string {
  return kind === "instant-logs" ? "" : String(kind ?? "");
}

const FILTER_WIRE: Readonly<Record<string, string>> = {
  actions: "actions", affectedAsns: "affected_asns", affectedComponents: "affected_components", affectedLocations: "affected_locations", airportCodes: "airport_code",
  alertTriggerPreferences: "alert_trigger_preferences", alertTriggerPreferencesValues: "alert_trigger_preferences_value", enableds: "enabled", environments: "environment",
  eventSources: "event_source", eventTypes: "event_type", events: "event", groupBies: "group_by", healthCheckIds: "health_check_id", incidentImpacts: "incident_impact",
  inputIds: "input_id", insightClasses: "insight_class", limits: "limit", logoTags: "logo_tag", megabitsPerSeconds: "megabits_per_second", newHealths: "new_health",
  newStatuses: "new_status", packetsPerSeconds: "packets_per_second", poolIds: "pool_id", popNames: "pop_names", products: "product", projectIds: "project_id",
  protocols: "protocol", queryTags: "query_tag", requestsPerSeconds: "requests_per_second", selectors: "selectors", services: "services", slos: "slo", statuses: "status",
  targetHostnames: "target_hostname", targetIps: "target_ip", targetZoneNames: "target_zone_name", trafficExclusions: "traffic_exclusions", tunnelIds: "tunnel_id",
  tunnelNames: "tunnel_name", types: "type", wheres: "where", zones: "zones",
};
const MECHANISM: Properties = { id: { kind: "string" } };

export const NOTIFICATION_POLICY = restType({
  properties: {
    ...ACCOUNT,
    alertType: { kind: "string", required: true },
    name: { kind: "string", required: true },
    alertInterval: text,
    description: text,
    enabled: { kind: "boolean", computed: true, default: true },
    filters: { kind: "object", fields: Object.fromEntries(Object.entries(FILTER_WIRE).map(([name, wire]) => [name, { kind: "list", wire }])) },
    mechanisms: {
      kind: "object",
      required: true,
      fields: {
        emails: { kind: "set", fields: MECHANISM, wire: "email" },
        pagerduties: { kind: "set", fields: MECHANISM, wire: "pagerduty" },
        webhooks: { kind: "set", fields: MECHANISM },
      },
    },
    created: { kind: "string", output: true, volatile: true },
    modified: { kind: "string", output: true, volatile: true },
  },
  address: ["accountId"],
  versioned: true,
  collection: (props) => accountPath(props, "alerting/v3/policies"),
  createMethod: "POST",
  item: (props, id) => accountPath(props, `alerting/v3/policies/${segment(id)}`),
  updateMethod: "PUT",
  idOf: idOfAnswer,
  lookUp: { path: (props) => accountPath(props, "alerting/v3/policies"), matches: (found, props) => found.name === props.name && found.alert_type === props.alertType },
});

export const NOTIFICATION_WEBHOOK = restType({
  properties: {
    ...ACCOUNT,
    name: { kind: "string", required: true },
    url: { kind: "string", required: true },
    secret: { kind: "string", secret: true },
    createdAt: { kind: "string", output: true, volatile: true },
    lastFailure: { kind: "string", output: true, volatile: true },
    lastSuccess: { kind: "string", output: true, volatile: true },
    type: { kind: "string", output: true, volatile: true },
  },
  address: ["accountId"],
  versioned: true,
  collection: (props) => accountPath(props, "alerting/v3/destinations/webhooks"),
  createMethod: "POST",
  item: (props, id) => accountPath(props, `alerting/v3/destinations/webhooks/${segment(id)}`),
  updateMethod: "PUT",
  idOf: idOfAnswer,
  lookUp: { path: (props) => accountPath(props, "alerting/v3/destinations/webhooks"), matches: (found, props) => found.name === props.name && found.url === props.url },
});

const urlNormalization = (props: Props): string => zonePath(props, "url_normalization");

export const URL_NORMALIZATION = restType({
  properties: { zoneId: { kind: "string", required: true, replace: true }, scope: { kind: "string", required: true }, type: { kind: "string", required: true } },
  address: ["zoneId"],
  versioned: true,
  collection: urlNormalization,
  createMethod: "PUT",
  item: urlNormalization,
  updateMethod: "PUT",
  idOf: (props) => String(props.zoneId),
  headersOf: (_props, operation): Record<string, string> => (operation === "delete" ? { accept: "*/*" } : {}),
});

const count: Properties[string] = { kind: "number", output: true, volatile: true };

export const QUEUE = restType({
  properties: {
    ...ACCOUNT,
    queueName: { kind: "string", required: true },
    settings: {
      kind: "object",
      computed: true,
      volatile: true,
      fields: { deliveryDelay: { kind: "number", computed: true }, deliveryPaused: { kind: "boolean", computed: true }, messageRetentionPeriod: { kind: "number", computed: true } },
    },
    consumers: {
      kind: "list",
      output: true,
      volatile: true,
      fields: {
        consumerId: text,
        createdOn: text,
        deadLetterQueue: text,
        queueName: text,
        scriptName: text,
        settings: {
          kind: "object",
          fields: {
            batchSize: { kind: "number" },
            maxConcurrency: { kind: "number" },
            maxRetries: { kind: "number" },
            maxWaitTimeMs: { kind: "number" },
            retryDelay: { kind: "number" },
            visibilityTimeoutMs: { kind: "number" },
          },
        },
        type: text,
      },
    },
    consumersTotalCount: count,
    createdOn: { kind: "string", output: true, volatile: true },
    modifiedOn: { kind: "string", output: true, volatile: true },
    producers: { kind: "list", output: true, volatile: true, fields: { bucketName: text, script: text, type: text } },
    producersTotalCount: count,
    queueId: { kind: "string", output: true },
  },
  address: ["accountId"],
  versioned: true,
  collection: (props) => accountPath(props, "queues"),
  createMethod: "POST",
  item: (props, id) => accountPath(props, `queues/${segment(id)}`),
  updateMethod: "PUT",
  idOf: (_props, answer) => String(answer.queue_id ?? ""),
  lookUp: { path: (props) => accountPath(props, "queues"), matches: (found, props) => found.queue_name === props.queueName },
});
