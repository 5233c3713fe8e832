import { judgeApiVersion } from "../../policy/rest/apiVersion";
import { Refusal } from "../../policy/refusals";
import { isHost } from "./address";
import { ByteRoom } from "./byteRoom";
import { Refused, refuse } from "../answer/problem";

/** Headers with which a request could mean something else than it says. Their presence is refused, not repaired. */
const FORBIDDEN = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-original-method",
] as const;

/** Media types of Accept that answer with what the gate can filter: JSON, and GitHub's own text forms. */
const ACCEPT =
  /^(?:\*\/\*|application\/\*|application\/json|application\/octet-stream|application\/vnd\.github[A-Za-z0-9.+_-]{0,80}|text\/plain|text\/html)(?: *; *(?:q=[01](?:\.[0-9]{1,3})?|charset=utf-8|version=\d))*$/i;

const VALUE = /^[\x20-\x7e]{0,1024}$/;

/** Guard `header-allow-list`: the headers that go on to GitHub, made anew. Everything else stays here, the agent's own Authorization first of all. */
export function forwardedHeaders(headers: ReadonlyMap<string, string>, authorization: string): Record<string, string> {
  const out: Record<string, string> = { authorization };
  const accept = headers.get("accept");
  if (accept !== undefined && accept !== "*/*") {
    if (accept.length > 512 || !accept.split(",").every((part) => ACCEPT.test(part.trim())))
      refuse("media-type-not-allowed", accept);
    out["accept"] = accept;
  } else out["accept"] = "application/vnd.github+json";
  copy(headers, out, "user-agent", "gatehouse");
  const version = judgeApiVersion(headers.get("x-github-api-version"));
  if (version instanceof Refusal) throw new Refused(version);
  out["x-github-api-version"] = version;
  copy(headers, out, "if-none-match");
  copy(headers, out, "if-modified-since");
  return out;
}

function copy(
  headers: ReadonlyMap<string, string>,
  out: Record<string, string>,
  name: string,
  otherwise?: string,
): void {
  const value = headers.get(name) ?? otherwise;
  if (value === undefined || value === "") return;
  if (!VALUE.test(value)) refuse("header-value", name);
  out[name] = value;
}

/** Guard `header-host`: one host. Else the request's address may begin with a part of Host, and another reader would see another path. */
export function judgeHost(headers: ReadonlyMap<string, string>): Refusal | undefined {
  const host = headers.get("host");
  if (host?.includes(",") === true) return new Refusal("header-duplicate", "host");
  return host === undefined || isHost(host) ? undefined : new Refusal("header-value", "host");
}

/** Guards `header-forbidden`, `header-upgrade`, `header-framing` and `header-host`. */
export function judgeHeaders(headers: ReadonlyMap<string, string>): void {
  for (const name of FORBIDDEN) if (headers.has(name)) refuse("header-forbidden", name);
  if (headers.has("upgrade")) refuse("upgrade-refused");
  if (headers.has("transfer-encoding") && headers.has("content-length")) refuse("header-duplicate", "content-length");
  const length = headers.get("content-length");
  if (length !== undefined && !/^\d{1,15}$/.test(length)) refuse("header-duplicate", "content-length");
  const host = judgeHost(headers);
  if (host !== undefined) throw new Refused(host);
}

/**
 * Guard `media-type`: JSON in UTF-8. What curl calls a form when nothing else is said is taken too, when its text is JSON (`judgeJsonText`): it is read
 * in one way and sent on as JSON.
 */
export function judgeJsonType(headers: ReadonlyMap<string, string>): void {
  const encoding = headers.get("content-encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") refuse("encoding-not-inspected", encoding);
  const type = headers.get("content-type") ?? "";
  if (!/^application\/(?:json|vnd\.github[a-z0-9.+_-]{0,80}json)(?: *; *charset=utf-8)?$/i.test(type) && !isForm(type))
    refuse("media-type", type);
}

const isForm = (type: string): boolean => /^application\/x-www-form-urlencoded(?: *; *charset=utf-8)?$/i.test(type);

/** Guard `media-type`: what calls itself a form must be a JSON object or list all the same. */
export function judgeJsonText(headers: ReadonlyMap<string, string>, text: string): void {
  const type = headers.get("content-type") ?? "";
  if (isForm(type) && !/^[ \t\r\n]*[[{]/.test(text)) refuse("media-type", type);
}

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

/** Bodies and answers up to this length are read by the runtime as a whole, in four fifths of the processor time that a buffer of one's own takes. */
const SHORT = 64 * 1024;

/** Whether a length is declared, and short. What is unpacked on the way is longer than what is declared. */
function isShort(headers: Headers, limit: number): boolean {
  const length = Number(headers.get("content-length") ?? "NaN");
  return length <= Math.min(SHORT, limit) && !headers.has("content-encoding");
}

async function readShort(request: Request): Promise<Uint8Array> {
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch {
    return refuse("body-aborted");
  }
}

/** What is read beyond a limit and dropped: a client that is still sending would otherwise see a reset instead of the refusal. */
const SLACK = 1024 * 1024;

/** Bytes that are read at a time where no length is declared. */
const PIECE = 16 * 1024;

/** What can be read whole. */
interface Readable {
  readonly headers: Headers;
  readonly body: ReadableStream | null;
}
type TooLarge = "body-too-large" | "push-too-large" | "answer-too-large";

/** Answers up to this size are read however many others are: what was done at GitHub is not to be refused for the room that its answer takes. */
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
 * Reads into buffers of its own: of what is long, the runtime's `text()` and `arrayBuffer()` leave so much behind for the garbage collector that
 * its pauses make the slowest hundredth of all requests slower. `roomFor`: whether there is room for so many bytes in all.
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
      return { text: await answer.text(), bytes: Number(answer.headers.get("content-length")) };
    } catch {
      return refuse("upstream-error");
    }
  }
  const bytes = await readBytes(answer, limit, "answer-too-large");
  return { text: lenient.decode(bytes), bytes: bytes.length };
}

/** The JSON of an answer of at most `limit` bytes; undefined when it is none. */
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
