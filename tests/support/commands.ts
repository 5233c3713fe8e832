import type { Command } from "commander";
import { buildProgram } from "../../cli/program";

/** One command of `gatehouse` with the options that it takes. */
export interface KnownCommand {
  /** Its words behind `gatehouse`, such as `token revoke`. */
  readonly name: string;
  readonly command: Command;
}

/** Every command that does something, of all groups. */
export function commandsOf(program: Command = buildProgram(), above: readonly string[] = []): KnownCommand[] {
  return program.commands.flatMap((command): KnownCommand[] => {
    const words = [...above, command.name()];
    return [{ name: words.join(" "), command }, ...commandsOf(command, words)];
  });
}
