import { canariesIn } from "./canaries";
import { CREDENTIAL_FORMATS, PRIVATE_KEY } from "./credentialFormats";
import { DecodingBudget, decodings, MAX_NESTING } from "./encodings";
import type { Json } from "./json";
import { endOfMatch, isWord, startsOf, type OwnPattern } from "./ownPattern";

/**
 * Something that looks like a credential, by the public formats of the issuers. A finding has the rule and the place,
 * never the content.
 */
export interface Finding {
  readonly rule: string;
  /** Offset in the text or the stream where the match starts. */
  readonly offset: number;
  /** Only for `allowed-secret` and `alerted-secret`: the rule that it would break. */
  readonly kind?: string;
  /** Only for `allowed-secret`: why it is allowed. Only for a canary token: its name in the environment file. */
  readonly reason?: string;
}

/** The rule of a finding that is allowed. The record says why. */
export const ALLOWED_SECRET = "allowed-secret";
/** The rule of a finding of a kind that raises an alert and passes (`gate.alertOnlySecrets`). */
export const ALERTED_SECRET = "alerted-secret";
/** The rule of a canary token. */
export const CANARY = "canary-token";
/** The rule of a content that has more in encodings than is decoded. */
const TOO_ENCODED = "too-many-encodings";

/** A finding with the value that was found. It must not leave the request. */
export interface SecretMatch extends Finding {
  readonly value: string;
  /** The length of the match: that of the value, or for a private key that of its first line; encoded, as it stands. */
  readonly length: number;
}

/** Why the policy allows a value. Undefined if it does not. */
export type AllowsValue = (value: string) => string | undefined;

/** What a policy searches for beside the public formats, and what of all that may pass. */
export interface SecretRules {
  readonly patterns?: readonly OwnPattern[];
  /** Canary tokens: their names by the SHA-256 of the value, in hexadecimal digits. */
  readonly canaries?: ReadonlyMap<string, string>;
  /** Kinds that pass with an alert. */
  readonly alertOnly?: ReadonlySet<string>;
  readonly allows?: AllowsValue | undefined;
}

/** One kind of credential, ready to match. */
interface Kind {
  readonly id: string;
  /** Where a match that starts here ends; -1 if none does. */
  end(text: string, at: number): number;
  /** With what a match begins, and the length of what every credential has after it. Undefined: no placeholders. */
  readonly start?: string;
  readonly least?: number;
}

/** Kinds by how a match starts, so that few are tried at each place. */
interface Index {
  /** By the codes of the first two characters: kinds that start where a word does. */
  readonly words: readonly (readonly Kind[] | undefined)[];
  /** By the code of the first character: kinds that start anywhere. */
  readonly anywhere: readonly (readonly Kind[] | undefined)[];
}

const pairOf = (text: string, at: number): number => (text.charCodeAt(at) << 7) | text.charCodeAt(at + 1);

const FORMATS: readonly Kind[] = CREDENTIAL_FORMATS.flatMap(({ id, starts, rest, least }) =>
  starts.map((start): Kind => ({ id, start, least, end: follows(start, rest) })),
);
const PRIVATE: Kind = { id: PRIVATE_KEY.id, end: follows(PRIVATE_KEY.start, PRIVATE_KEY.rest) };

function follows(start: string, rest: string): Kind["end"] {
  const pattern = new RegExp(rest, "y");
  return (text, at) => {
    if (!text.startsWith(start, at)) return -1;
    pattern.lastIndex = at + start.length;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
}

const BUILT_IN: Index = (() => {
  // Filled, since an array with a few far indexes is looked up like a map.
  const words = Array.from<Kind[] | undefined>({ length: 128 * 128 }).fill(undefined);
  for (const kind of FORMATS) (words[pairOf(kind.start ?? "", 0)] ??= []).push(kind);
  const anywhere = Array.from<Kind[] | undefined>({ length: 128 }).fill(undefined);
  anywhere[PRIVATE_KEY.start.charCodeAt(0)] = [PRIVATE];
  return { words, anywhere };
})();

const indexes = new WeakMap<readonly OwnPattern[], Index>();

/** The public formats and the organization's own patterns; made once for each list of patterns. */
function indexOf(patterns: readonly OwnPattern[] | undefined): Index {
  if (patterns === undefined || patterns.length === 0) return BUILT_IN;
  const known = indexes.get(patterns);
  if (known !== undefined) return known;
  const anywhere = Array.from({ length: 128 }, (_, code) => [...(BUILT_IN.anywhere[code] ?? [])]);
  for (const pattern of patterns) {
    const kind: Kind = { id: pattern.name, end: (text, at) => endOfMatch(pattern, text, at) };
    for (const code of startsOf(pattern)) anywhere[code]?.push(kind);
  }
  const index = { words: BUILT_IN.words, anywhere };
  indexes.set(patterns, index);
  return index;
}

/** Every kind that may be named as one that passes with an alert; a canary token never is. */
export const SECRET_KINDS: readonly string[] = [...CREDENTIAL_FORMATS.map(({ id }) => id), PRIVATE_KEY.id];

/** The longest match, in characters. */
const SECRET_SPAN = 768;
/** The longest match as it stands encoded. A stream is searched in windows that overlap by this. */
export const ENCODED_SPAN = 6 * SECRET_SPAN;

interface Place {
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
}

/** Every match of a kind, by its place. Matches of one kind do not overlap. */
function placesIn(text: string, { words, anywhere }: Index): readonly Place[] {
  const places: Place[] = [];
  const last = new Map<Kind, number>();
  const at = (kinds: readonly Kind[], from: number): void => {
    for (const kind of kinds) {
      const to = kind.end(text, from);
      if (to < 0 || (last.get(kind) ?? 0) > from) continue;
      last.set(kind, to);
      places.push({ kind, from, to });
    }
  };
  let before = 32;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const others = code < 128 ? anywhere[code] : undefined;
    if (others !== undefined) at(others, i);
    if (code < 128 && !isWord(before)) {
      const next = text.charCodeAt(i + 1);
      const kinds = next < 128 ? words[(code << 7) | next] : undefined;
      if (kinds !== undefined) at(kinds, i);
    }
    before = code;
  }
  return places;
}

