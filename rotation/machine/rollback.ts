import { short } from "../text";
import { isDead } from "../github";
import { hasExpired, type TokenRecord } from "../record";
import { end } from "./end";
import { cacheMs } from "./gate";
import { endToken } from "./retire";
import { annotate, writeToken } from "./store";
import type { Run } from "./run";

/** rolling-back → idle: the old token is put back where it was replaced, and what this rotation made is ended. */
export async function rollBack(run: Run): Promise<void> {
  const why = run.rotation.rollback?.why ?? "unknown";
  if (!run.rotation.rollback?.restored) await restore(run, why);
  const { next, old, id, reason, placedByPerson } = run.rotation;
  if (next && placedByPerson) await giveBack(run, next);
  else if (next) {
    const { rest } = await endToken(run, next, "end the rolled-back token");
    if (rest.slots) await run.held(() => run.cell.commit({ ...run.journal, ...rest }));
  }
  await end(
    run,
    "rolled-back",
    `rolled back: ${why}${old ? `; ${short(old.sha256)} stays in use` : ""}`,
    run.message("token.rolled-back", { rotation: id, reason, why }),
    why,
  );
}

/** Puts the old token back, if it still lives, and waits until no cache holds the new one. */
async function restore(run: Run, why: string): Promise<void> {
  const { effects, gate, plan } = run.deps;
  const r = run.rotation;
  if (r.old && !hasExpired(r.old, effects.now()) && !(await isDead(effects, plan, r.old.token, 1))) {
    await writeToken(run, { ...r.old, rotation_id: `${r.id}-back` }, r.storedVersion ?? r.base);
    await annotate(run, "current", r.old);
    await gate?.refresh();
    await effects.sleep(cacheMs(run));
  }
  await run.reach("rolling-back", { rollback: { why, restored: true } });
}

/**
 * A token that a person brought is the person's to correct or delete. The authorization that came with it goes with it.
 */
async function giveBack(run: Run, next: TokenRecord): Promise<void> {
  const r = run.rotation;
  const slots = { ...run.journal.slots };
  if (r.slot && slots[r.slot]?.accessSha256 === next.sha256) delete slots[r.slot];
  await run.cell.commit({
    ...run.journal,
    ...(run.journal.slots ? { slots } : {}),
    rotation: {
      ...r,
      notes: [
        ...r.notes,
        `the token ${short(next.sha256)} was not stored and is still alive: change its permissions on GitHub's page and put it again, or delete it there`,
      ],
    },
  });
}
