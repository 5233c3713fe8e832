import { short } from "../text";
import { messageOf } from "../errors";
import { closed, type OutboxEntry } from "../journal";
import { ConcurrentRotation } from "../journalCell";
import type { Run } from "./run";

/** revoked → idle. */
export async function finish(run: Run): Promise<void> {
  const r = run.rotation;
  const { next } = run;
  const message = run.message("token.rotated", {
    rotation: r.id,
    reason: r.reason,
    oldSha256: r.old?.sha256 ?? null,
    newSha256: next.sha256,
    expiresAt: next.expires_at || null,
  });
  await end(
    run,
    "finished",
    `token ${short(next.sha256)} is in use${r.old ? `, ${short(r.old.sha256)} is dead` : ""}`,
    message,
  );
}

/** Ends the rotation in one write that also names whom to notify; then destroys old versions and notifies them. */
export async function end(
  run: Run,
  outcome: "finished" | "rolled-back",
  says: string,
  message: OutboxEntry,
  why?: string,
): Promise<void> {
  const done = closed(run.journal, outcome, run.deps.effects.now(), why);
  await run.cell.commit({ ...done, outbox: message.to.length > 0 ? [...done.outbox, message] : done.outbox });
  const entry = run.journal.history[0];
  run.ended = run.outcome(outcome, says, {
    ...(entry ? { rotationId: entry.id, notes: entry.notes, phases: entry.phases } : {}),
    ...(entry?.oldSha256 ? { oldSha256: entry.oldSha256 } : {}),
    ...(entry?.newSha256 ? { newSha256: entry.newSha256 } : {}),
    ...(entry?.expiresAt ? { expiresAt: entry.expiresAt } : {}),
  });
  try {
    await tidy(run);
  } catch (error) {
    if (error instanceof ConcurrentRotation) return; // somebody else tidies
    run.ended = { ...run.ended, notes: [...run.ended.notes, `left for the next run: ${messageOf(error)}`] };
  }
}

/** Destroys old versions and delivers what is in the outbox; what cannot be delivered stays there. */
export async function tidy(run: Run): Promise<void> {
  const { adapters = [], store } = run.deps;
  await store.token.prune();
  await store.journal.prune();
  const outbox: OutboxEntry[] = [];
  for (const entry of run.journal.outbox) {
    const left: string[] = [];
    for (const name of entry.to) {
      const adapter = adapters.find((a) => a.name === name);
      try {
        if (adapter) await adapter.deliver(entry);
        else left.push(name);
      } catch (error) {
        left.push(name);
        run.report("notify", `could not notify ${name}: ${messageOf(error)}`);
      }
    }
    if (left.length > 0) outbox.push({ ...entry, to: left });
  }
  await run.cell.commit({ ...run.journal, tidy: outbox.length === 0, outbox });
  run.report(
    "idle",
    outbox.length === 0
      ? "old versions are destroyed and every notification is delivered"
      : "old versions are destroyed; some notifications are still to be delivered",
  );
}
