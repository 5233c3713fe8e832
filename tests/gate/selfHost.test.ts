import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash, createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { verifyChain } from "../../gate/policy";
import { selfHostConfig, selfHostProcesses } from "../../gate/selfHost";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { freePort } from "../../sandbox/tools/ports";
import { freshFetch } from "../support/freshFetch";
import { until } from "../support/until";
import { bundle, made } from "./support/gate";
import { policyFor } from "./support/policy";
import { Upstream } from "./support/upstream";

describe("a gate on one's own machine", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "gate-self-"));
  let upstream: Upstream;
  let sink: Upstream | undefined;
  let child: ChildProcess | undefined;
  afterAll(async () => {
    if (child?.kill() === true) await once(child, "exit");
    await upstream?.stop();
    await sink?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("runs under plain workerd, with Vault for the token and directories for ledger and audit trail", async () => {
    upstream = await Upstream.start();
    sink = await Upstream.start();
    const receiver = sink;
    const token = `ghp_${made("").replace(/[-_]/g, "x")}`;
    upstream.handler = ({ url }) => {
      if (url === "/v1/auth/gatehouse-gate/login")
        return { body: JSON.stringify({ auth: { client_token: "session", lease_duration: 60 } }) };
      if (url === "/v1/agents/data/github/claude-bot")
        return { body: JSON.stringify({ data: { data: { token, expires_at: "" } } }) };
      return {};
    };
    const [key, operator, port] = [made("ghk_"), made("gop_"), await freePort()];
    const webhookSecret = made("");
    const hash = (text: string): string => createHash("sha256").update(text).digest("base64url");
    for (const name of ["ledger", "audit"]) mkdirSync(path.join(directory, name));
    writeFileSync(path.join(directory, "gate.js"), bundle("worker"));
    writeFileSync(path.join(directory, "ledger.js"), bundle("ledger"));
    writeFileSync(path.join(directory, "forwarder.js"), bundle("selfHostedForwarder"));
    const options = {
      policy: policyFor(upstream.url),
      gateKeys: [{ agent: "agent", sha256: hash(key) }],
      operatorKeys: [{ sha256: hash(operator) }],
      tokenStore: {
        kind: "vault",
        address: upstream.url,
        mount: "agents",
        path: "github/claude-bot",
        authMount: "gatehouse-gate",
        roleId: "role",
      },
      alerts: {},
      listen: `127.0.0.1:${port}`,
      publicUrl: "https://gate.acme.example",
      clientIpHeader: "X-Real-IP",
      ledgerDirectory: "ledger",
      auditDirectory: "audit",
      modules: { gate: "gate.js", ledger: "ledger.js", forwarder: "forwarder.js" },
      sinks: [{ kind: "https", name: "copy", url: `${sink.url}/in` }],
      githubEvents: true,
    } as const;
    for (const [change, words] of [
      [{ listen: "0.0.0.0:8787", publicUrl: undefined }, "publicUrl is missing"],
      [{ publicUrl: "http://gate.acme.example" }, "must be https://host"],
      [{ publicUrl: "https://gate.acme.example/path" }, "must be https://host"],
    ] as const)
      expect(() => selfHostConfig({ ...options, ...change } as never)).toThrow(words);
    writeFileSync(path.join(directory, "gate.capnp"), selfHostConfig(options));
    expect(selfHostConfig(options)).not.toContain(token);
    expect(execFileSync(workerd, ["--version"], { encoding: "utf8" })).toMatch(/workerd/);
    let log = "";
    const start = (secrets: Record<string, string>): ChildProcess => {
      const started = spawn(
        workerd,
        [
          "serve",
          "gate.capnp",
          `--directory-path=ledger-disk=${path.join(directory, "ledger")}`,
          `--directory-path=audit-disk=${path.join(directory, "audit")}`,
        ],
        {
          cwd: directory,
          env: {
            VAULT_SECRET_ID: "secret",
            SINK_SECRETS: '{"copy":"raw-token-of-the-test"}',
            CHECKPOINT_KEY: Buffer.alloc(32, 7).toString("base64"),
            ...secrets,
          },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      started.stderr?.on("data", (part: Buffer) => (log += part.toString()));
      return started;
    };
    const url = `http://127.0.0.1:${port}`;
    const ready = (): Promise<boolean> =>
      until("workerd", async () => {
        if (child?.exitCode !== null) throw new Error(`workerd did not start: ${log}`);
        return freshFetch(`${url}/_gate/health`).then(
          (answer) => answer.status === 204,
          () => false,
        );
      });
    child = start({ GITHUB_WEBHOOK_SECRET: webhookSecret });
    await ready();
    const ask = (target: string, authorization: string): Promise<Response> =>
      freshFetch(url + target, { headers: { authorization } });
    expect((await ask("/repos/acme/api", `Bearer ${key}`)).status).toBe(200);
    expect((await ask("/repos/acme/secrets", `Bearer ${key}`)).status).toBe(403);
    expect(
      upstream.received.filter((r) => r.url.startsWith("/api/v3")).map((r) => [r.url, r.headers.authorization]),
    ).toEqual([["/api/v3/repos/acme/api", `Bearer ${token}`]]);
    expect(await (await ask("/_gate/ready", `Bearer ${operator}`)).json()).toEqual({
      ready: true,
      checks: { ledger: true, token: true, audit: true, open: true },
    });
    // Whatever the client calls the gate, and whoever it says to be.
    const usual = upstream.handler;
    upstream.handler = (request) =>
      request.url.startsWith("/api/v3/")
        ? { body: JSON.stringify({ url: `${upstream.url}/api/v3/repos/acme/api` }) }
        : usual(request);
    const named = await freshFetch(`${url}/repos/acme/api`, {
      headers: { authorization: `Bearer ${key}`, "cf-connecting-ip": "198.51.100.77", "x-real-ip": "203.0.113.9" },
    });
    expect(await named.json()).toEqual({ url: "https://gate.acme.example/repos/acme/api" });
    upstream.handler = usual;
    const lines = (await (await ask("/_gate/audit", `Bearer ${operator}`)).text()).trim().split("\n");
    expect((await verifyChain(lines)).problems).toEqual([]);
    expect(lines.map((line) => (JSON.parse(line) as { clientIp: string }).clientIp)).toContain("203.0.113.9");
    expect(lines.join("\n")).not.toContain("198.51.100.77");
    // What GitHub delivers is kept beside the trail: once, and from nobody else.
    const deliver = async (id: string, secret: string): Promise<number> => {
      const body = JSON.stringify({ action: "edited", secret: secret.length });
      const headers = {
        "x-github-event": "repository_ruleset",
        "x-github-delivery": id,
        "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
      };
      return (await freshFetch(`${url}/_gate/webhooks/github`, { method: "POST", headers, body })).status;
    };
    const [delivery, again] = [randomUUID(), randomUUID()];
    expect(await deliver(delivery, webhookSecret)).toBe(202);
    expect(await deliver(delivery, webhookSecret)).toBe(200);
    expect(await deliver(again, webhookSecret)).toBe(400);
    for (const forged of ["", made("")]) expect(await deliver(randomUUID(), forged)).toBe(404);
    const webhooks = path.join(directory, "audit", "webhooks");
    expect(readdirSync(webhooks)).toEqual([expect.stringMatching(new RegExp(`^\\d{15}-${delivery}\\.json$`))]);
    expect(JSON.parse(readFileSync(path.join(webhooks, readdirSync(webhooks)[0]!), "utf8"))).toMatchObject({
      delivery,
      event: "repository_ruleset",
    });
    // Five hundred lines leave the ledger for the directory, without waiting for the ten seconds of fewer.
    for (let i = 0; i < 10; i++)
      await Promise.all(Array.from({ length: 50 }, () => ask("/repos/acme/secrets", `Bearer ${key}`)));
    const archived = await until(
      "a file of the audit trail",
      async () => {
        await ask("/repos/acme/api", `Bearer ${key}`);
        const [file] = readdirSync(path.join(directory, "audit")).filter((name) => name.endsWith(".jsonl"));
        const text = file === undefined ? "" : readFileSync(path.join(directory, "audit", file), "utf8");
        return text !== "" && { file, text };
      },
      { ms: 30_000, every: 100 },
    );
    const { file = "" } = archived;
    expect(file).toMatch(/^0{14}1-\d{15}\.jsonl$/);
    expect((await verifyChain(archived.text.split("\n"))).problems).toEqual([]);
    // Behind the file comes the checkpoint of its last record, in a folder that the disk service makes.
    const last = Number(/-(\d+)\.jsonl$/.exec(file)?.[1]);
    const checkpoint = path.join(directory, "audit", "checkpoints", `${String(last).padStart(15, "0")}.json`);
    await until("its checkpoint", () => existsSync(checkpoint) && readFileSync(checkpoint, "utf8") !== "");
    const signed = JSON.parse(readFileSync(checkpoint, "utf8")) as { seq: number; hash: string };
    expect(JSON.parse(archived.text.trim().split("\n").at(-1) ?? "")).toMatchObject({ seq: last, hash: signed.hash });
    const all = (await (await ask("/_gate/audit", `Bearer ${operator}`)).text()).trim().split("\n");
    expect((await verifyChain(all)).problems).toEqual([]);
    // The ledger has woken the forwarder, whose own clock goes on.
    const copied = await until(
      "the sink's copy",
      () => {
        const lines = new Set(receiver.received.flatMap(({ body }) => body.toString().trimEnd().split("\n")));
        return all.every((line) => lines.has(line)) && lines;
      },
      { ms: 20_000, every: 100 },
    );
    expect(copied.size).toBeGreaterThanOrEqual(all.length);
    expect(receiver.received[0]?.headers.authorization).toBe("Bearer raw-token-of-the-test");
    // Whoever has filled in no secret takes no deliveries: an empty key would let anybody sign.
    for (const empty of [{}, { GITHUB_WEBHOOK_SECRET: "" }]) {
      if (child.kill()) await once(child, "exit");
      child = start(empty);
      await ready();
      expect(await deliver(randomUUID(), "")).toBe(404);
    }
  }, 60_000);
});

describe("a gate in several processes", () => {
  const sink = { kind: "https", name: "copy", url: "https://audit.acme.example/in" } as const;
  const options = {
    policy: policyFor("https://github.acme.example"),
    gateKeys: [],
    operatorKeys: [],
    tokenStore: {
      kind: "vault",
      address: "https://vault.acme.example",
      mount: "agents",
      path: "github/claude-bot",
      authMount: "gatehouse-gate",
      roleId: "role",
    },
    alerts: {},
    listen: "127.0.0.1:8787",
    ledgerDirectory: "ledger",
    auditDirectory: "audit",
    ledgerSocket: "/run/gate/ledger.sock",
    modules: { gate: "gate.js", ledger: "ledger.js", ledgerRelay: "ledgerRelay.js", forwarder: "forwarder.js" },
  } as const;

  it("has a forwarder where there are sinks, which alone has their secrets and settings", () => {
    const { gate, ledger, forwarder } = selfHostProcesses({
      ...options,
      sinks: [sink],
      forwarderSocket: "/run/gate/forwarder.sock",
    });
    for (const one of ["SINK_SECRETS", sink.url])
      expect([gate, ledger, forwarder].map((config) => config?.includes(one))).toEqual([false, false, true]);
    for (const one of ["GATE_KEYS", "CHECKPOINT_KEY", "VAULT_SECRET_ID"])
      expect([gate, ledger, forwarder].map((config) => config?.includes(one))).toEqual([true, false, false]);
    // The ledger wakes the forwarder, the forwarder asks the ledger, and the gates know the ledger alone.
    const sockets = (config: string | undefined): string[] =>
      [...(config ?? "").matchAll(/unix:\/run\/gate\/(\w+)\.sock/g)].map(([, name = ""]) => name);
    expect(sockets(gate)).toEqual(["ledger"]);
    expect(sockets(ledger).sort()).toEqual(["forwarder", "ledger"]);
    expect(sockets(forwarder).sort()).toEqual(["forwarder", "ledger"]);
  });

  it("has none without sinks, wherever its socket would be", () => {
    const configs = selfHostProcesses({ ...options, forwarderSocket: "/run/gate/forwarder.sock" });
    expect(Object.keys(configs)).toEqual(["gate", "ledger"]);
    expect(Object.values(configs).join("").includes("orwarder")).toBe(false);
  });

  it("says what is missing for sinks", () => {
    expect(() => selfHostProcesses({ ...options, sinks: [sink] })).toThrow("forwarderSocket is needed");
    const { forwarder: _, ...modules } = options.modules;
    expect(() =>
      selfHostProcesses({ ...options, sinks: [sink], forwarderSocket: "/run/gate/forwarder.sock", modules }),
    ).toThrow("modules.forwarder is needed");
  });
});
