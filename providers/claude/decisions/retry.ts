/** Longest wait that the service may ask for, in milliseconds; one that asks for more is not waited for. */
export const LONGEST_WAIT_MS = 120_000;
/** Tries of one request that the service turned away for its rate limit, and of one that broke off. */
const TRIES = { limited: 8, broken: 4 };
const FIRST_PAUSE_MS = 500;

/** How a request failed. `status` undefined: no answer came. */
export interface FailedRequest {
  readonly status?: number | undefined;
  /** Headers of the answer: `retry-after-ms`, `retry-after`, `x-should-retry`. */
  readonly header: (name: string) => string | undefined;
}

/** `refused`: the service did nothing. `unclear`: it may have done it. */
export const outcome = ({ status }: FailedRequest): "refused" | "unclear" =>
  status !== undefined && status < 500 && status !== 408 ? "refused" : "unclear";

/**
 * Milliseconds to wait before the next try, after `tries` of them; undefined: give up. A conflict (409) is never tried
 * again: it is the lock that works.
 */
export function pauseBefore(failed: FailedRequest, tries: number, now: number): number | undefined {
  const limited = failed.status === 429;
  if (!limited && outcome(failed) === "refused") return undefined;
  if (failed.header("x-should-retry") === "false" || tries >= (limited ? TRIES.limited : TRIES.broken))
    return undefined;
  const pause = askedFor(failed, now) ?? FIRST_PAUSE_MS * 2 ** (tries - 1);
  return pause <= LONGEST_WAIT_MS ? pause : undefined;
}

function askedFor({ header }: FailedRequest, now: number): number | undefined {
  const milliseconds = Number(header("retry-after-ms") ?? NaN);
  if (milliseconds >= 0) return milliseconds;
  const after = header("retry-after");
  if (after === undefined) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(after)) return Number(after) * 1000;
  const date = Date.parse(after);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
