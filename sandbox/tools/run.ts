import { spawn } from "node:child_process";

/** How a short-lived helper program ended. `code` is null when a signal or the time limit ended it. */
export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Set when the program could not be started at all, such as ENOENT. */
  readonly failure?: NodeJS.ErrnoException | undefined;
}

/**
 * Runs a program to its end without a shell; never throws for what the program does. Output is kept up to 1 MiB each.
 */
export function run(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; env?: NodeJS.ProcessEnv; signal?: AbortSignal | undefined },
): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: options.env ?? process.env,
      killSignal: "SIGKILL",
      signal: options.signal,
    });
    const limit = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs);
    let stdout = "";
    let stderr = "";
    let failure: NodeJS.ErrnoException | undefined;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.length < 1 << 20) stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < 1 << 20) stderr += text;
    });
    child.on("error", (error) => {
      failure = error;
    });
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve({ code: failure ? null : code, stdout, stderr, failure });
    });
  });
}
