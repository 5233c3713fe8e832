/** What looks like a credential, by the public formats of the issuers. A finding names the rule and the place, never the content. */
export interface Finding {
  readonly rule: string;
  /** Offset in the text or the stream where the match starts. */
  readonly offset: number;
}

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

/** A run of one repeated character is a placeholder (`ghp_xxxx…`), not a credential. */
function isPlaceholder(match: string): boolean {
  const body = match.slice(match.indexOf("_") + 1);
  return new Set(body.slice(-20)).size <= 3 && !match.includes("PRIVATE KEY");
}

/** Every finding in a text, at most `limit`. */
export function findSecrets(text: string, base = 0, limit = 20): Finding[] {
  const findings: Finding[] = [];
  for (const { id, mark, pattern } of SECRET_RULES) {
    if (!text.includes(mark)) continue;
    for (const match of text.matchAll(pattern)) {
      if (isPlaceholder(match[0])) continue;
      findings.push({ rule: id, offset: base + match.index });
      if (findings.length >= limit) return findings;
    }
  }
  return findings;
}
