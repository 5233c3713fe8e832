import { isFilePath, isRefName } from "../../../../gate/policy/text/values";

describe("values", () => {
  it("takes only ref names that git takes", () => {
    for (const good of ["main", "claude/fix-1", "v1.0", "a@b"]) expect([good, isRefName(good)]).toEqual([good, true]);
    for (const bad of [
      "",
      "a..b",
      ".a",
      "a/.b",
      "a.lock",
      "a//b",
      "/a",
      "a/",
      "a b",
      "a~1",
      "a^",
      "a:b",
      "a?",
      "a*",
      "a[",
      "a\\b",
      "a@{1}",
      "@",
      "a.",
      "-a",
      "a\u0000b",
      "a\u202eb",
    ]) {
      expect([bad, isRefName(bad)]).toEqual([bad, false]);
    }
  });

  it("takes only paths inside the repository", () => {
    for (const good of ["a", "a/b.txt", ".github/x", "a b"]) expect([good, isFilePath(good)]).toEqual([good, true]);
    for (const bad of ["", "/a", "a/", "a//b", "../a", "a/..", "./a", ".git/config", "a/.GIT/x", "a\\b", "a\nb"])
      expect([bad, isFilePath(bad)]).toEqual([bad, false]);
  });
});
