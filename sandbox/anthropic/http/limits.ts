import { ApiError } from "./errors";

/** Requests per minute that an organization may make: the documented ones by default. */
export interface Limits {
  createPerMinute: number;
  readPerMinute: number;
}

const DOCUMENTED_LIMITS: Limits = { createPerMinute: 300, readPerMinute: 1200 };

/** The organization's limits, as two buckets that fill up continuously: one for GET, one for everything else. */
export class RateLimiter {
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(public limits: Limits = { ...DOCUMENTED_LIMITS }) {}

  /** Sets the limits anew; the buckets are full again. */
  reset(limits: Limits): void {
    this.limits = limits;
    this.#buckets.clear();
  }

  /**
   * Counts one request.
   * @returns the headers that every answer carries
   * @throws ApiError 429 with `retry-after` when the bucket is empty
   */
  take(method: string, nowMs: number): Record<string, string> {
    const kind = method === "GET" ? "readPerMinute" : "createPerMinute";
    const size = this.limits[kind];
    const before = this.#buckets.get(kind) ?? { left: size, at: nowMs };
    const left = Math.min(size, before.left + ((nowMs - before.at) / 60_000) * size);
    const allowed = left >= 1;
    const after = allowed ? left - 1 : left;
    this.#buckets.set(kind, { left: after, at: nowMs });
    const headers = {
      "anthropic-ratelimit-requests-limit": String(size),
      "anthropic-ratelimit-requests-remaining": String(Math.floor(after)),
      "anthropic-ratelimit-requests-reset": new Date(nowMs + ((size - after) / size) * 60_000).toISOString(),
    };
    if (allowed) return headers;
    throw new ApiError(
      429,
      "rate_limit_error",
      `This request would exceed your organization's rate limit of ${size} requests per minute`,
      undefined,
      { ...headers, "retry-after": String(Math.max(1, Math.ceil(((1 - left) / size) * 60))) },
    );
  }
}
