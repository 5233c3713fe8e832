type Body = () => void | Promise<void>;

/**
 * Declares a test that cannot run on this machine, with the reason in its name, so that the test run shows both.
 * The lint rules forbid the bare `it.skip`: a silent skip looks like a pass.
 */
export function skipWithReason(reason: string): {
  it: (name: string, body?: Body, timeout?: number) => void;
  describe: (name: string, body?: () => void) => void;
} {
  const { skip: skipTest } = test; // by name, because this is the one place that may skip
  const { skip: skipGroup } = describe;
  return {
    it: (name) => skipTest(`${name} [skipped: ${reason}]`, () => undefined),
    describe: (name) =>
      skipGroup(`${name} [skipped: ${reason}]`, () => {
        test("does not run here", () => undefined);
      }),
  };
}

/** `it` when the condition holds, else a test that says why it does not run. */
export function itWhen(condition: boolean, reason: string): (name: string, body: Body, timeout?: number) => void {
  return condition
    ? (name, body, timeout) =>
        test(
          name,
          async () => {
            await body();
          },
          timeout,
        )
    : skipWithReason(reason).it;
}
