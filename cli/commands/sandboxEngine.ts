import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import type { EngineEvent, OperationOptions, OperationResult, Stack, StackExport } from "../../sandbox/engine";
import { CouldNotRun, EXIT } from "../support/exit";
import { repeatable, withExamples, withProject, withStack } from "../support/options";
import { fromSandbox } from "../support/sandbox";

/** Loaded by the command that needs it: the product runs without the sandbox's packages. */
const engine = () =>
  // oxlint-disable-next-line typescript/no-require-imports -- import() of a TypeScript source would go past the loader
  fromSandbox(() => require("../../sandbox/engine") as typeof import("../../sandbox/engine"));

interface EngineOptions {
  project: string;
  stack: string;
  config: string[];
  json?: boolean;
  diff?: boolean;
  typeCheck?: boolean;
  recover?: boolean;
  showSecrets?: boolean;
  previewOnly?: boolean;
  expectNoChanges?: boolean;
  policyPack?: string[];
  file?: string;
}

const open = async (options: EngineOptions): Promise<Stack> =>
  engine().openStack({
    projectDir: options.project,
    stack: options.stack,
    config: options.config,
    ...(process.env.GATEHOUSE_STATE_DIR ? { stateDir: process.env.GATEHOUSE_STATE_DIR } : {}),
  });

/** Ctrl-C once lets the steps under way finish and be recorded; twice ends at once. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write(
      "^C received; finishing what is under way. Press ^C again to stop at once; the next run resumes.\n",
    );
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener("SIGINT", onSignal);
    process.removeListener("SIGTERM", onSignal);
  }
}

/** Runs one operation: as text, or with `--json` as one document at the end. */
async function operate(
  options: EngineOptions,
  run: (stack: Stack, how: OperationOptions) => Promise<OperationResult>,
): Promise<OperationResult> {
  const stack = await open(options);
  const events: EngineEvent[] = [];
  const show = engine().display(process.stdout, { diff: options.diff ?? false });
  const result = await interruptible((signal) =>
    run(stack, {
      signal,
      typeCheck: options.typeCheck ?? false,
      recover: options.recover ?? true,
      previewOnly: options.previewOnly ?? false,
      policyPacks: options.policyPack ?? [],
      onEvent: (event) => {
        if (options.json) events.push(event);
        else show(event);
      },
    }),
  );
  if (options.json) process.stdout.write(`${JSON.stringify(engine().previewDigest(events), null, 4)}\n`);
  const changed = Object.entries(result.changeSummary).some(([op, count]) => op !== "same" && count > 0);
  if (result.reason === "configuration") process.exitCode = EXIT.couldNotRun;
  else if (result.failed) process.exitCode = EXIT.doesNotHold;
  else if (options.expectNoChanges && changed) {
    process.stderr.write("error: no changes were expected but changes occurred\n");
    process.exitCode = EXIT.doesNotHold;
  }
  return result;
}

const GOODBYE = (stack: string): string =>
  `The resources in the stack have been deleted, but the history and configuration associated with the stack are still maintained. \nIf you want to remove the stack completely, run \`pulumi stack rm ${stack}\`.\n`;

function readDeployment(file: string | undefined): StackExport {
  const name = file ?? "standard input";
  try {
    return JSON.parse(readFileSync(file ?? 0, "utf8")) as StackExport;
  } catch (error) {
    throw new CouldNotRun(`${name} is not a deployment in JSON: ${(error as Error).message}`);
  }
}

/** `gatehouse sandbox preview|up|refresh|destroy|export|import`: Pulumi's own commands, by the sandbox's engine. */
export function registerEngineCommands(sandbox: Command): void {
  const command = (name: string, description: string): Command =>
    withExamples(
      withStack(withProject(sandbox.command(name).description(description))),
      `gatehouse sandbox ${name} --stack dev`,
    );
  const running = (name: string, description: string): Command =>
    command(name, description)
      .option("--json", "print one JSON document, as `pulumi preview --json` does")
      .option("--diff", "print every change in full")
      .option("--type-check", "check the program's types before it runs, as Pulumi does")
      .option(
        "--no-recover",
        "after a killed run, warn as Pulumi does; by default the engine finds out which of its steps took effect",
      )
      .option("--expect-no-changes", "exit with 1 if anything changes")
      .option("--yes", "no effect: the engine never asks; accepted so that Pulumi's command lines work");

  const judged = (running: Command): Command =>
    running.addOption(
      repeatable("--policy-pack <folder>", "have a policy pack judge the resources and the stack, as Pulumi does"),
    );

  judged(running("preview", "show what `up` would change")).action(async (options: EngineOptions) => {
    await operate(options, (stack, how) => stack.preview(how));
  });
  judged(running("up", "create or update the stack")).action(async (options: EngineOptions) => {
    await operate(options, (stack, how) => stack.up(how));
  });
  running("refresh", "read every resource, and record in the state what was changed elsewhere")
    .option("--preview-only", "print what was changed, and leave the state as it is")
    .action(async (options: EngineOptions) => {
      await operate(options, (stack, how) => stack.refresh(how));
    });
  running("destroy", "delete every resource of the stack")
    .option("--preview-only", "print what would be deleted, and delete nothing")
    .action(async (options: EngineOptions) => {
      const { failed } = await operate(options, (stack, how) => stack.destroy(how));
      if (!failed && !options.json && !options.previewOnly) process.stdout.write(GOODBYE(options.stack));
    });
  command("export", "print the stack's state, as `pulumi stack export` does")
    .option("--file <file>", "write it to a file instead")
    .option("--json", "no effect: an export is always JSON")
    .option("--show-secrets", "print secrets in clear text")
    .action(async (options: EngineOptions) => {
      const text = `${JSON.stringify(await (await open(options)).export({ showSecrets: options.showSecrets ?? false }), null, 4)}\n`;
      if (options.file) writeFileSync(options.file, text, { mode: 0o600 });
      else process.stdout.write(text);
    });
  command("import", "replace the stack's state by one that `export` or `pulumi stack export` wrote")
    .option("--file <file>", "read it from a file; by default from standard input")
    .action(async (options: EngineOptions) => {
      await (await open(options)).import(readDeployment(options.file));
      process.stdout.write("Import complete.\n");
    });
}
