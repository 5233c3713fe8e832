import type { Amounts } from "../infra/posture/gate/limits";
import type { GateLimits } from "../infra/posture/gate/policy";
import { entryText, type AuditEntry } from "../infra/posture/gate/audit";
import { Refusal } from "../infra/posture/gate/refusals";
import { isWithin, within } from "./bytes";
import type { Background, GateEnv } from "./env";
import type { SettleAnswer, SettleRequest } from "./ledger-types";
import { Refused, refuse } from "./problem";

/** How long a request waits for the ledger. */
const LEDGER_MS = 5_000;
/** Entries of reads are sent when so many wait, or after so many milliseconds. */
const BATCH_ENTRIES = 256;
const BATCH_MS = 1_000;
/** Distance between two exchanges. GitHub takes a hundred times longer for a write. */
const SPACING_MS = 4;
/** So many entries are kept while the ledger cannot be reached; then the gate is closed anyway. */
const MAX_WAITING = 10_000;
/** Requests that one lease asks for at most. */
const MAX_LEASE = 1024;
const MAX_WRITE_LEASE = 64;

interface Lease {
  readonly id: number;
  /** When it was asked for. */
  readonly from: number;
  readonly until: number;
  requests: number;
  writes: number;
  bytes: number;
}

/** A request that waits for a lease. Served in the order of arrival, and before whatever arrives later. */
interface Waiter {
  readonly amounts: Amounts;
  readonly serve: (lease: Lease) => void;
  readonly refuse: (refusal: Refused) => void;
}

/** A request that was admitted: which lease it belongs to, so that its record can be matched. */
export interface Admission {
  readonly lease: number;
}

/**
 * An isolate's link to the ledger. Admits requests from leases, so that the common case needs no hop and the total is still exact,
 * and sends audit entries in batches; a write waits until its entry is on disk. One exchange is under way at a time; what arrives
 * meanwhile goes with the next one.
 */
export class LedgerLink {
  private leases: Lease[] = [];
  private entries: string[] = [];
  private reported = new Map<number, number>();
  private waiting: Waiter[] = [];
  private asking = false;
  private batch = 0;
  private failed: SettleRequest | undefined;
  private current: Promise<SettleAnswer> | undefined;
  private next: Promise<SettleAnswer> | undefined;
  private timer = false;
  private endedAt = 0;
  private preparedAt = 0;
  private leaseSize = 16;
  private writeSize = 2;
  private lastGrant = 0;
  private last: Pick<SettleAnswer, "stopped" | "denied" | "waitUntil" | "archiveFailing"> = {
    stopped: false,
    denied: [],
    waitUntil: 0,
    archiveFailing: false,
  };

  constructor(
    private readonly env: GateEnv,
    private readonly isolate: string,
    private readonly limits: GateLimits,
    /** Called when lines wait for the archive. */
    private readonly onArchiveDue: (background: Background) => void,
  ) {}

  /** What every isolate was told last. */
  get told(): Pick<SettleAnswer, "stopped" | "denied" | "waitUntil" | "archiveFailing"> {
    return this.last;
  }

  /** Admits one request, at once when a lease allows it. Throws a refusal when a limit is reached or the ledger is silent. */
  admit(background: Background, write: boolean, bytes: number, now: number): Admission | Promise<Admission> {
    const amounts = { requests: 1, writes: write ? 1 : 0, bytes };
    const lease = this.waiting.length === 0 ? this.use(amounts, now) : undefined;
    if (lease === undefined) return this.take(background, amounts).then(({ id }) => ({ lease: id }));
    if (lease.requests < this.lastGrant >> 2 && this.next === undefined && this.current === undefined) {
      this.asking = true;
      this.kick(background);
    }
    return { lease: lease.id };
  }

  /** Counts bytes of an answer before they are passed on. */
  async takeBytes(background: Background, bytes: number): Promise<void> {
    if (!this.takeBytesNow(bytes, Date.now())) await this.take(background, { requests: 0, writes: 0, bytes });
  }

  /** As `takeBytes`, when it can be done at once. */
  takeBytesNow(bytes: number, now: number): boolean {
    return this.use({ requests: 0, writes: 0, bytes }, now) !== undefined;
  }

