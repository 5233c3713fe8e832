import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { Contender } from "./contenders";
import { cpuMicros, rssMb } from "./processes";
import type { Ask } from "./traffic";

/** One run of load against one contender. Times in milliseconds, CPU in microseconds a request. */
export interface Sample {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
  readonly rss: number;
  /** Answers that were not 2xx, and connections that broke; a run with any says nothing. */
  readonly failures: number;
}

/** Text as a Lua string. */
const lua = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`;

/** wrk's script: requests made beforehand, sent in turn, and the figures as one line of JSON. */
function script(contender: Contender, asks: readonly Ask[]): string {
  const table = (headers: Readonly<Record<string, string>>): string =>
    `{ ${Object.entries(headers)
      .map(([name, value]) => `[${lua(name === "host" ? "Host" : name)}] = ${lua(value)}`)
      .join(", ")} }`;
  return [
    "local made, turn = {}, 0",
    // The Host header comes from wrk's own table unless a contender needs another.
    "init = function()",
    ...asks.map(
      ({ method, target, headers, body }, i) =>
        `  made[${i + 1}] = wrk.format("${method}", ${lua(contender.prefix + target)}, ${table({ ...contender.headers, ...headers })}, ${body === undefined ? "nil" : lua(body)})`,
    ),
    "end",
    "request = function() turn = turn % #made + 1 return made[turn] end",
    "done = function(summary, latency)",
    "  local e = summary.errors",
    '  io.write(string.format(\'\\nfigures {"requests":%d,"micros":%d,"p50":%f,"p99":%f,"failures":%d}\\n\', summary.requests, summary.duration,',
    "    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout))",
    "end",
    "",
  ].join("\n");
}

/** Drives a contender for some seconds with wrk and measures what its processes used meanwhile. */
export async function drive(
  contender: Contender,
  asks: readonly Ask[],
  connections: number,
  seconds: number,
): Promise<Sample> {
  const directory = mkdtempSync(path.join(tmpdir(), "gate-bench-load-"));
  try {
    const file = path.join(directory, "load.lua");
    writeFileSync(file, script(contender, asks));
    const pids = contender.pids();
    const before = cpuMicros(pids);
    const args = [
      "-t",
      "1",
      "-c",
      String(connections),
      "-d",
      `${seconds}s`,
      "--timeout",
      "10s",
      "-s",
      file,
      contender.url,
    ];
    const printed = await new Promise<string>((resolve, reject) => {
      execFile("wrk", args, { timeout: (seconds + 20) * 1000 }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`wrk: ${stderr}${stdout}`)),
      );
    });
    const cpu = cpuMicros(pids) - before;
    const figures = JSON.parse(/figures (\{.*\})/.exec(printed)?.[1] ?? "{}") as {
      requests: number;
      micros: number;
      p50: number;
      p99: number;
      failures: number;
    };
    return {
      requests: figures.requests,
      perSecond: (figures.requests / figures.micros) * 1e6,
      p50: figures.p50,
      p99: figures.p99,
      cpu: cpu / figures.requests,
      rss: rssMb(pids),
      failures: figures.failures,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
