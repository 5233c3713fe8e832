import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { refuse, Refused } from "./problem";

/** A stream is counted against the limit in steps of so many bytes. */
const STEP = 1024 * 1024;
/**
 * A stream is read in pieces of so many bytes, into one buffer. A stream written in JavaScript takes ten times as long,
 * and its memory grows.
 */
const PIECE = 64 * 1024;

/**
 * Streams an answer's body to the client in constant memory. It is counted against the byte limit before it leaves, and
 * searched for the token. The record is written when the stream ends. A body that declares more than `limit` bytes is
 * refused. If the body ends before its declared length, the client's connection breaks. Without a declared length the
 * pinned runtime ends the answer as if it were whole; packs and archives then lack their own end mark.
 */
export async function counted(
  gate: Gate,
  context: RequestContext,
  answer: Response,
  limit: number,
): Promise<ReadableStream<Uint8Array> | null> {
  const source = answer.body as ReadableStream<Uint8Array> | null;
  if (source === null) return null;
  // A compressed body is longer than declared, because the runtime unpacks it.
  const declared = answer.headers.has("content-encoding")
    ? Number.NaN
    : Number(answer.headers.get("content-length") ?? "NaN");
  if (declared > limit) {
    await source.cancel();
    refuse("answer-too-large");
  }
  context.streaming = true;
  const through = declared >= 0 ? new FixedLengthStream(declared) : new IdentityTransformStream();
  const done = pump(gate, context, source, through.writable, limit).then(
    () => gate.ledger.record(context.background, context.entry(answer.status), context.admission),
    (error: unknown) => {
      const reason = error instanceof Refused ? error.refusal.rule : "answer-too-large";
      if (reason === "answer-refused")
        gate.alerts.raise(context.background, "token-reflected", { requestId: context.requestId });
      gate.ledger.record(context.background, { ...context.entry(answer.status), reason }, context.admission);
    },
  );
  context.background.waitUntil(done);
  return through.readable;
}

/** Moves the bytes piece by piece. Each piece is written before the buffer takes the next one. */
async function pump(
  gate: Gate,
  context: RequestContext,
  source: ReadableStream<Uint8Array>,
  sink: WritableStream<Uint8Array>,
  limit: number,
): Promise<void> {
  const reader = source.getReader({ mode: "byob" });
  const writer = sink.getWriter();
  let buffer = new ArrayBuffer(PIECE);
  let reserved = 0;
  const watch = context.token === undefined ? undefined : gate.redactorFor(context.token).watch();
  try {
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) break;
      context.bytesOut += value.length;
      if (context.bytesOut > limit) throw new Error("the answer is larger than the posture allows");
      if (context.bytesOut > reserved) {
        const step = Math.max(STEP, context.bytesOut - reserved);
        if (!gate.ledger.takeBytesNow(step, Date.now())) await gate.ledger.takeBytes(context.background, step);
        reserved += step;
      }
      const passed = watch === undefined ? value : (watch.push(value) ?? refuse("answer-refused"));
      if (passed.length > 0) await writer.write(passed);
      buffer = value.buffer;
    }
    const rest = watch?.end();
    if (rest !== undefined && rest.length > 0) await writer.write(rest);
    await writer.close();
  } catch (error) {
    // Ends both sides: the client's connection breaks, and nothing more is read from GitHub.
    await writer.abort(error).catch(() => undefined);
    await reader.cancel(error).catch(() => undefined);
    throw error;
  }
}
