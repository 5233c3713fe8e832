import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** One request that reached the API. `status` is 0 while it runs and for one that was dropped. */
export interface RequestRecord {
  readonly method: string;
  /** As on the wire, not decoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[]>>;
  readonly headers: Readonly<Record<string, string | string[]>>;
  status: number;
  readonly at: string;
}

const SECRET_HEADERS = new Set(["authorization", "x-api-key", "x-auth-key", "x-auth-user-service-key"]);

/** Requests since the start or the last `DELETE`, oldest first. Credentials appear as `sha256:` and the base64 hash. */
export class RequestLog {
  #records: RequestRecord[] = [];

  begin(method: string, url: string, headers: IncomingHttpHeaders): RequestRecord {
    const cut = url.indexOf("?");
    const query: Record<string, string | string[]> = {};
    for (const [name, value] of new URLSearchParams(cut < 0 ? "" : url.slice(cut + 1))) {
      const before = query[name];
      query[name] = before === undefined ? value : [before, value].flat();
    }
    const record: RequestRecord = {
      method,
      path: cut < 0 ? url : url.slice(0, cut),
      query,
      headers: logged(headers),
      status: 0,
      at: new Date().toISOString(),
    };
    this.#records.push(record);
    return record;
  }
  list(): readonly RequestRecord[] {
    return this.#records;
  }
  clear(): void {
    this.#records = [];
  }
}

function logged(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    out[name] = SECRET_HEADERS.has(name)
      ? `sha256:${createHash("sha256")
          .update(String(value).replace(/^Bearer\s+/i, ""))
          .digest("base64")}`
      : value;
  }
  return out;
}
