import { DRILL, type DrillCase, type DrillGround, READ_ONLY_DRILL } from "./cases";
import type { Door, Outcome } from "./door";

/** One row of the drill's table. */
export interface DrillRow {
  readonly action: string;
  readonly title: string;
  readonly client: DrillCase["client"];
  readonly expect: DrillCase["expect"];
  /** What came back through the gate. */
  readonly answer: Outcome;
  /** For a refused action: what GitHub itself answers to the machine user's token, as if the gate were not there. */
  readonly second?: Outcome;
  readonly holds: boolean;
}

export interface DrillOptions {
  readonly gate: Door;
  /** Straight to GitHub with a token of the machine user: the second lock must hold when the first is open. */
  readonly github?: Door;
  readonly ground: DrillGround;
  readonly onRow?: (row: DrillRow) => void;
}

/** A case whose point is the way through the gate has nothing to show without it: a wrong key is no key at GitHub either. */
const GATE_ONLY = new Set(["use-without-key", "arbitrary-graphql"]);

/**
 * Makes every attempt through the gate; each refused one is made again without the gate. An allowed action holds when it
 * succeeds, a forbidden one when both locks refuse it by themselves. Attempts run one after the other: later ones build on earlier ones.
 */
export async function runDrill({ gate, github, ground, onRow }: DrillOptions): Promise<DrillRow[]> {
  const cases = ground.readable ? [...DRILL, ...READ_ONLY_DRILL] : DRILL;
  const rows: DrillRow[] = [];
  for (const attempt of cases) {
    const { action, title, client, expect } = attempt;
    const answer = await attempt.run(gate, ground);
    const second = github && expect === "refused" && !GATE_ONLY.has(action) ? await attempt.run(github, ground) : undefined;
    const holds = expect === "allowed" ? answer.ok : !answer.ok && (second === undefined || !second.ok);
    const row: DrillRow = { action, title, client, expect, answer, ...(second ? { second } : {}), holds };
    rows.push(row);
    onRow?.(row);
  }
  return rows;
}
