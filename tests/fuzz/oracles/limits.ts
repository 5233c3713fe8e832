import { LedgerClient } from "../../../gate/worker/ledger/client";
import type { SettleAnswer, SettleRequest } from "../../../gate/worker/ledger/exchange";
import { EMPTY_USAGE, giveBack, grantLease, type Usage } from "../../../gate/policy/limits";
import { policyFor } from "../../gate/support/policy";

const base = policyFor().limits;

/**
 * A course of events: lease requests, give-backs (some of them late or twice), and time that passes, or runs back a
 * little.
 */
export type Step =
  | {
      readonly kind: "grant";
      readonly requests: number;
      readonly writes: number;
      readonly bytes: number;
      readonly more: number;
    }
  | { readonly kind: "back"; readonly lease: number; readonly used: number }
  | { readonly kind: "time"; readonly ms: number };

export interface Course {
  readonly perMinute: number;
  readonly perHour: number;
  readonly writes: number;
  readonly bytes: number;
  readonly start: number;
  readonly steps: readonly Step[];
}

/**
 * In no minute and no hour is more used than the limit, whatever is granted, used in part and given back; by a plain
 * count of what was used, by window.
 */
export function grantsStayWithinLimits(course: Course): boolean {
  const limits = {
    ...base,
    requestsPerMinute: course.perMinute,
    requestsPerHour: course.perHour,
    writesPerMinute: course.writes,
    bytesPerHour: course.bytes,
  };
  let usage: Usage = EMPTY_USAGE;
  let now = 1_767_600_000_000 + course.start;
  const leases: { minute: number; hour: number; requests: number; writes: number; bytes: number; open: boolean }[] = [];
  const used = new Map<string, number>();
  const count = (key: string, n: number, limit: number): void => {
    const total = (used.get(key) ?? 0) + n;
    used.set(key, total);
    if (total > limit) throw new Error(`${total} of ${limit} in ${key}`);
  };
  const use = (lease: (typeof leases)[number], share: number): { requests: number; writes: number; bytes: number } => {
    const taken = {
      requests: Math.floor((lease.requests * share) / 100),
      writes: Math.floor((lease.writes * share) / 100),
      bytes: Math.floor((lease.bytes * share) / 100),
    };
    count(`requests of minute ${lease.minute}`, taken.requests, course.perMinute);
    count(`writes of minute ${lease.minute}`, taken.writes, course.writes);
    count(`requests of hour ${lease.hour}`, taken.requests, course.perHour);
    count(`bytes of hour ${lease.hour}`, taken.bytes, course.bytes);
    return {
      requests: lease.requests - taken.requests,
      writes: lease.writes - taken.writes,
      bytes: lease.bytes - taken.bytes,
    };
  };
  for (const step of course.steps) {
    if (step.kind === "time") now += step.ms;
    else if (step.kind === "grant") {
      const need = { requests: step.requests, writes: step.writes, bytes: step.bytes };
      const { usage: after, grant } = grantLease(limits, usage, now, need, {
        requests: need.requests + step.more,
        writes: need.writes + step.more,
        bytes: need.bytes + step.more,
      });
      usage = after;
      if (grant.ms < 0 || grant.requests < 0 || grant.writes < 0 || grant.bytes < 0)
        throw new Error(`grants ${JSON.stringify(grant)}`);
      leases.push({
        minute: grant.minute,
        hour: grant.hour,
        requests: grant.requests,
        writes: grant.writes,
        bytes: grant.bytes,
        open: true,
      });
    } else {
      const lease = leases[step.lease % (leases.length || 1)];
      if (lease?.open !== true) continue;
      lease.open = false;
      usage = giveBack(usage, now, lease, use(lease, step.used));
    }
  }
  // What was never given back may all have been used.
  for (const lease of leases) if (lease.open) use(lease, 100);
  return used.size > 0;
}

