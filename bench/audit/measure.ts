import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { cpuMicros } from "../gate/processes";

/** What one run of a process took. */
export interface Cost {
  readonly seconds: number;
  /** Of all its threads: what other work on the machine does not change much. */
  readonly cpuSeconds: number;
  /** Resident memory at its peak. */
  readonly peakMb: number;
}

/** How often its processor time and memory are looked at. What it computes after the last look is not seen. */
const LOOK_MS = 5;

/** Runs a process to its end. @param out where its output goes. @throws Error when it fails, with its words */
export async function measure(command: string, args: readonly string[], out?: string): Promise<Cost> {
  const fd = out === undefined ? undefined : openSync(out, "w");
  try {
    const started = performance.now();
    // Nothing else of the environment: a pull asks whatever it has a credential for.
    const env = { PATH: process.env["PATH"], HOME: process.env["HOME"] };
    const child = spawn(command, args, { env, stdio: ["ignore", fd ?? "ignore", "pipe"] });
    let said = "";
    child.stderr?.on("data", (part: Buffer) => (said = (said + part.toString()).slice(-2_000)));
    let [cpu, kb] = [0, 0];
    const look = (): void => {
      const pid = child.pid ?? 0;
      cpu = Math.max(cpu, cpuMicros([pid]));
      try {
        kb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? kb);
      } catch {
        // It has just ended.
      }
    };
    const timer = setInterval(look, LOOK_MS);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    clearInterval(timer);
    const seconds = (performance.now() - started) / 1_000;
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${said}`);
    return { seconds, cpuSeconds: cpu / 1e6, peakMb: kb / 1_024 };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
