import type { RequestContext } from "../context";
import { refuseDeniedKey } from "../auth/turnAway";
import type { Gate } from "../gate";

/**
 * Guard `limits`: counts the request against the limits of requests, writes and bytes. Throws the refusal when one of
 * them is reached. Returns nothing, and so costs no turn of the event loop, while a lease has room.
 * @param bytes of the request's body, or as many as it will have
 */
export function admit(gate: Gate, context: RequestContext, bytes: number): Promise<void> | undefined {
  const admission = gate.ledger.admit(context.background, context.write, bytes, context.startedAt);
  if (admission instanceof Promise)
    return admission.then((granted) => {
      context.admission = granted;
      // The lease came with what is denied by now: the first request after an isolate's start hears of it here.
      refuseDeniedKey(gate, context);
    });
  context.admission = admission;
  return undefined;
}
