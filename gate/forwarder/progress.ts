import type { Outcome } from "./answers";
import type { Batch } from "./formats";

/* How far a sink is, and what follows from each answer. Pure. */

/** What the ledger keeps of a sink. */
export interface Progress {
  /** The last record that the sink has, or that stands among its dead letters. */
  readonly seq: number;
  /** Records of the next batch at most. */
  readonly size: number;
  /** Attempts in a row that failed. */
  readonly failures: number;
  /** Records in a row that were refused one by one. */
  readonly refused: number;
  /** Nothing is sent before (milliseconds). */
  readonly notBefore: number;
  /** Why the last attempt failed; empty after a success. */
  readonly problem: string;
}

export const MAX_RECORDS = 500;
export const START: Progress = { seq: 0, size: MAX_RECORDS, failures: 0, refused: 0, notBefore: 0, problem: "" };

/** The first wait, and the longest: doubled each time. */
const FIRST_MS = 1_000;
const LONGEST_MS = 5 * 60_000;
/** So many refused records in a row are hardly the records' fault: from there on each one waits as a failure does. */
const REFUSED_IN_ROW = 10;

export interface Step {
  readonly progress: Progress;
  /** Records that go to the dead letters before the progress is saved. */
  readonly dead: readonly { readonly line: string; readonly reason: string }[];
}

/**
 * What follows from an answer. The cursor moves only over what the sink has taken, or what is kept among the dead
 * letters. A batch that is refused for its content is halved until one record is left; that one is a dead letter.
 * @param random from 0 to 1, so that several gates do not come at once
 */
export function advance(before: Progress, batch: Batch, outcome: Outcome, now: number, random: number): Step {
  if (outcome.kind === "taken")
    return {
      progress: { ...START, seq: batch.last, size: Math.min(MAX_RECORDS, before.size * 2) },
      dead: outcome.refused,
    };
  const failures = before.failures + 1;
  const wait = (times: number): number =>
    now + Math.round(Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(times - 1, 20)) * (0.5 + random / 2));
  if (outcome.kind === "later")
    return {
      progress: {
        ...before,
        failures,
        notBefore: Math.max(wait(failures), now + (outcome.afterMs ?? 0)),
        problem: outcome.reason,
      },
      dead: [],
    };
  const problem = outcome.reason;
  if (batch.lines.length > 1)
    return { progress: { ...before, size: Math.ceil(batch.lines.length / 2), problem }, dead: [] };
  const refused = before.refused + 1;
  return {
    progress: {
      ...before,
      seq: batch.last,
      refused,
      notBefore: refused < REFUSED_IN_ROW ? 0 : wait(refused - REFUSED_IN_ROW + 1),
      problem,
    },
    dead: batch.lines.map((line) => ({ line, reason: problem })),
  };
}

/** The progress that a text of the ledger holds; a sink without one begins with the oldest record. */
export const progressOf = (text: string): Progress =>
  text === "" ? START : { ...START, ...(JSON.parse(text) as object) };
