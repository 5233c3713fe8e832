import { lock as lockOf, verdict, type LockId } from "../../../infra/model";
import { answered } from "../../../cli/report/drill";
import type { Door, Outcome } from "../door";
import { type Attempt, attemptsFor } from "./attempts";
import { OPENINGS } from "./openings";
import { pairName, type Pair } from "./pairs";
import { isSignOf, sentence } from "./signs";
import { Site, type Rig } from "./site";

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

/** Git shows its user no rule of the gate; the gate's record does. */
async function attempt(site: Site, door: Door, one: Attempt): Promise<Outcome> {
  if (door.kind !== "gate" || one.client !== "git") return one.run(site, door);
  const position = await site.rig.trail.position();
  const answer = await one.run(site, door);
  if (answer.ok) return answer;
  const refusal = (await site.rig.trail.after(position)).find((record) => record.decision === "deny");
  return refusal ? { ...answer, rule: refusal.reason } : answer;
}

/** Opens every other lock of the action: those that the model counts, and whatever else the rulesets and the protection hold. */
async function openAround(site: Site, { action, place, lock }: Pair, one: Attempt): Promise<void> {
  const judged = verdict(site.environment, action, place);
  const others = judged && !judged.allowed ? judged.locks.filter((other) => other !== lock) : [];
  await site.standAlone(lock, one.by);
  for (const other of others) {
    const opening = OPENINGS[other];
    // Rules were opened above, all but this lock's own.
    if ("open" in opening && !["rulesets", "protection", "owners"].includes(lockOf(other).enforcer))
      await opening.open(site);
  }
}

/** What is changed before anything is opened: how a posture with a hole in it is tried. */
export type Before = (site: Site) => Promise<void>;

/** One attempt at one pair: the lock alone, then its twin without it. */
async function prove(rig: Rig, pair: Pair, one: Attempt, before?: Before): Promise<Proof> {
  const { lock } = pair;
  const told = { action: pair.action.id, place: pair.place, lock, tried: one.tried, client: one.client };
  const site = await Site.at(rig, pair);
  try {
    await before?.(site);
    await openAround(site, pair, one);
    const alone = await attempt(site, site.way, one);
    const stopped = { ...told, alone: inShort(alone) };
    if (alone.ok) return { ...stopped, twin: "", holds: false, why: "nothing stopped it" };
    if (!isSignOf(lock, alone, one.says))
      return { ...stopped, twin: "", holds: false, why: `${lock} speaks otherwise: something else stopped it` };
    const opening = OPENINGS[lock];
    if ("fixed" in opening) return { ...stopped, twin: `cannot be opened: ${opening.fixed}`, holds: true };
    await opening.open(site);
    const twin = await attempt(site, site.straight, one);
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
    await site.putBack();
  }
}

/** Every attempt at one pair. A pair without any does not hold: not tried is not refused. */
export async function provePair(
  rig: Rig,
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
  for (const one of attempts) proofs.push(await prove(rig, pair, one, before));
  return proofs;
}

/** Every pair, one after the other: each changes the organization and puts it back. */
export async function provePairs(
  rig: Rig,
  pairs: readonly Pair[],
  onProof: (proof: Proof) => void = () => undefined,
): Promise<Proof[]> {
  const proofs: Proof[] = [];
  for (const pair of pairs)
    for (const proof of await provePair(rig, pair)) {
      proofs.push(proof);
      onProof(proof);
    }
  return proofs;
}
