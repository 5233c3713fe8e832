import { randomId, short } from "../text";
import { readRecord, tokenRecord } from "../record";
import type { Journal, RotationState } from "../journal";
import type { Run } from "./run";
import type { Outcome, StartRequest } from "./types";

/** The first write of a take-over fences the earlier rotator: its next write fails. */
export async function takeOver(run: Run, found: Journal): Promise<void> {
  run.report("resume", `going on with rotation ${found.rotation?.id ?? "?"}, which stands at ${found.phase}`);
  const rotation =
    found.rotation && found.phase === "minting"
      ? { ...found.rotation, mints: found.rotation.mints + 1 }
      : found.rotation;
  await run.cell.commit({ ...found, ...(rotation ? { rotation } : {}) });
}

/** Writes the intent, before anything is changed anywhere. Returns an outcome when there is nothing to do. */
export async function begin(run: Run, start: StartRequest): Promise<Outcome | undefined> {
  const { effects, minter, plan, store } = run.deps;
  run.ended = undefined;
  const cell = await store.token.read();
  const old = readRecord(cell.data);
  const now = effects.now();
  const id = randomId();
  const rotation: RotationState = {
    id,
    reason: start.reason,
    startedAt: now,
    base: cell.version,
    mints: 0,
    notes: [],
    times: {},
    ...(old ? { old } : {}),
    ...(start.urgent ? { urgent: true } : {}),
  };
  if (start.supplied !== undefined) {
    const next = await tokenRecord({
      token: start.supplied,
      kind: plan.kind,
      login: plan.login,
      expiresAt: "",
      rotationId: id,
    });
    if (old?.sha256 === next.sha256)
      return run.outcome("nothing", "this token is already the current one", {
        newSha256: old.sha256,
        expiresAt: old.expires_at,
      });
    run.report("minted", `a person brought token ${short(next.sha256)}`);
    await run.cell.commit({
      ...run.journal,
      phase: "minted",
      ...(start.slot ? { slots: { ...run.journal.slots, [start.slot.name]: start.slot.value } } : {}),
      rotation: {
        ...rotation,
        next,
        placedByPerson: true,
        times: { minted: now },
        ...(start.slot ? { slot: start.slot.name } : {}),
      },
    });
    return undefined;
  }
  const intent = minter.intend(run.memory, old, now);
  run.report("minting", `rotation ${id} begins`);
  await run.cell.commit({
    ...run.journal,
    phase: "minting",
    ...(intent.memory?.slots ? { slots: intent.memory.slots } : {}),
    rotation: {
      ...rotation,
      mints: 1,
      notes: intent.notes ?? [],
      times: { minting: now },
      ...(intent.slot ? { slot: intent.slot } : {}),
    },
  });
  return undefined;
}
