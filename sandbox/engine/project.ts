import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readPulumiYaml } from "../../infra/config/pulumiYaml";
import { UsageError, messageOf } from "./errors";
import { isObject } from "./values";

/** One entry of `config:` in Pulumi.yaml. */
export interface ConfigDeclaration {
  readonly type?: string;
  readonly items?: ConfigDeclaration;
  readonly default?: unknown;
  readonly value?: unknown;
  readonly secret?: boolean;
}

/** A Pulumi project on disk. */
export interface Project {
  readonly dir: string;
  readonly name: string;
  /** Folder in which the program runs. */
  readonly pwd: string;
  /** What is run there: "." or a file's name. */
  readonly entry: string;
  readonly typescript: boolean;
  readonly tsconfig?: string;
  readonly nodeArgs: readonly string[];
  readonly declarations: Readonly<Record<string, ConfigDeclaration>>;
  readonly stackConfigDir: string;
}

/** Pulumi.<stack>.yaml. */
export interface StackFile {
  readonly file: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly encryptionSalt?: string;
}

function readYaml(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = readPulumiYaml(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw new UsageError(`${file} must be a map at the top`);
  return value;
}

const firstExisting = (dir: string, stem: string): string | undefined =>
  [".yaml", ".yml", ".json"].map((extension) => join(dir, stem + extension)).find((file) => existsSync(file));

/**
 * Reads Pulumi.yaml in `dir`.
 * @throws UsageError when there is none, or when it asks for a runtime that is not Node.js.
 */
export function readProject(dir: string): Project {
  const root = resolve(dir);
  const file = firstExisting(root, "Pulumi");
  if (!file) throw new UsageError(`no Pulumi.yaml in ${root}: name the project's folder with --project`);
  const yaml = readYaml(file);
  if (typeof yaml.name !== "string" || yaml.name === "")
    throw new UsageError(`${file}: name: the project needs a name`);
  const runtime = isObject(yaml.runtime) ? yaml.runtime : { name: yaml.runtime };
  if (runtime.name !== "nodejs")
    throw new UsageError(
      `${file}: runtime: the sandbox's engine runs nodejs programs only, not ${String(runtime.name)}`,
    );
  const options = isObject(runtime.options) ? runtime.options : {};
  const main = resolve(root, typeof yaml.main === "string" ? yaml.main : ".");
  if (!existsSync(main)) throw new UsageError(`${file}: main: ${String(yaml.main)} does not exist`);
  const isFolder = statSync(main).isDirectory();
  return {
    dir: root,
    name: yaml.name,
    pwd: isFolder ? main : dirname(main),
    entry: isFolder ? "." : basename(main),
    typescript: options.typescript !== false,
    ...(typeof options.tsconfig === "string" ? { tsconfig: resolve(root, options.tsconfig) } : {}),
    nodeArgs: typeof options.nodeargs === "string" ? options.nodeargs.split(/\s+/).filter(Boolean) : [],
    declarations: declarationsOf(yaml.config),
    stackConfigDir: typeof yaml.stackConfigDir === "string" ? resolve(root, yaml.stackConfigDir) : root,
  };
}

/** A declaration may be short: `key: value` stands for a default. */
function declarationsOf(config: unknown): Record<string, ConfigDeclaration> {
  if (!isObject(config)) return {};
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      isObject(value) ? (value as ConfigDeclaration) : { default: value },
    ]),
  );
}

/** Reads Pulumi.<stack>.yaml; a stack without a file has no configuration of its own. */
export function readStackFile(project: Project, stack: string): StackFile {
  const file = firstExisting(project.stackConfigDir, `Pulumi.${stack}`);
  if (!file) return { file: join(project.stackConfigDir, `Pulumi.${stack}.yaml`), config: {} };
  const yaml = readYaml(file);
  const provider = typeof yaml.secretsprovider === "string" ? yaml.secretsprovider : undefined;
  if (provider && provider !== "passphrase")
    throw new UsageError(`${file}: secretsprovider: the sandbox's engine knows only "passphrase", not "${provider}"`);
  return {
    file,
    config: isObject(yaml.config) ? yaml.config : {},
    ...(typeof yaml.encryptionsalt === "string" ? { encryptionSalt: yaml.encryptionsalt } : {}),
  };
}
