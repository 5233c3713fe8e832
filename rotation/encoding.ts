/** Bytes and text, with nothing but what Node and workerd both have. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(encoder.encode(text));
export const fromUtf8 = (bytes: ArrayBuffer | Uint8Array): string => decoder.decode(bytes);

export function base64(bytes: ArrayBuffer | Uint8Array): string {
  let binary = "";
  for (const byte of bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Takes both alphabets, with or without padding. Throws on anything else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, ""));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export const base64url = (bytes: ArrayBuffer | Uint8Array): string =>
  base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** Base64 of SHA-256: the form of GitHub's `hashed_token`, so that our records join with its audit log. */
export async function sha256(text: string): Promise<string> {
  return base64(await crypto.subtle.digest("SHA-256", utf8(text)));
}

/** A fresh identifier of 96 bits, in letters, digits, `-` and `_`. */
export function randomId(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(12)));
}

/** The first characters of a hash: enough for a person to tell two tokens apart. */
export const short = (hash: string): string => hash.slice(0, 12);

export const iso = (ms: number): string => new Date(ms).toISOString();
