import { startPositive, type Positive } from "./support/world";
import { freshFetch } from "../../support/freshFetch";

/**
 * Requests in the shape of GitHub's command line client, which takes the gate for an Enterprise Server: `GH_HOST` gives
 * it /api/v3 and /api/graphql.
 */

let t: Positive;
const known: Record<string, string> = {};

beforeAll(async () => {
  t = await startPositive();
  const main = (await t.github.admin("GET", "/repos/acme/api/git/ref/heads/main")).body.object.sha as string;
  await t.github.admin("POST", "/repos/acme/api/git/refs", { ref: "refs/heads/claude/gh", sha: main });
  await t.github.admin("PUT", "/repos/acme/api/contents/gh.txt", {
    message: "Add",
    content: "eA==",
    branch: "claude/gh",
  });
  known["repository"] = t.gate.policy.repositories.find((r) => r.name === "api")?.nodeId ?? "";
}, 90_000);
afterAll(() => t?.stop());

const headers = (): Record<string, string> => ({
  authorization: `token ${t.gate.key}`,
  "user-agent": "GitHub CLI 2.62.0",
  accept: "application/vnd.github.merge-info-preview+json, application/vnd.github.nebula-preview",
  "graphql-features": "merge_queue",
  "time-zone": "Europe/Berlin",
  "accept-encoding": "gzip",
  "x-github-api-version": "2022-11-28",
});

type Data = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- answers of any shape

