import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sink } from "../../gate/contract";
import { verifyChain } from "../../gate/policy";
import type { AuditRecord } from "../../gate/policy/audit";
import { selfHostConfig } from "../../gate/selfHost";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { freePort } from "../../sandbox/tools/ports";
import { bundle, made } from "../gate/support/gate";
import { policyFor } from "../gate/support/policy";
import { seqsIn, taken } from "../gate/support/sinks";
import { Upstream } from "../gate/support/upstream";
import { freshFetch } from "../support/freshFetch";
import { until } from "../support/until";

/*
 * The audit trail under load: 200 requests a second at a gate in real workerd, which is killed at random, with sinks of
 * every kind that fail half of the time.
 */

const PER_SECOND = 200;
const SECONDS = Number(process.env.GATEHOUSE_PROOF_SECONDS ?? 20);
const KILLS = 4;
const KINDS = ["https", "splunk-hec", "elastic", "otlp", "s3"] as const;

const directory = mkdtempSync(join(tmpdir(), "gate-sinks-"));
const [key, operator] = [made("ghk_"), made("gop_")];
const hash = (text: string): string => createHash("sha256").update(text).digest("base64url");
const receivers = new Map<string, Upstream>();
let github: Upstream;
let child: ChildProcess | undefined;
let url = "";
/** Starts the gate; after a kill, on what the one before left. */
async function start(): Promise<void> {
  const running = spawn(
    workerd,
    [
      "serve",
      "gate.capnp",
      `--directory-path=ledger-disk=${join(directory, "ledger")}`,
      `--directory-path=audit-disk=${join(directory, "audit")}`,
    ],
    {
      cwd: directory,
      env: { VAULT_SECRET_ID: "secret", SINK_SECRETS: "{}", CHECKPOINT_KEY: Buffer.alloc(32, 7).toString("base64") },
      stdio: "ignore",
    },
  );
  child = running;
  await until("workerd", async () => {
    if (running.exitCode !== null) throw new Error("workerd did not start");
    return freshFetch(`${url}/_gate/health`).then(
      ({ status }) => status === 204,
      () => false,
    );
  });
}

async function kill(): Promise<void> {
  const running = child;
  if (running === undefined || running.exitCode !== null) return;
  running.kill("SIGKILL");
  await once(running, "exit");
}

beforeAll(async () => {
  github = await Upstream.start();
  github.handler = ({ url }) => {
    if (url.endsWith("/login")) return { body: '{"auth":{"client_token":"session","lease_duration":600}}' };
    if (url.startsWith("/v1/agents/data/"))
      return { body: JSON.stringify({ data: { data: { token: `ghp_${"x".repeat(36)}`, expires_at: "" } } }) };
    return { status: 201, body: "{}" };
  };
  for (const kind of KINDS) receivers.set(kind, await Upstream.start());
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  for (const name of ["ledger", "audit"]) mkdirSync(join(directory, name));
  writeFileSync(join(directory, "gate.js"), bundle("worker"));
  writeFileSync(join(directory, "ledger.js"), bundle("ledger"));
  writeFileSync(join(directory, "forwarder.js"), bundle("selfHostedForwarder"));
  const at = (kind: string): string => receivers.get(kind)?.url ?? "";
  const sinks: readonly Sink[] = [
    { kind: "https", name: "https", url: at("https") },
    { kind: "splunk-hec", name: "splunk-hec", url: at("splunk-hec") },
    { kind: "elastic", name: "elastic", url: at("elastic"), index: "audit" },
    { kind: "otlp", name: "otlp", url: at("otlp") },
    { kind: "s3", name: "s3", url: at("s3"), region: "auto", accessKeyId: "AKEXAMPLE" },
  ];
  writeFileSync(
    join(directory, "gate.capnp"),
    selfHostConfig({
      policy: policyFor(github.url, {
        requestsPerMinute: 100_000,
        requestsPerHour: 1_000_000,
        writesPerMinute: 10_000,
      }),
      gateKeys: [{ agent: "agent", sha256: hash(key) }],
      operatorKeys: [{ sha256: hash(operator) }],
      tokenStore: {
        kind: "vault",
        address: github.url,
        mount: "agents",
        path: "github/claude-bot",
        authMount: "gatehouse-gate",
        roleId: "role",
      },
      alerts: {},
      listen: `127.0.0.1:${port}`,
      ledgerDirectory: "ledger",
      auditDirectory: "audit",
      modules: { gate: "gate.js", ledger: "ledger.js", forwarder: "forwarder.js" },
      sinks,
    }),
  );
  await start();
}, 60_000);
afterAll(async () => {
  await kill();
  await Promise.all([github, ...receivers.values()].map((one) => one.stop()));
  rmSync(directory, { recursive: true, force: true });
});

