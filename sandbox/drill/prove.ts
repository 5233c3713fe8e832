import { lock as lockOf, verdict, type LockId } from "../../infra/model";
import { answered } from "../../cli/report/drill";
import type { Connection, Outcome } from "./connection";
import { type Attempt, attemptsFor, canBeTried } from "./attempts";
import { UNLOCK } from "./unlock";
import { pairName, type Pair } from "./pairs";
import { isRefusalBy, sentence } from "./refusalPatterns";
import { Fixture, type Harness } from "./fixture";

/** What came of one attempt at one pair. */
export interface Proof {
  readonly action: string;
  readonly place: Pair["place"];
  readonly lock: LockId;
  readonly tried: string;
  readonly client: Attempt["client"];
  /** What came back while this lock alone stood. */
  readonly alone: string;
  /** What came back once it was open too; or why nobody can open it. */
  readonly twin: string;
  readonly holds: boolean;
  /** Present when it does not hold: what was expected instead. */
  readonly why?: string;
}

const inShort = (answer: Outcome & { text?: string }): string =>
  answer.ok ? `${answered(answer)} done` : `${answered(answer)} ${sentence(answer)}`;

/** Makes one attempt. Git shows its user no rule of the gate; the gate's record does. */
export async function attempt(fixture: Fixture, connection: Connection, one: Attempt): Promise<Outcome> {
  if (connection.kind !== "gate" || one.client !== "git") return one.run(fixture, connection);
  const position = await fixture.harness.trail.position();
  const answer = await one.run(fixture, connection);
  if (answer.ok) return answer;
  const refusal = (await fixture.harness.trail.after(position)).find((record) => record.decision === "deny");
  return refusal ? { ...answer, rule: refusal.reason } : answer;
}

/**
 * Opens every other lock of the action: those that the model counts, and whatever else the rulesets and the protection
 * hold.
 */
async function openAround(fixture: Fixture, { action, place, lock }: Pair, one: Attempt): Promise<void> {
  const judged = verdict(fixture.environment, action, place);
  const others = judged && !judged.allowed ? judged.locks.filter((other) => other !== lock) : [];
  await fixture.isolate(lock, one.by);
  for (const other of others) {
    const unlock = UNLOCK[other];
    // Rules were opened above, all but this lock's own.
    if ("open" in unlock && !["rulesets", "protection", "owners"].includes(lockOf(other).enforcer))
      await unlock.open(fixture);
  }
}

/** What is changed before anything is opened: how a posture with a hole in it is tried. */
export type Before = (fixture: Fixture) => Promise<void>;

/** One attempt at one pair: the lock alone, then its twin without it. */
async function prove(harness: Harness, pair: Pair, one: Attempt, before?: Before): Promise<Proof> {
  const { lock } = pair;
  const told = { action: pair.action.id, place: pair.place, lock, tried: one.tried, client: one.client };
  const fixture = await Fixture.at(harness, pair);
  try {
    await before?.(fixture);
    await openAround(fixture, pair, one);
    const alone = await attempt(fixture, fixture.tested, one);
    const stopped = { ...told, alone: inShort(alone) };
    if (alone.ok) return { ...stopped, twin: "", holds: false, why: "nothing stopped it" };
    if (!isRefusalBy(lock, alone, one.says))
      return { ...stopped, twin: "", holds: false, why: `${lock} speaks otherwise: something else stopped it` };
    const unlock = UNLOCK[lock];
    if ("fixed" in unlock) return { ...stopped, twin: `cannot be opened: ${unlock.fixed}`, holds: true };
    if (one.noCounterproof !== undefined)
      return { ...stopped, twin: `cannot be opened: ${one.noCounterproof}`, holds: true };
    await unlock.open(fixture);
    const twin = await attempt(fixture, fixture.direct, one);
    return {
      ...stopped,
      twin: inShort(twin),
      holds: twin.ok,
      ...(twin.ok ? {} : { why: "with this lock open too, something the model does not name still stops it" }),
    };
  } catch (error) {
    return {
      ...told,
      alone: "not tried",
      twin: "",
      holds: false,
      why: error instanceof Error ? error.message : String(error),
    };
  } finally {
    await fixture.putBack();
  }
}

/** Every attempt at one pair. A pair without any does not hold: not tried is not refused. */
export async function provePair(
  harness: Harness,
  pair: Pair,
  { before, attempts = attemptsFor(pair) }: { before?: Before; attempts?: readonly Attempt[] } = {},
): Promise<Proof[]> {
  if (attempts.length === 0) {
    return [
      {
        action: pair.action.id,
        place: pair.place,
        lock: pair.lock,
        tried: "nothing",
        client: "fetch",
        alone: "not tried",
        twin: "",
        holds: false,
        why: `no attempt is written for ${pairName(pair)}`,
      },
    ];
  }
  const proofs: Proof[] = [];
  for (const one of attempts.filter((each) => canBeTried(harness.environment, each)))
    proofs.push(await prove(harness, pair, one, before));
  return proofs;
}

/** Every pair, one after the other: each changes the organization and puts it back. */
export async function provePairs(
  harness: Harness,
  pairs: readonly Pair[],
  onProof: (proof: Proof) => void = () => undefined,
): Promise<Proof[]> {
  const proofs: Proof[] = [];
  for (const pair of pairs)
    for (const proof of await provePair(harness, pair)) {
      proofs.push(proof);
      onProof(proof);
    }
  return proofs;
}
