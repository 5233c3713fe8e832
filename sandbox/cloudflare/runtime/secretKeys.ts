import type { Binding } from "../state";

/** Where the raw key waits for the entry module; the Worker's own code never sees it. */
const RAW = "SANDBOX_SECRET_KEYS";

/** The binding that carries all raw keys to the entry module. */
export function rawKeysBinding(keys: readonly Binding[]): Record<string, unknown> {
  if (keys.length === 0) return {};
  // By way of JSON, which leaves out what is not set.
  return {
    [RAW]: JSON.parse(
      JSON.stringify(
        keys.map(({ name, format, algorithm, usages, key_base64, key_jwk }) => ({
          name,
          format,
          algorithm,
          usages,
          key_base64,
          key_jwk,
        })),
      ),
    ) as unknown,
  };
}

/**
 * A module to start instead of the uploaded one when the script has `secret_key` bindings. miniflare cannot hand a
 * CryptoKey to a Worker, so this module imports the keys, unextractable, and puts them into the `env` of every handler
 * and class of the uploaded module.
 * @param main path of the uploaded main module, relative to this one
 */
export function secretKeyEntry(main: string, classes: readonly string[]): string {
  return `
import * as user from ${JSON.stringify(`./${main}`)};
import { env as outer } from "cloudflare:workers";
export * from ${JSON.stringify(`./${main}`)};
const keys = {};
for (const { name, format, algorithm, usages, key_base64, key_jwk } of outer.${RAW}) {
  const data = format === "jwk" ? (typeof key_jwk === "string" ? JSON.parse(key_jwk) : key_jwk) : Uint8Array.from(atob(key_base64), (c) => c.charCodeAt(0));
  keys[name] = await crypto.subtle.importKey(format, data, algorithm, false, usages);
}
const fill = ({ ${RAW}: _, ...env }) => ({ ...env, ...keys });
const filled = (value) => typeof value === "function" && value.prototype !== undefined
  ? class extends value { constructor(ctx, env) { super(ctx, fill(env)); } }
  : value;
${classes.map((name) => `export const ${name} = filled(user.${name});`).join("\n")}
const handlers = {};
for (const name of ["fetch", "scheduled", "queue", "tail", "email"]) {
  if (typeof user.default?.[name] === "function") handlers[name] = (event, env, ctx) => user.default[name](event, fill(env), ctx);
}
export default typeof user.default === "function" ? filled(user.default) : handlers;
`;
}
