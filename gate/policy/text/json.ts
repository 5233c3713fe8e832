import { Refusal } from "../refusals";
import { isWellFormed } from "./values";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The deepest nesting that is accepted. */
export const MAX_JSON_DEPTH = 24;

const QUOTE = 34;
const BACKSLASH = 92;

/**
 * Parses JSON that has only one reading. Refuses duplicate keys (also with escapes), inexact numbers, deep nesting and
 * lone surrogates. The value comes from JSON.parse; this adds the checks that JSON.parse lacks.
 */
export function parseStrictJson(text: string): { readonly value: Json } | Refusal {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return new Refusal("body-malformed");
  }
  if (!isWellFormed(text)) return new Refusal("body-malformed");
  const refused = scan(text);
  return refused ?? { value };
}

/** Checks JSON that is known to be valid, so it only has to follow the structure. */
function scan(text: string): Refusal | undefined {
  /** One entry per open container: the keys seen in an object, or null for an array. */
  const open: (Set<string> | null)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = closingQuote(text, i + 1);
      const keys = open[open.length - 1];
      if (expectKey && keys) {
        const raw = text.slice(i + 1, end);
        const key = raw.includes("\\") ? (JSON.parse(text.slice(i, end + 1)) as string) : raw;
        // A lone surrogate becomes the same replacement in every key, so two keys could become one.
        if (!isWellFormed(key)) return new Refusal("body-malformed");
        if (keys.has(key)) return new Refusal("body-duplicate-key", key);
        keys.add(key);
        expectKey = false;
      } else if (hasLoneSurrogate(text, i, end)) return new Refusal("body-malformed");
      i = end;
    } else if (code === 123 /* { */) {
      open.push(new Set());
      expectKey = true;
      if (open.length > MAX_JSON_DEPTH) return new Refusal("body-too-deep");
    } else if (code === 91 /* [ */) {
      open.push(null);
      expectKey = false;
      if (open.length > MAX_JSON_DEPTH) return new Refusal("body-too-deep");
    } else if (code === 125 || code === 93) {
      open.pop();
      expectKey = false;
    } else if (code === 44 /* , */) {
      expectKey = open[open.length - 1] !== null;
    } else if (code === 45 || (code >= 48 && code <= 57)) {
      let end = i + 1;
      while (end < text.length && "0123456789+-.eE".includes(text.charAt(end))) end++;
      const number = Number(text.slice(i, end));
      if (
        !Number.isSafeInteger(number) &&
        !(Number.isFinite(number) && Math.abs(number) < 2 ** 53 && /[.eE]/.test(text.slice(i, end)))
      ) {
        return new Refusal("body-number", text.slice(i, Math.min(end, i + 40)));
      }
      i = end - 1;
    }
  }
  return undefined;
}

function closingQuote(text: string, from: number): number {
  let i = from;
  while (text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}

/** Escapes can spell a lone surrogate, which readers repair in different ways. */
function hasLoneSurrogate(text: string, from: number, end: number): boolean {
  const escape = text.indexOf("\\u", from);
  if (escape < 0 || escape > end) return false;
  return !isWellFormed(JSON.parse(text.slice(from, end + 1)) as string);
}
