import { cloudflareProvider } from "../../../providers/cloudflare";
import type { Props } from "../../../providers/types";
import { readRecording } from "../support/recording";
import { Replayer, type Declared, type ReplayCase } from "../support/replay";
import { ReplayServer } from "../support/replayServer";

const ACCOUNT = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
const ZONE = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2";
const token = (name: string): string => `cloudflare:index/${name}:${name.charAt(0).toUpperCase()}${name.slice(1)}`;
const SCRIPT = token("workersScript");
const NAMESPACE = "0123456789abcdef0123456789abcdef";

const moduleOf = (version: number): string =>
  `export class Limiter { constructor(s) { this.s = s } async fetch() { return new Response("ok") } }\nexport default { async fetch(r, e) { return new Response("v${version}") }, async scheduled() {} }\n`;
const upstream = (url: string): Props => ({ name: "UPSTREAM", type: "plain_text", text: url });
const bindings = (url = "https://api.example.com"): Props[] => [
  { name: "AE", type: "analytics_engine", dataset: "gate" },
  { name: "BUCKET", type: "r2_bucket", bucketName: "gate-audit" },
  { name: "CFG", type: "json", json: '{"list":["x"],"a":1}' },
  { name: "KV", type: "kv_namespace", namespaceId: NAMESPACE },
  { name: "LIMITER", type: "durable_object_namespace", className: "Limiter" },
  { name: "RL", type: "ratelimit", namespaceId: "1001", simple: { limit: 100, period: 60 } },
  { name: "SECRET", type: "secret_text", text: "example-secret-value" },
  upstream(url),
];
const logs = { enabled: true, invocationLogs: true, headSamplingRate: 1, persist: true };
const full: Props = {
  accountId: ACCOUNT,
  scriptName: "gate",
  content: moduleOf(1),
  mainModule: "index.js",
  compatibilityDate: "2026-01-01",
  compatibilityFlags: ["nodejs_compat"],
  logpush: true,
  observability: { enabled: true, headSamplingRate: 1, logs },
  bindings: bindings(),
  migrations: { newTag: "v1", newSqliteClasses: ["Limiter"] },
};
const without = (props: Props, name: string): Props =>
  Object.fromEntries(Object.entries(props).filter(([key]) => key !== name));
const small: Props = {
  accountId: ACCOUNT,
  scriptName: "gate",
  mainModule: "index.js",
  content: "export default { fetch() { return new Response('1') } }",
  compatibilityDate: "2026-01-01",
};
const script = (inputs: Props, changed?: Props, changedAgain?: Props): Declared[] => [
  { type: SCRIPT, name: "gate", inputs, ...(changed ? { changed } : {}), ...(changedAgain ? { changedAgain } : {}) },
];
const second = { ...full, content: moduleOf(2) };
const elsewhere = { bindings: bindings("https://upstream.example.com") };
const kept = without(second, "migrations");
const oldTag = { migrations: { oldTag: "v1", newTag: "v1" } };

/** What every update of a script makes anew; those of them that the program sets are not in a diff. */
const ANEW = [
  "annotations",
  "etag",
  "handlers",
  "hasAssets",
  "hasModules",
  "lastDeployedFrom",
  "migrationTag",
  "modifiedOn",
  "namedHandlers",
  "placement",
  "placementMode",
  "placementStatus",
  "startupTimeMs",
  "tailConsumers",
];
const anew = (...more: string[]): string[] => [...ANEW, ...more].sort();

const one = (name: string, inputs: Props, changed?: Props): Declared[] => [
  { type: token(name), name: "r", inputs, ...(changed ? { changed } : {}) },
];
const inAccount = (props: Props): Props => ({ accountId: ACCOUNT, ...props });
const job = {
  dataset: "workers_trace_events",
  destinationConf: `r2://gate-audit/trace/{DATE}?account-id=${ACCOUNT}&access-key-id=EXAMPLE&secret-access-key=EXAMPLE`,
  enabled: true,
  filter: '{"where":{"key":"ScriptName","operator":"eq","value":"gate"}}',
  name: "gate-trace",
  maxUploadIntervalSeconds: 30,
  outputOptions: {
    fieldNames: ["Event", "EventTimestampMs", "Outcome", "Logs", "ScriptName"],
    outputType: "ndjson",
    timestampFormat: "rfc3339",
  },
};
const smallJob = {
  dataset: "workers_trace_events",
  destinationConf: "https://logs.example.com/in?header_Authorization=Basic%20EXAMPLE",
};
const policy = {
  name: "logpush disabled",
  alertType: "failing_logpush_job_disabled_alert",
  mechanisms: { webhooks: [{ id: NAMESPACE }] },
};
const lock = (age: number): Props =>
  inAccount({
    bucketName: "gate-audit",
    rules: [{ id: "keep", enabled: true, prefix: "audit/", condition: { type: "Age", maxAgeSeconds: age } }],
  });