export interface Crowd {
  readonly perMinute: number;
  readonly writes: number;
  readonly isolates: number;
  /** Who asks, whether to write, and how many turns of the event loop later than the one before. */
  readonly requests: readonly { readonly isolate: number; readonly write: boolean; readonly wait: number }[];
  /**
   * Of the exchanges with the ledger, one after the other: turns until the answer, and whether the request or its
   * answer is lost.
   */
  readonly exchanges: readonly { readonly turns: number; readonly lost: "no" | "request" | "answer" }[];
}

/**
 * Isolates that admit requests by leases from one ledger let through no more than the limit between them, whatever the
 * order of events, and with exchanges lost on the way. Isolates are the gate's own; the ledger is the gate's arithmetic
 * behind a connection that this test delays and breaks.
 */
export async function isolatesShareTheLimit(crowd: Crowd): Promise<boolean> {
  const limits = { ...base, requestsPerMinute: crowd.perMinute, writesPerMinute: crowd.writes };
  const background = { waitUntil: () => undefined };
  const booked = new Map<string, number>();
  let usage: Usage = EMPTY_USAGE;
  let leases = 0;
  let exchange = 0;
  const windows = new Map<number, { minute: number; hour: number }>();
  const turn = (n: number): Promise<void> =>
    n <= 0 ? Promise.resolve() : new Promise<void>((resolve) => setImmediate(resolve)).then(() => turn(n - 1));
  const settle = async (request: SettleRequest): Promise<SettleAnswer> => {
    const how = crowd.exchanges[exchange++ % (crowd.exchanges.length || 1)] ?? { turns: 0, lost: "no" as const };
    await turn(how.turns);
    if (how.lost === "request" && exchange < 40) throw new Error("lost");
    const now = Date.now();
    const isNew = request.batch > (booked.get(request.isolate) ?? 0);
    booked.set(request.isolate, Math.max(request.batch, booked.get(request.isolate) ?? 0));
    if (isNew)
      for (const { lease, unused } of request.closed) {
        const window = windows.get(lease);
        if (window !== undefined) usage = giveBack(usage, now, window, unused);
      }
    let lease: SettleAnswer["lease"];
    let short: SettleAnswer["short"] = {};
    if (request.ask !== undefined) {
      const granted = grantLease(request.ask.limits, usage, now, request.ask.need, request.ask.want);
      ({ usage, short } = granted);
      lease = { id: ++leases, ...granted.grant };
      windows.set(lease.id, { minute: lease.minute, hour: lease.hour });
    }
    await turn(how.turns);
    if (how.lost === "answer" && exchange < 40) throw new Error("lost");
    return {
      ...(lease === undefined ? {} : { lease }),
      short,
      stopped: false,
      denied: [],
      waitUntil: 0,
      archiveDue: false,
      archiveFailing: false,
    };
  };
  const env = { LEDGER: { idFromName: (name: string) => name, get: () => ({ settle }) } } as never;
  const links = Array.from(
    { length: crowd.isolates },
    (_, i) => new LedgerClient(env, `isolate-${i}`, limits, () => undefined),
  );
  const passed = new Map<number, { requests: number; writes: number }>();
  const admitted: Promise<void>[] = [];
  for (const { isolate, write, wait } of crowd.requests) {
    await turn(wait);
    const link = links[isolate % links.length];
    const admission = Promise.resolve().then(() => link?.admit(background, write, 0, Date.now()));
    admitted.push(
      admission.then(
        (a) => {
          const minute = windows.get(a?.lease ?? 0)?.minute ?? 0;
          const sum = passed.get(minute) ?? { requests: 0, writes: 0 };
          passed.set(minute, { requests: sum.requests + 1, writes: sum.writes + (write ? 1 : 0) });
        },
        () => undefined,
      ),
    );
  }
  await Promise.all(admitted);
  for (const [minute, { requests, writes }] of passed) {
    if (requests > crowd.perMinute) throw new Error(`${requests} requests of ${crowd.perMinute} in minute ${minute}`);
    if (writes > crowd.writes) throw new Error(`${writes} writes of ${crowd.writes} in minute ${minute}`);
  }
  return passed.size > 0;
}
