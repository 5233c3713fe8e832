import { refuse } from "../answer/problem";
import { withTimeout } from "../time";

/**
 * Lets at most `width` requests of this isolate run at GitHub at once; the others wait in the order they came. GitHub
 * asks for that and punishes bursts. A place becomes free when its holder returns it, or after `holdMs`, because a
 * request whose client is gone may never return it.
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

  /** Takes a place and returns how to free it. Synchronous while there is room. */
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
      await withTimeout(turn, this.maxWaitMs, "the queue");
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
