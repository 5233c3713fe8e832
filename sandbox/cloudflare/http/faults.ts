/** A failure that somebody ordered: the next `times` matching requests to the API fail that way. */
export interface ApiFault {
  /** Absent or `*`: any. */
  readonly method?: string | undefined;
  /** Beginning of the path; `/accounts/…` also means `/client/v4/accounts/…`. */
  readonly pathPrefix: string;
  readonly status?: number | undefined;
  readonly delayMs?: number | undefined;
  /** Closes the connection without an answer. */
  readonly drop?: boolean | undefined;
  times: number;
  /** `after`: the request takes effect first, then its answer is lost or replaced. */
  readonly when: "before" | "after";
}

/**
 * A failure of a Worker's binding: its calls reject, or come late. It lasts until it is cleared, or for `times` calls.
 */
export interface BindingFault {
  readonly binding: string;
  /** Name of the script; every script that has the binding when absent. */
  readonly script?: string | undefined;
  /** Calls are delayed by this and then work; without it they reject. */
  readonly delayMs?: number | undefined;
  /** Text of the error that the Worker sees. */
  readonly message?: string | undefined;
  /** Number of calls that fail, after which the binding works; without it all do. */
  readonly times?: number | undefined;
}

export class FaultList {
  #faults: ApiFault[] = [];

  add(fault: ApiFault): void {
    this.#faults.push(fault);
  }
  clear(): void {
    this.#faults = [];
  }
  list(): readonly ApiFault[] {
    return this.#faults;
  }

  /** The oldest matching fault, used up by one. `path` as on the wire. */
  take(method: string, path: string): ApiFault | undefined {
    const bare = path.startsWith("/client/v4/") ? path.slice("/client/v4".length) : path;
    const fault = this.#faults.find(
      (f) =>
        (f.method === undefined || f.method === "*" || f.method.toUpperCase() === method) &&
        (path.startsWith(f.pathPrefix) || bare.startsWith(f.pathPrefix)),
    );
    if (fault === undefined) return undefined;
    fault.times -= 1;
    if (fault.times <= 0) this.#faults = this.#faults.filter((f) => f !== fault);
    return fault;
  }
}

const whole = (value: unknown, min: number, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

/** Reads the body of `POST _sandbox/faults`. @throws Error naming the field that is wrong and what it may be */
export function parseFault(body: unknown): { api: ApiFault } | { binding: BindingFault } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Error("a fault is an object");
  const b = body as Record<string, unknown>;
  if (b["delayMs"] !== undefined && !whole(b["delayMs"], 0, 600_000))
    throw new Error("delayMs: a whole number from 0 to 600000");
  if (b["times"] !== undefined && !whole(b["times"], 1, 1_000_000)) throw new Error("times: a whole number from 1");
  const text = (name: string): string | undefined => {
    if (b[name] !== undefined && typeof b[name] !== "string") throw new Error(`${name}: a string`);
    return b[name] as string | undefined;
  };
  const delayMs = b["delayMs"] as number | undefined;
  const times = b["times"] as number | undefined;
  const binding = text("binding");
  if (binding !== undefined)
    return { binding: { binding, script: text("script"), delayMs, message: text("message"), times } };
  const pathPrefix = text("pathPrefix");
  if (pathPrefix === undefined)
    throw new Error("pathPrefix: a string such as /accounts/, or binding: the name of a Worker's binding");
  if (b["status"] === undefined && delayMs === undefined && b["drop"] !== true)
    throw new Error("one of status, delayMs, drop: true");
  if (b["status"] !== undefined && !whole(b["status"], 200, 599)) throw new Error("status: from 200 to 599");
  const when = text("when") ?? "before";
  if (when !== "before" && when !== "after") throw new Error("when: before or after");
  return {
    api: {
      method: text("method"),
      pathPrefix,
      status: b["status"] as number | undefined,
      delayMs,
      drop: b["drop"] === true,
      times: times ?? 1,
      when,
    },
  };
}
