import fc from "fast-check";
import { fnmatch } from "../../../github/rules/fnmatch";

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
