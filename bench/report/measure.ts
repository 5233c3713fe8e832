import { spawnSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..");

/** What one run of `gatehouse report` took. */
export interface Cost {
  readonly seconds: number;
  /** Seconds of all its threads: what other work on the machine does not change much. */
  readonly cpuSeconds: number;
  /** Resident memory at its peak. */
  readonly peakMb: number;
  /** What it wrote. */
  readonly bytes: number;
}

/** Runs `gatehouse report` in a process of its own. */
export function measure(args: readonly string[]): Cost {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["-r", join(__dirname, "peak.js"), join(ROOT, "cli", "bin.js"), "report", ...args],
    { maxBuffer: 1 << 30 },
  );
  const seconds = (performance.now() - started) / 1_000;
  const [, peak, cpu] = /peak (\d+) kB, cpu (\d+) us/.exec(stderr.toString()) ?? [];
  if (status !== 0 || peak === undefined) throw new Error(stderr.toString());
  return { seconds, cpuSeconds: Number(cpu) / 1e6, peakMb: Number(peak) / 1_024, bytes: stdout.length };
}
