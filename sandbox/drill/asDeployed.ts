import type { DrillAnswer, DrillRow } from "../../cli/report/drill";
import { lock as lockOf, type LockId } from "../../infra/model";
import { type Attempt, attemptsFor, canBeTried } from "./attempts";
import type { Outcome } from "./connection";
import { Fixture, type Harness } from "./fixture";
import { type Claim, claimsOf } from "./pairs";
import { attempt } from "./prove";
import { fullText, isRefusalBy, sentence } from "./refusalPatterns";

const isOfGate = (lock: LockId): boolean => lockOf(lock).enforcer === "gate";

/** The lock of the gate that a claim counts on. */
const gateLock = ({ locks }: Claim): LockId | undefined => locks.find(isOfGate);

/**
 * Whether GitHub refuses an attempt without the gate too: a second lock stops it, or GitHub refuses it to everybody.
 */
export const isRefusedAlone = ({ action, locks }: Claim, one: Attempt): boolean =>
  one.noCounterproof !== undefined ||
  locks.some((lock) => !isOfGate(lock) && attemptsFor({ action, lock }).includes(one));

/** What is tried of a claim: what an agent is there to do, or what the gate must stop. */
export function attemptsAsDeployed(claim: Claim): readonly Attempt[] {
  const lock = gateLock(claim);
  const attempts = attemptsFor({ action: claim.action, ...(lock ? { lock } : {}) });
  if (!lock || claim.place !== "read") return attempts;
  // Where the agent may only read, the same locks stop every attempt of an action: one is enough.
  const one = attempts.find((each) => isRefusedAlone(claim, each)) ?? attempts[0];
  return one ? [one] : [];
}

/** A refusal, and not a system that broke. */
const isRefusal = (answer: Outcome): boolean =>
  !answer.ok &&
  answer.status < 500 &&
  !/Failed to connect|Could not resolve host|Connection (?:refused|reset)|Empty reply/i.test(fullText(answer));

const shown = (answer: Outcome): DrillAnswer =>
  answer.ok ? { status: answer.status, ok: true } : { status: answer.status, ok: false, rule: sentence(answer) };

async function tried(
  harness: Harness,
  claim: Claim,
  one: Attempt,
): Promise<Pick<DrillRow, "answer" | "second" | "holds">> {
  const { place, repository } = claim;
  const fixture = await Fixture.at(harness, { place, ...(repository ? { repository } : {}) });
  try {
    const answer = await attempt(fixture, harness.gate, one);
    if (claim.allowed) return { answer: shown(answer), holds: answer.ok };
    const lock = gateLock(claim);
    const stopped = lock ? isRefusalBy(lock, answer, one.says) : isRefusal(answer);
    if (!isRefusedAlone(claim, one)) return { answer: shown(answer), holds: stopped };
    const second = await attempt(fixture, fixture.direct, one);
    return { answer: shown(answer), second: shown(second), holds: stopped && isRefusal(second) };
  } catch (error) {
    // Not tried is not refused.
    const rule = `not tried: ${error instanceof Error ? error.message : String(error)}`;
    return { answer: { status: 0, ok: false, rule }, holds: false };
  } finally {
    await fixture.putBack();
  }
}

/**
 * Tries every action of the model in the posture as it is deployed, by the same attempts that prove its locks. What is
 * allowed must succeed through the gate. What is forbidden must be refused by the gate in its own words, and, where the
 * model counts on another lock, by GitHub alone too. Everything is put back after each attempt.
 * @param harness its token store holds the declared token
 */
export async function drillAsDeployed(harness: Harness, onRow: (row: DrillRow) => void): Promise<DrillRow[]> {
  const rows: DrillRow[] = [];
  for (const claim of claimsOf(harness.environment)) {
    for (const one of attemptsAsDeployed(claim).filter((each) => canBeTried(harness.environment, each))) {
      const row: DrillRow = {
        action: claim.action.id,
        title: claim.repository ? `${one.tried} (${claim.repository.name})` : one.tried,
        client: one.client,
        expect: claim.allowed ? "allowed" : "refused",
        ...(await tried(harness, claim, one)),
      };
      rows.push(row);
      onRow(row);
    }
  }
  return rows;
}
