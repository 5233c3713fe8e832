/** How far a long command is, for a person: counts, and an estimate that says what it rests on. */

/** What a server's hourly limit leaves. */
export interface HourlyLimit {
  readonly remaining: number;
  /** Milliseconds since the epoch. */
  readonly resetAt: number;
}

export interface Standing {
  readonly done: number;
  /** So many are known of; answers may lead to more questions. */
  readonly known: number;
  /** Without the time that was spent waiting for a limit. */
  readonly elapsedMs: number;
  readonly limit?: HourlyLimit | undefined;
}

/** Fewer answers, or less time, say nothing about the rest. */
const ENOUGH = { answers: 20, ms: 2_000 };

/**
 * How long the rest takes at the pace so far, with the wait for a limit that it will reach; undefined while there is too
 * little to go by.
 */
export function remainingMs({ done, known, elapsedMs, limit }: Standing, now: number): number | undefined {
  if (done < ENOUGH.answers || elapsedMs < ENOUGH.ms) return undefined;
  const left = Math.max(0, known - done);
  const pace = elapsedMs / done;
  if (!limit || left <= limit.remaining) return left * pace;
  return Math.max(limit.remaining * pace, limit.resetAt - now) + (left - limit.remaining) * pace;
}

/** @example standing("assess", { done: 1234, known: 3012, elapsedMs: 60_000 }, now) // "assess: 1,234 of 3,012 calls, about 2 min left" */
export function standing(what: string, at: Standing, now: number): string {
  const count = (value: number): string => value.toLocaleString("en-US");
  const left = remainingMs(at, now);
  const waits = at.limit !== undefined && at.known - at.done > at.limit.remaining;
  return (
    `${what}: ${count(at.done)} of ${count(at.known)} calls` +
    (left === undefined ? "" : `, ${duration(left)} left${waits ? " with the wait for the hourly limit" : ""}`)
  );
}

/** @example duration(5_000_000) // "about 1 h 23 min" */
export function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return "less than a minute";
  return `about ${minutes < 60 ? "" : `${Math.floor(minutes / 60)} h `}${minutes % 60} min`;
}

/** What a reader tells of its questions. */
export interface Watch {
  asked(): void;
  answered(limit?: HourlyLimit): void;
  /** It will ask again after so long, because a limit is reached. */
  waits(ms: number): void;
}

interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** How often a terminal is written to, and a file or a pipe. */
const EVERY_MS = { terminal: 250, lines: 10_000 };
/** A shorter wait is not worth a line. */
const LONG_WAIT_MS = 60_000;

/**
 * Writes to the standard error how far a command is: one line that changes on a terminal, a line from time to time where
 * it is asked for, and otherwise only that a limit makes it wait for more than a minute.
 * @param wanted Whether a person asked for progress although nobody looks at a terminal.
 */
export class Progress implements Watch {
  private done = 0;
  private known = 0;
  private readonly start: number;
  private written: number;
  private waited = 0;
  private waitsUntil = 0;
  private limit: HourlyLimit | undefined;

  constructor(
    private readonly what: string,
    private readonly wanted: boolean,
    private readonly out: Terminal = process.stderr,
    private readonly now: () => number = Date.now,
  ) {
    this.start = this.written = now();
  }

  asked(): void {
    this.known += 1;
  }

  answered(limit?: HourlyLimit): void {
    this.done += 1;
    this.limit = limit ?? this.limit;
    const now = this.now();
    if (!this.shows || now - this.written < (this.out.isTTY ? EVERY_MS.terminal : EVERY_MS.lines)) return;
    this.written = now;
    const { done, known } = this;
    this.say(standing(this.what, { done, known, elapsedMs: now - this.start - this.waited, limit: this.limit }, now));
  }

  waits(ms: number): void {
    const now = this.now();
    const until = now + ms;
    if (until <= this.waitsUntil + 1_000) return;
    this.waited += until - Math.max(now, this.waitsUntil);
    this.waitsUntil = until;
    if (ms < LONG_WAIT_MS && !this.shows) return;
    this.say(`${this.what}: GitHub's limit of requests is reached; goes on in ${duration(ms)}`);
  }

  /** Takes the changing line away. */
  end(): void {
    if (this.shows && this.out.isTTY) this.out.write("\r\u001b[2K");
  }

  private get shows(): boolean {
    return this.wanted || this.out.isTTY === true;
  }

  private say(text: string): void {
    this.out.write(this.out.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
  }
}
