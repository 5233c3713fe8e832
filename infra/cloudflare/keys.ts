import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { makeSecret } from "../secret";

/** A bearer key and the hash by which its holder is recognised. */
export interface Key {
  /** A secret. */
  readonly key: pulumi.Output<string>;
  /** base64url SHA-256 of the key; no secret, since 256 random bits cannot be guessed from it. */
  readonly sha256: pulumi.Output<string>;
}

/** Makes a key of 256 random bits, written as `prefix` and 43 base64url characters. */
export function makeKey(name: string, prefix: string, parent: pulumi.Resource): Key {
  const { base64 } = makeSecret(name, parent);
  const key = pulumi.secret(base64.apply((text) => keyText(prefix, text)));
  return { key, sha256: pulumi.unsecret(key.apply(keyHash)) };
}

/** The key's text from its random bytes. */
export function keyText(prefix: string, base64: string): string {
  return prefix + base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** base64url SHA-256 of a key's text. */
export function keyHash(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}
