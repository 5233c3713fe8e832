import { Workbench } from "../support/git";
import { onboard, standIn, type Caller, type StandIn } from "../support/standin";

const b64 = (text: string): string => Buffer.from(text).toString("base64");

/**
 * What rulesets are seen to be from outside, and what they are for a whole fork network. Their decisions are in
 * documents.test.ts.
 */
describe("rulesets", () => {
  let s: StandIn;
  let bot: Caller;
  let one: Caller;
  let security: Caller;
  let team = 0;

  beforeAll(async () => {
    s = await standIn();
    ({ bot } = await onboard(s));
    [one, security] = (await Promise.all(
      ["reviewer-one", "security-one"].map((login) => s.as({ login, kind: "classic", scopes: ["repo", "workflow"] })),
    )) as [Caller, Caller];
    team = (await s.admin("GET", "/orgs/acme/teams/security")).body.id as number;
  }, 60_000);
  afterAll(() => s.stop());
  const made: string[] = [];
  afterEach(async () => {
    for (const path of made.splice(0)) await s.admin("DELETE", path);
  });

  const add = async (to: string, ruleset: Record<string, unknown>): Promise<number> => {
    const where = {
      conditions: {
        ref_name: { include: ["refs/heads/guarded"], exclude: [] },
        ...(to === "/orgs/acme" ? { repository_name: { include: ["~ALL"], exclude: [] } } : {}),
      },
    };
    const { status, body } = await s.admin("POST", `${to}/rulesets`, {
      name: `r${made.length}`,
      target: "branch",
      enforcement: "active",
      ...(ruleset["target"] === "push" ? {} : where),
      ...ruleset,
    });
    expect([status, body.message]).toEqual([201, undefined]);
    made.push(`${to}/rulesets/${body.id as number}`);
    return body.id as number;
  };
  const put = (by: Caller, repository: string, path: string, branch: string) =>
    by("PUT", `/repos/${repository}/contents/${path}`, { message: "m", content: b64(String(Math.random())), branch });
  const guarded = async (): Promise<void> => {
    const { sha } = (await s.admin("GET", "/repos/acme/api/git/ref/heads/main")).body.object as { sha: string };
    await s.admin("POST", "/repos/acme/api/git/refs", { ref: "refs/heads/guarded", sha });
  };

  it.each([
    ["always", "always"],
    ["pull_request", "pull_requests_only"],
    ["exempt", "exempt"],
  ])("tell who may bypass them by %s, and everybody else that they never may", async (bypass_mode, told) => {
    const id = await add("/repos/acme/api", {
      rules: [{ type: "update" }],
      bypass_actors: [{ actor_type: "Team", actor_id: team, bypass_mode }],
    });
    const asked = async (by: Caller): Promise<unknown> =>
      (await by("GET", `/repos/acme/api/rulesets/${id}`)).body.current_user_can_bypass;
    expect([await asked(security), await asked(one), await asked(bot), await asked(s.admin)]).toEqual([
      told,
      "never",
      "never",
      "never",
    ]);
  });

  it("of the organization tell the same in a repository, and are listed for branches that do not exist", async () => {
    const id = await add("/orgs/acme", {
      rules: [{ type: "creation" }],
      bypass_actors: [{ actor_type: "OrganizationAdmin", actor_id: 1, bypass_mode: "always" }],
    });
    expect((await bot("GET", `/repos/acme/api/rulesets/${id}`)).body).toMatchObject({
      source_type: "Organization",
      source: "acme",
      current_user_can_bypass: "never",
    });
    expect((await bot("GET", `/repos/acme/api/rulesets/${id}?includes_parents=false`)).status).toBe(404);
    expect((await bot("GET", "/repos/acme/api/rules/branches/guarded")).body).toEqual([
      { type: "creation", ruleset_source_type: "Organization", ruleset_source: "acme", ruleset_id: id },
    ]);
    expect((await bot("GET", "/orgs/acme/rulesets")).status).toBe(403);
  });

  it("leave a record of who passed, failed and bypassed, for the repository and for the organization", async () => {
    await guarded();
    const rule = await add("/repos/acme/api", {
      rules: [{ type: "update" }],
      bypass_actors: [{ actor_type: "Team", actor_id: team, bypass_mode: "always" }],
    });
    await put(one, "acme/api", "a.txt", "guarded");
    await put(security, "acme/api", "a.txt", "guarded");
    const listed = async (path: string, query = ""): Promise<unknown[]> =>
      (
        (await s.admin("GET", `${path}/rulesets/rule-suites?ref=guarded${query}`)).body as {
          actor_name: string;
          result: string;
        }[]
      ).map(({ actor_name, result }) => [actor_name, result]);
    const both = [
      ["security-one", "bypass"],
      ["reviewer-one", "fail"],
    ];
    expect([await listed("/repos/acme/api"), await listed("/orgs/acme")]).toEqual([both, both]);
    expect(await listed("/orgs/acme", "&rule_suite_result=bypass&repository_name=api")).toEqual([
      ["security-one", "bypass"],
    ]);
    expect(await listed("/orgs/acme", "&actor_name=reviewer-one")).toEqual([["reviewer-one", "fail"]]);
    const [{ id }] = (await s.admin("GET", "/orgs/acme/rulesets/rule-suites?ref=guarded&rule_suite_result=fail"))
      .body as [{ id: number }];
    for (const path of ["/orgs/acme", "/repos/acme/api"])
      expect((await s.admin("GET", `${path}/rulesets/rule-suites/${id}`)).body).toMatchObject({
        result: "fail",
        rule_evaluations: [{ rule_type: "update", result: "fail", rule_source: { id: rule } }],
      });
  });

  it("leave no record of those who are exempt", async () => {
    await guarded();
    await add("/repos/acme/api", {
      rules: [{ type: "update" }],
      bypass_actors: [
        {
          actor_type: "User",
          actor_id: (await s.admin("GET", "/users/reviewer-two")).body.id as number,
          bypass_mode: "exempt",
        },
      ],
    });
    const two = await s.as({ login: "reviewer-two", kind: "classic", scopes: ["repo"] });
    expect((await put(two, "acme/api", "b.txt", "guarded")).status).toBe(201);
    expect((await s.admin("GET", "/repos/acme/api/rulesets/rule-suites?actor_name=reviewer-two")).body).toEqual([]);
  });

  it("for pushes hold in the whole fork network, bypassed by those alone who may in its root", async () => {
    await s.admin("PATCH", "/orgs/acme", { members_can_fork_private_repositories: true });
    await s.admin("PATCH", "/repos/acme/api", { allow_forking: true });
    await add("/repos/acme/api", {
      target: "push",
      rules: [{ type: "file_path_restriction", parameters: { restricted_file_paths: [".github/workflows/**/*"] } }],
      bypass_actors: [{ actor_type: "Team", actor_id: team, bypass_mode: "always" }],
    });
    for (const by of [one, security]) expect((await by("POST", "/repos/acme/api/forks", {})).status).toBe(202);
    expect((await put(one, "reviewer-one/api", ".github/workflows/x.yml", "main")).body.message).toMatch(
      /restricted paths/,
    );
    expect((await put(one, "reviewer-one/api", "src/x.js", "main")).status).toBe(201);
    expect((await put(security, "security-one/api", ".github/workflows/x.yml", "main")).status).toBe(201);
  });

  it("for pushes take a thousand refs at once, and no more", async () => {
    const w = new Workbench(s.gh.git);
    await add("/repos/acme/docs", {
      target: "push",
      rules: [{ type: "max_file_size", parameters: { max_file_size: 100 } }],
    });
    const { dir } = await w.clone("acme/docs", s.gh.adminToken);
    const refused = await w.git(
      ["push", "--quiet", "origin", ...Array.from({ length: 1001 }, (_, i) => `HEAD:refs/heads/many/${i}`)],
      dir,
    );
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("more than 1000 reference updates") as string,
    });
    expect(
      (await w.git(["push", "--quiet", "origin", "HEAD:refs/heads/many/0", "HEAD:refs/heads/many/1"], dir)).code,
    ).toBe(0);
    w.remove();
  });
});
