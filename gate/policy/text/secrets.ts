/** What looks like a credential, by the public formats of the issuers. A finding names the rule and the place, never the content. */
export interface Finding {
  readonly rule: string;
  /** Offset in the text or the stream where the match starts. */
  readonly offset: number;
  /** Of `allowed-secret` alone: the rule that it would have broken, and why the environment file allows it. */
  readonly kind?: string;
  readonly reason?: string;
}

/** Rule of a finding that refuses nothing: the posture allows the value or the place, and the record says why. */
export const ALLOWED_SECRET = "allowed-secret";

/** A finding with what was found. Stays in the request that it was found in. */
export interface SecretMatch extends Finding {
  readonly value: string;
  /** Length of the match, which is that of the value, but for a private key: there it is that of its first line. */
  readonly length: number;
}

/** Why the posture allows a value; undefined when it does not. */
export type AllowsValue = (value: string) => string | undefined;

interface SecretRule {
  readonly id: string;
  /** Substring that every match contains; a text without it is not searched further. */
  readonly mark: string;
  readonly pattern: RegExp;
}

const rule = (id: string, mark: string, pattern: RegExp): SecretRule => ({ id, mark, pattern });

/** Each repetition is bounded and over one character class, so that matching stays linear. */
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

/** Characters that a match may span at most; a stream is searched in windows that overlap by this. */
export const SECRET_SPAN = 768;

/** A text as it may stand in a record: what looks like a credential is left out. Every one has a run of twenty plain characters. */
export function withoutSecrets(text: string): string {
  if (!/[A-Za-z0-9_-]{20}/.test(text)) return text;
  let out = text;
  for (const { id, mark, pattern } of SECRET_RULES) if (out.includes(mark)) out = out.replace(pattern, `[${id}]`);
  return out;
}

/** Credentials of the issuers' own documentation, without their prefixes. They open nothing. */
const EXAMPLES: readonly string[] = ["16C7e42F292c6912E7710c838347Ae178B4a", "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe"];
/** Words that a person writes where a credential would stand. No generator makes them but once in a thousand million. */
const WORDS =
  /example|placeholder|your[-_]?(?:token|key|secret|api)|redacted|changeme|replace[-_]?me|not[-_]?a[-_]?real/i;

/** Length of each format's prefix, and of what every credential of it has behind that at least. */
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

/** Whether a run counts up or down, or repeats, in three of four steps: `abcdef…`, `1234567890…`, `xxxx…`. */
function isCounted(text: string): boolean {
  let steps = 0;
  for (let i = 1; i < text.length; i++) {
    const step = text.charCodeAt(i) - text.charCodeAt(i - 1);
    if (Math.abs(step) <= 1 || /z0|90|9a|f0|f1|z1|9A|Z0|F0|zA|Za/.test(text.slice(i - 1, i + 1))) steps++;
  }
  return steps * 4 >= (text.length - 1) * 3;
}

/**
 * An obvious placeholder, or an example that everybody knows. Only what every credential of its format has decides, never what stands behind it: that
 * could be added to a real one, to make it look like none.
 */
function isPlaceholder(rule: string, match: string, after: string): boolean {
  const shape = SHAPES[rule];
  // A private key without anything between its first and its last line.
  if (shape === undefined)
    return /^(?:\\[nr]|\s){0,4}(?:\.{3}|…|<[^<>]{0,60}>|\[[^[\]]{0,60}\])?(?:\\[nr]|\s){0,4}-----END/.test(after);
  const own = match.slice(shape[0], shape[0] + shape[1]);
  return new Set(own).size <= 3 || EXAMPLES.includes(own) || WORDS.test(own) || isCounted(own);
}

/** Findings in a text: at most `limit` that refuse it, and each value once that `allows` knows. */
export function findSecrets(text: string, base = 0, limit = 20, allows?: AllowsValue): Finding[] {
  return matchSecrets(text, base, limit, allows).map(withoutValue);
}

/** The same with what was found. */
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
      // The first line of a private key is no value: it is the same in all of them.
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

/** A private key from its first line to its last, or as far as the longest one reaches. */
function keyAt(text: string, start: number): string {
  const last = text.indexOf("-----END ", start);
  const end = last < 0 ? -1 : text.indexOf("-----", last + 9);
  return text.slice(start, Math.min(end < 0 ? Infinity : end + 5, start + 32_768));
}

/** A finding as it may leave the request. */
export function withoutValue({ value: _, length: _length, ...finding }: SecretMatch): Finding {
  return finding;
}

/** What looks like a credential in a content: the values, which stay in the request. */
export function secretsIn(text: string): ReadonlySet<string> {
  return new Set(matchSecrets(text, 0, MAX_KNOWN).map(({ value }) => value));
}

/** Reason of a finding that stood in the same place before. */
export const STOOD_BEFORE = "stood there before";

/** Findings that are read in what stood there before. */
const MAX_KNOWN = 1000;

/** A finding that does not refuse: what is in a file at an allowed path. One that is allowed already keeps its own reason. */
export function allowedBy(reason: string, { rule, offset, ...allowed }: Finding): Finding {
  return rule === ALLOWED_SECRET ? { rule, offset, ...allowed } : { rule: ALLOWED_SECRET, kind: rule, offset, reason };
}

/** The findings that refuse a content. */
export function refusing<F extends Finding>(findings: readonly F[]): F[] {
  return findings.filter(({ rule }) => rule !== ALLOWED_SECRET);
}
