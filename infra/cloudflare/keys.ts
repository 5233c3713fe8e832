import { createHash, createPublicKey, createPrivateKey } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { ED25519_PKCS8 } from "../../gate/policy/checkpoint";
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

/** The public half of an Ed25519 key, base64url of its 32 bytes. @param seed base64 of the private half's 32 bytes */
export function ed25519PublicKey(seed: string): string {
  const key = Buffer.concat([Buffer.from(ED25519_PKCS8, "hex"), Buffer.from(seed, "base64")]);
  return createPublicKey(createPrivateKey({ key, format: "der", type: "pkcs8" })).export({ format: "jwk" }).x ?? "";
}
