import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ACCOUNT, useCloudflare } from "./support";

const WRANGLER = resolve(__dirname, "../../../node_modules/.bin/wrangler");

describe("the stand-in, deployed to by wrangler", () => {
  const cloudflare = useCloudflare();
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), "gatehouse-wrangler-"));
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const wrangler = (args: string[], input?: string): Promise<{ code: number | null; output: string }> =>
    new Promise((done) => {
      const child = spawn(process.execPath, [WRANGLER, ...args], {
        cwd: project,
        stdio: ["pipe", "pipe", "pipe"],
        env: {
          PATH: process.env["PATH"],
          HOME: project,
          CI: "1",
          NO_COLOR: "1",
          WRANGLER_SEND_METRICS: "false",
          CLOUDFLARE_API_BASE_URL: cloudflare.running.api,
          CLOUDFLARE_API_TOKEN: cloudflare.running.token,
          CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
        },
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => {
          output += chunk.toString("utf8");
        });
      child.on("close", (code) => done({ code, output }));
      child.stdin.end(input);
    });
  const write = async (version: string): Promise<void> => {
    const [{ id }] = (await cloudflare.call("GET", "{a}/storage/kv/namespaces")).body.result as [{ id: string }];
    writeFileSync(
      join(project, "worker.js"),
      `
export class Counter { constructor(state) { this.state = state; } async fetch() { const n = (await this.state.storage.get("n") ?? 0) + 1; await this.state.storage.put("n", n); return new Response(String(n)); } }
export default { async fetch(request, env) { await env.KV.put("seen", "yes"); return new Response([await (await env.COUNTER.get(env.COUNTER.idFromName("x")).fetch(request)).text(), await env.KV.get("seen"), env.VERSION, env.SECRET].join(" ")); }, async scheduled() {} };`,
    );
    writeFileSync(
      join(project, "wrangler.json"),
      JSON.stringify({
        name: "from-wrangler",
        main: "worker.js",
        compatibility_date: "2026-03-01",
        vars: { VERSION: version },
        kv_namespaces: [{ binding: "KV", id }],
        durable_objects: { bindings: [{ name: "COUNTER", class_name: "Counter" }] },
        migrations: [{ tag: "v1", new_sqlite_classes: ["Counter"] }],
        triggers: { crons: ["*/5 * * * *"] },
        ratelimits: [{ name: "LIMIT", namespace_id: "1001", simple: { limit: 10, period: 60 } }],
        observability: { enabled: true },
        routes: [{ pattern: "w.example.com", custom_domain: true }],
      }),
    );
  };
  const ask = async (): Promise<string> => (await cloudflare.knock("from-wrangler")).text();

  it("runs what wrangler deploys, takes a second deployment, a secret and a deletion", async () => {
    await cloudflare.call("POST", "{a}/storage/kv/namespaces", { title: "wrangler" });
    await write("v1");
    const first = await wrangler(["deploy"]);
    expect([first.code, first.output]).toEqual([0, expect.stringContaining("w.example.com (custom domain)")]);
    expect(await ask()).toBe("1 yes v1 ");
    await write("v2");
    const second = await wrangler(["deploy"]);
    expect([second.code, second.output]).toEqual([0, expect.stringMatching(/Current Version ID: [0-9a-f-]{36}/)]);
    expect(await ask()).toBe("2 yes v2 ");
    expect((await wrangler(["secret", "put", "SECRET"], "example")).code).toBe(0);
    expect(await ask()).toBe("3 yes v2 example");
    expect((await cloudflare.call("GET", "{a}/workers/scripts/from-wrangler/schedules")).body.result).toMatchObject({
      schedules: [{ cron: "*/5 * * * *" }],
    });
    expect((await wrangler(["delete", "--force"])).code).toBe(0);
    expect((await cloudflare.call("GET", "{a}/workers/scripts")).body.result).toEqual([]);
  }, 120_000);
});
