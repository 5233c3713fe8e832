/** A failure that somebody ordered: the next `times` matching requests fail that way. */
export interface Fault {
  /** Absent or `*`: any. */
  method?: string;
  /** Beginning of the path as on the wire; `/repos/…` also means `/api/v3/repos/…`. */
  pathPrefix: string;
  status?: number;
  delayMs?: number;
  /** Closes the connection without an answer. */
  drop?: boolean;
  times: number;
  /** `after`: the request takes effect first, then its answer is lost or replaced. */
  when?: "before" | "after";
  headers?: Record<string, string>;
  body?: unknown;
}

export class FaultList {
  #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push(fault);
  }
  clear(): void {
    this.#faults = [];
  }
  list(): readonly Fault[] {
    return this.#faults;
  }

  /** The oldest matching fault, used up by one. */
  take(method: string, path: string): Fault | undefined {
    const bare = path.startsWith("/api/v3/") ? path.slice("/api/v3".length) : path;
    const index = this.#faults.findIndex(
      (f) =>
        (f.method === undefined || f.method === "*" || f.method.toUpperCase() === method) &&
        (path.startsWith(f.pathPrefix) || bare.startsWith(f.pathPrefix)),
    );
    const fault = this.#faults[index];
    if (!fault) return undefined;
    fault.times -= 1;
    if (fault.times <= 0) this.#faults.splice(index, 1);
    return fault;
  }
}

/** Reads the body of POST …/_sandbox/faults. @throws Error naming what is wrong */
export function parseFault(body: unknown): Fault {
  const b = body as Partial<Fault> | undefined;
  if (typeof b !== "object" || b === null) throw new Error("a fault is an object");
  if (typeof b.pathPrefix !== "string") throw new Error("pathPrefix: a string such as /repos/acme/api");
  if (b.status === undefined && b.delayMs === undefined && b.drop !== true)
    throw new Error("one of status, delayMs, drop: true");
  if (b.status !== undefined && !(Number.isInteger(b.status) && b.status >= 200 && b.status <= 599))
    throw new Error("status: from 200 to 599");
  if (b.delayMs !== undefined && !(b.delayMs >= 0 && b.delayMs <= 600_000))
    throw new Error("delayMs: from 0 to 600000");
  if (b.times !== undefined && !(Number.isInteger(b.times) && b.times >= 1))
    throw new Error("times: a whole number from 1");
  return { ...b, pathPrefix: b.pathPrefix, times: b.times ?? 1 };
}
