import { emptyJournal } from "../../rotation/journal";
import { holds, judge } from "../../rotation/status";
import { planFor } from "./support/world";
import { DAY, iso, now, record, rotatedAt } from "./support/notes";

describe("status", () => {
  const plan = planFor("personal-access-token");
  const level = (endsIn: number, age = 0): string =>
    judge(record(iso(now + endsIn)), rotatedAt(now - age), plan, now).level;
  it("is ok, then a reminder from the declared days before, then louder, then a failure", () => {
    expect([level(20 * DAY), level(6 * DAY), level(2 * DAY), level(-1)]).toEqual(["ok", "soon", "urgent", "expired"]);
    expect(["ok", "soon", "urgent", "expired", "missing", "interrupted"].map((l) => holds(l as never))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
  it("counts the schedule too, not only the expiry", () => {
    expect(level(300 * DAY, 31 * DAY)).toBe("urgent");
  });
  it("is missing without a token, whatever the journal says", () => {
    expect(judge(undefined, rotatedAt(now), plan, now).level).toBe("missing");
  });
  it("notices a rotation that stands still", () => {
    const journal = {
      ...rotatedAt(now),
      phase: "stored" as const,
      rotation: { id: "x", reason: "", startedAt: now - 10 * 60_000, base: 1, mints: 0, notes: [], times: {} },
    };
    expect(judge(record(iso(now + 20 * DAY)), journal, plan, now)).toMatchObject({
      level: "interrupted",
      todo: ["gatehouse token rotate --resume"],
    });
  });
  it("wants an hour's token at two thirds of its life", () => {
    const hourly = planFor("app-installation");
    const at = (left: number) =>
      judge({ ...record(iso(now + left * 60_000)), kind: "app-installation" }, emptyJournal, hourly, now).level;
    expect([at(30), at(19)]).toEqual(["ok", "urgent"]);
  });
});
