import { nextGateKey } from "../../../cli/token/gateKey";

const DAY = 86_400_000;
const now = Date.UTC(2026, 5, 1);

describe("the gate key's generations", () => {
  const file = "config:\n  gatehouse:gate: # the gate\n    name: g # its name\n";
  it("adds a generation and the end of the overlap, and keeps the rest", () => {
    const { text, change } = nextGateKey(file, "f", 24, now);
    expect(change).toEqual({ generation: 2, previousUntil: "2026-06-02T00:00:00Z" });
    expect(text).toContain("# its name");
    expect(() => nextGateKey(text, "f", 24, now + 1000)).toThrow("overlaps until");
    expect(nextGateKey(text, "f", 24, now + 2 * DAY).change.generation).toBe(3);
  });
});
