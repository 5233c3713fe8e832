import { HOUR_MS } from "../../../edge/time";
import { API_VERSIONS } from "../../policy/rest/apiVersion";
import { refuse } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import type { Token } from "./token";

/** A request to GitHub without the token. `path` is below the base and starts with a slash. */
export interface UpstreamRequest {
  readonly base: string;
  readonly path: string;
  readonly method: string;
  /** The headers, given the token. They are made for each attempt, because the token may be read again. */
  readonly headers: (token: Token) => Record<string, string>;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  /**
   * For streaming bodies and answers. The time limit then covers only the wait for the answer's headers, from when the
   * request has been sent. Aborting drops the connection; aborting only the body would end the request as if it were
   * complete.
   */
  readonly stream?: StreamControl;
  /** A shorter time limit than the policy's, in milliseconds. */
  readonly timeoutMs?: number;
  /** GitHub's name for the rate limit that this request counts against. */
  readonly resource: Resource;
}

type Resource = "core" | "search" | "code_search" | "graphql" | "git";
const RESOURCES: ReadonlySet<string> = new Set<Resource>(["core", "search", "code_search", "graphql", "git"]);

/** Ends a streaming exchange: when told to, or if GitHub does not answer in time after `sent`. */
export class StreamControl {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | null = null;

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The request has been sent. From now on GitHub has this long to answer. */
  sent(ms: number): void {
    this.timer ??= setTimeout(() => this.controller.abort(new DOMException("GitHub was too slow", "TimeoutError")), ms);
  }

  answered(): void {
    clearTimeout(this.timer);
  }

  abort(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}

/** Follows no redirect and uses no cache. The runtime knows `cache` since 2024-11-11, its types do not yet. */
export const UNCACHED: RequestInit = { redirect: "manual", ...({ cache: "no-store" } as object) };

/**
 * Step 6 of worker.ts: sends a request to its constant origin with the current token. If GitHub rejects the token, it
 * is read again once. Anything else that goes wrong is a refusal. Follows no redirect and uses no cache.
 */
export async function send(gate: Gate, context: RequestContext, request: UpstreamRequest): Promise<Response> {
  const known = gate.tokens.current(context.background, context.startedAt);
  let token = known instanceof Promise ? await known : known;
  let answer = await attempt(gate, context, request, token);
  if (answer.status === 401) {
    await answer.body?.cancel();
    const again = await gate.tokens.read(context.background);
    if (again.value === token.value) {
      gate.alerts.raise(context.background, "token-refused", { tokenSha256: token.sha256 });
      refuse("token-refused");
    }
    if (request.body instanceof ReadableStream) refuse("token-refused"); // a stream cannot be sent twice; the next request has the new token
    token = again;
    answer = await attempt(gate, context, request, token);
    if (answer.status === 401) {
      await answer.body?.cancel();
      gate.alerts.raise(context.background, "token-refused", { tokenSha256: token.sha256 });
      refuse("token-refused");
    }
  }
  return answer;
}

/**
 * The token for a request that does not pass through `send`. It is noted in the context, because the answer is searched
 * for it.
 */
export async function currentToken(gate: Gate, context: RequestContext): Promise<Token> {
  const token = await gate.tokens.current(context.background, context.startedAt);
  if (gate.ledger.state.denied.includes(token.sha256)) refuse("token-denied");
  context.token = token;
  return token;
}

/** Asks GitHub's API for a fact that a decision needs. `path` as in `UpstreamRequest`. */
export function askApi(gate: Gate, context: RequestContext, path: string): Promise<Response> {
  return send(gate, context, {
    base: gate.policy.upstream.api,
    path,
    method: "GET",
    headers: (token) => ({
      authorization: `Bearer ${token.value}`,
      accept: "application/vnd.github+json",
      "user-agent": "gatehouse",
      "x-github-api-version": API_VERSIONS[0],
    }),
    resource: "core",
  });
}

async function attempt(gate: Gate, context: RequestContext, request: UpstreamRequest, token: Token): Promise<Response> {
  if (gate.ledger.state.denied.includes(token.sha256)) refuse("token-denied");
  context.token = token;
  const now = Date.now();
  const waitUntil = Math.max(gate.ledger.state.waitUntil, gate.blocked.get(request.resource) ?? 0);
  if (waitUntil > now) refuse("github-limit", "", Math.ceil((waitUntil - now) / 1000));
  const timeoutMs = Math.min(gate.policy.limits.upstreamTimeoutSeconds * 1000, request.timeoutMs ?? Infinity);
  const place = (context.write ? gate.writes : gate.reads).enter(now);
  const leave = place instanceof Promise ? await place : place;
  try {
    if (!(request.body instanceof ReadableStream)) request.stream?.sent(timeoutMs);
    const answer = await fetch(request.base + request.path, {
      method: request.method,
      headers: gate.requestHeaders.of(token, request.headers(token)),
      ...UNCACHED,
      signal: request.stream?.signal ?? AbortSignal.timeout(timeoutMs),
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    request.stream?.answered();
    heedLimits(gate, context, request, answer);
    if (answer.status === 101 || answer.webSocket) refuse("upstream-error");
    return answer;
  } catch (error) {
    if (error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError"))
      refuse("upstream-timeout");
    if (error instanceof Error && "refusal" in error) throw error;
    return refuse("upstream-error");
  } finally {
    leave();
  }
}

/** How long GitHub asks clients to wait after a secondary limit without a time. */
const UNNAMED_WAIT_SECONDS = 60;
/** The longest wait, longer than any of GitHub's windows. After it the gate tries again. */
const MAX_WAIT_MS = HOUR_MS;

/**
 * Obeys GitHub's limits. If a primary limit is used up, that kind of request stops until the limit resets, even before
 * GitHub refuses one, because GitHub punishes clients that go on. A secondary limit stops every isolate.
 */
function heedLimits(gate: Gate, context: RequestContext, request: UpstreamRequest, answer: Response): void {
  const spent = answer.headers.get("x-ratelimit-remaining") === "0";
  const turnedAway = answer.status === 429 || answer.status === 403;
  if (!spent && !turnedAway) return;
  const now = Date.now();
  const reset = spent ? Number(answer.headers.get("x-ratelimit-reset") ?? "NaN") * 1000 : Number.NaN;
  if (reset > now) {
    const named = answer.headers.get("x-ratelimit-resource") ?? request.resource;
    // An unknown resource name would only fill the memory.
    gate.blocked.set(RESOURCES.has(named) ? named : request.resource, Math.min(reset, now + MAX_WAIT_MS));
    return;
  }
  if (!turnedAway) return;
  const seconds = Number(answer.headers.get("retry-after") ?? (answer.status === 429 ? UNNAMED_WAIT_SECONDS : "NaN"));
  if (!(seconds > 0)) return;
  const until = now + Math.min(seconds * 1000, MAX_WAIT_MS);
  gate.blocked.set(request.resource, until);
  context.background.waitUntil(
    gate.env.LEDGER.get(gate.env.LEDGER.idFromName("ledger"))
      .wait(until)
      .catch(() => undefined),
  );
}
