import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..");

/** What one run of a command took. */
export interface Cost {
  readonly seconds: number;
  /** Seconds of all its threads: what other work on the machine does not change much. */
  readonly cpuSeconds: number;
  /** Resident memory at its peak. */
  readonly peakMb: number;
  /** What it wrote. */
  readonly bytes: number;
}

/**
 * Runs `gatehouse` in a process of its own; what it asks may be served by this one.
 * @param env Variables beside this process's own.
 * @throws Error with what it said, when it could not run
 */
export async function measure(args: readonly string[], { cwd = ROOT, env = {} } = {}): Promise<Cost> {
  const started = performance.now();
  const child = spawn(process.execPath, ["-r", join(__dirname, "peak.js"), join(ROOT, "cli", "bin.js"), ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let bytes = 0;
  let said = "";
  child.stdout.on("data", (part: Buffer) => (bytes += part.length));
  child.stderr.on("data", (part: Buffer) => (said += part.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  const seconds = (performance.now() - started) / 1_000;
  const [, peak, cpu] = /peak (\d+) kB, cpu (\d+) us/.exec(said) ?? [];
  if (code === null || code > 1 || peak === undefined) throw new Error(said);
  return { seconds, cpuSeconds: Number(cpu) / 1e6, peakMb: Number(peak) / 1_024, bytes };
}
