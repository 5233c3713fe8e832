import type { AuditEntry } from "../../policy/audit";
import type { Amounts } from "../../policy/limits";
import type { GateLimits } from "../../policy/policy";
import { Refusal } from "../../policy/refusals";
import { refuse, Refused } from "../answer/problem";
import type { Background, GateEnv } from "../env";
import { isWithin, withTimeout } from "../time";
import { EntryQueue, type Bound } from "./entryQueue";
import type { SettleAnswer, SettleRequest } from "./exchange";

/** How long a request waits for the ledger. */
const LEDGER_MS = 5_000;
/** Entries of reads are sent when so many wait, or after so many milliseconds. */
const BATCH_ENTRIES = 256;
const BATCH_MS = 1_000;
/** Distance between two exchanges. GitHub takes a hundred times longer for a write. */
const SPACING_MS = 4;
/**
 * What one exchange carries at most: its lines must fit into the ledger's rows, and be hashed while the others wait.
 */
const SETTLE: Bound = { entries: 512, size: 512 * 1024 };
/** What strangers have of an exchange at least, whatever the agent does. */
const UNAUTHENTICATED_SHARE: Bound = { entries: 64, size: 64 * 1024 };
/**
 * What is kept while the ledger cannot be reached: of the agent, and of those without a key, who must not take its
 * room.
 */
const AGENT_QUEUE: Bound = { entries: 10_000, size: 16 * 1024 * 1024 };
const UNAUTHENTICATED_QUEUE: Bound = { entries: 6_000, size: 12 * 1024 * 1024 };
/** Requests that wait for a lease at once. */
const MAX_WAITERS = 4_096;
/** How often entries that could not be sent are tried again without a request. */
const RETRIES = 20;
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

/** What goes in one exchange, and whose entries it has. */
interface Batch {
  readonly request: SettleRequest;
  readonly agent: number;
  readonly unauthenticated: number;
}

/** What every isolate must know. */
type Told = Pick<SettleAnswer, "stopped" | "denied" | "deniedKeys" | "waitUntil" | "archiveFailing">;

/** A request that was admitted: which lease it belongs to, so that its record can be matched. */
export interface Admission {
  readonly lease: number;
}

/**
 * An isolate's link to the ledger. Admits requests from leases, so that the common case needs no hop and the total is
 * still exact, and sends audit entries in batches; a write waits until its entry is on disk. One exchange is under way
 * at a time; what arrives meanwhile goes with the next one.
 */
