import { base64url } from "../edge/encoding";

/** A fresh identifier of 96 bits, in letters, digits, `-` and `_`. */
export function randomId(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(12)));
}

/** The first characters of a hash: enough for a person to tell two tokens apart. */
export const short = (hash: string): string => hash.slice(0, 12);

export const iso = (ms: number): string => new Date(ms).toISOString();
