import { ownsPath, parseCodeowners, patternHolds } from "../../../github/rules/codeowners";

describe("CODEOWNERS patterns", () => {
  it.each([
    ["*.js", "src/a.js", true],
    ["*.js", "a.ts", false],
    ["docs/", "x/docs/a", true],
    ["/.github/", ".github/workflows/ci.yml", true],
    ["/CODEOWNERS", "CODEOWNERS", true],
    ["/CODEOWNERS", "docs/CODEOWNERS", false],
    ["/scripts", "scripts/a", true],
    ["/a/**/b", "a/x/y/b", true],
    ["/a/**", "a/x/y", true],
  ])("%s and %s: %s", (pattern, path, expected) => {
    expect(ownsPath(pattern, path)).toBe(expected);
  });
  it("leaves out comments and reads several owners", () => {
    expect(
      parseCodeowners("# x\n\n* @acme/a @b # why\n/docs/\n").map(({ line, pattern, owners }) => ({
        line,
        pattern,
        owners,
      })),
    ).toEqual([
      { line: 3, pattern: "*", owners: ["@acme/a", "@b"] },
      { line: 4, pattern: "/docs/", owners: [] },
    ]);
  });
  it("knows what GitHub does not support", () => {
    expect(["!a", "[ab]", "\\#a", "a*"].map(patternHolds)).toEqual([false, false, false, true]);
  });
});
