/**
 * Property descriptions with the values that the plugin itself allows, so that a typing mistake is refused in the
 * preview.
 */
import type { Property } from "../support/properties";
import { UNKNOWN, type CheckFailure, type Props } from "../types";

export type Field = Omit<Property, "fields"> & {
  fields?: Fields;
  oneOf?: readonly string[];
  /** Smallest and largest number. */
  between?: readonly [number, number];
  /** Most elements of a list, counting what the plugin flattens into a list. */
  max?: number;
};

export type Fields = { readonly [name: string]: Field };

/** Values outside of what a field allows, each with its path. Missing and mistyped ones are found elsewhere. */
export function refusals(fields: Fields, inputs: Props, path = ""): CheckFailure[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const value = inputs[name];
    return value === undefined || value === null || value === UNKNOWN ? [] : refusalsOf(field, value, at);
  });
}

function refusalsOf(field: Field, value: unknown, path: string): CheckFailure[] {
  const refuse = (reason: string): CheckFailure[] => [{ property: path, reason }];
  if (Array.isArray(value)) {
    if (field.max !== undefined && value.length > field.max)
      return refuse(`at most ${field.max} elements are allowed, not ${value.length}`);
    const { kind: _list, max: _max, ...element } = field;
    const kind = field.fields ? "object" : field.oneOf ? "string" : "number";
    return value.flatMap((item, index) =>
      item === UNKNOWN ? [] : refusalsOf({ ...element, kind }, item, `${path}[${index}]`),
    );
  }
  if (isPlain(value)) return field.fields ? refusals(field.fields, value, path) : [];
  if (field.oneOf && !field.oneOf.includes(String(value))) {
    return refuse(
      `"${String(value)}" is not allowed; allowed are ${field.oneOf.map((allowed) => `"${allowed}"`).join(", ")}`,
    );
  }
  if (field.between && (Number(value) < field.between[0] || Number(value) > field.between[1])) {
    return refuse(`must be between ${field.between[0]} and ${field.between[1]}, not ${String(value)}`);
  }
  return [];
}

export const isPlain = (value: unknown): value is Props =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isUnknown = (value: unknown): boolean => value === UNKNOWN;
