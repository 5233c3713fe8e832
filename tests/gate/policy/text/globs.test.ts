import { PathMatcher } from "../../../../gate/policy";

describe("PathMatcher", () => {
  it.each([
    ["/CODEOWNERS", ["CODEOWNERS", "codeowners", "CODEOWNERS/x"], ["a/CODEOWNERS", "CODEOWNERS2"]],
    [
      "/.github/workflows/**",
      [".github/workflows/a.yml", ".github/workflows/a/b", ".github/workflows", ".GITHUB/Workflows/x"],
      [".github/workflow", "x/.github/workflows/a"],
    ],
    ["*.pem", ["a.pem", "x/y/a.pem", ".pem"], ["a.pem2", "pem"]],
    ["deploy/", ["deploy/a", "x/deploy/b"], ["deployx/a"]],
    ["a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["a/b", "z"]],
    ["a?c/*", ["abc/d", "abc/d/e"], ["ac/d", "abbc/d"]],
  ])("%s", (glob, inside, outside) => {
    const matcher = new PathMatcher([glob]);
    for (const path of inside) expect([path, matcher.matches(path)]).toEqual([path, true]);
    for (const path of outside) expect([path, matcher.matches(path)]).toEqual([path, false]);
  });

  it("knows where something protected could lie below", () => {
    const matcher = new PathMatcher(["/.github/workflows/**", "/docs/CODEOWNERS"]);
    expect([".github", ".github/workflows", "docs", "src"].map((d) => matcher.mayMatchBelow(d))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
