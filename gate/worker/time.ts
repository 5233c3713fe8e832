/**
 * How far the clock may go back before a span of time counts as over. Requests that began earlier look like a small
 * step back.
 */
const CLOCK_SLACK_MS = 5_000;

/**
 * Whether `now` is in a span of time. If the clock was set back, the span counts as over, because it would last too
 * long otherwise.
 */
export function isWithin(now: number, from: number, until: number): boolean {
  return now < until && now >= from - CLOCK_SLACK_MS;
}

/**
 * Rejects after `ms`; the work itself goes on. For promises that another request started: they may never settle once
 * that request is gone.
 */
export function withTimeout<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => {
    if (timer !== undefined) clearTimeout(timer);
  });
}
