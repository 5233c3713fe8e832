import { Misuse, NeedsPerson, RequestRefused, Unavailable, messageOf } from "../../rotation/errors";
import type { Outcome } from "../../rotation/machine";
import type { Progress } from "../../rotation/effects";
import { CouldNotRun, DoesNotHold } from "../support/exit";

/** Progress goes to standard error, so that standard output carries the result alone. */
export const logProgress =
  (json: boolean | undefined) =>
  (event: Progress): void => {
    if (!json) process.stderr.write(`  ${event.step.padEnd(12)} ${event.says}\n`);
  };

/** Prints an outcome and throws unless the token is now what was wanted. */
export function printOutcome(outcome: Outcome, json: boolean | undefined): void {
  if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  const holds = outcome.result === "finished" || outcome.result === "nothing";
  const lines = [
    sentence(outcome.says),
    ...outcome.notes.map((note) => `  - ${note}`),
    ...outcome.todo.map((step, i) => `  ${i + 1}. ${step}`),
  ];
  if (holds) {
    if (!json) process.stdout.write(`${lines.join("\n")}\n`);
    return;
  }
  throw new DoesNotHold(json ? sentence(outcome.says) : lines.join("\n"));
}

export const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

/**
 * Gives errors of the rotation their exit code: a refusal or no answer is 1 (does not hold), wrong use is 2 (could not
 * run).
 */
export async function withExitCodes(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Misuse) throw new CouldNotRun(sentence(messageOf(error)));
    if (error instanceof Unavailable || error instanceof RequestRefused)
      throw new DoesNotHold(sentence(messageOf(error)));
    if (error instanceof NeedsPerson)
      throw new DoesNotHold([sentence(error.why), ...error.todo.map((step, i) => `  ${i + 1}. ${step}`)].join("\n"));
    throw error;
  }
}
