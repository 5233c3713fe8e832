import { refMatches } from "../../../github/rules/rulesets";

it("knows the two names that stand for many", () => {
  expect(refMatches(["~ALL"], ["refs/heads/claude/**/*"], "refs/heads/main", "main")).toBe(true);
  expect(refMatches(["~ALL"], ["refs/heads/claude/**/*"], "refs/heads/claude/a/b", "main")).toBe(false);
  expect(refMatches(["~DEFAULT_BRANCH"], [], "refs/heads/trunk", "trunk")).toBe(true);
  expect(refMatches(["~DEFAULT_BRANCH"], [], "refs/heads/main", "trunk")).toBe(false);
  expect(refMatches([], [], "refs/heads/main", "main")).toBe(false);
});
