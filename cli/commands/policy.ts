import { type Command, Option } from "commander";
import { parseUrn, STACK_TYPE } from "../../infra/config/urn";
import { enforcementOf, pulumiConfig, type PolicyFinding } from "../../policy/library";
import { declared, exceptionsIn, judge, refuseStopped, today } from "../policy/judge";
import { readFile } from "../report/readFile";
import type { Snapshot } from "../report/snapshot";
import { wholeState } from "../report/state";
import { withExamples, withJson } from "../support/options";

interface PolicyOptions {
  readonly before?: string;
  readonly exceptions?: string;
  readonly profile: "strict" | "lenient";
  readonly json?: boolean;
}

/** The whole state that a file stands for; a preview that lists only what it changes starts from `before`. */
const stateOf = (file: string, before: string | undefined): Snapshot => {
  const snapshot = readFile(file);
  return wholeState(snapshot, before === undefined ? undefined : wholeState(readFile(before)));
};

const shared = (command: Command): Command =>
  command
    .option("--before <file>", "the state that a preview starts from, when FILE is one that lists only what it changes")
    .option("--exceptions <file>", "exceptions as YAML, each with owner, reason and last day (docs/policy.md)")
    .addOption(
      new Option("--profile <profile>", "strict stops at medium and worse, lenient at high and worse")
        .choices(["strict", "lenient"])
        .default("strict"),
    );

/**
 * `gatehouse policy check|config FILE`: the rules of the policy pack on a file, without Pulumi and without credentials.
 */
export function registerPolicy(program: Command): void {
  const policy = program.command("policy").description("the rules that no stack of Gatehouse may break");

  const check = withJson(shared(policy.command("check <file>")), "print the findings as one JSON object");
  withExamples(check, "gatehouse policy check export.json --exceptions policy-exceptions.yaml")
    .description("judge the output of pulumi stack export or pulumi preview --json by every rule")
    .action((file: string, options: PolicyOptions) => {
      const found = judge(stateOf(file, options.before), exceptionsIn(options.exceptions));
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify({ findings: found }, null, 2)}\n`
          : readable(found, enforcementOf(options.profile)),
      );
      refuseStopped(found, options.profile);
    });

  shared(policy.command("config <file>"))
    .description(
      "print the pack's configuration for pulumi --policy-pack-config: enforcement, and exceptions that hold today",
    )
    .action((file: string, options: PolicyOptions) => {
      const resources = declared(stateOf(file, options.before));
      const { stack, project } = parseUrn(resources[0]?.urn ?? "urn:pulumi:stack::project");
      const config = pulumiConfig({
        enforcement: enforcementOf(options.profile),
        exceptions: exceptionsIn(options.exceptions),
        urns: resources.map(({ urn }) => urn),
        stackUrn: `urn:pulumi:${stack}::${project}::${STACK_TYPE}::${project}-${stack}`,
        today: today(),
      });
      process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    });
}

function readable(found: readonly PolicyFinding[], enforcement: Readonly<Record<string, string>>): string {
  if (found.length === 0) return "Every rule holds.\n";
  return found
    .map(({ rule, severity, message, remediation, urn, exception }) => {
      const weight = exception ? `excepted by ${exception.id} until ${exception.until}` : (enforcement[rule] ?? "");
      const where = urn === undefined ? "" : `    at ${urn}\n`;
      return `${severity}  ${rule}  (${weight})\n    ${message}\n${where}    ${remediation}\n`;
    })
    .join("\n");
}
