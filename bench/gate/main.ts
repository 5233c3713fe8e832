/**
 * What the gate costs, side by side with a bare Worker in the same runtime under the same flags, with nginx and with
 * other gates, in one run.
 *
 *   npm run bench:gate -- [--rounds 5] [--seconds 5] [--only load,start,decisions,ledger,size,memory,mcp] [--against DIR] [--processes N] [--json]
 *
 * `--against` names a checkout of this repository with its node_modules, whose gate takes part in the load, built from
 * its own sources, and in the ledger's time. With `--processes` the gate takes part in several processes too. Load needs wrk; nginx, and the programs that IRON_PROXY and WARDGATE name, take part where they are
 * there. Ratios hold beyond this machine, absolute figures do not. Exits 0 when it ran: this is a measurement, not a
 * test.
 */
import { existsSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ledgerTimes } from "./ledger";
import { decisionTimes, moduleSizes } from "./micro";
import { mcpCost } from "./mcp";
import { memoryProfiles } from "./memory";
import { tool } from "./processes";
import { loadTables, smallTables, targetTable, targets, type Measured } from "./report";
import { OTHER_BUILD, rounds } from "./rounds";
import { startTimes } from "./startup";

const PARTS = ["load", "start", "decisions", "ledger", "size", "memory", "mcp"] as const;
type Part = (typeof PARTS)[number];

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly Part[];
  /** Another checkout of this repository; undefined for none. */
  readonly against: string | undefined;
  /** Of a gate in several processes; undefined for none. */
  readonly processes: number | undefined;
  readonly json: boolean;
}

function read(args: readonly string[]): Options | string {
  let options: Options = { rounds: 5, seconds: 5, only: PARTS, against: undefined, processes: undefined, json: false };
  for (let i = 0; i < args.length; i++) {
    const [name = "", attached] = (args[i] ?? "").split("=", 2);
    if (name === "--json") {
      options = { ...options, json: true };
      continue;
    }
    const value = attached ?? args[++i] ?? "";
    if (name === "--rounds" || name === "--seconds" || name === "--processes") {
      if (!/^[1-9][0-9]{0,2}$/.test(value)) return `${name} wants a whole number from 1 to 999, not "${value}".`;
      options = { ...options, [name.slice(2)]: Number(value) };
    } else if (name === "--only") {
      const parts = value.split(",");
      const unknown = parts.find((part) => !PARTS.includes(part as Part));
      if (unknown !== undefined) return `--only wants some of ${PARTS.join(", ")}, not "${unknown}".`;
      options = { ...options, only: parts as Part[] };
    } else if (name === "--against") {
      if (!existsSync(path.join(value, OTHER_BUILD)))
        return `--against wants a checkout of this repository; there is no ${OTHER_BUILD} in "${value}".`;
      options = { ...options, against: path.resolve(value) };
    } else
      return `Unknown option "${name}". Known: --rounds N, --seconds N, --only PART,…, --against DIR, --processes N, --json.`;
  }
  return options;
}

async function main(): Promise<number> {
  const options = read(process.argv.slice(2));
  if (typeof options === "string") {
    process.stderr.write(`${options}\n`);
    return 2;
  }
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const has = (part: Part): boolean => options.only.includes(part);
  const skipped: string[] = [];
  let measured: Measured = {};
  if (has("size")) measured = { ...measured, sizes: moduleSizes() };
  if (has("decisions")) measured = { ...measured, decisions: decisionTimes(options.rounds * 5) };
  if (has("ledger")) measured = { ...measured, ledger: await ledgerTimes(options.rounds * 2, options.against) };
  if (has("start")) measured = { ...measured, start: await startTimes(options.rounds * 3) };
  if (has("memory")) measured = { ...measured, memory: await memoryProfiles(1024 * 1024 * 1024, 100 * 1024 * 1024) };
  if (has("load") && tool("wrk") === undefined)
    skipped.push("SKIPPED load: wrk is not installed (apt-get install wrk)");
  else if (has("load"))
    measured = {
      ...measured,
      rounds: await rounds(options.rounds, options.seconds, say, options.against, options.processes),
    };
  if (has("mcp")) {
    const withLoad = tool("wrk") !== undefined;
    if (!withLoad && !has("load")) skipped.push("SKIPPED the load of mcp: wrk is not installed (apt-get install wrk)");
    measured = { ...measured, mcp: await mcpCost(options.rounds, options.seconds, withLoad, say) };
  }
  const machine = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    processors: os.cpus().length,
    model: os.cpus()[0]?.model ?? "",
    memoryGb: Math.round(os.totalmem() / 1e9),
    load: os.loadavg().map((l) => Number(l.toFixed(1))),
  };
  const checked = targets(measured);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ machine, options, ...measured, targets: checked, skipped })}\n`);
    return 0;
  }
  process.stdout.write(
    [
      `Gate bench, ${machine.date}, Node ${machine.node}, ${machine.processors} × ${machine.model}, ${machine.memoryGb} GB, load ${machine.load.join(" ")}, ${options.rounds} rounds of ${options.seconds} s`,
      ...(measured.rounds === undefined ? [] : [loadTables(measured.rounds)]),
      smallTables(measured),
      ...skipped,
      targetTable(checked),
      "",
    ].join("\n\n"),
  );
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