/**
 * The text without what looks like a credential, as a record may have it.
 * @param rules forms and canary tokens that are taken out too; without them the public formats alone are
 */
export function withoutSecrets(text: string, rules: SecretRules = {}): string {
  const { patterns, canaries } = rules;
  const isPublic = patterns === undefined && canaries === undefined;
  // Every credential of a public format has a run of sixteen plain characters.
  if (isPublic && !/[A-Za-z0-9_-]{16}|PRIVATE KEY/.test(text)) return text;
  const places = placesIn(text, indexOf(patterns)).map(({ kind, from, to }) => ({ id: kind.id, from, to }));
  if (canaries !== undefined)
    for (const { from, to } of canariesIn(text, canaries)) places.push({ id: CANARY, from, to });
  let out = "";
  let done = 0;
  for (const { id, from, to } of places.sort((a, b) => a.from - b.from || b.to - a.to)) {
    if (from < done) continue;
    out += `${text.slice(done, from)}[${id}]`;
    done = to;
  }
  out += text.slice(done);
  if (isPublic) return out;
  const [left] = findSecrets(out, 0, 1, { ...(patterns && { patterns }), ...(canaries && { canaries }) });
  return left === undefined ? out : `[${left.rule}]`;
}

/** Example credentials from the issuers' documentation, without their prefixes. They open nothing. */
const EXAMPLES: readonly string[] = ["16C7e42F292c6912E7710c838347Ae178B4a", "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe"];
/**
 * Words that people write instead of a credential. A generator makes one of them less than once in a thousand million.
 */
const WORDS =
  /example|placeholder|your[-_]?(?:token|key|secret|api)|redacted|changeme|replace[-_]?me|not[-_]?a[-_]?real/i;

/** Whether at least three of four characters count up, count down or repeat: `abcdef…`, `1234567890…`, `xxxx…`. */
function isCounted(text: string): boolean {
  let steps = 0;
  for (let i = 1; i < text.length; i++) {
    const step = text.charCodeAt(i) - text.charCodeAt(i - 1);
    if (Math.abs(step) <= 1 || /z0|90|9a|f0|f1|z1|9A|Z0|F0|zA|Za/.test(text.slice(i - 1, i + 1))) steps++;
  }
  return steps * 4 >= (text.length - 1) * 3;
}

/**
 * Whether a match is an obvious placeholder or a well-known example. Only the part that every credential of its format
 * has decides; anything after it could be added to a real one as a disguise. What the organization names itself has no
 * placeholders.
 */
function isPlaceholder({ id, start, least = 0 }: Kind, match: string, after: string): boolean {
  // A private key with nothing between its first and last line.
  if (id === PRIVATE_KEY.id)
    return /^(?:\\[nr]|\s){0,4}(?:\.{3}|…|<[^<>]{0,60}>|\[[^[\]]{0,60}\])?(?:\\[nr]|\s){0,4}-----END/.test(after);
  if (start === undefined) return false;
  const own = match.slice(start.length, start.length + least);
  return new Set(own).size <= 3 || EXAMPLES.includes(own) || WORDS.test(own) || isCounted(own);
}

/** Findings in a text: at most `limit` that refuse it, and each value that may pass once. */
export function findSecrets(text: string, base = 0, limit = 20, rules: SecretRules = {}): Finding[] {
  return matchSecrets(text, base, limit, rules).map(withoutValue);
}

/**
 * The same, with the values. What stands encoded in the text is searched too (encodings.ts), and has its place in the
 * text.
 */
export function matchSecrets(text: string, base = 0, limit = 20, rules: SecretRules = {}): SecretMatch[] {
  const search = new Search(rules, base, limit);
  search.in(text, (index) => index, 0, new DecodingBudget(text.length));
  return search.matches;
}

