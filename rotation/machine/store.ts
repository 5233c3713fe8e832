import { iso } from "../text";
import { Conflict, RequestRefused, Unavailable } from "../errors";
import { readRecord, type TokenRecord } from "../record";
import type { Run } from "./run";

/** verified → stored: check-and-set, so that nothing which somebody else wrote is overwritten. */
export async function store(run: Run): Promise<void> {
  const { token } = run.deps.store;
  let storedVersion: number;
  try {
    storedVersion = await writeToken(run, run.next, run.rotation.base);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    return run.turnBack(`somebody wrote ${token.where} during the rotation; nothing was overwritten`);
  }
  run.report("stored", `${token.where} holds it as version ${storedVersion}`);
  await run.reach("stored", { storedVersion, storedAt: run.deps.effects.now() });
}

/** Check-and-set of the token; a write whose answer was lost is recognised by its rotation. */
export async function writeToken(run: Run, record: TokenRecord, cas: number): Promise<number> {
  const { token } = run.deps.store;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await token.write({ ...record }, cas);
    } catch (error) {
      if (!(error instanceof Conflict) && !(error instanceof Unavailable)) throw error;
      const found = await token.read();
      const there = readRecord(found.data);
      if (there?.rotation_id === record.rotation_id && there.sha256 === record.sha256) return found.version;
      if (found.version !== cas) throw new Conflict(token.where);
      if (attempt === 3) throw error;
    }
  }
}

/** Facts for auditors. A rotator without the right to write them still rotates, and says so. */
export async function annotate(run: Run, state: string, record: TokenRecord): Promise<string[]> {
  try {
    await run.deps.store.token.annotate({
      state,
      rotated_at: iso(run.deps.effects.now()),
      expires_at: record.expires_at,
      token_sha256: record.sha256,
      rotation_id: record.rotation_id,
    });
    return [];
  } catch (error) {
    if (error instanceof RequestRefused) return [`custom metadata was not written: ${error.message}`];
    throw error;
  }
}
