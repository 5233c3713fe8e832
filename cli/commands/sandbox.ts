import { type Command, Option } from "commander";
import type { EngineName } from "../../sandbox/rehearsal/engines";
import { Cleanup } from "../support/cleanup";
import { repeatable, withProject, withStack } from "../support/options";
import { readProjectStack } from "../support/project";
import { fromSandbox } from "../support/sandbox";
import { registerEngineCommands } from "./sandboxEngine";

const ENGINES: readonly EngineName[] = ["pulumi", "sandbox"];

/* eslint-disable @typescript-eslint/no-require-imports -- loaded by the command that needs it; import() of a TypeScript source would go past the loader */
const rehearsal = () =>
  fromSandbox(() => require("../../sandbox/rehearsal") as typeof import("../../sandbox/rehearsal"));
/* eslint-enable @typescript-eslint/no-require-imports */

interface StageOptions {
  stack: string;
  project: string;
  config: string[];
}

const staged = (command: Command): Command => withProject(withStack(command));

/** Runs `act` and undoes what it registered, whatever happens; Ctrl-C and the end of npm or npx undo it too. */
async function withCleanup(act: (cleanup: Cleanup) => Promise<void>): Promise<void> {
  const cleanup = new Cleanup();
  cleanup.endWithParent();
  try {
    await act(cleanup);
  } finally {
    await cleanup.run();
  }
}

/** `gatehouse sandbox …`: the whole system on one machine, without accounts. */
export function registerSandbox(program: Command): void {
  const sandbox = program.command("sandbox").description("the whole system on one machine, without accounts");

  staged(sandbox.command("rehearse"))
    .description("the main job: preview, up, no changes, drill, rotation, report")
    .option("--keep", "leave everything running at the end and say how to talk to it")
    .addOption(
      new Option(
        "--engine <engine>",
        "which engine deploys; Pulumi itself where it is there, else the sandbox's",
      ).choices(ENGINES),
    )
    .action((options: StageOptions & { keep?: boolean; engine?: EngineName }) =>
      withCleanup((cleanup) =>
        rehearsal().rehearse(readProjectStack(options.stack, options.config, options.project), options.config, {
          keep: options.keep === true,
          cleanup,
          ...(options.engine ? { engine: options.engine } : {}),
        }),
      ),
    );

  staged(sandbox.command("drill"))
    .description(
      "prove every lock: open all the others of an action, try it, and it must still fail; open this one too, and it must succeed",
    )
    .addOption(
      repeatable(
        "--only <words>",
        "only what these name: an action, a place, a lock, or several joined by /, such as merge/write",
      ),
    )
    .option("--json", "print the proofs as one JSON object")
    .action((options: StageOptions & { only: string[]; json?: boolean }) =>
      withCleanup((cleanup) =>
        rehearsal().drillLocks(readProjectStack(options.stack, options.config, options.project), options.config, {
          json: options.json === true,
          only: options.only,
          cleanup,
        }),
      ),
    );

  staged(sandbox.command("serve"))
    .description("start the systems, bring the stack up and stay in the foreground")
    .option("--bare", "start the systems alone and print the environment for an ordinary pulumi up")
    .option("--json", "print one JSON line when ready")
    .action((options: StageOptions & { bare?: boolean; json?: boolean }) =>
      withCleanup((cleanup) =>
        rehearsal().serve(readProjectStack(options.stack, options.config, options.project), options.config, {
          bare: options.bare === true,
          json: options.json === true,
          cleanup,
        }),
      ),
    );

  registerEngineCommands(sandbox);
}
