import { short } from "../text";
import { RequestRefused, Unavailable, messageOf } from "../errors";
import { annotate } from "./store";
import type { GateControl } from "../gateControl";
import type { Run } from "./run";

/** A request that was on its way when the cache ended is allowed this long to reach GitHub. */
const DRAIN_MARGIN_MS = 500;

/** How long after a change of the store an isolate of the gate may still hold what was there before. */
export const cacheMs = (run: Run): number => run.deps.plan.cacheSeconds * 1000 + DRAIN_MARGIN_MS;

/** stored → switched: the gate fetches the new token. */
export async function switchGate(run: Run): Promise<void> {
  const { gate, plan } = run.deps;
  const notes = [...run.rotation.notes, ...(await annotate(run, "current", run.next))];
  if (!gate) notes.push("no gate was given: it will ask the store by itself within its cache time");
  else {
    try {
      await shows(run, async () => (await gate.refresh()).tokenSha256, "fetch the new token");
    } catch (error) {
      if (!graceIsOver(run, error)) throw error;
      notes.push(`the gate did not confirm the new token within ${plan.graceMinutes} minutes (${messageOf(error)})`);
    }
  }
  run.report("switched", gate ? "the gate has fetched it" : "no gate to switch");
  await run.reach("switched", { notes });
}

/** switched → proven: a request through the gate used the new token. From here on there is no way back. */
export async function prove(run: Run): Promise<void> {
  const { effects, gate } = run.deps;
  const r = run.rotation;
  const proof = gate ? await proofOf(run, gate) : "not proven through a gate: none was given";
  if (proof === REFUSED) return run.turnBack("GitHub refused the new token when the gate used it");
  run.report("proven", gate ? "a request through the gate used it" : "not proven: no gate");
  const drainUntil = (r.storedAt ?? effects.now()) + (r.urgent ? 0 : cacheMs(run));
  await run.reach(
    "proven",
    { notes: [...r.notes, proof], drainUntil },
    r.slot ? { current: r.slot } : {},
    drainUntil - effects.now(),
  );
}

const REFUSED = Symbol("GitHub refused the token");

/** What proves it, in words. */
async function proofOf(run: Run, gate: GateControl): Promise<string | typeof REFUSED> {
  const { next } = run;
  let status = 0;
  let requestId = "";
  try {
    await shows(
      run,
      async () => {
        const probe = await gate.probe();
        ({ status, requestId } = probe);
        if (status === 401) return next.sha256; // the gate has just shown that this is the one it uses
        if (status >= 500 || status === 429)
          throw new Unavailable("GitHub", "answer the gate's probe", `answer ${status}`);
        return probe.tokenSha256;
      },
      "use the new token",
    );
    if (status === 401) return REFUSED;
    const recorded = (await gate.audit())?.some(
      (line) => line.requestId === requestId && line.tokenSha256 === next.sha256,
    );
    return recorded
      ? `proven by audit record ${requestId}`
      : `proven by the gate's answer to probe ${requestId}; its audit record was not readable here`;
  } catch (error) {
    if (!graceIsOver(run, error)) throw error;
    return `not proven through the gate within ${run.deps.plan.graceMinutes} minutes (${messageOf(error)})`;
  }
}

/** Asks the gate until it shows the new token's hash; another isolate may answer first with the old one. */
async function shows(run: Run, ask: () => Promise<string>, what: string): Promise<void> {
  const { next } = run;
  let shown = "";
  for (let attempt = 0; attempt < 4; attempt += 1) {
    if (attempt > 0) await run.deps.effects.sleep(500 * attempt);
    shown = await ask();
    if (shown === next.sha256) return;
  }
  throw new Unavailable("the gate", what, `it uses ${short(shown) || "no token"} instead of ${short(next.sha256)}`);
}

/** After the grace the declared bound wins: the new token was verified directly, and the gate's caches have ended. */
function graceIsOver(run: Run, error: unknown): boolean {
  if (!(error instanceof Unavailable) && !(error instanceof RequestRefused)) return false;
  const r = run.rotation;
  return r.urgent === true || run.deps.effects.now() >= (r.storedAt ?? 0) + run.deps.plan.graceMinutes * 60_000;
}
