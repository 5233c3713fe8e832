import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import * as http from "node:http";

/** A server under measurement: how to reach it, and which processes it consists of. */
export interface Server {
  readonly url: string;
  pids(): readonly number[];
  stop(): Promise<void>;
}

/** Ticks of /proc's times a second; Linux has had 100 on every platform that Node.js supports, but says so itself. */
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** User and system time of some processes so far, in microseconds. A process that is gone counts nothing. */
export function cpuMicros(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    // The command in parentheses may hold spaces; the fields follow its last parenthesis.
    const stat = read(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return (ticks / TICKS) * 1_000_000;
}

/**
 * Processor time of a process's living threads so far, in milliseconds: finer than `cpuMicros`, for what takes a few
 * ticks.
 */
export function threadMillis(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanos = threads.map((thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]));
  return nanos.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** Resident memory of some processes, in MB. */
export function rssMb(pids: readonly number[]): number {
  let kb = 0;
  for (const pid of pids) kb += Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
  return kb / 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Path of a tool on PATH, or undefined. */
export function tool(name: string): string | undefined {
  try {
    // Debian keeps servers in sbin, which is not on everyone's PATH.
    return execFileSync("which", [name], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/usr/local/sbin` },
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
}

const NO_ANSWER: Answer = { status: 0, body: "", headers: {} };

/** One request on a connection of its own; status 0 when nothing listens. */
export function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
  body?: string,
): Promise<Answer> {
  return new Promise((resolve) => {
    const request = http.request(url, { method, headers, agent: false, timeout: 20_000 }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString(), headers: response.headers }),
      );
      response.on("error", () => resolve(NO_ANSWER));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(NO_ANSWER));
    request.end(body);
  });
}

/** What a child printed and how it is ended; it is killed for good when it does not end by itself. */
export interface Child {
  readonly process: ChildProcess;
  /** When it was started, by performance.now(). */
  readonly startedAt: number;
  log(): string;
  stop(): Promise<void>;
}

export function start(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Child {
  const startedAt = performance.now();
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  const keep = (part: Buffer): void => {
    log = (log + part.toString()).slice(-4000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  child.on("error", (error) => (log += String(error)));
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    process: child,
    startedAt,
    log: () => log,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** Waits until a request gets the wanted status; throws with what the child said when it does not come. */
export async function answering(
  child: Child,
  url: string,
  headers: Readonly<Record<string, string>>,
  wanted = 200,
  everyMs = 20,
): Promise<void> {
  const until = Date.now() + 20_000;
  let last = 0;
  while (Date.now() < until && child.process.exitCode === null) {
    last = (await ask(url, headers)).status;
    if (last === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await child.stop();
  throw new Error(`${child.process.spawnfile} did not answer ${wanted} (last ${last}): ${child.log()}`);
}
