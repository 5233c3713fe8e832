import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudflarePackage } from "../../../providers/cloudflare";
import type { Props, SandboxProvider } from "../../../providers/types";
import { ACCOUNT, useCloudflare, ZONE } from "../../cloudflare/support";
import { live, type Life } from "../support/lifeCycle";
import { urnOf } from "../support/replay";

const token = (name: string): string => `cloudflare:index/${name}:${name.charAt(0).toUpperCase()}${name.slice(1)}`;
const SCRIPT = token("workersScript");
const script = (name: string, body: string, more: Props = {}): Props => ({
  accountId: ACCOUNT,
  scriptName: name,
  mainModule: "index.js",
  content: `export default { fetch(request, env) { return new Response(${body}) } }`,
  compatibilityDate: "2026-03-01",
  ...more,
});

describe("the cloudflare provider against the stand-in", () => {
  const cloudflare = useCloudflare();
  let provider: SandboxProvider;
  beforeAll(async () => {
    provider = await cloudflarePackage.create(
      {},
      { CLOUDFLARE_BASE_URL: cloudflare.running.api, CLOUDFLARE_API_TOKEN: cloudflare.running.token },
    );
    expect(
      (await cloudflare.upload("host", "export default { fetch() { return new Response('host') }, scheduled() {} }"))
        .status,
    ).toBe(200);
    expect((await cloudflare.call("POST", "{a}/r2/buckets", { name: "bucket" })).status).toBe(200);
  });

  const inAccount = (props: Props): Props => ({ accountId: ACCOUNT, ...props });
  const rule = (days: number): Props => ({
    id: "keep",
    enabled: true,
    prefix: "audit/",
    condition: { type: "Age", maxAgeSeconds: days * 86_400 },
  });
  const expiry = (days: number): Props => ({
    id: "expire",
    enabled: true,
    conditions: { prefix: "audit/" },
    deleteObjectsTransition: { condition: { type: "Age", maxAge: days * 86_400 } },
  });
  const job = {
    dataset: "workers_trace_events",
    destinationConf: "https://logs.example.com/in",
    name: "trace",
    enabled: true,
    outputOptions: { fieldNames: ["Event"] },
  };
  const LIVES: Life[] = [
    {
      type: token("workersKvNamespace"),
      inputs: inAccount({ title: "cache" }),
      changed: inAccount({ title: "cache-2" }),
      found: true,
    },
    {
      type: token("workersCronTrigger"),
      inputs: inAccount({ scriptName: "host", schedules: [{ cron: "0 3 * * *" }] }),
      changed: inAccount({ scriptName: "host", schedules: [{ cron: "0 4 * * *" }] }),
      stays: true,
    },
    {
      type: token("workersRoute"),
      inputs: { zoneId: ZONE, pattern: "gate.example.com/*", script: "host" },
      changed: { zoneId: ZONE, pattern: "gate.example.com/v2/*", script: "host" },
      found: true,
    },
    {
      type: token("workersCustomDomain"),
      inputs: inAccount({ hostname: "gate.example.com", service: "host", zoneId: ZONE }),
      found: true,
    },
    {
      type: token("workersScriptSubdomain"),
      inputs: inAccount({ scriptName: "host", enabled: true }),
      changed: inAccount({ scriptName: "host", enabled: false, previewsEnabled: false }),
      stays: true,
    },
    {
      type: token("r2Bucket"),
      inputs: inAccount({ name: "audit" }),
      changed: inAccount({ name: "audit", storageClass: "InfrequentAccess" }),
      found: true,
    },
    {
      type: token("r2BucketLock"),
      inputs: inAccount({ bucketName: "bucket", rules: [rule(1)] }),
      changed: inAccount({ bucketName: "bucket", rules: [rule(2)] }),
      stays: true,
    },
    {
      type: token("r2BucketLifecycle"),
      inputs: inAccount({ bucketName: "bucket", rules: [expiry(1)] }),
      changed: inAccount({ bucketName: "bucket", rules: [expiry(2)] }),
      stays: true,
    },
    { type: token("logpushJob"), inputs: inAccount(job), changed: inAccount({ ...job, enabled: false }), found: true },
    {
      type: token("notificationPolicy"),
      inputs: inAccount({
        name: "p",
        alertType: "failing_logpush_job_disabled_alert",
        mechanisms: { emails: [{ id: "ops@example.com" }] },
      }),
      changed: inAccount({
        name: "p",
        alertType: "failing_logpush_job_disabled_alert",
        mechanisms: { emails: [{ id: "ops@example.com" }] },
        enabled: false,
      }),
      found: true,
    },
    {
      type: token("notificationPolicyWebhooks"),
      inputs: inAccount({ name: "ops", url: "https://hooks.example.com/a" }),
      changed: inAccount({ name: "ops", url: "https://hooks.example.com/b" }),
      found: true,
    },
    {
      type: token("urlNormalizationSettings"),
      inputs: { zoneId: ZONE, type: "rfc3986", scope: "incoming" },
      changed: { zoneId: ZONE, type: "rfc3986", scope: "both" },
      stays: true,
    },
    {
      type: token("queue"),
      inputs: inAccount({ queueName: "audit" }),
      changed: inAccount({ queueName: "audit", settings: { messageRetentionPeriod: 3600 } }),
      found: true,
    },
  ];

  it.each(LIVES.map((life) => [life.type, life] as const))(
    "%s lives: made, unchanged at a second preview, changed, gone",
    async (_type, life) => {
      const { remove } = await live(provider, life);
      await remove();
    },
  );

  it("a value in a KV namespace lives", async () => {
    const namespace = await live(provider, {
      type: token("workersKvNamespace"),
      inputs: inAccount({ title: "values" }),
    });
    const at = { accountId: ACCOUNT, namespaceId: namespace.id, keyName: "agents/claude bot" };
    const value = await live(provider, {
      type: token("workersKv"),
      inputs: { ...at, value: "v1", metadata: '{"rev":1}' },
      changed: { ...at, value: "v2 ü", metadata: '{ "rev": 2 }' },
    });
    await value.remove();
    await namespace.remove();
  });

  it("a script lives, runs with its bindings, and is listed", async () => {
    const bindings = [
      { name: "B", type: "plain_text", text: "bound" },
      { name: "SECRET", type: "secret_text", text: "hidden" },
      { name: "CONFIG", type: "json", json: '{"b":1, "a":[true]}' },
    ];
    const first = script("runs", "`${env.B} ${env.SECRET} ${env.CONFIG.b} ü`", {
      bindings,
      observability: { enabled: true },
    });
    const life = await live(provider, {
      type: SCRIPT,
      inputs: first,
      changed: { ...first, bindings: [{ name: "B", type: "plain_text", text: "changed" }, ...bindings.slice(1)] },
      found: true,
    });
    expect(await (await cloudflare.knock("runs")).text()).toBe("changed hidden 1 ü");
    const { result } = await provider.invoke("cloudflare:index/getWorkersScripts:getWorkersScripts", {
      accountId: ACCOUNT,
    });
    expect((result.results as Props[]).map(({ id }) => id)).toContain("runs");
    await life.remove();
    expect(
      (
        (await provider.invoke("cloudflare:index/getWorkersScripts:getWorkersScripts", { accountId: ACCOUNT })).result
          .results as Props[]
      ).map(({ id }) => id),
    ).not.toContain("runs");
  });

  it("tells the migration tag of a deployed script, and the service refuses the same migration twice", async () => {
    const urn = urnOf(SCRIPT, "ledger");
    const ledger = {
      ...script("ledger", "'ok'"),
      content:
        "import { DurableObject } from 'cloudflare:workers'; export class Ledger extends DurableObject {}; export default { fetch() { return new Response('ok') } }",
      bindings: [{ name: "LEDGER", type: "durable_object_namespace", className: "Ledger" }],
    };
    const migrations = { newTag: "h1", newSqliteClasses: ["Ledger"] };
    const { id, outs } = await provider.create(urn, { ...ledger, migrations }, false);
    expect(outs.migrationTag).toBe("h1");
    const { result } = await provider.invoke("cloudflare:index/getWorkersScripts:getWorkersScripts", {
      accountId: ACCOUNT,
    });
    expect((result.results as Props[]).find((found) => found.id === "ledger")).toMatchObject({ migrationTag: "h1" });
    const news = { ...ledger, content: `${ledger.content}\n`, migrations };
    await expect(provider.update(id, urn, outs, { ...ledger, migrations }, news, false)).rejects.toThrow("10079");
    const next = { ...news, migrations: { oldTag: "h1", newTag: "h2" } };
    expect((await provider.update(id, urn, outs, { ...ledger, migrations }, next, false)).outs.migrationTag).toBe("h2");
    await provider.delete(id, urn, outs);
  });

  it("uploads a file, whose hash must fit, and does not keep its text", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gatehouse-script-"));
    try {
      const content = "export default { fetch() { return new Response('from a file') } }";
      const contentFile = join(folder, "worker.js");
      await writeFile(contentFile, content);
      const contentSha256 = createHash("sha256").update(content).digest("hex");
      const inputs = { ...script("file", ""), content: undefined, contentFile, contentSha256 };
      const life = await live(provider, { type: SCRIPT, inputs: JSON.parse(JSON.stringify(inputs)) as Props });
      expect(life.outs).not.toHaveProperty("content");
      expect(await (await cloudflare.knock("file")).text()).toBe("from a file");
      await life.remove();
      const { failures } = await provider.check(
        urnOf(SCRIPT, "file"),
        {},
        { ...inputs, contentSha256: "0".repeat(64) },
      );
      expect(failures).toEqual([expect.objectContaining({ property: "contentSha256" })]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("imports by the composite ids of the real provider", async () => {
    const bucket = await provider.read(`${ACCOUNT}/bucket`, urnOf(token("r2Bucket"), "b"), {});
    expect(bucket).toMatchObject({ id: "bucket", props: { accountId: ACCOUNT, name: "bucket" } });
    const host = await provider.read(`${ACCOUNT}/host`, urnOf(SCRIPT, "h"), {});
    expect(host).toMatchObject({ id: "host", props: { accountId: ACCOUNT, scriptName: "host" } });
    const zone = await provider.invoke("cloudflare:index/getZone:getZone", { filter: { name: "example.com" } });
    expect(zone.result).toMatchObject({ zoneId: ZONE });
    await expect(
      provider.invoke("cloudflare:index/getZone:getZone", { filter: { name: "example.org" } }),
    ).rejects.toThrow("finds 0 zones");
  });

  it("takes the newest of two Logpush jobs of one name for the one that was being made", async () => {
    const type = token("logpushJob");
    const made = [];
    for (const name of ["twice", "twice", "other"])
      made.push(await provider.create(urnOf(type, "t"), inAccount({ ...job, name }), false));
    expect(await provider.find?.(type, inAccount({ ...job, name: "twice" }))).toEqual({ id: made[1]!.id });
    for (const { id, outs } of made) await provider.delete(id, urnOf(type, "t"), outs);
  });

  it("reads an adopted resource by its inputs alone", async () => {
    const type = token("workersKvNamespace");
    const inputs = inAccount({ title: "adopted" });
    const made = await provider.create(urnOf(type, "a"), inputs, false);
    const found = await provider.find?.(type, inputs);
    expect(found).toEqual({ id: made.id });
    expect(await provider.read(made.id, urnOf(type, "a"), {}, inputs)).toEqual({
      id: made.id,
      props: made.outs,
      inputs,
    });
    await provider.delete(made.id, urnOf(type, "a"), made.outs);
  });

  it("tells a refusal in the service's words, without the token in it", async () => {
    const wrong = await cloudflarePackage.create(
      {},
      { CLOUDFLARE_BASE_URL: cloudflare.running.api, CLOUDFLARE_API_TOKEN: "x".repeat(40) },
    );
    const error = await wrong
      .create(urnOf(token("workersKvNamespace"), "n"), inAccount({ title: "n" }), false)
      .catch((failure: unknown) => failure as Error);
    expect((error as Error).message).toMatch(/^Cloudflare refused POST accounts\/\S+ with 40[13]: /);
    expect((error as Error).message).not.toContain("x".repeat(40));
  });

  it("clears in the service what the program no longer says", async () => {
    const type = token("notificationPolicy");
    const inputs = inAccount({
      name: "cleared",
      alertType: "failing_logpush_job_disabled_alert",
      mechanisms: { emails: [{ id: "ops@example.com" }] },
    });
    const described = { ...inputs, description: "to go" };
    const { id, outs } = await provider.create(urnOf(type, "c"), described, false);
    const updated = await provider.update(id, urnOf(type, "c"), outs, described, inputs, false);
    expect(updated.outs).not.toHaveProperty("description");
    const read = await provider.read(id, urnOf(type, "c"), updated.outs, inputs);
    expect(await provider.diff(id, urnOf(type, "c"), read.props ?? {}, inputs, inputs)).toMatchObject({
      changes: false,
    });
    await provider.delete(id, urnOf(type, "c"), read.props ?? {});
  });

  it("says what to set when the credential is missing", async () => {
    const none = await cloudflarePackage.create({}, {});
    await expect(
      none.create(urnOf(token("workersKvNamespace"), "n"), inAccount({ title: "n" }), false),
    ).rejects.toThrow("set CLOUDFLARE_API_TOKEN");
  });

  it("says what is missing when an account is", async () => {
    await expect(provider.create(urnOf(token("workersKvNamespace"), "n"), { title: "n" }, false)).rejects.toThrow(
      "missing accountId",
    );
  });
});
