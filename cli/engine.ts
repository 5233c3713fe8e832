import { Command } from "commander";
import { registerEngineCommands } from "./commands/sandboxEngine";
import { runMain } from "./support/exit";

/** `gatehouse sandbox preview|up|refresh|destroy|export|import` alone: what bin.js runs as one file. */
const program = new Command("gatehouse")
  .showHelpAfterError("(gatehouse --help lists the commands)")
  .enablePositionalOptions();
registerEngineCommands(program.command("sandbox"));
void runMain(program);
