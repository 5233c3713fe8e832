/**
 * Something that looks like a credential, by the public formats of the issuers. A finding has the rule and the place,
 * never the content.
 */
export interface Finding {
  readonly rule: string;
  /** Offset in the text or the stream where the match starts. */
  readonly offset: number;
  /** Only for `allowed-secret`: the rule that it would break, and why it is allowed. */
  readonly kind?: string;
  readonly reason?: string;
}

/** The rule of a finding that is allowed. The record says why. */
export const ALLOWED_SECRET = "allowed-secret";

/** A finding with the value that was found. It must not leave the request. */
export interface SecretMatch extends Finding {
  readonly value: string;
  /** The length of the match: that of the value, or for a private key that of its first line. */
  readonly length: number;
}

/** Why the policy allows a value. Undefined if it does not. */
export type AllowsValue = (value: string) => string | undefined;

interface SecretRule {
  readonly id: string;
  /** A substring of every match. A text without it need not be searched with the pattern. */
  readonly mark: string;
  readonly pattern: RegExp;
}

const rule = (id: string, mark: string, pattern: RegExp): SecretRule => ({ id, mark, pattern });

/** Each repetition is bounded and over one character class, so matching is linear. */
export const SECRET_RULES: readonly SecretRule[] = [
  rule("github-classic-token", "gh", /\bgh[pour]_[A-Za-z0-9]{36,255}/g),
  rule("github-installation-token", "ghs_", /\bghs_[A-Za-z0-9._-]{36,700}/g),
  rule("github-fine-grained-token", "github_pat_", /\bgithub_pat_[A-Za-z0-9_]{60,255}/g),
  rule("gatehouse-key", "g", /\bg(?:hk|op)_[A-Za-z0-9_-]{43}/g),
  rule("private-key", "PRIVATE KEY", /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g),
  rule("aws-access-key", "A", /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g),
  rule("google-api-key", "AIza", /\bAIza[A-Za-z0-9_-]{35}/g),
  rule("slack-token", "xox", /\bxox[abeoprs]-[A-Za-z0-9-]{20,250}/g),
  rule("anthropic-key", "sk-ant-", /\bsk-ant-[A-Za-z0-9_-]{32,250}/g),
  rule("vault-token", "hv", /\bhv[sbr]\.[A-Za-z0-9_-]{24,250}/g),
  rule("npm-token", "npm_", /\bnpm_[A-Za-z0-9]{36}/g),
  rule("stripe-key", "k_live_", /\b[rs]k_live_[A-Za-z0-9]{20,250}/g),
];

/** The longest match, in characters. A stream is searched in windows that overlap by this. */
export const SECRET_SPAN = 768;

/**
 * The text without what looks like a credential, as a record may have it. Every credential has a run of twenty plain
 * characters.
 */
export function withoutSecrets(text: string): string {
  if (!/[A-Za-z0-9_-]{20}/.test(text)) return text;
  let out = text;
  for (const { id, mark, pattern } of SECRET_RULES) if (out.includes(mark)) out = out.replace(pattern, `[${id}]`);
  return out;
}

/** Example credentials from the issuers' documentation, without their prefixes. They open nothing. */
const EXAMPLES: readonly string[] = ["16C7e42F292c6912E7710c838347Ae178B4a", "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe"];
/**
 * Words that people write instead of a credential. A generator makes one of them less than once in a thousand million.
 */
const WORDS =
  /example|placeholder|your[-_]?(?:token|key|secret|api)|redacted|changeme|replace[-_]?me|not[-_]?a[-_]?real/i;

/** For each format, the length of the prefix, and the least length of what follows it. */
const SHAPES: Readonly<Record<string, readonly [prefix: number, least: number]>> = {
  "github-classic-token": [4, 36],
  "github-installation-token": [4, 36],
  "github-fine-grained-token": [11, 60],
  "gatehouse-key": [4, 43],
  "aws-access-key": [4, 16],
  "google-api-key": [4, 35],
  "slack-token": [5, 20],
  "anthropic-key": [7, 32],
  "vault-token": [4, 24],
  "npm-token": [4, 36],
  "stripe-key": [8, 20],
};

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
 * has decides; anything after it could be added to a real one as a disguise.
 */
function isPlaceholder(rule: string, match: string, after: string): boolean {
  const shape = SHAPES[rule];
  // A private key with nothing between its first and last line.
  if (shape === undefined)
    return /^(?:\\[nr]|\s){0,4}(?:\.{3}|…|<[^<>]{0,60}>|\[[^[\]]{0,60}\])?(?:\\[nr]|\s){0,4}-----END/.test(after);
  const own = match.slice(shape[0], shape[0] + shape[1]);
  return new Set(own).size <= 3 || EXAMPLES.includes(own) || WORDS.test(own) || isCounted(own);
}

/** Findings in a text: at most `limit` that refuse it, and each allowed value once. */
export function findSecrets(text: string, base = 0, limit = 20, allows?: AllowsValue): Finding[] {
  return matchSecrets(text, base, limit, allows).map(withoutValue);
}

/** The same, with the values. */
export function matchSecrets(text: string, base = 0, limit = 20, allows?: AllowsValue): SecretMatch[] {
  const matches: SecretMatch[] = [];
  const allowed = new Set<string>();
  for (const { id, mark, pattern } of SECRET_RULES) {
    if (!text.includes(mark)) continue;
    for (const match of text.matchAll(pattern)) {
      const end = match.index + match[0].length;
      const isKey = SHAPES[id] === undefined;
      const value = isKey ? keyAt(text, match.index) : match[0];
      const { length } = match[0];
      if (allowed.has(value) || isPlaceholder(id, value, text.slice(end, end + 128))) continue;
      // A private key cannot be allowed by value, because only its first line is searched for.
      const reason = isKey ? undefined : allows?.(value);
      const offset = base + match.index;
      if (reason !== undefined) {
        allowed.add(value);
        matches.push({ rule: ALLOWED_SECRET, kind: id, offset, reason, value, length });
      } else {
        matches.push({ rule: id, offset, value, length });
        if (matches.length - allowed.size >= limit) return matches;
      }
    }
  }
  return matches;
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
export function secretsIn(text: string): ReadonlySet<string> {
  return new Set(matchSecrets(text, 0, MAX_KNOWN).map(({ value }) => value));
}

/** The reason of a finding that the previous content had too. */
export const STOOD_BEFORE = "stood there before";

/** How many findings are read in a previous content. */
const MAX_KNOWN = 1000;

/** The finding, allowed for this reason. One that is already allowed keeps its own reason. */
export function allowedBy(reason: string, { rule, offset, ...allowed }: Finding): Finding {
  return rule === ALLOWED_SECRET ? { rule, offset, ...allowed } : { rule: ALLOWED_SECRET, kind: rule, offset, reason };
}

/** The findings that refuse a content. */
export function refusing<F extends Finding>(findings: readonly F[]): F[] {
  return findings.filter(({ rule }) => rule !== ALLOWED_SECRET);
}
