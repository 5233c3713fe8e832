import type { Fact } from "../../../cli/report/facts/fact";
import { gateSide, reach } from "../../../cli/report/reach";

const fact = (id: string, power: number, more: Partial<Fact> = {}): Fact => ({
  id,
  area: "access",
  says: "words that nobody parses",
  power,
  ...more,
});
const locked = (id: string): Fact => fact(id, 0, { area: "review", repository: "api" });

it("says who reaches what, through which locks, before and after, from the data alone", () => {
  const before = [
    fact("access/api", 3),
    locked("rule/api/x/creation"),
    locked("rule/api/x/update"),
    locked("owners/api/*"),
  ];
  const after = [fact("access/api", 3), locked("rule/api/x/creation"), fact("access/docs", 1)];
  expect(reach(after, before)).toEqual([
    {
      repository: "api",
      before: { level: "write", locks: ["no admin role", "2 ruleset rules", "code owners"] },
      after: { level: "write", locks: ["no admin role", "1 ruleset rules"] },
    },
    { repository: "docs", after: { level: "read", locks: ["no write role"] } },
  ]);
});

it("claims no role that is not there", () => {
  expect(reach([fact("access/api", 5)])).toEqual([{ repository: "api", after: { level: "admin", locks: [] } }]);
  expect(reach([fact("access/api", 4)])[0]?.after?.locks).toEqual(["no admin role"]);
});

it("tells how much of the gate is open", () => {
  expect(gateSide([])).toBeUndefined();
  expect(gateSide([fact("gate/mode", 0), fact("gate/routes/read", 2, { parts: { a: 1, b: 1 } })])).toEqual({
    routes: 2,
    enforces: true,
  });
  expect(gateSide([fact("gate/mode", 9)])).toEqual({ routes: 0, enforces: false });
});
