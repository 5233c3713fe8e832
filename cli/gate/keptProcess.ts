import type { ChildProcess } from "node:child_process";
import { restart } from "./restarts";

/** How long a process may take to end by itself. The longest request that a gate answers is shorter. */
const PATIENCE_MS = 30_000;

/** A process that is started again whenever it ends, until it is stopped. */
export class KeptProcess {
  private child: ChildProcess | undefined;
  private again: NodeJS.Timeout | undefined;
  private shortRuns = 0;
  private stopped = false;
  private gone: Promise<void> = Promise.resolve();

  /**
   * @param start starts it once
   * @param onEnd hears how it ended when nobody stopped it, such as `SIGKILL` or `code 1`, and in how many milliseconds
   *   it starts again
   */
  constructor(
    private readonly start: () => ChildProcess,
    private readonly onEnd: (how: string, delayMs: number) => void,
  ) {
    this.run();
  }

  /**
   * Ends it with SIGTERM, on which workerd answers what it has begun, and for good after thirty seconds.
   * @param meanwhile is done after the signal
   */
  async stop(meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    this.stopped = true;
    clearTimeout(this.again);
    this.child?.kill("SIGTERM");
    const kill = setTimeout(() => this.child?.kill("SIGKILL"), PATIENCE_MS);
    await Promise.race([this.gone, meanwhile()]);
    await this.gone;
    clearTimeout(kill);
  }

  private run(): void {
    const startedAt = Date.now();
    const child = this.start();
    this.child = child;
    this.gone = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.child !== child) return;
        this.child = undefined;
        resolve();
        if (this.stopped) return;
        const { delayMs, shortRuns } = restart(Date.now() - startedAt, this.shortRuns);
        this.shortRuns = shortRuns;
        this.again = setTimeout(() => this.run(), delayMs);
        this.onEnd(how, delayMs);
      };
      child.once("exit", (code, signal) => end(signal ?? `code ${code}`));
      // A program that cannot be started has no exit.
      child.once("error", (error) => end(error.message));
    });
  }
}
