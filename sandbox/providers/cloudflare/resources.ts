import type { Properties } from "../support/properties";
import type { ResourceType } from "../support/resource";
import type { Props } from "../types";
import type { CloudflareClient } from "./client";
import { ACCOUNT, accountPath, idOfAnswer, restType, segment, zonePath } from "./rest";

/** In the real plugin's words, which the bridge puts so. */
const STAYS: readonly string[] = [
  "[WARNING] This resource cannot be destroyed from Terraform. If you create this resource, it will be present in the API until manually deleted.: Resource Destruction Considerations",
];

export const KV_NAMESPACE = restType({
  properties: {
    ...ACCOUNT,
    title: { kind: "string", required: true },
    supportsUrlEncoding: { kind: "boolean", output: true, volatile: true },
  },
  address: ["accountId"],
  versioned: true,
  collection: (props) => accountPath(props, "storage/kv/namespaces"),
  createMethod: "POST",
  item: (props, id) => accountPath(props, `storage/kv/namespaces/${segment(id)}`),
  updateMethod: "PUT",
  idOf: idOfAnswer,
  lookUp: {
    path: (props) => accountPath(props, "storage/kv/namespaces"),
    matches: (found, props) => found.title === props.title,
  },
});

const schedules = (props: Props): string =>
  accountPath(props, `workers/scripts/${segment(props.scriptName)}/schedules`);

export const CRON_TRIGGER = restType({
  properties: {
    ...ACCOUNT,
    scriptName: { kind: "string", required: true, replace: true },
    schedules: {
      kind: "list",
      required: true,
      fields: {
        cron: { kind: "string", required: true },
        createdOn: { kind: "string", computed: true },
        modifiedOn: { kind: "string", computed: true },
      },
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
  notRefreshed: ["schedules"],
  staysWhenDeleted: true,
  creationWarnings: STAYS,
});

export const ROUTE = restType({
  properties: {
    zoneId: { kind: "string", replace: true },
    pattern: { kind: "string", required: true },
    script: { kind: "string" },
  },
  address: ["zoneId"],
  versioned: true,
  collection: (props) => zonePath(props, "workers/routes"),
  createMethod: "POST",
  item: (props, id) => zonePath(props, `workers/routes/${segment(id)}`),
  updateMethod: "PUT",
  idOf: idOfAnswer,
  lookUp: {
    path: (props) => zonePath(props, "workers/routes"),
    matches: (found, props) => found.pattern === props.pattern,
  },
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
  lookUp: {
    path: (props) => accountPath(props, "workers/domains"),
    matches: (found, props) => found.hostname === props.hostname,
  },
});

const subdomain = (props: Props): string =>
  accountPath(props, `workers/scripts/${segment(props.scriptName)}/subdomain`);

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
  // The bridge makes an id of the account for types of the plugin that name none; the output `id` is the plugin's own.
  idOf: (props) => String(props.accountId),
  idOutput: (props) => String(props.scriptName),
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
    return {
      ...(encoded.location === undefined ? {} : { locationHint: encoded.location }),
      name: encoded.name,
      storageClass: encoded.storage_class,
    };
  },
  notRefreshed: ["jurisdiction"],
  headersOf: (props, operation) => ({
    ...jurisdictionOf(props),
    ...(operation === "update" ? { "cf-r2-storage-class": String(props.storageClass) } : {}),
  }),
});

R2_BUCKET.find = async (client: CloudflareClient, inputs: Props): Promise<string | undefined> => {
  const found = await client.resultIfAny({
    method: "GET",
    path: accountPath(inputs, `r2/buckets/${segment(inputs.name)}`),
    headers: jurisdictionOf(inputs),
  });
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
    idOutput: () => undefined,
    headersOf: jurisdictionOf,
    staysWhenDeleted: true,
    creationWarnings: STAYS,
  });
}

export const R2_BUCKET_LOCK = bucketRules("lock", {
  condition: {
    kind: "object",
    required: true,
    fields: {
      date: { kind: "string" },
      maxAgeSeconds: { kind: "number", wire: "maxAgeSeconds" },
      type: { kind: "string", required: true },
    },
  },
  enabled: { kind: "boolean", required: true },
  id: { kind: "string", required: true },
  prefix: { kind: "string" },
});

const AGE_OR_DATE: Properties = {
  date: { kind: "string" },
  maxAge: { kind: "number", wire: "maxAge" },
  type: { kind: "string", required: true },
};

export const R2_BUCKET_LIFECYCLE = bucketRules("lifecycle", {
  abortMultipartUploadsTransition: {
    kind: "object",
    wire: "abortMultipartUploadsTransition",
    fields: {
      condition: {
        kind: "object",
        fields: {
          maxAge: { kind: "number", wire: "maxAge", required: true },
          type: { kind: "string", required: true },
        },
      },
    },
  },
  conditions: { kind: "object", required: true, fields: { prefix: { kind: "string", required: true } } },
  deleteObjectsTransition: {
    kind: "object",
    wire: "deleteObjectsTransition",
    fields: { condition: { kind: "object", fields: AGE_OR_DATE } },
  },
  enabled: { kind: "boolean", required: true },
  id: { kind: "string", required: true },
  storageClassTransitions: {
    kind: "list",
    wire: "storageClassTransitions",
    fields: {
      condition: { kind: "object", required: true, fields: AGE_OR_DATE },
      storageClass: { kind: "string", required: true, wire: "storageClass" },
    },
  },
});

const urlNormalization = (props: Props): string => zonePath(props, "url_normalization");

export const URL_NORMALIZATION = restType({
  properties: {
    zoneId: { kind: "string", required: true, replace: true },
    scope: { kind: "string", required: true },
    type: { kind: "string", required: true },
  },
  address: ["zoneId"],
  versioned: true,
  collection: urlNormalization,
  createMethod: "PUT",
  item: urlNormalization,
  updateMethod: "PUT",
  idOf: (props) => String(props.zoneId),
  headersOf: (_props, operation): Record<string, string> => (operation === "delete" ? { accept: "*/*" } : {}),
});