it("has one record of each request that was answered, in one chain, and every sink gets all of them", async () => {
  const has = new Map<string, Set<number>>();
  let failed = 0;
  for (const [kind, receiver] of receivers) {
    const got = new Set<number>();
    has.set(kind, got);
    let turn = 0;
    receiver.handler = (received) => {
      receiver.received.length = 0;
      const fails = turn++ % 2 === 0;
      // Of those that fail, every second has kept the records: only its answer is lost.
      if (!fails || turn % 4 === 1) for (const seq of seqsIn(kind, received)) got.add(seq);
      if (!fails) return taken(kind, received);
      failed++;
      return { status: 503 };
    };
  }
  const answered: string[] = [];
  const broken: string[] = [];
  const ask = async (n: number): Promise<void> => {
    try {
      // A write: its record is stored before its answer leaves.
      const answer = await freshFetch(`${url}/repos/acme/api/issues`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ title: `issue ${n}` }),
        signal: AbortSignal.timeout(20_000),
      });
      const id = answer.headers.get("x-gatehouse-request-id");
      await answer.arrayBuffer();
      if (answer.status === 201 && id !== null) answered.push(id);
      else broken.push(String(answer.status));
    } catch {
      broken.push("no answer");
    }
  };
  const kills = Array.from({ length: KILLS }, (_, i) => ((i + 0.2 + randomInt(60) / 100) / KILLS) * SECONDS * 1000);
  const killer = (async () => {
    const begin = Date.now();
    for (const ms of kills) {
      await sleep(Math.max(0, begin + ms - Date.now()));
      await kill();
      await start();
    }
  })();
  const asked: Promise<void>[] = [];
  for (let begin = Date.now(), n = 0; n < PER_SECOND * SECONDS; n++) {
    const due = begin + (n * 1000) / PER_SECOND;
    if (due > Date.now()) await sleep(due - Date.now());
    asked.push(ask(n));
  }
  await Promise.all([killer, ...asked]);

  const lines = await trail();
  const records = lines.map((line) => JSON.parse(line) as AuditRecord);
  expect((await verifyChain(lines)).problems).toEqual([]);
  const ids = records.map(({ requestId }) => requestId);
  expect(ids).toHaveLength(new Set(ids).size);
  const recorded = new Set(ids);
  expect(answered.filter((id) => !recorded.has(id))).toEqual([]);
  // How many depends on the machine; the run must not have been idle.
  expect(answered.length).toBeGreaterThan(100);

  const all = records.map(({ seq }) => seq);
  await until("every record at every sink", () => [...has.values()].every((got) => all.every((seq) => got.has(seq))), {
    ms: 120_000,
    every: 250,
  });
  expect(failed).toBeGreaterThan(KINDS.length);
  process.stdout.write(
    `\n${PER_SECOND * SECONDS} requests in ${SECONDS} s, ${KILLS} kills: ${answered.length} answered, ${broken.length} not; ${records.length} records, one chain; ${failed} requests to sinks failed, every sink has all records\n`,
  );
}, 240_000);

/** The whole trail, from the gate. */
async function trail(): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const last = lines.at(-1);
    const after = last === undefined ? 0 : (JSON.parse(last) as AuditRecord).seq;
    const answer = await freshFetch(`${url}/_gate/audit?limit=10000&after=${after}`, {
      headers: { authorization: `Bearer ${operator}` },
    });
    expect(answer.status).toBe(200);
    const more = (await answer.text()).split("\n").filter((line) => line !== "");
    // Each look at the trail has a record of its own.
    if (more.length < 5) return lines;
    lines.push(...more);
  }
}
