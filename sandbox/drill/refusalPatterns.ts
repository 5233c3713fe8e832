import type { LockId } from "../../infra/model";
import type { Outcome } from "./connection";

/** By which rules of the gate each of its locks shows itself. */
const GATE: Readonly<Record<string, readonly string[]>> = {
  "gate-key": ["unauthenticated"],
  "gate-route": [
    "route-not-allowed",
    "route-closed",
    "not-found",
    "pull-request-merge",
    "pull-request-stack",
    "review-dismiss",
    "protection-bypass",
    "agent-start",
    "suggestion-decide",
    "secret-store",
  ],
  "gate-repository": ["repository-not-listed", "owner-not-allowed"],
  "gate-access": ["access-read-only"],
  "gate-ref": ["ref-outside-agent-space", "ref-delete", "ref-force"],
  "gate-path": ["protected-path"],
  "gate-review": ["review-event", "route-closed", "route-not-allowed"],
  "gate-graphql": [
    "pull-request-ready",
    "pull-request-auto-merge",
    "graphql-field",
    "graphql-argument",
    "graphql-id",
    "repository-not-listed",
  ],
  "gate-upstream": ["target-malformed", "not-found", "nothing arrived there"],
  "gate-answer": ["the comment came without the token"],
};

const REF = /creations being restricted|Cannot (?:update|delete) this protected ref|Cannot force-push/;
const TOKEN = /Resource not accessible by|required scopes|\b404\b|Not Found/;

/** GitHub's and the other systems' own sentences. */
const SENTENCES: Readonly<Record<string, RegExp>> = {
  "role-none": /\b404\b|not found/i,
  "role-pull": /Must have (?:push|write|triage) access|denied to|does not have the correct permissions/,
  "role-no-admin": /Must have (?:admin rights|maintain access)/,
  "role-member": /Could not resolve to a Repository/,
  "token-repositories": /\b404\b|not found|Could not resolve to a Repository/i,
  "token-permission": TOKEN,
  "token-read": /Resource not accessible by|denied to/,
  "token-workflows": /refusing to allow .+ to create or update workflow/,
  "token-scope": /Resource not accessible by|\b404\b|Could not resolve to a Repository/,
  "ruleset-branches": REF,
  "ruleset-tags": REF,
  "ruleset-closed": REF,
  "ruleset-history": /Cannot force-push|Cannot delete this protected ref/,
  "ruleset-paths": /Changes to restricted paths/,
  "ruleset-checks": /[Rr]equired status check/,
  "ruleset-reviewers": /approving reviews? from/,
  "protection-push": /not authorized to push to this branch/,
  "protection-dismissal": /who may dismiss reviews/,
  "protection-history": /Cannot force-push to this protected branch|Cannot delete a protected branch/,
  "owners-review": /code owner review/,
  "workflows-read": /Resource not accessible by integration/,
  "organization-forks": /Forking is disabled/,
  "organization-repositories": /admin access to the organization/,
  "vault-policy": /permission denied/,
  "cloudflare-binding": /secret_text without its text/,
  "bucket-lock": /locked by the bucket's lock rules/,
  "network-hosts": /not in allowlist/,
  "github-self-approval": /Can not approve your own pull request/,
  "github-no-minting": /JSON web token could not be decoded|Not Found|\b404\b/,
  "github-write-only": /no value/,
};

/** Everything that an answer says, git's lines included. */
export const fullText = (answer: Outcome & { text?: string }): string =>
  [answer.status, answer.rule, answer.text].filter(Boolean).join(" ");

/** Whether a refusal is this lock's own: another sentence would mean that something else had stopped the attempt. */
export function isRefusalBy(lock: LockId, answer: Outcome & { text?: string }, says?: RegExp): boolean {
  const rules = GATE[lock];
  if (rules) return rules.includes(answer.rule ?? "");
  const sentence = says ?? SENTENCES[lock];
  return sentence !== undefined && sentence.test(fullText(answer));
}

/** The one line of a refusal that a person wants to read. git prints many, REST joins them. */
export function sentence(answer: Outcome & { text?: string }): string {
  const lines = `${answer.rule ?? ""}\n${answer.text ?? ""}`
    .split("\n")
    .map((line) =>
      line
        .replace(/^remote:\s*/, "")
        .replace(/^error:\s*/, "")
        .replace(/^-\s*/, "")
        .trim(),
    )
    .filter(Boolean);
  const telling = lines.find(
    (line) =>
      !/^(?:GH\d+|Repository rule violations|Review all repository rules|Unprocessable Entity|Validation Failed|To http|fatal|Protected branch)/.test(
        line,
      ),
  );
  return telling ?? lines[0] ?? "";
}
