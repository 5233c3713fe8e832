import { appJwt, endings, scenario, type Call } from "../github/support/calls";
import { CONTRACT, problemsOf } from "../github/support/contract";
import { caller, standIn, type Caller, type StandIn } from "../github/support/standin";

/**
 * Operations that answer nothing but refusals, by design of GitHub or because their success needs what is not there.
 */
const REFUSED: Record<string, number> = {
  "GET /authorizations": 404,
  "POST /authorizations": 404,
  "DELETE /authorizations/{authorization_id}": 404, // gone since 2020-11-13
  "GET /repos/{owner}/{repo}/license": 404, // no seeded repository has one
  "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel": 409, // runs are over the moment they begin
  "GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}": 404,
  "GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}": 404, // workflows are not executed, so they leave no artifact
};

/** Where GitHub's description contradicts itself: here it asks an account to be a user and an enterprise at once. */
const CONTRADICTED: Record<string, RegExp> = { "GET /app/installations": /^\/\d+\/account / };

describe("answers of every described operation", () => {
  let s: StandIn;
  const done = new Set<string>();
  const failures: string[] = [];
  const known: Record<string, string | number> = {};
  let callers: Parameters<typeof scenario>[2] & Parameters<typeof endings>[1];

  const fill = (path: string, params: Record<string, string | number>): string =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const given = params[name] ?? known[name];
      const value = typeof given === "string" && /^\{\w+\}$/.test(given) ? known[given.slice(1, -1)] : given;
      if (value === undefined) throw new Error(`no ${name} for ${path}`);
      return name === "path" || name === "ref" || name === "basehead"
        ? String(value)
        : encodeURIComponent(String(value));
    });

  async function run(call: Call): Promise<void> {
    const [method, template] = call.operation.split(" ") as [string, string];
    const upload = call.body instanceof Uint8Array;
    let path: string;
    try {
      path = fill(template, call.params ?? {}) + (call.query ?? "");
    } catch (error) {
      failures.push(`${call.operation}: ${(error as Error).message}`);
      return;
    }
    const body = typeof call.body === "function" ? (call.body as () => unknown)() : call.body;
    const answer = await (call.by ?? s.admin)(
      method,
      upload ? `${s.gh.url}/api/uploads${path}` : path,
      body,
      call.headers,
    );
    done.add(call.operation);
    const expected = REFUSED[call.operation];
    const problems =
      expected !== undefined
        ? answer.status === expected
          ? []
          : [`answered ${answer.status}, not ${expected}`]
        : problemsOf(call.operation, answer.status, answer.body).filter((p) => !CONTRADICTED[call.operation]?.test(p));
    if (problems.length > 0)
      failures.push(
        `${call.operation} (${answer.status}${answer.status >= 400 ? ` ${answer.text.slice(0, 200)}` : ""})\n    ${problems.slice(0, 12).join("\n    ")}`,
      );
    if (answer.status < 400) call.keep?.(answer);
  }

  beforeAll(async () => {
    s = await standIn({ plan: "enterprise" });
    await s.sandbox("PATCH", "/organization", { patApprovalRequired: true });
    const reviewer = await s.as({ login: "reviewer-one", kind: "classic", scopes: ["repo"] });
    const bot = await s.as({ login: "claude-bot", kind: "classic", scopes: ["repo", "read:org", "user"] });
    await s.as({
      login: "reviewer-two",
      permissions: { contents: "read", metadata: "read" },
      repositories: ["api"],
      expiresInDays: 7,
    });
    const app = caller(s.gh.api, appJwt(s.gh.app));
    const mint = async (): Promise<Caller> =>
      caller(
        s.gh.api,
        (await app("POST", `/app/installations/${s.gh.app.installationId}/access_tokens`)).body.token as string,
      );
    // Check runs can be made by an App only, so the seeded one is given the right to.
    s.gh.world.installations.get(s.gh.app.installationId)!.permissions["checks"] = "write";
    callers = {
      app,
      installation: await mint(),
      actions: await mint(),
      shortLived: await mint(),
      reviewer,
      bot,
      stranger: await s.as({ login: "other-admin", kind: "classic", scopes: ["repo"] }),
    };
    Object.assign(known, {
      org: "acme",
      org_name: "acme",
      owner: "acme",
      repo: "api",
      username: "reviewer-one",
      assignee: "reviewer-one",
      branch: "main",
      ref: "main",
      path: "README.md",
      sha: "main",
      basehead: "main...claude/renamed",
      dir: "",
      tag: "v1.0.0",
      archive_format: "zip",
      artifact_id: 1,
      authorization_id: 1,
      environment_name: "stage/1",
      secret_name: "DEPLOY",
      name: "bug",
      app_slug: "gatehouse-sandbox",
      installation_id: s.gh.app.installationId,
      template_owner: "acme",
      template_repo: "fresh",
      account_id: 1,
      backend_id: (await s.admin("GET", "/orgs/acme/teams/backend")).body.id,
      reviewer_id: (await s.admin("GET", "/users/reviewer-one")).body.id,
    });
    for (const call of await scenario(s, known, callers)) await run(call);
    const reads: Record<string, Omit<Call, "operation">> = {
      "GET /orgs/{org}/teams/{team_slug}/memberships/{username}": { params: { username: "claude-bot" } },
      "GET /repos/{owner}/{repo}/git/ref/{ref}": { params: { ref: "heads/main" } },
      "GET /repos/{owner}/{repo}/git/matching-refs/{ref}": { params: { ref: "heads/" } },
      "GET /repos/{owner}/{repo}/labels/{name}": { params: { name: "bug" } },
      "GET /repos/{owner}/{repo}/pulls/comments/{comment_id}": { params: { comment_id: "{review_comment_id}" } },
      "GET /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions": {
        params: { comment_id: "{review_comment_id}" },
      },
      "GET /repos/{owner}/{repo}/keys/{key_id}": { params: { key_id: "{deploy_key_id}" } },
      "GET /orgs/{org}/rulesets/{ruleset_id}": { params: { ruleset_id: "{org_ruleset_id}" } },
      "GET /orgs/{org}/audit-log": { query: "?include=all&phrase=actor:acme-admin" },
      "GET /search/code": { query: "?q=greeting+repo:acme/api" },
      "GET /search/issues": { query: "?q=greeting+repo:acme/api" },
      "GET /search/repositories": { query: "?q=api+org:acme" },
      "GET /search/commits": { query: "?q=greeting+repo:acme/api" },
      "GET /search/users": { query: "?q=reviewer" },
      "GET /search/labels": { query: `?q=bug&repository_id=${(await s.admin("GET", "/repos/acme/api")).body.id}` },
      "GET /user/repository_invitations": { by: callers.stranger },
      "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls": { params: { commit_sha: "{commit_sha}" } },
      "GET /repos/{owner}/{repo}/contents/{path}": { params: { path: "README.md" } },
      ...Object.fromEntries(
        ["", "/{name}"].flatMap((tail) =>
          [
            "/repos/{owner}/{repo}/actions/variables",
            "/repos/{owner}/{repo}/environments/{environment_name}/variables",
            "/orgs/{org}/actions/variables",
          ].map((b) => [`GET ${b}${tail}`, { params: { name: "LEVEL" } }]),
        ),
      ),
      ...Object.fromEntries(
        ["", "/config", "/deliveries", "/deliveries/{delivery_id}"].map((tail) => [
          `GET /orgs/{org}/hooks/{hook_id}${tail}`,
          { params: { hook_id: "{org_hook_id}", delivery_id: "{org_delivery_id}" } },
        ]),
      ),
    };
    for (const operation of Object.keys(CONTRACT.operations))
      if (
        operation.startsWith("GET ") &&
        !done.has(operation) &&
        operation !== "GET /repos/{owner}/{repo}/pulls/{pull_number}/merge"
      )
        await run({ operation, ...reads[operation] });
    await run({ operation: "POST /authorizations", body: {} });
    await run({ operation: "DELETE /authorizations/{authorization_id}" });
    await run({ operation: "POST /repos/{owner}/{repo}/actions/runs/{run_id}/cancel" });
    for (const call of endings(known, callers)) await run(call);
  }, 120_000);
  afterAll(() => s.stop());

  it("have the form that GitHub describes", () => {
    expect(failures).toEqual([]);
  });
  it("were asked for, each of them", () => {
    expect(Object.keys(CONTRACT.operations).filter((o) => !done.has(o))).toEqual([]);
  });
  it("exist for every route but the ones GitHub leaves undescribed", () => {
    const routes = s.gh.routes.routes.map((r) => `${r.method.replace(/^UPLOAD /, "")} ${r.path}`);
    expect(routes.filter((r) => !(r in CONTRACT.operations)).sort()).toEqual([...CONTRACT.undescribed].sort());
  });
});

describe("the check itself", () => {
  it("refuses an answer that lacks what is promised, has the wrong type or an undescribed status", () => {
    expect(problemsOf("GET /repos/{owner}/{repo}/labels/{name}", 200, { id: 1 }).join()).toMatch(
      /required property 'node_id'/,
    );
    expect(problemsOf("GET /repos/{owner}/{repo}/topics", 200, { names: [1] }).join()).toMatch(/must be string/);
    expect(problemsOf("GET /repos/{owner}/{repo}/topics", 204, undefined)).toHaveLength(1);
  });
});
