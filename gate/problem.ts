import { Refusal, type RuleId } from "../infra/posture/gate/refusals";

/** Documentation of the rules, in this repository. */
const DOCUMENTATION = "docs/gate.md";

/** The answer to a refused request: the rule, and nothing that GitHub said. */
export function problem(refusal: Refusal, requestId: string, retryAfter?: number): Response {
  const body = {
    message: refusal.message,
    documentation_url: `${DOCUMENTATION}#${refusal.rule}`,
    gatehouse: { decision: "deny", rule: refusal.rule, requestId },
  };
  const headers: Record<string, string> = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-gatehouse-request-id": requestId,
  };
  if (refusal.status === 401) headers["www-authenticate"] = 'Basic realm="gatehouse", charset="UTF-8"';
  if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
  return new Response(JSON.stringify(body), { status: refusal.status, headers });
}

/** A refusal on its way up; anything else that is thrown is the gate's own failure. */
export class Refused extends Error {
  constructor(
    readonly refusal: Refusal,
    readonly retryAfter?: number,
  ) {
    super(refusal.rule);
  }
}

export function refuse(rule: RuleId, at = "", retryAfter?: number): never {
  throw new Refused(new Refusal(rule, at), retryAfter);
}
