import fc from "fast-check";
import { firesAt, parseCron } from "../../../cloudflare/runtime/cron";
import { due } from "../../../cloudflare/runtime/schedule";

const at = (text: string): Date => new Date(`${text}:00Z`);

describe("cron expressions", () => {
  it.each([
    ["* * * * *", "2026-03-04T05:06", true],
    ["*/5 * * * *", "2026-03-04T05:05", true],
    ["*/5 * * * *", "2026-03-04T05:06", false],
    ["0 3 * * *", "2026-03-04T03:00", true],
    ["0 3 * * *", "2026-03-04T04:00", false],
    ["0 0 * * SUN", "2026-03-01T00:00", true],
    ["0 0 * * 1", "2026-03-01T00:00", true],
    ["0 0 * * 2", "2026-03-02T00:00", true],
    ["0 0 1 JAN,MAR *", "2026-03-01T00:00", true],
    ["0 0 1 * MON", "2026-03-02T00:00", true],
    ["0 0 1 * MON", "2026-03-03T00:00", false],
    ["10-20/5 * * * *", "2026-03-03T00:15", true],
    ["10-20/5 * * * *", "2026-03-03T00:16", false],
  ])("%s at %s: %s", (expression, time, expected) => expect(firesAt(parseCron(expression), at(time))).toBe(expected));

  it.each([
    "",
    "* * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "5-1 * * * *",
    "*/0 * * * *",
    "a * * * *",
    "* * L * *",
    "1--2 * * * *",
    "1/2/3 * * * *",
  ])("refuses %j", (expression) => expect(() => parseCron(expression)).toThrow());

  it("fires in exactly the minutes that a list names", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1 }),
        fc.integer({ min: 0, max: 59 }),
        (minutes, minute) => {
          expect(firesAt(parseCron(`${minutes.join(",")} * * * *`), new Date(Date.UTC(2026, 2, 4, 5, minute)))).toBe(
            minutes.includes(minute),
          );
        },
      ),
    );
  });

  it("are found due by script", () => {
    const scripts = new Map([
      ["a", { name: "a", schedules: [{ cron: "*/5 * * * *" }, { cron: "1 * * * *" }] }],
      ["b", { name: "b", schedules: [] }],
    ]);
    expect(due({ scripts } as never, at("2026-03-04T05:05"))).toEqual([{ script: "a", cron: "*/5 * * * *" }]);
  });
});
