import { isWithin } from "../time";

/** How many requests without a valid key an isolate answers one by one in a minute. */
const PER_MINUTE = 6_000;
const MINUTE_MS = 60_000;

/** Counts requests without a valid key against a limit of their own, so that they cannot use up the agent's. */
export class UnauthenticatedLimit {
  private from = Number.NEGATIVE_INFINITY;
  private count = 0;

  /** Counts one request. Undefined while it is within the limit, otherwise the seconds until the next window. */
  retryAfter(now: number): number | undefined {
    if (!isWithin(now, this.from, this.from + MINUTE_MS)) {
      this.from = now;
      this.count = 0;
    }
    this.count++;
    return this.count <= PER_MINUTE ? undefined : Math.max(1, Math.ceil((this.from + MINUTE_MS - now) / 1000));
  }
}
