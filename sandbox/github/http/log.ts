import type { IncomingHttpHeaders } from "node:http";
import { credentialOf } from "../auth";
import { hashToken } from "../tokens";

/** One request that reached the stand-in. `status` is 0 while it runs and for one that was dropped. */
export interface RequestRecord {
  method: string;
  /** As on the wire, not decoded. */
  path: string;
  /** Decoded; a key that came more than once has all its values. */
  query: Record<string, string | string[]>;
  headers: Record<string, string | string[]>;
  status: number;
  /** Path and query as on the wire. */
  url: string;
  at: string;
}

const TOKEN = /(?:gh[pousr]_|github_pat_)[A-Za-z0-9._-]+/g;
const redact = (text: string): string => text.replace(TOKEN, (token) => `sha256:${hashToken(token)}`);

/** Headers as they came, with credentials replaced by their hash. */
function loggedHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (name === "authorization" || name === "proxy-authorization")
      out[name] = `sha256:${hashToken(credentialOf(String(value)) ?? String(value))}`;
    else out[name] = Array.isArray(value) ? value.map(redact) : redact(value);
  }
  return out;
}

/**
 * Beyond this the older half goes, so that a benchmark does not fill the memory; who asks then hears that the list is
 * not whole.
 */
const KEPT = 200_000;

/** The list was asked for when it no longer had every request. */
export class IncompleteLog extends Error {}

/** What reached the stand-in, oldest first. It is the oracle of the attack corpus, so nothing is normalised here. */
export class RequestLog {
  #records: RequestRecord[] = [];
  #lost = 0;

  constructor(private readonly kept = KEPT) {}

  begin(method: string, url: string, headers: IncomingHttpHeaders, at: string): RequestRecord {
    const cut = url.indexOf("?");
    const query: Record<string, string | string[]> = {};
    if (cut >= 0) {
      for (const [name, value] of new URLSearchParams(url.slice(cut + 1))) {
        const before = query[name];
        query[name] = before === undefined ? redact(value) : [before, redact(value)].flat();
      }
    }
    const record: RequestRecord = {
      method,
      path: redact(cut < 0 ? url : url.slice(0, cut)),
      query,
      headers: loggedHeaders(headers),
      status: 0,
      url: redact(url),
      at,
    };
    this.#records.push(record);
    if (this.#records.length > this.kept) {
      const left = this.#records.slice(-Math.ceil(this.kept / 2));
      this.#lost += this.#records.length - left.length;
      this.#records = left;
    }
    return record;
  }
  /** Every request since the start or the last `clear`. @throws IncompleteLog */
  list(): readonly RequestRecord[] {
    if (this.#lost > 0)
      throw new IncompleteLog(
        `${this.#lost} of ${this.#lost + this.#records.length} requests are no longer kept, so the list would not be whole: DELETE it before what is to be listed`,
      );
    return this.#records;
  }
  clear(): void {
    this.#records = [];
    this.#lost = 0;
  }
}
