import fc from "fast-check";

/**
 * Runs of a property that costs nothing much. `npm test` takes few of them, `npm run test:all` and `npm run fuzz` more;
 * FUZZ_RUNS says how many.
 */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 150);
/**
 * The short run is the same every time, so that nobody's change fails by chance; the long one is new every time, and
 * prints its seed.
 */
const LONG = RUNS > 1000;
const SEED = Number(process.env["FUZZ_SEED"] ?? (LONG ? Date.now() % 2 ** 31 : 20_260_601));

export interface Target<T> {
  /** What one run costs, against a check of a short text: 50 when it starts processes. */
  readonly cost?: number;
  readonly values: fc.Arbitrary<T>;
  /**
   * The oracle: throws when the two readings differ. Says whether the value was accepted, so that a run shows how deep
   * it got.
   */
  readonly holds: (value: T) => boolean | Promise<boolean>;
  /** Share of accepted values below which the property proves too little. */
  readonly accepted?: number;
  /** The oracle's import and call for one value, as they stand in a regression test. */
  readonly regression: { readonly from: string; readonly call: (value: T) => string };
}

/** Registers one bounded, seeded property as a test. A counterexample is printed as a test that can be kept. */
export function fuzz<T>(name: string, target: Target<T>): void {
  const runs = Math.max(5, Math.round(RUNS / (target.cost ?? 1)));
  it(
    name,
    async () => {
      const started = performance.now();
      let accepted = 0;
      let total = 0;
      const property = fc.asyncProperty(target.values, async (value) => {
        total++;
        if (await target.holds(value)) accepted++;
      });
      const details = await fc.check(property, {
        seed: SEED,
        numRuns: runs,
        endOnFailure: false,
        interruptAfterTimeLimit: LONG ? 3_600_000 : 60_000,
      });
      const seconds = (performance.now() - started) / 1000;
      if (LONG)
        process.stderr.write(
          `${name}: seed ${SEED}, ${details.numRuns} runs, ${Math.round(total / seconds)} a second, ${Math.round((100 * accepted) / total)}% accepted\n`,
        );
      if (details.failed) throw new Error(counterexample(name, target, details));
      // A generator whose every value is refused proves nothing.
      expect(accepted / total).toBeGreaterThanOrEqual(target.accepted ?? 0.01);
    },
    LONG ? 3_600_000 : 60_000,
  );
}

function counterexample<T>(name: string, target: Target<T>, details: fc.RunDetails<[T]>): string {
  const [value] = details.counterexample ?? [];
  const error =
    details.errorInstance instanceof Error
      ? details.errorInstance.message
      : String(details.errorInstance ?? "interrupted");
  const imported = /^[\w$]+/.exec(value === undefined ? "" : target.regression.call(value))?.[0] ?? "";
  return [
    `${name}: seed ${details.seed}, path ${details.counterexamplePath}, after ${details.numRuns} runs and ${details.numShrinks} shrinks`,
    error,
    "",
    "As a test of tests/fuzz/regression:",
    "",
    `import { ${imported} } from "../oracles/${target.regression.from}";`,
    `it(${JSON.stringify(name)}, async () => {`,
    `  await ${value === undefined ? "" : target.regression.call(value)};`,
    "});",
  ].join("\n");
}

/** A value as it stands in source: JSON, which is TypeScript too. */
export const literal = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
