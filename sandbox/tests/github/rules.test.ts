import fc from "fast-check";
import { fnmatch } from "../../github/rules/fnmatch";
import { ownsPath, parseCodeowners, patternHolds } from "../../github/rules/codeowners";
import { refMatches } from "../../github/rules/rulesets";

// The examples of GitHub's documents are in cases/names.ts; these are the corners of the language.
describe("fnmatch as GitHub has it (Ruby's, with FNM_PATHNAME)", () => {
  it.each([
    [".github/**/*", ".github/a/b", true],
    ["*", ".a", false],
    ["?", "/", false],
    ["a?c", "abc", true],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[^a-c]x", "dx", true],
    ["a[", "a[", false],
    ["main", "main", true],
    ["a.b", "axb", false],
    ["a\\*", "a*", true],
    ["a\\*", "ab", false],
    ["release/*", "release/1", true],
    ["release/*", "release/1/2", false],
    ["a**b", "axyb", true],
  ])("%s and %s: %s", (pattern, name, expected) => {
    expect(fnmatch(pattern, name)).toBe(expected);
  });

  const segment = fc.stringMatching(/^[a-z0-9_-]{1,6}$/);
  const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((s) => s.join("/"));
  it("matches a literal name with itself and with nothing else", () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(fnmatch(a, b)).toBe(a === b);
      }),
    );
  });
  it("never lets one star cross a slash", () => {
    fc.assert(
      fc.property(path, (p) => {
        expect(fnmatch("*", p)).toBe(!p.includes("/"));
      }),
    );
  });
  it("covers everything below a folder with two stars and a name", () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(fnmatch(`${a}/**/*`, `${a}/${b}`)).toBe(true);
      }),
    );
  });
  it("survives any pattern", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (p, n) => {
        expect(typeof fnmatch(p, n)).toBe("boolean");
      }),
    );
  });
});

it("knows the two names that stand for many", () => {
  expect(refMatches(["~ALL"], ["refs/heads/claude/**/*"], "refs/heads/main", "main")).toBe(true);
  expect(refMatches(["~ALL"], ["refs/heads/claude/**/*"], "refs/heads/claude/a/b", "main")).toBe(false);
  expect(refMatches(["~DEFAULT_BRANCH"], [], "refs/heads/trunk", "trunk")).toBe(true);
  expect(refMatches(["~DEFAULT_BRANCH"], [], "refs/heads/main", "trunk")).toBe(false);
  expect(refMatches([], [], "refs/heads/main", "main")).toBe(false);
});

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
