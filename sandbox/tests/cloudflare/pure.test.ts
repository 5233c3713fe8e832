import fc from "fast-check";
import { firesAt, parseCron } from "../../cloudflare/runtime/cron";
import { due } from "../../cloudflare/runtime/schedule";
import { isLocked } from "../../cloudflare/api/r2";
import { inspectModule } from "../../cloudflare/scripts/inspect";
import { applyMigrations } from "../../cloudflare/scripts/migrations";
import type { LockRule } from "../../cloudflare/state";

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

describe("migrations", () => {
  const none = { tag: undefined, namespaces: [] };
  const one = { tag: "v1", namespaces: [{ id: "n1", className: "A", sqlite: true }] };
  const code = (run: () => unknown): number | undefined => {
    try {
      run();
    } catch (error) {
      return (error as { errors: { code: number }[] }).errors[0]?.code;
    }
    return undefined;
  };

  it("make namespaces of new classes, in both forms", () => {
    expect(applyMigrations(none, { new_tag: "v1", new_sqlite_classes: ["A"] }, ["A"])).toMatchObject({
      tag: "v1",
      namespaces: [{ className: "A", sqlite: true }],
    });
    expect(
      applyMigrations(
        none,
        { new_tag: "v2", steps: [{ new_classes: ["A"] }, { renamed_classes: [{ from: "A", to: "B" }] }] },
        ["A", "B"],
      ),
    ).toMatchObject({ tag: "v2", namespaces: [{ className: "B", sqlite: false }] });
  });
  it("keep the namespace's id over a renaming, so that its objects stay", () =>
    expect(
      applyMigrations(one, { old_tag: "v1", new_tag: "v2", renamed_classes: [{ from: "A", to: "B" }] }, ["B"])
        .namespaces,
    ).toEqual([{ id: "n1", className: "B", sqlite: true }]));
  it("change nothing when absent or when old and new tag are the current one", () => {
    expect(applyMigrations(one, undefined, [])).toBe(one);
    expect(applyMigrations(one, { old_tag: "v1", new_tag: "v1", new_sqlite_classes: ["A"] }, ["A"])).toBe(one);
  });
  it.each([
    ["another old tag", one, { old_tag: "v0", new_tag: "v2" }, 10079],
    ["no old tag where there is one", one, { new_tag: "v2" }, 10079],
    ["an old tag where there is none", none, { old_tag: "v1", new_tag: "v2" }, 10079],
    ["a class that is there already", one, { old_tag: "v1", new_tag: "v2", new_classes: ["A"] }, 10074],
    ["a class that is not exported", none, { new_tag: "v1", new_sqlite_classes: ["B"] }, 10070],
    ["a deletion of nothing", none, { new_tag: "v1", deleted_classes: ["A"] }, 10074],
  ])("are refused for %s", (_, before, migrations, expected) =>
    expect(code(() => applyMigrations(before, migrations, ["A"]))).toBe(expected),
  );
});

describe("lock rules", () => {
  const uploaded = new Date("2026-03-04T00:00:00Z");
  const rule = (condition: LockRule["condition"], fields: Partial<LockRule> = {}): LockRule => ({
    id: "r",
    enabled: true,
    prefix: "audit/",
    condition,
    ...fields,
  });
  it.each<[string, LockRule, string, string, boolean]>([
    ["its age", rule({ type: "Age", maxAgeSeconds: 60 }), "audit/1", "2026-03-04T00:00:59Z", true],
    ["its age, passed", rule({ type: "Age", maxAgeSeconds: 60 }), "audit/1", "2026-03-04T00:01:00Z", false],
    ["another prefix", rule({ type: "Indefinite" }), "other/1", "2026-03-04T00:00:00Z", false],
    ["no prefix", rule({ type: "Indefinite" }, { prefix: undefined }), "other/1", "2026-03-04T00:00:00Z", true],
    ["a rule that is off", rule({ type: "Indefinite" }, { enabled: false }), "audit/1", "2026-03-04T00:00:00Z", false],
    ["a date", rule({ type: "Date", date: "2026-04-01" }), "audit/1", "2026-03-31T00:00:00Z", true],
  ])("decide by %s", (_, lock, key, now, expected) =>
    expect(isLocked([lock], key, uploaded, new Date(now))).toBe(expected),
  );
});

describe("looking into a module", () => {
  const inspect = (source: string): ReturnType<typeof inspectModule> =>
    inspectModule({
      name: "i.js",
      type: "ESModule",
      contentType: "application/javascript+module",
      content: Buffer.from(source),
    });
  it.each([
    ["export default { fetch() {}, async scheduled() {} }", ["fetch", "scheduled"], []],
    [
      "class A {} const h = { fetch: async (r) => new Response(), queue(b) {} }; export { h as default, A as Ledger }",
      ["fetch", "queue"],
      ["Ledger"],
    ],
    ["var w={async fetch(e,t,n){return fetch(e)}};export{w as default}", ["fetch"], []],
    ["export class A {} ", [], ["A"]],
    [
      "import { DurableObject } from 'cloudflare:workers'; import x from './other.js'; export class A extends DurableObject {}; export default { fetch: handle }; function handle() { return fetch(x) }",
      ["fetch"],
      ["A"],
    ],
  ])("%s", async (source, handlers, classes) => expect(await inspect(source)).toEqual({ handlers, classes }));
  it("says where it cannot be parsed", async () =>
    expect(inspect("export default {")).rejects.toMatchObject({
      status: 400,
      errors: [{ code: 10021, message: expect.stringContaining("i.js:1") as string }],
    }));
});
