import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { checkpointBytes, type Checkpoint } from "../../gate/policy/checkpoint";
import { asRecord } from "../../infra/config/json";
import { CouldNotRun } from "../support/exit";

/** A checkpoint of a line of text; undefined when it is none. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { v, seq, hash, key, signature } = asRecord(value);
  return v === 1 &&
    Number.isSafeInteger(seq) &&
    typeof hash === "string" &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof key === "string" &&
    typeof signature === "string"
    ? { v: 1, seq: seq as number, hash, key, signature }
    : undefined;
}

/**
 * A public key as the stack shows it (`auditPublicKey`), base64url of 32 bytes.
 * @throws CouldNotRun when it is none
 */
export function publicKey(text: string): KeyObject {
  if (/^[A-Za-z0-9_-]{43}$/.test(text))
    try {
      return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: text }, format: "jwk" });
    } catch {
      // said below
    }
  throw new CouldNotRun(
    `--key: ${JSON.stringify(text)} is no public key; give the stack's output auditPublicKey (43 characters of base64url)`,
  );
}

/** Whether one of the trusted keys signed it. What the checkpoint says of its key is not trusted. */
export const isSigned = (checkpoint: Checkpoint, trusted: readonly KeyObject[]): boolean =>
  trusted.some((key) => verify(null, checkpointBytes(checkpoint), key, Buffer.from(checkpoint.signature, "base64url")));
