import { archiveKey, checkpointKey } from "../../policy/archiveKeys";
import { signCheckpoint, type Checkpoint, type Head } from "../../policy/checkpoint";
import type { Alerts } from "../alerts";
import type { Background, GateEnv } from "../env";
import { bucketOf, keep } from "./bucket";

/**
 * Moves lines from the ledger to the R2 bucket, with a signed checkpoint of the last one. They leave the ledger only
 * when the bucket has them. The ledger lets one mover work at a time. A failure is told to the ledger, which closes the
 * gate until an attempt succeeds. Now and then the ledger asks for the checkpoint to be sent to the alert webhook too,
 * out of reach of whoever owns the bucket.
 */
export async function archive(env: GateEnv, alerts: Alerts, background: Background): Promise<void> {
  const ledger = env.LEDGER.get(env.LEDGER.idFromName("ledger"));
  try {
    for (let round = 0; round < 20; round++) {
      const batch = await ledger.linesToArchive();
      if (batch === undefined || batch === null) return;
      const key = archiveKey(batch.first, batch.last);
      const bucket = bucketOf(env);
      const checkpoint = await checkpointOf(env, batch.text);
      await keep(bucket, key, batch.text);
      if (checkpoint !== undefined) await keep(bucket, checkpointKey(batch.last), `${JSON.stringify(checkpoint)}\n`);
      const announce = await ledger.archived(batch.first, batch.last, key);
      if (announce && checkpoint !== undefined) alerts.raise(background, "audit-checkpoint", { ...checkpoint });
      // What has come meanwhile waits for the next time: under load, moving it at once would make an object of every
      // few lines.
      if (!batch.more) return;
    }
  } catch (error) {
    alerts.raise(background, "audit-archive-failed", { error: error instanceof Error ? error.message : "unknown" });
    await ledger.archiveFailed().catch(() => undefined);
  }
}

/** Undefined for a gate that was given no key. */
async function checkpointOf(env: GateEnv, text: string): Promise<Checkpoint | undefined> {
  if (!env.CHECKPOINT_KEY) return undefined;
  const last = JSON.parse(text.slice(text.lastIndexOf("\n", text.length - 2) + 1)) as Head;
  return signCheckpoint(env.CHECKPOINT_KEY, last);
}
