import { onboard, standIn, type Caller, type StandIn } from "../support/standin";

const b64 = (text: string): string => Buffer.from(text).toString("base64");

/**
 * What the cases of documents.test.ts cannot say in their words: one rule at a time, on a repository that has no other.
 */
describe("single rules of merging", () => {
  let s: StandIn;
  let one: Caller;
  let count = 0;

  beforeAll(async () => {
    s = await standIn();
    await onboard(s);
    one = await s.as({ login: "reviewer-one", kind: "classic", scopes: ["repo", "workflow"] });
  }, 60_000);
  afterAll(() => s.stop());
  afterEach(async () => {
    for (const { id } of (await s.admin("GET", "/repos/acme/docs/rulesets")).body as { id: number }[])
      await s.admin("DELETE", `/repos/acme/docs/rulesets/${id}`);
  });

  const rule = async (
    type: string,
    parameters: Record<string, unknown>,
    change: Record<string, unknown> = {},
  ): Promise<void> => {
    const conditions = { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } };
    const made = await s.admin("POST", "/repos/acme/docs/rulesets", {
      name: type,
      enforcement: "active",
      conditions,
      rules: [{ type, parameters }],
      ...change,
    });
    expect(made.status).toBe(201);
  };
  const change = async (by: Caller, branch: string, path: string): Promise<void> => {
    expect(
      (await by("PUT", `/repos/acme/docs/contents/${path}`, { message: "work", content: b64(path), branch })).status,
    ).toBe(201);
  };
  const propose = async (by: Caller, path?: string): Promise<{ number: number; branch: string }> => {
    const branch = `work-${(count += 1)}`;
    const { object } = (await by("GET", "/repos/acme/docs/git/ref/heads/main")).body as { object: { sha: string } };
    await by("POST", "/repos/acme/docs/git/refs", { ref: `refs/heads/${branch}`, sha: object.sha });
    await change(by, branch, path ?? `file-${count}.txt`);
    return {
      number: (await by("POST", "/repos/acme/docs/pulls", { title: branch, head: branch, base: "main" })).body
        .number as number,
      branch,
    };
  };
  const merge = (by: Caller, number: number, merge_method = "squash") =>
    by("PUT", `/repos/acme/docs/pulls/${number}/merge`, { merge_method });

  it("a check pinned to an App cannot be reported by a person or by another App", async () => {
    await rule("required_status_checks", { required_status_checks: [{ context: "ci", integration_id: 15368 }] });
    await s.admin("PUT", "/repos/acme/docs/actions/permissions", { enabled: false });
    const { number } = await propose(one);
    const { sha } = ((await one("GET", `/repos/acme/docs/pulls/${number}`)).body as { head: { sha: string } }).head;
    expect((await one("POST", `/repos/acme/docs/statuses/${sha}`, { state: "success", context: "ci" })).status).toBe(
      201,
    );
    await s.sandbox("POST", "/checks", { repo: "docs", sha, context: "ci", appId: s.gh.app.id });
    expect((await merge(one, number)).body.message).toMatch(/Required status check "ci" is expected/);
    await s.sandbox("POST", "/checks", { repo: "docs", sha, context: "ci" });
    expect((await merge(one, number)).status).toBe(200);
    await s.admin("PUT", "/repos/acme/docs/actions/permissions", { enabled: true });
  });

  it("push rules are for pushes: what is merged was judged when it was pushed", async () => {
    const restricted = { restricted_file_paths: ["guarded/**/*"] };
    await rule("file_path_restriction", restricted, {
      target: "push",
      conditions: undefined,
      bypass_actors: [{ actor_id: 1, actor_type: "OrganizationAdmin", bypass_mode: "always" }],
    });
    const { object } = (await one("GET", "/repos/acme/docs/git/ref/heads/main")).body as { object: { sha: string } };
    await s.admin("POST", "/repos/acme/docs/git/refs", { ref: "refs/heads/by-owner", sha: object.sha });
    const put = (by: Caller) =>
      by("PUT", "/repos/acme/docs/contents/guarded/a.txt", { message: "m", content: b64("x"), branch: "by-owner" });
    expect([(await put(one)).status, (await put(s.admin)).status]).toEqual([409, 201]);
    const { number } = (await one("POST", "/repos/acme/docs/pulls", { title: "t", head: "by-owner", base: "main" }))
      .body as { number: number };
    expect((await merge(one, number)).status).toBe(200);
  });

  it("evaluated rulesets refuse nothing and are recorded, where the plan has them", async () => {
    const big = await standIn({ plan: "enterprise" });
    const ruleset = {
      name: "trial",
      target: "branch",
      enforcement: "evaluate",
      conditions: { ref_name: { include: ["~ALL"], exclude: [] } },
      rules: [{ type: "update" }],
    };
    expect((await s.admin("POST", "/repos/acme/docs/rulesets", ruleset)).status).toBe(422);
    expect((await big.admin("POST", "/repos/acme/docs/rulesets", ruleset)).status).toBe(201);
    expect((await big.admin("PUT", "/repos/acme/docs/contents/x", { message: "m", content: b64("x") })).status).toBe(
      201,
    );
    const [suite] = (await big.admin("GET", "/repos/acme/docs/rulesets/rule-suites")).body as Record<string, unknown>[];
    expect(suite).toMatchObject({ result: "pass", evaluation_result: "fail" });
    await big.stop();
  });

  it("an outside collaborator reaches an organization with a classic token only", async () => {
    const invitation = (await s.admin("PUT", "/repos/acme/docs/collaborators/other-admin", { permission: "push" }))
      .body as { id: number };
    const classic = await s.as({ login: "other-admin", kind: "classic", scopes: ["repo"] });
    await classic("PATCH", `/user/repository_invitations/${invitation.id}`);
    const fine = await s.as({ login: "other-admin", permissions: { contents: "read" } });
    expect([(await classic("GET", "/repos/acme/docs")).status, (await fine("GET", "/repos/acme/docs")).status]).toEqual(
      [200, 404],
    );
  });
});
