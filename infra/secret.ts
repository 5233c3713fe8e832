import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** 62 letters and digits to the power of 64 are 381 bits: more than enough to fill 256. */
const LENGTH = 64;

/** A secret of 256 random bits that the stack makes; both texts are secrets. */
export interface GeneratedSecret {
  /** Standard base64 of the 32 bytes, padded. */
  readonly base64: pulumi.Output<string>;
  /** 64 lowercase hexadecimal digits. */
  readonly hex: pulumi.Output<string>;
}

/**
 * Makes 32 random bytes. They are the SHA-256 of a random password, and not a `RandomBytes`: a resource's id stands in
 * clear in the state and in every `--diff`, and the id of `RandomBytes` is its value. That of `RandomPassword` is
 * always "none".
 */
export function makeSecret(name: string, parent: pulumi.Resource): GeneratedSecret {
  const { result } = new random.RandomPassword(name, { length: LENGTH, special: false }, { parent });
  const written = (encoding: "base64" | "hex") =>
    pulumi.secret(result.apply((password) => secretBytes(password).toString(encoding)));
  return { base64: written("base64"), hex: written("hex") };
}

/** The 32 bytes that a random password stands for: its SHA-256, which keeps 256 bits of a longer one. */
function secretBytes(password: string): Buffer {
  return createHash("sha256").update(password).digest();
}
