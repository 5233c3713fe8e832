import Cloudflare from "cloudflare";
import { useCloudflare, ACCOUNT, ZONE, uploadForm } from "./support";

const SCRIPT = "export class A {} ; export default { fetch() { return new Response('hello') } }";
const account_id = ACCOUNT;

describe("the stand-in, asked by Cloudflare's own SDK", () => {
  const cloudflare = useCloudflare();
  let client: Cloudflare;
  beforeAll(() => {
    client = new Cloudflare({ apiToken: cloudflare.running.token, baseURL: cloudflare.running.api, maxRetries: 0 });
  });
  const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const all: T[] = [];
    for await (const item of items) all.push(item);
    return all;
  };

  it("verifies the token, and refuses another, a malformed one and none, each with its code", async () => {
    expect((await client.user.tokens.verify())?.status).toBe("active");
    const other = new Cloudflare({ apiToken: "x".repeat(40), baseURL: cloudflare.running.api, maxRetries: 0 });
    await expect(other.user.tokens.verify()).rejects.toMatchObject({ status: 401, errors: [{ code: 1000 }] });
    await expect(other.kv.namespaces.create({ account_id, title: "t" })).rejects.toMatchObject({
      status: 403,
      errors: [{ code: 10000 }],
    });
    expect((await cloudflare.call("GET", "user", undefined, { authorization: "Token abc" })).body.errors).toMatchObject(
      [{ code: 6003, error_chain: [{ code: 6111 }] }],
    );
    expect((await fetch(`${cloudflare.running.api}/user`)).status).toBe(400);
    await expect(client.kv.namespaces.create({ account_id: "c".repeat(32), title: "t" })).rejects.toMatchObject({
      status: 403,
      errors: [{ code: 9109 }],
    });
  });

  it("knows the zone and the account", async () => {
    expect((await client.zones.get({ zone_id: ZONE })).name).toBe("example.com");
    expect(await collect(client.zones.list({ name: "example.com" }))).toHaveLength(1);
    expect(await collect(client.zones.list({ name: "example.org" }))).toEqual([]);
    expect(await collect(client.accounts.list())).toMatchObject([{ id: ACCOUNT, name: "acme" }]);
  });

  it("keeps KV namespaces, whose titles are unique, and their values with metadata", async () => {
    const { id } = await client.kv.namespaces.create({ account_id, title: "first" });
    await expect(client.kv.namespaces.create({ account_id, title: "first" })).rejects.toMatchObject({
      status: 400,
      errors: [{ code: 10014 }],
    });
    for (let n = 0; n < 5; n += 1) await client.kv.namespaces.create({ account_id, title: `page ${n}` });
    expect(await collect(client.kv.namespaces.list({ account_id, per_page: 2 }))).toHaveLength(6);
    await client.kv.namespaces.values.update(id, "a%2Fb%20c", { account_id, value: "v", metadata: { rev: 1 } });
    expect(await (await client.kv.namespaces.values.get(id, "a%2Fb%20c", { account_id })).text()).toBe("v");
    expect(await client.kv.namespaces.metadata.get(id, "a%2Fb%20c", { account_id })).toEqual({ rev: 1 });
    expect((await collect(client.kv.namespaces.keys.list(id, { account_id }))).map((k) => k.name)).toEqual(["a/b c"]);
    await client.kv.namespaces.values.delete(id, "a%2Fb%20c", { account_id });
    await expect(client.kv.namespaces.values.get(id, "a%2Fb%20c", { account_id })).rejects.toMatchObject({
      status: 404,
      errors: [{ code: 10009 }],
    });
    await client.kv.namespaces.delete(id, { account_id });
    await expect(client.kv.namespaces.get(id, { account_id })).rejects.toMatchObject({
      status: 404,
      errors: [{ code: 10013 }],
    });
  });

  it("uploads, lists with the migration tag, reads back and deletes scripts", async () => {
    const uploaded = await client.workers.scripts.update("one", {
      account_id,
      metadata: {
        main_module: "index.js",
        compatibility_date: "2026-03-01",
        bindings: [{ name: "S", type: "secret_text", text: "example" }],
        migrations: { new_tag: "v1", new_sqlite_classes: ["A"] },
      },
      files: [new File([SCRIPT], "index.js", { type: "application/javascript+module" })],
    } as never);
    expect(uploaded).toMatchObject({ id: "one", handlers: ["fetch"], has_modules: true, migration_tag: "v1" });
    expect(await (await cloudflare.knock("one")).text()).toBe("hello");
    expect(await collect(client.workers.scripts.list({ account_id }))).toMatchObject([
      { id: "one", migration_tag: "v1" },
    ]);
    expect((await client.workers.scripts.scriptAndVersionSettings.get("one", { account_id })).bindings).toEqual([
      { name: "S", type: "secret_text" },
    ]);
    expect(await (await client.workers.scripts.content.get("one", { account_id })).text()).toContain("hello");
    const [deployment] = (await client.workers.scripts.deployments.list("one", { account_id })).deployments;
    expect(deployment).toMatchObject({ strategy: "percentage", versions: [{ percentage: 100 }] });
    await client.workers.scripts.delete("one", { account_id });
    await expect(client.workers.scripts.settings.get("one", { account_id })).rejects.toMatchObject({
      status: 404,
      errors: [{ code: 10007 }],
    });
    expect((await cloudflare.call("GET", "{a}/workers/services/one")).body.errors).toMatchObject([{ code: 10090 }]);
  });

  describe("an upload", () => {
    afterAll(() => cloudflare.call("DELETE", "{a}/workers/scripts/s"));
    const good = { migrations: { new_tag: "v1", new_sqlite_classes: ["A"] } };

    it.each<[string, Record<string, unknown>, number, number]>([
      [
        "a namespace that is not there",
        { bindings: [{ name: "K", type: "kv_namespace", namespace_id: "0".repeat(32) }] },
        400,
        10041,
      ],
      [
        "a bucket that is not there",
        { bindings: [{ name: "B", type: "r2_bucket", bucket_name: "nowhere" }] },
        400,
        10085,
      ],
      ["a service that is not there", { bindings: [{ name: "X", type: "service", service: "nobody" }] }, 400, 10143],
      ["a queue that is not there", { bindings: [{ name: "Q", type: "queue", queue_name: "none" }] }, 404, 11000],
      [
        "a class without migration",
        { bindings: [{ name: "D", type: "durable_object_namespace", class_name: "A" }] },
        400,
        10061,
      ],
      [
        "a class of a script that is not there",
        { bindings: [{ name: "D", type: "durable_object_namespace", class_name: "A", script_name: "nobody" }] },
        400,
        10061,
      ],
      [
        "a migration for a class that is not exported",
        { migrations: { new_tag: "v1", new_sqlite_classes: ["B"] } },
        400,
        10070,
      ],
      [
        "an old tag where there is none",
        { migrations: { old_tag: "v0", new_tag: "v1", new_sqlite_classes: ["A"] } },
        412,
        10079,
      ],
      [
        "a rate limit of another period",
        { bindings: [{ name: "R", type: "ratelimit", namespace_id: "1", simple: { limit: 1, period: 30 } }] },
        400,
        10021,
      ],
      ["a binding that the sandbox does not run", { bindings: [{ name: "D", type: "d1", id: "x" }] }, 400, 10021],
      [
        "two bindings of one name",
        {
          bindings: [
            { name: "P", type: "plain_text", text: "a" },
            { name: "P", type: "plain_text", text: "b" },
          ],
        },
        400,
        10021,
      ],
      [
        "an object of more than 5 KB",
        { bindings: [{ name: "P", type: "json", json: { a: "x".repeat(5113) } }] },
        400,
        10021,
      ],
      [
        "a secret of more than 5 KB",
        { bindings: [{ name: "P", type: "secret_text", text: "x".repeat(5121) }] },
        400,
        10021,
      ],
      ["a main module that is not there", { main_module: "other.js" }, 400, 10021],
    ])("is refused for %s", async (_, metadata, status, code) => {
      const answer = await cloudflare.upload("s", SCRIPT, metadata);
      expect([answer.status, answer.body.errors[0]?.code, answer.headers.get("x-should-retry")]).toEqual([
        status,
        code,
        "false",
      ]);
      expect(cloudflare.account.scripts.has("s")).toBe(false);
    });

    it("is taken with variables of just 5 KB", async () => {
      expect(
        (
          await cloudflare.upload("s", SCRIPT, {
            bindings: [
              { name: "P", type: "json", json: { a: "x".repeat(5112) } },
              { name: "S", type: "secret_text", text: "x".repeat(5120) },
            ],
          })
        ).status,
      ).toBe(200);
      await cloudflare.call("DELETE", "{a}/workers/scripts/s");
    });

    it("with migrations is taken once, refused with 412 when repeated, and taken with the right old tag or without migrations", async () => {
      expect((await cloudflare.upload("s", SCRIPT, good)).status).toBe(200);
      const again = await cloudflare.upload("s", SCRIPT, good);
      expect([again.status, again.body.errors]).toEqual([
        412,
        [{ code: 10079, message: "Migration tag precondition failed; current tag is 'v1'" }],
      ]);
      expect((await cloudflare.upload("s", SCRIPT)).status).toBe(200);
      expect((await cloudflare.upload("s", SCRIPT, { migrations: { old_tag: "v1", new_tag: "v1" } })).status).toBe(200);
      expect(
        (await cloudflare.upload("s", SCRIPT, { migrations: { old_tag: "v1", new_tag: "v2" } })).body.result,
      ).toMatchObject({ migration_tag: "v2" });
      expect((await cloudflare.upload("s", "export default {}")).body.errors).toMatchObject([{ code: 10064 }]);
    });

    it("keeps secrets that were set out of band when it says so, and drops them when not", async () => {
      await cloudflare.call("PUT", "{a}/workers/scripts/s/secrets", {
        name: "OUT",
        text: "example",
        type: "secret_text",
      });
      expect((await cloudflare.call("GET", "{a}/workers/scripts/s/secrets")).body.result).toEqual([
        { name: "OUT", type: "secret_text" },
      ]);
      await cloudflare.upload("s", SCRIPT, { keep_bindings: ["secret_text"] });
      expect((await cloudflare.call("GET", "{a}/workers/scripts/s/secrets")).body.result).toEqual([
        { name: "OUT", type: "secret_text" },
      ]);
      await cloudflare.upload("s", SCRIPT);
      expect((await cloudflare.call("GET", "{a}/workers/scripts/s/secrets")).body.result).toEqual([]);
    });

    it("whose metadata is empty, or that is no form, is refused and does not break the server", async () => {
      const form = uploadForm(SCRIPT);
      form.set("metadata", "");
      expect((await cloudflare.call("PUT", "{a}/workers/scripts/s", form)).body.errors).toMatchObject([
        { code: 10021, message: "metadata is not JSON" },
      ]);
      expect(
        (
          await cloudflare.call("PUT", "{a}/workers/scripts/s", "plain", {
            "content-type": "multipart/form-data; boundary=x",
          })
        ).status,
      ).toBe(400);
      expect(
        (
          await cloudflare.call("PUT", "{a}/workers/scripts/s", "export default {}", {
            "content-type": "application/javascript",
          })
        ).status,
      ).toBe(400);
    });
  });

  it("attaches host names and routes of its zone to scripts that are there, and nothing else", async () => {
    await cloudflare.upload("h", SCRIPT);
    const domain = await client.workers.domains.update({
      account_id,
      hostname: "gate.example.com",
      service: "h",
      zone_id: ZONE,
      environment: "production",
    });
    expect(domain).toMatchObject({ zone_name: "example.com", service: "h" });
    await expect(
      client.workers.domains.update({
        account_id,
        hostname: "gate.example.org",
        service: "h",
        zone_id: ZONE,
        environment: "production",
      }),
    ).rejects.toMatchObject({ status: 400 });
    const route = (await client.workers.routes.create({
      zone_id: ZONE,
      pattern: "api.example.com/*",
      script: "h",
    })) as unknown as { id: string };
    await expect(
      client.workers.routes.create({ zone_id: ZONE, pattern: "api.example.com/*", script: "h" }),
    ).rejects.toMatchObject({ status: 409 });
    await expect(
      client.workers.routes.create({ zone_id: ZONE, pattern: "b.example.com/*", script: "nobody" }),
    ).rejects.toMatchObject({ status: 404 });
    await client.workers.routes.delete(route.id, { zone_id: ZONE });
    await client.workers.domains.delete(domain.id ?? "", { account_id });
    expect(await collect(client.workers.domains.list({ account_id }))).toEqual([]);
    await cloudflare.call("DELETE", "{a}/workers/scripts/h");
  });

  it("deletes a bucket only when it is empty", async () => {
    await client.r2.buckets.create({ account_id, name: "full-bucket" });
    await expect(client.r2.buckets.create({ account_id, name: "full-bucket" })).rejects.toMatchObject({
      status: 409,
      errors: [{ code: 10004 }],
    });
    await cloudflare.call("PUT", "{a}/r2/buckets/full-bucket/objects/a/b", "content");
    await expect(client.r2.buckets.delete("full-bucket", { account_id })).rejects.toMatchObject({
      status: 409,
      errors: [{ code: 10008 }],
    });
    expect((await cloudflare.call("DELETE", "{a}/r2/buckets/full-bucket/objects/a/b")).status).toBe(200);
    await client.r2.buckets.delete("full-bucket", { account_id });
    expect((await client.r2.buckets.list({ account_id })).buckets).toEqual([]);
  });

  it("answers unknown paths and methods in the envelope", async () => {
    expect(await cloudflare.call("GET", "{a}/nothing")).toMatchObject({
      status: 404,
      body: { success: false, errors: [{ code: 7003 }] },
    });
    expect(await cloudflare.call("PUT", "{a}/workers/subdomain")).toMatchObject({
      status: 405,
      body: { success: false },
    });
  });

  describe("the sandbox's own routes", () => {
    const control = (method: string, path: string, body?: unknown): Promise<Response> =>
      fetch(`${cloudflare.running.api}/_sandbox/${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    afterEach(() => control("DELETE", "faults"));

    it("list what reached the API, without the token", async () => {
      await control("DELETE", "requests");
      await cloudflare.call("GET", "{a}/storage/kv/namespaces?page=1");
      const log = (await (await control("GET", "requests")).json()) as { headers: Record<string, string> }[];
      expect(log).toMatchObject([
        {
          method: "GET",
          path: `/client/v4/accounts/${ACCOUNT}/storage/kv/namespaces`,
          query: { page: "1" },
          status: 200,
        },
      ]);
      expect(log[0]?.headers["authorization"]).toMatch(/^sha256:/);
      expect(JSON.stringify(log)).not.toContain(cloudflare.running.token);
    });

    it("make the next requests fail with a status, late, or without an answer", async () => {
      await control("POST", "faults", {
        method: "GET",
        pathPrefix: `/accounts/${ACCOUNT}/workers`,
        status: 503,
        times: 2,
      });
      expect([
        (await cloudflare.call("GET", "{a}/workers/scripts")).status,
        (await cloudflare.call("GET", "{a}/workers/scripts")).status,
        (await cloudflare.call("GET", "{a}/workers/scripts")).status,
      ]).toEqual([503, 503, 200]);
      await control("POST", "faults", { pathPrefix: "/user", delayMs: 200, times: 1 });
      const start = Date.now();
      expect((await cloudflare.call("GET", "user")).status).toBe(200);
      expect(Date.now() - start).toBeGreaterThanOrEqual(195);
      await control("POST", "faults", { pathPrefix: "/user", drop: true, times: 1 });
      await expect(cloudflare.call("GET", "user")).rejects.toThrow();
      expect((await cloudflare.call("GET", "user")).status).toBe(200);
    });

    it("lose an answer after the request took effect, when asked to", async () => {
      await control("POST", "faults", { method: "POST", pathPrefix: "/", drop: true, when: "after", times: 1 });
      await expect(cloudflare.call("POST", "{a}/storage/kv/namespaces", { title: "took effect" })).rejects.toThrow();
      expect((await collect(client.kv.namespaces.list({ account_id }))).map((n) => n.title)).toContain("took effect");
    });

    it("say what is wrong with a fault", async () => {
      const answer = await control("POST", "faults", { pathPrefix: "/user" });
      expect([answer.status, await answer.text()]).toEqual([
        400,
        expect.stringContaining("one of status, delayMs, drop: true"),
      ]);
    });
  });
});
