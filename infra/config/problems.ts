import { distance } from "fastest-levenshtein";
import type { z } from "zod";
import type { PostureProblem } from "../model/errors";
import { ACTIONS_APP_ID } from "../model/schema";
import { knownKeys, valueAt } from "./walk";

/** Marks an issue for which the schema has no sentence of its own. Never shown. */
export const NO_SENTENCE = "\u0000";

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** What would be right at a place whose value is missing or of the wrong type, by key path without indexes. */
const EXPECTED: Readonly<Record<string, string>> = {
  organization: "the organization's GitHub login, such as acme",
  githubUrl: "the base URL of your GitHub Enterprise Server or your enterprise on GHE.com, or nothing for github.com",
  agent: "{ machineUser: …, credential: { kind: … } }",
  "agent.machineUser": "the GitHub login of the agent's own account, such as claude-bot",
  "agent.credential": "{ kind: personal-access-token, expiryDays: 30 } or another kind",
  "agent.credential.clientId": "the client id of the GitHub App",
  "agent.credential.appId": "the id of the GitHub App",
  "agent.credential.installationId": "the id of the App's installation in the organization",
  "agent.environment": "{ kind: claude-managed-agent, model: claude-opus-5-5 }",
  "agent.environment.model": "the model that the agent runs on, such as claude-opus-5-5",
  "agent.environment.tools": "a list such as [{ name: create_pull_request }]",
  "agent.environment.tools[]": "a mapping such as { name: create_pull_request, policy: always_ask }",
  "agent.environment.allowedHosts": "a list of host names such as [packages.acme.dev]",
  repositories: "a list such as [{ name: api, access: read }]",
  "repositories[]": "a mapping such as { name: api, access: read }",
  "repositories[].name": "a repository name without its owner, such as api",
  "repositories[].access": "read or write",
  "repositories[].reviewers": "a list of team slugs such as [backend]",
  review: "{ team: …, approvals: 2 }",
  "review.team": "the slug of the team that reviews as the last resort",
  "review.requiredChecks": `a list such as [{ context: ci, integrationId: ${ACTIONS_APP_ID} }]`,
  "review.requiredChecks[].context": "the name of the check, such as ci",
  tokenStore: "{ kind: vault, mount: agents, path: github/claude-bot } or { kind: kv }",
  "tokenStore.path": "where the token record lies in the mount, such as github/claude-bot",
  gate: "{ accountId: … } at least",
  "gate.accountId": "the 32 hexadecimal digits of the Cloudflare account",
  "gate.mode": "{ kind: enforce } or { kind: observe, until: 2026-12-31 }",
  "gate.allowedSecrets":
    "a list such as [{ repository: api, path: /tests/fixtures/, reason: made-up keys, until: 2026-12-31 }]",
  "gate.allowedSecrets[]": "{ repository: …, path: …, reason: …, until: … } or { sha256: …, reason: …, until: … }",
  "gate.allowedSecrets[].reason": "one line that says why",
  "gate.allowedSecrets[].until": "the last day on which it counts, such as 2026-12-31",
  "gate.secretPatterns": 'a list such as [{ name: acme-deploy-key, expression: "acme_[a-z0-9]{32}" }]',
  "gate.secretPatterns[]": 'a mapping such as { name: acme-deploy-key, expression: "acme_[a-z0-9]{32}" }',
  "gate.secretPatterns[].name": "a name such as acme-deploy-key",
  "gate.secretPatterns[].expression": "a regular expression such as acme_[a-z0-9]{32}",
  "gate.canaryTokens": "a list such as [{ name: wiki-decoy, sha256: … }]",
  "gate.canaryTokens[]": "a mapping such as { name: wiki-decoy, sha256: … }",
  "gate.canaryTokens[].name": "a name such as wiki-decoy",
  "gate.canaryTokens[].sha256": "the SHA-256 of the exact value, 64 hexadecimal digits or base64",
  "gate.alertOnlySecrets": "a list such as [twilio-key]",
  "gate.mode.until": "the day on which observing ends, such as 2026-12-31",
  audit: "{ retentionDays: 400, sinks: [{ kind: r2, bucket: … }] }",
  "audit.retentionDays": "a whole number from 1 to 3650",
  "audit.sinks": "a list such as [{ kind: r2, bucket: acme-agent-audit }]",
  "audit.sinks[].url": "an https URL without user, query or fragment",
  "audit.sinks[].token": "the receiver's token, set with pulumi config set --secret",
  "audit.sinks[].secretAccessKey": "the secret of the access key, set with pulumi config set --secret",
  "audit.sinks[].accessKeyId": "an access key that may put objects into the bucket",
  "audit.sinks[].bucket": "a bucket name such as acme-agent-audit",
  "audit.sinks[].destination": "a Logpush destination such as https://…, s3://… or r2://…",
  rotation: "{ everyDays: 30 }",
  "rotation.everyDays": "a whole number from 1 to 366",
};

