import { join } from "node:path";
import { endpoints, type Environment, names } from "../../infra/model";
import { openStack, type Stack } from "../engine";
import { openRunDir } from "../rundir";
import { startSystems, type Systems } from "../systems";
import type { Cleanup } from "../../cli/support/cleanup";
import type { ProjectStack } from "../../cli/support/project";
import { loopbackWithoutProxy } from "../../cli/support/proxy";

/** The sandbox of a rehearsal: the systems are up and the stack is open, but nothing is deployed yet. */
export interface Sandbox {
  readonly project: ProjectStack;
  readonly environment: Environment;
  readonly systems: Systems;
  readonly stack: Stack;
  /** What a Pulumi program, the engine and the token commands need to find this sandbox. */
  readonly env: Record<string, string>;
  /** As given by `--config`, for commands that read the environment file themselves. */
  readonly overrides: readonly string[];
  /** Data and state of this run alone. */
  readonly runDir: string;
}

/** Where tools and finished reports live between runs. */
export const homeOf = (project: ProjectStack): string => join(project.projectDir, ".gatehouse");

/** Starts the systems and opens the stack with its state in this run's folder; everything is undone by `cleanup`. */
export async function openSandbox(
  project: ProjectStack,
  overrides: readonly string[],
  cleanup: Cleanup,
  onProgress: (what: string) => void,
): Promise<Sandbox> {
  const run = openRunDir(homeOf(project));
  cleanup.add(() => {
    run.remove();
  });
  const interrupted = new AbortController();
  const starting = startSystems({
    environment: project.environment,
    runDir: run.dir,
    toolsDir: join(homeOf(project), "tools"),
    onProgress,
    signal: interrupted.signal,
  });
  // Registered before they are up: who interrupts the start waits until what has begun can be stopped.
  cleanup.add(() => {
    interrupted.abort();
    return starting.then(
      (systems) => systems.stop(),
      () => undefined,
    );
  });
  const systems = await starting;
  const env = {
    ...systems.env,
    ...loopbackWithoutProxy(process.env),
    GATEHOUSE_STATE_DIR: join(run.dir, "state"),
    GATEHOUSE_GATE_URL: systems.cloudflare.gateUrl(names(project.environment).gateScript),
  };
  const stack = await openStack({
    projectDir: project.projectDir,
    stack: project.stack,
    stateDir: env.GATEHOUSE_STATE_DIR,
    config: [...overrides],
    env: { ...process.env, ...env },
  });
  return { project, environment: project.environment, systems, stack, env, overrides, runDir: run.dir };
}

export const endpointsOf = (sandbox: Sandbox): ReturnType<typeof endpoints> => endpoints(sandbox.systems.github.url);
