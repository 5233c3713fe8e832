import type { DrillRow } from "../../cli/report/drill";
import { DRILL, type DrillCase, type DrillGround, NothingToTry, READ_ONLY_DRILL } from "./cases";
import type { Door, Outcome } from "./door";

export interface DrillOptions {
  readonly gate: Door;
  /** Straight to GitHub with a token of the machine user: the second lock must hold when the first is open. */
  readonly github?: Door;
  readonly ground: DrillGround;
  /** The gate's audit trail: git shows its user no rule, so a refused push is explained by its record. */
  readonly trail?: AuditTrail;
  readonly onRow?: (row: DrillRow) => void;
}

/** Reads audit records after a position; `position()` is where the trail ends now. */
export interface AuditTrail {
  position(): Promise<number>;
  after(position: number): Promise<readonly { decision: string; reason: string }[]>;
}

/** The gate's audit trail through its control route, with the operator key. */
export function gateTrail(gateUrl: string, operatorKey: string): AuditTrail {
  const ask = async (after: number): Promise<Response> => {
    const response = await fetch(`${gateUrl}/_gate/audit?after=${after}`, {
      headers: { authorization: `Bearer ${operatorKey}` },
    });
    if (!response.ok) throw new Error(`The gate's audit trail answered ${response.status}.`);
    return response;
  };
  return {
    position: async () =>
      Number((await ask(Number.MAX_SAFE_INTEGER)).headers.get("x-gatehouse-audit-head")?.split(" ")[0] ?? 0),
    after: async (position) =>
      (await (await ask(position)).text())
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { decision: string; reason: string }),
  };
}

async function throughGate(attempt: DrillCase, { gate, ground, trail }: DrillOptions): Promise<Outcome> {
  if (!trail || attempt.client !== "git") return attempt.run(gate, ground);
  const position = await trail.position();
  const answer = await attempt.run(gate, ground);
  if (answer.ok) return answer;
  const refusal = (await trail.after(position)).find((record) => record.decision === "deny");
  return refusal ? { ...answer, rule: refusal.reason } : answer;
}

/** A case whose point is the way through the gate has nothing to show without it: a wrong key is no key at GitHub either. */
const GATE_ONLY = new Set(["use-without-key", "arbitrary-graphql"]);

async function tried(
  attempt: DrillCase,
  options: DrillOptions,
): Promise<Pick<DrillRow, "answer" | "second" | "holds">> {
  const { github, ground } = options;
  try {
    const answer = await throughGate(attempt, options);
    if (attempt.expect === "allowed") return { answer, holds: answer.ok };
    const second = github && !GATE_ONLY.has(attempt.action) ? await attempt.run(github, ground) : undefined;
    return { answer, ...(second ? { second } : {}), holds: !answer.ok && second?.ok !== true };
  } catch (error) {
    if (!(error instanceof NothingToTry)) throw error;
    return { answer: { status: 0, ok: false, rule: error.message }, holds: false }; // not tried is not refused
  }
}

/**
 * Makes every attempt through the gate; each refused one is made again without the gate. An allowed action holds when it
 * succeeds, a forbidden one when both locks refuse it by themselves. Attempts run one after the other: later ones build on earlier ones.
 */
export async function runDrill(options: DrillOptions): Promise<DrillRow[]> {
  const cases = options.ground.readable ? [...DRILL, ...READ_ONLY_DRILL] : DRILL;
  const rows: DrillRow[] = [];
  for (const attempt of cases) {
    const { action, title, client, expect } = attempt;
    const row: DrillRow = { action, title, client, expect, ...(await tried(attempt, options)) };
    rows.push(row);
    options.onRow?.(row);
  }
  return rows;
}
