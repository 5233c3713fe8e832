import { CommanderError, type Command } from "commander";
import { errorColors } from "./colors";
import { fileRefusal } from "./fileReasons";
import { ExpectedError } from "../../infra/model/errors";

/** Exit codes, the same for every command: what it checks holds, does not hold, or the command could not run. */
export const EXIT = { holds: 0, doesNotHold: 1, couldNotRun: 2 } as const;

/** What the command checks does not hold: its message is for the person who must act. */
export class DoesNotHold extends ExpectedError {}

/** The command was used wrongly or could not run: the message says what would be right. */
export class CouldNotRun extends ExpectedError {}

/**
 * The exit code and the text for an error that ended a command. An unexpected error is a defect and shows its stack.
 */
export function explain(error: unknown): { code: number; text: string } {
  if (error instanceof DoesNotHold) return { code: EXIT.doesNotHold, text: error.message };
  if (error instanceof ExpectedError) return { code: EXIT.couldNotRun, text: error.message };
  const refusal = fileRefusal(error);
  if (refusal !== undefined) return { code: EXIT.couldNotRun, text: refusal };
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: EXIT.couldNotRun,
    text: `Unexpected: ${detail}\nThis is a defect in Gatehouse. Please report it with the lines above.`,
  };
}

/** Runs a program to its end and sets the exit code; sub-commands keep commander from exiting by itself. */
export async function runMain(program: Command): Promise<void> {
  const quiet = (command: Command): void => {
    command.exitOverride();
    command.commands.forEach(quiet);
  };
  quiet(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has printed its own message
      process.exitCode = error.exitCode === 0 ? EXIT.holds : EXIT.couldNotRun;
      return;
    }
    const { code, text } = explain(error);
    process.stderr.write(`${errorColors.red(text)}\n`);
    process.exitCode = code;
  }
}
