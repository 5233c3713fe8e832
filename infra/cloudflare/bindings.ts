import type * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { AppRole } from "../../edge/vault";

export type Binding = cloudflare.types.input.WorkersScriptBinding;

/** How a Worker signs in to Vault; known after the update. */
export type AppRoleInputs = { readonly [Half in keyof AppRole]: pulumi.Input<AppRole[Half]> };

/** A value that the Worker reads as an object. */
export function json(name: string, value: pulumi.Input<unknown>): Binding {
  return { name, type: "json", json: pulumi.jsonStringify(value) };
}

/** A text that the account's API shows. */
export function plainText(name: string, text: string): Binding {
  return { name, type: "plain_text", text };
}

/** A text that nobody reads back, the account's API included. */
export function secretText(name: string, text: pulumi.Input<string>): Binding {
  return { name, type: "secret_text", text: pulumi.secret(text) };
}

/** In one order, so that a diff shows what changed and nothing else. */
export const byName = (bindings: readonly Binding[]): Binding[] =>
  [...bindings].sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
