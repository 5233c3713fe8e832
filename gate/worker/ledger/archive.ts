import type { Alerts } from "../alerts";
import type { Background, GateEnv } from "../env";
import { bucketOf } from "./bucket";

const padded = (seq: number): string => String(seq).padStart(15, "0");

/** Key of an archive object: sorts by sequence. */
const archiveKey = (first: number, last: number): string => `audit/${padded(first)}-${padded(last)}.jsonl`;

/**
 * Moves lines from the ledger to the R2 bucket. They leave the ledger only when the bucket has them. The ledger lets
 * one mover work at a time. A failure is told to the ledger, which closes the gate until an attempt succeeds.
 */
export async function archive(env: GateEnv, alerts: Alerts, background: Background): Promise<void> {
  const ledger = env.LEDGER.get(env.LEDGER.idFromName("ledger"));
  try {
    for (let round = 0; round < 20; round++) {
      const batch = await ledger.linesToArchive();
      if (batch === undefined || batch === null) return;
      const key = archiveKey(batch.first, batch.last);
      await bucketOf(env).put(key, batch.text);
      await ledger.archived(batch.first, batch.last, key);
      // What has come meanwhile waits for the next time: under load, moving it at once would make an object of every
      // few lines.
      if (!batch.more) return;
    }
  } catch (error) {
    alerts.raise(background, "audit-archive-failed", { error: error instanceof Error ? error.message : "unknown" });
    await ledger.archiveFailed().catch(() => undefined);
  }
}
