import fc from "fast-check";
import type { Fact } from "../../../cli/report/facts/fact";
import { compare, type Change } from "../../../cli/report/facts";
import { headline, posture, verdictOf } from "../../../cli/report/verdict";

const POWER = { pull: 1, push: 3, maintain: 4 } as const;
const access = (repository: string, permission: keyof typeof POWER): Fact => ({
  id: `access/${repository}`,
  area: "access",
  says: `the agent's team has ${permission} on ${repository}`,
  power: POWER[permission],
  repository,
});
const member: Fact = { id: "membership/claude-bot", area: "access", says: "claude-bot is member", power: 1 };
const limit = (value: number): Fact => ({
  id: "gate/limit/requestsPerMinute",
  area: "gate",
  says: `gate limit requestsPerMinute: ${value}`,
  power: value,
});
const told = (before: Fact[], after: Fact[]): string[] => headline(before, after, compare(before, after));

describe("the headline", () => {
  it("says who gets what, and what that allows", () => {
    expect(told([member, access("api", "pull")], [member, access("api", "push")])).toEqual([
      "claude-bot: api read → write; may now push claude/** to api.",
    ]);
    expect(told([member, access("api", "push")], [member])).toEqual([
      "claude-bot: api write → none; may no longer push to api.",
    ]);
    expect(told([member], [member, access("api", "pull")])).toEqual(["claude-bot: api none → read."]);
  });

  it("says what else widens before what narrows", () => {
    const lock: Fact = { id: "audit/lock", area: "audit", says: "records are locked for 90 days", power: -90 };
    const longer = { ...lock, says: "records are locked for 400 days", power: -400 };
    expect(told([lock, limit(120)], [longer, limit(240)])).toEqual([
      "gate limit requestsPerMinute: 240 (before: gate limit requestsPerMinute: 120).",
      "records are locked for 400 days (before: records are locked for 90 days).",
    ]);
  });

  it("says that nothing changes, and what a single state allows", () => {
    expect(told([member], [member])).toEqual(["Nothing changes what the agent may do."]);
    expect(posture([member, access("api", "push"), access("docs", "pull")])).toEqual([
      "claude-bot: api write.",
      "claude-bot: docs read.",
    ]);
    expect(posture([])).toEqual(["the agent reaches no repository."]);
  });
});

describe("the verdict", () => {
  it.each<[Change["kind"][], string]>([
    [[], "unchanged"],
    [["changed"], "unchanged"],
    [["widened", "changed"], "widened"],
    [["granted"], "widened"],
    [["narrowed"], "narrowed"],
    [["withdrawn"], "narrowed"],
    [["granted", "narrowed"], "both"],
  ])("of %j is %s", (kinds, verdict) => {
    expect(verdictOf(kinds.map((kind, i) => ({ kind, area: "gate", id: `${i}` })))).toBe(verdict);
  });

  it("agrees with the powers, whatever the two states, and turns round with them", () => {
    const grants = fc.uniqueArray(
      fc.record({ id: fc.constantFrom("a", "b", "c").map((id) => `gate/repository/${id}`), power: fc.nat(3) }),
      { selector: ({ id }) => id },
    );
    const facts = (some: { id: string; power: number }[]): Fact[] =>
      some.map(({ id, power }) => ({ id, area: "gate", power, says: `${id} at ${power}` }));
    const turned = { widened: "narrowed", narrowed: "widened", both: "both", unchanged: "unchanged" } as const;
    fc.assert(
      fc.property(grants, grants, (before, after) => {
        const was = new Map(before.map(({ id, power }) => [id, power]));
        const is = new Map(after.map(({ id, power }) => [id, power]));
        const ids = [...new Set([...was.keys(), ...is.keys()])];
        const more = ids.some((id) => (is.get(id) ?? -1) > (was.get(id) ?? -1));
        const less = ids.some((id) => (is.get(id) ?? -1) < (was.get(id) ?? -1));
        const verdict = verdictOf(compare(facts(before), facts(after)));
        expect(verdict).toBe(more ? (less ? "both" : "widened") : less ? "narrowed" : "unchanged");
        expect(verdictOf(compare(facts(after), facts(before)))).toBe(turned[verdict]);
      }),
    );
  });
});
