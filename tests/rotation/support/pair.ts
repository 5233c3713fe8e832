import type { Outcome } from "../../../rotation/machine";
import type { FaultKind, Rotator, World } from "./world";

/**
 * Two rotators of one world. One runs at a time, up to its next call, so that a test decides who goes on and what
 * fails.
 */
export class Pair {
  readonly runs: (
    | { rotator: Rotator; done: boolean; outcome?: Outcome; failure?: unknown; go?: (fault?: FaultKind) => void }
    | undefined
  )[] = [undefined, undefined];
  #arrived: (() => void) | undefined;

  constructor(readonly world: World) {
    world.turn = (rotator) =>
      new Promise((resolve) => {
        const run = this.runs.find((r) => r?.rotator === rotator);
        if (!run) return resolve(undefined); // not one of the pair: goes on undisturbed
        run.go = resolve;
        this.#arrived?.();
      });
  }

  /** Lets one rotator make one call, or begins a run when it has none. */
  async step(who: 0 | 1, fault: FaultKind | undefined): Promise<void> {
    const run = this.runs[who];
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    if (!run || run.done) {
      const rotator = this.world.rotator();
      const fresh: NonNullable<Pair["runs"][number]> = { rotator, done: false };
      this.runs[who] = fresh;
      void rotator
        .run(this.world.start())
        .then(
          (o) => {
            fresh.outcome = o;
          },
          (e: unknown) => {
            fresh.failure = e;
          },
        )
        .finally(() => {
          fresh.done = true;
          this.#arrived?.();
        });
    } else run.go?.(fault);
    await arrived;
    const now = this.runs[who];
    if (now?.failure) throw now.failure;
  }

  async finish(): Promise<void> {
    for (const who of [0, 1] as const) while (this.runs[who] && !this.runs[who].done) await this.step(who, undefined);
  }
}
