import { wireName, type Properties } from "../support/properties";
import { isZero } from "../support/properties";
import type { Props } from "../types";

/** Vault's namespace, an input of every type. */
export const NAMESPACE: Properties = { namespace: { kind: "string", replace: true } };

/** Removes slashes at both ends. */
export function trimSlashes(value: unknown): string {
  return String(value).replace(/^\/+|\/+$/g, "");
}

/** The text of a property, "" when unset. */
export function textOf(props: Props, name: string): string {
  const value = props[name];
  return value === undefined || value === null ? "" : String(value);
}

/** The number of a property, 0 when unset. */
export function numberOf(props: Props, name: string): number {
  return Number(props[name] ?? 0);
}

/** The truth of a property, false when unset. */
export function flagOf(props: Props, name: string): boolean {
  return props[name] === true || props[name] === "true";
}

/** The list of a property, [] when unset. */
export function listOf(props: Props, name: string): unknown[] {
  const value = props[name];
  return Array.isArray(value) ? value : [];
}

/** The named properties that are set to something else than a zero value, under their wire names. */
export function nonZero(properties: Properties, plan: Props, names: readonly string[]): Props {
  return pick(
    properties,
    plan,
    names.filter((name) => !isZero(plan[name])),
  );
}

/** The named properties under their wire names, with the zero value of their kind where they are unset. */
export function pick(properties: Properties, plan: Props, names: readonly string[]): Props {
  return Object.fromEntries(
    names.map((name) => {
      const property = properties[name] ?? { kind: "string" as const };
      const value = plan[name] ?? undefined;
      return [wireName(name, property), convert(property.kind, value)];
    }),
  );
}

/** The named properties out of an answer's data; a key that the answer does not have is left out. */
export function unpick(properties: Properties, data: Props, names: readonly string[]): Props {
  const outs: Props = {};
  for (const name of names) {
    const key = wireName(name, properties[name] ?? { kind: "string" });
    if (key in data) outs[name] = data[key];
  }
  return outs;
}

function convert(kind: string, value: unknown): unknown {
  switch (kind) {
    case "number":
      return Number(value ?? 0);
    case "boolean":
      return value === true || value === "true";
    case "list":
    case "set":
      return value ?? [];
    case "map":
    case "object":
      return value ?? {};
    default:
      return value === undefined ? "" : String(value);
  }
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/**
 * Seconds of a duration as Go writes it ("3h12m10s", "0s"), or of a plain number of seconds. Undefined when it is
 * neither.
 */
export function secondsOf(duration: unknown): number | undefined {
  const text = String(duration).trim();
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    seconds += Number(amount) * (UNITS[unit ?? "s"] ?? 1);
  return seconds;
}

/** "300s" and "5m" are the same duration. */
export function sameDuration(old: unknown, next: unknown): boolean {
  const before = secondsOf(old);
  return old === next || (before !== undefined && before === secondsOf(next));
}

/** Seconds as Go writes a duration of whole seconds ("1h2m3s", "5m0s" → "5m"): the shortest form. */
export function durationOf(seconds: number): string {
  if (seconds === 0) return "0s";
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  return `${hours ? `${hours}h` : ""}${minutes ? `${minutes}m` : ""}${rest ? `${rest}s` : ""}`;
}
