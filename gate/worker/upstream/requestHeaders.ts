import type { Token } from "./token";

/** How many sets of headers are kept. */
const MAX_KEPT = 64;

/**
 * Headers of requests in the form that the runtime takes fastest. Clients send the same headers again and again, so
 * each set is made once. When the token changes, all are forgotten.
 */
export class RequestHeaders {
  private readonly made = new Map<string, Headers>();
  private token: Token | undefined;

  of(token: Token, headers: Readonly<Record<string, string>>): Headers {
    if (token !== this.token || this.made.size >= MAX_KEPT) this.made.clear();
    this.token = token;
    const key = JSON.stringify(headers);
    let known = this.made.get(key);
    if (known === undefined) this.made.set(key, (known = new Headers(headers)));
    return known;
  }
}
