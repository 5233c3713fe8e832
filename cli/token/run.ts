import type { RotationDeps, Outcome, StartRequest } from "../../rotation/machine";
import { resume, rotate } from "../../rotation/machine";

/** A lease is half a minute; somebody who died holds it no longer than that. */
const LONGEST_WAIT_MS = 60_000;

/**
 * One rotation by this process. Waits while another works on it; and a token that a person brought is tried again
 * after another rotation has won, because it is nobody else's.
 */
export async function runRotation(deps: RotationDeps, start: StartRequest | undefined): Promise<Outcome> {
  const { effects } = deps;
  const until = effects.now() + LONGEST_WAIT_MS;
  for (;;) {
    const outcome = start ? await rotate(deps, start) : await resume(deps);
    const again = outcome.result === "busy" || (outcome.result === "lost" && start?.supplied !== undefined);
    if (!again || effects.now() >= until) return outcome;
    effects.report({ step: "waiting", says: outcome.says });
    await effects.sleep(Math.min(2_000, Math.max(250, (outcome.busyUntil ?? 0) - effects.now() + 250)));
  }
}