async function graphql(query: string, variables: Data): Promise<Data> {
  const answer = await freshFetch(`${t.gate.url}/api/graphql`, {
    method: "POST",
    headers: { ...headers(), "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await answer.json()) as Data;
  expect([answer.status, body["errors"] ?? [], body["gatehouse"]]).toEqual([200, [], undefined]);
  return body["data"] as Data;
}

async function rest(
  path: string,
  accept = "application/vnd.github+json",
  init: RequestInit = {},
): Promise<{ status: number; text: string; link: string | null }> {
  const answer = await freshFetch(`${t.gate.url}/api/v3/${path}`, {
    ...init,
    headers: {
      ...headers(),
      accept,
      ...(init.body === undefined ? {} : { "content-type": "application/json; charset=utf-8" }),
    },
  });
  const text = await answer.text();
  expect([path, answer.status < 300, text.includes('"gatehouse"')]).toEqual([path, true, false]);
  return { status: answer.status, text, link: answer.headers.get("link") };
}

const REPO =
  "fragment repo on Repository { id name owner { login } hasIssuesEnabled description hasWikiEnabled viewerPermission defaultBranchRef { name } }";
const at = { owner: "acme", repo: "api", name: "api" };
const ROLLUP =
  "commits(last: 1) { nodes { commit { statusCheckRollup { contexts(first: 100) { nodes { __typename ...on StatusContext { context state targetUrl createdAt description } ...on CheckRun { name checkSuite { workflowRun { event workflow { name } } } status conclusion startedAt completedAt detailsUrl } } pageInfo { hasNextPage endCursor } } } } } }";
const VIEW =
  "id number url title state body closed author { login ...on User { id name } } createdAt updatedAt mergedAt isDraft mergeable mergeStateStatus additions deletions changedFiles isCrossRepository maintainerCanModify baseRefName headRefName headRefOid " +
  "headRepository { id name } headRepositoryOwner { id login ...on User { name } } milestone { number title description dueOn } labels(first: 100) { nodes { id name description color } totalCount } assignees(first: 100) { nodes { id login name databaseId } totalCount } " +
  "reviewRequests(first: 100) { nodes { requestedReviewer { __typename ...on User { login } ...on Team { organization { login } name slug } } } } reviewDecision reactionGroups { content users { totalCount } } " +
  "reviews(first: 100) { nodes { id author { login } authorAssociation submittedAt body state commit { oid } reactionGroups { content users { totalCount } } } pageInfo { hasNextPage endCursor } totalCount } " +
  `comments(first: 100) { nodes { id author { login } authorAssociation body createdAt includesCreatedEdit isMinimized minimizedReason url viewerDidAuthor reactionGroups { content users { totalCount } } } pageInfo { hasNextPage endCursor } totalCount } ${ROLLUP}`;

const cases: readonly (readonly [
  command: string,
  query: string,
  variables: () => Data,
  holds: (data: Data) => unknown,
  expected: unknown,
])[] = [
  ["gh auth status", "query UserCurrent { viewer { login } }", () => ({}), (d) => d["viewer"].login, "claude-bot"],
  [
    "gh pr create: what the server knows",
    'query PullRequest_fields { PullRequest: __type(name: "PullRequest") { fields(includeDeprecated: true) { name } } StatusCheckRollupContextConnection: __type(name: "StatusCheckRollupContextConnection") { fields(includeDeprecated: true) { name } } }',
    () => ({}),
    (d) => (d["PullRequest"].fields as { name: string }[]).some((f) => f.name === "isDraft"),
    true,
  ],
  [
    "gh repo view",
    `${REPO} query RepositoryInfo($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { ...repo parent { ...repo } mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed } }`,
    () => ({ owner: at.owner, name: at.name }),
    (d) => [d["repository"].name, d["repository"].defaultBranchRef.name, d["repository"].parent],
    ["api", "main", null],
  ],
  [
    "gh repo view --json",
    "query RepositoryInfo($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { nameWithOwner description url sshUrl isPrivate isFork visibility pushedAt stargazerCount forkCount primaryLanguage { name } licenseInfo { key name nickname } defaultBranchRef { name } latestRelease { publishedAt tagName name url } } }",
    () => ({ owner: at.owner, name: at.name }),
    (d) => [d["repository"].nameWithOwner, d["repository"].isPrivate, d["repository"].latestRelease.tagName],
    ["acme/api", true, "v1.0.0"],
  ],
  [
    "gh pr create: the repository and where it comes from",
    `${REPO} query RepositoryNetwork { viewer { login } repo_000: repository(owner: "acme", name: "api") { ...repo parent { ...repo } } }`,
    () => ({}),
    (d) => [d["viewer"].login, d["repo_000"].viewerPermission],
    ["claude-bot", "WRITE"],
  ],
  [
    "gh pr create: templates",
    "query PullRequestTemplates($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { pullRequestTemplates { filename body } } }",
    () => ({ owner: at.owner, name: at.name }),
    (d) => Array.isArray(d["repository"].pullRequestTemplates),
    true,
  ],
  [
    "gh pr create: whether there is one",
    "query PullRequestForBranch($owner: String!, $repo: String!, $headRefName: String!, $states: [PullRequestState!]) { repository(owner: $owner, name: $repo) { pullRequests(headRefName: $headRefName, states: $states, first: 30, orderBy: { field: CREATED_AT, direction: DESC }) { nodes { id number url headRepositoryOwner { id login ...on User { name } } isCrossRepository headRefName baseRefName state } } defaultBranchRef { name } } }",
    () => ({ owner: at.owner, repo: at.repo, headRefName: "claude/gh", states: ["OPEN"] }),
    (d) => d["repository"].pullRequests.nodes,
    [],
  ],
  [
    "gh pr create --draft",
    "mutation PullRequestCreate($input: CreatePullRequestInput!) { createPullRequest(input: $input) { pullRequest { id url } } }",
    () => ({
      input: {
        repositoryId: known["repository"],
        title: "From the command line",
        body: "Text",
        draft: true,
        maintainerCanModify: true,
        baseRefName: "main",
        headRefName: "claude/gh",
      },
    }),
    (d) => (known["pull"] = d["createPullRequest"].pullRequest.id as string).length > 3,
    true,
  ],
  [
    "gh pr view",
    `query PullRequestByNumber($owner: String!, $repo: String!, $pr_number: Int!) { repository(owner: $owner, name: $repo) { pullRequest(number: $pr_number) { ${VIEW} } } }`,
    () => ({ owner: at.owner, repo: at.repo, pr_number: 2 }),
    (d) => [
      d["repository"].pullRequest.title,
      d["repository"].pullRequest.isDraft,
      d["repository"].pullRequest.headRepository?.name,
    ],
    ["From the command line", true, "api"],
  ],
  [
    "gh pr view of a branch",
    `query PullRequestForBranch($owner: String!, $repo: String!, $headRefName: String!) { repository(owner: $owner, name: $repo) { pullRequests(headRefName: $headRefName, first: 30, orderBy: { field: CREATED_AT, direction: DESC }) { nodes { ${VIEW} } } defaultBranchRef { name } } }`,
    () => ({ owner: at.owner, repo: at.repo, headRefName: "claude/gh" }),
    (d) => d["repository"].pullRequests.nodes.length,
    1,
  ],
  [
    "gh pr checks",
    "query PullRequestStatusChecks($id: ID!, $endCursor: String) { node(id: $id) { ...on PullRequest { statusCheckRollup: commits(last: 1) { nodes { commit { statusCheckRollup { contexts(first: 100, after: $endCursor) { nodes { __typename ...on StatusContext { context state targetUrl createdAt description isRequired(pullRequestId: $id) } ...on CheckRun { name checkSuite { workflowRun { event workflow { name } } } status conclusion startedAt completedAt detailsUrl } } pageInfo { hasNextPage endCursor } } } } } } } } }",
    () => ({ id: known["pull"], endCursor: null }),
    (d) => d["node"].statusCheckRollup.nodes[0].commit.statusCheckRollup.contexts.nodes.map((n: Data) => n["name"]),
    ["ci"],
  ],
  [
    "gh pr list",
    `fragment pr on PullRequest { number title state url headRefName headRepositoryOwner { id login } isCrossRepository isDraft createdAt } query PullRequestList($owner: String!, $repo: String!, $limit: Int!, $endCursor: String, $baseBranch: String, $headBranch: String, $state: [PullRequestState!] = OPEN) { repository(owner: $owner, name: $repo) { pullRequests(states: $state, baseRefName: $baseBranch, headRefName: $headBranch, first: $limit, after: $endCursor, orderBy: { field: CREATED_AT, direction: DESC }) { totalCount nodes { ...pr } pageInfo { hasNextPage endCursor } } } }`,
    () => ({ owner: at.owner, repo: at.repo, limit: 30, state: ["OPEN"] }),
    (d) => d["repository"].pullRequests.totalCount,
    1,
  ],
  [
    "gh pr list --search",
    "fragment pr on PullRequest { number title state url headRefName isDraft createdAt } query PullRequestSearch($q: String!, $type: SearchType!, $limit: Int!, $endCursor: String) { search(query: $q, type: $type, first: $limit, after: $endCursor) { issueCount nodes { ...pr } pageInfo { hasNextPage endCursor } } }",
    () => ({ q: "command repo:acme/api is:pr is:open", type: "ISSUE", limit: 30 }),
    (d) => d["search"].nodes.map((n: Data) => n["title"]),
    ["From the command line"],
  ],
  [
    "gh pr status",
    "fragment pr on PullRequest { number title state url isDraft headRefName headRepositoryOwner { id login } isCrossRepository } query PullRequestStatus($owner: String!, $repo: String!, $headRefName: String!, $viewerQuery: String!, $reviewerQuery: String!, $per_page: Int = 10) { repository(owner: $owner, name: $repo) { defaultBranchRef { name } pullRequests(headRefName: $headRefName, first: $per_page, orderBy: { field: CREATED_AT, direction: DESC }) { totalCount edges { node { ...pr } } } } viewerCreated: search(query: $viewerQuery, type: ISSUE, first: $per_page) { totalCount: issueCount edges { node { ...pr } } } reviewRequested: search(query: $reviewerQuery, type: ISSUE, first: $per_page) { totalCount: issueCount edges { node { ...pr } } } }",
    () => ({
      owner: at.owner,
      repo: at.repo,
      headRefName: "claude/gh",
      viewerQuery: "repo:acme/api state:open is:pr author:@me",
      reviewerQuery: "repo:acme/api state:open review-requested:@me",
    }),
    (d) => d["repository"].pullRequests.totalCount,
    1,
  ],
  [
    "gh pr edit",
    "mutation PullRequestUpdate($input: UpdatePullRequestInput!) { updatePullRequest(input: $input) { __typename } }",
    () => ({ input: { pullRequestId: known["pull"], title: "From the command line, edited", body: "More" } }),
    (d) => d["updatePullRequest"].__typename,
    "UpdatePullRequestPayload",
  ],
  [
    "gh pr comment",
    "mutation CommentCreate($input: AddCommentInput!) { addComment(input: $input) { commentEdge { node { url } } } }",
    () => ({ input: { subjectId: known["pull"], body: "A comment" } }),
    (d) => d["addComment"].commentEdge.node.url,
    expect.stringContaining("acme/api"),
  ],
  [
    "gh pr review --comment",
    "mutation PullRequestReviewAdd($input: AddPullRequestReviewInput!) { addPullRequestReview(input: $input) { clientMutationId } }",
    () => ({ input: { pullRequestId: known["pull"], event: "COMMENT", body: "Read it" } }),
    (d) => Object.keys(d["addPullRequestReview"]),
    ["clientMutationId"],
  ],
  [
    "gh pr close",
    "mutation PullRequestClose($input: ClosePullRequestInput!) { closePullRequest(input: $input) { pullRequest { id } } }",
    () => ({ input: { pullRequestId: known["pull"] } }),
    (d) => d["closePullRequest"].pullRequest.id === known["pull"],
    true,
  ],
  [
    "gh pr reopen",
    "mutation PullRequestReopen($input: ReopenPullRequestInput!) { reopenPullRequest(input: $input) { pullRequest { id } } }",
    () => ({ input: { pullRequestId: known["pull"] } }),
    (d) => d["reopenPullRequest"].pullRequest.id === known["pull"],
    true,
  ],
  [
    "gh issue create",
    "mutation IssueCreate($input: CreateIssueInput!) { createIssue(input: $input) { issue { id url } } }",
    () => ({ input: { repositoryId: known["repository"], title: "An issue", body: "Text" } }),
    (d) => (known["issue"] = d["createIssue"].issue.id as string).length > 3,
    true,
  ],
  [
    "gh issue list",
    "fragment issue on Issue { number title url state updatedAt labels(first: 100) { nodes { id name description color } totalCount } } query IssueList($owner: String!, $repo: String!, $limit: Int, $endCursor: String, $states: [IssueState!] = OPEN, $assignee: String, $author: String, $mention: String) { repository(owner: $owner, name: $repo) { hasIssuesEnabled issues(first: $limit, after: $endCursor, orderBy: { field: CREATED_AT, direction: DESC }, states: $states, filterBy: { assignee: $assignee, createdBy: $author, mentioned: $mention }) { totalCount nodes { ...issue } pageInfo { hasNextPage endCursor } } } }",
    () => ({ owner: at.owner, repo: at.repo, limit: 30, states: ["OPEN"] }),
    (d) => d["repository"].issues.nodes.map((n: Data) => n["title"]),
    ["An issue", "The greeting forgets the comma"],
  ],
  [
    "gh issue view",
    "query IssueByNumber($owner: String!, $repo: String!, $number: Int!) { repository(owner: $owner, name: $repo) { hasIssuesEnabled issue: issueOrPullRequest(number: $number) { __typename ...on Issue { id number title state body url createdAt author { login ...on User { id name } } comments(first: 1) { nodes { id body } totalCount } labels(first: 100) { nodes { name } } assignees(first: 100) { nodes { login } } milestone { title } reactionGroups { content users { totalCount } } stateReason } ...on PullRequest { id number title } } } }",
    () => ({ owner: at.owner, repo: at.repo, number: 1 }),
    (d) => [d["repository"].issue.__typename, d["repository"].issue.title],
    ["Issue", "The greeting forgets the comma"],
  ],
  [
    "gh issue close",
    "mutation IssueClose($input: CloseIssueInput!) { closeIssue(input: $input) { issue { id } } }",
    () => ({ input: { issueId: known["issue"], stateReason: "COMPLETED" } }),
    (d) => d["closeIssue"].issue.id === known["issue"],
    true,
  ],
  [
    "gh label list",
    "query LabelList($owner: String!, $repo: String!, $limit: Int!, $endCursor: String, $query: String, $orderBy: LabelOrder) { repository(owner: $owner, name: $repo) { labels(first: $limit, after: $endCursor, query: $query, orderBy: $orderBy) { totalCount nodes { color createdAt description id isDefault name updatedAt url } pageInfo { hasNextPage endCursor } } } }",
    () => ({ owner: at.owner, repo: at.repo, limit: 30, orderBy: { field: "CREATED_AT", direction: "ASC" } }),
    (d) => d["repository"].labels.totalCount > 0,
    true,
  ],
  [
    "gh release list",
    "query RepositoryReleaseList($owner: String!, $name: String!, $perPage: Int!, $endCursor: String) { repository(owner: $owner, name: $name) { releases(first: $perPage, orderBy: { field: CREATED_AT, direction: DESC }, after: $endCursor) { nodes { name tagName isDraft isLatest isPrerelease createdAt publishedAt } pageInfo { hasNextPage endCursor } } } }",
    () => ({ owner: at.owner, name: at.name, perPage: 30 }),
    (d) => d["repository"].releases.nodes.map((n: Data) => n["tagName"]),
    ["v1.0.0"],
  ],
];

describe("GraphQL of the command line", () => {
  it.each(cases)("%s", async (_command, query, variables, holds, expected) => {
    expect(holds(await graphql(query, variables()))).toEqual(expected);
  });
});

describe("GraphQL of rarer options", () => {
  it.each([
    [
      "gh repo view --json languages",
      "query RepositoryInfo($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { languages(first: 100) { edges { size node { name } } } } }",
      () => ({ owner: at.owner, name: at.name }),
    ],
    [
      "gh pr checks --required",
      "query PullRequestStatusChecks($id: ID!) { node(id: $id) { ...on PullRequest { statusCheckRollup: commits(last: 1) { nodes { commit { statusCheckRollup { contexts(first: 100) { nodes { ...on CheckRun { name isRequired(pullRequestId: $id) } } } } } } } } } }",
      () => ({ id: known["pull"] }),
    ],
  ])("%s passes the gate", async (_command, query, variables) => {
    const answer = await freshFetch(`${t.gate.url}/api/graphql`, {
      method: "POST",
      headers: { ...headers(), "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify({ query, variables: variables() }),
    });
    const body = (await answer.json()) as Data;
    expect([answer.status, body["gatehouse"], body["errors"] ?? []]).toEqual([200, undefined, []]);
  });
});

describe("what the command line goes on without", () => {
  it("gh pr view and gh issue view: project items, which belong to the organization; refused in the words by which the client knows servers without them", async () => {
    for (const [type, item] of [
      ["PullRequest", "pullRequest(number: 2)"],
      ["Issue", "issue(number: 1)"],
    ] as const) {
      const query = `query ProjectItems($owner: String!, $name: String!, $endCursor: String) { repository(owner: $owner, name: $name) { item: ${item} { projectItems(first: 100, after: $endCursor) { nodes { id project { id title } } pageInfo { hasNextPage endCursor } } } } }`;
      const answer = await freshFetch(`${t.gate.url}/api/graphql`, {
        method: "POST",
        headers: { ...headers(), "content-type": "application/json; charset=utf-8" },
        body: JSON.stringify({ query, variables: { owner: "acme", name: "api" } }),
      });
      const body = (await answer.json()) as Data;
      const [error] = body["errors"] as { message: string; extensions: { gatehouse: { rule: string } } }[];
      expect([answer.status, error?.extensions.gatehouse.rule]).toEqual([200, "graphql-field"]);
      // The client looks for this in its error, which holds the answer's message (cli/cli, api/queries_projects_v2.go).
      expect(error?.message).toContain(`Field 'projectItems' doesn't exist on type '${type}'`);
    }
  });
});

describe("REST of the command line", () => {
  it.each([
    ["gh auth status", "", "*/*", /current_user_url/],
    ["gh api user", "user", "*/*", /claude-bot/],
    ["gh api repos/acme/api", "repos/acme/api", "*/*", /"full_name": ?"acme\/api"/],
    ["gh pr diff", "repos/acme/api/pulls/2", "application/vnd.github.v3.diff; charset=utf-8", /^diff --git/],
    ["gh pr diff --patch", "repos/acme/api/pulls/2", "application/vnd.github.v3.patch; charset=utf-8", /^From /],
    ["gh run list", "repos/acme/api/actions/runs?per_page=20&exclude_pull_requests=true", "*/*", /"workflow_runs"/],
    ["gh workflow list", "repos/acme/api/actions/workflows?per_page=50&page=1", "*/*", /CI/],
    ["gh release view", "repos/acme/api/releases/tags/v1.0.0", "*/*", /v1\.0\.0/],
    [
      "gh search issues",
      "search/issues?page=1&per_page=30&q=comma+repo%3Aacme%2Fapi+type%3Aissue",
      "application/vnd.github.v3+json",
      /forgets the comma/,
    ],
    [
      "gh search code",
      "search/code?page=1&per_page=30&q=greeting+repo%3Aacme%2Fapi",
      "application/vnd.github.text-match+json",
      /greeting\.js/,
    ],
  ])("%s", async (_command, path, accept, holds) => {
    expect((await rest(path, accept)).text).toMatch(holds);
  });

  it("gh api --paginate follows links, and gh api --method POST writes", async () => {
    let url: string | undefined = `${t.gate.url}/api/v3/repos/acme/api/commits?per_page=2`;
    const seen: string[] = [];
    for (let page = 0; url !== undefined && page < 20; page++) {
      const answer: Response = await freshFetch(url, { headers: headers() });
      seen.push(...((await answer.json()) as { sha: string }[]).map((c) => c.sha));
      url = /<([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    expect([new Set(seen).size, seen.length > 4]).toEqual([seen.length, true]);
    expect(
      (
        await rest("repos/acme/api/issues/1/comments", "*/*", {
          method: "POST",
          body: JSON.stringify({ body: "By hand" }),
        })
      ).status,
    ).toBe(201);
  });

  it("nothing was refused", async () => {
    expect(
      (await t.records())
        .filter((r) => r.decision !== "allow" && r.reason !== "graphql-field")
        .map((r) => `${r.route} ${r.path}: ${r.reason}`),
    ).toEqual([]);
  });
});
