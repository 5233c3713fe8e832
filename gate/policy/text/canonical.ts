import { Refusal } from "../refusals";

/** The longest request target that is read, in characters. */
export const MAX_TARGET = 8192;

/** A target whose path has exactly one reading. `path` and `query` are as they were received. */
export interface Target {
  readonly path: string;
  /** Without the question mark. Empty if there is none. */
  readonly query: string;
}

/**
 * One flag per ASCII code: 1 = may stand for itself in a path, 2 = unreserved (so its percent-encoding is never
 * canonical).
 */
const CLASS = new Uint8Array(128);
for (const c of "!$&'()*+,=:@/") CLASS[c.charCodeAt(0)] = 1;
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") CLASS[c.charCodeAt(0)] = 2;

const SLASH = 47;
const PERCENT = 37;
const DOT = 46;

/** Value of an upper-case hexadecimal digit, or -1. */
function hex(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

/**
 * Reads the percent-encoded byte at `at`, the place of its `%`. Returns -1 unless it is the canonical encoding of a
 * byte that needs one: not for lower-case hex, unreserved or control characters, `%` itself, or a backslash.
 * @param unreserved accept encoded unreserved characters too; URLSearchParams writes them (`%7E`)
 */
function encodedByte(text: string, at: number, unreserved = false): number {
  const high = hex(text.charCodeAt(at + 1));
  const low = hex(text.charCodeAt(at + 2));
  if (high < 0 || low < 0) return -1;
  const byte = high * 16 + low;
  if (byte < 0x20 || byte === 0x7f || byte === PERCENT || byte === 0x5c) return -1;
  return byte < 128 && CLASS[byte] === 2 && !unreserved ? -1 : byte;
}

/** The request target of an absolute URL: everything after the origin. Empty if the URL has no path. */
export function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start < 0 ? "" : url.slice(start);
}

/** The path of a target, without its query. */
export function pathOf(target: string): string {
  const question = target.indexOf("?");
  return question < 0 ? target : target.slice(0, question);
}

/**
 * Canonicalises by refusing: the target passes unchanged or not at all, so what was judged is what is sent. Refuses dot
 * segments, empty segments, trailing slashes, fragments, path parameters, backslashes, raw non-ASCII, and every
 * percent-encoding that another reader could read differently.
 */
export function canonicalise(target: string): Target | Refusal {
  if (target.length > MAX_TARGET) return new Refusal("target-too-long");
  if (target.charCodeAt(0) !== SLASH) return new Refusal("target-malformed");
  const mark = target.indexOf("?");
  const end = mark < 0 ? target.length : mark;
  let segment = 1;
  for (let i = 1; i < end; i++) {
    const code = target.charCodeAt(i);
    if (code === SLASH) {
      const refused = badSegment(target, segment, i);
      if (refused !== undefined) return refused;
      segment = i + 1;
    } else if (code === PERCENT) {
      if (i + 2 >= end || encodedByte(target, i) < 0) return new Refusal("path-encoding");
      i += 2;
    } else if (code > 127 || CLASS[code] === 0) {
      return new Refusal("path-character");
    }
  }
  if (end > 1) {
    const refused = badSegment(target, segment, end);
    if (refused !== undefined) return refused;
  }
  const query = mark < 0 ? "" : target.slice(mark + 1);
  if (mark >= 0 && !isQuery(query)) return new Refusal("query-malformed");
  return { path: mark < 0 ? target : target.slice(0, mark), query };
}

/** Whether a query is not empty and has no character that another reader would encode, drop or take for a fragment. */
function isQuery(query: string): boolean {
  for (let i = 0; i < query.length; i++) {
    const code = query.charCodeAt(i);
    // WHATWG URL encodes an apostrophe in a query, so the query that is sent would differ.
    if (code > 127 || (CLASS[code] === 0 && code !== PERCENT && code !== 63) || code === 39) return false;
  }
  return query !== "";
}

function badSegment(target: string, from: number, to: number): Refusal | undefined {
  if (from === to) return new Refusal("path-empty-segment");
  if (target.charCodeAt(from) !== DOT) return undefined;
  if (to - from === 1 || (to - from === 2 && target.charCodeAt(from + 1) === DOT))
    return new Refusal("path-dot-segment");
  return undefined;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes canonical percent-encoding. Undefined if an encoding is not canonical or the bytes are not UTF-8.
 * @param plus a plus sign is a space, as in queries
 */
export function decodeCanonical(text: string, plus = false): string | undefined {
  if (!text.includes("%")) return plus && text.includes("+") ? text.replace(/\+/g, " ") : text;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === PERCENT) {
      const byte = i + 2 < text.length ? encodedByte(text, i, plus) : -1;
      if (byte < 0) return undefined;
      bytes.push(byte);
      i += 2;
    } else if (code > 127) {
      return undefined;
    } else {
      bytes.push(plus && code === 43 ? 32 : code);
    }
  }
  try {
    return decoder.decode(new Uint8Array(bytes));
  } catch {
    return undefined;
  }
}
