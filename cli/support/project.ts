import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseStackFile } from "../../infra/config";
import { type Environment } from "../../infra/model";
import { CouldNotRun } from "./exit";
import { readNamedFile } from "./files";

/** A stack of a project on disk: where it is and what its environment file declares. */
export interface ProjectStack {
  readonly projectDir: string;
  readonly stack: string;
  readonly file: string;
  readonly environment: Environment;
}

/**
 * Reads the environment file alone, `Pulumi.<stack>.yaml` in `dir`, and checks it whole.
 * @throws CouldNotRun when there is no such file; PostureError with every mistake of the file at once
 */
export function readEnvironmentFile(
  stack: string,
  overrides: readonly string[] = [],
  dir = process.cwd(),
): Environment {
  const file = `Pulumi.${stack}.yaml`;
  if (!existsSync(join(dir, file))) {
    const stacks = stacksIn(dir);
    throw new CouldNotRun(
      `${file}: no such file in ${dir}; ${stacks.length > 0 ? `give a stack that has one: --stack ${stacks.join(" or --stack ")}` : "run the command in the project's folder"}`,
    );
  }
  return parseStackFile(readNamedFile(join(dir, file), file).toString("utf8"), file, overrides);
}

/** Names of the stacks that have an environment file in a folder. */
function stacksIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .flatMap((name) => /^Pulumi\.([\w-]+)\.yaml$/.exec(name)?.[1] ?? [])
      .sort();
  } catch {
    return [];
  }
}

/**
 * Reads a project's environment file, `Pulumi.<stack>.yaml` beside its `Pulumi.yaml`, and checks it whole.
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
    throw new CouldNotRun(`${dir}: no Pulumi.yaml here; run the command in the project's folder`);
  return {
    projectDir: dir,
    stack,
    file,
    environment: readEnvironmentFile(stack, overrides, dir),
  };
}
