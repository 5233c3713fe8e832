/**
 * What a field of a resource is. Everything that depends on it follows from these descriptions: the package's schema,
 * the TypeScript arguments, the check of inputs, the comparison, and the names on the wire.
 */
interface Base {
  /** One or two sentences for the reference of every language. */
  readonly description: string;
  readonly required?: true;
  /** The service cannot change it: a new value makes a new resource. */
  readonly replace?: true;
  /** What a missing value means; it is filled in, so that a preview shows it. */
  readonly default?: unknown;
  /** The service chooses a value where none is given, and that is no change. */
  readonly chosenByService?: true;
  /** The service changes it by itself (a renewed expiry), and that is no change. */
  readonly volatile?: true;
}

export interface TextField extends Base {
  readonly kind: "string";
  readonly values?: readonly string[];
  readonly maxLength?: number;
  /** Never answered by the service: the state keeps a fingerprint of it, never the value. */
  readonly secret?: true;
  /** What is wrong with a value, as the end of a sentence that starts with the value; undefined: nothing. */
  readonly problem?: (value: string) => string | undefined;
}
interface NumberField extends Base {
  readonly kind: "integer";
  readonly minimum?: number;
}
interface FlagField extends Base {
  readonly kind: "boolean";
}
/** Any JSON, sent as it is. */
interface JsonField extends Base {
  readonly kind: "json";
}
/** Texts by key. */
export interface MapField extends Base {
  readonly kind: "map";
}
interface ListField extends Base {
  readonly kind: "list";
  readonly items: Field;
  readonly maxItems?: number;
}
interface ObjectField extends Base {
  readonly kind: "object";
  /** Name of its type in the schema. */
  readonly name: string;
  readonly fields: Fields;
  /** Fields that the service wants and that have one value only. */
  readonly constants?: Readonly<Record<string, string>>;
}
/** An object of several shapes, told apart by its `type`. */
export interface VariantsField extends Base {
  readonly kind: "variants";
  readonly name: string;
  readonly variants: Readonly<Record<string, Fields>>;
  /** The service cannot change its `type`: another one makes a new resource. */
  readonly replaceOnType?: true;
}

export type Field =
  TextField | NumberField | FlagField | JsonField | MapField | ListField | ObjectField | VariantsField;
export type Fields = Readonly<Record<string, Field>>;

/** An output that is no input. */
export interface Output {
  readonly kind: "string" | "integer";
  readonly description: string;
}

/** A resource type of the service. */
export interface ResourceModel {
  /** Name of the class: `Agent` is `claude:index:Agent`. */
  readonly name: string;
  readonly description: string;
  readonly inputs: Fields;
  readonly outputs: Readonly<Record<string, Output>>;
}

export type Json = Record<string, unknown>;
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Pulumi's own marker for a value that is not known before the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The fields of a value's own shape: of its `type`, for an object of several. Undefined: it is no object of these. */
export function fieldsOf(field: Field, value: Json): Fields | undefined {
  if (field.kind === "object") return field.fields;
  return field.kind === "variants" && typeof value.type === "string" ? field.variants[value.type] : undefined;
}
