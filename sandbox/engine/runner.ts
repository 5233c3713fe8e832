import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { configEnvironment, type Config } from "./config";

/** A runner of the SDK's, for a program or for a policy pack. */
type RunnerName = "run" | "run-policy-pack";

/** Where the SDK that the first of these folders finds keeps a runner; undefined when none finds one. */
export function findRunner(name: RunnerName, folders: readonly string[]): string | undefined {
  for (const folder of folders)
    try {
      return createRequire(join(folder, "package.json")).resolve(`@pulumi/pulumi/cmd/${name}`);
    } catch {
      // The next place.
    }
  return undefined;
}

interface RunnerOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  /** Check types as Pulumi's own runner does, which takes seconds. */
  readonly typeCheck: boolean;
  /** What this runner alone is told by environment variables. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Starts a runner exactly as Pulumi's language host for Node.js does.
 * @param args flags of Node, the runner, and what it takes
 */
export function startRunner(
  args: readonly string[],
  { cwd, env, config, typeCheck, variables }: RunnerOptions,
): ChildProcessByStdio<null, Readable, Readable> {
  // A test runner's or loader's flags are meant for its own process, not for the program.
  const { NODE_OPTIONS: _options, ...inherited } = env;
  // "-r", not "--require": the runner takes the long form for somebody else's loader and then leaves ES modules alone.
  const child = spawn(process.execPath, ["-r", join(__dirname, "preload.js"), ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...inherited,
      ...configEnvironment(config),
      ...variables,
      ...(typeCheck ? {} : { PULUMI_NODEJS_TRANSPILE_ONLY: "true" }),
    },
  });
  // It must not outlive an engine that ends without cleaning up.
  const reap = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", reap);
  child.once("close", () => process.removeListener("exit", reap));
  return child;
}
