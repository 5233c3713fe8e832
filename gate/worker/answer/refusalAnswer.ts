import { interfaceOf } from "../../policy/decide";
import {
  MAX_REPORTED_BYTES,
  readPushedRefs,
  refusedFetch,
  refusedPush,
  type PushedRefs,
} from "../../policy/git/report";
import type { Refusal } from "../../policy/refusals";
import { gunzipped } from "../request/gzip";
import type { Gate } from "../gate";
import { ownHeaders, problem } from "./problem";
import { concatenated } from "../request/requests";
import type { RequestContext } from "../context";

/** What is read and thrown away beyond the posture's limit: a client reads no answer before it has sent what it is sending. */
const SLACK = 1024 * 1024;
/** How long a client may take to send what is thrown away, and how long it may send nothing. */
const DRAIN_MS = 30_000;
const IDLE_MS = 3000;

/**
 * The answer to a refused request, in the form that its client shows to a person. Git shows nothing of an HTTP error to a POST, so an authenticated push
 * or fetch is refused in git's own protocol, with the status 200; the record has the refusal's own status.
 */
export async function refusalAnswer(
  gate: Gate,
  context: RequestContext,
  refusal: Refusal,
  retryAfter?: number,
): Promise<Response> {
  const asJson = async (): Promise<Response> => {
    await dropRest(context);
    return problem(refusal, context.rulePage(refusal.rule), context.requestId, retryAfter);
  };
  if (context.agent !== "" && context.method === "POST" && interfaceOf(pathOf(context)) === "graphql") {
    await dropRest(context);
    return inGraphql(context, refusal, retryAfter);
  }
  const service = gitServiceOf(context);
  if (service === undefined) return asJson();
  const [reason, ...more] = linesOf(context, refusal, retryAfter);
  if (service === "advertisement") return inText(context, refusal, [reason, ...more], retryAfter);
  if (context.agent === "") return asJson();
  try {
    const bytes =
      service === "git-receive-pack"
        ? await forPush(gate, context, reason, [reason, ...more])
        : await forFetch(gate, context, [reason, ...more]);
    if (bytes === undefined) return asJson();
    return new Response(bytes, {
      status: 200,
      headers: { ...ownHeaders(context.requestId), "content-type": `application/x-${service}-result` },
    });
  } catch {
    return asJson();
  }
}

function pathOf({ target }: RequestContext): string {
  const question = target.indexOf("?");
  return question < 0 ? target : target.slice(0, question);
}

/**
 * GitHub's own form of a GraphQL refusal: status 200, no data, and errors with type and message. Clients show the message; of any other status they show
 * the body as escaped JSON. Also for limits (`RATE_LIMITED`, as GitHub does) and failures.
 */
function inGraphql(context: RequestContext, refusal: Refusal, retryAfter?: number): Response {
  const { rule, status } = refusal;
  const wait = retryAfter === undefined ? "" : ` Try again in ${retryAfter} seconds.`;
  const page = context.rulePage(rule);
  const body = {
    data: null,
    errors: [
      {
        type: typeOf(refusal),
        message: `${refusal.message}${wait} See ${page}`,
        extensions: {
          documentation_url: page,
          gatehouse: { decision: "deny", rule, status, requestId: context.requestId },
        },
      },
    ],
  };
  return new Response(JSON.stringify(body), {
    status: 200,
    headers: {
      ...ownHeaders(context.requestId),
      "content-type": "application/json; charset=utf-8",
      ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
    },
  });
}

/** Types that GitHub's GraphQL uses for the same things. */
function typeOf({ rule, status }: Refusal): string {
  if (rule === "graphql-cost") return "MAX_NODE_LIMIT_EXCEEDED";
  if (status === 429) return "RATE_LIMITED";
  if (status >= 500) return "SERVICE_UNAVAILABLE";
  return status === 403 ? "FORBIDDEN" : "UNPROCESSABLE";
}

/** The refusal in a few lines of text: the rule and what to do instead first. */
function linesOf(context: RequestContext, refusal: Refusal, retryAfter?: number): [string, ...string[]] {
  const wait = retryAfter === undefined ? "" : ` Try again in ${retryAfter} seconds.`;
  return [
    `${refusal.rule}: ${refusal.message}${wait}`,
    `See ${context.rulePage(refusal.rule)}`,
    `Request id: ${context.requestId}`,
  ];
}

