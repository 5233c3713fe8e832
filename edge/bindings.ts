/**
 * What a Worker is given from outside, declared once: `gate/contract.ts` and `rotation/contract.ts` list their bindings
 * in these words. The stack makes the bindings of that list, the assessment compares with it, and the Worker's `env`
 * has its type.
 */

/**
 * As Cloudflare's API calls them. A `secret_text` is never read back, a `json` or `plain_text` is shown by the
 * account's API.
 */
export type BindingKind =
  "json" | "plain_text" | "secret_text" | "service" | "kv_namespace" | "r2_bucket" | "durable_object_namespace";

export interface Declared<Kind extends BindingKind = BindingKind, Value = unknown> {
  readonly kind: Kind;
  /** What the Worker reads from a `json`; for the compiler alone. */
  readonly value?: Value;
}

/** A binding that is there only where all of its conditions hold. */
export interface Conditional<Condition extends string = string> {
  readonly when: readonly Condition[];
}

export type Bindings = Readonly<Record<string, Declared & Partial<Conditional>>>;

export const json = <Value>(): Declared<"json", Value> => ({ kind: "json" });
export const binding = <Kind extends Exclude<BindingKind, "json">>(kind: Kind): Declared<Kind> => ({ kind });

/** @example only("vault", binding("secret_text")) */
export const only = <Condition extends string, Kind extends BindingKind, Value>(
  when: Condition | readonly Condition[],
  declared: Declared<Kind, Value>,
): Declared<Kind, Value> & Conditional<Condition> => ({
  ...declared,
  when: typeof when === "string" ? [when] : when,
});

/** Every condition that stands in a list of bindings. */
export type ConditionOf<List extends Bindings> = {
  [Name in keyof List]: List[Name] extends Conditional<infer Condition> ? Condition : never;
}[keyof List];

/** Name and kind of each binding that is there under these conditions, in the list's order. */
export function bindingKinds<List extends Bindings>(
  list: List,
  conditions: readonly ConditionOf<List>[],
): ReadonlyMap<keyof List & string, BindingKind> {
  const holds: ReadonlySet<string> = new Set(conditions);
  return new Map(
    Object.entries(list)
      .filter(([, { when = [] }]) => when.every((condition) => holds.has(condition)))
      .map(([name, { kind }]) => [name, kind]),
  );
}

type Always<List extends Bindings> = {
  [Name in keyof List]: List[Name] extends Conditional ? never : Name;
}[keyof List];

/** `All`, in which what belongs to a conditional binding may be absent. */
export type WhereDeclared<List extends Bindings, All extends { readonly [Name in keyof List]: unknown }> = Pick<
  All,
  Always<List>
> & { readonly [Name in Exclude<keyof List, Always<List>>]?: All[Name] | undefined };

/** The Worker's `env`. @typeParam Objects what the runtime gives for each kind that is no text and no JSON */
export type EnvOf<List extends Bindings, Objects> = WhereDeclared<
  List,
  { readonly [Name in keyof List]: Read<List[Name], Objects> }
>;

type Read<Entry, Objects> =
  Entry extends Declared<infer Kind, infer Value>
    ? Kind extends "json"
      ? Value
      : Kind extends keyof Objects
        ? Objects[Kind]
        : string
    : never;
