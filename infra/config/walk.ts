import type { z } from "zod";
import { environmentSchema, type Environment } from "../model/schema";

/** Reads zod's own description of the schema, so that no key is listed twice. */

type Schema = z.core.$ZodType;

/** What is readable of a value: broken or missing parts are undefined, list entries keep their places. */
export type Readable<T> = T extends readonly (infer E)[]
  ? readonly (Readable<E> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Readable<T[K]> }
    : T;

/** An environment of which some parts may be unreadable; what is unreadable has its own problem already. */
export type Draft = Readable<Environment>;

/** The parts of a raw environment that are right, with defaults where a key is absent. */
export function readable<S extends Schema>(schema: S, value: unknown): Readable<z.output<S>> | undefined {
  return read(schema, value) as Readable<z.output<S>> | undefined;
}

function read(schema: Schema, value: unknown): unknown {
  if (value !== undefined) {
    const inner = bare(schema);
    if (inner && isType(inner, "array")) {
      return Array.isArray(value)
        ? value.map((entry) => read((inner as z.core.$ZodArray)._zod.def.element, entry))
        : undefined;
    }
    const object = narrowed(inner, value);
    if (object) {
      if (!isObject(value) || Array.isArray(value)) return undefined;
      return Object.fromEntries(
        Object.entries(object._zod.def.shape).map(([key, part]) => [key, read(part, valueAt(value, [key]))]),
      );
    }
  }
  const result = (schema as z.ZodType).safeParse(value);
  return result.success ? result.data : undefined;
}

/** The keys that the schema knows at a place; for a union, those of the kind that is written there. */
export function knownKeys(path: readonly PropertyKey[], raw: unknown): string[] {
  let schema: Schema | undefined = environmentSchema;
  let value = raw;
  for (const part of path) {
    schema = child(schema, part, value);
    value = valueAt(value, [part]);
  }
  const object = narrowed(schema, value);
  return object ? Object.keys(object._zod.def.shape) : [];
}

/** The value at a path of a raw environment, own properties only. */
export function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      isObject(value) && Object.hasOwn(value, part) ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    raw,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function child(schema: Schema | undefined, part: PropertyKey, value: unknown): Schema | undefined {
  const inner = bare(schema);
  if (inner && isType(inner, "array")) return (inner as z.core.$ZodArray)._zod.def.element;
  return narrowed(inner, value)?._zod.def.shape[String(part)];
}

function narrowed(schema: Schema | undefined, value: unknown): z.core.$ZodObject | undefined {
  const inner = bare(schema);
  if (!inner) return undefined;
  if (isType(inner, "object")) return inner as z.core.$ZodObject;
  if (!isType(inner, "union")) return undefined;
  const { discriminator, options } = (inner as z.core.$ZodDiscriminatedUnion)._zod.def;
  const kind = valueAt(value, [discriminator]);
  return options
    .map((option) => bare(option) as z.core.$ZodObject)
    .find((option) =>
      (option._zod.def.shape[discriminator] as z.core.$ZodLiteral | undefined)?._zod.def.values.includes(
        kind as string,
      ),
    );
}

function bare(schema: Schema | undefined): Schema | undefined {
  let inner = schema;
  while (inner && (isType(inner, "optional") || isType(inner, "default")))
    inner = (inner as z.core.$ZodOptional)._zod.def.innerType;
  return inner;
}

function isType(schema: Schema, type: z.core.$ZodTypeDef["type"]): boolean {
  return schema._zod.def.type === type;
}
