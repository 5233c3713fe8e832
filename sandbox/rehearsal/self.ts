import { spawn } from "node:child_process";
import { join } from "node:path";

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs one `gatehouse` command as its own process, the way an operator would: same entry, same exit codes.
 * A secret goes in by standard input, never as an argument.
 */
export function runGatehouse(
  args: readonly string[],
  { env, cwd, input }: { env: Record<string, string>; cwd: string; input?: string },
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(__dirname, "..", "..", "cli", "bin.js"), ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const endWithUs = (): void => {
      child.kill("SIGTERM");
    };
    process.once("exit", endWithUs);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    child.on("error", reject).on("close", (code) => {
      process.removeListener("exit", endWithUs);
      resolve({ code: code ?? 2, stdout, stderr });
    });
    child.stdin.on("error", () => undefined); // the command may end without reading
    child.stdin.end(input ?? "");
  });
}
