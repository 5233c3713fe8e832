import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { buildSync } from "esbuild";
import { COMPATIBILITY_DATE } from "../../gate/contract";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { freePort } from "../../sandbox/tools/ports";
import { answering, ask, start, type Child } from "./processes";

/** Records of one exchange: of reads under load, of writes of 16 connections, and of one. */
export const RECORDS_AN_EXCHANGE = [256, 16, 1] as const;
/** Exchanges of one round, so that each lasts some tenths of a second. */
const EXCHANGES: Readonly<Record<(typeof RECORDS_AN_EXCHANGE)[number], number>> = { 256: 100, 16: 300, 1: 600 };

/** Where a ledger's sources lie in a checkout. */
const LEDGER_SOURCE = "gate/worker/ledger.ts";
const ROOT = path.join(__dirname, "..", "..");

/** Processor time of the ledger for a record in microseconds, by records an exchange, in the order of the rounds. */
export type LedgerTimes = Readonly<Record<number, readonly number[]>>;

/**
 * The ledger alone in workerd, with its database on disk: what a record costs from its entry until it is on disk, the
 * call included. Each build has a process of its own, and they take turns.
 * @param against another checkout of this repository
 */
export async function ledgerTimes(
  rounds: number,
  against?: string,
): Promise<{ readonly gate: LedgerTimes; readonly other?: LedgerTimes }> {
  const running: { readonly ledger: RunningLedger; readonly times: Record<number, number[]> }[] = [];
  try {
    for (const root of [ROOT, ...(against === undefined ? [] : [against])])
      running.push({ ledger: await RunningLedger.start(root), times: {} });
    for (const { ledger } of running) for (const size of RECORDS_AN_EXCHANGE) await ledger.perRecord(size);
    for (let round = 0; round < rounds; round++)
      for (const size of RECORDS_AN_EXCHANGE)
        for (const { ledger, times } of round % 2 === 0 ? running : [...running].reverse())
          (times[size] ??= []).push(await ledger.perRecord(size));
    const [gate, other] = running.map(({ times }) => times);
    return { gate: gate ?? {}, ...(other === undefined ? {} : { other }) };
  } finally {
    for (const { ledger } of running) await ledger.stop();
  }
}

/** A ledger and a Worker that fills it, in one process. */
class RunningLedger {
  private constructor(
    private readonly child: Child,
    private readonly url: string,
    private readonly directory: string,
  ) {}

  static async start(root: string): Promise<RunningLedger> {
    if (!existsSync(path.join(root, LEDGER_SOURCE))) throw new Error(`${root} has no ${LEDGER_SOURCE}`);
    const directory = mkdtempSync(path.join(tmpdir(), "gate-bench-ledger-"));
    mkdirSync(path.join(directory, "ledger"));
    writeFileSync(
      path.join(directory, "ledger.js"),
      bundle(root, `export { Ledger, default } from "./${LEDGER_SOURCE}";`),
    );
    writeFileSync(path.join(directory, "filler.js"), bundle(root, FILLER));
    const port = await freePort();
    writeFileSync(path.join(directory, "worker.capnp"), config(port));
    const child = start(
      workerd,
      ["serve", "worker.capnp", `--directory-path=ledger-disk=${path.join(directory, "ledger")}`],
      { cwd: directory },
    );
    const running = new RunningLedger(child, `http://127.0.0.1:${port}`, directory);
    try {
      await answering(child, `${running.url}/?exchanges=1&size=1`, {});
      return running;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  /** Processor time of one record, in microseconds. */
  async perRecord(size: (typeof RECORDS_AN_EXCHANGE)[number]): Promise<number> {
    const exchanges = EXCHANGES[size];
    const before = this.processorMicros();
    const { status, body } = await ask(`${this.url}/?exchanges=${exchanges}&size=${size}`);
    if (status !== 200) throw new Error(`the ledger was answered ${status}: ${body.slice(0, 200)}`);
    return (this.processorMicros() - before) / (exchanges * size);
  }

  /** Of all threads so far, which the kernel counts in nanoseconds. */
  private processorMicros(): number {
    const tasks = `/proc/${this.child.process.pid ?? 0}/task`;
    return readdirSync(tasks)
      .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]) / 1_000)
      .reduce((sum, one) => sum + one, 0);
  }

  async stop(): Promise<void> {
    await this.child.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Makes entries as the gate does, exchanges them, and takes them out of the ledger again as its archive would. */
const FILLER = `
import { entryText } from "./gate/policy/audit";

let batch = 0;
let seq = 0;
const entry = (i) => entryText({
  ts: new Date().toISOString(),
  agent: "agent",
  requestId: "586c5m5w6l5a6h3b1w-" + i.toString(36),
  clientIp: "203.0.113.7",
  method: "GET",
  path: "/repos/acme/api/issues/" + (i % 977) + "/comments",
  route: "issues.comments",
  repository: "acme/api",
  decision: "allow",
  reason: "",
  status: 200,
  bytesIn: 0,
  bytesOut: i % 9973,
  ms: i % 300,
  tokenSha256: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
  findings: [],
});

export default {
  async fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const [exchanges, size] = [Number(searchParams.get("exchanges")), Number(searchParams.get("size"))];
    const first = seq + 1;
    for (let i = 0; i < exchanges; i++) {
      const entries = [];
      for (let j = 0; j < size; j++) entries.push(entry(++seq));
      const ledger = env.LEDGER.get(env.LEDGER.idFromName("ledger"));
      await ledger.settle({ isolate: "bench", batch: ++batch, entries, reported: [], closed: [] });
    }
    await env.LEDGER.get(env.LEDGER.idFromName("ledger")).archived(first, seq, "audit/" + seq);
    return new Response(String(seq));
  },
};
`;

const bundle = (root: string, contents: string): string =>
  buildSync({
    stdin: { contents, resolveDir: root },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    external: ["cloudflare:*"],
    charset: "ascii",
    tsconfigRaw: "{}",
    logLevel: "silent",
  }).outputFiles[0]?.text ?? "";

const config = (port: number): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "filler", worker = .filler),
    (name = "ledger", worker = .ledger),
    (name = "ledger-disk", disk = (path = "ledger", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "filler")],
  v8Flags = ["--max-semi-space-size=4"],
);
const filler :Workerd.Worker = (
  modules = [(name = "filler.js", esModule = embed "filler.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  bindings = [(name = "LEDGER", durableObjectNamespace = (className = "Ledger", serviceName = "ledger"))],
);
const ledger :Workerd.Worker = (
  modules = [(name = "ledger.js", esModule = embed "ledger.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  durableObjectNamespaces = [(className = "Ledger", uniqueKey = "gatehouse-ledger", enableSql = true)],
  durableObjectStorage = (localDisk = "ledger-disk"),
);
`;
