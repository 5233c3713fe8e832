import { type Command, Option } from "commander";
import { parseUrn, STACK_TYPE } from "../../infra/config/urn";
import { enforcementOf, pulumiConfig, type PolicyFinding } from "../../policy/library";
import { declared, exceptionsIn, judge, refuseStopped, today } from "../policy/judge";
import { policySarif } from "../policy/sarif";
import { readFile } from "../report/readFile";
import type { Snapshot } from "../report/snapshot";
import { wholeState } from "../report/state";
import { withExamples, withJson } from "../support/options";

interface PolicyOptions {
  readonly before?: string;
  readonly exceptions?: string;
  readonly profile: "strict" | "lenient";
  readonly format?: string;
  readonly json?: boolean;
}

interface Judged {
  readonly findings: readonly PolicyFinding[];
  readonly profile: "strict" | "lenient";
  /** Of the state, for the name of its environment file; empty where nothing is in it. */
  readonly stack: string;
}

const FORMATS: Readonly<Record<string, (judged: Judged) => string>> = {
  text: ({ findings, profile }) => readable(findings, enforcementOf(profile)),
  json: ({ findings }) => `${JSON.stringify({ findings }, null, 2)}\n`,
  sarif: ({ findings, stack }) => policySarif(findings, stack === "" ? "Pulumi.yaml" : `Pulumi.${stack}.yaml`),
};

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

  const check = withJson(shared(policy.command("check <file>")), "the same as --format json").addOption(
    new Option("--format <format>", "the form of the findings").choices(Object.keys(FORMATS)).default("text"),
  );
  withExamples(
    check,
    "gatehouse policy check export.json --exceptions policy-exceptions.yaml",
    "gatehouse policy check export.json --format sarif > policy.sarif",
  )
    .description("judge the output of pulumi stack export or pulumi preview --json by every rule")
    .action((file: string, options: PolicyOptions) => {
      const { profile, format = "text" } = options;
      const state = stateOf(file, options.before);
      const findings = judge(state, exceptionsIn(options.exceptions));
      const { stack } = parseUrn(state.resources[0]?.urn ?? "");
      const render = FORMATS[options.json === true ? "json" : format] ?? FORMATS.text;
      process.stdout.write(render?.({ findings, profile, stack }) ?? "");
      refuseStopped(findings, profile);
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
