import { createHash } from "node:crypto";
import { EMBEDDED_POLICY, readEmbedded } from "../../gate/policy/embed";
import { asList, asRecord, asText } from "../../infra/config/json";
import { byCode } from "../../infra/model/text";
import { EMBEDDED_ROTATION } from "../../infra/plans";
import { REPOSITORY_FILE, VAULT_POLICY, WORKER } from "../../policy/read";
import { SECRET } from "../../policy/rule";
import { readPolicyHcl } from "../support/policyHcl";
import { ownersByPattern } from "./facts/github";
import type { SnapshotResource } from "./snapshot";

/**
 * One difference of a resource's inputs. `path` leads to it; an element of a list has no place there, because lists are
 * compared as sets. A side that is absent had or has nothing.
 */
export interface PropertyChange {
  readonly path: string;
  readonly before?: string;
  readonly after?: string;
}

/** Longer texts are shown by their length and hash: nobody reads a module in a table. */
const LONGEST = 200;
/** Keys whose value is a secret by its name, should a program have left it in clear. */
const HIDDEN = /^(?:password|secret|token|text|privateKey|apiKey|apiToken|authToken|clientSecret|plaintext)$/i;
/** By which key the elements of a list are the same, should they have it. */
const NAMES = ["name", "context", "id", "cron", "key"] as const;

/**
 * What changed between two inputs of one resource, by meaning: a Vault policy by path and capability, CODEOWNERS by
 * pattern, a ruleset by rule, a Worker by the constants that it carries; every list as a set.
 */
export function propertyChanges(before: SnapshotResource, after: SnapshotResource): PropertyChange[] {
  return [...differences(meaning(before), meaning(after), "")].sort((a, b) => byCode(a.path, b.path));
}

/** Inputs as they are meant: text in a language of its own is read. */
function meaning({ type, inputs }: SnapshotResource): Readonly<Record<string, unknown>> {
  switch (type) {
    case VAULT_POLICY:
      return {
        ...inputs,
        policy: Object.fromEntries(
          readPolicyHcl(asText(inputs.policy)).map(({ path, capabilities }) => [`path "${path}"`, capabilities]),
        ),
      };
    case REPOSITORY_FILE: {
      const owners = ownersByPattern(asText(inputs.file), asText(inputs.content));
      return owners.length === 0 ? inputs : { ...inputs, content: Object.fromEntries(owners) };
    }
    case WORKER: {
      const { content } = inputs;
      if (typeof content !== "string") return inputs;
      const [policy, rotation] = [EMBEDDED_POLICY, EMBEDDED_ROTATION].map((name) => readEmbedded(content, name));
      return {
        ...inputs,
        // The code behind the constant, which mostly stays as it is.
        content: policy || rotation ? content.slice(content.indexOf("\n};\n")) : content,
        ...(policy ? { "content: policy": policy } : {}),
        ...(rotation ? { "content: rotation": rotation } : {}),
      };
    }
    default:
      return inputs;
  }
}

function* differences(before: unknown, after: unknown, path: string): Generator<PropertyChange> {
  if (canonical(before) === canonical(after)) return;
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* differences(before[key], after[key], path === "" ? key : `${path}.${key}`);
  } else if (Array.isArray(before) && Array.isArray(after)) yield* setDifferences(before, after, path);
  else
    yield {
      path,
      ...(isNothing(before) ? {} : { before: shown(before, path) }),
      ...(isNothing(after) ? {} : { after: shown(after, path) }),
    };
}

/** Lists as sets: elements of a name are compared with their namesakes, the others come or go. */
function* setDifferences(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
): Generator<PropertyChange> {
  const key = NAMES.find((name) => [before, after].every((list) => isKeyedBy(list, name)));
  if (key !== undefined && before.length > 0 && after.length > 0) {
    const [old, now] = [before, after].map((list) => new Map(list.map((one) => [asText(asRecord(one)[key]), one])));
    for (const name of new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])]))
      yield* differences(old?.get(name), now?.get(name), `${path}[${name}]`);
    return;
  }
  // A block that stands once, as providers write it.
  if (before.length === 1 && after.length === 1 && isObject(before[0]) && isObject(after[0])) {
    yield* differences(before[0], after[0], path);
    return;
  }
  const [old, now] = [before, after].map((list) => new Map(list.map((one) => [canonical(one), one])));
  for (const [text, one] of old ?? []) if (!now?.has(text)) yield { path, before: shown(one, path) };
  for (const [text, one] of now ?? []) if (!old?.has(text)) yield { path, after: shown(one, path) };
}

/** Whether every element has that key, each another value. */
const isKeyedBy = (list: readonly unknown[], key: string): boolean =>
  new Set(list.map((one) => asText(asRecord(one)[key]) || one)).size === list.length &&
  list.every((one) => asText(asRecord(one)[key]) !== "");

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === "object" && !Array.isArray(value);
const isNothing = (value: unknown): boolean => value === undefined || value === null;

/** Equal for values that mean the same: keys in one order, elements of a list too. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join(",")}]`;
  if (isObject(value))
    return `{${Object.keys(value)
      .filter((key) => !isNothing(value[key]))
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
      .join(",")}}`;
  return JSON.stringify(value) ?? "null";
}

function shown(value: unknown, path: string): string {
  if (value === SECRET || HIDDEN.test(path.split(".").at(-1) ?? "")) return SECRET;
  const text = typeof value === "string" ? value : canonical(hiding(value));
  return text.length <= LONGEST
    ? text
    : `${text.length} characters, SHA-256 ${createHash("sha256").update(text).digest("hex").slice(0, 16)}…`;
}

/** The same with what is a secret by its key taken out. */
function hiding(value: unknown): unknown {
  if (Array.isArray(value)) return asList(value).map(hiding);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      HIDDEN.test(key) && typeof inner === "string" ? SECRET : hiding(inner),
    ]),
  );
}
