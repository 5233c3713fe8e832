import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Sink } from "../../gate/contract";
import { verifyChain } from "../../gate/policy";
import { startForwarder, startGateProcesses, startLedger, type GateProcesses } from "../../bench/gate/gateProcesses";
import { GATE_ENVIRONMENT, gateSettings, madeSecrets, type GateSecrets } from "../../bench/gate/workers";
import { made } from "../gate/support/gate";
import { policyFor } from "../gate/support/policy";
import { seqsIn } from "../gate/support/sinks";
import { Upstream } from "../gate/support/upstream";
import { freshFetch } from "../support/freshFetch";
import { until } from "../support/until";

/** A gate in two processes, its ledger in a third and its forwarder in a fourth; each can be killed and started again. */
class Processes {
  private ledger: ChildProcess;
  private forwarder: ChildProcess | undefined;

  private constructor(
    readonly url: string,
    readonly upstream: Upstream,
    private readonly secrets: GateSecrets,
    private readonly started: GateProcesses,
    private readonly directory: string,
  ) {
    ({ ledger: this.ledger, forwarder: this.forwarder } = started);
  }

  static async start(gate: Parameters<typeof policyFor>[1] = {}, sinks: readonly Sink[] = []): Promise<Processes> {
    const directory = mkdtempSync(path.join(tmpdir(), "gate-processes-"));
    const upstream = await Upstream.start();
    upstream.handler = ({ url, method }) => {
      if (url.startsWith("/v1/auth/"))
        return { body: JSON.stringify({ auth: { client_token: "session", lease_duration: 60 } }) };
      if (url.startsWith("/v1/agents/"))
        return { body: JSON.stringify({ data: { data: { token: TOKEN, expires_at: "" } } }) };
      return { status: method === "POST" ? 201 : 200 };
    };
    const secrets = madeSecrets();
    const started = await startGateProcesses(
      directory,
      2,
      { ...gateSettings(upstream.url, secrets, policyFor(upstream.url, gate)), sinks },
      GATE_ENVIRONMENT,
    );
    const running = new Processes(`http://127.0.0.1:${started.port}`, upstream, secrets, started, directory);
    try {
      await until("both processes", async () => (await running.seen(20)).size === 2, { ms: 20_000 });
      return running;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  get gates(): readonly ChildProcess[] {
    return this.started.gates;
  }

  ask(target: string, init: RequestInit = {}, key = this.secrets.key): Promise<Response> {
    return freshFetch(this.url + target, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });
  }

  comment(): Promise<Response> {
    return this.ask("/repos/acme/api/issues/1/comments", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"body":"b"}',
    });
  }

  /** Which processes answer. */
  async seen(asks: number): Promise<ReadonlySet<string>> {
    const answers = await Promise.all(
      Array.from({ length: asks }, () => freshFetch(`${this.url}/_gate/health`).catch(() => undefined)),
    );
    return new Set(answers.flatMap((answer) => (answer?.status === 204 ? [processOf(answer)] : [])));
  }

  /** The whole trail, which must be one chain. */
  async trail(): Promise<readonly { readonly seq: number; readonly requestId: string; readonly status: number }[]> {
    const lines = (await (await this.ask("/_gate/audit?limit=10000", {}, this.secrets.operatorKey)).text())
      .trim()
      .split("\n");
    expect((await verifyChain(lines)).problems).toEqual([]);
    return lines.map((line) => JSON.parse(line) as { seq: number; requestId: string; status: number });
  }

  killLedger(): Promise<void> {
    return killed(this.ledger);
  }

  async killForwarder(): Promise<void> {
    if (this.forwarder !== undefined) await killed(this.forwarder);
  }

  startForwarder(): void {
    this.forwarder = startForwarder(this.directory);
  }

  startLedger(): void {
    this.ledger = startLedger(this.directory);
  }

  async stop(): Promise<void> {
    for (const child of [...this.gates, this.ledger, ...(this.forwarder === undefined ? [] : [this.forwarder])])
      if (child.exitCode === null && child.signalCode === null && child.kill()) await once(child, "exit");
    await this.upstream.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

const TOKEN = `ghp_${made("").replace(/[-_]/g, "x")}`;
const idOf = (answer: Response): string => answer.headers.get("x-gatehouse-request-id") ?? "";
/** Each isolate begins its request ids in a way of its own. */
const processOf = (answer: Response): string => idOf(answer).split("-")[0] ?? "";

let running: Processes | undefined;
let receiver: Upstream | undefined;
afterEach(async () => {
  await running?.stop();
  await receiver?.stop();
  receiver = undefined;
});

it("lets exactly as many requests through as the posture says, from whichever process, in one chain", async () => {
  const gate = (running = await Processes.start({ requestsPerMinute: 40 }));
  await until("a minute that lasts", () => Date.now() % 60_000 < 30_000, { ms: 40_000 });
  const answers: Response[] = [];
  const passed = (): Response[] => answers.filter((answer) => answer.status === 200);
  // One by one first: many at once all go to whichever process wakes first. What one leased and did not use goes back
  // to the ledger when its lease ends, so some pass later.
  await until(
    "forty requests that pass, and many that do not",
    async () => {
      answers.push(await gate.ask("/repos/acme/api"));
      return passed().length >= 40 && answers.length >= 100;
    },
    { ms: 25_000, every: 5 },
  );
  answers.push(...(await Promise.all(Array.from({ length: 60 }, () => gate.ask("/repos/acme/api")))));
  expect([passed().length, new Set(passed().map(processOf)).size]).toEqual([40, 2]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
  expect(gate.upstream.received.filter((r) => r.url.startsWith("/api/v3/"))).toHaveLength(40);
  // Records of reads may wait a moment in the process that does not answer the question.
  await until("the records", async () => {
    const ids = new Set((await gate.trail()).map(({ requestId }) => requestId));
    return answers.every((answer) => ids.has(idOf(answer)));
  });
}, 120_000);

it("loses no record of a write when a process is killed, and goes on with the other", async () => {
  running = await Processes.start({ writesPerMinute: 10_000, requestsPerMinute: 10_000 });
  const written: string[] = [];
  let going = true;
  const writers = Array.from({ length: 8 }, async () => {
    while (going) {
      const answer = await running?.comment().catch(() => undefined);
      if (answer?.status === 201) written.push(idOf(answer));
    }
  });
  await until("writes", () => written.length > 50);
  running.gates[0]?.kill("SIGKILL");
  const atKill = written.length;
  await until("writes by the other process", () => written.length > atKill + 50);
  going = false;
  await Promise.all(writers);
  const ids = new Set((await running.trail()).map(({ requestId }) => requestId));
  expect(written.filter((id) => !ids.has(id))).toEqual([]);
  expect((await running.seen(20)).size).toBe(1);
}, 120_000);

it("refuses without its ledger, and goes on with the same chain when that is back", async () => {
  running = await Processes.start({ writesPerMinute: 10_000, requestsPerMinute: 10_000 });
  expect((await running.comment()).status).toBe(201);
  await running.killLedger();
  await until("a refusal", async () => (await running?.comment())?.status === 503);
  running.startLedger();
  await until("a write", async () => (await running?.comment())?.status === 201);
  const statuses = (await running.trail()).map(({ status }) => status);
  expect(statuses.filter((status) => status === 201).length).toBeGreaterThanOrEqual(2);
}, 120_000);

it("brings a sink every record, whichever process is killed, and moves on only with what the sink has taken", async () => {
  const sink = (receiver = await Upstream.start());
  const got = new Set<number>();
  let end = 0;
  const skipped: string[] = [];
  let turn = 0;
  sink.handler = (received) => {
    sink.received.length = 0;
    const seqs = seqsIn("https", received);
    const [first = 0] = seqs;
    if (first > end + 1) skipped.push(`${end + 1} to ${first - 1}`);
    // Of three, one is refused, and the answer of one is lost: its records come again.
    turn = (turn + 1) % 3;
    if (turn === 0) return { status: 503 };
    for (const seq of seqs) got.add(seq);
    if (turn === 1) return { status: 502 };
    end = Math.max(end, ...seqs);
    return { status: 200 };
  };
  const gate = (running = await Processes.start({ writesPerMinute: 10_000, requestsPerMinute: 10_000 }, [
    { kind: "https", name: "https", url: sink.url },
  ]));
  const written: string[] = [];
  let going = true;
  const writers = Array.from({ length: 8 }, async () => {
    while (going) {
      const answer = await gate.comment().catch(() => undefined);
      if (answer?.status === 201) written.push(idOf(answer));
    }
  });
  const more = async (count: number): Promise<void> => {
    const before = written.length;
    await until("writes", () => written.length > before + count, { ms: 30_000 });
  };
  await until("records at the sink", () => end > 0, { ms: 30_000 });
  await gate.killForwarder();
  await more(100);
  gate.startForwarder();
  if (gate.gates[0] !== undefined) await killed(gate.gates[0]);
  await more(100);
  await gate.killLedger();
  gate.startLedger();
  await more(100);
  await gate.killForwarder();
  await more(100);
  going = false;
  await Promise.all(writers);
  const records = await gate.trail();
  // Nobody asks the gate for anything any more: the forwarder goes on by itself.
  gate.startForwarder();
  const ids = new Set(records.map(({ requestId }) => requestId));
  expect(written.filter((id) => !ids.has(id))).toEqual([]);
  // A run that was killed keeps its sink for a minute.
  await until("every record at the sink", () => records.every(({ seq }) => got.has(seq)), { ms: 120_000, every: 100 });
  expect(skipped).toEqual([]);
}, 300_000);
