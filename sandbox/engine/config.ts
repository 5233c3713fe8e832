import { UsageError } from "./errors";
import { parsePath, PathError, type PathPart } from "../../infra/config/propertyPath";
import type { ConfigDeclaration, Project, StackFile } from "./project";
import { isObject, sorted } from "./values";

/** One configuration value as the program gets it: always text, JSON for anything structured. */
interface ConfigValue {
  readonly text: string;
  readonly secret: boolean;
  readonly structured: boolean;
}

/** Configuration by full key, `<namespace>:<name>`. */
export type Config = ReadonlyMap<string, ConfigValue>;

const isSecure = (value: unknown): value is { secure: string } =>
  isObject(value) && Object.keys(value).length === 1 && typeof value.secure === "string";

/** Whether any value in a stack's file is encrypted, so that the passphrase is needed to read it. */
export function hasSecureValues(value: unknown): boolean {
  if (isSecure(value)) return true;
  if (Array.isArray(value)) return value.some(hasSecureValues);
  return isObject(value) && Object.values(value).some(hasSecureValues);
}

/** Replaces encrypted leaves by their text. */
function decryptLeaves(value: unknown, decrypt: (ciphertext: string) => string): { value: unknown; secret: boolean } {
  if (isSecure(value)) return { value: decrypt(value.secure), secret: true };
  if (Array.isArray(value)) {
    const items = value.map((item) => decryptLeaves(item, decrypt));
    return { value: items.map((item) => item.value), secret: items.some((item) => item.secret) };
  }
  if (isObject(value)) {
    const items = Object.entries(value).map(([key, item]) => [key, decryptLeaves(item, decrypt)] as const);
    return {
      value: Object.fromEntries(items.map(([key, item]) => [key, item.value])),
      secret: items.some(([, item]) => item.secret),
    };
  }
  return { value, secret: false };
}

const fullKey = (project: string, key: string): string => {
  const [namespace, ...rest] = key.split(":");
  if (rest.length === 0) return `${project}:${key}`;
  return rest.length === 2 && rest[0] === "config" ? `${namespace}:${rest[1]}` : key;
};

/**
 * The configuration of a stack: its file, then the overrides (`key=value`, with paths as in `pulumi config set
 * --path`), then the defaults declared in Pulumi.yaml.
 * @throws UsageError for a malformed override, a missing value, or one of the wrong type, in Pulumi's words.
 */
export function resolveConfig(
  project: Project,
  stack: string,
  file: StackFile,
  overrides: readonly string[],
  decrypt: (ciphertext: string) => string,
): Config {
  const values = new Map<string, { value: unknown; secret: boolean }>();
  for (const [key, value] of Object.entries(file.config))
    values.set(fullKey(project.name, key), decryptLeaves(value, decrypt));
  for (const override of overrides) applyOverride(project.name, values, override);
  const missing: string[] = [];
  for (const [declared, declaration] of Object.entries(project.declarations).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = fullKey(project.name, declared);
    const found = values.get(key);
    const fallback = declaration.value ?? declaration.default;
    if (found) checkType(stack, declared, declaration, found);
    else if (fallback !== undefined && fallback !== null) values.set(key, { value: fallback, secret: false });
    else if (key.startsWith(`${project.name}:`)) missing.push(declared);
  }
  if (missing.length > 0) {
    throw new UsageError(
      `Stack '${stack}' is missing configuration value${missing.length > 1 ? "s" : ""} ${listKeys(missing)}`,
    );
  }
  return new Map(
    [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, { value, secret }]) => [key, toText(value, secret)]),
  );
}

const listKeys = (keys: readonly string[]): string => {
  const quoted = keys.map((key) => `'${key}'`);
  return quoted.length === 1 ? quoted[0]! : `${quoted.slice(0, -1).join(", ")} and ${quoted[quoted.length - 1]!}`;
};

const toText = (value: unknown, secret: boolean): ConfigValue =>
  typeof value === "object" && value !== null
    ? { text: JSON.stringify(sorted(value)), secret, structured: true }
    : { text: value === null ? "" : String(value), secret, structured: false };

