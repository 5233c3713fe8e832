import { DAY_MS } from "../../edge/time";
import { DurableObject } from "cloudflare:workers";
import type { SessionKey } from "../contract";
import { chainLine, entryText, GENESIS } from "../policy/audit";
import { EMPTY_USAGE, giveBack, grantLease, type Usage } from "../policy/limits";
import type { ArchiveBatch, SettleAnswer, SettleRequest } from "./ledger/exchange";

/**
 * A lease whose requests are not all on record this long after its end leaves a gap record: the isolate is taken for
 * dead.
 */
const GAP_AFTER_MS = 15 * 60_000;
/** Lines go to the archive when so many wait, or when the oldest has waited so long. */
const ARCHIVE_LINES = 500;
const ARCHIVE_MS = 10_000;
/** How long one mover of lines keeps the others out. */
const MOVING_MS = 30_000;
/** Text of one row at most: the database refuses rows above 2 MB, and a reader takes rows whole. */
const ROW_SIZE = 256 * 1024;
/** Text that one page of the trail has at most, beside the last row. */
const PAGE_SIZE = 4 * 1024 * 1024;
/** So many lines wait for the archive at most; then the ledger takes none, and the isolates keep theirs. */
const MAX_LINES = 100_000;
/** Isolates and open leases that the state remembers at most; it is one row, and written with every exchange. */
const MAX_ISOLATES = 500;
const MAX_LEASES = 500;
/** Cells of the token store at most. */
const MAX_CELLS = 64;
/** Bytes of lines in one archive object at most. */
const ARCHIVE_BYTES = 4 * 1024 * 1024;
/** Deliveries of GitHub's webhook that are remembered; a replay of an older one would be kept as new. */
const MAX_DELIVERIES = 100_000;
/** How long a run of the forwarder keeps the others from a sink, from its last word on. */
const SINK_MS = 60_000;
/** How often a checkpoint leaves for the alert webhook, while there are records. */
const ANNOUNCE_MS = 60 * 60_000;

/** Lines of the trail, one behind the other. */
type Row = { readonly first: number; readonly last: number; readonly text: string };

const textOf = (rows: readonly Row[]): string => rows.map((row) => row.text).join("");

interface LedgerEnv {
  /** Self-hosted with sinks alone: what copies the trail to them, and has no schedule there (gate/forwarder/selfHosted.ts). */
  readonly FORWARDER?: Fetcher;
}

/** What must survive: one row of JSON, read once and written with every change. */
interface State {
  usage: Usage;
  seq: number;
  hash: string;
  stopped: boolean;
  denied: readonly string[];
  deniedKeys: readonly string[];
  waitUntil: number;
  archived: number;
  archiveFailing: boolean;
  /** When a checkpoint left for the alert webhook last. */
  announced: number;
  lease: number;
  /** Per isolate: the last exchange that was booked, the lease it was given, and when. */
  isolates: Record<string, { batch: number; lease: number; seen: number }>;
  /** Leases with requests that are not on record yet. */
  leases: Record<number, { isolate: string; open: number; minute: number; hour: number; ends: number }>;
}

const NEW: State = {
  usage: EMPTY_USAGE,
  seq: 0,
  hash: GENESIS,
  stopped: false,
  denied: [],
  deniedKeys: [],
  waitUntil: 0,
  archived: 0,
  archiveFailing: false,
  announced: 0,
  lease: 0,
  isolates: {},
  leases: {},
};

/**
 * The gate's one memory, single-threaded by nature: counts against the limits, holds the kill switch and the denied
 * tokens, and gives every audit entry its place in the chain. Whatever it answers is on disk before the answer leaves.
 */
export class Ledger extends DurableObject<LedgerEnv> {
  private state: State;
  /** Exchanges are booked one after the other: hashing is asynchronous, and the chain must not fork. */
  private turn: Promise<unknown> = Promise.resolve();
  private oldestWaiting = 0;
  /** Until when one isolate has the lines that it moves to the archive. */
  private movingUntil = 0;
  /** An alarm is set that looks for dead isolates. */
  private watching = false;

