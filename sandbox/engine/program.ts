import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { configEnvironment, type Config } from "./config";
import { UsageError } from "./errors";
import type { Project } from "./project";

/** Exit code by which the program's runner says that it has told everything already. */
export const REPORTED_EXIT = 32;

export interface ProgramOptions {
  readonly project: Project;
  readonly stack: string;
  readonly config: Config;
  readonly preview: boolean;
  readonly parallel: number;
  readonly address: string;
  readonly env: NodeJS.ProcessEnv;
  /** Check types as the real runner does; off by default, since it takes seconds and `npm test` does it. */
  readonly typeCheck: boolean;
  readonly onLine: (line: string, stream: "stdout" | "stderr") => void;
}

/** The running program. `exited` settles with its code, or with null when it was killed. */
export interface Program {
  readonly exited: Promise<number | null>;
  kill(): Promise<void>;
}

/** Where the program's own copy of the SDK keeps its runner. */
function findRunner(project: Project): string {
  try {
    return createRequire(join(project.pwd, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    throw new UsageError(`@pulumi/pulumi is not installed for ${project.pwd}: run npm install in the project`);
  }
}

/** Starts the program exactly as Pulumi's language host for Node.js does. */
export function startProgram(options: ProgramOptions): Program {
  const { project, stack, preview, parallel, address } = options;
  const args = [
    // "-r", not "--require": the runner takes the long form for somebody else's loader and then leaves ES modules
    // alone.
    "-r",
    join(__dirname, "preload.js"),
    ...project.nodeArgs,
    findRunner(project),
    "--monitor",
    address,
    "--engine",
    address,
    "--organization",
    "organization",
    "--project",
    project.name,
    "--stack",
    stack,
    "--pwd",
    project.pwd,
    "--root-directory",
    project.dir,
    "--parallel",
    String(parallel),
    ...(preview ? ["--dry-run"] : []),
    project.entry,
  ];
  // A test runner's or loader's flags are meant for its own process, not for the program.
  const { NODE_OPTIONS: _options, ...inherited } = options.env;
  const child = spawn(process.execPath, args, {
    cwd: project.pwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...inherited,
      ...configEnvironment(options.config),
      PULUMI_NODEJS_TYPESCRIPT: String(project.typescript),
      ...(project.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: project.tsconfig } : {}),
      ...(options.typeCheck ? {} : { PULUMI_NODEJS_TRANSPILE_ONLY: "true" }),
    },
  });
  for (const stream of ["stdout", "stderr"] as const)
    createInterface({ input: child[stream]! }).on("line", (line) => options.onLine(line, stream));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
  // The program must not outlive an engine that ends without cleaning up.
  const reap = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", reap);
  void exited.catch(() => undefined).finally(() => process.removeListener("exit", reap));
  return { exited, kill: () => killGently(child, exited) };
}

const GRACE_MS = 2_000;

async function killGently(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await exited.catch(() => undefined);
  clearTimeout(hard);
}
