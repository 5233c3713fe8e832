import { base64, hex } from "../../../edge/encoding";
import type { CompiledPolicy } from "../../policy/compiled";
import { concatenated } from "../request/requests";
import type { Token } from "../upstream/token";
import { ByteSearch } from "./byteSearch";

/** Guard `answer-headers`: what of GitHub's headers reaches the agent. No cookie, no scope of the token, no cache rule of GitHub's. */
const PASSED: readonly string[] = [
  "content-type",
  "etag",
  "last-modified",
  "retry-after",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-used",
  "x-ratelimit-resource",
  "x-github-request-id",
  "x-github-media-type",
  "x-github-api-version-selected",
  "x-poll-interval",
  "deprecation",
  "sunset",
  "content-disposition",
];

/** Headers of an answer: the allow-list, and the gate's own. Each is asked for by its name, which takes half the time of going through all that GitHub sends. */
export function answerHeaders(upstream: Headers, requestId: string): Record<string, string> {
  const headers: Record<string, string> = {
    "cache-control": "private, no-store",
    "x-content-type-options": "nosniff",
    "x-gatehouse-request-id": requestId,
  };
  for (const name of PASSED) {
    const value = upstream.get(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

/** The answer to the agent. Its headers are set one by one: given as a plain object they take the runtime half as long again. */
export function respond(body: BodyInit | null, status: number, headers: Readonly<Record<string, string>>): Response {
  const answer = new Response(body, { status });
  const own = answer.headers;
  for (const name of Object.keys(headers)) own.set(name, headers[name] ?? "");
  return answer;
}

/** What an agent sees instead of GitHub's addresses. */
export class AddressRewriter {
  private readonly quotedApi: RegExp;
  private readonly quotedClone: RegExp;
  private readonly listed: ReadonlySet<string>;

  constructor(private readonly policy: CompiledPolicy) {
    this.quotedApi = quoted(policy.upstream.api, '(?=[/"{?])');
    this.quotedClone = quoted(`${policy.upstream.git}/`, '([^"\\\\/]{1,100}/[^"\\\\/]{1,100})\\.git(?=")');
    this.listed = new Set([...policy.repositories.values()].map(({ fullName }) => fullName));
  }

  /** Guard `answer-link`: pagination links, each to a path that the gate knows; others are left out. */
  link(value: string, base: string): string | undefined {
    const links = value.split(/, *(?=<)/).map((link) => {
      const parts = /^<([^>]*)>(;.*)$/.exec(link);
      const back = parts?.[1] === undefined ? undefined : this.back(parts[1], base);
      return back === undefined ? undefined : `<${back}>${parts?.[2] ?? ""}`;
    });
    const kept = links.filter((link) => link !== undefined);
    return kept.length === 0 ? undefined : kept.join(", ");
  }

  /** One address of the API as the agent may use it: numeric repository paths by name; undefined when it leads elsewhere. */
  back(url: string, base: string): string | undefined {
    const api = this.policy.upstream.api;
    if (!url.startsWith(`${api}/`)) return undefined;
    const rest = url.slice(api.length);
    const numeric = /^\/repositories\/(\d+)(?=[/?]|$)/.exec(rest);
    if (numeric === null) return base + rest;
    const repository = this.policy.byId.get(numeric[1] ?? "");
    return repository && `${base}/repos/${repository.fullName}${rest.slice(numeric[0].length)}`;
  }

  /** Guard `answer-url`: addresses that stand at the start of a JSON string lead to the gate: the API's, and clone addresses of listed repositories. */
  body(text: string, base: string): string {
    const out = text.replace(this.quotedApi, literal(`"${base}`));
    if (!out.includes('.git"')) return out;
    const origin = /^https?:\/\/[^/]+/.exec(base)?.[0] ?? base;
    return out.replace(this.quotedClone, (whole, name: string) =>
      this.listed.has(name) ? `"${origin}/${name}.git` : whole,
    );
  }
}

/** A text that starts with the quote of a JSON string: within a string the quote would stand behind a backslash. */
const quoted = (text: string, then: string): RegExp =>
  new RegExp(`(?<!\\\\)"${text.replace(/[^A-Za-z0-9]/g, "\\$&")}${then}`, "g");

/** A replacement in which nothing stands for what was found. */
const literal = (text: string): string => text.replaceAll("$", "$$$$");

const REMOVED = "[removed by gatehouse]";

/** GitHub breaks base64 into lines of sixty characters, others into longer ones: of two pieces of thirty next to each other, one is whole. */
const PIECE = 30;

/** What may stand for a character of a token: JSON's escapes, percent-encoding and HTML's numbers. `\u003c` and `\u0026`, which GitHub often sends, cannot. */
const ENCODED = /\\u00(?:0[ad]|2[bdef5]|3[\dd]|[4-7])|\\\/|&#|%(?:0[ad]|2[bdef5]|3[\dd]|[4-7][\da-f])/i;

/** Guard `answer-reflection`: every form in which a server may repeat a token that it was shown. */
export class TokenRedactor {
  /** Forms that are taken out where they stand. */
  private readonly forms: readonly string[];
  /** Base64 in lines. */
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
    // A text that hides it behind an encoding is not passed in parts.
    return this.has(out) ? REMOVED : out;
  }

  has(text: string): boolean {
    return this.search.isIn(text) || (isEncoded(text) && this.search.isIn(withoutEncodings(text)));
  }

  /** @param text the same in letters, in which encodings are looked for */
  isIn(bytes: Uint8Array, text: string): boolean {
    return this.search.isIn(bytes) || (isEncoded(text) && this.search.isIn(withoutEncodings(text)));
  }

  /** Looks through an answer that passes in pieces. */
  watch(): TokenWatch {
    return new TokenWatch(this.search);
  }
}

/** Leaves out headers that repeat the token; looked at together first, because none ever should. */
export function cleanHeaders(headers: Record<string, string>, redactor: TokenRedactor): Record<string, string> {
  if (!redactor.has(Object.values(headers).join("\n"))) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => !redactor.has(value)));
}

