import { DeclarativeProvider } from "../support/provider";
import type { InvokeFunction, ResourceType } from "../support/resource";
import type { ProviderPackage, SandboxProvider } from "../types";
import { CloudflareClient, settingsFrom, type CloudflareSettings } from "./client";
import { getWorkersScripts, getZone } from "./functions";
import { KV_VALUE } from "./kvValue";
import { LOGPUSH_JOB, NOTIFICATION_POLICY, NOTIFICATION_WEBHOOK, QUEUE } from "./delivery";
import {
  CRON_TRIGGER,
  CUSTOM_DOMAIN,
  KV_NAMESPACE,
  R2_BUCKET,
  R2_BUCKET_LIFECYCLE,
  R2_BUCKET_LOCK,
  ROUTE,
  SCRIPT_SUBDOMAIN,
  URL_NORMALIZATION,
} from "./resources";
import { SCRIPT_TYPE } from "./script";

/** The resource types by token. */
export const CLOUDFLARE_TYPES: Readonly<Record<string, ResourceType<CloudflareClient>>> = {
  "cloudflare:index/logpushJob:LogpushJob": LOGPUSH_JOB,
  "cloudflare:index/notificationPolicy:NotificationPolicy": NOTIFICATION_POLICY,
  "cloudflare:index/notificationPolicyWebhooks:NotificationPolicyWebhooks": NOTIFICATION_WEBHOOK,
  "cloudflare:index/queue:Queue": QUEUE,
  "cloudflare:index/r2Bucket:R2Bucket": R2_BUCKET,
  "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": R2_BUCKET_LIFECYCLE,
  "cloudflare:index/r2BucketLock:R2BucketLock": R2_BUCKET_LOCK,
  "cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings": URL_NORMALIZATION,
  "cloudflare:index/workersCronTrigger:WorkersCronTrigger": CRON_TRIGGER,
  "cloudflare:index/workersCustomDomain:WorkersCustomDomain": CUSTOM_DOMAIN,
  "cloudflare:index/workersKv:WorkersKv": KV_VALUE,
  "cloudflare:index/workersKvNamespace:WorkersKvNamespace": KV_NAMESPACE,
  "cloudflare:index/workersRoute:WorkersRoute": ROUTE,
  "cloudflare:index/workersScript:WorkersScript": SCRIPT_TYPE,
  "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain": SCRIPT_SUBDOMAIN,
};

const FUNCTIONS: Readonly<Record<string, InvokeFunction<CloudflareClient>>> = {
  "cloudflare:index/getWorkersScripts:getWorkersScripts": getWorkersScripts,
  "cloudflare:index/getZone:getZone": getZone,
};

/** A provider for given settings. */
export function cloudflareProvider(settings: () => CloudflareSettings): SandboxProvider {
  return new DeclarativeProvider<CloudflareClient>({
    name: "cloudflare",
    flavour: "framework",
    types: CLOUDFLARE_TYPES,
    functions: FUNCTIONS,
    client: () => Promise.resolve().then(() => new CloudflareClient(settings())),
  });
}

/** Workers, KV, R2, Logpush and alerts of Cloudflare, with the calls that @pulumi/cloudflare 6.17.0 makes. */
export const cloudflarePackage: ProviderPackage = {
  name: "cloudflare",
  version: "6.17.0",
  types: Object.keys(CLOUDFLARE_TYPES),
  functions: Object.keys(FUNCTIONS),
  create: (config, env) => Promise.resolve(cloudflareProvider(() => settingsFrom(config, env))),
};
