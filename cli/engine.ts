import { Command } from "commander";
import { registerEngineCommands } from "./commands/sandboxEngine";
import { runMain } from "./support/exit";

/** `gatehouse sandbox preview|up|refresh|destroy|export|import` alone: what bin.js runs as one file. */
const program = new Command("gatehouse")
  .showHelpAfterError("(run gatehouse --help for the list of commands)")
  .enablePositionalOptions();
registerEngineCommands(program.command("sandbox"));
void runMain(program);
