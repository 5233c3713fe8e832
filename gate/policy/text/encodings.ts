/** A text that stands encoded in another one. */
export interface Decoded {
  readonly text: string;
  /** Where in the outer text the character at this index stands; for the text's length: where its encoding ends. */
  at(index: number): number;
}

/** How many encodings around one another are taken off. */
export const MAX_NESTING = 3;

/**
 * How much may be decoded of one content, in characters: a multiple of its length, so that the work stays linear. Only
 * a content that was made for it reaches the bound.
 */
export class DecodingBudget {
  /** What was decoded so far, in characters. */
  spent = 0;
  private readonly bound: number;

  constructor(length: number) {
    this.bound = 16 * length + 65_536;
  }

  get isSpent(): boolean {
    return this.spent > this.bound;
  }
}

/** The shortest encoded text that is decoded, in its own characters, and the shortest text that is searched. */
const LEAST_BASE64 = 20;
const LEAST_HEX = 24;
const LEAST_TEXT = 8;

/**
 * The texts that stand encoded in a text, one level deep: JSON and other escapes, percent-encoding, UTF-16, base64 and
 * base64url (also in lines, and beginning in the middle of a word), and hexadecimal digits.
 */
export function* decodings(text: string, budget: DecodingBudget): Generator<Decoded> {
  for (const ways of [escaped(text, "\\", ESCAPE), escaped(text, "%", PERCENT), wide(text), packed(text, budget)])
    for (const decoded of ways) {
      if (budget.isSpent) return;
      budget.spent += decoded.text.length;
      yield decoded;
    }
}

