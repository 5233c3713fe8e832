import { readExpiry } from "../../rotation/github";
import { readJournal } from "../../rotation/journal";
import { comparePermissions } from "../../rotation/verify";

describe("small readings", () => {
  it.each([
    ["2026-01-31 10:00:00 UTC", "2026-01-31T10:00:00.000Z"],
    ["2026-01-31 10:00:00 +0130", "2026-01-31T08:30:00.000Z"],
    ["soon", ""],
    [undefined, ""],
  ])("expiry header %s", (header, expected) => {
    expect(readExpiry(header)).toBe(expected);
  });
  it("compares permissions both ways", () => {
    expect(
      comparePermissions(
        { contents: "write", issues: "read" },
        { contents: "read", issues: "write", metadata: "read", secrets: "read" },
      ),
    ).toEqual([
      "too few: contents is read, declared write",
      "too many: issues is write, declared read",
      "too many: secrets is read, declared none",
    ]);
  });
  it("refuses a journal of another version rather than guess", () => {
    expect(() => readJournal({ journal: '{"v":2,"phase":"idle"}' })).toThrow("the version that wrote it");
  });
});
