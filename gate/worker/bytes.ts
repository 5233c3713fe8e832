/** Compares without telling by time where two texts differ. Lengths are no secret here: all are hashes or keys of fixed length. */
export function equalInConstantTime(a: string, b: string): boolean {
  let different = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i % (b.length || 1));
  return different === 0;
}

/** How far a clock may go back before what was timed by it is taken for over; requests that began earlier look like it, too. */
const CLOCK_SLACK_MS = 5_000;

/** Whether `now` is in a span of time. A clock that was set back would make the span last longer than it was meant to, so that ends it as well. */
export function isWithin(now: number, from: number, until: number): boolean {
  return now < until && now >= from - CLOCK_SLACK_MS;
}

/** Rejects after `ms`; the work itself goes on. For promises that another request started, which may never settle once that request is gone. */
export function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => {
    if (timer !== undefined) clearTimeout(timer);
  });
}
