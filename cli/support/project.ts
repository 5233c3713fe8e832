import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseStackFile } from "../../infra/config";
import { type Environment } from "../../infra/model";
import { CouldNotRun } from "./exit";

/** A stack of a project on disk: where it is and what its environment file declares. */
export interface ProjectStack {
  readonly projectDir: string;
  readonly stack: string;
  readonly file: string;
  readonly environment: Environment;
}

/**
 * Reads `Pulumi.<stack>.yaml` and checks it whole.
 * @param overrides values in the form of Pulumi's `--config --path`, such as `gatehouse:gate.requestsPerMinute=5000`
 * @throws CouldNotRun when there is no such stack; PostureError with every mistake of the file at once
 */
export function readProjectStack(
  stack: string,
  overrides: readonly string[] = [],
  projectDir = process.cwd(),
): ProjectStack {
  const dir = resolve(projectDir);
  const file = `Pulumi.${stack}.yaml`;
  if (!existsSync(join(dir, "Pulumi.yaml")))
    throw new CouldNotRun(`${dir}: no Pulumi.yaml here; run this in the project's folder`);
  if (!existsSync(join(dir, file)))
    throw new CouldNotRun(`${file}: no such file in ${dir}; give a stack that has one with --stack`);
  return {
    projectDir: dir,
    stack,
    file,
    environment: parseStackFile(readFileSync(join(dir, file), "utf8"), file, overrides),
  };
}
