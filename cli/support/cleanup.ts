/**
 * Things to undo before the process ends, newest first. Ctrl-C, SIGTERM and SIGHUP run them too, once,
 * so that no child process and no half-written folder is left behind.
 */
export class Cleanup {
  private readonly steps: (() => Promise<void> | void)[] = [];
  private running: Promise<void> | undefined;
  private readonly onSignal = (signal: NodeJS.Signals): void => {
    void this.run().finally(() => {
      process.exit(signal === "SIGINT" ? 130 : 143);
    });
  };

  constructor(signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"]) {
    for (const signal of signals) process.on(signal, this.onSignal);
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
