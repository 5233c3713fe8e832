import { UNKNOWN } from "../types";

/**
 * A declarative description of a resource type's properties. From it follow defaults, checks, previews and diffs, so
 * that a resource type's own code is only the calls it makes.
 */
export interface Property {
  /**
   * `set`: a list whose order does not matter. `map`: free keys with scalar values. `json`: a string that holds JSON,
   * compared by meaning.
   */
  kind: "string" | "number" | "boolean" | "object" | "list" | "set" | "map" | "json";
  /** The fields of an object, or of the objects in a list or set. Lists, sets and maps without fields hold scalars. */
  fields?: Properties;
  /** The name on the wire where it is not the snake case of the property's name. */
  wire?: string;
  /** Must be given. */
  required?: true;
  /** The service fills it in when the program does not give it; so its absence from the inputs is no change. */
  computed?: true;
  /** Never an input. */
  output?: true;
  /** A computed value that every update may change (unknown in the preview of an update). */
  volatile?: true;
  /** A given value that every update changes nevertheless, because the service adds to it. */
  volatileWhen?: (given: unknown) => boolean;
  /** The value when the program gives none. */
  default?: string | number | boolean;
  /** A change makes a new resource. */
  replace?: true;
  /** Secret by the schema: a property, or a field of an object. */
  secret?: true;
  /** Sent but never kept or compared (write-only arguments). */
  writeOnly?: true;
  /** Named after the resource with a random suffix when the program gives no name. */
  autoname?: true;
  /** A value that stands for an absent one. */
  absent?: (value: unknown) => boolean;
  /** The same value in another spelling (durations, trailing slashes). Called with two present values. */
  same?: (old: unknown, next: unknown) => boolean;
}

export type Properties = { readonly [name: string]: Property };

/** Places of secrets by the schema, `configuration.url` for a field of an object. */
export function secretPathsOf(properties: Properties, among: (property: Property) => boolean = () => true): string[] {
  return Object.entries(properties)
    .filter(([, property]) => among(property))
    .flatMap(([name, property]) => {
      if (property.secret) return [name];
      if (property.kind !== "object" || !property.fields) return [];
      return secretPathsOf(property.fields, among).map((inner) => `${name}.${inner}`);
    });
}

/** A property that the program may set. */
export function isInput(property: Property): boolean {
  return property.output !== true;
}

/** A property that the service may set. */
export function isComputed(property: Property): boolean {
  return property.output === true || property.computed === true;
}

/** Null, "", 0, false, [] and {}: what Terraform's older plugin SDK cannot tell from an absent value. */
export function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === "object")
    return Object.entries(value).every(([key, inner]) => key.startsWith("__") || isZero(inner));
  return false;
}

/** Whether an unknown sits anywhere in the value. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}

/** The value without the bridge's own keys (`__defaults`, `__meta`, …), at any depth. */
export function withoutInternals<T>(value: T): T {
  if (Array.isArray(value)) return value.map((inner) => withoutInternals(inner as unknown)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith("__"))
      .map(([key, inner]) => [key, withoutInternals(inner as unknown)]),
  ) as T;
}

/** JSON with sorted keys, to compare and to order values. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Same JSON document, whatever its spacing and order of keys. A text that is no JSON is compared as text. */
export function sameJson(old: unknown, next: unknown): boolean {
  if (old === next) return true;
  try {
    return canonical(JSON.parse(String(old))) === canonical(JSON.parse(String(next)));
  } catch {
    return false;
  }
}

/** `maxLeaseTtlSeconds` → `max_lease_ttl_seconds`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The property's name on the wire. */
export function wireName(name: string, property: Property): string {
  return property.wire ?? snakeCase(name);
}
