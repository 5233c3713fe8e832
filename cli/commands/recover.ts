import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { assessContext } from "../assess/context";
import { commands, pendingCreates } from "../recover/pending";
import { becameOf } from "../recover/recover";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { readProjectStack } from "../support/project";

interface RecoverOptions {
  readonly stack: string;
  readonly config: readonly string[];
  readonly state: string;
  readonly json?: boolean;
}
const collect = (value: string, all: readonly string[]): string[] => [...all, value];

/**
 * `gatehouse recover`: what became of the creations that a killed `up` left pending, and the commands that bring the stack back.
 * It reads and changes nothing. Exit code 0: nothing is pending; 1: the commands are to be run; 2: it could not run.
 */
export function registerRecover(program: Command): void {
  program
    .command("recover")
    .description(
      "after a killed update: what became of each pending creation, and the commands that bring the stack back",
    )
    .option("--stack <name>", "environment: Pulumi.<name>.yaml", "dev")
    .option("--config <key.path=value>", "override a value, as Pulumi's --config --path", collect, [])
    .requiredOption("--state <file>", "what `pulumi stack export` printed; - reads standard input")
    .option("--json", "one JSON document")
    .action(async (options: RecoverOptions) => {
      const { environment } = readProjectStack(options.stack, options.config);
      const pending = pendingCreates(readJson(options.state));
      if (pending === undefined)
        throw new CouldNotRun(`${options.state}: no stack export; give what \`pulumi stack export\` printed`);
      const became =
        pending.length === 0
          ? []
          : await becameOf(pending, await assessContext(options.stack, environment, process.env));
      const todo = commands(options.stack, became);
      if (options.json)
        process.stdout.write(
          `${JSON.stringify({ stack: options.stack, pending: became, commands: todo }, undefined, 2)}\n`,
        );
      else if (became.length === 0) process.stdout.write("No creation is pending: `pulumi up` can go on.\n");
      else {
        for (const { state, urn, id, why } of became)
          process.stdout.write(`${state.padEnd(11)}  ${urn}${id ? `  ${id}` : ""}${why ? `  (${why})` : ""}\n`);
        process.stdout.write(`\n${todo.join("\n")}\n`);
      }
      const unknown = became.filter(({ state }) => state === "cannot tell").length;
      if (became.length > 0)
        throw new DoesNotHold(
          unknown === 0
            ? `${became.length} creations are pending: run these commands in their order.`
            : `${became.length} creations are pending; of ${unknown} it cannot be told whether they took place: look yourself before --clear-pending-creates (docs/recovery.md).`,
        );
    });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new CouldNotRun(`${file}: ${code ? `cannot be read (${code})` : "is no JSON document"}`);
  }
}
