import { within } from "../bytes";
import { refuse } from "../answer/problem";

/**
 * At most `width` requests at GitHub at once from this isolate, the others in the order they came: GitHub asks for that, and punishes bursts.
 * A place is given back by its holder, or falls back after `holdMs`: a holder whose client went away may never get to give it back.
 */
export class ConcurrencyLimit {
  private readonly holders = new Set<{ readonly until: number }>();
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly width: number,
    private readonly holdMs: number,
    private readonly maxQueue: number,
    private readonly maxWaitMs: number,
  ) {}

  /** Takes a place and returns how to give it back. Synchronous while there is room. */
  enter(now: number): (() => void) | Promise<() => void> {
    if (this.holders.size >= this.width)
      for (const holder of this.holders) if (holder.until <= now) this.holders.delete(holder);
    if (this.holders.size < this.width && this.queue.length === 0) return this.hold(now);
    if (this.queue.length >= this.maxQueue) refuse("queue-full", "", 1);
    return this.wait();
  }

  private async wait(): Promise<() => void> {
    let wake: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => (wake = resolve));
    this.queue.push(wake);
    try {
      await within(turn, this.maxWaitMs, "the queue");
    } catch {
      const at = this.queue.indexOf(wake);
      if (at >= 0) this.queue.splice(at, 1);
      refuse("queue-full", "", 1);
    }
    return this.hold(Date.now());
  }

  private hold(now: number): () => void {
    const holder = { until: now + this.holdMs };
    this.holders.add(holder);
    return () => {
      if (this.holders.delete(holder) && this.holders.size < this.width) this.queue.shift()?.();
    };
  }
}
