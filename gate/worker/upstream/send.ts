import { HOUR_MS } from "../../../edge/time";
import { API_VERSIONS } from "../../policy/rest/apiVersion";
import { refuse } from "../answer/problem";
import type { Gate } from "../gate";
import type { Token } from "./token";
import type { RequestContext } from "../context";

/** A request to GitHub, complete but for the token. `path` is below the base and starts with a slash. */
export interface UpstreamRequest {
  readonly base: string;
  readonly path: string;
  readonly method: string;
  /** Headers for a token; made per attempt, because a token may be read anew. */
  readonly headers: (token: Token) => Record<string, string>;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  /**
   * For bodies and answers that stream: the time limit then covers the wait for the answer's head, from when the request has been sent.
   * Aborting it drops the connection; closing or aborting only the body would end the request as if it were complete.
   */
  readonly stream?: StreamControl;
  /** A shorter limit than the policy's, in milliseconds. */
  readonly timeoutMs?: number;
  /** GitHub's name for the limit that this counts against. */
  readonly resource: Resource;
}

type Resource = "core" | "search" | "code_search" | "graphql" | "git";
const RESOURCES: ReadonlySet<string> = new Set<Resource>(["core", "search", "code_search", "graphql", "git"]);

/** Ends a streaming exchange: by hand, or when GitHub is silent for too long after `sent`. */
export class StreamControl {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | null = null;

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The request is out: from now on GitHub has this long to answer. */
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

/** Kinds of headers that are kept. */
const KEPT = 64;

/**
 * Headers of requests as the runtime takes them fastest. Clients send the same ones again and again, so they are made once; those with a token that was
 * replaced are forgotten.
 */
export class RequestHeaders {
  private readonly made = new Map<string, Headers>();
  private token: Token | undefined;

  of(token: Token, headers: Readonly<Record<string, string>>): Headers {
    if (token !== this.token || this.made.size >= KEPT) this.made.clear();
    this.token = token;
    const key = JSON.stringify(headers);
    let known = this.made.get(key);
    if (known === undefined) this.made.set(key, (known = new Headers(headers)));
    return known;
  }
}

/** No redirect is followed and no cache is read or written. The types of the runtime do not know `cache` yet; the runtime does since 2024-11-11. */
export const UNCACHED: RequestInit = { redirect: "manual", ...({ cache: "no-store" } as object) };

/**
 * Sends a request to its constant origin with the current token. A token that GitHub refuses is read anew once; whatever else goes wrong is a refusal.
 * Never follows a redirect and never uses a cache.
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

/** The token for a request that goes elsewhere than through `send`; it is noted in the context, because the answer is searched for it. */
export async function currentToken(gate: Gate, context: RequestContext): Promise<Token> {
  const token = await gate.tokens.current(context.background, context.startedAt);
  if (gate.ledger.state.denied.includes(token.sha256)) refuse("token-denied");
  context.token = token;
  return token;
}

/** Asks GitHub's API something on the gate's own behalf: a fact that a decision needs. `path` as in `UpstreamRequest`. */
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

/** What GitHub asks to wait at least after a secondary limit that names no time. */
const UNNAMED_WAIT_SECONDS = 60;
/** Longer than any of GitHub's windows: what claims to last longer is looked at again after that. */
const MAX_WAIT_MS = HOUR_MS;

/**
 * Takes GitHub at its word. A used-up primary limit stops its kind of request until it starts anew, and not only once GitHub has refused one: who goes
 * on then is punished. A secondary limit stops every isolate.
 */
function heedLimits(gate: Gate, context: RequestContext, request: UpstreamRequest, answer: Response): void {
  const spent = answer.headers.get("x-ratelimit-remaining") === "0";
  const turnedAway = answer.status === 429 || answer.status === 403;
  if (!spent && !turnedAway) return;
  const now = Date.now();
  const reset = spent ? Number(answer.headers.get("x-ratelimit-reset") ?? "NaN") * 1000 : Number.NaN;
  if (reset > now) {
    const named = answer.headers.get("x-ratelimit-resource") ?? request.resource;
    // A name that nothing of the gate's asks for would only fill the memory.
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