/** Which of git's requests this is, also where its path is refused; undefined for every other client. */
function gitServiceOf(context: RequestContext): "advertisement" | "git-upload-pack" | "git-receive-pack" | undefined {
  const path = pathOf(context);
  if (interfaceOf(path) !== "git" && /^\/(?:repos|repositories|api)\//.test(path)) return undefined;
  if (context.method === "GET" && path.endsWith("/info/refs")) return "advertisement";
  const service = /\/(git-(?:upload|receive)-pack)$/.exec(path)?.[1] as
    "git-upload-pack" | "git-receive-pack" | undefined;
  return service !== undefined &&
    context.method === "POST" &&
    context.headers.get("content-type") === `application/x-${service}-request`
    ? service
    : undefined;
}

/** Git shows each line of a text/plain answer to its first request. */
function inText(context: RequestContext, refusal: Refusal, lines: readonly string[], retryAfter?: number): Response {
  const answer = problem(refusal, "", context.requestId, retryAfter);
  const headers = new Headers(answer.headers);
  headers.set("content-type", "text/plain; charset=utf-8");
  return new Response(lines.map((line) => `${line}\n`).join(""), { status: answer.status, headers });
}

async function forFetch(gate: Gate, context: RequestContext, lines: readonly string[]): Promise<Uint8Array> {
  const { body } = context.request;
  if (body !== null && !context.request.bodyUsed && !body.locked)
    await drain(context, body.getReader(), gate.policy.limits.maxBodyBytes);
  return refusedFetch(lines);
}

async function forPush(
  gate: Gate,
  context: RequestContext,
  reason: string,
  lines: readonly string[],
): Promise<Uint8Array | undefined> {
  const { maxPushBytes } = gate.policy.limits;
  const push = (context.push ??= openPush(context.request, maxPushBytes));
  if (push === undefined) return undefined;
  const refs = await refsOf(context, push);
  await drain(context, push.reader, maxPushBytes);
  return refs === undefined ? undefined : refusedPush(refs, reason, lines);
}

/** The body of a push while it is read; `head` is what has been read of it until its commands were complete. */
export interface PushBody {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  head: Uint8Array;
}

export function openPush(request: Request, limit: number): PushBody | undefined {
  const { body } = gunzipped(request, limit);
  return body === null
    ? undefined
    : { reader: (body as ReadableStream<Uint8Array>).getReader(), head: new Uint8Array(0) };
}

/** Reads on until the commands are complete, where the refusal came before that. */
async function refsOf(context: RequestContext, push: PushBody): Promise<PushedRefs | undefined> {
  const until = Date.now() + DRAIN_MS;
  for (;;) {
    const refs = readPushedRefs(push.head);
    if (refs !== undefined) return refs ?? undefined;
    if (push.head.length > MAX_REPORTED_BYTES || Date.now() > until) return undefined;
    const piece = await next(push.reader, IDLE_MS);
    if (piece === undefined) return undefined;
    context.bytesIn += piece.length;
    push.head = concatenated([push.head, piece], push.head.length + piece.length);
  }
}

/** What of a refused body is read at most, and of how many at once. A longer one is answered at once, and its client may lose the answer. */
const MAX_DROPPED = 32 * 1024 * 1024;
const MAX_DROPPING = 64;
let dropping = 0;

/** Guard `body-drained`: reads the rest of a refused body, whatever it was refused for: a client that is still sending sees a broken connection otherwise. */
async function dropRest(context: RequestContext): Promise<void> {
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
    const piece = await next(reader, IDLE_MS);
    if (piece === undefined) return;
    read += piece.length;
    context.bytesIn += piece.length;
  }
}

/** The next piece of a body; undefined at its end, when the client is gone, and when nothing comes for `ms`. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>, ms: number): Promise<Uint8Array | undefined> {
  const reading = reader.read().catch(() => undefined);
  let timer: ReturnType<typeof setTimeout> | null = null;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const read = await Promise.race([reading, silence]);
  clearTimeout(timer);
  return read?.done === false ? read.value : undefined;
}
