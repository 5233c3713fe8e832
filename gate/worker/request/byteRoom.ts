/** Bytes that one reader holds, and until when it counts. */
export interface Holder {
  bytes: number;
  readonly until: number;
}

/**
 * How many bytes this isolate holds in answers that it is reading whole, in sum. Who is done leaves, or falls out after
 * `holdMs`: a reader whose client went away may never get to leave.
 */
export class ByteRoom {
  private readonly holders = new Set<Holder>();
  private held = 0;

  constructor(
    private readonly max: number,
    private readonly holdMs: number,
  ) {}

  enter(now: number): Holder {
    return { bytes: 0, until: now + this.holdMs };
  }

  /** Takes room for `bytes` more; false when there is none. */
  grow(holder: Holder, bytes: number, now: number): boolean {
    if (this.held + bytes > this.max) for (const other of this.holders) if (other.until <= now) this.leave(other);
    if (this.held + bytes > this.max) return false;
    this.holders.add(holder);
    holder.bytes += bytes;
    this.held += bytes;
    return true;
  }

  leave(holder: Holder): void {
    if (!this.holders.delete(holder)) return;
    this.held -= holder.bytes;
    holder.bytes = 0;
  }
}
