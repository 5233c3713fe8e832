import { short } from "../text";
import { RequestRefused, Unavailable, messageOf } from "../errors";
import { ConcurrentRotation } from "../journalCell";
import { Lost, type Minted } from "../minters/types";
import { readRecord, tokenRecord, type TokenRecord } from "../record";
import { HOLD_MS, HOLD_STEP_MS, type Run } from "./run";
import type { Journal } from "../journal";

/** minting → minted: GitHub makes a token, and the journal holds it before anything else happens. */
export async function mint(run: Run): Promise<void> {
  const { minter, plan } = run.deps;
  const r = run.rotation;
  let minted: Minted;
  try {
    minted = await minter.mint({
      memory: run.memory,
      resumed: r.mints > 1,
      ...(r.slot ? { slot: r.slot } : {}),
      ...(r.old ? { old: r.old } : {}),
    });
  } catch (error) {
    if (error instanceof Lost) {
      await run.turnBack(
        error.why,
        { notes: [...r.notes, ...error.todo] },
        error.memory.slots ? { slots: error.memory.slots } : {},
      );
      run.todo.push(...error.todo);
      return;
    }
    // A plain no to the mint itself: nothing was made, so nothing has to be kept open.
    if (error instanceof RequestRefused && r.mints === 1) return run.turnBack(error.message);
    throw error;
  }
  const next = await tokenRecord({
    token: minted.token,
    kind: plan.kind,
    login: plan.login,
    expiresAt: minted.expiresAt,
    rotationId: r.id,
  });
  const granted =
    minted.granted || minted.grantedRepositories
      ? {
          granted: {
            ...(minted.granted ? { permissions: minted.granted } : {}),
            ...(minted.grantedRepositories ? { repositories: minted.grantedRepositories } : {}),
          },
        }
      : {};
  try {
    await run.held(() =>
      run.reach("minted", { next, ...granted }, minted.memory?.slots ? { slots: minted.memory.slots } : {}),
    );
  } catch (error) {
    await disown(run, minted, next);
    throw error;
  }
  run.report("minted", `GitHub made token ${short(next.sha256)}`);
}

/**
 * A minted token that could not be recorded is nobody's: it is ended, or kept where ending it would cost more. It is
 * ended only when it is certain that nobody uses it: the write may have arrived although its answer was lost, and once
 * this run's lease is over another rotator may have taken the token into use, and even have finished.
 */
async function disown(run: Run, minted: Minted, next: TokenRecord): Promise<void> {
  const { effects, minter } = run.deps;
  const { leaseUntil } = run.journal;
  try {
    if (await eventually(run, () => recordedOrRescued(run, minted, next))) return;
  } catch (error) {
    run.report("disown", messageOf(error));
    if (minter.rescue) return; // revoking would end the authorization too
    if (effects.now() >= leaseUntil) {
      run.report(
        "disown",
        `left ${short(next.sha256)} alone: another rotator may have taken it into use; unless it is the current token, it lives until ${next.expires_at || "it is deleted"}`,
      );
      return;
    }
  }
  try {
    await minter.revoke(next.token);
    run.report("disown", `revoked ${short(next.sha256)}, which this run had minted`);
  } catch (error) {
    run.report("disown", `could not revoke ${short(next.sha256)}: ${messageOf(error)}`);
  }
}

/** Asks again while the store is away, bounded: the answer decides over a token's life. */
async function eventually<T>(run: Run, ask: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += HOLD_STEP_MS) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Unavailable || error instanceof RequestRefused) || waited >= HOLD_MS) throw error;
      await run.deps.effects.sleep(HOLD_STEP_MS);
    }
  }
}

/**
 * Whether a token with this hash has ever been taken up: by the rotation under way, by one that is over, or by the
 * store.
 */
async function takenUp(run: Run, journal: Journal, hash: string): Promise<boolean> {
  const { rotation, history } = journal;
  if (
    rotation?.next?.sha256 === hash ||
    rotation?.old?.sha256 === hash ||
    history.some((h) => h.newSha256 === hash || h.oldSha256 === hash)
  )
    return true;
  return readRecord((await run.deps.store.token.read()).data)?.sha256 === hash;
}

/** Whether nothing is left to end: it was recorded after all, or what it came with is kept for the next rotation. */
async function recordedOrRescued(run: Run, minted: Minted, next: TokenRecord): Promise<boolean> {
  const { minter } = run.deps;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const journal = await run.cell.load();
    if (await takenUp(run, journal, next.sha256)) return true;
    if (!minter.rescue) return false;
    const memory = minter.rescue(
      { ...(journal.slots ? { slots: journal.slots } : {}), ...(journal.current ? { current: journal.current } : {}) },
      minted,
    );
    if (!memory?.slots) return true;
    try {
      await run.cell.commit({ ...journal, slots: memory.slots });
      run.report("rescued", "kept a refreshed authorization that another rotator had given up");
      return true;
    } catch (error) {
      if (!(error instanceof ConcurrentRotation)) throw error;
    }
  }
  return false;
}
