import { iso } from "../text";
import { Conflict, NeedsPerson, RequestRefused, Unavailable } from "../errors";
import { ConcurrentRotation } from "../journalCell";
import { begin, takeOver } from "./begin";
import { check } from "./check";
import { finish, tidy } from "./end";
import { prove, switchGate } from "./gate";
import { mint } from "./mint";
import { revokeOld } from "./retire";
import { rollBack } from "./rollback";
import { Run } from "./run";
import { store } from "./store";
import type { Outcome, RotationDeps, StartRequest } from "./types";
import type { Phase } from "../journal";

export { type Outcome, type RotationDeps, type StartRequest } from "./types";

/** What is done next, by the phase that the journal says is done. */
const STEPS: Readonly<Record<Exclude<Phase, "idle">, (run: Run) => Promise<void>>> = {
  minting: mint,
  minted: check,
  verified: store,
  stored: switchGate,
  switched: prove,
  proven: revokeOld,
  revoked: finish,
  "rolling-back": rollBack,
};

/**
 * Replaces the token: first finishes or rolls back what an earlier run left, then, unless that already replaced the
 * token, does one whole rotation. Never throws for what the world does; the outcome says where it stands, and running
 * it again goes on from there.
 */
export async function rotate(deps: RotationDeps, start: StartRequest): Promise<Outcome> {
  return drive(new Run(deps), start);
}

/** Finishes or rolls back what an earlier run left; starts nothing. */
export async function resume(deps: RotationDeps): Promise<Outcome> {
  return drive(new Run(deps), undefined);
}

async function drive(run: Run, start: StartRequest | undefined): Promise<Outcome> {
  const { effects, rotatorId } = run.deps;
  try {
    const found = await run.cell.load();
    if (found.phase !== "idle") {
      if (found.rotator !== rotatorId && found.leaseUntil > effects.now()) {
        return run.outcome("busy", `another rotator works on it (${found.phase}) until ${iso(found.leaseUntil)}`, {
          busyUntil: found.leaseUntil,
        });
      }
      await takeOver(run, found);
      await advance(run);
      // What was left may itself have been the wanted rotation.
      if (!start || !(await run.stillWanted(start.supplied))) return ended(run, "nothing");
    } else if (!found.tidy) await tidy(run);
    if (!start) return ended(run, "nothing");
    const same = await begin(run, start);
    if (same) return same;
    await advance(run);
    return ended(run, "finished");
  } catch (error) {
    return failed(run, error);
  }
}

const ended = (run: Run, otherwise: "nothing" | "finished"): Outcome =>
  run.ended ?? run.outcome(otherwise, otherwise === "nothing" ? "nothing was left to finish" : "the token is replaced");

async function advance(run: Run): Promise<void> {
  for (let { phase } = run.journal; phase !== "idle"; { phase } = run.journal) await STEPS[phase](run);
}

function failed(run: Run, error: unknown): Outcome {
  if (error instanceof ConcurrentRotation)
    return run.outcome(
      "lost",
      "another rotator was faster; this run ended what it had minted itself and left the rest alone",
    );
  if (error instanceof NeedsPerson) return run.outcome("needs-person", error.why, { todo: [...error.todo] });
  if (error instanceof Unavailable || error instanceof RequestRefused || error instanceof Conflict) {
    const r = run.cell.journal?.rotation;
    return run.outcome(
      "stopped",
      error.message,
      r ? { rotationId: r.id, notes: [...r.notes, "run it again: it goes on from here"] } : {},
    );
  }
  throw error;
}