  /** Puts an entry into the next batch. */
  record(background: Background, entry: AuditEntry, admission: Admission | undefined): void {
    if (this.entries.length >= MAX_WAITING) return; // the gate is closed by then: no lease comes from a silent ledger
    this.entries.push(entryText(entry));
    if (admission !== undefined) this.reported.set(admission.lease, (this.reported.get(admission.lease) ?? 0) + 1);
    if (this.entries.length >= BATCH_ENTRIES) this.kick(background);
    else if (!this.timer) {
      this.timer = true;
      background.waitUntil(this.later(background));
    }
  }

  /** Resolves when every entry so far is on disk. */
  async flush(background: Background): Promise<void> {
    await within(this.exchange(background), LEDGER_MS, "the ledger");
  }

  private async later(background: Background): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
    this.timer = false;
    if (this.entries.length > 0) await this.exchange(background).catch(() => undefined);
  }

  private use(amounts: Amounts, now: number): Lease | undefined {
    for (const lease of this.leases) {
      if (
        !isWithin(now, lease.from, lease.until) ||
        lease.requests < amounts.requests ||
        lease.writes < amounts.writes ||
        lease.bytes < amounts.bytes
      )
        continue;
      lease.requests -= amounts.requests;
      lease.writes -= amounts.writes;
      lease.bytes -= amounts.bytes;
      return lease;
    }
    return undefined;
  }

  /** Waits for its turn at a lease that covers these amounts. All that wait ask together. */
  private async take(background: Background, amounts: Amounts): Promise<Lease> {
    let waiter: Waiter | undefined;
    const served = new Promise<Lease>((resolve, reject) => {
      waiter = { amounts, serve: resolve, refuse: reject };
      this.waiting.push(waiter);
    });
    this.asking = true;
    this.kick(background);
    try {
      return await within(served, LEDGER_MS, "the ledger");
    } catch (error) {
      this.waiting = this.waiting.filter((w) => w !== waiter);
      if (error instanceof Refused) throw error;
      return refuse("ledger-unavailable");
    }
  }

  /** Serves those that wait, in order, from what the ledger granted; refuses those for whom a limit is reached; the others ask again. */
  private serve(background: Background, asked: readonly Waiter[], answer: SettleAnswer): void {
    const now = Date.now();
    const left = new Set(this.waiting);
    for (const waiter of asked) {
      if (!left.has(waiter)) continue;
      const { amounts } = waiter;
      const lease = answer.stopped ? undefined : this.use(amounts, now);
      const short =
        (amounts.requests > 0 ? answer.short.requests : undefined) ??
        (amounts.writes > 0 ? answer.short.writes : undefined) ??
        (amounts.bytes > 0 ? answer.short.bytes : undefined);
      if (lease !== undefined) waiter.serve(lease);
      else if (answer.stopped) waiter.refuse(new Refused(new Refusal("token-stopped")));
      else if (short !== undefined) waiter.refuse(new Refused(new Refusal(short.rule), short.retryAfter));
      else continue;
      left.delete(waiter);
    }
    this.waiting = [...left];
    if (this.waiting.length === 0) return;
    this.asking = true;
    this.kick(background);
  }

  /** Sees to it that an exchange takes place. Nothing is attached to a promise of another request, which may outlive this one. */
  private kick(background: Background): void {
    void this.exchange(background);
  }

  /** Joins the exchange that has not started yet, or prepares one behind the exchange that is under way. */
  private exchange(background: Background): Promise<SettleAnswer> {
    // A request that was cancelled takes its promises with it: an exchange that has not begun by now never will.
    if (this.next !== undefined && Date.now() - this.preparedAt < LEDGER_MS * 2) return this.next;
    this.preparedAt = Date.now();
    const before = this.current;
    const start = async (): Promise<SettleAnswer> => {
      // Its request may be gone and the promise dead with it: wait for it, but not for ever.
      if (before !== undefined) await within(before, LEDGER_MS, "the ledger").catch(() => undefined);
      // Under load, exchanges keep a distance: what arrives meanwhile shares one hop and one commit.
      if (Date.now() - this.endedAt < SPACING_MS) await new Promise((resolve) => setTimeout(resolve, SPACING_MS));
      if (this.next === run) this.next = undefined;
      this.current = run;
      try {
        return await this.settle(background);
      } finally {
        this.endedAt = Date.now();
        if (this.current === run) this.current = undefined;
      }
    };
    const run: Promise<SettleAnswer> = Promise.resolve().then(start);
    this.next = run;
    background.waitUntil(run.catch(() => undefined));
    return run;
  }

  private async settle(background: Background): Promise<SettleAnswer> {
    if (this.failed !== undefined) {
      // Sent again with its number, so that the ledger books it once even if only its answer was lost.
      try {
        await this.call({ ...this.failed, ask: undefined });
      } catch (error) {
        this.giveUp(this.waiting);
        throw error;
      }
      this.failed = undefined;
    }
    const asked = Date.now();
    const waiters = this.asking ? [...this.waiting] : [];
    const request = this.takeBatch(asked);
    let answer: SettleAnswer;
    try {
      answer = await this.call(request);
    } catch (error) {
      this.failed = request;
      this.giveUp(waiters);
      throw error;
    }
    this.last = answer;
    if (answer.lease !== undefined) {
      const { id, requests, writes, bytes, ms } = answer.lease;
      this.leases.push({ id, requests, writes, bytes, from: asked, until: asked + ms });
      this.lastGrant = requests;
    }
    this.serve(background, waiters, answer);
    if (answer.archiveDue || answer.archiveFailing) this.onArchiveDue(background);
    return answer;
  }

  private giveUp(waiters: readonly Waiter[]): void {
    for (const waiter of waiters) waiter.refuse(new Refused(new Refusal("ledger-unavailable")));
    this.waiting = this.waiting.filter((w) => !waiters.includes(w));
  }

  private takeBatch(now: number): SettleRequest {
    const closed: { lease: number; unused: Amounts }[] = [];
    // A lease that is over or used up goes back; the newest that still has something serves until the next one is here.
    const keep = this.leases.filter((lease) => isWithin(now, lease.from, lease.until) && lease.requests > 0).slice(-1);
    for (const lease of this.leases)
      if (!keep.includes(lease))
        closed.push({
          lease: lease.id,
          unused: { requests: lease.requests, writes: lease.writes, bytes: lease.bytes },
        });
    this.leases = keep;
    const need = this.waiting.reduce(
      (sum, { amounts: a }) => ({
        requests: sum.requests + a.requests,
        writes: sum.writes + a.writes,
        bytes: sum.bytes + a.bytes,
      }),
      { requests: 0, writes: 0, bytes: 0 },
    );
    if (this.asking) {
      // A lease that ran out asks for a larger one, a lease that was hardly used for a smaller one.
      const idle = closed.some((c) => c.unused.requests * 2 > this.lastGrant);
      this.leaseSize = Math.min(
        MAX_LEASE,
        Math.max(16, need.requests * 2, idle ? this.leaseSize >> 1 : this.leaseSize * 2),
      );
      this.writeSize = Math.min(
        MAX_WRITE_LEASE,
        Math.max(2, need.writes > 0 ? Math.max(need.writes, this.writeSize) * 2 : this.writeSize >> 1),
      );
    }
    const want = {
      requests: Math.max(need.requests, this.leaseSize),
      writes: Math.max(need.writes, this.writeSize),
      bytes: need.bytes + 16 * 1024 * 1024,
    };
    const request: SettleRequest = {
      isolate: this.isolate,
      batch: ++this.batch,
      entries: this.entries,
      reported: [...this.reported].map(([lease, requests]) => ({ lease, requests })),
      closed,
      ...(this.asking ? { ask: { need, want, limits: this.limits } } : {}),
    };
    this.entries = [];
    this.reported = new Map();
    this.asking = false;
    return request;
  }

  private async call(request: SettleRequest): Promise<SettleAnswer> {
    const stub = this.env.LEDGER.get(this.env.LEDGER.idFromName("ledger"));
    return (await stub.settle(request)) as SettleAnswer;
  }
}