/** What a value that is none of the listed ones is called. */
const NOUNS: Readonly<Record<string, string>> = {
  access: "level",
  kind: "kind",
  plan: "plan",
  bash: "policy",
  policy: "policy",
  visibility: "visibility",
  attach: "way",
  lfs: "choice",
  administrators: "choice",
};
const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
};
/** Values at these keys may carry credentials and are never repeated in a message. */
const CONFIDENTIAL = new Set([
  "destination",
  "ownershipChallenge",
  "token",
  "apiKey",
  "secretAccessKey",
  "sha256",
  "reason",
]);

/** One problem per place of a zod issue: unknown keys give one each. */
export function problemsOf(issue: Issue, raw: unknown): PostureProblem[] {
  const path = issue.path;
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownKey([...path, key], knownKeys(path, raw)));
  const value = valueAt(raw, path);
  const own = issue.message === NO_SENTENCE ? undefined : issue.message;
  const unquoted =
    issue.code === "invalid_type" && issue.expected === "string" && ["number", "boolean"].includes(typeof value);
  const right = (own ?? EXPECTED[generic(path)] ?? expectation(issue)) + (unquoted ? ", in quotes" : "");
  return [{ path: keyPath(path), wrong: wrongness(issue, path, value), right }];
}

/** Writes a path as the environment file spells it, such as `gatehouse:repositories[1].access`. */
export function keyPath(path: Path): string {
  return `gatehouse:${joined(path, (index) => `[${index}]`)}`;
}

/** A value as a person would recognise it, on one line, shortened. */
export function show(value: unknown): string {
  const text =
    typeof value === "string" && /^[\w./:@-]+$/.test(value) ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The word among `candidates` that a mistyped `word` most likely meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits || a.candidate.localeCompare(b.candidate));
  const best = ranked[0];
  return best && best.edits <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

function unknownKey(path: Path, known: readonly string[]): PostureProblem {
  const key = String(path.at(-1));
  const meant = nearest(key, known);
  return {
    path: keyPath(path),
    wrong: "unknown key",
    right: meant ? `did you mean ${meant}?` : `one of ${[...known].sort().join(", ")}`,
  };
}

function wrongness(issue: Issue, path: Path, value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  const shown = CONFIDENTIAL.has(String(path.at(-1))) ? "the value" : show(value);
  const quoted = typeof value === "string" && shown !== "the value" ? JSON.stringify(shown) : shown;
  const size = Array.isArray(value) ? `${value.length} entries` : shown;
  switch (issue.code) {
    case "invalid_value":
    case "invalid_union":
      return `no such ${NOUNS[String(path.at(-1))] ?? "value"}: ${shown}`;
    case "invalid_type":
      return `${quoted} is not ${TYPE_NAMES[issue.expected] ?? "what is needed here"}`;
    case "too_big":
      return `${size} is too ${issue.origin === "string" ? "long" : "much"}`;
    case "too_small":
      return isEmpty(value) ? "empty" : `${shown} is too ${issue.origin === "string" ? "short" : "little"}`;
    case "invalid_format":
      return value === "" ? "empty" : `not valid: ${shown}`;
    default:
      return `not valid: ${shown}`;
  }
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_value":
      return either(issue.values.map(String));
    case "invalid_union":
      return "options" in issue && Array.isArray(issue.options) ? either(issue.options.map(String)) : "another value";
    case "invalid_type":
      return TYPE_NAMES[issue.expected] ?? issue.expected;
    case "too_big":
      return `at most ${issue.maximum}${issue.origin === "string" ? " characters" : ""}`;
    case "too_small":
      return issue.origin === "string" && Number(issue.minimum) === 1
        ? "a text"
        : `at least ${issue.minimum}${issue.origin === "string" ? " characters" : ""}`;
    case "invalid_format":
      return issue.format === "date" ? "a day such as 2026-12-31" : `a valid ${issue.format}`;
    default:
      return "another value";
  }
}

/** "a", "a or b", "a, b or c". */
function either(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function isEmpty(value: unknown): boolean {
  return value === "" || (Array.isArray(value) && value.length === 0);
}

function generic(path: Path): string {
  return joined(path, () => "[]");
}

function joined(path: Path, index: (place: number) => string): string {
  return path
    .map((part, i) => (typeof part === "number" ? index(part) : i === 0 ? String(part) : `.${String(part)}`))
    .join("");
}
