import { FAULTS } from "../support/faults";
import { Pair } from "../support/pair";
import { World, type FaultKind, type Kind } from "../support/world";

/*
 * A rotator mints, its write of the minted token arrives but the answer is lost, and it sleeps past its lease. Another
 * takes the rotation over and finishes it. When the first wakes and finds the journal changed, the token it had minted
 * is the one in use.
 */

const named = (name: string, times = 1): FaultKind => ({ ...FAULTS.find((fault) => fault.name === name)!, times });
const LOST = named("timeout, answer lost");
const SEALED = named("Vault sealed");
const PAST_THE_LEASE = 31_000;
const [OTHER, LATE] = [0, 1] as const;

/** Up to the moment at which the late rotator's next call is the read that tells it what became of its write. */
async function untilTheWriteIsDoubtful(kind: Kind): Promise<{ world: World; pair: Pair }> {
  const world = new World(kind, "vault", {});
  await world.bootstrap();
  const pair = new Pair(world);
  const journalAt = async (phase: string): Promise<boolean> => (await world.journal()).phase === phase;
  do await pair.step(LATE, undefined);
  while (!(await journalAt("minting")));
  do await pair.step(LATE, undefined);
  while (!pair.runs[LATE]?.rotator.log.at(-1)?.startsWith("vault POST"));
  world.clock += PAST_THE_LEASE;
  await pair.step(LATE, LOST);
  expect(await journalAt("minted")).toBe(true);
  return { world, pair };
}

const finish = async (pair: Pair, who: 0 | 1): Promise<void> => {
  do await pair.step(who, undefined);
  while (!pair.runs[who]?.done);
};

/** Lets it go on while Vault is sealed for it; GitHub answers. */
const finishSealed = async (pair: Pair, who: 0 | 1): Promise<void> => {
  do await pair.step(who, pair.runs[who]?.rotator.log.at(-1)?.startsWith("vault") ? SEALED : undefined);
  while (!pair.runs[who]?.done);
};

const inUse = async (world: World): Promise<boolean> => {
  const current = world.current(await world.currentToken());
  return current !== undefined && world.github.isAlive(current);
};

describe.each(["app-installation", "ghes-impersonation", "app-user-token"] as const)("%s", (kind) => {
  it("the late rotator leaves the token alone that another has taken into use, and says that it lost", async () => {
    const { world, pair } = await untilTheWriteIsDoubtful(kind);
    await finish(pair, OTHER);
    expect(pair.runs[OTHER]?.outcome?.result).toBe("finished");
    await finish(pair, LATE);
    expect(pair.runs[LATE]?.outcome?.result).toBe("lost");
    expect(await inUse(world)).toBe(true);
    expect(world.agent.failed).toEqual([]);
  });

  it("it leaves it alone, too, when it cannot learn what became of it", async () => {
    const { world, pair } = await untilTheWriteIsDoubtful(kind);
    await finish(pair, OTHER);
    await finishSealed(pair, LATE);
    expect(await inUse(world)).toBe(true);
  });
});

it("ends its token as before when nobody took it up", async () => {
  const world = new World("app-installation", "vault", {});
  await world.bootstrap();
  const pair = new Pair(world);
  do await pair.step(LATE, undefined);
  while ((await world.journal()).phase !== "minting");
  do await pair.step(LATE, undefined);
  while (!pair.runs[LATE]?.rotator.log.at(-1)?.startsWith("vault POST"));
  world.clock += PAST_THE_LEASE;
  await finish(pair, OTHER);
  const before = world.github.alive(["app-installation"]).length;
  await finish(pair, LATE);
  expect(pair.runs[LATE]?.outcome?.result).toBe("lost");
  expect(world.github.alive(["app-installation"])).toHaveLength(before - 1);
  expect(await inUse(world)).toBe(true);
});
