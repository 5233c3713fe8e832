import type { Field, MapField, Output, TextField, VariantsField } from "./field";

/**
 * The key in a resource's metadata that says which resource of which stack it is, so that a create that was broken off
 * can be found. The service allows 16 pairs; one is this one.
 */
export const MARK_KEY = "pulumi_urn_sha256";
export const METADATA_PAIRS = 15;

export const METADATA: MapField = {
  kind: "map",
  description: `Key-value pairs of your own: at most ${METADATA_PAIRS}, keys of at most 64 characters, values of at most 512. The service allows 16; the provider keeps one, \`${MARK_KEY}\`.`,
};

export const CREATED_AT: Output = { kind: "string", description: "When the service made it (RFC 3339)." };

export const text = (description: string, more: Omit<Partial<TextField>, "kind" | "description"> = {}): TextField => ({
  kind: "string",
  description,
  ...more,
});

/** Switches of the service that are an object with nothing but a `type`. */
export const PERMISSION_POLICY: VariantsField = {
  kind: "variants",
  name: "PermissionPolicy",
  description:
    "Who decides about a call: `always_ask` a person, `always_allow` nobody, `auto` the service's own judgement of each call.",
  variants: { always_ask: {}, always_allow: {}, auto: {} },
};

const HOST = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A host as the service wants it: a bare name or IPv4 address, or `*.` before a name. */
function hostProblem(value: string): string | undefined {
  if (HOST.test(value)) return undefined;
  return "is no bare host name; write it as gate.acme.dev, in small letters, without scheme, port or path";
}

export const hosts = (description: string, more: { maxItems?: number; required?: true; default?: unknown }): Field => ({
  kind: "list",
  description,
  items: text("A host name.", { problem: hostProblem }),
  ...more,
});

export function urlProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return "is no URL; write it as https://gate.acme.dev/mcp";
  const { protocol, username, password } = new URL(value);
  if (protocol !== "https:" && protocol !== "http:") return "must start with https://";
  return username || password ? "must not hold a user or a password; use a VaultCredential" : undefined;
}
