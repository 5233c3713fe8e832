import type { Isolate } from "./isolate";
import type { Visit } from "./visit";

/** Bytes of a stream that are counted against the limit at a time. */
const STEP = 1024 * 1024;

/**
 * Passes a stream on, counted against the byte limit in steps before it leaves, up to `limit` bytes. Memory stays flat. The record of the visit is
 * made when the stream ends; a stream that reaches a limit breaks off, which the client sees as an error and never as a whole answer.
 */
export function counted(isolate: Isolate, visit: Visit, source: ReadableStream<Uint8Array>, limit: number): ReadableStream<Uint8Array> {
  visit.streaming = true;
  let reserved = 0;
  const through = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      visit.bytesOut += chunk.length;
      if (visit.bytesOut > limit) throw new Error("the answer is larger than the posture allows");
      if (visit.bytesOut > reserved) {
        const step = Math.max(STEP, visit.bytesOut - reserved);
        if (!isolate.link.takeBytesNow(step, Date.now())) await isolate.link.takeBytes(visit.background, step);
        reserved += step;
      }
      controller.enqueue(chunk);
    },
  });
  const done = source.pipeTo(through.writable).then(
    () => isolate.link.record(visit.background, visit.entry(200), visit.admission),
    () => isolate.link.record(visit.background, { ...visit.entry(200), reason: "answer-too-large" }, visit.admission),
  );
  visit.background.waitUntil(done);
  return through.readable;
}