  constructor(ctx: DurableObjectState, env: LedgerEnv) {
    super(ctx, env);
    const sql = ctx.storage.sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL)`);
    sql.exec(`CREATE TABLE IF NOT EXISTS lines (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, text TEXT NOT NULL)`);
    sql.exec(
      `CREATE TABLE IF NOT EXISTS segments (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, key TEXT NOT NULL)`,
    );
    sql.exec(`CREATE TABLE IF NOT EXISTS cells (name TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL)`);
    sql.exec(
      `CREATE TABLE IF NOT EXISTS sinks (name TEXT PRIMARY KEY, turn INTEGER NOT NULL, until INTEGER NOT NULL, state TEXT NOT NULL)`,
    );
    sql.exec(
      `CREATE TABLE IF NOT EXISTS session_keys (sha256 TEXT PRIMARY KEY, session TEXT UNIQUE NOT NULL, agent TEXT NOT NULL, not_after TEXT NOT NULL, open INTEGER NOT NULL)`,
    );
    sql.exec(
      `CREATE TABLE IF NOT EXISTS deliveries (place INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, body TEXT UNIQUE NOT NULL, at INTEGER NOT NULL)`,
    );
    const row = sql.exec<{ json: string }>(`SELECT json FROM state`).toArray()[0];
    this.state = row === undefined ? NEW : { ...NEW, ...(JSON.parse(row.json) as Partial<State>) };
    if (this.state.seq > this.state.archived) this.oldestWaiting = Date.now();
  }

  /** Books what an isolate reports, gives out a lease if it asks for one, and tells what every isolate must know. */
  async settle(request: SettleRequest): Promise<SettleAnswer> {
    return this.inTurn(() => this.book(request));
  }

  /** Stops everything, or lets it go on. */
  async stop(stopped: boolean): Promise<void> {
    await this.inTurn(async () => this.save({ ...this.state, stopped }));
  }

  /** No isolate uses a token with this hash again (base64 SHA-256). The list keeps the last hundred. */
  async deny(tokenSha256: string): Promise<void> {
    await this.inTurn(async () =>
      this.save({
        ...this.state,
        denied: [tokenSha256, ...this.state.denied.filter((d) => d !== tokenSha256)].slice(0, 100),
      }),
    );
  }

  /** A gate key with this hash (base64url SHA-256) opens nothing any more. The list keeps the last hundred. */
  async denyKey(gateKeySha256: string): Promise<void> {
    await this.inTurn(async () =>
      this.save({
        ...this.state,
        deniedKeys: [gateKeySha256, ...this.state.deniedKeys.filter((d) => d !== gateKeySha256)].slice(0, 100),
      }),
    );
  }

  /** The gate keys that are denied. */
  async deniedKeys(): Promise<readonly string[]> {
    return this.state.deniedKeys;
  }

  /**
   * Opens the gate to the key of one session, by the key's hash. Asked again with the same, it says `open` again. A
   * session has one key in its life, and an ended one stays ended: `taken`. `full`: as many are open as may be.
   */
  async openSession(key: SessionKey, maxSessions: number): Promise<"open" | "full" | "taken"> {
    const { sql } = this.ctx.storage;
    this.dropOldSessions();
    const known = sql
      .exec<{ sha256: string; session: string; open: number }>(
        `SELECT sha256, session, open FROM session_keys WHERE sha256 = ? OR session = ?`,
        key.sha256,
        key.session,
      )
      .toArray();
    const [first] = known;
    if (first !== undefined)
      return first.sha256 === key.sha256 && first.session === key.session && first.open === 1 ? "open" : "taken";
    if (this.openKeys().length >= maxSessions) return "full";
    sql.exec(`INSERT INTO session_keys VALUES (?, ?, ?, ?, 1)`, key.sha256, key.session, key.agent, key.notAfter);
    return "open";
  }

  /** Ends the key of a session. */
  async endSession(session: string): Promise<void> {
    this.ctx.storage.sql.exec(`UPDATE session_keys SET open = 0 WHERE session = ?`, session);
  }

  /** The keys of sessions that are open now. */
  async sessionKeys(): Promise<SessionKey[]> {
    return this.openKeys();
  }

  private openKeys(): SessionKey[] {
    return this.ctx.storage.sql
      .exec<{ sha256: string; session: string; agent: string; not_after: string }>(
        `SELECT sha256, session, agent, not_after FROM session_keys WHERE open = 1 AND not_after >= ? ORDER BY not_after`,
        new Date().toISOString(),
      )
      .toArray()
      .map(({ not_after: notAfter, ...key }) => ({ ...key, notAfter }));
  }

  /** Forgets keys whose end is long over: they open nothing, and the table stays small. */
  private dropOldSessions(): void {
    this.ctx.storage.sql.exec(
      `DELETE FROM session_keys WHERE not_after < ?`,
      new Date(Date.now() - 30 * DAY_MS).toISOString(),
    );
  }

  /** GitHub asked to wait until this instant (milliseconds). */
  async wait(until: number): Promise<void> {
    await this.inTurn(async () => this.save({ ...this.state, waitUntil: Math.max(until, this.state.waitUntil) }));
  }

  /**
   * A cell: a sealed value with its version, for the token store that has no check-and-set of its own. Version 0: never
   * written.
   */
  async cell(name: string): Promise<{ readonly version: number; readonly value: string }> {
    return (
      this.ctx.storage.sql
        .exec<{ version: number; value: string }>(`SELECT version, value FROM cells WHERE name = ?`, name)
        .toArray()[0] ?? { version: 0, value: "" }
    );
  }

  /** Writes a cell only if its version still is `cas`; false when someone else was first. */
  async writeCell(name: string, value: string, cas: number): Promise<boolean> {
    const { version } = await this.cell(name);
    if (version !== cas) return false;
    if (version === 0 && this.ctx.storage.sql.exec(`SELECT name FROM cells`).toArray().length >= MAX_CELLS)
      throw new Error("the store has no room for another cell");
    this.ctx.storage.sql.exec(`INSERT OR REPLACE INTO cells VALUES (?, ?, ?)`, name, version + 1, value);
    return true;
  }

  /**
   * The oldest lines that are not archived yet; undefined when there are none, or when someone else is moving them.
   * They stay here until `archived` says they are safe.
   */
  async linesToArchive(): Promise<ArchiveBatch | undefined> {
    const now = Date.now();
    if (now < this.movingUntil) return undefined;
    const { rows: taken, more } = this.rows(0, ARCHIVE_BYTES);
    const first = taken[0];
    const last = taken[taken.length - 1];
    if (first !== undefined) this.movingUntil = now + MOVING_MS;
    return (
      first &&
      last && {
        first: first.first,
        last: last.last,
        text: textOf(taken),
        more,
      }
    );
  }

  /**
   * The lines up to `last` are in the archive under `key`; only now are they dropped here. True when the checkpoint at
   * `last` is to be sent to the alert webhook.
   */
  async archived(first: number, last: number, key: string): Promise<boolean> {
    return this.inTurn(async () => {
      const now = Date.now();
      const announce = now < this.state.announced || now - this.state.announced >= ANNOUNCE_MS;
      this.ctx.storage.sql.exec(`DELETE FROM lines WHERE last <= ?`, last);
      this.ctx.storage.sql.exec(`INSERT OR REPLACE INTO segments VALUES (?, ?, ?)`, first, last, key);
      this.oldestWaiting = now;
      this.movingUntil = 0;
      this.save({
        ...this.state,
        archived: Math.max(last, this.state.archived),
        archiveFailing: false,
        announced: announce ? now : this.state.announced,
      });
      this.wakeForwarder();
      return announce;
    });
  }

  private wakeForwarder(): void {
    const { FORWARDER } = this.env;
    // Best effort: once awake it goes on by itself.
    if (FORWARDER !== undefined)
      this.ctx.waitUntil(FORWARDER.fetch("http://forwarder/", { method: "POST" }).catch(() => undefined));
  }

  async archiveFailed(): Promise<void> {
    // The next attempt may start at once: the gate is closed until one succeeds.
    this.movingUntil = 0;
    await this.inTurn(async () => this.save({ ...this.state, archiveFailing: true }));
  }

  /** Where the lines after `seq` are: archive objects first, then text that is still here. */
  async linesAfter(seq: number): Promise<{
    readonly keys: readonly string[];
    readonly text: string;
    readonly head: { readonly seq: number; readonly hash: string };
  }> {
    const sql = this.ctx.storage.sql;
    const keys = sql
      .exec<{ key: string }>(`SELECT key FROM segments WHERE last > ? ORDER BY first LIMIT 50`, seq)
      .toArray()
      .map((r) => r.key);
    // Lines still here follow all segments; they are only part of this page when the segments are.
    const text = keys.length === 50 ? "" : textOf(this.rows(seq, PAGE_SIZE).rows);
    return { keys, text, head: { seq: this.state.seq, hash: this.state.hash } };
  }

  /**
   * Books a delivery of GitHub's webhook by its id and the hash of its signed body. Undefined for a replay: one of the
   * two came before with another of the other.
   * @returns when it came first, and whether that is now
   */
  async bookDelivery(id: string, body: string): Promise<{ readonly at: number; readonly fresh: boolean } | undefined> {
    const { sql } = this.ctx.storage;
    const known = sql
      .exec<{ id: string; body: string; at: number }>(
        `SELECT id, body, at FROM deliveries WHERE id = ? OR body = ?`,
        id,
        body,
      )
      .toArray();
    const [first] = known;
    if (first !== undefined)
      return known.length === 1 && first.id === id && first.body === body ? { at: first.at, fresh: false } : undefined;
    const at = Date.now();
    sql.exec(`INSERT INTO deliveries (id, body, at) VALUES (?, ?, ?)`, id, body, at);
    sql.exec(`DELETE FROM deliveries WHERE place <= (SELECT max(place) FROM deliveries) - ?`, MAX_DELIVERIES);
    return { at, fresh: true };
  }

  /**
   * How far a sink is, in the forwarder's own words (empty: nothing is sent yet), for the one run that may work on it;
   * undefined while another one does. A run that says nothing for a minute is taken for dead.
   */
  async takeSink(name: string): Promise<{ readonly turn: number; readonly state: string } | undefined> {
    const now = Date.now();
    const before = this.sink(name);
    if (now < before.until && before.until <= now + SINK_MS) return undefined;
    const turn = before.turn + 1;
    this.writeSink(name, turn, now + SINK_MS, before.state);
    return { turn, state: before.state };
  }

  /** Notes how far a sink is; false when the run lost it to a later one. @param done the run works on it no longer */
  async saveSink(name: string, turn: number, state: string, done: boolean): Promise<boolean> {
    if (this.sink(name).turn !== turn) return false;
    this.writeSink(name, turn, done ? 0 : Date.now() + SINK_MS, state);
    return true;
  }

  private sink(name: string): { readonly turn: number; readonly until: number; readonly state: string } {
    return (
      this.ctx.storage.sql
        .exec<{ turn: number; until: number; state: string }>(
          `SELECT turn, until, state FROM sinks WHERE name = ?`,
          name,
        )
        .toArray()[0] ?? { turn: 0, until: 0, state: "" }
    );
  }

  private writeSink(name: string, turn: number, until: number, state: string): void {
    this.ctx.storage.sql.exec(`INSERT OR REPLACE INTO sinks VALUES (?, ?, ?, ?)`, name, turn, until, state);
  }

  /** Looks for isolates that died with requests unrecorded. */
  override async alarm(): Promise<void> {
    await this.inTurn(() => this.recordGaps(Date.now(), GAP_AFTER_MS));
  }

  /**
   * The oldest rows after `seq`, up to `size`, and whether more follow. They are read one by one: all of them together
   * may not fit into memory.
   */
  private rows(seq: number, size: number): { readonly rows: readonly Row[]; readonly more: boolean } {
    const taken: Row[] = [];
    let length = 0;
    for (const row of this.ctx.storage.sql.exec<Row>(
      `SELECT first, last, text FROM lines WHERE last > ? ORDER BY first`,
      seq,
    )) {
      if (taken.length > 0 && length + row.text.length > size) return { rows: taken, more: true };
      taken.push(row);
      length += row.text.length;
    }
    return { rows: taken, more: false };
  }

  private async book(request: SettleRequest): Promise<SettleAnswer> {
    const now = Date.now();
    if (this.state.seq - this.state.archived + request.entries.length > MAX_LINES)
      throw new Error("too many lines wait for the archive");
    if (Object.keys(this.state.leases).length >= MAX_LEASES) await this.recordGaps(now, 0);
    const before = this.state.isolates[request.isolate];
    const isNew = request.batch > (before?.batch ?? 0);
    const chained = isNew ? await this.chain(request.entries) : undefined;
    // From here on everything is synchronous, so it is written as one.
    const leases = { ...this.state.leases };
    let usage = this.state.usage;
    // Sent again: its answer was lost, and with it a lease that nobody uses. What it counted stays counted.
    if (!isNew) delete leases[before?.lease ?? 0];
    else usage = bookLeases(request, leases, usage, now);
    const { ask } = request;
    const granted =
      ask === undefined || this.state.stopped ? undefined : grantLease(ask.limits, usage, now, ask.need, ask.want);
    let lease: SettleAnswer["lease"];
    if (granted !== undefined) {
      usage = granted.usage;
      lease = { id: this.state.lease + 1, ...granted.grant };
      if (lease.requests > 0)
        leases[lease.id] = {
          isolate: request.isolate,
          open: lease.requests,
          minute: lease.minute,
          hour: lease.hour,
          ends: now + lease.ms,
        };
    }
    const isolates = {
      ...newest(this.state.isolates, MAX_ISOLATES - 1),
      [request.isolate]: { batch: Math.max(request.batch, before?.batch ?? 0), lease: lease?.id ?? 0, seen: now },
    };
    this.save(
      { ...this.state, ...chained?.head, usage, lease: lease?.id ?? this.state.lease, leases, isolates },
      chained?.rows,
    );
    if (lease !== undefined && !this.watching) {
      this.watching = true;
      await this.ctx.storage.setAlarm(now + GAP_AFTER_MS);
    }
    const waiting = this.state.seq - this.state.archived;
    return {
      ...(lease === undefined ? {} : { lease }),
      short: granted?.short ?? {},
      stopped: this.state.stopped,
      denied: this.state.denied,
      deniedKeys: this.state.deniedKeys,
      waitUntil: this.state.waitUntil > now ? this.state.waitUntil : 0,
      archiveDue: waiting >= ARCHIVE_LINES || (waiting > 0 && now - this.oldestWaiting >= ARCHIVE_MS),
      archiveFailing: this.state.archiveFailing,
    };
  }

  /** Chains entries: the new head, and the rows of their lines, which are saved together. */
  private async chain(entries: readonly string[]): Promise<{
    readonly head: { readonly seq: number; readonly hash: string };
    readonly rows: readonly Row[];
  }> {
    let { seq, hash } = this.state;
    const rows: Row[] = [];
    let first = seq + 1;
    let text = "";
    for (const entry of entries) {
      const made = await chainLine(seq + 1, entry, hash);
      if (text !== "" && text.length + made.line.length > ROW_SIZE) {
        rows.push({ first, last: seq, text });
        first = seq + 1;
        text = "";
      }
      text += `${made.line}\n`;
      seq++;
      hash = made.hash;
    }
    if (text !== "") rows.push({ first, last: seq, text });
    return { head: { seq, hash }, rows };
  }

  /** @param after how long after its end a lease is given up, in milliseconds */
  private async recordGaps(now: number, after: number): Promise<void> {
    const leases = { ...this.state.leases };
    const dead = Object.entries(leases).filter(([, lease]) => lease.ends < now - after);
    const entries = dead.map(([id, lease]) =>
      entryText({
        ts: new Date(lease.ends).toISOString(),
        agent: "",
        requestId: `${lease.isolate}-lease-${id}`,
        clientIp: "",
        method: "",
        path: "",
        route: "",
        repository: "",
        decision: "gap",
        reason: `at most ${lease.open} requests of an isolate are not on record`,
        status: 0,
        bytesIn: 0,
        bytesOut: 0,
        ms: 0,
        tokenSha256: "",
        findings: [],
      }),
    );
    const chained = await this.chain(entries);
    for (const [id] of dead) delete leases[Number(id)];
    const isolates = Object.fromEntries(
      Object.entries(this.state.isolates).filter(([, isolate]) => isolate.seen > now - DAY_MS),
    );
    this.save({ ...this.state, ...chained.head, leases, isolates }, chained.rows);
    const next = Math.min(...Object.values(leases).map((lease) => lease.ends));
    this.watching = Number.isFinite(next);
    if (this.watching) await this.ctx.storage.setAlarm(Math.max(next + GAP_AFTER_MS, now + 60_000));
  }

  private save(state: State, rows: readonly Row[] = []): void {
    this.ctx.storage.transactionSync(() => {
      for (const { first, last, text } of rows)
        this.ctx.storage.sql.exec(`INSERT INTO lines VALUES (?, ?, ?)`, first, last, text);
      this.ctx.storage.sql.exec(`INSERT OR REPLACE INTO state VALUES (1, ?)`, JSON.stringify(state));
    });
    if (rows.length > 0 && this.state.seq === this.state.archived) this.oldestWaiting = Date.now();
    this.state = state;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.turn.then(work, work);
    this.turn = run.catch(() => undefined);
    return run;
  }
}

/** The isolates that were seen last. */
function newest(isolates: State["isolates"], count: number): State["isolates"] {
  const all = Object.entries(isolates);
  if (all.length <= count) return isolates;
  return Object.fromEntries(all.sort(([, a], [, b]) => b.seen - a.seen).slice(0, count));
}

/** Books what an isolate used and gives back, and drops leases without open requests. */
function bookLeases(request: SettleRequest, leases: State["leases"], before: Usage, now: number): Usage {
  let usage = before;
  for (const { lease, requests } of request.reported) {
    const known = leases[lease];
    if (known?.isolate === request.isolate) leases[lease] = { ...known, open: known.open - requests };
  }
  for (const { lease, unused } of request.closed) {
    const known = leases[lease];
    if (known?.isolate !== request.isolate) continue;
    usage = giveBack(usage, now, known, unused);
    leases[lease] = { ...known, open: known.open - unused.requests };
  }
  for (const { lease } of [...request.reported, ...request.closed])
    if ((leases[lease]?.open ?? 1) <= 0) delete leases[lease];
  return usage;
}

/** A Durable Object's script needs a handler of its own; nothing is reachable through it. */
export default {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 404 });
  },
};
