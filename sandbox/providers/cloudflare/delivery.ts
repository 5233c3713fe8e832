import type { Properties } from "../support/properties";
import type { Props } from "../types";
import { ACCOUNT, accountPath, idOfAnswer, restType, segment, zonePath } from "./rest";

const text: Properties[string] = { kind: "string" };
const logpushPath = (props: Props, rest: string): string =>
  (props.accountId ?? "") === "" ? zonePath(props, rest) : accountPath(props, rest);

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
  bodyOf: (encoded, operation) =>
    operation === "update" && kindOf(encoded.kind) === "" ? { ...encoded, kind: null } : encoded,
  answeredOnUpdate: ["kind"],
  lookUp: {
    path: (props) => logpushPath(props, "logpush/jobs"),
    matches: (found, props) => props.name !== "" && found.name === props.name && found.dataset === props.dataset,
  },
});

/** "instant-logs" is stored as the empty kind. */
function kindOf(kind: unknown): string {
  return kind === "instant-logs" ? "" : String(kind ?? "");
}

const FILTER_WIRE: Readonly<Record<string, string>> = {
  actions: "actions",
  affectedAsns: "affected_asns",
  affectedComponents: "affected_components",
  affectedLocations: "affected_locations",
  airportCodes: "airport_code",
  alertTriggerPreferences: "alert_trigger_preferences",
  alertTriggerPreferencesValues: "alert_trigger_preferences_value",
  enableds: "enabled",
  environments: "environment",
  eventSources: "event_source",
  eventTypes: "event_type",
  events: "event",
  groupBies: "group_by",
  healthCheckIds: "health_check_id",
  incidentImpacts: "incident_impact",
  inputIds: "input_id",
  insightClasses: "insight_class",
  limits: "limit",
  logoTags: "logo_tag",
  megabitsPerSeconds: "megabits_per_second",
  newHealths: "new_health",
  newStatuses: "new_status",
  packetsPerSeconds: "packets_per_second",
  poolIds: "pool_id",
  popNames: "pop_names",
  products: "product",
  projectIds: "project_id",
  protocols: "protocol",
  queryTags: "query_tag",
  requestsPerSeconds: "requests_per_second",
  selectors: "selectors",
  services: "services",
  slos: "slo",
  statuses: "status",
  targetHostnames: "target_hostname",
  targetIps: "target_ip",
  targetZoneNames: "target_zone_name",
  trafficExclusions: "traffic_exclusions",
  tunnelIds: "tunnel_id",
  tunnelNames: "tunnel_name",
  types: "type",
  wheres: "where",
  zones: "zones",
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
    filters: {
      kind: "object",
      fields: Object.fromEntries(Object.entries(FILTER_WIRE).map(([name, wire]) => [name, { kind: "list", wire }])),
    },
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
  lookUp: {
    path: (props) => accountPath(props, "alerting/v3/policies"),
    matches: (found, props) => found.name === props.name && found.alert_type === props.alertType,
  },
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
  lookUp: {
    path: (props) => accountPath(props, "alerting/v3/destinations/webhooks"),
    matches: (found, props) => found.name === props.name && found.url === props.url,
  },
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
      fields: {
        deliveryDelay: { kind: "number", computed: true },
        deliveryPaused: { kind: "boolean", computed: true },
        messageRetentionPeriod: { kind: "number", computed: true },
      },
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
  lookUp: {
    path: (props) => accountPath(props, "queues"),
    matches: (found, props) => found.queue_name === props.queueName,
  },
});
