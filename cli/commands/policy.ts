import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { parse } from "yaml";
import {
  enforcementOf,
  evaluate,
  ExceptionsError,
  pulumiConfig,
  readExceptions,
  withUnknowns,
  type DeclaredResource,
  type PolicyException,
  type PolicyFinding,
} from "../../policy/library";
import { wholeState } from "../report/state";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { read } from "./report";

type Profile = "strict" | "lenient";
interface PolicyOptions {
  readonly before?: string;
  readonly exceptions?: string;
  readonly profile: Profile;
  readonly json?: boolean;
}

/** Today in UTC, `YYYY-MM-DD`. */
const today = (): string => new Date().toISOString().slice(0, 10);

/**
 * Every resource that a file stands for, with its inputs as the rules read them.
 * @param before the state that a preview starts from, when the preview lists only what it changes
 */
export function declaredIn(file: string, before?: string): DeclaredResource[] {
  const base = before === undefined ? undefined : wholeState(read(before));
  const snapshot = read(file);
  const state = wholeState(snapshot, base);
  return [...state.resources, ...(snapshot.providers ?? [])].map(({ urn, type, name, inputs }) => ({
    urn,
    type,
    name,
    inputs: withUnknowns(inputs) as Record<string, unknown>,
  }));
}

function exceptionsIn(file: string | undefined): PolicyException[] {
  if (file === undefined) return [];
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CouldNotRun(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
  try {
    return readExceptions(parse(text), file, today());
  } catch (error) {
    if (error instanceof ExceptionsError) throw new CouldNotRun(error.message);
    throw new CouldNotRun(`${file}: not YAML; write a list of exceptions as docs/policy.md shows`);
  }
}

const shared = (command: Command): Command =>
  command
    .option("--before <file>", "the state that a preview starts from, when FILE is one that lists only what it changes")
    .option("--exceptions <file>", "exceptions as YAML, each with owner, reason and last day (docs/policy.md)")
    .addOption(
      new Option("--profile <profile>", "strict stops at medium and worse, lenient at high and worse")
        .choices(["strict", "lenient"])
        .default("strict"),
    );

/** `gatehouse policy check|config FILE`: the rules of the policy pack on a file, without Pulumi and without credentials. */
export function registerPolicy(program: Command): void {
  const policy = program.command("policy").description("the rules that no stack of Gatehouse may break");

  shared(policy.command("check <file>"))
    .description("judge a stack export or a preview by every rule")
    .option("--json", "print the findings as one JSON document")
    .action((file: string, options: PolicyOptions) => {
      const enforcement = enforcementOf(options.profile);
      const found = evaluate(declaredIn(file, options.before), {
        today: today(),
        exceptions: exceptionsIn(options.exceptions),
      });
      const stops = found.filter(({ rule, exception }) => exception === undefined && enforcement[rule] === "mandatory");
      process.stdout.write(
        options.json === true ? `${JSON.stringify({ findings: found }, null, 2)}\n` : readable(found, enforcement),
      );
      if (stops.length > 0)
        throw new DoesNotHold(
          `${stops.length === 1 ? "1 finding stops" : `${stops.length} findings stop`} the update.`,
        );
    });

  shared(policy.command("config <file>"))
    .description(
      "print the pack's configuration for pulumi --policy-pack-config: enforcement, and exceptions that hold today",
    )
    .action((file: string, options: PolicyOptions) => {
      const resources = declaredIn(file, options.before);
      const parts = (resources[0]?.urn ?? "urn:pulumi:stack::project").split("::");
      const stack = (parts[0] ?? "").replace(/^urn:pulumi:/, "");
      const config = pulumiConfig({
        enforcement: enforcementOf(options.profile),
        exceptions: exceptionsIn(options.exceptions),
        urns: resources.map(({ urn }) => urn),
        stackUrn: `${parts[0]}::${parts[1]}::pulumi:pulumi:Stack::${parts[1]}-${stack}`,
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
