import { gzipSync } from "node:zlib";
import { bundleGate } from "../../infra/cloudflare/bundle";
import { run, type Contender, type Readiness } from "./contenders";
import { drive, type Sample } from "./load";
import { ask, threadMillis } from "./processes";
import { startStub, type Stub } from "./stub";
import { ASKS, TOOL_CALLS, TWINS, type Ask } from "./traffic";
import { benchPolicy, gateRecipe, madeSecrets } from "./workers";

/** What MCP costs: one build, with MCP off and on. */
export interface McpCost {
  /** The same reads, in the same rounds. */
  readonly off: readonly Sample[];
  readonly on: readonly Sample[];
  /** With MCP on: REST requests, and the calls of tools that become them. */
  readonly twins: readonly Sample[];
  readonly calls: readonly Sample[];
  /** Bytes of the gate's module by gzip, as it is and without what only MCP needs. */
  readonly size: { readonly all: number; readonly without: number };
  /** Processor time from the start of the process to the gate's own health, in milliseconds, in turn. */
  readonly start: { readonly off: readonly number[]; readonly on: readonly number[] };
}

const CONNECTIONS = 16;
/** Starts of each kind in a round. */
const STARTS = 2;

/**
 * Measures in rounds, in each of which the order turns: what is compared shares its round's weather.
 * @param load false where wrk is missing: then only size and start are measured
 */
export async function mcpCost(
  rounds: number,
  seconds: number,
  load: boolean,
  say: (line: string) => void,
): Promise<McpCost> {
  const stub = await startStub();
  const running: Contender[] = [];
  const cost = { off: [], on: [], twins: [], calls: [], start: { off: [], on: [] } } as {
    [Part in "off" | "on" | "twins" | "calls"]: Sample[];
  } & { start: { off: number[]; on: number[] } };
  try {
    const [off, on] = [await gate(stub, false), await gate(stub, true)];
    running.push(off, on);
    await mustAnswer(off, on);
    const loads: readonly (readonly [Exclude<keyof typeof cost, "start">, Contender, readonly Ask[]])[] = [
      ["off", off, ASKS.reads],
      ["on", on, ASKS.reads],
      ["twins", on, TWINS],
      ["calls", on, TOOL_CALLS],
    ];
    // Compilers and pools warm up.
    if (load) for (const [, contender, asks] of loads) await drive(contender, asks, CONNECTIONS, 1);
    for (let round = 0; round < rounds; round++) {
      const order = loads.map((_, i) => loads[(i + round) % loads.length]).filter((one) => one !== undefined);
      if (load)
        for (const [name, contender, asks] of order)
          cost[name].push(await drive(contender, asks, CONNECTIONS, seconds));
      for (let i = 0; i < STARTS; i++)
        for (const mcp of i % 2 === 0 ? [false, true] : [true, false])
          cost.start[mcp ? "on" : "off"].push(await cpuToHealth(stub, mcp));
      say(`mcp: round ${round + 1} of ${rounds}`);
    }
    return { ...cost, size: sizes() };
  } finally {
    for (const contender of running) await contender.stop();
    await stub.stop();
  }
}

function gate(stub: Stub, mcp: boolean, ready: Partial<Readiness> = {}): Promise<Contender> {
  const policy = { ...benchPolicy(stub.url), ...(mcp ? { mcp: true as const } : {}) };
  return run(
    `gate, MCP ${mcp ? "on" : "off"}`,
    (directory, port) => gateRecipe(directory, port, stub.url, madeSecrets(), policy),
    ready,
  );
}

async function cpuToHealth(stub: Stub, mcp: boolean): Promise<number> {
  const started = await gate(stub, mcp, { everyMs: 1, target: "/_gate/health", status: 204 });
  const [pid] = started.pids();
  const took = pid === undefined ? Number.NaN : threadMillis(pid);
  await started.stop();
  return took;
}

/** Proves that what is measured happens: each call brings what its REST request brings, and none where MCP is off. */
async function mustAnswer(off: Contender, on: Contender): Promise<void> {
  const of = (contender: Contender, { method, target, headers, body }: Ask) =>
    ask(contender.url + target, { ...contender.headers, ...headers }, method, body);
  for (const [i, call] of TOOL_CALLS.entries()) {
    const [refused, called, twin] = [await of(off, call), await of(on, call), await of(on, TWINS[i] ?? call)];
    const { result } = JSON.parse(called.body) as { result?: { isError?: true; content: { text: string }[] } };
    if (refused.status !== 403 || result?.isError === true || result?.content[0]?.text !== twin.body)
      throw new Error(`${call.body}: MCP off ${refused.status}, on ${called.status}: ${called.body.slice(0, 200)}`);
  }
}

/** Modules that only MCP needs, as esbuild names them above each one's text. */
const ONLY_MCP = /^\/\/ gate\/(?:policy\/mcp\/|worker\/(?:answer|interfaces)\/mcp\.ts)/;

function sizes(): McpCost["size"] {
  const { gate: text } = bundleGate();
  const without = text
    .split(/^(?=\/\/ [\w./@-]+\.(?:ts|js|mjs)$)/m)
    .filter((module) => !ONLY_MCP.test(module))
    .join("");
  if (without.length === text.length) throw new Error("no module of MCP was found in the gate's text");
  const zipped = (code: string): number => gzipSync(code, { level: 9 }).length;
  return { all: zipped(text), without: zipped(without) };
}
