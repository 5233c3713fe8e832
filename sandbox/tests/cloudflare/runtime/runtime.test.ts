import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { ACCOUNT, useCloudflare } from "../support";

/** Sends bytes as they are and gives back what came until the peer closed or was silent for a while. */
const rawExchange = (port: number, request: string, quietMs = 300): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    let timer = setTimeout(() => finish(), 3000);
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(finish, quietMs);
    });
    socket.on("end", finish);
    socket.on("error", reject);
    socket.write(request);
  });
const portOf = (url: string): number => Number(new URL(url).port);
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const LEDGER = `
import { DurableObject } from "cloudflare:workers";
export class Ledger extends DurableObject {
  next() {
    this.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS numbers (n INTEGER)");
    this.ctx.storage.sql.exec("INSERT INTO numbers SELECT COUNT(*) + 1 FROM numbers");
    return this.ctx.storage.sql.exec("SELECT MAX(n) AS n FROM numbers").one().n;
  }
}
export default { fetch: () => new Response("ledger") };`;

const GATE = (version: string): string => `
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    try {
      switch (url.pathname) {
        case "/version": return new Response(${JSON.stringify(version)});
        case "/slow": await scheduler.wait(Number(url.searchParams.get("ms"))); return new Response("slow " + ${JSON.stringify(version)});
        case "/env": return Response.json({ policy: env.POLICY, plain: env.PLAIN, secret: env.SECRET, meta: env.META, key: String(env.KEY), signed: (await crypto.subtle.sign("HMAC", env.KEY, new Uint8Array(1))).byteLength, extractable: env.KEY.extractable, names: Object.keys(env).sort() });
        case "/count": return new Response(String(await env.LEDGER.get(env.LEDGER.idFromName("one")).next()));
        case "/kv": await env.TOKENS.put("k", url.search); return new Response(await env.TOKENS.get("k"));
        case "/kv-get": return new Response(await env.TOKENS.get("from-api"));
        case "/limit": return Response.json(await env.LIMIT.limit({ key: "a" }));
        case "/service": return env.LEDGER_SERVICE.fetch(request);
        case "/put": return new Response(String((await env.AUDIT.put(url.searchParams.get("key"), url.searchParams.get("value")))?.key));
        case "/delete": await env.AUDIT.delete(url.searchParams.get("key")); return new Response("deleted");
        case "/out": return fetch(url.searchParams.get("to"), { headers: { "x-from": "worker" } });
        case "/log": console.log("printed by the Worker: " + url.search); return new Response("logged");
        case "/length": { let n = 0; for await (const chunk of request.body) n += chunk.length; return new Response(String(n)); }
        default: return Response.json({ method: request.method, url: request.url, headers: [...request.headers] });
      }
    } catch (error) { return new Response(String(error), { status: 503 }); }
  },
  async scheduled(controller, env) { await env.TOKENS.put("cron", controller.cron); },
};`;

