import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";

/** Environment of every git that the stand-in starts: nothing of the person's own settings, no prompts. */
function gitEnv(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    ...extra,
  };
}

const running = new Set<ChildProcessWithoutNullStreams>();

/** Starts git; the caller wires the streams. All that still run are ended by `stopGit`. */
export function startGit(
  args: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
): ChildProcessWithoutNullStreams {
  const child = spawn("git", args, { env: gitEnv(env), cwd, stdio: "pipe" });
  running.add(child);
  child.once("close", () => running.delete(child));
  child.stdin.on("error", () => undefined); // git may stop reading before all is written
  return child;
}

/** Ends every git that is still running for repositories below a folder. */
export function stopGit(belongs: (args: readonly string[]) => boolean): void {
  for (const child of running) if (belongs(child.spawnargs)) child.kill("SIGKILL");
}

export class GitError extends Error {
  constructor(
    readonly args: readonly string[],
    readonly code: number | null,
    readonly stderr: string,
  ) {
    super(`git ${args.slice(0, 3).join(" ")} exited ${code}: ${stderr.trim().slice(0, 500)}`);
    this.name = "GitError";
  }
}

/** Runs git to its end. @throws GitError unless the exit code is among `okCodes` */
export async function runGit(
  args: readonly string[],
  options: {
    input?: Buffer | string;
    env?: Record<string, string>;
    okCodes?: readonly number[];
    maxBytes?: number;
  } = {},
): Promise<{ stdout: Buffer; stderr: string; code: number }> {
  const child = startGit(args, options.env);
  const out: Buffer[] = [];
  let size = 0;
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (options.maxBytes !== undefined && size > options.maxBytes) child.kill("SIGKILL");
    else out.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    if (stderr.length < 100_000) stderr += chunk.toString();
  });
  child.stdin.end(options.input ?? "");
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === null || !(options.okCodes ?? [0]).includes(code)) throw new GitError(args, code, stderr);
  return { stdout: Buffer.concat(out), stderr, code };
}
