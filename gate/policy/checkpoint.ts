import { base64url, fromBase64, utf8 } from "../../edge/encoding";

/**
 * A signed word of the gate's: "record `seq` of my trail has this hash". Each record's hash covers the one before it,
 * so one checkpoint stands for the whole trail up to it. Who owns the bucket can write another trail, but no checkpoint
 * for it.
 */
export interface Checkpoint {
  readonly v: 1;
  readonly seq: number;
  /** Hash of that record. */
  readonly hash: string;
  /** Public half of the key (Ed25519), base64url of its 32 bytes. */
  readonly key: string;
  /** Ed25519 over `checkpointBytes`, base64url. */
  readonly signature: string;
}

/** Where a trail ends: its last record's number and hash. */
export type Head = Pick<Checkpoint, "seq" | "hash">;

/** What is signed: the first line says what it is, so that no other message of the same key can pass for it. */
export const checkpointBytes = ({ seq, hash }: Head): Uint8Array<ArrayBuffer> =>
  utf8(`gatehouse-audit-checkpoint-v1\n${seq}\n${hash}\n`);

/** What stands before the 32 bytes of an Ed25519 private key in PKCS#8 (RFC 8410). */
export const ED25519_PKCS8 = "302e020100300506032b657004220420";

/** @param seed base64 of the private key's 32 bytes */
export async function signCheckpoint(seed: string, { seq, hash }: Head): Promise<Checkpoint> {
  const prefix = (ED25519_PKCS8.match(/../g) ?? []).map((byte) => parseInt(byte, 16));
  const pkcs8 = new Uint8Array([...prefix, ...fromBase64(seed)]);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x = "" } = (await crypto.subtle.exportKey("jwk", key)) as { x?: string };
  const signature = base64url(await crypto.subtle.sign("Ed25519", key, checkpointBytes({ seq, hash })));
  return { v: 1, seq, hash, key: x, signature };
}
