import { spawnSync } from "node:child_process";
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
  readonly state?: string;
  readonly json?: boolean;
}
const collect = (value: string, all: readonly string[]): string[] => [...all, value];

/**
 * `gatehouse recover`: what became of the creations that a killed `up` left pending, and the commands that bring the stack back.
 * It reads and changes nothing. The state is what `pulumi stack export` prints, unless a file is given. Exit code 0: nothing is pending; 1: the commands are to be run; 2: it could not run.
 */
export function registerRecover(program: Command): void {
  program
    .command("recover")
    .description(
      "after a killed update: what became of each pending creation, and the commands that bring the stack back",
    )
    .option("--stack <name>", "environment: Pulumi.<name>.yaml", "dev")
    .option("--config <key.path=value>", "override a value, as Pulumi's --config --path", collect, [])
    .option("--state <file>", "what `pulumi stack export` printed; - reads standard input (default: asks pulumi)")
    .option("--json", "one JSON document")
    .action(async (options: RecoverOptions) => {
      const { environment } = readProjectStack(options.stack, options.config);
      const source = options.state ?? EXPORT.join(" ");
      const pending = pendingCreates(
        parsed(options.state === undefined ? askPulumi(options.stack) : readText(options.state), source),
      );
      if (pending === undefined)
        throw new CouldNotRun(`${source}: no stack export; give what \`pulumi stack export\` printed`);
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

const EXPORT = ["pulumi", "stack", "export"] as const;

/** Works on a locked stack too. Secrets stay encrypted. */
function askPulumi(stack: string): string {
  const [program, ...args] = EXPORT;
  const asked = spawnSync(program, [...args, "--stack", stack, "--non-interactive"], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (asked.error)
    throw new CouldNotRun(
      "there is no `pulumi` on PATH to ask for the state: give what `pulumi stack export` printed with --state. " +
        "After a killed `gatehouse sandbox up` there is nothing to do: the next one looks by itself.",
    );
  if (asked.status !== 0) throw new CouldNotRun(`${EXPORT.join(" ")}: ${asked.stderr.trim() || "it failed"}`);
  return asked.stdout;
}

function readText(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CouldNotRun(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? ""})`);
  }
}

function parsed(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CouldNotRun(`${source}: is no JSON document`);
  }
}
