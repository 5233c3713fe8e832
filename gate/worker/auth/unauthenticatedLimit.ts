import { isWithin } from "../bytes";

/** Requests without a valid key that an isolate answers one by one in a minute. Nothing of it is the agent's. */
const PER_MINUTE = 6_000;
const MINUTE_MS = 60_000;

/** Counts requests without a valid key against a limit of their own, so that they use up nothing that the agent needs. */
export class UnauthenticatedLimit {
  private from = Number.NEGATIVE_INFINITY;
  private count = 0;

  /** Counts one request: undefined while there is room, and otherwise in how many seconds there is again. */
  retryAfter(now: number): number | undefined {
    if (!isWithin(now, this.from, this.from + MINUTE_MS)) {
      this.from = now;
      this.count = 0;
    }
    this.count++;
    return this.count <= PER_MINUTE ? undefined : Math.max(1, Math.ceil((this.from + MINUTE_MS - now) / 1000));
  }
}
