import fc from "fast-check";
import { compare, decisive } from "../../../../cli/report/facts/compare";
import type { Fact } from "../../../../cli/report/facts/fact";

const fact = (parts: Record<string, number>, more: Partial<Fact> = {}): Fact => ({
  id: "vault/p/x",
  area: "token",
  says: JSON.stringify(parts),
  power: Object.values(parts).reduce((sum, value) => sum + value, 0),
  parts,
  ...more,
});

describe("the parts of a fact", () => {
  it("tell a capability that comes from one that goes, whatever their sum", () => {
    expect(compare([fact({ create: 1 })], [fact({ update: 1 })]).map(({ kind, details }) => [kind, details])).toEqual([
      ["widened", ["now update"]],
      ["narrowed", ["no longer create"]],
    ]);
  });

  it("tell what is asked for by number", () => {
    expect(compare([fact({ approvals: -2 })], [fact({ approvals: -1, "code owners": -1 })])).toMatchObject([
      { kind: "widened", details: ["approvals 2 → 1"] },
      { kind: "narrowed", details: ["now code owners"] },
    ]);
  });

  it("call a text that changes without them a change", () => {
    expect(compare([fact({ a: 1 })], [fact({ a: 1 }, { says: "other words" })]).map(({ kind }) => kind)).toEqual([
      "changed",
    ]);
  });

  it("hide no widening, whatever else shrinks, and turn round with the sides", () => {
    const parts = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: -3, max: 3 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(parts, parts, (before, after) => {
        const names = ["a", "b", "c", "d"];
        const more = names.some((name) => (after[name] ?? 0) > (before[name] ?? 0));
        const less = names.some((name) => (after[name] ?? 0) < (before[name] ?? 0));
        const kinds = compare([fact(before)], [fact(after, { says: "after" })]).map(({ kind }) => kind);
        expect(kinds).toEqual(
          more && less ? ["widened", "narrowed"] : more ? ["widened"] : less ? ["narrowed"] : ["changed"],
        );
      }),
    );
  });
});

describe("of several facts about one thing", () => {
  it("the strictest of each part counts where they are locks, the widest where they are grants", () => {
    const lock = (parts: Record<string, number>): Fact => fact(parts, { area: "review" });
    expect(decisive([lock({ approvals: -1, bypass: 2 }), lock({ approvals: -2 })])).toMatchObject([
      { parts: { approvals: -2, bypass: 0 } },
    ]);
    expect(decisive([fact({ read: 1 }), fact({ update: 1 })])).toMatchObject([{ parts: { read: 1, update: 1 } }]);
  });
});
