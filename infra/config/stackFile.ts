import { PostureError } from "../model/errors";
import { parseEnvironment } from "./parse";
import type { ParseContext } from "./rules";
import { parsePath, PathError, type PathPart } from "./propertyPath";
import { YamlProblem, readPulumiYaml } from "./pulumiYaml";
import type { Environment } from "../model/schema";

const PREFIX = "gatehouse:";
/** No list of an environment is longer. */
const MAX_INDEX = 999_999;
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Reads one `Pulumi.<stack>.yaml` and validates its `gatehouse:` keys. Pure: the text is given.
 * @param overrides Changes as `pulumi config set --path` takes them, such as `gatehouse:gate.requestsPerMinute=5000`.
 * @throws PostureError when the text is not a stack file, an override cannot be read, or the environment has mistakes.
 */
export function parseStackFile(
  text: string,
  file: string,
  overrides: readonly string[] = [],
  context?: ParseContext,
): Environment {
  return parseEnvironment(readStackFile(text, file, overrides), file, context);
}

/**
 * The `gatehouse:` keys of a stack file with the overrides applied, unvalidated: the same values that the program is
 * given when Pulumi reads the file (see `readPulumiYaml`).
 */
export function readStackFile(text: string, file: string, overrides: readonly string[] = []): Record<string, unknown> {
  const content = readYaml(text, file);
  const config = isRecord(content) ? (content.config ?? {}) : undefined;
  if (!isRecord(config))
    throw new PostureError(
      [{ path: "config", wrong: "no configuration", right: "a mapping of keys such as gatehouse:organization" }],
      file,
    );
  const raw: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(config)) {
    const key = environmentKey(written);
    if (key === undefined) continue;
    if (Object.hasOwn(raw, key))
      throw new PostureError(
        [{ path: `${PREFIX}${key}`, wrong: "written twice, with and without its prefix", right: "one of them" }],
        file,
      );
    raw[key] = topLevel(withoutCiphertext(value));
  }
  for (const override of overrides) applyOverride(raw, override);
  return raw;
}

function readYaml(text: string, file: string): unknown {
  try {
    return readPulumiYaml(text);
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    throw new PostureError(
      [{ path: `line ${error.line}, column ${error.column}`, wrong: "not valid YAML", right: error.problem }],
      file,
    );
  }
}

/** The key without the project's prefix, which Pulumi adds where there is none; undefined for other packages' keys. */
function environmentKey(written: string): string | undefined {
  if (!written.includes(":")) return written;
  return written.startsWith(PREFIX) ? written.slice(PREFIX.length).replace(/^config:/, "") : undefined;
}

/** A whole value reaches the program as a text, and an empty one as an empty text. */
function topLevel(value: unknown): unknown {
  return isRecord(value) || Array.isArray(value) ? value : fromConfig(value === null ? "" : String(value));
}

/** What stands for a value that Pulumi has encrypted; only the deployment itself needs the value. */
const ENCRYPTED = "[encrypted]";

function withoutCiphertext(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCiphertext);
  if (!isRecord(value)) return value;
  if (Object.keys(value).length === 1 && typeof value.secure === "string") return ENCRYPTED;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutCiphertext(part)]));
}

/**
 * The `gatehouse:` keys from what a program is given: every value a text, lists and mappings as JSON.
 * @param config Full keys (`gatehouse:agent`) to texts; keys of other packages are left out.
 */
export function rawFromConfig(config: Readonly<Record<string, string>>): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config))
    if (key.startsWith(PREFIX)) raw[key.slice(PREFIX.length)] = fromConfig(value);
  return raw;
}

function fromConfig(value: string): unknown {
  if (value === "true" || value === "false") return value === "true";
  if (!/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/**
 * Applies one `gatehouse:key.path[0].name=value` in Pulumi's spelling: `true`, `false` and whole numbers become such,
 * everything else stays a text. JSON lists and mappings are taken too, since a list of repositories is hard to write
 * otherwise.
 */
export function applyOverride(raw: Record<string, unknown>, override: string): void {
  const equals = override.indexOf("=");
  const path = equals < 0 ? [] : splitPath(override.slice(0, equals));
  const [top, ...rest] = path;
  const invalid = (right: string) =>
    new PostureError([{ path: "--config", wrong: `cannot read ${JSON.stringify(override)}`, right }]);
  if (typeof top !== "string" || path.length === 0)
    throw invalid("gatehouse:key.path=value, such as gatehouse:gate.requestsPerMinute=300");
  if (path.some((part) => FORBIDDEN_KEYS.has(String(part)))) throw invalid("a key of the environment");
  let holder: Record<PropertyKey, unknown> = raw;
  let key: string | number = top;
  for (const next of rest) {
    const existing = holder[key];
    const usable = typeof next === "number" ? Array.isArray(existing) : isRecord(existing);
    if (existing !== undefined && !usable)
      throw invalid(`a path that fits: ${String(key)} is ${Array.isArray(existing) ? "a list" : "not a mapping"}`);
    if (Array.isArray(existing) && typeof next === "number" && next > existing.length)
      throw invalid(`at most index ${existing.length}, which adds an entry`);
    // Copied, so that the caller's values and YAML aliases stay as they are.
    holder = holder[key] = (
      Array.isArray(existing)
        ? [...existing]
        : isRecord(existing)
          ? { ...existing }
          : typeof next === "number"
            ? []
            : {}
    ) as Record<PropertyKey, unknown>;
    key = next;
  }
  holder[key] = scalar(override.slice(equals + 1));
}

/** The parts of a path with or without the project's prefix; empty when it is no path to one value. */
function splitPath(text: string): PathPart[] {
  try {
    const parts = parsePath(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text);
    return parts.some((part) => part === "*" || Number(part) > MAX_INDEX) ? [] : parts;
  } catch (error) {
    if (error instanceof PathError) return [];
    throw error;
  }
}

function scalar(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  if (/^-?(?:0|[1-9]\d{0,15})$/.test(text)) return Number(text);
  if (/^[[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