export class LedgerClient {
  private leases: Lease[] = [];
  private readonly agent = new EntryQueue(AGENT_QUEUE);
  private readonly unauthenticated = new EntryQueue(UNAUTHENTICATED_QUEUE);
  private reported = new Map<number, number>();
  private waiting: Waiter[] = [];
  private asking = false;
  private batch = 0;
  private failed: Batch | undefined;
  private current: Promise<SettleAnswer> | undefined;
  private next: Promise<SettleAnswer> | undefined;
  /** The latest request that sends what waits, and when it does. */
  private timer: { readonly due: number } | undefined;
  private endedAt = 0;
  private preparedAt = 0;
  private leaseSize = 16;
  private writeSize = 2;
  private lastGrant = 0;
  private last: Told = {
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
  get state(): Told {
    return this.last;
  }

  /**
   * Admits one request, at once when a lease allows it. Throws a refusal when a limit is reached or the ledger is
   * silent.
   */
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

  /**
   * Puts an entry into one of the next batches. One without an agent is a stranger's: it waits in a queue of its own,
   * and is only counted when `summed`.
   */
  record(background: Background, entry: AuditEntry, admission: Admission | undefined, summed = false): void {
    const queue = entry.agent === "" ? this.unauthenticated : this.agent;
    const known = summed ? (queue.sum(entry), true) : queue.add(entry);
    // What was let through and has no record is left to the ledger, which misses it and records the gap.
    if (admission !== undefined && (known || entry.decision === "deny"))
      this.reported.set(admission.lease, (this.reported.get(admission.lease) ?? 0) + 1);
    if (this.agent.length + this.unauthenticated.length >= BATCH_ENTRIES) this.kick(background);
    const now = Date.now();
    if (this.timer !== undefined && now < this.timer.due) return;
    this.timer = { due: now + BATCH_MS };
    background.waitUntil(this.later(background, this.timer));
  }

  /** Resolves when every entry of the agent's so far is on disk; with `strangers`, every entry. */
  async flush(background: Background, unauthenticated = false): Promise<void> {
    const run = this.exchangeUntil(background, this.agent.end, unauthenticated ? this.unauthenticated.end : 0);
    await withTimeout(run, LEDGER_MS, "the ledger");
  }

  /**
   * Sends what waits a moment from now, and tries again for a while when it cannot. What comes after that moment is left
   * to a request of its time: under load something always waits, and one request would live as long as the load lasts.
   */
  private async later(background: Background, timer: LedgerClient["timer"]): Promise<void> {
    for (let left = RETRIES; left > 0 && this.unsent; left--) {
      await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
      try {
        await this.exchangeUntil(background, this.agent.end, this.unauthenticated.end);
      } catch {
        // The next attempt, or the next request, sends it again.
      }
      if (this.timer !== timer) return;
    }
    this.timer = undefined;
  }

  /** Exchanges until the entries before these ends are on disk. */
  private async exchangeUntil(background: Background, agent: number, unauthenticated: number): Promise<void> {
    do await this.exchange(background);
    while (!this.agent.isKept(agent) || !this.unauthenticated.isKept(unauthenticated));
  }

  private get unsent(): boolean {
    return this.failed !== undefined || this.agent.length > 0 || this.unauthenticated.length > 0;
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
    if (this.waiting.length >= MAX_WAITERS) refuse("ledger-unavailable");
    let waiter: Waiter | undefined;
    const served = new Promise<Lease>((resolve, reject) => {
      waiter = { amounts, serve: resolve, refuse: reject };
      this.waiting.push(waiter);
    });
    this.asking = true;
    this.kick(background);
    try {
      return await withTimeout(served, LEDGER_MS, "the ledger");
    } catch (error) {
      this.waiting = this.waiting.filter((w) => w !== waiter);
      if (error instanceof Refused) throw error;
      return refuse("ledger-unavailable");
    }
  }

  /**
   * Serves those that wait, in order, from what the ledger granted; refuses those for whom a limit is reached; the
   * others ask again.
   */
  private serve(background: Background, asked: readonly Waiter[], answer: SettleAnswer): void {
    const now = Date.now();
    const left = new Set(this.waiting);
    for (const waiter of asked) {
      if (!left.has(waiter)) continue;
      const { amounts } = waiter;
      // The first request after an isolate's pause hears of the archive here, with its lease.
      const closed = answer.stopped
        ? "token-stopped"
        : answer.archiveFailing && amounts.requests > 0
          ? "audit-unavailable"
          : undefined;
      const lease = closed === undefined ? this.use(amounts, now) : undefined;
      const short =
        (amounts.requests > 0 ? answer.short.requests : undefined) ??
        (amounts.writes > 0 ? answer.short.writes : undefined) ??
        (amounts.bytes > 0 ? answer.short.bytes : undefined);
      if (lease !== undefined) waiter.serve(lease);
      else if (closed !== undefined) waiter.refuse(new Refused(new Refusal(closed)));
      else if (short !== undefined) waiter.refuse(new Refused(new Refusal(short.rule), short.retryAfter));
      else continue;
      left.delete(waiter);
    }
    this.waiting = [...left];
    if (this.waiting.length === 0) return;
    this.asking = true;
    this.kick(background);
  }

  /**
   * Sees to it that an exchange takes place. Nothing is attached to a promise of another request, which may outlive
   * this one.
   */
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
      if (before !== undefined) await withTimeout(before, LEDGER_MS, "the ledger").catch(() => undefined);
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
        const { ask: _, ...again } = this.failed.request;
        await this.call(again);
      } catch (error) {
        this.giveUp(background, this.waiting);
        throw error;
      }
      this.keep(this.failed);
      this.failed = undefined;
    }
    const asked = Date.now();
    const waiters = this.asking ? [...this.waiting] : [];
    const batch = this.takeBatch(asked);
    let answer: SettleAnswer;
    try {
      answer = await this.call(batch.request);
    } catch (error) {
      this.failed = batch;
      this.giveUp(background, waiters);
      throw error;
    }
    this.keep(batch);
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

  private keep({ agent, unauthenticated }: Batch): void {
    this.agent.keep(agent);
    this.unauthenticated.keep(unauthenticated);
  }

  private giveUp(background: Background, waiters: readonly Waiter[]): void {
    // A ledger that is full takes nothing until the archive has some of it.
    if (this.last.archiveFailing) this.onArchiveDue(background);
    for (const waiter of waiters) waiter.refuse(new Refused(new Refusal("ledger-unavailable")));
    this.waiting = this.waiting.filter((w) => !waiters.includes(w));
  }

  private takeBatch(now: number): Batch {
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
    const agent = this.agent.take({
      entries: SETTLE.entries - UNAUTHENTICATED_SHARE.entries,
      size: SETTLE.size - UNAUTHENTICATED_SHARE.size,
    });
    const unauthenticated = this.unauthenticated.take({
      entries: SETTLE.entries - agent.length,
      size: SETTLE.size - agent.reduce((sum, text) => sum + text.length, 0),
    });
    const request: SettleRequest = {
      isolate: this.isolate,
      batch: ++this.batch,
      entries: [...agent, ...unauthenticated],
      reported: [...this.reported].map(([lease, requests]) => ({ lease, requests })),
      closed,
      ...(this.asking ? { ask: { need, want, limits: this.limits } } : {}),
    };
    this.reported = new Map();
    this.asking = false;
    return { request, agent: agent.length, unauthenticated: unauthenticated.length };
  }

  private async call(request: SettleRequest): Promise<SettleAnswer> {
    const stub = this.env.LEDGER.get(this.env.LEDGER.idFromName("ledger"));
    return (await stub.settle(request)) as SettleAnswer;
  }
}
