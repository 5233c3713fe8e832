import { Refusal } from "../../policy/refusals";
import { Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";

/**
 * Guard `gate-key-denied`: refuses a request under a gate key that an operator has ended. Its record keeps the key's
 * hash, and names no agent.
 */
export function refuseDeniedKey(gate: Gate, context: RequestContext): void {
  const { gateKeySha256 } = context;
  if (gateKeySha256 === undefined || gate.ledger.state.deniedKeys?.includes(gateKeySha256) !== true) return;
  context.agent = "";
  turnAway(gate, context, new Refusal("unauthenticated"));
}

/**
 * Guard `limit-unauthenticated`: refuses a request without a valid key. Beyond the limit of such requests, with 429 and
 * a record in sum.
 */
export function turnAway(gate: Gate, context: RequestContext, refusal: Refusal): never {
  const retryAfter = gate.unauthenticated.retryAfter(context.startedAt);
  if (retryAfter === undefined) throw new Refused(refusal);
  throw new Refused(new Refusal("limit-unauthenticated"), retryAfter);
}
