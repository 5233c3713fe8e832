import fc from "fast-check";
import { FAULTS } from "../rotation/support/faults";
import { Pair } from "../rotation/support/pair";
import { World, type FaultKind, type Kind, type StoreKind } from "../rotation/support/world";

/*
 * Two rotators, any interleaving of their calls, any fault at any call, any time passing between: fast-check draws the
 * sequence, and after each step the promises are checked.
 */

interface Model {
  steps: number;
}

class Step implements fc.AsyncCommand<Model, Pair> {
  constructor(
    readonly who: 0 | 1,
    readonly fault: FaultKind | undefined,
  ) {}
  check = (): boolean => true;
  async run(model: Model, pair: Pair): Promise<void> {
    model.steps += 1;
    await pair.step(this.who, this.fault);
    await holds(pair.world);
  }
  toString = (): string => `${this.who === 0 ? "A" : "B"}${this.fault ? ` × ${this.fault.name}` : ""}`;
}

class Pass implements fc.AsyncCommand<Model, Pair> {
  constructor(readonly ms: number) {}
  check = (): boolean => true;
  async run(_model: Model, pair: Pair): Promise<void> {
    // A token whose life GitHub fixes would end if everybody only waited; that is the schedule's matter, not this
    // test's.
    const current = pair.world.current(await pair.world.currentToken());
    if (current && current.expiresAt - pair.world.clock < this.ms + SPARE_MS) return;
    pair.world.clock += this.ms;
    await pair.world.agentRequest();
    await holds(pair.world);
  }
  toString = (): string => `${this.ms / 1000} s pass`;
}

/** Retries and drains of both rotators move the clock too. */
const SPARE_MS = 30 * 60_000;

/** What must hold after every single step. */
async function holds(world: World): Promise<void> {
  const { github, kind } = world;
  const current = world.current(await world.currentToken());
  expect(current && github.isAlive(current)).toBe(true);
  const { rotation } = await world.journal();
  const recorded = new Set([current?.sha256, rotation?.old?.sha256, rotation?.next?.sha256]);
  expect(github.alive([kind]).filter((t) => recorded.has(t.sha256)).length).toBeLessThanOrEqual(2);
  expect(world.agent.failed).toEqual([]);
}

const anyFault = fc.constantFrom(...FAULTS.map((fault) => ({ ...fault, times: 1 })));
const anyStep = fc
  .tuple(fc.constantFrom(0 as const, 1 as const), fc.option(anyFault, { nil: undefined, freq: 6 }))
  .map(([who, fault]) => new Step(who, fault));
const anyPass = fc.constantFrom(100, 6_000, 31_000, 660_000).map((ms) => new Pass(ms));

async function survives(kind: Kind, store: StoreKind, commands: Iterable<fc.AsyncCommand<Model, Pair>>): Promise<void> {
  const world = new World(kind, store, { expiryDays: kind === "personal-access-token" ? 30 : undefined });
  await world.bootstrap();
  const pair = new Pair(world);
  await fc.asyncModelRun(() => ({ model: { steps: 0 }, real: pair }), commands);
  await pair.finish();
  world.turn = undefined;
  // Whatever was left, undisturbed runs end it; a person's token that lost is put again or deleted, so it is not
  // counted.
  for (
    let i = 0;
    i < 4 && (i === 0 || (await world.journal()).phase !== "idle" || !(await world.journal()).tidy);
    i += 1
  ) {
    world.clock += 31_000;
    await world.rotator().resume();
  }
  await holds(world);
  const journal = await world.journal();
  expect(journal).toMatchObject({ phase: "idle", tidy: true, outbox: [] });
  const current = await world.currentToken();
  // Whatever the gate ever used, and whatever a finished rotation replaced, is dead unless it is in use now.
  const replaced = new Set([
    ...journal.history.filter((h) => h.outcome === "finished").map((h) => h.oldSha256),
    ...world.gate.audit.map((line) => line.tokenSha256),
  ]);
  expect(world.github.alive([kind]).filter((t) => t.token !== current && replaced.has(t.sha256))).toEqual([]);
  const shown = JSON.stringify([
    world.said,
    world.delivered,
    [...world.vault.secrets.values()].map((s) => s.notes),
    journal.history,
  ]);
  for (const token of world.github.tokens) expect(shown).not.toContain(token.token);
}

const runs = Number(process.env.GATEHOUSE_ROTATION_RUNS ?? 0);

describe("two rotators and random faults", () => {
  it.each([
    ["personal-access-token", "vault", 900],
    ["app-installation", "vault", 350],
    ["app-user-token", "vault", 400],
    ["app-installation", "kv", 60],
  ] as const)(
    "%s over %s: one working token at all times, at most two recorded alive, none in clear",
    async (kind, store, numRuns) => {
      await fc.assert(
        fc.asyncProperty(
          fc.commands([anyStep, anyStep, anyStep, anyPass], { maxCommands: 40, size: "max" }),
          (commands) => survives(kind, store, commands),
        ),
        { numRuns: runs || numRuns, interruptAfterTimeLimit: 60_000 },
      );
    },
    90_000,
  );
});
