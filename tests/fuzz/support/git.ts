import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

const ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  LC_ALL: "C",
  GIT_AUTHOR_NAME: "agent",
  GIT_AUTHOR_EMAIL: "agent@example.com",
  GIT_COMMITTER_NAME: "agent",
  GIT_COMMITTER_EMAIL: "agent@example.com",
};

export interface GitAnswer {
  readonly code: number;
  readonly out: Buffer;
  readonly err: string;
}

/** Runs the real git and waits for it: a fuzz run is one thing after the other. */
export function git(
  cwd: string,
  args: readonly string[],
  input: string | Uint8Array = "",
  env: Record<string, string> = {},
): GitAnswer {
  const done = spawnSync("git", args, {
    cwd,
    input,
    env: { ...ENVIRONMENT, ...env },
    maxBuffer: 256 * 1024 * 1024,
    timeout: 30_000,
  });
  return { code: done.status ?? 1, out: done.stdout, err: done.stderr.toString("latin1") };
}

/** As `git`, for what must work. */
export function gitOk(
  cwd: string,
  args: readonly string[],
  input: string | Uint8Array = "",
  env: Record<string, string> = {},
): Buffer {
  const { code, out, err } = git(cwd, args, input, env);
  if (code !== 0) throw new Error(`git ${args.join(" ")}: ${err}`);
  return out;
}

export const lines = (out: Buffer): string[] =>
  out
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");

const made: string[] = [];

/** A new folder that `removeFolders` removes. */
export function folder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), "gate-fuzz-"));
  made.push(dir);
  return dir;
}

export function removeFolders(): void {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
}
