import { base64, hex } from "../../../edge/encoding";
import { concatenated } from "../request/body";
import type { Token } from "../upstream/token";
import { ByteSearch } from "./byteSearch";

const REMOVED = "[removed by gatehouse]";

/**
 * GitHub breaks base64 into lines of sixty characters, others into longer ones. Of two adjacent pieces of thirty
 * characters, at least one is then whole.
 */
const PIECE = 30;

/**
 * Encodings of a character that a token can have: JSON's escapes, percent-encoding and HTML's numbers. `\u003c` and
 * `\u0026`, which GitHub often sends, are not among them.
 */
const ENCODED = /\\u00(?:0[ad]|2[bdef5]|3[\dd]|[4-7])|\\\/|&#|%(?:0[ad]|2[bdef5]|3[\dd]|[4-7][\da-f])/i;

/** Guard `answer-reflection`: finds and removes the token in every form in which a server may repeat it. */
export class TokenRedactor {
  /** Forms of the token that are removed where they occur. */
  private readonly forms: readonly string[];
  /** Base64 that is broken into lines. */
  private readonly broken: readonly RegExp[];
  private readonly search: ByteSearch;

  constructor(token: Token) {
    const bytes = encoder.encode(token.value);
    const digits = hex(bytes);
    const cores = base64Cores(bytes);
    const pieces = cores.flatMap(piecesOf);
    this.forms = [
      token.basic.slice("Basic ".length),
      token.value,
      token.value.split("").reverse().join(""),
      ...cores,
      digits,
      digits.toUpperCase(),
      percent(token.value),
      ...percentAll(digits),
      ...pieces,
    ];
    this.broken = cores.map(brokenAnywhere);
    this.search = new ByteSearch([...this.forms.slice(1).filter((form) => !cores.includes(form)), ...pieces]);
  }

  /** The text without the token; the same text when it has none. */
  clean(text: string): string {
    if (!this.has(text)) return text;
    let out = text;
    for (const lines of this.broken) out = out.replace(lines, REMOVED);
    for (const form of this.forms) if (out.includes(form)) out = out.split(form).join(REMOVED);
    // If the token is hidden behind an encoding, the whole text is removed.
    return this.has(out) ? REMOVED : out;
  }

  has(text: string): boolean {
    return this.search.isIn(text) || (isEncoded(text) && this.search.isIn(withoutEncodings(text)));
  }

  /** @param text the same bytes as text, in which encodings are looked for */
  isIn(bytes: Uint8Array, text: string): boolean {
    return this.search.isIn(bytes) || (isEncoded(text) && this.search.isIn(withoutEncodings(text)));
  }

  /** Searches an answer that streams by. */
  watch(): TokenWatch {
    return new TokenWatch(this.search);
  }
}

/** Searches a stream for the token. What may be the start of a token waits for the next piece. */
class TokenWatch {
  private held: Uint8Array = new Uint8Array(0);

  constructor(private readonly search: ByteSearch) {}

  /** The bytes that may leave now. Undefined if they contain the token. */
  push(piece: Uint8Array): Uint8Array | undefined {
    const all = this.held.length === 0 ? piece : concatenated([this.held, piece], this.held.length + piece.length);
    if (this.search.isIn(all)) return undefined;
    const open = this.search.openEnd(all);
    this.held = all.slice(all.length - open);
    return open === 0 ? all : all.subarray(0, all.length - open);
  }

  /** The bytes that still wait when the stream ends. */
  end(): Uint8Array {
    return this.held;
  }
}

const encoder = new TextEncoder();

/**
 * Two adjacent pieces of a text, one of which stays whole whatever line break divides it. A short text is one piece.
 */
function piecesOf(core: string): string[] {
  const length = Math.min(PIECE, core.length >> 1);
  return length < 16 ? [core] : [core.slice(0, length), core.slice(length, 2 * length)];
}

/**
 * Matches a text with line breaks anywhere: raw, as JSON escapes them, or as in a patch, with its sign at the start of
 * the next line.
 */
function brokenAnywhere(core: string): RegExp {
  return new RegExp([...core].map((c) => c.replace(/[+/]/, "\\$&")).join("(?:(?:\\\\[nr]|[\\r\\n])+[-+ ]?)?"), "g");
}

function isEncoded(text: string): boolean {
  return (
    (text.includes("\\u00") || text.includes("%") || text.includes("&#") || text.includes("\\/")) && ENCODED.test(text)
  );
}

/** The text with JSON's escapes, percent-encoding and HTML's numbers undone, one after the other. */
function withoutEncodings(text: string): string {
  const letter = (_: string, code: string): string => String.fromCharCode(parseInt(code, 16));
  return withoutEntities(
    text
      .replaceAll("\\/", "/")
      .replace(/\\u00([0-7][0-9a-f])/gi, letter)
      .replace(/%([0-7][0-9a-f])/gi, letter),
  );
}

/**
 * Base64 of the token inside any other text: in three alignments, without the characters that depend on its neighbours.
 */
function base64Cores(bytes: Uint8Array): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const padded = new Uint8Array(shift + bytes.length);
    padded.set(bytes, shift);
    const start = shift === 0 ? 0 : shift === 1 ? 2 : 3;
    const whole = Math.floor((padded.length * 8) / 6);
    const core = base64(padded).slice(start, whole);
    const url = core.replaceAll("+", "-").replaceAll("/", "_");
    return core === url ? [core] : [core, url];
  });
}

function percent(text: string): string {
  return [...text]
    .map((c) => (/[A-Za-z0-9]/.test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`))
    .join("");
}

/** Every byte percent-encoded, in both cases. */
function percentAll(hex: string): string[] {
  const lower = hex.replace(/../g, "%$&");
  return [lower, lower.toUpperCase()];
}

/** The text with numeric HTML entities decoded. */
function withoutEntities(text: string): string {
  return text.replace(
    /&#(?:x([0-9a-f]{1,4})|([0-9]{1,5}));/gi,
    (_, hex: string | undefined, decimal: string | undefined) =>
      String.fromCharCode(hex === undefined ? Number(decimal) : parseInt(hex, 16)),
  );
}