class Search {
  readonly matches: SecretMatch[] = [];
  private readonly passed = new Set<string>();
  private readonly seen = new Set<string>();
  private refused = 0;
  private readonly index: Index;

  constructor(
    private readonly rules: SecretRules,
    private readonly base: number,
    private readonly limit: number,
  ) {
    this.index = indexOf(rules.patterns);
  }

  private get isFull(): boolean {
    return this.refused >= this.limit;
  }

  /** @param place where in the content a character of this text stands */
  in(text: string, place: (index: number) => number, depth: number, budget: DecodingBudget): void {
    for (const { kind, from, to } of placesIn(text, this.index)) {
      const value = kind.id === PRIVATE_KEY.id ? keyAt(text, from) : text.slice(from, to);
      if (!isPlaceholder(kind, value, text.slice(to, to + 128))) this.note(kind.id, value, place(from), place(to));
      if (this.isFull) return;
    }
    const { canaries } = this.rules;
    if (canaries !== undefined && canaries.size > 0)
      for (const { from, to, name } of canariesIn(text, canaries)) {
        this.note(CANARY, text.slice(from, to), place(from), place(to), name);
        if (this.isFull) return;
      }
    if (depth === MAX_NESTING) return;
    for (const inner of decodings(text, budget)) {
      this.in(inner.text, (index) => place(inner.at(index)), depth + 1, budget);
      if (this.isFull) return;
    }
    if (depth === 0 && budget.isSpent) this.note(TOO_ENCODED, "", place(0), place(text.length));
  }

  private note(kind: string, value: string, from: number, to: number, name?: string): void {
    const spot = `${kind}@${from}`;
    if (this.passed.has(value) || this.seen.has(spot)) return;
    this.seen.add(spot);
    const found = { offset: this.base + from, value, length: to - from };
    // A private key cannot be allowed by value, because only its first line is searched for.
    const isBare = kind === PRIVATE_KEY.id || kind === CANARY || kind === TOO_ENCODED;
    const reason = isBare ? undefined : this.rules.allows?.(value);
    if (reason !== undefined) {
      this.passed.add(value);
      this.matches.push({ rule: ALLOWED_SECRET, kind, reason, ...found });
    } else if (this.rules.alertOnly?.has(kind) === true) {
      this.passed.add(value);
      this.matches.push({ rule: ALERTED_SECRET, kind, ...found });
    } else {
      this.refused++;
      this.matches.push({ rule: kind, ...found, ...(name === undefined ? {} : { reason: name }) });
    }
  }
}

/** A private key from its first to its last line, or up to the length of the longest one. */
function keyAt(text: string, start: number): string {
  const last = text.indexOf("-----END ", start);
  const end = last < 0 ? -1 : text.indexOf("-----", last + 9);
  return text.slice(start, Math.min(end < 0 ? Infinity : end + 5, start + 32_768));
}

/** A finding without its value, as it may leave the request. */
export function withoutValue({ value: _, length: _length, ...finding }: SecretMatch): Finding {
  return finding;
}

/** The values in a content that look like credentials. They must not leave the request. */
export function secretsIn(text: string, { patterns, canaries }: SecretRules = {}): ReadonlySet<string> {
  const rules = { ...(patterns && { patterns }), ...(canaries && { canaries }) };
  return new Set(
    matchSecrets(text, 0, MAX_KNOWN, rules).flatMap(({ rule, value }) => (rule === TOO_ENCODED ? [] : [value])),
  );
}

/** The reason of a finding that the previous content had too. */
export const STOOD_BEFORE = "stood there before";

/** How many findings are read in a previous content. */
const MAX_KNOWN = 1000;

/** The finding, allowed for this reason. One that passes already stays as it is. */
export function allowedBy(reason: string, finding: Finding): Finding {
  const { rule, offset } = finding;
  return refuses(finding) ? { rule: ALLOWED_SECRET, kind: rule, offset, reason } : finding;
}

const refuses = ({ rule }: Finding): boolean => rule !== ALLOWED_SECRET && rule !== ALERTED_SECRET;

/** The findings that refuse a content. */
export function refusing<F extends Finding>(findings: readonly F[]): F[] {
  return findings.filter(refuses);
}

/** The findings that pass. */
export function passing<F extends Finding>(findings: readonly F[]): F[] {
  return findings.filter((finding) => !refuses(finding));
}

/** Every text in a JSON value, names of keys included, one a line: as it is read, not as it is written. */
export function textsIn(value: Json): string {
  const texts: string[] = [];
  const visit = (inner: Json): void => {
    if (typeof inner === "string") texts.push(inner);
    else if (Array.isArray(inner)) inner.forEach(visit);
    else if (inner !== null && typeof inner === "object")
      for (const [key, one] of Object.entries(inner)) {
        texts.push(key);
        visit(one);
      }
  };
  visit(value);
  return texts.join("\n");
}
