import { short } from "../text";
import { Unavailable } from "../errors";
import { isDead } from "../github";
import { Lost } from "../minters/types";
import { hasExpired, type TokenRecord } from "../record";
import type { Journal } from "../journal";
import type { Run } from "./run";

/** proven → revoked: the old token is ended once no cache holds it, and proven dead. */
export async function revokeOld(run: Run): Promise<void> {
  const { effects } = run.deps;
  const { old } = run.rotation;
  const wait = old ? (run.rotation.drainUntil ?? 0) - effects.now() : 0;
  if (wait > 0) {
    run.report("draining", `waiting ${Math.ceil(wait / 1000)} s until no cache holds the old token`);
    await effects.sleep(wait);
  }
  let rest: Partial<Journal> = {};
  const notes = [...run.rotation.notes];
  if (!old) notes.push("there was no old token");
  else if (hasExpired(old, effects.now())) notes.push("the old token had already expired");
  else {
    const ended = await endToken(run, old, "end the old token");
    rest = ended.rest;
    notes.push(...ended.notes);
    run.report("revoked", `${short(old.sha256)} is dead: GitHub answers 401`);
  }
  await run.held(() => run.reach("revoked", { notes }, rest));
}

/**
 * Ends one token and proves it dead. For kinds that live on what they end, what is about to be spent is written ahead;
 * what is to be remembered afterwards is returned for the caller's next write.
 */
export async function endToken(
  run: Run,
  token: TokenRecord,
  what: string,
): Promise<{ rest: Partial<Journal>; notes: string[] }> {
  const { effects, minter, plan } = run.deps;
  let rest: Partial<Journal> = {};
  const notes: string[] = [];
  if (minter.retire) {
    const ahead = minter.intendToRetire?.(run.memory);
    if (ahead?.slots && JSON.stringify(ahead.slots) !== JSON.stringify(run.journal.slots))
      await run.cell.commit({ ...run.journal, slots: ahead.slots });
    try {
      const memory = await minter.retire(token, run.memory);
      rest = memory.slots ? { slots: memory.slots } : {};
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      rest = error.memory.slots ? { slots: error.memory.slots } : {};
      notes.push(error.why, ...error.todo);
      run.todo.push(...error.todo);
    }
  } else await minter.revoke(token.token);
  if (!(await isDead(effects, plan, token.token))) throw new Unavailable("GitHub", what, "it still accepts it");
  return { rest, notes };
}
