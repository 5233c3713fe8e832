import { short } from "../encoding";
import { Refused, messageOf } from "../errors";
import { LostRace } from "../journal-cell";
import { Lost, type Minted } from "../minters/types";
import { tokenRecord, type TokenRecord } from "../record";
import type { Run } from "./run";

/** minting → minted: GitHub makes a token, and the journal holds it before anything else happens. */
export async function mint(run: Run): Promise<void> {
  const { minter, plan } = run.deps;
  const r = run.rotation;
  let minted: Minted;
  try {
    minted = await minter.mint({ memory: run.memory, resumed: r.mints > 1, ...(r.slot ? { slot: r.slot } : {}), ...(r.old ? { old: r.old } : {}) });
  } catch (error) {
    if (error instanceof Lost) {
      await run.turnBack(error.why, { notes: [...r.notes, ...error.todo] }, error.memory.slots ? { slots: error.memory.slots } : {});
      run.todo.push(...error.todo);
      return;
    }
    // A plain no to the mint itself: nothing was made, so nothing has to be kept open.
    if (error instanceof Refused && r.mints === 1) return run.turnBack(error.message);
    throw error;
  }
  const next = await tokenRecord({ token: minted.token, kind: plan.kind, login: plan.login, expiresAt: minted.expiresAt, rotationId: r.id });
  const granted = minted.granted || minted.grantedRepositories
    ? { granted: { ...(minted.granted ? { permissions: minted.granted } : {}), ...(minted.grantedRepositories ? { repositories: minted.grantedRepositories } : {}) } } : {};
  try {
    await run.held(() => run.reach("minted", { next, ...granted }, minted.memory?.slots ? { slots: minted.memory.slots } : {}));
  } catch (error) {
    await disown(run, minted, next);
    throw error;
  }
  run.say("minted", `GitHub made token ${short(next.sha256)}`);
}

/** A minted token that could not be recorded is nobody's: it is ended, or kept where ending it would cost more. */
async function disown(run: Run, minted: Minted, next: TokenRecord): Promise<void> {
  const { minter } = run.deps;
  try {
    if (await recordedOrRescued(run, minted, next)) return;
  } catch (error) {
    run.say("disown", messageOf(error));
    if (minter.rescue) return; // revoking would end the authorization too
  }
  try {
    await minter.revoke(next.token);
    run.say("disown", `revoked ${short(next.sha256)}, which this run had minted`);
  } catch (error) {
    run.say("disown", `could not revoke ${short(next.sha256)}: ${messageOf(error)}`);
  }
}

/** Whether nothing is left to end: it was recorded after all, or what it came with is kept for the next rotation. */
async function recordedOrRescued(run: Run, minted: Minted, next: TokenRecord): Promise<boolean> {
  const { minter } = run.deps;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const journal = await run.cell.load();
    if (journal.rotation?.next?.sha256 === next.sha256) return true;
    if (!minter.rescue) return false;
    const memory = minter.rescue({ ...(journal.slots ? { slots: journal.slots } : {}), ...(journal.current ? { current: journal.current } : {}) }, minted);
    if (!memory?.slots) return true;
    try {
      await run.cell.commit({ ...journal, slots: memory.slots });
      run.say("rescued", "kept a refreshed authorization that another rotator had given up");
      return true;
    } catch (error) {
      if (!(error instanceof LostRace)) throw error;
    }
  }
  return false;
}
