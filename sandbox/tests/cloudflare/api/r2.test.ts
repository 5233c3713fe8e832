import { isLocked } from "../../../cloudflare/api/r2";
import type { LockRule } from "../../../cloudflare/state";

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
