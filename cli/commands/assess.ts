import { type Command, Option } from "commander";
import { assess, type Assessment } from "../assess/assess";
import { assessContext } from "../live/context";
import { Progress } from "../support/progress";
import { renderJson, renderMarkdown, renderSarif, renderText } from "../assess/render";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { writeNamedFile } from "../support/files";
import { withExamples, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";
import { fromSandbox } from "../support/sandbox";

const FORMATS: Readonly<Record<string, (assessment: Assessment) => string>> = {
  text: renderText,
  json: renderJson,
  md: renderMarkdown,
  sarif: renderSarif,
};

interface AssessOptions extends StackOptions {
  readonly format: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly strict?: boolean;
  readonly auditRecords: number;
  readonly progress?: boolean;
  readonly resume?: string;
}

/** `gatehouse assess`: whether a live organization is as its environment says. It asks, and changes nothing. */
export function registerAssess(program: Command): void {
  const command = program
    .command("assess")
    .description("ask GitHub, Vault, Cloudflare and the gate whether they match the environment file; changes nothing");
  withExamples(
    withStack(command),
    "gatehouse assess --stack prod",
    "gatehouse assess --stack prod --format sarif --output assess.sarif",
  )
    .addOption(new Option("--format <format>", "the form of the result").choices(Object.keys(FORMATS)).default("text"))
    .option("--json", "the same as --format json")
    .option("--output <file>", "write the result to this file instead of standard output")
    .option("--strict", "exit 1 also when a question could not be answered, such as for a missing credential")
    .option(
      "--audit-records <number>",
      "read at most this many records of the audit trail",
      (value) => {
        if (!/^[1-9]\d{0,8}$/.test(value))
          throw new CouldNotRun(`--audit-records: ${JSON.stringify(value)} is not a whole number from 1`);
        return Number(value);
      },
      100_000,
    )
    .option("--progress", "say on standard error how far it is, although that is no terminal")
    .option(
      "--resume <file>",
      "keep GitHub's answers in this file until the assessment is complete, and go on from those of an interrupted run",
    )
    .action(async (options: AssessOptions) => {
      const { environment } = readProjectStack(options.stack, options.config);
      const progress = new Progress("assess", options.progress === true);
      const context = await assessContext(options.stack, environment, process.env, {
        auditRecords: options.auditRecords,
        keys: await rehearsedKeys(options, process.env),
        watch: progress,
        resume: options.resume,
      });
      const assessment = await assess(context).finally(() => {
        progress.end();
      });
      context.complete();
      const { counts } = assessment;
      const rendered = (FORMATS[options.json ? "json" : options.format] ?? renderText)(assessment);
      if (options.output === undefined) process.stdout.write(rendered);
      else {
        writeNamedFile(options.output, rendered);
        process.stdout.write(`Wrote ${options.output}.\n`);
      }
      const unknown = counts["cannot tell"];
      if (counts.fail > 0)
        throw new DoesNotHold(`${counts.fail} ${counts.fail === 1 ? "check fails" : "checks fail"}.`);
      if (options.strict === true && unknown > 0)
        throw new DoesNotHold(`${unknown} ${unknown === 1 ? "check" : "checks"} could not be made.`);
    });
}

/** In the sandbox the stack's outputs are at hand; elsewhere the keys come by environment variables. */
async function rehearsedKeys(
  { stack, config }: AssessOptions,
  env: NodeJS.ProcessEnv,
): Promise<{ gate?: string; operator?: string }> {
  if (!env.GATEHOUSE_STATE_DIR) return {};
  const { openStack } = fromSandbox(
    // oxlint-disable-next-line typescript/no-require-imports -- only a rehearsal needs the engine, and import() would go past the loader
    () => require("../../sandbox/engine") as typeof import("../../sandbox/engine"),
  );
  const opened = await openStack({
    projectDir: process.cwd(),
    stack,
    stateDir: env.GATEHOUSE_STATE_DIR,
    config: [...config],
    env,
  });
  const { gateKey, operatorKey } = await opened.outputs({ showSecrets: true });
  return {
    ...(typeof gateKey === "string" ? { gate: gateKey } : {}),
    ...(typeof operatorKey === "string" ? { operator: operatorKey } : {}),
  };
}
