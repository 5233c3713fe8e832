import fc from "fast-check";
import { askInBatches, readRepositories, readTeams, repositoriesQuery } from "../../../infra/plans/manyRepositories";

const blob = (text: string, more: object = {}) => ({
  mode: 0o100644,
  object: { byteSize: Buffer.byteLength(text), isBinary: false, isTruncated: false, text, ...more },
});
const repository = (more: object = {}, branch: object = {}) => ({
  databaseId: 7,
  id: "R_7",
  nameWithOwner: "acme/api",
  isArchived: false,
  visibility: "PRIVATE",
  defaultBranchRef: {
    name: "main",
    target: { place0: blob("* @acme/backend\n"), place1: null, place2: null },
    rules: { nodes: [], pageInfo: { hasNextPage: false } },
    branchProtectionRule: null,
    ...branch,
  },
  ...more,
});
const read = (first: object | null, rest: object = {}) => readRepositories(["api"], { data: { r0: first }, ...rest });

describe("one question about many repositories", () => {
  it("names each of them by a variable, so that no name is part of the question", () => {
    const { query, variables } = repositoriesQuery("acme", ["api", 'x") { id }']);
    expect(query).not.toContain("acme");
    expect(query).toContain("r1: repository(owner: $owner, name: $n1)");
    expect(variables).toEqual({ owner: "acme", n0: "api", n1: 'x") { id }' });
  });

  it("tells what the REST API would have told", () => {
    expect(read(repository())?.get("api")).toEqual({
      shown: repository(),
      id: 7,
      nodeId: "R_7",
      fullName: "acme/api",
      archived: false,
      defaultBranch: "main",
      visibility: "private",
      owners: { found: { path: ".github/CODEOWNERS", text: "* @acme/backend\n" } },
      demands: { byProtection: false, byRulesets: [] },
    });
  });

  it("finds CODEOWNERS where GitHub looks first, and that there is none", () => {
    const at = (target: object) => read(repository({}, { target }))?.get("api")?.owners;
    expect(at({ place0: null, place1: blob("b"), place2: blob("c") })).toEqual({
      found: { path: "CODEOWNERS", text: "b" },
    });
    expect(at({ place0: null, place1: null, place2: null })).toEqual({ found: undefined });
  });

  it.each([
    ["is cut", blob("* @acme/backend", { isTruncated: true })],
    ["is binary", blob("* @acme/backend", { isBinary: true })],
    ["has other bytes than its text", blob("* @acme/backend", { byteSize: 99 })],
    ["is a link", { ...blob("../elsewhere"), mode: 0o120000 }],
    ["is a folder", { mode: 0o040000, object: {} }],
    ["is not shown", { mode: 0o100644, object: null }],
    ["was not answered", undefined],
  ])("leaves a CODEOWNERS to be read by itself when it %s", (_why, place0) => {
    const facts = read(repository({}, { target: { place0, place1: null, place2: null } }))?.get("api");
    expect(facts).toMatchObject({ id: 7 });
    expect(facts).not.toHaveProperty("owners");
  });

  it("says which rulesets demand a pull request, and whether branch protection does of administrators", () => {
    const rules = {
      nodes: [
        { type: "PULL_REQUEST", repositoryRuleset: { databaseId: 3 } },
        { type: "UPDATE", repositoryRuleset: { databaseId: 3 } },
        { type: "DELETION", repositoryRuleset: { databaseId: 4 } },
        { type: "MERGE_QUEUE", repositoryRuleset: { databaseId: 5 } },
      ],
      pageInfo: { hasNextPage: false },
    };
    const demands = (branch: object) => read(repository({}, branch))?.get("api")?.demands;
    expect(demands({ rules })).toEqual({ byProtection: false, byRulesets: [3, 5] });
    const both = { isAdminEnforced: true, requiresApprovingReviews: true };
    expect(demands({ branchProtectionRule: both })?.byProtection).toBe(true);
    expect(demands({ branchProtectionRule: { ...both, isAdminEnforced: false } })?.byProtection).toBe(false);
    expect(demands({ branchProtectionRule: { ...both, requiresApprovingReviews: false } })?.byProtection).toBe(false);
    expect(demands({ rules: { ...rules, pageInfo: { hasNextPage: true } } })).toBeUndefined();
    expect(demands({ rules: { ...rules, nodes: [{ type: "UPDATE", repositoryRuleset: null }] } })).toBeUndefined();
  });

  it.each([
    ["there is none of that name", null, { errors: [{ type: "NOT_FOUND", path: ["r0"] }] }],
    ["a part of it is refused", repository(), { errors: [{ path: ["r0", "defaultBranchRef", "rules"] }] }],
    ["it has no branch", repository({ defaultBranchRef: null }), {}],
    ["it has no id", repository({ databaseId: null }), {}],
  ])("leaves a repository to be asked by itself when %s", (_why, first, rest) => {
    expect(read(first, rest)).toEqual(new Map());
  });

  it.each([
    ["nothing", undefined],
    ["no JSON object", "x"],
    ["errors alone", { errors: [{ message: "Something went wrong" }] }],
    ["no data", { data: null, errors: [{ path: ["r0"] }] }],
    ["an error that names no place", { data: { r0: repository() }, errors: [{ message: "limits" }] }],
  ])("comes to nothing as a whole when the answer is %s", (_what, answer) => {
    expect(readRepositories(["api"], answer)).toBeUndefined();
  });
});

