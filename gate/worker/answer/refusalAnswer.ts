import {
  MAX_REPORTED_BYTES,
  readPushedRefs,
  refusedFetch,
  refusedPush,
  type PushedRefs,
} from "../../policy/git/report";
import type { Refusal } from "../../policy/refusals";
import { interfaceOf } from "../../policy/target";
import { pathOf } from "../../policy/text/canonical";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { concatenated } from "../request/body";
import { drain, DRAIN_MS, dropRest, IDLE_MS, nextPiece } from "../request/drain";
import { openPush, type PushBody } from "../request/pushBody";
import { refusedMcp } from "./mcp";
import { ownHeaders, problem, waitWords } from "./problem";

/**
 * The answer to a refused request, in the form that its client shows to a person. Git shows nothing of an HTTP error to
 * a POST, so an authenticated push or fetch is refused in git's own protocol, with status 200. The record has the
 * refusal's own status.
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
  if (context.mcp !== undefined) {
    await dropRest(context);
    return refusedMcp(context, refusal, retryAfter);
  }
  if (context.agent !== "" && context.method === "POST" && interfaceOf(pathOf(context.target)) === "graphql") {
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

/**
 * GitHub's own form of a GraphQL refusal: status 200, no data, and errors with type and message. Clients show that
 * message; with any other status they would show the body as escaped JSON. Limits (`RATE_LIMITED`, as GitHub does) and
 * failures have this form too.
 */
function inGraphql(context: RequestContext, refusal: Refusal, retryAfter?: number): Response {
  const { rule, status } = refusal;
  const page = context.rulePage(rule);
  const body = {
    data: null,
    errors: [
      {
        type: typeOf(refusal),
        message: `${refusal.message}${waitWords(retryAfter)} See ${page}`,
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

/** The error types that GitHub's GraphQL uses for the same reasons. */
function typeOf({ rule, status }: Refusal): string {
  if (rule === "graphql-cost") return "MAX_NODE_LIMIT_EXCEEDED";
  if (status === 429) return "RATE_LIMITED";
  if (status >= 500) return "SERVICE_UNAVAILABLE";
  return status === 403 ? "FORBIDDEN" : "UNPROCESSABLE";
}

/** The refusal as lines of text: the rule and what to do instead come first. */
function linesOf(context: RequestContext, refusal: Refusal, retryAfter?: number): [string, ...string[]] {
  return [
    `${refusal.rule}: ${refusal.message}${waitWords(retryAfter)}`,
    `See ${context.rulePage(refusal.rule)}`,
    `Request id: ${context.requestId}`,
  ];
}

/** Which of git's requests this is, even if its path is refused. Undefined for every other client. */
function gitServiceOf(context: RequestContext): "advertisement" | "git-upload-pack" | "git-receive-pack" | undefined {
  const path = pathOf(context.target);
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

/** Git shows each line of a text/plain answer to its first request, `info/refs`. */
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

/** Reads until the commands of the push are complete, if the refusal came before that. */
async function refsOf(context: RequestContext, push: PushBody): Promise<PushedRefs | undefined> {
  const until = Date.now() + DRAIN_MS;
  for (;;) {
    const refs = readPushedRefs(push.head);
    if (refs !== undefined) return refs ?? undefined;
    if (push.head.length > MAX_REPORTED_BYTES || Date.now() > until) return undefined;
    const piece = await nextPiece(push.reader, IDLE_MS);
    if (piece === undefined) return undefined;
    context.bytesIn += piece.length;
    push.head = concatenated([push.head, piece], push.head.length + piece.length);
  }
}