function checkType(
  stack: string,
  key: string,
  declaration: ConfigDeclaration,
  found: { value: unknown; secret: boolean },
): void {
  if (!declaration.type) return;
  if (declaration.secret && !found.secret)
    throw new UsageError(`Stack '${stack}' with configuration key '${key}' must be encrypted as it's secret`);
  if (!fits(declaration, found.value))
    throw new UsageError(`Stack '${stack}' with configuration key '${key}' must be of type '${typeName(declaration)}'`);
}

const typeName = (declaration: ConfigDeclaration): string =>
  declaration.type === "array" && declaration.items
    ? `array<${typeName(declaration.items)}>`
    : String(declaration.type);

/** A scalar in a stack's file is text to Pulumi, so "2" is an integer and "true" a boolean. */
function fits({ type, items }: ConfigDeclaration, value: unknown): boolean {
  switch (type) {
    case "string":
      return typeof value !== "object";
    case "integer":
      return typeof value !== "object" && /^[+-]?\d+$/.test(String(value));
    case "boolean":
      return typeof value !== "object" && /^(true|false)$/.test(String(value));
    case "array":
      return Array.isArray(value) && (!items || value.every((item) => fits(items, item)));
    case "object":
      return isObject(value);
    default:
      return true;
  }
}

/**
 * `a:b.c[0]=5`: the key runs to the first `=`; inside a structure `true`, `false` and whole numbers become what they
 * say. JSON lists and mappings are taken too.
 */
function applyOverride(
  project: string,
  values: Map<string, { value: unknown; secret: boolean }>,
  override: string,
): void {
  const at = override.indexOf("=");
  if (at <= 0)
    throw new UsageError(
      `--config ${override}: write it as key=value, for example gatehouse:gate.requestsPerMinute=5000`,
    );
  const colon = override.lastIndexOf(":", at);
  const namespace = colon > 0 ? override.slice(0, colon) : project;
  let path: PathPart[];
  try {
    path = parsePath(override.slice(colon + 1, at));
  } catch (error) {
    if (error instanceof PathError) throw new UsageError(`--config ${override}: ${error.message}`);
    throw error;
  }
  const text = override.slice(at + 1);
  const [name, ...rest] = path as [PathPart, ...PathPart[]];
  const key = fullKey(project, `${namespace}:${String(name)}`);
  const before = values.get(key);
  values.set(key, {
    value: rest.length === 0 ? (structured(text) ?? text) : setAt(before?.value, rest, adjusted(text), override),
    secret: rest.length > 0 && (before?.secret ?? false),
  });
}

const adjusted = (text: string): unknown =>
  structured(text) ??
  (text === "true" ? true : text === "false" ? false : /^(0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : text);

/** A list or mapping written as JSON: a whole one is hard to write otherwise. */
function structured(text: string): unknown {
  if (!/^[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function setAt(holder: unknown, path: readonly PathPart[], value: unknown, override: string): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (typeof part === "number") {
    if (holder !== undefined && !Array.isArray(holder))
      throw new UsageError(`--config ${override}: [${part}] is asked of something that is not a list`);
    const list = [...((holder as unknown[] | undefined) ?? [])];
    if (part > list.length)
      throw new UsageError(
        `--config ${override}: the list has ${list.length} element(s), so [${part}] would leave a gap`,
      );
    list[part] = setAt(list[part], rest, value, override);
    return list;
  }
  if (holder !== undefined && !isObject(holder))
    throw new UsageError(`--config ${override}: .${part} is asked of something that is not a map`);
  return {
    ...(holder ?? {}),
    [part]: setAt((holder as Record<string, unknown> | undefined)?.[part], rest, value, override),
  };
}

/** What the language host hands to the program: PULUMI_CONFIG and PULUMI_CONFIG_SECRET_KEYS. */
export function configEnvironment(config: Config): Record<string, string> {
  const entries = [...config].map(([key, { text }]) => [key.replace(":", ":config:"), text]);
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(entries)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify([...config].filter(([, { secret }]) => secret).map(([key]) => key)),
  };
}

/** The configuration as it may be shown. */
export const blindConfig = (config: Config): Record<string, string> =>
  Object.fromEntries([...config].map(([key, { text, secret }]) => [key, secret ? "[secret]" : text]));
