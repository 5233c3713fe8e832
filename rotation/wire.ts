import { Unavailable, messageOf, type System } from "./errors";
import type { Effects, FetchedAnswer } from "./effects";

export interface Request {
  readonly system: System;
  /** Completes "did not …" and "refused to …"; never contains a secret. */
  readonly what: string;
  readonly method: string;
  readonly url: string;
  readonly headers?: Record<string, string>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, for bodies that are signed. */
  readonly body?: string;
  /** Sent as a form. */
  readonly form?: Record<string, string>;
  readonly timeoutMs?: number;
  /** How often it may be sent. 1 for calls whose repetition has a cost. */
  readonly attempts?: number;
  /** Whether a lost answer or a 5xx, which may have taken effect, ends the tries. A 429 never does. */
  readonly once?: boolean;
  /** More answers that deserve another try, such as a 403 that may be a passing one. */
  readonly retryWhen?: (answer: Answer) => boolean;
  /** Answers that are meant although their status looks like a passing one. */
  readonly meant?: (answer: Answer) => boolean;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | undefined;
  /** The body as an object; `{}` when it is none. */
  json(): Record<string, unknown>;
}

const DEFAULT_ATTEMPTS = 4;
const FIRST_WAIT_MS = 250;
/** The largest answer that is read. A page of the gate's audit records is the largest that is ever asked for. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** A longer wish than this is handed to the caller: a rotation does not sit in a sleep that an operator cannot see. */
const LONGEST_WAIT_MS = 10_000;

/**
 * One request with bounded retries: lost connections, timeouts, 429 and 5xx are tried again with doubling waits, and
 * `Retry-After` is honoured up to 10 s. Other answers are returned as they are.
 * Throws Unavailable when the tries are used up, and at once for an answer of more than MAX_ANSWER_BYTES.
 */
export async function request(effects: Effects, r: Request): Promise<Answer> {
  const attempts = r.attempts ?? DEFAULT_ATTEMPTS;
  let failure = "";
  let retryAfterMs: number | undefined;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    let answer: Answer | undefined;
    try {
      answer = await once(effects, r);
    } catch (error) {
      if (error instanceof AnswerTooLarge) throw new Unavailable(r.system, r.what, error.message);
      failure = isTimeout(error) ? "no answer in time" : `no connection (${messageOf(error)})`;
    }
    if (answer) {
      if (r.meant?.(answer) || (!isPassing(answer) && !r.retryWhen?.(answer))) return answer;
      if (r.retryWhen?.(answer) && attempt === attempts) return answer;
      failure = sealed(answer) ? "it is sealed; unseal it and run the command again" : `answer ${answer.status}`;
      retryAfterMs = waitWish(effects, answer);
    }
    if (attempt === attempts || (r.once && (!answer || answer.status >= 500))) break;
    const wait = retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1);
    if (wait > LONGEST_WAIT_MS) break;
    await effects.sleep(wait);
  }
  throw new Unavailable(r.system, r.what, failure, retryAfterMs);
}

async function once(effects: Effects, r: Request): Promise<Answer> {
  const headers: Record<string, string> = { ...r.headers };
  let body = r.body;
  if (r.json !== undefined) {
    headers["content-type"] ??= "application/json";
    body = JSON.stringify(r.json);
  } else if (r.form) {
    headers["content-type"] = "application/x-www-form-urlencoded";
    body = new URLSearchParams(r.form).toString();
  }
  const response = await effects.fetch(r.url, {
    method: r.method,
    headers,
    redirect: "manual",
    signal: AbortSignal.timeout(r.timeoutMs ?? 10_000),
    ...(body === undefined ? {} : { body }),
  });
  const text = await readText(response);
  return {
    status: response.status,
    text,
    header: (name) => response.headers.get(name) ?? undefined,
    json: () => asObject(text),
  };
}

/** What asking again would not change. */
class AnswerTooLarge extends Error {
  constructor() {
    super(`its answer is larger than ${MAX_ANSWER_BYTES / 1024 ** 2} MiB`);
  }
}

/** The body of an answer. Throws AnswerTooLarge, and reads no further, when it is longer than what is read. */
async function readText(answer: FetchedAnswer): Promise<string> {
  const declared = Number(answer.headers.get("content-length") ?? 0);
  if (declared > MAX_ANSWER_BYTES) {
    await answer.body?.cancel();
    throw new AnswerTooLarge();
  }
  if (!answer.body) return answer.text();
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw new AnswerTooLarge();
    }
    text += decoder.decode(value, { stream: true });
  }
}

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** Answers that say "not now" rather than "no". GitHub's secondary limits come as a 403 with one of two headers. */
function isPassing(answer: Answer): boolean {
  if (answer.status === 429 || answer.status >= 500) return true;
  return (
    answer.status === 403 &&
    (answer.header("retry-after") !== undefined || answer.header("x-ratelimit-remaining") === "0")
  );
}

function waitWish(effects: Effects, answer: Answer): number | undefined {
  const after = Number(answer.header("retry-after"));
  if (answer.header("retry-after") !== undefined && Number.isFinite(after)) return Math.max(0, after * 1000);
  const reset = Number(answer.header("x-ratelimit-reset"));
  if (answer.header("x-ratelimit-remaining") === "0" && Number.isFinite(reset))
    return Math.max(0, reset * 1000 - effects.now());
  return undefined;
}

const sealed = (answer: Answer): boolean => answer.status === 503 && /sealed/i.test(answer.text);
const isTimeout = (error: unknown): boolean =>
  error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
