import { base64, base64url, fromBase64, fromUtf8, utf8 } from "./encoding";

/**
 * AES-256-GCM in the two forms in which Gatehouse keeps or hands out what nobody else may read: a sealed record, which
 * lies in the token store, and a sealed text, which a client carries. What was sealed once must open for ever: change
 * no byte of either form (tests/edge/sealing.test.ts holds values of earlier versions).
 */
export type SealingKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** A nonce of 96 bits, as GCM wants it. Every value draws its own, so none is used twice under a key. */
const NONCE_BYTES = 12;

/** @param key base64 of 32 bytes. Throws on anything else. */
export async function sealingKey(key: string): Promise<SealingKey> {
  const bytes = fromBase64(key);
  if (bytes.length !== 32) throw new Error("a sealing key must be the base64 of 32 bytes");
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/**
 * A key that follows from another secret (HKDF-SHA-256).
 * @param use names what the key is for: keys of two uses have nothing in common
 */
export async function derivedSealingKey(secret: string, use: string): Promise<SealingKey> {
  const source = await crypto.subtle.importKey("raw", utf8(secret), "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(use) },
    source,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}

/** A JSON object of texts, sealed, with the version under which the store holds it. */
interface SealedRecord {
  readonly v: 1;
  readonly version: number;
  /** Base64 of the nonce. */
  readonly iv: string;
  /** Base64 of ciphertext and tag. */
  readonly data: string;
}

/** @returns the JSON of a `SealedRecord` */
export async function sealRecord(
  key: SealingKey,
  version: number,
  content: Readonly<Record<string, string>>,
): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, utf8(JSON.stringify(content)));
  return JSON.stringify({ v: 1, version, iv: base64(iv), data: base64(data) } satisfies SealedRecord);
}

/**
 * Throws `OperationError` when the record was sealed under another key or was touched, and an Error for another format.
 */
export async function openRecord(
  key: SealingKey,
  sealed: string,
): Promise<{ version: number; content: Record<string, string> }> {
  const { v, version, iv, data } = JSON.parse(sealed) as SealedRecord;
  if (v !== 1) throw new Error("the stored value has an unknown format");
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: fromBase64(iv) }, key, fromBase64(data));
  return { version, content: JSON.parse(fromUtf8(plain)) as Record<string, string> };
}

/**
 * Seals a value as one base64url text: nonce, ciphertext, tag.
 * @param bound what the text belongs to; it opens only with the same
 */
export async function sealText(key: SealingKey, bound: string, value: object): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const data = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: utf8(bound) },
    key,
    utf8(JSON.stringify(value)),
  );
  const all = new Uint8Array(iv.length + data.byteLength);
  all.set(iv);
  all.set(new Uint8Array(data), iv.length);
  return base64url(all);
}

/** The value of a text that was sealed under this key and bound to the same; undefined for every other text. */
export async function openText(key: SealingKey, bound: string, text: string): Promise<unknown> {
  if (!/^[A-Za-z0-9_-]{40,16384}$/.test(text)) return undefined;
  try {
    const bytes = fromBase64(text);
    const plain = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: bytes.subarray(0, NONCE_BYTES), additionalData: utf8(bound) },
      key,
      bytes.subarray(NONCE_BYTES),
    );
    return JSON.parse(fromUtf8(plain)) as unknown;
  } catch {
    return undefined;
  }
}
