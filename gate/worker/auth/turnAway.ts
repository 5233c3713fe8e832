import { Refusal } from "../../policy/refusals";
import { Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";

/**
 * Guard `limit-unauthenticated`: refuses a request without a valid key. Beyond the limit of such requests, with 429 and
 * a record in sum.
 */
export function turnAway(gate: Gate, context: RequestContext, refusal: Refusal): never {
  const retryAfter = gate.unauthenticated.retryAfter(context.startedAt);
  if (retryAfter === undefined) throw new Refused(refusal);
  throw new Refused(new Refusal("limit-unauthenticated"), retryAfter);
}
