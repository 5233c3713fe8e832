import { CLOUDFLARE_TYPES, cloudflarePackage } from "../../providers/cloudflare";
import { RANDOM_TYPES, randomPackage } from "../../providers/random";
import { isInput, type Properties, type Property } from "../../providers/support/properties";
import type { Props, ProviderPackage } from "../../providers/types";
import { VAULT_TYPES, vaultPackage } from "../../providers/vault";
import { urnOf } from "./support/replay";

/**
 * Which inputs force a replacement, type by type, from the schemas of the wrapped Terraform providers (random 3.9.0,
 * vault 5.8.0, cloudflare 5.19.1). Written out by hand, so that a slip in a declaration shows here.
 */
const REPLACING: Readonly<Record<string, readonly string[]>> = {
  "random:index/randomBytes:RandomBytes": ["keepers", "length"],
  "random:index/randomId:RandomId": ["byteLength", "keepers", "prefix"],
  "random:index/randomPassword:RandomPassword": [
    "keepers",
    "length",
    "lower",
    "minLower",
    "minNumeric",
    "minSpecial",
    "minUpper",
    "number",
    "numeric",
    "overrideSpecial",
    "special",
    "upper",
  ],
  "random:index/randomString:RandomString": [
    "keepers",
    "length",
    "lower",
    "minLower",
    "minNumeric",
    "minSpecial",
    "minUpper",
    "number",
    "numeric",
    "overrideSpecial",
    "special",
    "upper",
  ],
  "random:index/randomUuid:RandomUuid": ["keepers"],
  "vault:appRole/authBackendRole:AuthBackendRole": ["backend", "namespace", "roleName"],
  "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": [
    "backend",
    "cidrLists",
    "metadata",
    "namespace",
    "numUses",
    "roleName",
    "secretId",
    "tokenBoundCidrs",
    "ttl",
    "withWrappedAccessor",
    "wrappingTtl",
  ],
  "vault:identity/entity:Entity": ["namespace"],
  "vault:identity/entityAlias:EntityAlias": ["namespace"],
  "vault:index/auditRequestHeader:AuditRequestHeader": ["name", "namespace"],
  "vault:index/authBackend:AuthBackend": ["local", "namespace", "type"],
  "vault:index/mount:Mount": ["externalEntropyAccess", "local", "namespace", "sealWrap", "type"],
  "vault:index/policy:Policy": ["name", "namespace"],
  "vault:index/quotaRateLimit:QuotaRateLimit": ["name", "namespace", "path"],
  "vault:jwt/authBackend:AuthBackend": ["local", "namespace", "type"],
  "vault:jwt/authBackendRole:AuthBackendRole": ["backend", "namespace", "roleName", "roleType"],
  "vault:kv/secretBackendV2:SecretBackendV2": ["mount", "namespace"],
  "vault:kv/secretV2:SecretV2": ["mount", "name", "namespace"],
  "cloudflare:index/logpushJob:LogpushJob": ["accountId", "dataset", "zoneId"],
  "cloudflare:index/notificationPolicy:NotificationPolicy": ["accountId"],
  "cloudflare:index/notificationPolicyWebhooks:NotificationPolicyWebhooks": ["accountId"],
  "cloudflare:index/queue:Queue": ["accountId"],
  "cloudflare:index/r2Bucket:R2Bucket": ["accountId", "name"],
  "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": ["accountId", "bucketName"],
  "cloudflare:index/r2BucketLock:R2BucketLock": ["accountId", "bucketName"],
  "cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings": ["zoneId"],
  "cloudflare:index/workersCronTrigger:WorkersCronTrigger": ["accountId", "scriptName"],
  "cloudflare:index/workersCustomDomain:WorkersCustomDomain": [
    "accountId",
    "environment",
    "hostname",
    "service",
    "zoneId",
    "zoneName",
  ],
  "cloudflare:index/workersKv:WorkersKv": ["accountId", "keyName", "namespaceId"],
  "cloudflare:index/workersKvNamespace:WorkersKvNamespace": ["accountId"],
  "cloudflare:index/workersRoute:WorkersRoute": ["zoneId"],
  "cloudflare:index/workersScript:WorkersScript": ["accountId", "scriptName"],
  "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain": ["accountId", "scriptName"],
};
/** Inputs whose change alone is none: a hint that the service answers as it likes, and a value that is never kept. */
const SILENT = new Set([
  "cloudflare:index/r2Bucket:R2Bucket.location",
  "vault:kv/secretV2:SecretV2.dataJsonWo",
  "vault:jwt/authBackend:AuthBackend.oidcClientSecretWo",
]);
/** Inputs that bring others with them. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  number: ["number", "numeric"],
  numeric: ["number", "numeric"],
};

/** A value of the property's kind; another for each `round`. */
function valueOf(property: Property, round: number): unknown {
  switch (property.kind) {
    case "number":
      return round + 40;
    case "boolean":
      return round % 2 === 1;
    case "json":
      return JSON.stringify({ round });
    case "map":
      return { key: `value ${round}` };
    case "object":
      return bagOf(property.fields ?? {}, round);
    case "list":
    case "set":
      return [property.fields ? bagOf(property.fields, round) : `value ${round}`];
    default:
      return property.same ? JSON.stringify({ round }) : `value ${round}`;
  }
}

