import { CORPUS } from "./cases";
import { bundleGate } from "./support/bundle";
import { GATE_NAMES, type Gates } from "./support/gates";
import { Rig } from "./support/rig";
import { Runner } from "./support/run";
import { release } from "./support/runtime";
import { CLASSES } from "./support/types";

let rig: Rig;
let gates: Gates;
let runner: Runner;
const held = new Map<number, { attacks: number; twins: number }>();

beforeAll(async () => {
  rig = await Rig.start();
  gates = await rig.gates(new Map([["", await bundleGate()]]), GATE_NAMES);
  runner = new Runner(rig, gates);
}, 120_000);

afterAll(async () => {
  await gates?.stop();
  await rig?.stop();
  const lines = CORPUS.map((file) => {
    const { attacks, twins } = held.get(file.class) ?? { attacks: 0, twins: 0 };
    return `${String(file.class).padStart(3)}  ${CLASSES[file.class].padEnd(30)}${`${attacks}/${file.attacks.length}`.padStart(9)}${`${twins}/${file.twins.length}`.padStart(9)}`;
  });
  const sum = (of: "attacks" | "twins"): number => [...held.values()].reduce((all, h) => all + h[of], 0);
  process.stdout.write(
    `\nworkerd ${release}\nclass                                 stopped   passed\n${lines.join("\n")}\n     all                           ${String(sum("attacks")).padStart(9)}${String(sum("twins")).padStart(9)}\n`,
  );
}, 30_000);

it("names each case once, and has a twin that passes in every class", () => {
  const ids = CORPUS.flatMap((file) => [...file.attacks, ...file.twins].map((c) => c.id));
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  for (const file of CORPUS)
    for (const { id } of [...file.attacks, ...file.twins]) expect(id.startsWith(`${file.class}.`)).toBe(true);
  expect(CORPUS.filter((file) => file.twins.length === 0).map((file) => CLASSES[file.class])).toEqual([]);
});

const count = (number: number, kind: "attacks" | "twins"): void => {
  const before = held.get(number) ?? { attacks: 0, twins: 0 };
  held.set(number, { ...before, [kind]: before[kind] + 1 });
};

describe.each(CORPUS.map((file) => [file.class, CLASSES[file.class], file] as const))(
  "%i %s",
  (number, _name, file) => {
    it.each(file.attacks.map((c) => [c.id, c.title, c] as const))("%s is stopped: %s", async (_id, _title, attack) => {
      expect(await runner.attack(attack)).toEqual([]);
      count(number, "attacks");
    });

    it.each(file.twins.map((c) => [c.id, c.title, c] as const))("%s passes: %s", async (_id, _title, twin) => {
      expect(await runner.twin(twin)).toEqual([]);
      count(number, "twins");
    });
  },
);
