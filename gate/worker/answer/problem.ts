import { Refusal, type RuleId } from "../../policy/refusals";

/** Headers of every answer that the gate itself makes. */
export const ownHeaders = (requestId: string): Record<string, string> => ({
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-gatehouse-request-id": requestId,
});

/** When a refused request may come again, for the sentence of a refusal; empty where waiting does not help. */
export const waitWords = (retryAfter: number | undefined): string =>
  retryAfter === undefined ? "" : ` Try again in ${retryAfter} seconds.`;

/**
 * The JSON answer to a refused request. It names the rule and contains nothing from GitHub.
 * @param page address of the rule's explanation
 * @param retryAfter in seconds
 */
export function problem(refusal: Refusal, page: string, requestId: string, retryAfter?: number): Response {
  const body = {
    message: refusal.message,
    documentation_url: page,
    gatehouse: { decision: "deny", rule: refusal.rule, requestId },
  };
  const headers: Record<string, string> = {
    ...ownHeaders(requestId),
    "content-type": "application/json; charset=utf-8",
  };
  if (refusal.status === 401) headers["www-authenticate"] = 'Basic realm="gatehouse", charset="UTF-8"';
  if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
  return new Response(JSON.stringify(body), { status: refusal.status, headers });
}

/** Throws a refusal. Anything else that is thrown is a failure of the gate. */
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