const PERCENT = /%([0-9A-Fa-f]{2})/y;
/** Escapes of JSON, of most programming languages, and of a shell's continued line. */
const ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([bfnrtv0])|(["'/\\])|\r?\n)/y;
const BLANKS: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** What an escape stands for. */
const meaning = ([, digits, byte, blank, plain]: RegExpExecArray): string =>
  digits !== undefined || byte !== undefined
    ? String.fromCharCode(parseInt(digits ?? byte ?? "", 16))
    : blank !== undefined
      ? (BLANKS[blank] ?? " ")
      : (plain ?? "");

/** Where a word with escapes ends: blanks, quotation marks and angle brackets, by code. */
const BORDER = new Uint8Array(128);
for (const one of " \t\r\n\"'`<>") BORDER[one.charCodeAt(0)] = 1;

/** Each word that has an escape, without its escapes. */
function* escaped(text: string, sign: string, pattern: RegExp): Generator<Decoded> {
  let done = 0;
  for (let first = text.indexOf(sign); first >= 0; first = text.indexOf(sign, Math.max(done, first + 1))) {
    let start = first;
    while (start > done && BORDER[text.charCodeAt(start - 1)] !== 1) start--;
    let out = "";
    /** For each escape: where the decoded text goes on after it, and where the outer text does. */
    const inner: number[] = [];
    const outer: number[] = [];
    let last = start;
    let at = first;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      pattern.lastIndex = at;
      const match = code === sign.charCodeAt(0) ? pattern.exec(text) : null;
      if (match !== null) {
        out += text.slice(last, at) + meaning(match);
        at += match[0].length;
        last = at;
        inner.push(out.length);
        outer.push(at);
        // The next line of the same text, behind its indentation.
        while (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9) at++;
      } else if (BORDER[code] === 1) break;
      else at++;
    }
    done = at;
    if (inner.length > 0 && out.length + at - last >= LEAST_TEXT) {
      yield { text: out + text.slice(last, at), at: (index) => placeOf(inner, outer, index, start) };
    }
  }
}

/** The place of a character of a text that is put together from parts, whose starts are known inside and outside. */
function placeOf(inner: readonly number[], outer: readonly number[], index: number, start = 0): number {
  const k = lastAtMost(inner, index);
  return k < 0 ? start + index : (outer[k] ?? 0) + index - (inner[k] ?? 0);
}

/** The index of the last of these ascending numbers that is at most `bound`; -1 if none is. */
function lastAtMost(ascending: readonly number[], bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= bound) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Whether a code is one of plain text: what can be seen, blanks, and the end of a line. */
const isPlain = (code: number): boolean => (code >= 32 && code < 127) || code === 9 || code === 10 || code === 13;

/** Texts in which every other character is a zero: UTF-16, whichever end comes first. */
function* wide(text: string): Generator<Decoded> {
  for (let zero = text.indexOf("\0"); zero >= 0; zero = text.indexOf("\0", zero + 1)) {
    let last = zero;
    while (text.charCodeAt(last + 2) === 0 && isPlain(text.charCodeAt(last + 1))) last += 2;
    if (last - zero >= 2 * LEAST_TEXT - 4) {
      const start = zero > 0 && isPlain(text.charCodeAt(zero - 1)) ? zero - 1 : zero;
      const end = Math.min(text.length, last + 2);
      const decoded = text.slice(start, end).replaceAll("\0", "");
      yield { text: decoded, at: (index) => (index >= decoded.length ? end : start + 2 * index) };
    }
    zero = last;
  }
}

/** Values of the characters of base64 and base64url, by code; 255 of others. */
const BASE64 = new Uint8Array(128).fill(255);
"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  .split("")
  .forEach((one, value) => (BASE64[one.charCodeAt(0)] = value));
BASE64[45] = 62;
BASE64[95] = 63;

const isBase64 = (code: number): boolean => code < 128 && BASE64[code] !== 255;

/** What characters of base64 in a row stand for, across the ends of lines. */
function* packed(text: string, budget: DecodingBudget): Generator<Decoded> {
  for (let at = 0; at < text.length; at++) {
    if (!isBase64(text.charCodeAt(at))) continue;
    let end = at + 1;
    while (end < text.length && isBase64(text.charCodeAt(end))) end++;
    const first = end - at;
    if (first >= LEAST_BASE64) {
      const lines = [text.slice(at, end)];
      const inner = [0];
      const outer = [at];
      let length = first;
      // Lines of an encoded text are equally long, but for the last one.
      for (let start = nextLine(text, end); start > 0 && length % first === 0; start = nextLine(text, end)) {
        const from = start;
        end = start + 1;
        while (end < text.length && isBase64(text.charCodeAt(end))) end++;
        if (end - from > first) {
          end = (outer.at(-1) ?? 0) + (lines.at(-1)?.length ?? 0);
          break;
        }
        lines.push(text.slice(from, end));
        inner.push(length);
        outer.push(from);
        length += end - from;
      }
      const place = (index: number): number => placeOf(inner, outer, index);
      yield* unpacked(lines.length === 1 ? (lines[0] ?? "") : lines.join(""), place, end, budget);
    }
    at = end;
  }
}

/** Where the next line goes on with base64, behind its indentation; 0 if it does not. */
function nextLine(text: string, end: number): number {
  let at = end;
  if (text.charCodeAt(at) === 13) at++;
  if (text.charCodeAt(at) !== 10) return 0;
  at++;
  while (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9) at++;
  return at < text.length && isBase64(text.charCodeAt(at)) ? at : 0;
}

const latin1 = new TextDecoder("latin1");

/** What a run may stand for: base64 at each of its four alignments, and hexadecimal digits at both of theirs. */
function* unpacked(
  run: string,
  place: (index: number) => number,
  end: number,
  budget: DecodingBudget,
): Generator<Decoded> {
  for (let start = 0; start < 4 && !budget.isSpent; start++) {
    if (!mayBeText(run, start)) continue;
    const bytes = new Uint8Array(((run.length - start) * 3) >> 2);
    let bits = 0;
    for (let i = start, filled = 0; filled < bytes.length; i++) {
      bits = ((bits << 6) | (BASE64[run.charCodeAt(i)] ?? 0)) & 0xffffff;
      const have = (i - start) & 3;
      if (have > 0) bytes[filled++] = bits >> (6 - 2 * have);
    }
    budget.spent += bytes.length;
    yield* textsIn(bytes, (index) => (index >= bytes.length ? end : place(start + Math.floor((index * 4) / 3))));
  }
  for (const { 0: digits, index: first } of run.matchAll(/(?<![0-9A-Fa-f])[0-9A-Fa-f]{24,}/g)) {
    for (const start of [0, 1]) {
      const bytes = new Uint8Array((digits.length - start) >> 1);
      if (bytes.length * 2 < LEAST_HEX) continue;
      for (let i = 0; i < bytes.length; i++)
        bytes[i] = (digit(digits, start + 2 * i) << 4) | digit(digits, start + 2 * i + 1);
      budget.spent += bytes.length;
      const close = place(first + start + 2 * bytes.length - 1) + 1;
      yield* textsIn(bytes, (index) => (index >= bytes.length ? close : place(first + start + 2 * index)));
    }
  }
}

/**
 * Whether base64 from here on can stand for some ASCII characters in a row: in two groups of four, one after the other,
 * the highest bit of each byte must be zero. Most words are told apart by this, without being decoded.
 */
function mayBeText(run: string, start: number): boolean {
  let good = 0;
  for (let i = start; i + 3 < run.length; i += 4) {
    const high = valueAt(run, i) & 32 || valueAt(run, i + 1) & 8 || valueAt(run, i + 2) & 2;
    good = high === 0 ? good + 1 : 0;
    if (good === 2) return true;
  }
  return false;
}

const valueAt = (run: string, at: number): number => BASE64[run.charCodeAt(at)] ?? 0;

function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 58 ? code - 48 : (code & 31) + 9;
}

/** The stretches of bytes that read as text, in one byte or two a character. */
function* textsIn(bytes: Uint8Array, place: (index: number) => number): Generator<Decoded> {
  for (let at = 0; at < bytes.length; at++) {
    let end = at;
    let seen = 0;
    for (; end < bytes.length; end++) {
      const byte = bytes[end] ?? 0;
      if (isPlain(byte)) seen++;
      else if (byte !== 0) break;
    }
    const start = at;
    if (seen >= LEAST_TEXT)
      yield { text: latin1.decode(bytes.subarray(start, end)), at: (index) => place(start + index) };
    at = end;
  }
}
