import { spawnSync } from "node:child_process";
import type { Command } from "commander";
import { assessContext } from "../live/context";
import { commands, pendingCreates } from "../recover/pending";
import { findOutcomes } from "../recover/recover";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { readNamedFile } from "../support/files";
import { withExamples, withJson, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";

interface RecoverOptions extends StackOptions {
  readonly state?: string;
  readonly json?: boolean;
}

/**
 * `gatehouse recover`: what outcomes of the creations that a killed `up` left pending, and the commands that bring the
 * stack back. It reads and changes nothing. The state is what `pulumi stack export` prints, unless a file is given.
 * Exit code 0: nothing is pending; 1: the commands are to be run; 2: it could not run.
 */
export function registerRecover(program: Command): void {
  const command = program
    .command("recover")
    .description(
      "after a killed update: show which pending resources exist, and the commands that repair the stack; changes nothing",
    );
  withExamples(
    withJson(withStack(command), "print one JSON document"),
    "gatehouse recover --stack prod",
    "pulumi stack export --stack prod | gatehouse recover --stack prod --state -",
  )
    .option(
      "--state <file>",
      "the output of pulumi stack export; - is standard input (default: run pulumi stack export)",
    )
    .action(async (options: RecoverOptions) => {
      const { environment } = readProjectStack(options.stack, options.config);
      const source = options.state ?? EXPORT.join(" ");
      const pending = pendingCreates(
        parsed(
          options.state === undefined
            ? askPulumi(options.stack)
            : readNamedFile(options.state === "-" ? 0 : options.state, source).toString("utf8"),
          source,
        ),
      );
      if (pending === undefined)
        throw new CouldNotRun(`${source}: this is no stack export; give the output of \`pulumi stack export\``);
      const outcomes =
        pending.length === 0
          ? []
          : await findOutcomes(pending, await assessContext(options.stack, environment, process.env));
      const todo = commands(options.stack, outcomes);
      if (options.json)
        process.stdout.write(
          `${JSON.stringify({ stack: options.stack, pending: outcomes, commands: todo }, undefined, 2)}\n`,
        );
      else if (outcomes.length === 0) process.stdout.write("No creation is pending: you can run `pulumi up`.\n");
      else {
        for (const { state, urn, id, why } of outcomes)
          process.stdout.write(`${state.padEnd(11)}  ${urn}${id ? `  ${id}` : ""}${why ? `  (${why})` : ""}\n`);
        process.stdout.write(`\n${todo.join("\n")}\n`);
      }
      const unknown = outcomes.filter(({ state }) => state === "cannot tell").length;
      if (outcomes.length > 0)
        throw new DoesNotHold(
          unknown === 0
            ? `${outcomes.length} creations are pending; run these commands in this order.`
            : `${outcomes.length} creations are pending. For ${unknown} of them this command cannot tell whether the resource exists; check that yourself before you run --clear-pending-creates (docs/recovery.md).`,
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
      "There is no `pulumi` on PATH to ask for the state; give the output of `pulumi stack export` with --state. " +
        "After a killed `gatehouse sandbox up` nothing is to be done: the next `up` repairs the stack itself.",
    );
  if (asked.status !== 0) throw new CouldNotRun(`${EXPORT.join(" ")}: ${asked.stderr.trim() || "it failed"}`);
  return asked.stdout;
}

function parsed(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CouldNotRun(`${source}: this is no JSON document; give the output of \`pulumi stack export\``);
  }
}
