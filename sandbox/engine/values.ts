import { UNKNOWN } from "../providers/types";

/**
 * Key by which Pulumi marks objects that stand for something else, and the marks used with it (Pulumi's wire and state
 * formats).
 */
export const SIG = "4dabf18193072939515e22adb298388d";
export const SECRET_SIG = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE_SIG = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT_SIG = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
export const ASSET_SIG = "c44067f5952c0a294b673a41bacd8c17";
export const ARCHIVE_SIG = "0def7320c3a5731c473e5ecbe6d01bc7";

/**
 * A value that must never be written in clear. The object is kept as long as its value lives, so that the
 * same secret keeps the same ciphertext from one checkpoint to the next.
 */
export class Secret {
  constructor(readonly value: Value) {}
}

/** A property value as the engine holds it: JSON, with secrets wrapped and unknowns as the string {@link UNKNOWN}. */
export type Value = null | boolean | number | string | Secret | Value[] | { [key: string]: Value };
export type Values = Record<string, Value>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
export { isObject };

/** Whether an object is an asset, an archive or a reference to a resource rather than a plain map. */
const sigOf = (value: Record<string, unknown>): string | undefined =>
  typeof value[SIG] === "string" ? value[SIG] : undefined;

/** A value without marks: inside a secret nothing needs one of its own, and the state keeps none there. */
function bare(value: Value): Value {
  if (value instanceof Secret) return bare(value.value);
  if (Array.isArray(value)) return value.map(bare);
  if (isObject(value))
    return Object.fromEntries(Object.entries(value as Values).map(([key, item]) => [key, bare(item)]));
  return value;
}

/** From the wire to the engine: secrets and output values become {@link Secret} and {@link UNKNOWN}. */
export function fromWire(value: unknown): Value {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(fromWire);
  if (isObject(value)) {
    if (sigOf(value) === SECRET_SIG) {
      return new Secret(bare(fromWire(value.value)));
    }
    if (sigOf(value) === OUTPUT_SIG) {
      const inner = value.value === undefined ? UNKNOWN : fromWire(value.value);
      return value.secret === true ? new Secret(bare(inner)) : inner;
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromWire(item)]));
  }
  return value as Value;
}

/** A whole bag of properties from the wire. */
export const fromWireBag = (bag: Record<string, unknown> | undefined): Values => (bag ? (fromWire(bag) as Values) : {});

/** From the engine to the wire, where a secret is an object with its mark. */
export function toWire(value: Value): unknown {
  if (value instanceof Secret) return { [SIG]: SECRET_SIG, value: toWire(value.value) };
  if (Array.isArray(value)) return value.map(toWire);
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toWire(item as Value)]));
  return value;
}

/** What a provider gets: secrets unwrapped, references to resources reduced to their ids. */
export function toPlain(value: Value): unknown {
  if (value instanceof Secret) return toPlain(value.value);
  if (Array.isArray(value)) return value.map(toPlain);
  if (isObject(value)) {
    if (sigOf(value) === RESOURCE_SIG) return "id" in value ? (value.id === "" ? UNKNOWN : value.id) : value.urn;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item as Value)]));
  }
  return value;
}
export const toPlainBag = (bag: Values): Record<string, unknown> => toPlain(bag) as Record<string, unknown>;

/** What a provider answered: undefined is left out, everything else is JSON already. */
export function fromPlain(value: unknown): Value {
  if (value instanceof Secret || value === null || value === undefined) return (value ?? null) as Value;
  if (Array.isArray(value)) return value.map(fromPlain);
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, fromPlain(item)]),
    );
  }
  return value as Value;
}
export const fromPlainBag = (bag: Record<string, unknown> | undefined): Values => fromPlain(bag ?? {}) as Values;

/**
 * Marks in `target` as secret whatever is secret in `source` at the same place; a list with a secret inside, and a
 * value of another shape than a source with one, becomes secret as a whole, as in Pulumi.
 */
export function markLike(target: Value, source: Value | undefined): Value {
  if (source === undefined || target instanceof Secret) return target;
  if (source instanceof Secret) return new Secret(target);
  // Pulumi does not match items with each other: a list with a secret anywhere inside is one secret.
  if (Array.isArray(source)) return containsSecret(source) && target !== null ? new Secret(bare(target)) : target;
  if (isObject(source)) {
    if (isObject(target)) {
      return Object.fromEntries(
        Object.entries(target as Values).map(([key, item]) => [key, markLike(item, (source as Values)[key])]),
      );
    }
    return containsSecret(source as Value) && target !== null ? new Secret(target) : target;
  }
  return target;
}

/** Shorter texts are too likely to be equal by chance: a secret "true" must not make every flag a secret. */
const MIN_RECOGNISABLE = 8;

