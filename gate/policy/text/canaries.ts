import { sha256 } from "@noble/hashes/sha2";
import { bytesToHex } from "@noble/hashes/utils";

/** The length of a canary token, in characters. */
export const CANARY_LEAST = 16;
export const CANARY_MOST = 256;

/**
 * What a word is, since the form of a canary token is not known: letters and digits with `_` and `-`; with dots too;
 * base64; everything between blanks, quotation marks and brackets; what such a text has after its first `=` or `:`. Each
 * character is in at most one word of a form, so the work is the same however many tokens there are.
 */
const WORDS: readonly RegExp[] = [
  /[\w-]+/g,
  /[\w.-]+/g,
  /[A-Za-z0-9+/]+={0,2}/g,
  /[^\s"'`<>()[\]{}\\,;\0]+/g,
  /(?<=[=:])[^\s"'`<>()[\]{}\\,;\0=:]+={0,2}/g,
];

/** The canary tokens in a text. */
export function* canariesIn(
  text: string,
  names: ReadonlyMap<string, string>,
): Generator<{ readonly from: number; readonly to: number; readonly name: string }> {
  /** Where each word ends that was hashed, by its start: a word of several forms is hashed once. */
  const hashed = new Map<number, number>();
  for (const pattern of WORDS)
    for (const { 0: word, index: from } of text.matchAll(pattern)) {
      const to = from + word.length;
      if (word.length < CANARY_LEAST || word.length > CANARY_MOST || hashed.get(from) === to) continue;
      hashed.set(from, to);
      const name = names.get(bytesToHex(sha256(new TextEncoder().encode(word))));
      if (name !== undefined) yield { from, to, name };
    }
}
