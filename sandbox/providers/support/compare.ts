import { UNKNOWN, type DetailedDiff, type DiffKind, type Props } from "../types";
import { canonical, isInput, isZero, sameJson, type Properties, type Property } from "./properties";

/**
 * How a package's real plugin tells values apart. `sdk`: wraps Terraform's older plugin SDK, for which a zero value is
 * an absent one (github, vault). `framework`: wraps the Plugin Framework, which keeps "", false and [] apart from null
 * (random, cloudflare).
 */
export type Flavour = "sdk" | "framework";

/**
 * The change from the last known state to the plan, path by path. Neither side is modified; keys that start with `__`
 * are ignored.
 */
export function compare(properties: Properties, state: Props, plan: Props, flavour: Flavour): DetailedDiff {
  const walker = new Walker(flavour);
  walker.fields("", properties, state, plan, false);
  return walker.found;
}

/** Appends a key to a property path as Pulumi writes it. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The top-level property of a path. */
export function rootOf(path: string): string {
  const quoted = /^\["((?:[^"\\]|\\.)*)"\]/.exec(path);
  return quoted?.[1] ?? path.split(/[.[]/, 1)[0] ?? path;
}

class Walker {
  readonly found: DetailedDiff = {};
  constructor(private readonly flavour: Flavour) {}

  fields(path: string, properties: Properties, old: Props, next: Props, replace: boolean): void {
    for (const [name, property] of Object.entries(properties)) {
      if (!isInput(property) || property.writeOnly) continue;
      const given = next[name];
      if (property.computed && (given === undefined || given === null)) continue;
      this.value(joinPath(path, name), property, old[name], given, replace || property.replace === true);
    }
  }

  private value(path: string, property: Property, old: unknown, next: unknown, replace: boolean): void {
    const before = !this.isAbsent(old) && property.absent?.(old) !== true;
    const after = !this.isAbsent(next) && property.absent?.(next) !== true;
    if (!before && !after) return;
    if (before !== after) return this.record(path, after ? "add" : "delete", replace);
    if (next === UNKNOWN) return this.record(path, "update", replace);
    if (property.same?.(old, next)) return;
    switch (property.kind) {
      case "object":
        return this.object(path, property, old, next, replace);
      case "map":
        return this.map(path, old, next, replace);
      case "list":
        return this.list(path, property, old, next, replace);
      case "set":
        return this.set(path, property, old, next, replace);
      case "json":
        return sameJson(old, next) ? undefined : this.record(path, "update", replace);
      default:
        // Terraform converts between scalars ("2" and 2), so they are the same value.
        return String(old) === String(next) ? undefined : this.record(path, "update", replace);
    }
  }

  private object(path: string, property: Property, old: unknown, next: unknown, replace: boolean): void {
    if (!isBag(old) || !isBag(next)) return this.record(path, "update", replace);
    this.fields(path, property.fields ?? {}, old, next, replace);
  }

  private map(path: string, old: unknown, next: unknown, replace: boolean): void {
    if (!isBag(old) || !isBag(next)) return this.record(path, "update", replace);
    for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
      if (key.startsWith("__")) continue;
      // Inside a map an empty value is a value.
      const before = old[key] ?? undefined;
      const after = next[key] ?? undefined;
      if (before === undefined && after === undefined) continue;
      const at = joinPath(path, key);
      if (before === undefined) this.record(at, "add", replace);
      else if (after === undefined) this.record(at, "delete", replace);
      else if (String(before) !== String(after)) this.record(at, "update", replace);
    }
  }

  private list(path: string, property: Property, old: unknown, next: unknown, replace: boolean): void {
    if (!Array.isArray(old) || !Array.isArray(next)) return this.record(path, "update", replace);
    for (let index = 0; index < Math.max(old.length, next.length); index++) {
      const at = joinPath(path, index);
      if (index >= old.length) this.record(at, "add", replace);
      else if (index >= next.length) this.record(at, "delete", replace);
      // A block that is there counts as there even when all it holds is zero (a review rule with no approvals left).
      else if (property.fields && isBag(old[index]) && isBag(next[index]))
        this.fields(at, property.fields, old[index], next[index], replace);
      else this.value(at, element(property), old[index], next[index], replace);
    }
  }

  private set(path: string, property: Property, old: unknown, next: unknown, replace: boolean): void {
    if (!Array.isArray(old) || !Array.isArray(next)) return this.record(path, "update", replace);
    const unmatched = old.map((value, index) => ({ value: value as unknown, index }));
    next.forEach((value: unknown, index) => {
      const match = unmatched.findIndex((candidate) => this.sameElement(property, candidate.value, value));
      if (match >= 0) unmatched.splice(match, 1);
      else this.record(joinPath(path, index), "add", replace);
    });
    for (const { index } of unmatched) {
      const at = joinPath(path, index);
      // An element that gave way to another at the same place is one update, not an add and a delete.
      if (at in this.found) {
        this.found[at] = { kind: kindOf("update", replace), inputDiff: false };
      } else this.record(at, "delete", replace);
    }
  }

  private sameElement(property: Property, old: unknown, next: unknown): boolean {
    if (!property.fields) return canonical(old) === canonical(next);
    const probe = new Walker(this.flavour);
    probe.value("x", element(property), old, next, false);
    return Object.keys(probe.found).length === 0;
  }

  private isAbsent(value: unknown): boolean {
    return value === undefined || value === null || (this.flavour === "sdk" && isZero(value));
  }

  private record(path: string, kind: "add" | "delete" | "update", replace: boolean): void {
    this.found[path] = { kind: kindOf(kind, replace), inputDiff: false };
  }
}

function element(property: Property): Property {
  return property.fields ? { kind: "object", fields: property.fields } : { kind: "string" };
}

function kindOf(kind: "add" | "delete" | "update", replace: boolean): DiffKind {
  return replace ? `${kind}-replace` : kind;
}

function isBag(value: unknown): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