/** The texts inside secrets. */
function secretTexts(value: Value | undefined, found: Set<string>, inSecret = false): Set<string> {
  if (value instanceof Secret) secretTexts(value.value, found, true);
  else if (Array.isArray(value)) for (const item of value) secretTexts(item, found, inSecret);
  else if (isObject(value)) for (const item of Object.values(value as Values)) secretTexts(item, found, inSecret);
  else if (inSecret && typeof value === "string" && value.length >= MIN_RECOGNISABLE && value !== UNKNOWN)
    found.add(value);
  return found;
}

function markTexts(value: Value, texts: ReadonlySet<string>): Value {
  if (typeof value === "string") return texts.has(value) ? new Secret(value) : value;
  if (Array.isArray(value)) return value.map((item) => markTexts(item, texts));
  if (isObject(value))
    return Object.fromEntries(Object.entries(value as Values).map(([key, item]) => [key, markTexts(item, texts)]));
  return value;
}

/**
 * The same for a bag. A service may also hand a list back in another order or repeat a secret under another name;
 * so a text that is secret anywhere in the source is secret anywhere in the target, but for the resource's id.
 */
export function markBagLike(target: Values, source: Values): Values {
  const marked = markLike(target, source) as Values;
  const texts = secretTexts(source, new Set());
  if (texts.size === 0) return marked;
  return Object.fromEntries(
    Object.entries(marked).map(([key, value]) => [key, key === "id" ? value : markTexts(value, texts)]),
  );
}

/** Wraps the properties that are there at these places; `configuration.url` is a field of an object. */
export function markSecret(bag: Values, paths: Iterable<string>): Values {
  const marked = { ...bag };
  for (const path of paths) {
    const dot = path.indexOf(".");
    const name = dot < 0 ? path : path.slice(0, dot);
    const value = marked[name];
    if (name === "id" || value === undefined || value instanceof Secret) continue;
    if (dot < 0) marked[name] = new Secret(value);
    else if (isObject(value)) marked[name] = markSecret(value as Values, [path.slice(dot + 1)]);
  }
  return marked;
}

/**
 * As the real engine has it between program and provider: a list with a secret inside is one secret, since a provider
 * may hand a list back in another order. Objects keep their secrets where they are.
 */
function sealLists(value: Value): Value {
  if (value instanceof Secret) return value;
  if (Array.isArray(value)) return containsSecret(value) ? new Secret(bare(value)) : value;
  if (isObject(value))
    return Object.fromEntries(Object.entries(value as Values).map(([key, item]) => [key, sealLists(item)]));
  return value;
}
export const sealListsOf = (bag: Values): Values => sealLists(bag) as Values;

export function containsSecret(value: Value | undefined): boolean {
  if (value instanceof Secret) return true;
  if (Array.isArray(value)) return value.some(containsSecret);
  return isObject(value) && Object.values(value as Values).some(containsSecret);
}

export function containsUnknown(value: unknown): boolean {
  if (value instanceof Secret) return containsUnknown(value.value);
  if (Array.isArray(value)) return value.some(containsUnknown);
  if (isObject(value)) return Object.values(value).some(containsUnknown);
  return value === UNKNOWN;
}

/** Deep equality; secrets are equal when their values are and both are secret. */
export function equal(left: Value | undefined, right: Value | undefined): boolean {
  if (left === right) return true;
  if (left instanceof Secret || right instanceof Secret) {
    return left instanceof Secret && right instanceof Secret && equal(left.value, right.value);
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => equal(item, right[index]))
    );
  }
  if (isObject(left) && isObject(right)) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...keys].every((key) => equal((left as Values)[key] ?? undefined, (right as Values)[key] ?? undefined));
  }
  return left === right;
}

/** Every secret replaced by `mask`, for whatever is shown. */
export function blind(value: Value, mask: Value = "[secret]"): Value {
  if (value instanceof Secret) return mask;
  if (Array.isArray(value)) return value.map((item) => blind(item, mask));
  if (isObject(value))
    return Object.fromEntries(Object.entries(value as Values).map(([key, item]) => [key, blind(item, mask)]));
  return value;
}

/** A value as Pulumi puts it into an error: Go's own form, with secrets hidden. */
export function goText(value: Value | undefined): string {
  if (value instanceof Secret) return "[secret]";
  if (value === undefined || value === null) return "{<nil>}";
  if (Array.isArray(value)) return `{[${value.map(goText).join(" ")}]}`;
  if (isObject(value)) {
    const entries = Object.entries(sorted(value) as Values);
    return `{map[${entries.map(([key, item]) => `${key}:${goText(item)}`).join(" ")}]}`;
  }
  return `{${String(value)}}`;
}

/** The same JSON with the keys of every map in alphabetical order, which is how Pulumi writes property bags. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (isObject(value)) {
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, sorted(value[key])]),
    );
  }
  return value;
}

/** Properties that the engine and the bridge keep for themselves; never part of a diff that is shown. */
export const isInternalKey = (key: string): boolean => key.startsWith("__");
