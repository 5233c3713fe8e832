import type * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import {
  bindingKinds,
  type BindingKind,
  type Bindings,
  type ConditionOf,
  type Declared,
  type WhereDeclared,
} from "../../edge/bindings";
import type { AppRole } from "../../edge/vault";

type Binding = cloudflare.types.input.WorkersScriptBinding;

/** How a Worker signs in to Vault; known after the update. */
export type AppRoleInputs = { readonly [Half in keyof AppRole]: pulumi.Input<AppRole[Half]> };

/** What a binding's declaration leaves open. */
interface Values extends Record<Exclude<BindingKind, "json">, unknown> {
  plain_text: string;
  secret_text: pulumi.Input<string>;
  service: { readonly service: pulumi.Input<string> };
  kv_namespace: { readonly namespaceId: pulumi.Input<string> };
  r2_bucket: { readonly bucketName: pulumi.Input<string> };
  durable_object_namespace: { readonly className: string; readonly scriptName: pulumi.Input<string> };
}

/** A value as the Worker reads it, of which any part may be known after the update alone. */
type Later<T> = pulumi.Input<
  T extends readonly (infer Item)[]
    ? readonly Later<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Later<T[Key]> }
      : T
>;

type ValueOf<Entry> =
  Entry extends Declared<infer Kind, infer Value> ? (Kind extends keyof Values ? Values[Kind] : Later<Value>) : never;

/** A value for each binding of a contract; it may be absent where the binding is. */
export type BindingValues<List extends Bindings> = WhereDeclared<
  List,
  { readonly [Name in keyof List]: ValueOf<List[Name]> }
>;

/**
 * The bindings of a Worker's contract that are there under these conditions, sorted by name: a diff shows what changed
 * and nothing else. Throws when one of them has no value.
 */
export function bindingsOf<List extends Bindings>(
  list: List,
  conditions: readonly ConditionOf<List>[],
  values: BindingValues<List>,
): Binding[] {
  return [...bindingKinds(list, conditions)]
    .map(([name, kind]) => {
      const value: unknown = (values as Readonly<Record<string, unknown>>)[name];
      if (value === undefined) throw new Error(`the Worker's binding ${name} has no value`);
      return made(name, kind, value);
    })
    .sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
}

function made(name: string, kind: BindingKind, value: unknown): Binding {
  switch (kind) {
    case "json":
      return { name, type: kind, json: pulumi.jsonStringify(value) };
    case "plain_text":
      return { name, type: kind, text: value as string };
    case "secret_text":
      return { name, type: kind, text: pulumi.secret(value as pulumi.Input<string>) };
    default:
      return { name, type: kind, ...(value as object) };
  }
}
