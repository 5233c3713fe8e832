import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Option, type Command } from "commander";
import { DOCUMENTS, type DocumentName } from "../documents";
import { CouldNotRun, DoesNotHold } from "../support/exit";
import { writeIfChanged } from "../token/files";
import { withExamples, withStack, type StackOptions } from "../support/options";
import { readProjectStack } from "../support/project";

interface DocumentsOptions extends StackOptions {
  readonly out: string;
  readonly only: readonly DocumentName[];
  readonly check?: boolean;
}

const NAMES = Object.keys(DOCUMENTS) as DocumentName[];

/**
 * `gatehouse documents --stack S --out DIR`: what auditors and responders read of a posture, written from its
 * environment file. With `--check` nothing is written: exit code 1 when a file says something else.
 */
export function registerDocuments(program: Command): void {
  const command = program
    .command("documents")
    .description("write what auditors and responders read of a posture, from its environment file");
  withExamples(
    withStack(command),
    "gatehouse documents --stack prod --out docs/agent-access",
    "gatehouse documents --stack prod --out docs/agent-access --check",
  )
    .requiredOption("--out <dir>", "the folder to write to; it is made when it is missing")
    .addOption(
      new Option("--only <file>", "write this file alone; may be given again")
        .choices(NAMES)
        .argParser((value: string, all: DocumentName[]) => {
          if (!NAMES.includes(value as DocumentName))
            throw new CouldNotRun(`--only: ${JSON.stringify(value)} is none of ${NAMES.join(", ")}`);
          return [...all, value as DocumentName];
        })
        .default([], "all"),
    )
    .option("--check", "write nothing; exit 1 when a file does not say the same as the environment file")
    .action(async ({ stack, config, out, only, check }: DocumentsOptions) => {
      const { environment } = readProjectStack(stack, config);
      const stale: string[] = [];
      if (check !== true) makeFolder(out);
      for (const name of only.length > 0 ? only : NAMES) {
        const file = join(out, name);
        const differs = await writeIfChanged(file, DOCUMENTS[name]({ stack, environment }), check === true);
        if (check === true) {
          if (differs) stale.push(file);
        } else process.stdout.write(differs ? `Wrote ${file}.\n` : `${file} is up to date.\n`);
      }
      if (stale.length > 0)
        throw new DoesNotHold(
          `${stale.join(", ")}: not what Pulumi.${stack}.yaml says; write it again: gatehouse documents --stack ${stack} --out ${out}`,
        );
    });
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw new CouldNotRun(`--out ${dir}: the folder cannot be made: ${(error as NodeJS.ErrnoException).code ?? ""}`);
  }
}