describe("one question about many teams", () => {
  const team = (more: object = {}) => ({
    databaseId: 5,
    privacy: "VISIBLE",
    repositories: {
      totalCount: 101,
      pageInfo: { hasNextPage: true, endCursor: "c1" },
      edges: [{ permission: "WRITE", node: { nameWithOwner: "Acme/API" } }],
    },
    ...more,
  });
  it("tells roles in REST's words, and where the next page begins", () => {
    expect(readTeams(["backend"], { data: { organization: { t0: team() } } })?.get("backend")).toEqual({
      id: 5,
      visible: true,
      total: 101,
      next: "c1",
      roles: new Map([["acme/api", "push"]]),
    });
  });
  it("leaves out a team that is not there, and takes a secret one for what it is", () => {
    const answer = { data: { organization: { t0: null, t1: team({ privacy: "SECRET" }) } } };
    const pages = readTeams(["gone", "hidden"], answer);
    expect([...(pages?.keys() ?? [])]).toEqual(["hidden"]);
    expect(pages?.get("hidden")?.visible).toBe(false);
  });
});

describe("asking in batches", () => {
  it("asks about everything once when all goes well, and halves a question that comes to nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(60),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        async (n, atOnce, bears) => {
          const names = Array.from({ length: n }, (_, at) => `n${at}`);
          const answered: string[] = [];
          const found = await askInBatches(names, atOnce, async (batch) => {
            expect(batch.length).toBeLessThanOrEqual(atOnce);
            if (batch.length > bears) return undefined;
            answered.push(...batch);
            return new Map(batch.map((name) => [name, name.toUpperCase()]));
          });
          expect(answered).toEqual(names);
          expect([...found]).toEqual(names.map((name) => [name, name.toUpperCase()]));
        },
      ),
    );
  });
  it("gives up when not even one thing alone is answered", async () => {
    let asked = 0;
    expect(
      await askInBatches(
        Array.from({ length: 1000 }, (_, at) => String(at)),
        40,
        async () => {
          asked++;
          return undefined;
        },
      ),
    ).toEqual(new Map());
    expect(asked).toBe(7); // 40, 20, 10, 5, 3, 2, 1
  });
  it("leaves out what fails alone, and goes on with the rest", async () => {
    const found = await askInBatches(["a", "b", "broken", "d"], 4, async (batch) =>
      batch.includes("broken") ? undefined : new Map(batch.map((name) => [name, 1])),
    );
    expect([...found.keys()]).toEqual(["a", "b", "d"]);
  });
});
