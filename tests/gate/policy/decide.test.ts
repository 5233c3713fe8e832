import { decide, ROUTES, CLOSED, type Decision } from "../../../gate/policy";
import { QUERY_NAMES } from "../../../gate/policy/rest/query";
import { PARAMETER_NAMES } from "../../../gate/policy/rest/parameters";
import { policyFor } from "../support/policy";

const policy = policyFor();
const sha = "0123456789abcdef0123456789abcdef01234567";

function ask(method: string, target: string, body?: unknown): Decision {
  return decide(policy, {
    method,
    target,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}
const verdict = (d: Decision): string => (d.allow ? "allow" : (d.rule ?? ""));

const put = { message: "m", content: "aGk=", branch: "claude/x" };
const pull = { title: "t", head: "claude/x", base: "main" };

/** Each forbidden request has a near twin that passes, so that a refusal has one possible reason. */
describe.each<[string, [string, string, unknown?], [string, string, unknown?], string]>([
  ["another repository", ["GET", "/repos/acme/api"], ["GET", "/repos/acme/secrets"], "repository-not-listed"],
  ["another owner", ["GET", "/repos/acme/api"], ["GET", "/repos/other-org/api"], "owner-not-allowed"],
  ["a suffix on the name", ["GET", "/repos/acme/api"], ["GET", "/repos/acme/api.git"], "repository-not-listed"],
  ["a prefix of a name", ["GET", "/repos/acme/api"], ["GET", "/repos/acme/ap"], "repository-not-listed"],
  ["an encoded slash in the name", ["GET", "/repos/acme/api"], ["GET", "/repos/acme%2Fapi"], "route-not-allowed"],
  [
    "a route nobody opened",
    ["GET", "/repos/acme/api/branches"],
    ["GET", "/repos/acme/api/branches/main/protection"],
    "route-not-allowed",
  ],
  [
    "a write to a repository to read",
    ["POST", "/repos/acme/api/issues", { title: "t" }],
    ["POST", "/repos/acme/docs/issues", { title: "t" }],
    "access-read-only",
  ],
  [
    "a merge",
    ["GET", "/repos/acme/api/pulls/1/merge"],
    ["PUT", "/repos/acme/api/pulls/1/merge", {}],
    "pull-request-merge",
  ],
  [
    "a merge in a repository that is not listed",
    ["GET", "/repos/acme/api/pulls/1/merge"],
    ["PUT", "/repos/acme/secrets/pulls/1/merge", {}],
    "pull-request-merge",
  ],
  [
    "a merge in the background",
    ["GET", "/repos/acme/api/pulls/1/merge"],
    ["PUT", "/repos/acme/api/pulls/1/merge-async", { merge_action: "direct_merge" }],
    "pull-request-merge",
  ],
  [
    "a stack",
    ["POST", "/repos/acme/api/pulls", pull],
    ["POST", "/repos/acme/api/stacks", { pull_requests: [1, 2] }],
    "pull-request-stack",
  ],
  [
    "a higher stack",
    ["POST", "/repos/acme/api/pulls", pull],
    ["POST", "/repos/acme/api/stacks/3/add", { pull_requests: [3] }],
    "pull-request-stack",
  ],
  [
    "a stack taken apart",
    ["POST", "/repos/acme/api/pulls", pull],
    ["POST", "/repos/acme/api/stacks/3/unstack", {}],
    "pull-request-stack",
  ],
  [
    "a task for another agent",
    ["POST", "/repos/acme/api/issues", { title: "t" }],
    ["POST", "/agents/repos/acme/api/tasks", { prompt: "merge it" }],
    "agent-start",
  ],
  [
    "other agents for the organization",
    ["GET", "/repos/acme/api"],
    ["PUT", "/orgs/acme/copilot/coding-agent/permissions/repositories/7"],
    "agent-start",
  ],
  ...["copilot-swe-agent[bot]", "Copilot", "@copilot", "claude[bot]", "openai-code-agent[bot]"].flatMap(
    (agent): [string, [string, string, unknown?], [string, string, unknown?], string][] => [
      [
        `an issue assigned to ${agent}`,
        ["POST", "/repos/acme/api/issues/1/assignees", { assignees: ["alice"] }],
        ["POST", "/repos/acme/api/issues/1/assignees", { assignees: ["alice", agent] }],
        "agent-start",
      ],
      [
        `an issue opened for ${agent}`,
        ["POST", "/repos/acme/api/issues", { title: "t", assignee: "copilot-fan" }],
        ["POST", "/repos/acme/api/issues", { title: "t", assignee: agent }],
        "agent-start",
      ],
      [
        `a review by ${agent}`,
        ["POST", "/repos/acme/api/pulls/1/requested_reviewers", { reviewers: ["bob"] }],
        ["POST", "/repos/acme/api/pulls/1/requested_reviewers", { reviewers: [agent] }],
        "agent-start",
      ],
    ],
  ),
  [
    "a suggestion approved",
    ["POST", "/repos/acme/api/issues/1/comments", { body: "good" }],
    ["POST", "/repos/acme/api/issues/1/suggestions/5/approve"],
    "suggestion-decide",
  ],
  [
    "a suggestion dismissed",
    ["POST", "/repos/acme/api/issues/1/comments", { body: "bad" }],
    ["POST", "/repos/acme/api/issues/1/suggestions/5/dismiss"],
    "suggestion-decide",
  ],
  ...[
    "/repos/acme/api/agents/secrets/KEY",
    "/repos/acme/api/agents/variables",
    "/repos/acme/api/agents/organization-secrets",
    "/orgs/acme/agents/secrets/KEY/repositories/7",
    "/orgs/acme/agents/variables/KEY",
    "/repos/acme/api/actions/secrets/public-key",
    "/repos/acme/api/environments/prod%2Feu/secrets/KEY",
    "/repos/acme/api/dependabot/secrets",
  ].flatMap((path) =>
    ["GET", "PUT"].map((method): [string, [string, string, unknown?], [string, string, unknown?], string] => [
      `${method} ${path}`,
      ["GET", "/repos/acme/api"],
      [method, path],
      "secret-store",
    ]),
  ),
  [
    "who may open how many pull requests",
    ["GET", "/repos/acme/api"],
    ["PATCH", "/repos/acme/api/interaction-limits/pulls/creation-cap", { enabled: false }],
    "route-closed",
  ],
  [
    "bringing a branch up to date",
    ["GET", "/repos/acme/api/pulls/1"],
    ["PUT", "/repos/acme/api/pulls/1/update-branch", {}],
    "pull-request-merge",
  ],
  [
    "merging branches",
    ["GET", "/repos/acme/api/branches"],
    ["POST", "/repos/acme/api/merges", { base: "main", head: "claude/x" }],
    "pull-request-merge",
  ],
  [
    "a pull request marked as ready",
    ["PATCH", "/repos/acme/api/pulls/1", { title: "t" }],
    ["PATCH", "/repos/acme/api/pulls/1", { draft: false }],
    "pull-request-ready",
  ],
  [
    "merging by itself",
    ["PATCH", "/repos/acme/api/pulls/1", { title: "t" }],
    ["PATCH", "/repos/acme/api/pulls/1", { auto_merge: { merge_method: "merge" } }],
    "pull-request-auto-merge",
  ],
  [
    "dismissing a review",
    ["GET", "/repos/acme/api/pulls/1/reviews/2"],
    ["PUT", "/repos/acme/api/pulls/1/reviews/2/dismissals", { message: "m" }],
    "review-dismiss",
  ],
  [
    "taking back a request for review",
    ["POST", "/repos/acme/api/pulls/1/requested_reviewers", { reviewers: ["x"] }],
    ["DELETE", "/repos/acme/api/pulls/1/requested_reviewers", { reviewers: ["x"] }],
    "pull-request-reviewers",
  ],
  [
    "removing the label of pull requests",
    ["DELETE", "/repos/acme/api/issues/1/labels/agents"],
    ["DELETE", "/repos/acme/api/issues/1/labels/Agent"],
    "pull-request-label",
  ],
  [
    "a part of branch protection",
    ["GET", "/repos/acme/api/rules/branches/main"],
    ["DELETE", "/repos/acme/api/branches/main/protection/required_pull_request_reviews"],
    "protection-bypass",
  ],
  [
    "passing a push rule",
    ["GET", "/repos/acme/api/rules/branches/main"],
    ["PATCH", "/repos/acme/api/bypass-requests/push-rules/1", { status: "approve" }],
    "protection-bypass",
  ],
  ["an unknown method", ["GET", "/repos/acme/api"], ["TRACE", "/repos/acme/api"], "method-unknown"],
  ["a method in another case", ["GET", "/repos/acme/api"], ["get", "/repos/acme/api"], "method-unknown"],
  [
    "a numeric alias",
    ["GET", "/repositories/101/issues"],
    ["GET", "/repositories/103/issues"],
    "repository-not-listed",
  ],
  [
    "a numeric alias with a leading zero",
    ["GET", "/repositories/101"],
    ["GET", "/repositories/0101"],
    "repository-not-listed",
  ],
  [
    "a number that is none",
    ["GET", "/repos/acme/api/issues/7"],
    ["GET", "/repos/acme/api/issues/07"],
    "parameter-value",
  ],
  [
    "an unknown query",
    ["GET", "/repos/acme/api/issues?state=open"],
    ["GET", "/repos/acme/api/issues?access_token=x"],
    "query-not-allowed",
  ],
  [
    "a query twice",
    ["GET", "/repos/acme/api/issues?page=1&per_page=2"],
    ["GET", "/repos/acme/api/issues?page=1&page=2"],
    "query-duplicate",
  ],
  [
    "a query of another type",
    ["GET", "/repos/acme/api/issues?page=1"],
    ["GET", "/repos/acme/api/issues?page=x"],
    "query-value",
  ],
  [
    "a comparison with a fork",
    ["GET", "/repos/acme/api/compare/main...claude/x"],
    ["GET", "/repos/acme/api/compare/main...evil:main"],
    "fork-not-allowed",
  ],
  [
    "pull requests of a fork",
    ["GET", "/repos/acme/api/pulls?head=acme:claude/x"],
    ["GET", "/repos/acme/api/pulls?head=evil:main"],
    "fork-not-allowed",
  ],
  [
    "a path that climbs in its encoding",
    ["GET", "/repos/acme/api/contents/a%2Fb"],
    ["GET", "/repos/acme/api/contents/a%2F..%2Fb"],
    "parameter-value",
  ],
  [
    "a search without scope",
    ["GET", "/search/code?q=x+repo:acme/api"],
    ["GET", "/search/code?q=x"],
    "search-not-scoped",
  ],
  [
    "a search beyond the list",
    ["GET", "/search/code?q=x+repo:acme/api"],
    ["GET", "/search/code?q=x+repo:acme/api+repo:acme/secrets"],
    "search-not-scoped",
  ],
  [
    "a search with OR",
    ["GET", "/search/issues?q=x+repo:acme/api"],
    ["GET", "/search/issues?q=x+OR+repo:acme/api"],
    "search-not-scoped",
  ],
  [
    "a search of the organization",
    ["GET", "/search/issues?q=x+repo:acme/api"],
    ["GET", "/search/issues?q=x+repo:acme/api+org:acme"],
    "search-not-scoped",
  ],
  [
    "a scope in quotes",
    ["GET", "/search/code?q=%22a%20b%22+repo:acme/api"],
    ["GET", "/search/code?q=%22repo:acme/api%22"],
    "search-not-scoped",
  ],
  ["no query on a search", ["GET", "/search/code?q=x+repo:acme/api"], ["GET", "/search/code"], "search-not-scoped"],
  [
    "a file on the default branch",
    ["PUT", "/repos/acme/api/contents/a.txt", put],
    ["PUT", "/repos/acme/api/contents/a.txt", { ...put, branch: "main" }],
    "ref-outside-agent-space",
  ],
  [
    "a branch that only starts like an agent's",
    ["PUT", "/repos/acme/api/contents/a.txt", put],
    ["PUT", "/repos/acme/api/contents/a.txt", { ...put, branch: "claude-x" }],
    "ref-outside-agent-space",
  ],
  [
    "a file without a branch",
    ["PUT", "/repos/acme/api/contents/a.txt", put],
    ["PUT", "/repos/acme/api/contents/a.txt", { message: "m", content: "aGk=" }],
    "body-value",
  ],
  [
    "a workflow",
    ["PUT", "/repos/acme/api/contents/.github/x.yml", put],
    ["PUT", "/repos/acme/api/contents/.github/workflows/x.yml", put],
    "protected-path",
  ],
  [
    "a workflow, encoded",
    ["PUT", "/repos/acme/api/contents/.github%2Fx.yml", put],
    ["PUT", "/repos/acme/api/contents/.github%2Fworkflows%2Fx.yml", put],
    "protected-path",
  ],
  [
    "a workflow in another case",
    ["PUT", "/repos/acme/api/contents/.github/x.yml", put],
    ["PUT", "/repos/acme/api/contents/.GitHub/Workflows/x.yml", put],
    "protected-path",
  ],
  [
    "CODEOWNERS",
    ["PUT", "/repos/acme/api/contents/sub/CODEOWNERS", put],
    ["PUT", "/repos/acme/api/contents/CODEOWNERS", put],
    "protected-path",
  ],
  [
    "a declared path",
    ["PUT", "/repos/acme/api/contents/a.txt", put],
    ["PUT", "/repos/acme/api/contents/deploy/a.txt", put],
    "protected-path",
  ],
  [
    "a declared pattern at depth",
    ["PUT", "/repos/acme/api/contents/a/b.txt", put],
    ["PUT", "/repos/acme/api/contents/a/b.pem", put],
    "protected-path",
  ],
  [
    "removing a workflow",
    ["DELETE", "/repos/acme/api/contents/a.txt", { message: "m", sha, branch: "claude/x" }],
    ["DELETE", "/repos/acme/api/contents/.github/workflows/a.yml", { message: "m", sha, branch: "claude/x" }],
    "protected-path",
  ],
  [
    "base64 that readers take differently",
    ["PUT", "/repos/acme/api/contents/a.txt", put],
    ["PUT", "/repos/acme/api/contents/a.txt", { ...put, content: "aGk" }],
    "body-value",
  ],
  [
    "a ref outside",
    ["POST", "/repos/acme/api/git/refs", { ref: "refs/heads/claude/x", sha }],
    ["POST", "/repos/acme/api/git/refs", { ref: "refs/heads/main", sha }],
    "ref-outside-agent-space",
  ],
  [
    "a tag",
    ["POST", "/repos/acme/api/git/refs", { ref: "refs/heads/claude/x", sha }],
    ["POST", "/repos/acme/api/git/refs", { ref: "refs/tags/v1", sha }],
    "ref-outside-agent-space",
  ],
  [
    "the bare prefix",
    ["POST", "/repos/acme/api/git/refs", { ref: "refs/heads/claude/x", sha }],
    ["POST", "/repos/acme/api/git/refs", { ref: "refs/heads/claude/", sha }],
    "ref-outside-agent-space",
  ],
  [
    "a forced update",
    ["PATCH", "/repos/acme/api/git/refs/heads/claude/x", { sha, force: false }],
    ["PATCH", "/repos/acme/api/git/refs/heads/claude/x", { sha, force: true }],
    "ref-force",
  ],
  [
    "an update outside",
    ["PATCH", "/repos/acme/api/git/refs/heads/claude/x", { sha }],
    ["PATCH", "/repos/acme/api/git/refs/heads/main", { sha }],
    "ref-outside-agent-space",
  ],
  [
    "deleting a ref",
    ["GET", "/repos/acme/api/git/ref/heads/claude/x"],
    ["DELETE", "/repos/acme/api/git/refs/heads/claude/x"],
    "ref-delete",
  ],
  [
    "a subtree that cannot be seen",
    ["POST", "/repos/acme/api/git/trees", { base_tree: sha, tree: [{ path: "a", mode: "100644", type: "blob", sha }] }],
    ["POST", "/repos/acme/api/git/trees", { base_tree: sha, tree: [{ path: "a", mode: "040000", type: "tree", sha }] }],
    "tree-not-inspectable",
  ],
  [
    "a workflow in a tree",
    ["POST", "/repos/acme/api/git/trees", { base_tree: sha, tree: [{ path: "a", mode: "100644", sha }] }],
    [
      "POST",
      "/repos/acme/api/git/trees",
      { base_tree: sha, tree: [{ path: ".github/workflows/a", mode: "100644", sha }] },
    ],
    "protected-path",
  ],
  [
    "a pull request from a fork",
    ["POST", "/repos/acme/api/pulls", { ...pull, head: "acme:claude/x" }],
    ["POST", "/repos/acme/api/pulls", { ...pull, head: "evil:claude/x" }],
    "fork-not-allowed",
  ],
  [
    "a pull request from elsewhere",
    ["POST", "/repos/acme/api/pulls", pull],
    ["POST", "/repos/acme/api/pulls", { ...pull, head: "main" }],
    "ref-outside-agent-space",
  ],
  [
    "another head repository",
    ["POST", "/repos/acme/api/pulls", pull],
    ["POST", "/repos/acme/api/pulls", { ...pull, head_repo: "x" }],
    "body-key-not-allowed",
  ],
  [
    "an approval",
    ["POST", "/repos/acme/api/pulls/1/reviews", { event: "COMMENT", body: "b" }],
    ["POST", "/repos/acme/api/pulls/1/reviews", { event: "APPROVE" }],
    "review-event",
  ],
  [
    "an approval, submitted late",
    ["POST", "/repos/acme/api/pulls/1/reviews/2/events", { event: "COMMENT" }],
    ["POST", "/repos/acme/api/pulls/1/reviews/2/events", { event: "APPROVE" }],
    "review-event",
  ],
  [
    "a duplicate key",
    ["POST", "/repos/acme/api/issues", '{"title":"a"}'],
    ["POST", "/repos/acme/api/issues", '{"title":"a","\\u0074itle":"b"}'],
    "body-duplicate-key",
  ],
  [
    "a body where none belongs",
    ["GET", "/repos/acme/api"],
    ["DELETE", "/repos/acme/api/issues/1/labels/x", { a: 1 }],
    "body-unexpected",
  ],
  [
    "a missing body",
    ["POST", "/repos/acme/api/issues", { title: "t" }],
    ["POST", "/repos/acme/api/issues"],
    "body-missing",
  ],
])("%s", (_name, twin, request, rule) => {
  it("is refused by its rule, and its twin passes", () => {
    expect(verdict(ask(...twin))).toBe("allow");
    expect(verdict(ask(...request))).toBe(rule);
  });
});

describe("null for a key that is not open", () => {
  const sent = (method: string, target: string, body: unknown): unknown => {
    const decision = ask(method, target, body as never);
    return decision.allow ? JSON.parse(decision.rewritten?.body ?? "null") : [decision.rule];
  };
  it.each([
    [
      "POST",
      "/repos/acme/api/issues",
      { title: "t", issue_field_values: null, parent_issue_id: null, milestone: null },
      { title: "t", milestone: null },
    ],
    ["POST", "/repos/acme/api/pulls/1/comments", { body: "b", in_reply_to_id: null, nothing: null }, undefined],
    [
      "POST",
      "/repos/acme/api/git/trees",
      { base_tree: sha, tree: [{ path: "src/a.ts", mode: "100644", content: "x", size: null }], note: null },
      { base_tree: sha, tree: [{ path: "src/a.ts", mode: "100644", content: "x" }] },
    ],
    ["PATCH", "/repos/acme/api/pulls/1", { title: "t", base: null }, { title: "t" }],
  ])("is absent: %s %s", (method, target, body, expected) => {
    if (expected === undefined) return expect(JSON.stringify(sent(method, target, body))).not.toContain("nothing");
    expect(sent(method, target, body)).toEqual(expected);
  });

  it("does not make room for a value of it", () => {
    expect(verdict(ask("POST", "/repos/acme/api/issues", { title: "t", parent_issue_id: 1 }))).toBe(
      "body-key-not-allowed",
    );
    expect(verdict(ask("POST", "/repos/acme/api/issues", '{"title":"t","__proto__":{"a":1}}'))).toBe(
      "body-key-not-allowed",
    );
    expect(verdict(ask("POST", "/repos/acme/api/issues", { title: null }))).toBe("body-value");
  });
});

describe("decide", () => {
  it("sends the very path that was judged", () => {
    expect(ask("GET", "/repos/acme/api/issues?page=2").rewritten).toBeUndefined();
    expect(ask("GET", "/api/v3/repos/acme/api/issues?page=2").rewritten).toEqual({
      path: "/repos/acme/api/issues?page=2",
    });
    expect(ask("GET", "/repositories/101/issues?page=2").rewritten).toEqual({ path: "/repos/acme/api/issues?page=2" });
  });

  it("forces drafts, whatever the agent says", () => {
    for (const draft of [undefined, true, false]) {
      const body =
        ask("POST", "/repos/acme/api/pulls", { ...pull, ...(draft === undefined ? {} : { draft }) }).rewritten?.body ??
        "{}";
      expect(JSON.parse(body)).toEqual({ ...pull, draft: true });
    }
  });

  it("refuses credentials in content, also inside base64", () => {
    const secret = `ghp_${"a1B2c3D4e5".repeat(4)}`;
    expect(verdict(ask("POST", "/repos/acme/api/issues/1/comments", { body: secret }))).toBe("secret-in-content");
    expect(verdict(ask("POST", "/repos/acme/api/issues/1/comments", { body: "ghp_ is the prefix" }))).toBe("allow");
    expect(
      verdict(
        ask("PUT", "/repos/acme/api/contents/a.txt", {
          ...put,
          content: Buffer.from(`x\n${secret}`).toString("base64"),
        }),
      ),
    ).toBe("secret-in-content");
  });

  it("asks what a new branch tip and a pull request would bring", () => {
    expect(ask("POST", "/repos/acme/api/git/refs", { ref: "refs/heads/claude/x", sha }).lookups).toMatchObject([
      { base: "main", head: sha },
    ]);
    expect(ask("POST", "/repos/acme/api/pulls", { ...pull, head: "acme:claude/x" }).lookups).toMatchObject([
      { base: "main", head: "claude/x" },
    ]);
  });

  it("names the closed action", () => {
    expect(ask("PUT", "/repos/acme/api/pulls/1/merge", {})).toMatchObject({
      allow: false,
      action: "merge-pull-request",
      repository: "acme/api",
      status: 403,
    });
  });

  it("opens no write route when nothing may be written", () => {
    const reading = { ...policy, routes: { ...policy.routes, write: [] } };
    expect(verdict(decide(reading, { method: "POST", target: "/repos/acme/api/issues", body: '{"title":"t"}' }))).toBe(
      "route-not-allowed",
    );
  });

  it("decides the other interfaces too, and never a control route", () => {
    const graphql = (query: string): string => verdict(ask("POST", "/graphql", { query }));
    expect(graphql('{ repository(owner: "acme", name: "api") { id } }')).toBe("allow");
    expect(graphql('{ repository(owner: "acme", name: "secrets") { id } }')).toBe("repository-not-listed");
    expect(verdict(ask("GET", "/graphql"))).toBe("graphql-malformed");
    expect(ask("POST", "/acme/api.git/git-receive-pack")).toMatchObject({
      allow: true,
      route: "git.push",
      repository: "acme/api",
    });
    expect(verdict(ask("POST", "/acme/docs.git/git-receive-pack"))).toBe("access-read-only");
    expect(verdict(ask("GET", "/acme/secrets.git/info/refs?service=git-upload-pack"))).toBe("repository-not-listed");
    expect(verdict(ask("POST", "/_gate/refresh"))).toBe("not-found");
  });

  it("stays closed without a valid policy", () => {
    expect(() => decide({ ...policy, repositories: [] }, { method: "GET", target: "/" })).toThrow();
    expect(() => decide({ ...policy, v: 2 } as never, { method: "GET", target: "/" })).toThrow();
  });
});

describe("the route table", () => {
  it("uses known parameters and query types only, and every type", () => {
    const names = [...ROUTES, ...CLOSED].flatMap((r) => [...r.path.matchAll(/\{(\w+)/g)].map((m) => m[1]));
    expect(new Set(names)).toEqual(new Set([...names].filter((n) => PARAMETER_NAMES.includes(n ?? ""))));
    expect(new Set(ROUTES.flatMap((r) => r.query))).toEqual(new Set(QUERY_NAMES));
  });

  it("names each route once, and opens a write for every body", () => {
    expect(new Set(ROUTES.map((r) => r.id)).size).toBe(ROUTES.length);
    expect(
      ROUTES.filter((r) => r.access === "read" && r.path !== "").every(
        (r) => r.method === "GET" && r.body === undefined,
      ),
    ).toBe(true);
    expect(
      ROUTES.filter((r) => r.access === "write" && r.path !== "").every(
        (r) => r.method !== "GET" && r.path.startsWith("/repos/{owner}/{repo}/"),
      ),
    ).toBe(true);
  });
});
