import { lastOfArchive } from "../policy/archiveKeys";
import { Alerts } from "../worker/alerts";
import { bucketOf, keep, type Bucket } from "../worker/ledger/bucket";
import type { Background } from "../worker/env";
import type { ForwarderEnv } from "./env";
import type { Batch } from "./formats";
import { advance, progressOf, type Progress } from "./progress";
import { send } from "./send";
import type { Sink, SinkSecrets } from "./sinks";

/** How long one run sends at most; the next one goes on. */
const RUN_MS = 45_000;
/** Text of one batch at most: what the smallest usual limit of a receiver (1 MB) lets through. */
const BATCH_SIZE = 700 * 1024;
/** So many attempts in a row fail before people are told. */
const TELL_AFTER = 5;

/**
 * Brings every sink what it does not have yet, each at its own pace: a sink that is slow or down delays neither the
 * others nor any request. The ledger keeps how far each sink is and lets one run at a time work on it. At least once: a
 * run that dies after sending sends again.
 * @returns whether a sink still lacks records
 */
export async function forward(env: ForwarderEnv, background: Background): Promise<boolean> {
  // A self-hosted gate whose sinks need no secret may have none.
  const secrets = JSON.parse(env.SINK_SECRETS || "{}") as SinkSecrets;
  const behind = await Promise.all(
    env.SINKS.map((sink) => {
      // One for each: a kind of alert that was just sent is not sent again, and each sink has its own.
      const alerts = new Alerts(env);
      return forwardTo(env, sink, secrets[sink.name], alerts, background).catch((error: unknown) => {
        const problem = error instanceof Error ? error.message : "unknown";
        alerts.raise(background, "audit-sink-failed", { sink: sink.name, problem });
        return true;
      });
    }),
  );
  return behind.includes(true);
}

async function forwardTo(
  env: ForwarderEnv,
  sink: Sink,
  secret: string | undefined,
  alerts: Alerts,
  background: Background,
): Promise<boolean> {
  const ledger = env.LEDGER.get(env.LEDGER.idFromName("ledger"));
  const trail = new Trail(env);
  const held = await ledger.takeSink(sink.name);
  // Another run is at it.
  if (held === undefined || held === null) return true;
  let progress: Progress = progressOf(held.state);
  const save = (done: boolean): Promise<boolean> =>
    ledger.saveSink(sink.name, held.turn, JSON.stringify(progress), done);
  try {
    for (const end = Date.now() + RUN_MS; Date.now() < end;) {
      if (Date.now() < progress.notBefore) return true;
      const { batch, lost } = await trail.after(progress);
      if (lost !== undefined)
        alerts.raise(background, "audit-sink-late", { sink: sink.name, problem: `records up to ${lost} are gone` });
      if (batch === undefined) return false;
      const { progress: next, dead } = advance(
        progress,
        batch,
        await send(sink, secret, batch),
        Date.now(),
        Math.random(),
      );
      if (dead.length > 0) {
        await keepDead(bucketOf(env), sink, batch, dead);
        const problem = dead[0]?.reason ?? "";
        alerts.raise(background, "audit-sink-refused", {
          sink: sink.name,
          records: dead.length,
          first: batch.first,
          problem,
        });
      }
      if (next.failures >= TELL_AFTER)
        alerts.raise(background, "audit-sink-failed", {
          sink: sink.name,
          attempts: next.failures,
          problem: next.problem,
        });
      progress = next;
      // Somebody else took over while this run was too slow: what it sent comes twice, and nothing is lost.
      if (!(await save(false))) return true;
    }
    return true;
  } finally {
    await save(true);
  }
}

/** Dead letters stay in the trail's bucket, under its lock, with the reason. */
async function keepDead(
  bucket: Bucket,
  sink: Sink,
  { first, last }: Batch,
  dead: readonly { readonly line: string; readonly reason: string }[],
): Promise<void> {
  const text = dead.map(({ line, reason }) => `{"reason":${JSON.stringify(reason)},"record":${line}}\n`).join("");
  await keep(bucket, `dead-letters/${sink.name}/${first}-${last}.jsonl`, text);
}

/** The trail as the ledger and the bucket have it together. It holds what it read last, which has many batches. */
class Trail {
  private held = "";

  constructor(private readonly env: ForwarderEnv) {}

  /**
   * The records after the cursor; none when the sink has all. `lost`: records up to that one are no longer in the
   * bucket, because their retention is over.
   */
  async after({ seq, size }: Progress): Promise<{ readonly batch?: Batch; readonly lost?: number }> {
    const known = batchIn(this.held, seq, size);
    if (known !== undefined) return { batch: known };
    const ledger = this.env.LEDGER.get(this.env.LEDGER.idFromName("ledger"));
    const { keys, text } = await ledger.linesAfter(seq);
    let lost: number | undefined;
    for (const key of keys) {
      this.held = (await bucketOf(this.env).get(key)) ?? "";
      const batch = batchIn(this.held, seq, size);
      if (batch !== undefined) return { batch, ...(lost === undefined ? {} : { lost }) };
      lost = lastOfArchive(key);
    }
    this.held = text;
    const batch = batchIn(text, seq, size);
    return { ...(batch === undefined ? {} : { batch }), ...(lost === undefined ? {} : { lost }) };
  }
}

/** The next records after `seq` that stand in a text of lines; undefined when there are none. */
export function batchIn(text: string, seq: number, size: number): Batch | undefined {
  const lines: string[] = [];
  let first = 0;
  let last = 0;
  let length = 0;
  for (let at = 0; at < text.length && lines.length < size;) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    const here = Number(/^\{"v":1,"seq":(\d+),/.exec(line)?.[1] ?? 0);
    if (here <= seq) continue;
    if (lines.length > 0 && length + line.length > BATCH_SIZE) break;
    if (lines.length === 0) first = here;
    last = here;
    length += line.length;
    lines.push(line);
  }
  return lines.length === 0 ? undefined : { first, last, lines };
}
