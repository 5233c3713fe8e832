/** The plugin's own documents, as recorded, against the stand-in. */
import { recordings } from "../../providers/github/replay";
import { BOT, dataOf, errorsOf, scene, type Scene } from "./harness";

let it_: Scene;
beforeAll(async () => {
  it_ = await scene();
});
afterAll(() => it_.stop());

interface Sent {
  query: string;
  variables: Record<string, unknown>;
}
const recorded = (name: string, operation: string): Sent[] =>
  recordings
    .filter((call) => call.case === name && call.operation === operation && call.path.endsWith("/graphql"))
    .map((call) => call.body as Sent);

/** Every field path of an answer; the plugin's client refuses one that it did not ask for. */
function fields(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => fields(item, `${path}[]`));
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, inner]) => fields(inner, `${path}.${name}`));
}

describe("branch protection", () => {
  const NODE = "query($id:ID!){node(id:$id){id}}";
  let ruleId = "";

  it("answers node: null with the error that clients look for when an id names nothing", async () => {
    const answer = await it_.ask(it_.as("acme-admin"), NODE, { id: "api" });
    expect(answer).toEqual({
      data: { node: null },
      errors: [
        {
          type: "NOT_FOUND",
          path: ["node"],
          locations: [{ line: 1, column: 16 }],
          message: "Could not resolve to a node with the global id of 'api'.",
        },
      ],
    });
    expect(dataOf(await it_.ask(it_.as("acme-admin"), NODE, { id: it_.repo("api").nodeId }))).toEqual({
      node: { id: it_.repo("api").nodeId },
    });
  });

  it("takes every document of the recorded life of a rule, and answers exactly what was asked", async () => {
    const admin = it_.as("acme-admin");
    // The recording speaks of other people and ids than the seed has.
    const ids: Record<string, string> = {
      R_kgDOapi: it_.repo("api").nodeId,
      T_kwDO21: it_.world.teamBySlug(it_.repo("api").owner.id, "security")?.nodeId ?? "",
      U_kgDOAlice: it_.world.userByLogin("reviewer-one")?.nodeId ?? "",
      U_kgDOAdmin: it_.world.userByLogin("acme-admin")?.nodeId ?? "",
      alice: "reviewer-one",
      "octo-admin": "acme-admin",
    };
    for (const operation of ["create", "refresh", "update", "refresh-after-update", "destroy"]) {
      for (const { query, variables } of recorded("BranchProtection", operation)) {
        if (query.includes("node(id:$id)")) continue;
        const mine = JSON.parse(JSON.stringify({ ...variables }), (_key, value: unknown) =>
          typeof value !== "string" ? value : value.startsWith("BPR_") ? ruleId : (ids[value] ?? value),
        ) as Record<string, unknown>;
        const data = dataOf<Record<string, unknown>>(await it_.ask(admin, query, mine));
        const original = recordings.find((call) => (call.body as Sent | null)?.query === query)?.response as {
          data: unknown;
        };
        if (query.includes("createBranchProtectionRule"))
          ruleId = (data.createBranchProtectionRule as { branchProtectionRule: { id: string } }).branchProtectionRule
            .id;
        else if (!query.startsWith("mutation")) expect(new Set(fields(data))).toEqual(new Set(fields(original.data)));
      }
      const count = [...it_.repo("api").protections.values()][0]?.requiredApprovingReviewCount;
      expect(count).toBe(operation === "destroy" ? undefined : operation.includes("update") ? 1 : 2);
    }
  });

  it("says that a pattern is taken, and that a rule which is gone is gone", async () => {
    const admin = it_.as("acme-admin");
    const create =
      "mutation($input:CreateBranchProtectionRuleInput!){createBranchProtectionRule(input: $input){branchProtectionRule{id}}}";
    const input = { repositoryId: it_.repo("docs").nodeId, pattern: "main" };
    const id = dataOf<{ createBranchProtectionRule: { branchProtectionRule: { id: string } } }>(
      await it_.ask(admin, create, { input }),
    ).createBranchProtectionRule.branchProtectionRule.id;
    expect(errorsOf(await it_.ask(admin, create, { input }))).toEqual(["UNPROCESSABLE Name already protected: main"]);
    const remove =
      "mutation($input:DeleteBranchProtectionRuleInput!){deleteBranchProtectionRule(input: $input){clientMutationId}}";
    expect(dataOf(await it_.ask(admin, remove, { input: { branchProtectionRuleId: id } }))).toEqual({
      deleteBranchProtectionRule: { clientMutationId: null },
    });
    expect(errorsOf(await it_.ask(admin, remove, { input: { branchProtectionRuleId: id } }))).toEqual([
      `NOT_FOUND Could not resolve to a node with the global id of '${id}'.`,
    ]);
  });

  it("is for administrators: a writer neither makes, sees nor deletes a rule", async () => {
    it_.admit("docs", "write");
    const create =
      "mutation($input:CreateBranchProtectionRuleInput!){createBranchProtectionRule(input: $input){branchProtectionRule{id}}}";
    const input = { repositoryId: it_.repo("docs").nodeId, pattern: "release/*" };
    expect(errorsOf(await it_.ask(it_.as(BOT), create, { input }))).toEqual([
      `FORBIDDEN ${BOT} does not have the correct permissions to execute \`CreateBranchProtectionRule\``,
    ]);
    expect(it_.repo("docs").protections.size).toBe(0);
    const id = dataOf<{ createBranchProtectionRule: { branchProtectionRule: { id: string } } }>(
      await it_.ask(it_.as("acme-admin"), create, { input }),
    ).createBranchProtectionRule.branchProtectionRule.id;
    const seen = await it_.ask(
      it_.as(BOT),
      '{repository(owner:"acme",name:"docs"){branchProtectionRules(first:5){totalCount}}}',
    );
    expect(dataOf(seen)).toEqual({ repository: { branchProtectionRules: { totalCount: 0 } } });
    expect(errorsOf(await it_.ask(it_.as(BOT), "query($id:ID!){node(id:$id){id}}", { id }))[0]).toMatch(/^NOT_FOUND/);
  });
});

describe("the documents of the data sources", () => {
  it.each([["getBranchProtectionRules"], ["getTeam-immediate"]])("%s", async (name) => {
    const [{ query, variables } = { query: "", variables: {} }] = recorded(name, "create");
    const answer = await it_.ask(it_.as("acme-admin"), query, variables);
    expect(errorsOf(answer)).toEqual([]);
  });

  it("lists the people of an organization with their roles", async () => {
    const query =
      "query($after:String$login:String!){organization(login: $login){membersWithRole(first: 100, after: $after){edges{role,node{id,login,email}},pageInfo{endCursor,hasNextPage}}}}";
    const data = dataOf<{ organization: { membersWithRole: { edges: { role: string; node: { login: string } }[] } } }>(
      await it_.ask(it_.as("acme-admin"), query, { login: "acme", after: null }),
    );
    expect(data.organization.membersWithRole.edges.map(({ role, node }) => `${node.login} ${role}`)).toContain(
      "acme-admin ADMIN",
    );
  });
});
