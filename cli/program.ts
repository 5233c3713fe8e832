import { Command } from "commander";

/* A group of commands is loaded when it is asked for: a token command need not wait for the sandbox's engine and runtimes. */
/* oxlint-disable typescript/no-require-imports -- import() of a TypeScript source would go past the loader */
const GROUPS: Record<string, () => (program: Command) => void> = {
  sandbox: () => (require("./commands/sandbox") as typeof import("./commands/sandbox")).registerSandbox,
  token: () => (require("./commands/token") as typeof import("./commands/token")).registerToken,
  assess: () => (require("./commands/assess") as typeof import("./commands/assess")).registerAssess,
  doctor: () => (require("./commands/doctor") as typeof import("./commands/doctor")).registerDoctor,
  init: () => (require("./commands/init") as typeof import("./commands/init")).registerInit,
  audit: () => (require("./commands/audit") as typeof import("./commands/audit")).registerAudit,
  check: () => (require("./commands/check") as typeof import("./commands/check")).registerCheck,
  recover: () => (require("./commands/recover") as typeof import("./commands/recover")).registerRecover,
  documents: () => (require("./commands/documents") as typeof import("./commands/documents")).registerDocuments,
  policy: () => (require("./commands/policy") as typeof import("./commands/policy")).registerPolicy,
  gate: () => (require("./commands/gate") as typeof import("./commands/gate")).registerGate,
  render: () => (require("./commands/render") as typeof import("./commands/render")).registerRender,
  session: () => (require("./commands/session") as typeof import("./commands/session")).registerSession,
  report: () => (require("./commands/report") as typeof import("./commands/report")).registerReport,
};
/* eslint-enable @typescript-eslint/no-require-imports */

/**
 * `gatehouse`: what operators and auditors run. Exit codes: 0 holds, 1 does not hold, 2 used wrongly or could not run.
 * @param asked the group whose commands are needed; all of them when it is left out or unknown
 */
export function buildProgram(asked?: string): Command {
  const program = new Command("gatehouse")
    .description("The security posture of an AI coding agent's access to private GitHub repositories.")
    .showHelpAfterError("(run gatehouse --help for the list of commands)")
    .enablePositionalOptions();
  const one = asked === undefined ? undefined : GROUPS[asked];
  for (const load of one ? [one] : Object.values(GROUPS)) load()(program);
  return program;
}
