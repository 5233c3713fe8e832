import type { RequestContext } from "../context";

/** What is read and thrown away beyond the posture's limit: a client reads no answer before it has sent what it is sending. */
const SLACK = 1024 * 1024;
/** How long a client may take to send what is thrown away, and how long it may send nothing. */
export const DRAIN_MS = 30_000;
export const IDLE_MS = 3000;

/** What of a refused body is read at most, and of how many at once. A longer one is answered at once, and its client may lose the answer. */
const MAX_DROPPED = 32 * 1024 * 1024;
const MAX_DROPPING = 64;
let dropping = 0;

/** Guard `body-drained`: reads the rest of a refused body, whatever it was refused for: a client that is still sending sees a broken connection otherwise. */
export async function dropRest(context: RequestContext): Promise<void> {
  const { body } = context.request;
  if (body === null || body.locked || dropping >= MAX_DROPPING) return;
  dropping++;
  try {
    await drain(context, body.getReader(), MAX_DROPPED);
  } catch {
    // The client is gone.
  } finally {
    dropping--;
  }
}

/** Reads and throws away what the client still sends, up to `limit` bytes and some more; whoever sends beyond that loses the connection. */
export async function drain(
  context: RequestContext,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
): Promise<void> {
  const left = Number(context.headers.get("content-length") ?? 0) - context.bytesIn;
  if (left > limit + SLACK) return;
  const until = Date.now() + DRAIN_MS;
  for (let read = 0; read <= limit + SLACK && Date.now() < until;) {
    const piece = await nextPiece(reader, IDLE_MS);
    if (piece === undefined) return;
    read += piece.length;
    context.bytesIn += piece.length;
  }
}

/** The next piece of a body; undefined at its end, when the client is gone, and when nothing comes for `ms`. */
export async function nextPiece(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ms: number,
): Promise<Uint8Array | undefined> {
  const reading = reader.read().catch(() => undefined);
  let timer: ReturnType<typeof setTimeout> | null = null;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const read = await Promise.race([reading, silence]);
  clearTimeout(timer);
  return read?.done === false ? read.value : undefined;
}
