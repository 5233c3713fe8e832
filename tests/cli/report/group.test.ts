import { groupByName, groupByRepository, someOf } from "../../../cli/report/group";

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `repo-${i}`);

it("says once what is the same for many repositories, and names the first", () => {
  const rows = names(1000).map((repository) => ({
    repository,
    words: ["review", `${repository}: creation on branch ~ALL`],
  }));
  expect(groupByRepository([{ words: ["gate", "a limit"] }, ...rows])).toEqual([
    ["gate", "a limit"],
    ["review", "1000 repositories: creation on branch ~ALL (repo-0, repo-1, repo-2 and 997 more)"],
  ]);
});

it("keeps few rows as they are, and never joins what differs", () => {
  const rows = names(5).map((repository) => ({ repository, words: [`${repository}: a`] }));
  expect(groupByRepository(rows)).toEqual(rows.map(({ words }) => words));
  const mixed = names(8).map((repository, i) => ({
    repository,
    words: [`${repository}: ${i === 3 ? "open" : "closed"}`],
  }));
  expect(groupByRepository(mixed)).toEqual([
    ["7 repositories: closed (repo-0, repo-1, repo-2 and 4 more)"],
    ["repo-3: open"],
  ]);
});

it("takes no part of a longer name for a repository", () => {
  const rows = names(8).map((repository) => ({ repository, words: [`${repository}-docs and ${repository}`] }));
  expect(groupByRepository(rows)).toEqual(rows.map(({ words }) => words));
});

it("names the first of many", () => {
  expect(someOf(["a", "b"])).toBe("a, b");
  expect(groupByName(names(7), { name: (one) => one, words: () => ["created"] })).toEqual([
    { names: "7: repo-0, repo-1, repo-2 and 4 more", words: ["created"] },
  ]);
});
