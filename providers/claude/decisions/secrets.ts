import { createHmac } from "node:crypto";
import { fieldsOf, isObject, UNKNOWN, type Field, type Fields, type Json } from "../model/field";

const PREFIX = "hmac-sha256:";
/** Sets these fingerprints apart from the hashes of the same secrets elsewhere; it is no secret. */
const PURPOSE = "pulumi-claude write-only secret";

/** Stands for a secret in state and previews: tells whether it changed, and nothing about it. */
export const fingerprint = (secret: string): string =>
  PREFIX + createHmac("sha256", PURPOSE).update(secret).digest("base64url");

const isFingerprint = (value: string): boolean => /^hmac-sha256:[\w-]{43}$/.test(value);

/**
 * The secrets that this process was given, by fingerprint. An engine checks inputs, keeps what the check answers, and
 * hands that to create and update; so the state never holds a secret, not even an encrypted one.
 */
export class Secrets {
  private readonly known = new Map<string, string>();

  /** Replaces every secret in checked inputs by its fingerprint, and keeps it for {@link reveal}. */
  conceal(fields: Fields, inputs: Json): Json {
    return mapSecrets(fields, inputs, (value) => {
      // `ignoreChanges` hands the old inputs in, fingerprints already.
      if (value === UNKNOWN || value === "" || isFingerprint(value)) return value;
      const print = fingerprint(value);
      this.known.set(print, value);
      return print;
    });
  }

  /** Concealed inputs with the secrets in their places, for a request to the service. */
  reveal(fields: Fields, inputs: Json): Json {
    return mapSecrets(fields, inputs, (print, path) => {
      const value = this.known.get(print);
      if (value === undefined)
        throw new Error(
          `${path}: the program gives no secret, and the state has a fingerprint only; give the secret itself, without ignoreChanges for it`,
        );
      return value;
    });
  }

  /** A text that may quote a secret, with `[secret]` in its place. */
  redact(message: string): string {
    return [...this.known.values()].reduce((text, secret) => text.split(secret).join("[secret]"), message);
  }
}

/** Inputs with every secret replaced by what `change` makes of it. */
export function mapSecrets(fields: Fields, value: Json, change: (value: string, path: string) => string): Json {
  return mapFields(fields, value, "", change);
}

function mapFields(fields: Fields, value: Json, path: string, change: (value: string, path: string) => string): Json {
  const result = { ...value };
  for (const [name, field] of Object.entries(fields)) {
    const own = value[name];
    const at = path === "" ? name : `${path}.${name}`;
    if (field.kind === "string" && field.secret && typeof own === "string") result[name] = change(own, at);
    else if (isObject(own)) {
      const inner = fieldsOf(field, own);
      if (inner) result[name] = mapFields(inner, own, at, change);
    }
  }
  return result;
}

/** Paths of every secret that a type can have (`auth.secretValue`). None stands in a list. */
export function secretPaths(fields: Fields, path = ""): string[] {
  const within = (field: Field, at: string): string[] => {
    if (field.kind === "string") return field.secret ? [at] : [];
    if (field.kind === "object") return secretPaths(field.fields, at);
    return field.kind === "variants" ? Object.values(field.variants).flatMap((own) => secretPaths(own, at)) : [];
  };
  const paths = Object.entries(fields).flatMap(([name, field]) =>
    within(field, path === "" ? name : `${path}.${name}`),
  );
  return [...new Set(paths)];
}
