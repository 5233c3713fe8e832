/** Bytes and text, with nothing but what Node and workerd both have. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(encoder.encode(text));
export const fromUtf8 = (bytes: ArrayBuffer | Uint8Array): string => decoder.decode(bytes);

const bytesOf = (bytes: ArrayBuffer | Uint8Array): Uint8Array =>
  bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);

/** Standard alphabet, padded. */
export function base64(bytes: ArrayBuffer | Uint8Array): string {
  let binary = "";
  for (const byte of bytesOf(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The alphabet for URLs, without padding. */
export const base64url = (bytes: ArrayBuffer | Uint8Array): string =>
  base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** Takes both alphabets, with or without padding. Throws on anything else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, ""));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Two lowercase digits a byte. */
export function hex(bytes: ArrayBuffer | Uint8Array): string {
  let digits = "";
  for (const byte of bytesOf(bytes)) digits += byte.toString(16).padStart(2, "0");
  return digits;
}

/** SHA-256 of a text's UTF-8 bytes. */
export async function sha256(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));
}

/** Base64 of SHA-256: the form of GitHub's `hashed_token`, so that our records join with its audit log. */
export const tokenHash = async (token: string): Promise<string> => base64(await sha256(token));