describe("uploaded scripts", () => {
  const cloudflare = useCloudflare();
  let bindings: unknown[];
  const deploy = async (version: string): Promise<void> => {
    const answer = await cloudflare.upload("gate", GATE(version), { bindings });
    expect(answer.body).toMatchObject({ success: true, result: { id: "gate", handlers: ["fetch", "scheduled"] } });
  };
  const knock = async (path: string): Promise<string> => (await cloudflare.knock("gate", path)).text();
  const control = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${cloudflare.running.api}/_sandbox/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const secret = `example-secret-${ACCOUNT}`;

  beforeAll(async () => {
    const namespace = (await cloudflare.call("POST", "{a}/storage/kv/namespaces", { title: "tokens" })).body.result as {
      id: string;
    };
    await cloudflare.call("POST", "{a}/r2/buckets", { name: "audit-log" });
    const ledger = await cloudflare.upload("gate-ledger", LEDGER, {
      migrations: { new_tag: "v1", new_sqlite_classes: ["Ledger"] },
    });
    expect(ledger.body).toMatchObject({
      success: true,
      result: { migration_tag: "v1", named_handlers: [{ name: "Ledger", handlers: ["class"] }] },
    });
    bindings = [
      { name: "POLICY", type: "json", json: { rules: ["a", "b"] } },
      { name: "PLAIN", type: "plain_text", text: "plain" },
      { name: "SECRET", type: "secret_text", text: secret },
      {
        name: "KEY",
        type: "secret_key",
        format: "raw",
        algorithm: { name: "HMAC", hash: "SHA-256" },
        usages: ["sign"],
        key_base64: Buffer.alloc(32, 7).toString("base64"),
      },
      { name: "META", type: "version_metadata" },
      { name: "LEDGER", type: "durable_object_namespace", class_name: "Ledger", script_name: "gate-ledger" },
      { name: "TOKENS", type: "kv_namespace", namespace_id: namespace.id },
      { name: "AUDIT", type: "r2_bucket", bucket_name: "audit-log" },
      { name: "LIMIT", type: "ratelimit", namespace_id: "1001", simple: { limit: 2, period: 60 } },
      { name: "LEDGER_SERVICE", type: "service", service: "gate-ledger" },
    ];
    await deploy("one");
  }, 60_000);

  it("get exactly the bindings of the upload", async () => {
    const env = JSON.parse(await knock("/env")) as Record<string, unknown>;
    expect(env).toMatchObject({
      policy: { rules: ["a", "b"] },
      plain: "plain",
      secret,
      key: "[object CryptoKey]",
      signed: 32,
      extractable: false,
    });
    expect(env["names"]).toEqual([
      "AUDIT",
      "KEY",
      "LEDGER",
      "LEDGER_SERVICE",
      "LIMIT",
      "META",
      "PLAIN",
      "POLICY",
      "SECRET",
      "TOKENS",
    ]);
    expect(await knock("/kv?x=1")).toBe("?x=1");
    expect(await knock("/service")).toBe("ledger");
    expect(
      [await knock("/limit"), await knock("/limit"), await knock("/limit")].map((text) => JSON.parse(text) as unknown),
    ).toEqual([{ success: true }, { success: true }, { success: false }]);
  });

  it("read what the API wrote into their namespace, and the other way round", async () => {
    const [{ id }] = (await cloudflare.call("GET", "{a}/storage/kv/namespaces")).body.result as [{ id: string }];
    await cloudflare.call("PUT", `{a}/storage/kv/namespaces/${id}/values/from-api`, "written by the API");
    expect(await knock("/kv-get")).toBe("written by the API");
    await knock("/kv?from-worker");
    expect((await cloudflare.call("GET", `{a}/storage/kv/namespaces/${id}/values/k`)).text).toBe("?from-worker");
    await knock("/put?key=trail/1&value=line");
    expect((await cloudflare.call("GET", "{a}/r2/buckets/audit-log/objects?prefix=trail/")).body).toMatchObject({
      result: [{ key: "trail/1", size: 4 }],
      result_info: { is_truncated: false },
    });
    expect((await cloudflare.call("GET", "{a}/r2/buckets/audit-log/objects/trail/1")).text).toBe("line");
  });

  it("keep their Durable Objects over a new version of either script", async () => {
    expect(await knock("/count")).toBe("1");
    await deploy("two");
    await cloudflare.upload("gate-ledger", `${LEDGER}\n// changed`);
    expect(await knock("/count")).toBe("2");
    expect(await knock("/version")).toBe("two");
  });

  it("reach servers on loopback, with the headers they set and no others of ours", async () => {
    const upstream = createServer((request, response) => response.end(JSON.stringify(request.headers))).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((done) => upstream.once("listening", done));
    const seen = JSON.parse(
      await knock(`/out?to=http://127.0.0.1:${(upstream.address() as AddressInfo).port}/`),
    ) as Record<string, string>;
    upstream.close();
    expect(seen["x-from"]).toBe("worker");
    expect(Object.keys(seen).filter((name) => /^(mf-|cf-connecting)/i.test(name))).toEqual([]);
  });

  it.each([
    ["raw paths", "GET /a/%2e%2e%2fb//c;d%00 HTTP/1.1\r\nHost: gate.example\r\n\r\n"],
    [
      "an Expect header",
      "POST /x HTTP/1.1\r\nHost: gate.example\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    ],
    ["duplicate headers", "GET /x HTTP/1.1\r\nHost: gate.example\r\nAuthorization: a\r\nauthorization: b\r\n\r\n"],
    [
      "both lengths",
      "POST /x HTTP/1.1\r\nHost: gate.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a method in lower case", "get /x HTTP/1.1\r\nHost: gate.example\r\n\r\n"],
    ["an absolute target", "GET http://other.example/x HTTP/1.1\r\nHost: gate.example\r\n\r\n"],
    ["two requests at once", "GET /version HTTP/1.1\r\nHost: a\r\n\r\nGET /version HTTP/1.1\r\nHost: b\r\n\r\n"],
  ])("get %s from the public listener as from workerd's own socket", async (_, request) => {
    const [front, direct] = await Promise.all([
      rawExchange(portOf(cloudflare.running.gateUrl("gate")), request),
      rawExchange(portOf(cloudflare.running.directUrl("gate")), request),
    ]);
    expect(front).toBe(direct);
    expect(front).toMatch(/^HTTP\/1\.1 \d{3} /);
  });

  it("take a long body through the public listener whole", async () => {
    const body = Buffer.alloc(8 << 20, "x");
    expect(await (await cloudflare.knock("gate", "/length", { method: "POST", body })).text()).toBe(
      String(body.length),
    );
  });

  it("finish running requests of the old version, and let none fail, while versions are replaced", async () => {
    await deploy("two");
    const slow = knock("/slow?ms=600");
    const results = new Map<string, number>();
    const failures: unknown[] = [];
    let running = true;
    const clients = Array.from({ length: 4 }, async () => {
      while (running) {
        try {
          const text = await knock("/version");
          results.set(text, (results.get(text) ?? 0) + 1);
        } catch (error) {
          failures.push((error as Error).cause ?? error);
        }
      }
    });
    await pause(50);
    for (const version of ["three", "four", "five"]) await deploy(version);
    await pause(50);
    running = false;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(await slow).toBe("slow two");
    expect([...results.keys()].every((text) => ["two", "three", "four", "five"].includes(text))).toBe(true);
    expect(results.get("five")).toBeGreaterThan(0);
  }, 60_000);

  it("answer the next request of an idle connection that was opened to the old version", async () => {
    const socket = connect(portOf(cloudflare.running.gateUrl("gate")), "127.0.0.1");
    let answers = "";
    let closed = false;
    socket.on("data", (chunk) => {
      answers += chunk.toString("latin1");
    });
    socket.on("close", () => {
      closed = true;
    });
    socket.write("GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
    await pause(150);
    await deploy("four");
    await deploy("five");
    socket.write("GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
    await pause(300);
    socket.destroy();
    expect([closed, answers.match(/five/g)?.length]).toEqual([false, 2]);
  });

  it("leave the old version running when the new one does not start", async () => {
    await deploy("five");
    const syntax = await cloudflare.upload("gate", "export default {", { bindings });
    const startup = await cloudflare.upload("gate", "missing(); export default { fetch() {} }", { bindings });
    expect(syntax.body.errors).toMatchObject([{ code: 10021 }]);
    expect(startup.body.errors).toMatchObject([
      { code: 10021, message: expect.stringContaining("missing is not defined") as string },
    ]);
    expect(startup.headers.get("x-should-retry")).toBe("false");
    expect(await knock("/version")).toBe("five");
  });

  it("are stopped by a bucket's lock rules from deleting and overwriting, and may go on where no rule holds", async () => {
    await knock("/put?key=free/1&value=x");
    const rules = [{ id: "keep", enabled: true, prefix: "trail/", condition: { type: "Age", maxAgeSeconds: 3600 } }];
    expect((await cloudflare.call("PUT", "{a}/r2/buckets/audit-log/lock", { rules })).status).toBe(200);
    expect(await knock("/delete?key=trail/1")).toContain("locked");
    expect(await knock("/put?key=trail/1&value=forged")).toContain("locked");
    expect(await knock("/put?key=trail/2&value=next")).toBe("trail/2");
    expect(await knock("/delete?key=free/1")).toBe("deleted");
    const refused = await cloudflare.call("DELETE", "{a}/r2/buckets/audit-log/objects/trail/1");
    expect([refused.status, refused.body.errors[0]?.code]).toEqual([403, 10069]);
    expect((await cloudflare.call("GET", "{a}/r2/buckets/audit-log/objects/trail/1")).text).toBe("line");
    expect(
      (
        await cloudflare.call("PUT", "{a}/r2/buckets/audit-log/lock", {
          rules: [{ ...rules[0], condition: { type: "Age", maxAgeSeconds: 0 } }],
        })
      ).status,
    ).toBe(200);
    expect(await knock("/delete?key=trail/2")).toBe("deleted");
  });

  it.each([
    ["LEDGER", "/count"],
    ["TOKENS", "/kv?y"],
    ["AUDIT", "/put?key=other/1&value=x"],
  ])("feel an ordered failure of %s for as many calls as ordered, then work again", async (binding, path) => {
    const message = `no ${binding} today`;
    expect((await control("POST", "faults", { binding, message, times: 2 })).status).toBe(201);
    expect([await knock(path), await knock(path)].every((text) => text.includes(message))).toBe(true);
    expect((await cloudflare.knock("gate", path)).status).toBe(200);
    expect((await control("DELETE", "faults")).status).toBe(204);
    expect(await (await control("GET", "faults")).json()).toEqual([]);
    expect((await cloudflare.knock("gate", path)).status).toBe(200);
  });

  it("feel an ordered delay of a binding", async () => {
    await control("POST", "faults", { binding: "TOKENS", delayMs: 300 });
    const start = Date.now();
    expect(await knock("/kv?late")).toBe("?late");
    expect(Date.now() - start).toBeGreaterThanOrEqual(590); // one put, one get
    await control("DELETE", "faults");
    expect((await control("POST", "faults", { binding: "NOTHING" })).status).toBe(404);
  });

  it("run their scheduled handler on demand", async () => {
    const fired = await control("POST", "cron", { script: "gate", cron: "*/5 * * * *" });
    expect(await fired.json()).toEqual({ script: "gate", cron: "*/5 * * * *", outcome: "ok" });
    const [{ id }] = (await cloudflare.call("GET", "{a}/storage/kv/namespaces")).body.result as [{ id: string }];
    expect((await cloudflare.call("GET", `{a}/storage/kv/namespaces/${id}/values/cron`)).text).toBe("*/5 * * * *");
    expect((await control("POST", "cron", { script: "nobody" })).status).toBe(404);
  });

  it("print into a file", async () => {
    await knock("/log?hello");
    await pause(200);
    expect(readFileSync(cloudflare.running.consoleLog, "utf8")).toContain("printed by the Worker: ?hello");
  });

  it("send to queues and consume them", async () => {
    const queue = (await cloudflare.call("POST", "{a}/queues", { queue_name: "lines" })).body.result as {
      queue_id: string;
    };
    const [{ id }] = (await cloudflare.call("GET", "{a}/storage/kv/namespaces")).body.result as [{ id: string }];
    await cloudflare.upload(
      "sender",
      `export default { async fetch(r, e) { await e.LINES.send({ text: "a line" }); return new Response("sent") }, async queue(batch, e) { await e.KV.put("consumed", batch.queue + ": " + batch.messages[0].body.text) } }`,
      {
        bindings: [
          { name: "LINES", type: "queue", queue_name: "lines" },
          { name: "KV", type: "kv_namespace", namespace_id: id },
        ],
      },
    );
    expect(
      (
        await cloudflare.call("POST", `{a}/queues/${queue.queue_id}/consumers`, {
          type: "worker",
          script_name: "sender",
          settings: { batch_size: 1, max_wait_time_ms: 100 },
        })
      ).status,
    ).toBe(200);
    expect(await (await cloudflare.knock("sender")).text()).toBe("sent");
    let consumed = "";
    for (let i = 0; i < 40 && !consumed.startsWith("lines"); i += 1) {
      await pause(100);
      consumed = (await cloudflare.call("GET", `{a}/storage/kv/namespaces/${id}/values/consumed`)).text;
    }
    expect(consumed).toBe("lines: a line");
    expect((await cloudflare.call("GET", `{a}/queues/${queue.queue_id}`)).body.result).toMatchObject({
      producers: [{ script: "sender" }],
      consumers_total_count: 1,
    });
    await cloudflare.call("DELETE", "{a}/workers/scripts/sender");
  });

  it("come up on another port when theirs was taken meanwhile", async () => {
    await cloudflare.upload("other", "export default { fetch() { return new Response('other') } }");
    const before = cloudflare.running.directUrl("other");
    await cloudflare.call("DELETE", "{a}/workers/scripts/other");
    const thief = createServer().listen(portOf(before), "127.0.0.1");
    await new Promise((done) => thief.once("listening", done));
    expect(
      (await cloudflare.upload("other", "export default { fetch() { return new Response('other') } }")).status,
    ).toBe(200);
    expect(await (await cloudflare.knock("other")).text()).toBe("other");
    expect(cloudflare.running.directUrl("other")).not.toBe(before);
    expect(await knock("/version")).toBe("five");
    thief.close();
    await cloudflare.call("DELETE", "{a}/workers/scripts/other");
  });

  it("lose their Durable Objects with the script, and its address answers that nothing is there", async () => {
    expect((await cloudflare.call("DELETE", "{a}/workers/scripts/gate-ledger")).body.errors).toMatchObject([
      { code: 10064 },
    ]);
    expect((await cloudflare.call("DELETE", "{a}/workers/scripts/gate")).status).toBe(200);
    expect((await cloudflare.knock("gate", "/version")).status).toBe(404);
    expect((await cloudflare.call("DELETE", "{a}/workers/scripts/gate-ledger")).status).toBe(200);
    await cloudflare.upload("gate-ledger", LEDGER, { migrations: { new_tag: "v1", new_sqlite_classes: ["Ledger"] } });
    await deploy("six");
    expect(await knock("/count")).toBe("1");
  });
});
