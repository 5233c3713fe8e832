import { MARK_KEY } from "../model/common";
import { fieldsOf, isObject, type Field, type Fields, type Json } from "../model/field";

/** A name as the service spells it: `allowMcpServers` is `allow_mcp_servers`. */
const wireName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Inputs in the service's spelling. Keys of metadata, of schemas and of other free JSON stay as they are. */
export function toWire(fields: Fields, value: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) =>
      value[name] === undefined ? [] : [[wireName(name), valueToWire(field, value[name])]],
    ),
  );
}

function valueToWire(field: Field, value: unknown): unknown {
  if (field.kind === "list" && Array.isArray(value))
    return value.map((item: unknown) => valueToWire(field.items, item));
  if (!isObject(value)) return value;
  if (field.kind === "object") return { ...field.constants, ...toWire(field.fields, value) };
  const own = fieldsOf(field, value);
  return own ? { type: value.type, ...toWire(own, value) } : value;
}

/** An answer of the service as inputs. What the description does not know is left out. */
export function fromWire(fields: Fields, value: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const own = value[wireName(name)];
      return own === undefined || own === null ? [] : [[name, valueFromWire(field, own)]];
    }),
  );
}

function valueFromWire(field: Field, value: unknown): unknown {
  if (field.kind === "list" && Array.isArray(value))
    return value.map((item: unknown) => valueFromWire(field.items, item));
  if (field.kind === "map" && isObject(value)) return withoutMark(value);
  if (!isObject(value)) return value;
  // What may be given as a text is answered as an object of nothing but a type.
  if (field.kind === "string") return value.type;
  if (field.kind === "object") return fromWire(field.fields, value);
  const own = fieldsOf(field, value);
  // A shape that is newer than this provider: its type is told, so that a preview shows that it is another one.
  return field.kind === "variants" ? { type: value.type, ...(own ? fromWire(own, value) : {}) } : value;
}

function withoutMark(metadata: Json): Json {
  const { [MARK_KEY]: _, ...own } = metadata;
  return own;
}

/** A JSON answer in Pulumi's spelling, all the way down. */
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      camelCased(inner),
    ]),
  );
}