const lifecycle = (age: number): Props =>
  inAccount({
    bucketName: "gate-audit",
    rules: [
      {
        id: "expire",
        enabled: true,
        conditions: { prefix: "audit/" },
        deleteObjectsTransition: { condition: { type: "Age", maxAge: age } },
      },
    ],
  });

const CASES: ReplayCase[] = [
  { name: "WorkersScript", resources: script(full, second, { ...second, ...elsewhere }) },
  { name: "WorkersScript-migration-dropped", resources: script(full, kept, { ...kept, ...elsewhere }) },
  {
    name: "WorkersScript-migration-old-tag",
    resources: script(full, { ...second, ...oldTag }, { ...second, ...oldTag, ...elsewhere }),
  },
  {
    name: "WorkersScript-settings-empty-objects",
    resources: script(full),
    differs: { refresh: { gate: anew("bindings", "limits") } },
  },
  {
    name: "WorkersScript-settings-limits-empty-object",
    resources: script(full),
    differs: { refresh: { gate: anew("bindings", "limits") } },
  },
  { name: "WorkersScript-settings-tail-consumers-empty-array", resources: script(full) },
  { name: "WorkersScript-put-echoes-bindings", resources: script(full) },
  {
    name: "WorkersScript-minimal",
    resources: script(without(small, "compatibilityDate"), {
      ...without(small, "compatibilityDate"),
      content: "export default { fetch() { return new Response('2') } }",
    }),
  },
  {
    name: "WorkersScript-minimal-observability-filled",
    resources: script(without(small, "compatibilityDate")),
    differs: { refresh: { gate: anew("bindings", "compatibilityFlags", "observability") } },
  },
  {
    name: "WorkersScript-annotations",
    resources: script(
      { ...small, annotations: { workersMessage: "m1", workersTag: "t" } },
      { ...small, annotations: { workersMessage: "m2", workersTag: "t" } },
    ),
  },
  {
    name: "WorkersScript-more-bindings",
    resources: script({
      ...small,
      bindings: [
        { name: "D", type: "d1", id: "11111111-2222-4333-8444-555555555555" },
        { name: "Q", type: "queue", queueName: "q" },
        { name: "S", type: "secrets_store_secret", storeId: NAMESPACE, secretName: "s" },
        { name: "SVC", type: "service", service: "other" },
        { name: "V", type: "version_metadata" },
      ],
    }),
  },
  {
    name: "WorkersScript-secret-key",
    resources: script({
      ...small,
      bindings: [
        {
          name: "KEY",
          type: "secret_key",
          algorithm: '{"name":"HMAC","hash":"SHA-256"}',
          format: "raw",
          keyBase64: "AAAA",
          usages: ["sign", "verify"],
        },
      ],
    }),
  },
  { name: "WorkersScript-tail-consumers", resources: script({ ...small, tailConsumers: [{ service: "tail" }] }) },
  { name: "WorkersScript-limits", resources: script({ ...small, limits: { cpuMs: 50 } }) },
  {
    name: "WorkersScript-secret-changed-outside",
    resources: script(
      { ...small, keepBindings: ["secret_text"], bindings: [{ name: "A", type: "plain_text", text: "a" }] },
      { ...small, keepBindings: ["secret_text"], bindings: [{ name: "A", type: "plain_text", text: "a2" }] },
    ),
  },
  {
    name: "WorkersScript-content-changed-outside",
    resources: script(small, small),
    differs: { refresh: { gate: anew("bindings", "compatibilityFlags", "content") } },
  },
  { name: "WorkersScript-gone", resources: script(small) },
  {
    name: "WorkersScript-unsorted-bindings",
    resources: script({
      ...small,
      bindings: [
        { name: "B", type: "plain_text", text: "b" },
        { name: "A", type: "plain_text", text: "a" },
      ],
    }),
  },
  {
    name: "WorkersScript-service-worker-syntax",
    resources: script({
      accountId: ACCOUNT,
      scriptName: "sw",
      content: "addEventListener('fetch', e => e.respondWith(new Response('1')))",
      compatibilityDate: "2026-01-01",
    }),
  },
  {
    name: "WorkersKvNamespace",
    resources: one("workersKvNamespace", inAccount({ title: "gate-cache" }), inAccount({ title: "gate-cache-2" })),
  },
  {
    name: "WorkersKv",
    resources: one(
      "workersKv",
      inAccount({ namespaceId: NAMESPACE, keyName: "agents/claude bot", value: "v1", metadata: '{"rev":1}' }),
      inAccount({ namespaceId: NAMESPACE, keyName: "agents/claude bot", value: "v2", metadata: '{"rev":2}' }),
    ),
  },
  {
    name: "WorkersKv-plain",
    resources: one(
      "workersKv",
      inAccount({ namespaceId: NAMESPACE, keyName: "policy", value: '{"allow":[]}' }),
      inAccount({ namespaceId: NAMESPACE, keyName: "policy", value: '{"allow":["GET /user"]}' }),
    ),
  },
  {
    name: "WorkersCronTrigger",
    resources: one(
      "workersCronTrigger",
      inAccount({ scriptName: "gate", schedules: [{ cron: "*/5 * * * *" }, { cron: "0 3 * * *" }] }),
      inAccount({ scriptName: "gate", schedules: [{ cron: "*/10 * * * *" }, { cron: "0 3 * * *" }] }),
    ),
  },
  {
    name: "WorkersRoute",
    resources: one(
      "workersRoute",
      { zoneId: ZONE, pattern: "gate.example.com/*", script: "gate" },
      { zoneId: ZONE, pattern: "gate.example.com/v2/*", script: "gate" },
    ),
  },
  {
    name: "WorkersCustomDomain",
    resources: one(
      "workersCustomDomain",
      inAccount({ hostname: "gate.example.com", service: "gate", zoneId: ZONE }),
      inAccount({ hostname: "gate2.example.com", service: "gate", zoneId: ZONE }),
    ),
  },
  {
    name: "WorkersCustomDomain-environment",
    resources: one(
      "workersCustomDomain",
      inAccount({ hostname: "gate.example.com", service: "gate", zoneName: "example.com", environment: "production" }),
    ),
  },
  {
    name: "WorkersScriptSubdomain",
    resources: one(
      "workersScriptSubdomain",
      inAccount({ scriptName: "gate", enabled: false, previewsEnabled: false }),
      inAccount({ scriptName: "gate", enabled: true, previewsEnabled: false }),
    ),
  },
  {
    name: "R2Bucket",
    resources: one(
      "r2Bucket",
      inAccount({ name: "gate-audit" }),
      inAccount({ name: "gate-audit", storageClass: "InfrequentAccess" }),
    ),
  },
  {
    name: "R2Bucket-location",
    resources: one("r2Bucket", inAccount({ name: "gate-audit", location: "weur", jurisdiction: "eu" })),
  },
  { name: "R2BucketLock", resources: one("r2BucketLock", lock(86_400), lock(172_800)) },
  { name: "R2BucketLifecycle", resources: one("r2BucketLifecycle", lifecycle(31_536_000), lifecycle(63_072_000)) },
  {
    name: "LogpushJob",
    resources: one("logpushJob", inAccount(job), inAccount({ ...job, maxUploadIntervalSeconds: 60 })),
  },
  {
    name: "LogpushJob-minimal",
    resources: one("logpushJob", inAccount(smallJob), inAccount({ ...smallJob, enabled: true })),
  },
  {
    name: "LogpushJob-answer-kind-null",
    resources: one("logpushJob", inAccount(smallJob), inAccount({ ...smallJob, enabled: true })),
    differs: { update: { r: ["errorMessage", "kind", "lastComplete", "lastError"] } },
  },
  {
    name: "NotificationPolicy",
    resources: one("notificationPolicy", inAccount(policy), inAccount({ ...policy, enabled: false })),
  },
  {
    name: "NotificationPolicy-answer-filled",
    resources: one("notificationPolicy", inAccount(policy)),
    differs: { refresh: { r: ["created", "description", "filters", "modified"] } },
  },
  {
    name: "NotificationPolicy-emails",
    resources: one(
      "notificationPolicy",
      inAccount({
        name: "token expiry",
        alertType: "expiring_service_token_alert",
        description: "d",
        mechanisms: { emails: [{ id: "ops@example.com" }] },
      }),
    ),
  },
  {
    name: "NotificationPolicyWebhooks",
    resources: one(
      "notificationPolicyWebhooks",
      inAccount({ name: "ops", url: "https://hooks.example.com/cf", secret: "example-hook-secret" }),
      inAccount({ name: "ops 2", url: "https://hooks.example.com/cf", secret: "example-hook-secret" }),
    ),
  },
  {
    name: "UrlNormalizationSettings",
    resources: one(
      "urlNormalizationSettings",
      { zoneId: ZONE, type: "rfc3986", scope: "incoming" },
      { zoneId: ZONE, type: "rfc3986", scope: "both" },
    ),
  },
  {
    name: "Queue",
    resources: one(
      "queue",
      inAccount({ queueName: "gate-audit", settings: { messageRetentionPeriod: 345_600 } }),
      inAccount({ queueName: "gate-audit", settings: { messageRetentionPeriod: 1_209_600 } }),
    ),
  },
  {
    name: "Queue-minimal",
    resources: one("queue", inAccount({ queueName: "gate-audit" }), inAccount({ queueName: "gate-audit-2" })),
  },
  { name: "error-500-twice", resources: one("workersKvNamespace", inAccount({ title: "gate-cache" })) },
];

