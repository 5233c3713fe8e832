import { Command } from "commander";
import { registerReport } from "./commands/report";
import { registerSandbox } from "./commands/sandbox";
import { registerToken } from "./commands/token";
import { runMain } from "./support/exit";

/** `gatehouse`: what operators and auditors run. Exit codes: 0 holds, 1 does not hold, 2 used wrongly or could not run. */
function buildProgram(): Command {
  const program = new Command("gatehouse")
    .description("The security posture of an AI coding agent's access to private GitHub repositories.")
    .showHelpAfterError("(gatehouse --help lists the commands)")
    .enablePositionalOptions();
  registerSandbox(program);
  registerToken(program);
  registerReport(program);
  return program;
}

void runMain(buildProgram());