function bagOf(properties: Properties, round: number): Props {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([, property]) => isInput(property))
      .map(([name, property]) => [name, valueOf(property, round)]),
  );
}

const PACKAGES: [ProviderPackage, Readonly<Record<string, { properties: Properties }>>][] = [
  [randomPackage, RANDOM_TYPES],
  [vaultPackage, VAULT_TYPES],
  [cloudflarePackage, CLOUDFLARE_TYPES],
];
const TYPES = PACKAGES.flatMap(([pkg, types]) =>
  Object.entries(types).map(([token, type]) => ({ token, pkg, properties: type.properties })),
);

describe("a change of one input", () => {
  it("is covered for every type", () => {
    expect(Object.keys(REPLACING).sort()).toEqual(TYPES.map(({ token }) => token).sort());
  });

  it.each(TYPES)(
    "of $token shows as that change alone, and replaces only where it must",
    async ({ token, pkg, properties }) => {
      const provider = await pkg.create({}, {});
      const urn = urnOf(token, "it");
      // Booleans are true, so that their change is to the zero value.
      const state: Props = { ...bagOf(properties, 1), ...(properties.disableRemount ? { disableRemount: false } : {}) };
      expect(
        await provider.diff("id", urn, { ...state, __pulumi_raw_state_delta: {} }, state, { ...state, __defaults: [] }),
      ).toMatchObject({ changes: false });
      for (const [name, property] of Object.entries(properties)) {
        if (!isInput(property)) continue;
        const other = property.kind === "boolean" ? state[name] !== true : valueOf(property, 2);
        const news = {
          ...state,
          [name]: other,
          ...Object.fromEntries((TOGETHER[name] ?? []).map((twin) => [twin, other])),
        };
        const diff = await provider.diff("id", urn, state, state, news);
        const silent = SILENT.has(`${token}.${name}`);
        const wanted = silent ? [] : (TOGETHER[name] ?? [name]);
        expect({ name, changes: diff.changes, replaces: diff.replaces }).toEqual({
          name,
          changes: !silent,
          replaces: (REPLACING[token] ?? []).includes(name) ? wanted : [],
        });
        const changed = (diff.diffs ?? []).filter((found) => !properties[found]?.volatile || found === name);
        expect({ name, changed }).toEqual({ name, changed: wanted });
      }
    },
  );

  it.each(TYPES.filter(({ token }) => token.startsWith("vault:") && /uthBackend$/.test(token)))(
    "of the path moves $token, or replaces it when moving is off",
    async ({ token, pkg }) => {
      const provider = await pkg.create({}, {});
      const diff = (more: Props) =>
        provider.diff("a", urnOf(token, "it"), { path: "a", ...more }, {}, { path: "b", ...more });
      expect(await diff({})).toMatchObject({ replaces: [] });
      expect(await diff({ disableRemount: true })).toMatchObject({ replaces: ["path"] });
    },
  );

  it("a policy of a chosen name is deleted before it is replaced, a mount is not", async () => {
    const provider = await vaultPackage.create({}, {});
    const policy = await provider.diff(
      "a",
      urnOf("vault:index/policy:Policy", "p"),
      { name: "a", policy: "x" },
      {},
      { __defaults: [], name: "b", policy: "x" },
    );
    expect(policy).toMatchObject({ replaces: ["name"], deleteBeforeReplace: true });
    const mount = await provider.diff(
      "a",
      urnOf("vault:index/mount:Mount", "m"),
      { path: "a", type: "kv" },
      {},
      { __defaults: [], path: "a", type: "transit" },
    );
    expect(mount.replaces).toEqual(["type"]);
    expect(mount.deleteBeforeReplace).toBeUndefined();
  });
});