/** Cases whose create is refused, and the words that must reach the reader. */
const REFUSED: [ReplayCase, string][] = [
  [
    { name: "error-403", resources: one("workersKvNamespace", inAccount({ title: "gate-cache" })) },
    "403: Authentication error (10000)",
  ],
  [
    { name: "error-500-no-retry-header", resources: one("workersKvNamespace", inAccount({ title: "gate-cache" })) },
    "500: internal (10001)",
  ],
  [
    { name: "WorkersScript-placement", resources: script({ ...small, placement: { mode: "smart" } }) },
    "metadata is not JSON (10021)",
  ],
  [
    {
      name: "WorkersScript-limits-placement-tail",
      resources: script({
        ...small,
        placement: { mode: "smart" },
        limits: { cpuMs: 50 },
        tailConsumers: [{ service: "tail" }],
      }),
    },
    "metadata is not JSON (10021)",
  ],
];

describe("the cloudflare provider sends what the real plugin sends", () => {
  const recording = readRecording("cloudflare");
  const waits: number[] = [];
  let server: ReplayServer;
  beforeAll(async () => {
    server = await ReplayServer.start();
  });
  afterAll(() => server.stop());

  const settings = (given = "<token>") => ({
    baseUrl: `${server.origin}/client/v4/`,
    authorization: { authorization: `Bearer ${given}` },
    pause: (milliseconds: number) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
  });
  const replayer = (): Replayer => new Replayer(server, recording, () => cloudflareProvider(() => settings()));

  it.each(CASES.map((test) => [test.name, test] as const))("%s", async (_name, test) => {
    await replayer().run(test);
  });

  it.each(REFUSED.map(([test, words]) => [test.name, test, words] as const))("%s", async (_name, test, words) => {
    const error = await replayer().fail(test);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain("<token>");
  });

  it("WorkersScript-migration-kept-tag-enforced: the second upload of a migration is refused with the service's words", async () => {
    const run = replayer().run({ name: "WorkersScript-migration-kept-tag-enforced", resources: script(full, second) });
    await expect(run).rejects.toThrow("412: Migration tag precondition failed; current tag is 'v1' (10079)");
  });

  it("error-token-format: a token of another form is sent as it is", async () => {
    const odd = new Replayer(server, recording, () => cloudflareProvider(() => settings("short")));
    await odd.run({
      name: "error-token-format",
      resources: one("workersKvNamespace", inAccount({ title: "gate-cache" })),
    });
  });

  it.each([
    ["getZone", { zoneId: ZONE }],
    ["getZone-filter", { filter: { name: "example.com" } }],
  ])("%s", async (name, args) => {
    const expected = recording.filter((call) => call.case === name && call.operation === "create");
    server.expect(expected);
    const { result } = await cloudflareProvider(() => settings()).invoke("cloudflare:index/getZone:getZone", args);
    expect(server.take().map(({ method, path, query }) => ({ method, path, query }))).toEqual(
      expected.map(({ method, path, query }) => ({ method, path, query })),
    );
    expect(result).toMatchObject({
      id: ZONE,
      zoneId: ZONE,
      name: "example.com",
      account: { id: ACCOUNT, name: "acme" },
      nameServers: ["a.ns.example.com", "b.ns.example.com"],
    });
  });

  it("every recorded case of these types is replayed", () => {
    const others = ["WorkersScript-migration-kept-tag-enforced", "error-token-format", "getZone", "getZone-filter"];
    expect([...new Set(recording.map((call) => call.case))].sort()).toEqual(
      [...CASES.map((test) => test.name), ...REFUSED.map(([test]) => test.name), ...others].sort(),
    );
  });

  it("waits between tries, longer each time", async () => {
    waits.length = 0;
    await replayer().run({
      name: "error-500-twice",
      resources: one("workersKvNamespace", inAccount({ title: "gate-cache" })),
    });
    expect(waits).toEqual([500, 1000]);
  });
});
