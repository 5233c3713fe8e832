import type { Properties, Property } from "../support/properties";
import type { InvokeFunction } from "../support/resource";
import { ProviderError, type Props } from "../types";
import type { CloudflareClient } from "./client";
import { accountPath, segment } from "./rest";
import { decode } from "./wire";

const text: Property = { kind: "string" };
const flag: Property = { kind: "boolean" };
const number: Property = { kind: "number" };
const list: Property = { kind: "list" };

const LISTED_SCRIPT: Properties = {
  compatibilityDate: text,
  compatibilityFlags: list,
  createdOn: text,
  etag: text,
  handlers: list,
  hasAssets: flag,
  hasModules: flag,
  id: text,
  lastDeployedFrom: text,
  logpush: flag,
  migrationTag: text,
  modifiedOn: text,
  namedHandlers: { kind: "list", fields: { handlers: list, name: text } },
  observability: {
    kind: "object",
    fields: {
      enabled: flag,
      headSamplingRate: number,
      logs: {
        kind: "object",
        fields: { destinations: list, enabled: flag, headSamplingRate: number, invocationLogs: flag, persist: flag },
      },
      traces: {
        kind: "object",
        fields: { destinations: list, enabled: flag, headSamplingRate: number, persist: flag },
      },
    },
  },
  placement: {
    kind: "object",
    fields: {
      host: text,
      hostname: text,
      lastAnalyzedAt: text,
      mode: text,
      region: text,
      status: text,
      targets: { kind: "list", wire: "target", fields: { host: text, hostname: text, region: text } },
    },
  },
  placementMode: text,
  placementStatus: text,
  routes: { kind: "list", fields: { id: text, pattern: text, script: text } },
  tag: text,
  tags: list,
  tailConsumers: { kind: "list", fields: { environment: text, namespace: text, service: text } },
  usageModel: text,
};

/** `cloudflare.getWorkersScripts`: the deployed scripts of an account, with the migration tag of each. */
export const getWorkersScripts: InvokeFunction<CloudflareClient> = async (client, args) => {
  const accountId = required(args, "accountId", "getWorkersScripts");
  const query: Record<string, string> = typeof args.tags === "string" && args.tags !== "" ? { tags: args.tags } : {};
  const answer = await client.result({ method: "GET", path: accountPath({ accountId }, "workers/scripts"), query });
  const limit = typeof args.maxItems === "number" && args.maxItems > 0 ? args.maxItems : 1000;
  const results = (Array.isArray(answer) ? (answer as unknown[]) : [])
    .slice(0, limit)
    .map((script) => withoutNulls(decode(LISTED_SCRIPT, script)));
  return { ...withoutNulls(args), id: accountId, results };
};

const ZONE: Properties = {
  account: { kind: "object", fields: { id: text, name: text } },
  activatedOn: text,
  cnameSuffix: text,
  createdOn: text,
  developmentMode: number,
  meta: {
    kind: "object",
    fields: {
      cdnOnly: flag,
      customCertificateQuota: number,
      dnsOnly: flag,
      foundationDns: flag,
      pageRuleQuota: number,
      phishingDetected: flag,
      step: number,
    },
  },
  modifiedOn: text,
  name: text,
  nameServers: list,
  originalDnshost: text,
  originalNameServers: list,
  originalRegistrar: text,
  owner: { kind: "object", fields: { id: text, name: text, type: text } },
  paused: flag,
  permissions: list,
  plan: {
    kind: "object",
    fields: {
      canSubscribe: flag,
      currency: text,
      externallyManaged: flag,
      frequency: text,
      id: text,
      isSubscribed: flag,
      legacyDiscount: flag,
      legacyId: text,
      name: text,
      price: number,
    },
  },
  status: text,
  tenant: { kind: "object", fields: { id: text, name: text } },
  tenantUnit: { kind: "object", fields: { id: text } },
  type: text,
  vanityNameServers: list,
  verificationKey: text,
};

/** `cloudflare.getZone`: a zone by id, or the only one that a filter finds. */
export const getZone: InvokeFunction<CloudflareClient> = async (client, args) => {
  const id =
    args.filter === undefined ? required(args, "zoneId", "getZone") : await zoneByFilter(client, args.filter as Props);
  const zone = await client.result({ method: "GET", path: `zones/${segment(id)}` });
  return { ...withoutNulls(args), ...withoutNulls(decode(ZONE, zone)), id, zoneId: id };
};

async function zoneByFilter(client: CloudflareClient, filter: Props): Promise<string> {
  const account = (filter.account ?? {}) as Props;
  const wanted: [string, unknown][] = [
    ["account.id", account.id],
    ["account.name", account.name],
    ["direction", filter.direction],
    ["match", filter.match],
    ["name", filter.name],
    ["order", filter.order],
    ["status", filter.status],
  ];
  const query = Object.fromEntries(
    wanted.filter(([, value]) => value !== undefined && value !== null).map(([key, value]) => [key, String(value)]),
  );
  const answer = await client.result({ method: "GET", path: "zones", query });
  const zones = Array.isArray(answer) ? (answer as Props[]) : [];
  if (zones.length !== 1)
    throw new ProviderError(
      `getZone: the filter finds ${zones.length} zones, where one is wanted${filter.name === undefined ? "" : ` (name ${String(filter.name)})`}`,
    );
  return String(zones[0]?.id);
}

function required(args: Props, name: string, where: string): string {
  const value = args[name];
  if (typeof value !== "string" || value === "") throw new ProviderError(`${where}: missing ${name}`);
  return value;
}

function withoutNulls(bag: Props): Props {
  return Object.fromEntries(Object.entries(bag).filter(([, value]) => value !== undefined && value !== null));
}
