import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(__dirname, "..", "..");
const BIN = join(ROOT, "cli", "bin.js");

/** A `gatehouse` process of a test; everything it starts inherits a mark by which it can be found. */
export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number>;
  /** Process ids that carry this run's mark and are still there. */
  survivors(): number[];
  /** Waits for a line on standard output that `matches`. */
  line(matches: (line: string) => boolean, timeoutMs?: number): Promise<string>;
}

export function gatehouse(
  args: readonly string[],
  { env = {}, input, cwd = ROOT }: { env?: Record<string, string>; input?: string; cwd?: string } = {},
): Running {
  const mark = randomUUID();
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { ...process.env, ...env, GATEHOUSE_TEST_MARK: mark },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
    listeners.forEach((listener) => {
      listener();
    });
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
  });
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input ?? "");
  const exited = new Promise<number>((resolve) => {
    child.on("close", (code, signal) => {
      resolve(code ?? (signal === "SIGKILL" ? 137 : 143));
      listeners.forEach((listener) => {
        listener();
      });
    });
  });
  return {
    child,
    exited,
    stdout: () => out,
    stderr: () => err,
    survivors: () => marked(mark),
    line: (matches, timeoutMs = 90_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = out.split("\n").find(matches);
          if (found !== undefined) {
            finish();
            resolve(found);
          } else if (child.exitCode !== null) {
            finish();
            reject(new Error(`ended with ${child.exitCode} before the line came\n${out}\n${err}`));
          }
        };
        const timer = setTimeout(() => {
          finish();
          reject(new Error(`no such line within ${timeoutMs} ms\n${out}\n${err}`));
        }, timeoutMs);
        const finish = (): void => {
          clearTimeout(timer);
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      }),
  };
}

/** Processes of this machine whose environment carries the mark (Linux). */
function marked(mark: string): number[] {
  const needle = `GATEHOUSE_TEST_MARK=${mark}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(needle);
      } catch {
        return false;
      } // gone, or not ours
    });
}

/** The ready line of `serve --json`, as far as tests use it. */
export interface Ready {
  gate: { url: string; key: string };
  github: { api: string; git: string; token: string };
  vault: { addr: string; token: string };
  cloudflare: { api: string; token: string; accountId: string };
  claude: { api: string; key: string };
  env: Record<string, string>;
  organization: string;
  machineUser: string;
  repositories: { name: string; access: string }[];
  stateDir: string;
}

/** Starts `sandbox serve --json` and waits until it is ready. */
export async function serve(...args: string[]): Promise<{ ready: Ready; running: Running }> {
  const running = gatehouse(["sandbox", "serve", "--json", ...args]);
  return { ready: JSON.parse(await running.line((line) => line.startsWith("{"), 150_000)) as Ready, running };
}
