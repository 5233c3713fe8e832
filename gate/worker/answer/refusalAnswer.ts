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
import type { Isolate } from "../gate";
import { ownHeaders, problem } from "./problem";
import { concatenated } from "../request/requests";
import type { Visit } from "../context";

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
  isolate: Isolate,
  visit: Visit,
  refusal: Refusal,
  retryAfter?: number,
): Promise<Response> {
  const asJson = async (): Promise<Response> => {
    await dropRest(visit);
    return problem(refusal, visit.rulePage(refusal.rule), visit.requestId, retryAfter);
  };
  if (visit.agent !== "" && visit.method === "POST" && interfaceOf(pathOf(visit)) === "graphql") {
    await dropRest(visit);
    return inGraphql(visit, refusal, retryAfter);
  }
  const service = gitServiceOf(visit);
  if (service === undefined) return asJson();
  const [reason, ...more] = linesOf(visit, refusal, retryAfter);
  if (service === "advertisement") return inText(visit, refusal, [reason, ...more], retryAfter);
  if (visit.agent === "") return asJson();
  try {
    const bytes =
      service === "git-receive-pack"
        ? await forPush(isolate, visit, reason, [reason, ...more])
        : await forFetch(isolate, visit, [reason, ...more]);
    if (bytes === undefined) return asJson();
    return new Response(bytes, {
      status: 200,
      headers: { ...ownHeaders(visit.requestId), "content-type": `application/x-${service}-result` },
    });
  } catch {
    return asJson();
  }
}

function pathOf({ target }: Visit): string {
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}

/**
 * GitHub's own form of a GraphQL refusal: status 200, no data, and errors with type and message. Clients show the message; of any other status they show
 * the body as escaped JSON. Also for limits (`RATE_LIMITED`, as GitHub does) and failures.
 */
function inGraphql(visit: Visit, refusal: Refusal, retryAfter?: number): Response {
  const { rule, status } = refusal;
  const wait = retryAfter === undefined ? "" : ` Try again in ${retryAfter} seconds.`;
  const page = visit.rulePage(rule);
  const body = {
    data: null,
    errors: [
      {
        type: typeOf(refusal),
        message: `${refusal.message}${wait} See ${page}`,
        extensions: {
          documentation_url: page,
          gatehouse: { decision: "deny", rule, status, requestId: visit.requestId },
        },
      },
    ],
  };
  return new Response(JSON.stringify(body), {
    status: 200,
    headers: {
      ...ownHeaders(visit.requestId),
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
function linesOf(visit: Visit, refusal: Refusal, retryAfter?: number): [string, ...string[]] {
  const wait = retryAfter === undefined ? "" : ` Try again in ${retryAfter} seconds.`;
  return [
    `${refusal.rule}: ${refusal.message}${wait}`,
    `See ${visit.rulePage(refusal.rule)}`,
    `Request id: ${visit.requestId}`,
  ];
}

/** Which of git's requests this is, also where its path is refused; undefined for every other client. */
function gitServiceOf(visit: Visit): "advertisement" | "git-upload-pack" | "git-receive-pack" | undefined {
  const path = pathOf(visit);
  if (interfaceOf(path) !== "git" && /^\/(?:repos|repositories|api)\//.test(path)) return undefined;
  if (visit.method === "GET" && path.endsWith("/info/refs")) return "advertisement";
  const service = /\/(git-(?:upload|receive)-pack)$/.exec(path)?.[1] as
    "git-upload-pack" | "git-receive-pack" | undefined;
  return service !== undefined &&
    visit.method === "POST" &&
    visit.headers.get("content-type") === `application/x-${service}-request`
    ? service
    : undefined;
}

/** Git shows each line of a text/plain answer to its first request. */
function inText(visit: Visit, refusal: Refusal, lines: readonly string[], retryAfter?: number): Response {
  const answer = problem(refusal, "", visit.requestId, retryAfter);
  const headers = new Headers(answer.headers);
  headers.set("content-type", "text/plain; charset=utf-8");
  return new Response(lines.map((line) => `${line}\n`).join(""), { status: answer.status, headers });
}

async function forFetch(isolate: Isolate, visit: Visit, lines: readonly string[]): Promise<Uint8Array> {
  const { body } = visit.request;
  if (body !== null && !visit.request.bodyUsed && !body.locked)
    await drain(visit, body.getReader(), isolate.policy.policy.limits.maxBodyBytes);
  return refusedFetch(lines);
}

async function forPush(
  isolate: Isolate,
  visit: Visit,
  reason: string,
  lines: readonly string[],
): Promise<Uint8Array | undefined> {
  const { maxPushBytes } = isolate.policy.policy.limits;
  const push = (visit.push ??= openPush(visit.request, maxPushBytes));
  if (push === undefined) return undefined;
  const refs = await refsOf(visit, push);
  await drain(visit, push.reader, maxPushBytes);
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
async function refsOf(visit: Visit, push: PushBody): Promise<PushedRefs | undefined> {
  const until = Date.now() + DRAIN_MS;
  for (;;) {
    const refs = readPushedRefs(push.head);
    if (refs !== undefined) return refs ?? undefined;
    if (push.head.length > MAX_REPORTED_BYTES || Date.now() > until) return undefined;
    const piece = await next(push.reader, IDLE_MS);
    if (piece === undefined) return undefined;
    visit.bytesIn += piece.length;
    push.head = concatenated([push.head, piece], push.head.length + piece.length);
  }
}

/** What of a refused body is read at most, and of how many at once. A longer one is answered at once, and its client may lose the answer. */
const MAX_DROPPED = 32 * 1024 * 1024;
const MAX_DROPPING = 64;
let dropping = 0;

/** Guard `body-drained`: reads the rest of a refused body, whatever it was refused for: a client that is still sending sees a broken connection otherwise. */
async function dropRest(visit: Visit): Promise<void> {
  const { body } = visit.request;
  if (body === null || body.locked || dropping >= MAX_DROPPING) return;
  dropping++;
  try {
    await drain(visit, body.getReader(), MAX_DROPPED);
  } catch {
    // The client is gone.
  } finally {
    dropping--;
  }
}

/** Reads and throws away what the client still sends, up to `limit` bytes and some more; whoever sends beyond that loses the connection. */
export async function drain(
  visit: Visit,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
): Promise<void> {
  const left = Number(visit.headers.get("content-length") ?? 0) - visit.bytesIn;
  if (left > limit + SLACK) return;
  const until = Date.now() + DRAIN_MS;
  for (let read = 0; read <= limit + SLACK && Date.now() < until;) {
    const piece = await next(reader, IDLE_MS);
    if (piece === undefined) return;
    read += piece.length;
    visit.bytesIn += piece.length;
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
