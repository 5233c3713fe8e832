/** A failure that somebody ordered: the next `times` matching requests to the API fail that way. */
export interface ApiFault {
  /** Absent or `*`: any. */
  readonly method?: string | undefined;
  /** Beginning of the path, with the API's own prefix or without. */
  readonly pathPrefix: string;
  readonly status?: number | undefined;
  readonly delayMs?: number | undefined;
  /** Closes the connection without an answer. */
  readonly drop?: boolean | undefined;
  times: number;
  /** `after`: the request takes effect first, then its answer is lost or replaced. */
  readonly when: "before" | "after";
}

/** The failures that are still to come, oldest first. */
export class FaultList {
  #faults: ApiFault[] = [];

  /** @param prefix what stands before every path of the API, such as `/client/v4`; faults may leave it out */
  constructor(private readonly prefix = "") {}

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
    const bare = path.startsWith(`${this.prefix}/`) ? path.slice(this.prefix.length) : path;
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
export function parseFault(body: unknown): ApiFault {
  const b = faultFields(body);
  const pathPrefix = faultText(b, "pathPrefix");
  if (pathPrefix === undefined) throw new Error("pathPrefix: a string, the beginning of a path");
  if (b["status"] === undefined && b["delayMs"] === undefined && b["drop"] !== true)
    throw new Error("one of status, delayMs, drop: true");
  if (b["status"] !== undefined && !whole(b["status"], 200, 599)) throw new Error("status: from 200 to 599");
  const when = faultText(b, "when") ?? "before";
  if (when !== "before" && when !== "after") throw new Error("when: before or after");
  return {
    method: faultText(b, "method"),
    pathPrefix,
    status: b["status"] as number | undefined,
    delayMs: b["delayMs"] as number | undefined,
    drop: b["drop"] === true,
    times: (b["times"] as number | undefined) ?? 1,
    when,
  };
}

/** The fields of a fault of any kind, with those checked that all have. */
export function faultFields(body: unknown): Record<string, unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Error("a fault is an object");
  const b = body as Record<string, unknown>;
  if (b["delayMs"] !== undefined && !whole(b["delayMs"], 0, 600_000))
    throw new Error("delayMs: a whole number from 0 to 600000");
  if (b["times"] !== undefined && !whole(b["times"], 1, 1_000_000)) throw new Error("times: a whole number from 1");
  return b;
}

export function faultText(fields: Record<string, unknown>, name: string): string | undefined {
  if (fields[name] !== undefined && typeof fields[name] !== "string") throw new Error(`${name}: a string`);
  return fields[name] as string | undefined;
}
