import { refuse } from "../answer/problem";
import { ByteRoom } from "./byteRoom";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The body's text, at most `limit` bytes; counted while it arrives, whatever its length claims. */
export async function readText(
  request: Request,
  limit: number,
): Promise<{ readonly text: string; readonly bytes: number }> {
  const bytes = isShort(request.headers, limit) ? await readShort(request) : await readBytes(request, limit);
  try {
    return { text: decoder.decode(bytes), bytes: bytes.length };
  } catch {
    return refuse("body-malformed");
  }
}

/**
 * Bodies and answers up to this length are read by the runtime as a whole, in four fifths of the processor time that a
 * buffer of one's own takes. They are read through a Response that has nothing but the body: the runtime keeps whatever
 * `text()` or `arrayBuffer()` was called on until the next full collection, and one with all its headers takes so long to
 * destroy that thousands of them stop the gate for 100 ms.
 */
const SHORT = 64 * 1024;

/** Whether a length is declared, and short. What is unpacked on the way is longer than what is declared. */
function isShort(headers: Headers, limit: number): boolean {
  const length = Number(headers.get("content-length") ?? "NaN");
  return length <= Math.min(SHORT, limit) && !headers.has("content-encoding");
}

async function readShort(request: Request): Promise<Uint8Array> {
  try {
    return new Uint8Array(await new Response(request.body).arrayBuffer());
  } catch {
    return refuse("body-aborted");
  }
}

/**
 * How many bytes are read and dropped beyond a limit. Otherwise a client that is still sending sees a reset instead of
 * the refusal.
 */
const SLACK = 1024 * 1024;

/** How many bytes are read at a time if no length is declared. */
const PIECE = 16 * 1024;

/** What can be read whole. */
interface Readable {
  readonly headers: Headers;
  readonly body: ReadableStream | null;
}
type TooLarge = "body-too-large" | "push-too-large" | "answer-too-large";

/**
 * Answers up to this size are read however many others are: what was done at GitHub is not to be refused for the room
 * that its answer takes.
 */
const SMALL_ANSWER = 256 * 1024;

/** Larger answers that are read whole at the same time, in sum: an isolate has 128 MB for everything. */
const answers = new ByteRoom(48 * 1024 * 1024, 60_000);

/** Guards `body-size` and `answers-sum`: the bytes of a request or of an answer, at most `limit`. */
export async function readBytes(
  request: Readable,
  limit: number,
  rule: TooLarge = "body-too-large",
): Promise<Uint8Array> {
  const length = Number(request.headers.get("content-length") ?? "NaN");
  if (rule !== "answer-too-large" || length <= SMALL_ANSWER) return read(request, limit, rule, length, () => true);
  const holder = answers.enter(Date.now());
  try {
    return await read(request, limit, rule, length, (total) =>
      total <= SMALL_ANSWER ? true : answers.grow(holder, total - holder.bytes, Date.now()),
    );
  } finally {
    answers.leave(holder);
  }
}

/**
 * Reads into buffers of its own: of what is long, the runtime's `text()` and `arrayBuffer()` leave so much behind for
 * the garbage collector that its pauses make the slowest hundredth of all requests slower. `roomFor`: whether there is
 * room for so many bytes in all.
 */
async function read(
  request: Readable,
  limit: number,
  rule: TooLarge,
  length: number,
  roomFor: (total: number) => boolean,
): Promise<Uint8Array> {
  if (length > limit) refuse(rule);
  if (request.body === null) return new Uint8Array(0);
  const broken = (): never => refuse(rule === "answer-too-large" ? "upstream-error" : "body-aborted");
  const reader = (request.body as ReadableStream<Uint8Array>).getReader({ mode: "byob" });
  const full = async (): Promise<never> => {
    await reader.cancel().catch(() => undefined);
    return refuse("queue-full", "", 1);
  };
  // What is unpacked on the way is longer than what is declared; everything else is as long, or broke off.
  if (length > 0 && !request.headers.has("content-encoding")) {
    if (!roomFor(length)) return full();
    let whole: ReadableStreamReadResult<Uint8Array>;
    try {
      whole = await reader.readAtLeast(length, new Uint8Array(length));
    } catch {
      return broken();
    }
    return whole.value?.length === length ? whole.value : broken();
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    let piece: ReadableStreamReadResult<Uint8Array>;
    try {
      piece = await reader.read(new Uint8Array(PIECE));
    } catch {
      return broken();
    }
    const { done, value } = piece;
    if (done) break;
    total += value.length;
    if (total <= limit) {
      if (!roomFor(total)) return full();
      parts.push(value);
    }
    if (total > limit * 2 + SLACK) break;
  }
  if (total > limit) {
    // Of a request, whoever answers reads on; nothing more is wanted of an answer.
    if (rule === "answer-too-large") await reader.cancel().catch(() => undefined);
    else reader.releaseLock();
    refuse(rule);
  }
  return concatenated(parts, total);
}

const lenient = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** The text of an answer of at most `limit` bytes, and how many it had; what is no UTF-8 in it is U+FFFD. */
export async function readAnswer(
  answer: Response,
  limit: number,
): Promise<{ readonly text: string; readonly bytes: number }> {
  if (isShort(answer.headers, limit)) {
    try {
      return { text: await new Response(answer.body).text(), bytes: Number(answer.headers.get("content-length")) };
    } catch {
      return refuse("upstream-error");
    }
  }
  const bytes = await readBytes(answer, limit, "answer-too-large");
  return { text: lenient.decode(bytes), bytes: bytes.length };
}

/** The JSON of an answer of at most `limit` bytes. Undefined if it is not JSON. */
export async function readJson(answer: Response, limit: number): Promise<unknown> {
  const bytes = await readBytes(answer, limit, "answer-too-large");
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

export function concatenated(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
