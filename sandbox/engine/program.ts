import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Config } from "./config";
import { UsageError } from "./errors";
import type { Project } from "./project";
import { findRunner, startRunner } from "./runner";

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

/** Starts the program with its own copy of the SDK. */
export function startProgram(options: ProgramOptions): Program {
  const { project, stack, preview, parallel, address, config, env, typeCheck } = options;
  const runner = findRunner("run", [project.pwd]);
  if (runner === undefined)
    throw new UsageError(`@pulumi/pulumi is not installed for ${project.pwd}: run npm install in the project`);
  const args = [
    ...project.nodeArgs,
    runner,
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
  const child = startRunner(args, {
    cwd: project.pwd,
    env,
    config,
    typeCheck,
    variables: {
      PULUMI_NODEJS_TYPESCRIPT: String(project.typescript),
      ...(project.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: project.tsconfig } : {}),
    },
  });
  for (const stream of ["stdout", "stderr"] as const)
    createInterface({ input: child[stream] }).on("line", (line) => options.onLine(line, stream));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
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
