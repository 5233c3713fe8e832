import { type Command, Option } from "commander";
import type { EngineName } from "../../sandbox/rehearsal/engines";
import { Cleanup } from "../support/cleanup";
import { repeatable, withExamples, withJson, withProject, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";
import { fromSandbox } from "../support/sandbox";
import { registerEngineCommands } from "./sandboxEngine";

const ENGINES: readonly EngineName[] = ["pulumi", "sandbox"];

/* oxlint-disable typescript/no-require-imports -- loaded by the command that needs it; import() of a TypeScript source would go past the loader */
const rehearsal = () =>
  fromSandbox(() => require("../../sandbox/rehearsal") as typeof import("../../sandbox/rehearsal"));
/* eslint-enable @typescript-eslint/no-require-imports */

interface SandboxOptions extends StackOptions {
  readonly project: string;
}

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
  const sandbox = program
    .command("sandbox")
    .description(
      "run the whole system on this machine, without accounts; needs the packages that a plain `npm ci` installs",
    );
  const command = (name: string, description: string): Command =>
    withStack(withProject(sandbox.command(name).description(description)));

  withExamples(
    command(
      "rehearse",
      "deploy the stack to local systems, try every action, rotate the token, and write a report; `npm start` runs this",
    )
      .option("--keep", "leave everything running at the end, and print how to talk to it")
      .addOption(
        new Option(
          "--engine <engine>",
          "the engine that deploys; by default Pulumi if it is installed, else the sandbox's own",
        ).choices(ENGINES),
      )
      .action((options: SandboxOptions & { keep?: boolean; engine?: EngineName }) =>
        withCleanup((cleanup) =>
          rehearsal().rehearse(readProjectStack(options.stack, options.config, options.project), options.config, {
            keep: options.keep === true,
            cleanup,
            ...(options.engine ? { engine: options.engine } : {}),
          }),
        ),
      ),
    "gatehouse sandbox rehearse --stack dev --keep",
  );

  withExamples(
    withJson(
      command(
        "drill",
        "prove every lock: with all other locks of an action open, the action must fail; with this lock open too, it must succeed",
      ).addOption(
        repeatable(
          "--only <words>",
          "try only what these words name: an action, a place, a lock, or several joined by /, such as merge/write",
        ),
      ),
      "print the proofs as one JSON object",
    ).action((options: SandboxOptions & { only: string[]; json?: boolean }) =>
      withCleanup((cleanup) =>
        rehearsal().drillLocks(readProjectStack(options.stack, options.config, options.project), options.config, {
          json: options.json === true,
          only: options.only,
          cleanup,
        }),
      ),
    ),
    "gatehouse sandbox drill --stack dev",
    "gatehouse sandbox drill --only merge/write --only read-secret --json",
  );

  withExamples(
    withJson(
      command("serve", "start the systems, deploy the stack, and stay in the foreground")
        .option("--bare", "start only the systems, and print the environment variables for an ordinary pulumi up")
        .addOption(
          new Option(
            "--export <file>",
            "write the state of the deployed stack to a file, as `pulumi stack export` does, and stop",
          ).conflicts(["bare", "json"]),
        ),
      "print one JSON line when everything is ready",
    ).action((options: SandboxOptions & { bare?: boolean; json?: boolean; export?: string }) =>
      withCleanup((cleanup) =>
        rehearsal().serve(readProjectStack(options.stack, options.config, options.project), options.config, {
          bare: options.bare === true,
          json: options.json === true,
          ...(options.export === undefined ? {} : { exportTo: options.export }),
          cleanup,
        }),
      ),
    ),
    "gatehouse sandbox serve --bare --json",
    "gatehouse sandbox serve --stack prod --export state.json",
  );

  registerEngineCommands(sandbox);
}
