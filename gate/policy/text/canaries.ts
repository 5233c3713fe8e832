import { sha256 } from "@noble/hashes/sha2";
import { bytesToHex } from "@noble/hashes/utils";

/** The length of a canary token, in characters. */
const CANARY_LEAST = 16;
const CANARY_MOST = 256;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BREAKS = " \t\r\n\f\v\0\"'`<>()[]{}\\,;";
const VISIBLE = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).filter((c) => !BREAKS.includes(c));

/**
 * The forms of words, since that of a canary token is not known: letters and digits with `_` and `-`; with dots too;
 * base64; everything between blanks, quotation marks and brackets; what such a text has after `=` or `:`. Each character
 * is in at most one word of a form, so the work is the same however many tokens there are.
 */
const FORMS: readonly string[] = [
  `${LETTERS}_-`,
  `${LETTERS}_.-`,
  `${LETTERS}+/`,
  VISIBLE.join(""),
  VISIBLE.join("").replace(/[=:]/g, ""),
];
/** A word of these forms may end with the padding of base64. */
const PADDED = new Set([2, 4]);
const BEHIND_SIGN = 4;

/** In which forms a character may stand, one bit each, by its code. */
const BITS = new Uint8Array(128);
FORMS.forEach((form, index) => {
  for (const one of form) BITS[one.charCodeAt(0)] = (BITS[one.charCodeAt(0)] ?? 0) | (1 << index);
});

/** The canary tokens in a text. */
export function* canariesIn(
  text: string,
  names: ReadonlyMap<string, string>,
): Generator<{ readonly from: number; readonly to: number; readonly name: string }> {
  /** Where the last word began and ended that was hashed, by its start: a word of several forms is hashed once. */
  const hashed = new Map<number, number>();
  const starts = FORMS.map(() => 0);
  let before = 0;
  for (let at = 0; at <= text.length; at++) {
    const bits = BITS[text.charCodeAt(at)] ?? 0;
    const changed = bits ^ before;
    if (changed === 0) continue;
    for (let form = 0; form < FORMS.length; form++) {
      if (((changed >> form) & 1) === 0) continue;
      if (((bits >> form) & 1) === 1) {
        starts[form] = at;
        continue;
      }
      const from = starts[form] ?? 0;
      if (at - from < CANARY_LEAST - 2 || at - from > CANARY_MOST) continue;
      if (form === BEHIND_SIGN && text[from - 1] !== "=" && text[from - 1] !== ":") continue;
      let to = at;
      while (PADDED.has(form) && text[to] === "=" && to - at < 2) to++;
      if (to - from < CANARY_LEAST || hashed.get(from) === to) continue;
      hashed.set(from, to);
      const name = names.get(bytesToHex(sha256(new TextEncoder().encode(text.slice(from, to)))));
      if (name !== undefined) yield { from, to, name };
    }
    before = bits;
  }
}
