import type { RequestContext } from "../context";

/**
 * How many bytes are read and dropped beyond the policy's limit: a client reads no answer before it has sent
 * everything.
 */
const SLACK = 1024 * 1024;
/** How long a client may take to send what is dropped, and how long it may send nothing. */
export const DRAIN_MS = 30_000;
export const IDLE_MS = 3000;

/**
 * How much of a refused body is read, and of how many bodies at once. Beyond that the answer is sent at once, and the
 * client may lose it.
 */
const MAX_DROPPED = 32 * 1024 * 1024;
const MAX_DROPPING = 64;
let dropping = 0;

/**
 * Guard `body-drained`: reads and drops the rest of a refused body. Otherwise a client that is still sending sees a
 * broken connection.
 */
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

/**
 * Reads and drops what the client still sends, up to `limit` bytes and some more. A client that sends more loses the
 * connection.
 */
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

/** The next piece of a body. Undefined at its end, if the client is gone, or if nothing comes for `ms`. */
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
