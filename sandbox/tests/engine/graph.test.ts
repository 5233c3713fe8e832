import fc from "fast-check";
import { deletionWaves, dependentsOf, needsOf } from "../../engine/graph";
import { state, urn } from "./support/states";

describe("the order of deletion", () => {
  /** Random states in which each needs only earlier ones. */
  const anyStates = fc.array(fc.array(fc.nat(20), { maxLength: 3 }), { maxLength: 12 }).map((needs) =>
    needs.map((of, index) =>
      state(`r${index}`, {
        dependencies: [...new Set(of.filter((need) => need < index).map((need) => urn(`r${need}`)))],
      }),
    ),
  );

  it("deletes everything once, and nothing before what needs it", () => {
    fc.assert(
      fc.property(anyStates, (states) => {
        const waves = deletionWaves(states);
        expect(waves.flat()).toHaveLength(states.length);
        const wave = new Map(waves.flatMap((some, index) => some.map((one) => [one.urn, index] as const)));
        for (const one of states)
          for (const need of needsOf(one)) expect(wave.get(need)!).toBeGreaterThan(wave.get(one.urn)!);
      }),
    );
  });

  it("ends even where a damaged state goes in circles", () => {
    expect(
      deletionWaves([state("a", { dependencies: [urn("b")] }), state("b", { dependencies: [urn("a")] })]).flat(),
    ).toHaveLength(2);
  });

  it("finds dependents through parents, providers and properties", () => {
    const root = state("root");
    const others = [
      state("child", { parent: urn("root") }),
      state("grand", { propertyDependencies: { x: [urn("child")] } }),
      state("with", { deletedWith: urn("root") }),
      state("managed", { provider: `${urn("root")}::id` }),
      state("apart"),
    ];
    expect(dependentsOf(root, [root, ...others]).map(({ id }) => id)).toEqual(["child", "grand", "with", "managed"]);
  });
});
