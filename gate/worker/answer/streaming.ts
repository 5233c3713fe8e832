import type { Gate } from "../gate";
import { Refused, refuse } from "./problem";
import type { RequestContext } from "../context";

/** Bytes of a stream that are counted against the limit at a time. */
const STEP = 1024 * 1024;
/** Bytes that are read at a time, into one buffer: a stream of JavaScript's own costs ten times the time, and memory that grows with what passes. */
const PIECE = 64 * 1024;

/**
 * Passes an answer's body on, counted against the byte limit in steps before it leaves, up to `limit` bytes, and looked through for the token. Memory stays flat. The record of the
 * visit is made when the stream ends. A body that declares more than the limit is refused; one that breaks off before its declared length breaks the
 * client's connection. Without a declared length the pinned runtime ends the answer as if it were whole: packs and archives have an end of their own
 * that is then missing.
 */
export async function counted(
  gate: Gate,
  context: RequestContext,
  answer: Response,
  limit: number,
): Promise<ReadableStream<Uint8Array> | null> {
  const source = answer.body as ReadableStream<Uint8Array> | null;
  if (source === null) return null;
  // What is unpacked on the way here is longer than what was declared.
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

/** Moves the bytes piece by piece; each is written, and so read by the client's connection, before the buffer takes the next. */
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
    // Both ends: the client's breaks off, and nothing more is read from GitHub.
    await writer.abort(error).catch(() => undefined);
    await reader.cancel(error).catch(() => undefined);
    throw error;
  }
}
