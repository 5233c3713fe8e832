import type { Auth } from "../auth";
import type { Limits, World } from "../world";
import { HttpError } from "./errors";

type Resource = "core" | "search" | "graphql" | "unauthenticated" | "revocations";
interface Window {
  used: number;
  resetAt: number;
}
const HOUR = 3_600_000;
const RATE_DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";

/** GitHub's limits: the primary one an hour, and the secondary ones for concurrency and for creating content. */
export class RateLimiter {
  readonly #windows = new Map<string, Window>();
  readonly #content = new Map<string, number[]>();
  readonly #running = new Map<string, number>();
  /** Requests that one account may have running at once. */
  concurrent = 1_000_000;

  constructor(private readonly world: World) {}

  private key(auth: Auth, address: string): string {
    return auth.installation
      ? `i${auth.installation.id}`
      : auth.user
        ? `u${auth.user.id}`
        : auth.app
          ? `a${auth.app.id}`
          : `ip${address}`;
  }

  window(auth: Auth, address: string, resource: Resource): Window & { limit: number; resource: Resource } {
    const limit = this.world.limits[resource as keyof Limits];
    const key = `${resource} ${this.key(auth, address)}`;
    const now = this.world.clock.now();
    let window = this.#windows.get(key);
    if (!window || window.resetAt <= now) {
      window = { used: 0, resetAt: now + HOUR };
      this.#windows.set(key, window);
    }
    return Object.assign(window, { limit, resource });
  }

  resourceOf(auth: Auth, path: string): Resource {
    return path.startsWith("/search/")
      ? "search"
      : path === "/graphql"
        ? "graphql"
        : auth.kind === "anonymous"
          ? "unauthenticated"
          : "core";
  }

  /** Counts a request. @throws HttpError 403 with the headers by which clients know how long to wait */
  take(auth: Auth, address: string, resource: Resource): void {
    const window = this.window(auth, address, resource);
    if (window.used >= window.limit) {
      const who = auth.kind === "anonymous" ? address : `user ID ${auth.user?.id ?? auth.app?.id}`;
      throw new HttpError(403, `API rate limit exceeded for ${who}.`, {
        headers: {
          ...this.headers(auth, address, resource),
          "retry-after": String(Math.max(1, Math.ceil((window.resetAt - this.world.clock.now()) / 1000))),
        },
        documentation: RATE_DOCS,
      });
    }
    window.used += 1;
  }

  headers(auth: Auth, address: string, resource: Resource): Record<string, string> {
    const w = this.window(auth, address, resource);
    return {
      "x-ratelimit-limit": String(w.limit),
      "x-ratelimit-remaining": String(Math.max(0, w.limit - w.used)),
      "x-ratelimit-used": String(w.used),
      "x-ratelimit-reset": String(Math.ceil(w.resetAt / 1000)),
      "x-ratelimit-resource": resource === "unauthenticated" ? "core" : resource,
    };
  }

  /** The secondary limit on what creates content. @throws HttpError 403 with Retry-After */
  content(auth: Auth, address: string): void {
    const key = this.key(auth, address);
    const now = this.world.clock.now();
    const recent = (this.#content.get(key) ?? []).filter((at) => at > now - 60_000);
    this.#content.set(key, recent);
    if (recent.length >= this.world.limits.contentPerMinute)
      throw this.secondary(Math.max(1, Math.ceil((recent[0]! + 60_000 - now) / 1000)));
    if (this.world.limits.contentPerMinute < 100_000) recent.push(now);
  }

  /** Marks a request as running; the answer ends it. @throws HttpError 403 with Retry-After */
  enter(auth: Auth, address: string): () => void {
    const key = this.key(auth, address);
    const running = this.#running.get(key) ?? 0;
    if (running >= this.concurrent) throw this.secondary(1);
    this.#running.set(key, running + 1);
    return () => {
      this.#running.set(key, (this.#running.get(key) ?? 1) - 1);
    };
  }

  reset(): void {
    this.#windows.clear();
    this.#content.clear();
  }

  private secondary(seconds: number): HttpError {
    return new HttpError(
      403,
      "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
      {
        headers: { "retry-after": String(seconds) },
        documentation: `${RATE_DOCS}#about-secondary-rate-limits`,
      },
    );
  }
}