/** A stream that is looked through as it passes. What may be the beginning of a token waits for the next piece. */
export class TokenWatch {
  private held: Uint8Array = new Uint8Array(0);

  constructor(private readonly search: ByteSearch) {}

  /** What may leave now; undefined when the token is in it. */
  push(piece: Uint8Array): Uint8Array | undefined {
    const all = this.held.length === 0 ? piece : concatenated([this.held, piece], this.held.length + piece.length);
    if (this.search.isIn(all)) return undefined;
    const open = this.search.openEnd(all);
    this.held = all.slice(all.length - open);
    return open === 0 ? all : all.subarray(0, all.length - open);
  }

  /** What waits, when nothing follows. */
  end(): Uint8Array {
    return this.held;
  }
}

const encoder = new TextEncoder();

/** Two pieces of a core that a line break leaves whole between them; the core itself where it is short. */
function piecesOf(core: string): string[] {
  const length = Math.min(PIECE, core.length >> 1);
  return length < 16 ? [core] : [core.slice(0, length), core.slice(length, 2 * length)];
}

/** A text with breaks as they are, as JSON has them, or as a patch has them, with its sign at the next line's beginning. */
function brokenAnywhere(core: string): RegExp {
  return new RegExp([...core].map((c) => c.replace(/[+/]/, "\\$&")).join("(?:(?:\\\\[nr]|[\\r\\n])+[-+ ]?)?"), "g");
}

function isEncoded(text: string): boolean {
  return (
    (text.includes("\\u00") || text.includes("%") || text.includes("&#") || text.includes("\\/")) && ENCODED.test(text)
  );
}

/** Text as a reader understands it who undoes JSON's escapes, percent-encoding and HTML's numbers, one after the other. */
function withoutEncodings(text: string): string {
  const letter = (_: string, code: string): string => String.fromCharCode(parseInt(code, 16));
  return withoutEntities(
    text
      .replaceAll("\\/", "/")
      .replace(/\\u00([0-7][0-9a-f])/gi, letter)
      .replace(/%([0-7][0-9a-f])/gi, letter),
  );
}

/** Base64 of the token inside any other text: three alignments, without the characters that depend on the neighbours. */
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

/** Text with its numeric HTML entities read. */
function withoutEntities(text: string): string {
  return text.replace(
    /&#(?:x([0-9a-f]{1,4})|([0-9]{1,5}));/gi,
    (_, hex: string | undefined, decimal: string | undefined) =>
      String.fromCharCode(hex === undefined ? Number(decimal) : parseInt(hex, 16)),
  );
}
