import { base64, fromBase64, fromUtf8, utf8 } from "../encoding";

/** The value of a Workers KV key: AES-256-GCM of a JSON object, under the key in the secret binding TOKEN_KEY. */
export interface SealedValue {
  readonly v: 1;
  readonly version: number;
  readonly iv: string;
  readonly data: string;
}

/** @param key base64 of 32 bytes */
async function importKey(key: string) {
  const bytes = fromBase64(key);
  if (bytes.length !== 32) throw new Error("TOKEN_KEY must be the base64 of 32 bytes");
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Encrypts under a fresh 96-bit nonce; a nonce is never used twice because every write draws its own. */
export async function seal(key: string, version: number, content: Record<string, string>): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv },
    await importKey(key),
    utf8(JSON.stringify(content)),
  );
  return JSON.stringify({ v: 1, version, iv: base64(iv), data: base64(data) } satisfies SealedValue);
}

/** Throws when the value was made under another key or was touched. */
export async function unseal(
  key: string,
  value: string,
): Promise<{ version: number; content: Record<string, string> }> {
  const sealed = JSON.parse(value) as SealedValue;
  if (sealed.v !== 1) throw new Error("the stored value has an unknown format");
  const plain = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: fromBase64(sealed.iv) },
    await importKey(key),
    fromBase64(sealed.data),
  );
  return { version: sealed.version, content: JSON.parse(fromUtf8(plain)) as Record<string, string> };
}
