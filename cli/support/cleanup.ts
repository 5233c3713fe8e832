/**
 * How long undoing may take after a signal. What has not ended by itself then is killed by its guard when this process
 * is gone.
 */
const PATIENCE_MS = 10_000;
const PARENT_CHECK_MS = 500;

/**
 * Things to undo before the process ends, newest first. Ctrl-C, SIGTERM and SIGHUP run them too, once,
 * so that no child process and no half-written folder is left behind. A signal ends the process in any case: when a
 * step hangs, after ten seconds without it.
 */
export class Cleanup {
  private readonly steps: (() => Promise<void> | void)[] = [];
  private running: Promise<void> | undefined;
  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const exit = (): never => process.exit(signal === "SIGINT" ? 130 : 143);
    setTimeout(() => {
      process.stderr.write(`while stopping: not everything ended within ${PATIENCE_MS / 1000} s; it is killed\n`);
      exit();
    }, PATIENCE_MS).unref();
    void this.run().finally(exit);
  };

  constructor(signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"]) {
    for (const signal of signals) process.on(signal, this.onSignal);
  }

  /**
   * Ends as at SIGTERM when the process that started this one is gone: npx is ended by a signal that it does not pass
   * on. A process that was started without a parent, by init, is left alone.
   */
  endWithParent(): void {
    const parent = process.ppid;
    if (parent <= 1) return;
    setInterval(() => {
      if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
    }, PARENT_CHECK_MS).unref();
  }

  add(step: () => Promise<void> | void): void {
    this.steps.push(step);
  }

  /** Runs every step even if one fails; repeated calls wait for the first. */
  run(): Promise<void> {
    this.running ??= (async () => {
      for (const step of this.steps.reverse()) {
        try {
          await step();
        } catch (error) {
          process.stderr.write(`while stopping: ${(error as Error).message}\n`);
        }
      }
    })();
    return this.running;
  }
}
