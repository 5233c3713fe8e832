import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  getNamedType,
  graphqlSync,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  parse,
  validate,
  type GraphQLNamedType,
  type IntrospectionQuery,
} from "graphql";
import { compile } from "../../../../gate/policy/compiled";
import { onlyOpen } from "../../../../gate/policy/graphql/introspection";
import { judgeGraphql, type JudgedGraphql } from "../../../../gate/policy/graphql/judge";
import { MUTATIONS } from "../../../../gate/policy/graphql/mutations";
import {
  removeForeign,
  judgeResolved,
  RESOLVE_QUERY,
  RESOLVE_WITH_CONTENT,
} from "../../../../gate/policy/graphql/resolve";
import { githubNames, OPEN_TYPES, openType, type OpenType } from "../../../../gate/policy/graphql/types";
import { Refusal } from "../../../../gate/policy/refusals";
import { policyFor } from "../../support/policy";

const c = compile(policyFor());
const sha = "0123456789abcdef0123456789abcdef01234567";
const schema = buildSchema(
  fs.readFileSync(path.resolve(__dirname, "../../../../node_modules/@octokit/graphql-schema/schema.graphql"), "utf8"),
  { assumeValid: true },
);

const judge = (query: string, variables?: unknown, more: object = {}): JudgedGraphql | Refusal =>
  judgeGraphql(c, JSON.stringify({ query, ...(variables === undefined ? {} : { variables }), ...more }));
const verdict = (result: JudgedGraphql | Refusal): string => (result instanceof Refusal ? result.rule : "allow");
const inApi = (selection: string): string => `{ repository(owner: "acme", name: "api") { ${selection} } }`;

describe.each<[string, string | [string, unknown], string | [string, unknown], string]>([
  ["another repository", inApi("id"), '{ repository(owner: "acme", name: "secrets") { id } }', "repository-not-listed"],
  ["another owner", inApi("id"), '{ repository(owner: "evil", name: "api") { id } }', "owner-not-allowed"],
  [
    "another repository under an alias",
    `{ a: repository(owner: "acme", name: "api") { id } }`,
    `{ a: repository(owner: "acme", name: "api") { id } b: repository(owner: "acme", name: "secrets") { id } }`,
    "repository-not-listed",
  ],
  [
    "another repository by variable",
    ['query($n: String!) { repository(owner: "acme", name: $n) { id } }', { n: "api" }],
    ['query($n: String!) { repository(owner: "acme", name: $n) { id } }', { n: "secrets" }],
    "repository-not-listed",
  ],
  [
    "another repository by default",
    'query($n: String = "api") { repository(owner: "acme", name: $n) { id } }',
    'query($n: String = "secrets") { repository(owner: "acme", name: $n) { id } }',
    "repository-not-listed",
  ],
  [
    "a repository without a name",
    ['query($n: String!) { repository(owner: "acme", name: $n) { id } }', { n: "api" }],
    ['query($n: String!) { repository(owner: "acme", name: $n) { id } }', {}],
    "graphql-argument",
  ],
  [
    "another repository in a fragment of the root",
    `query { ...F } fragment F on Query { repository(owner: "acme", name: "api") { id } }`,
    `query { ...F } fragment F on Query { repository(owner: "acme", name: "secrets") { id } }`,
    "repository-not-listed",
  ],
  [
    "another repository in an inline fragment",
    `{ ... { repository(owner: "acme", name: "api") { id } } }`,
    `{ ... { repository(owner: "acme", name: "secrets") { id } } }`,
    "repository-not-listed",
  ],
  [
    "the viewer's repositories",
    "{ viewer { login } }",
    "{ viewer { repositories(first: 9) { nodes { name } } } }",
    "graphql-field",
  ],
  [
    "the owner's repositories",
    inApi("owner { login }"),
    inApi("owner { ... on Organization { repositories(first: 9) { nodes { name } } } }"),
    "graphql-field",
  ],
  ["forks", inApi("forkCount"), inApi("forks(first: 9) { nodes { name } }"), "graphql-field"],
  ["the token of a clone", inApi("id"), inApi("tempCloneToken"), "graphql-field"],
  [
    "the address of an archive, which holds a credential",
    inApi('object(expression: "main") { ... on Commit { url } }'),
    inApi('object(expression: "main") { ... on Commit { tarballUrl } }'),
    "graphql-field",
  ],
  [
    "another organization",
    '{ organization(login: "ACME") { team(slug: "backend") { id } } }',
    '{ organization(login: "evil") { team(slug: "backend") { id } } }',
    "owner-not-allowed",
  ],
  [
    "the organization's repositories",
    '{ organization(login: "acme") { teams(first: 9) { nodes { id slug } } } }',
    '{ organization(login: "acme") { repositories(first: 9) { nodes { name } } } }',
    "graphql-field",
  ],
  [
    "a team's members",
    '{ organization(login: "acme") { team(slug: "x") { id name slug } } }',
    '{ organization(login: "acme") { team(slug: "x") { members(first: 9) { nodes { login } } } } }',
    "graphql-field",
  ],
  [
    "a person's repositories",
    '{ user(login: "reviewer-one") { id login name } }',
    '{ user(login: "reviewer-one") { repositories(first: 9) { nodes { name } } } }',
    "graphql-field",
  ],
  [
    "a resource by address",
    inApi("id"),
    '{ resource(url: "https://github.com/acme/secrets") { url } }',
    "graphql-field",
  ],
  [
    "a search beyond the list",
    '{ search(query: "repo:acme/api x", type: ISSUE, first: 5) { issueCount } }',
    '{ search(query: "x", type: ISSUE, first: 5) { issueCount } }',
    "search-not-scoped",
  ],
  [
    "two operations",
    [`query A ${inApi("id")}`, {}],
    [`query A ${inApi("id")} query B ${inApi("id")}`, {}],
    "graphql-operations",
  ],
  [
    "a mutation behind a query",
    `query A ${inApi("id")}`,
    `query A ${inApi("id")} mutation B { mergePullRequest(input: {pullRequestId: "x"}) { clientMutationId } }`,
    "graphql-operations",
  ],
  ["a subscription", inApi("id"), "subscription { id }", "graphql-operations"],
  ["an unknown directive", inApi("id @include(if: true)"), inApi("id @defer"), "graphql-directive"],
  [
    "a page that is too large",
    inApi("issues(first: 100) { totalCount }"),
    inApi("issues(first: 101) { totalCount }"),
    "graphql-argument",
  ],
  [
    "pages within pages",
    inApi("issues(first: 100) { nodes { comments(first: 100) { totalCount } } }"),
    inApi(
      "issues(first: 100) { nodes { comments(first: 100) { nodes { reactionGroups { users(first: 100) { totalCount } } } } } }",
    ),
    "graphql-cost",
  ],
  [
    "a deep query",
    inApi("defaultBranchRef { target { ... on Commit { parents(first: 1) { nodes { oid } } } } }"),
    inApi(
      `defaultBranchRef { target { ... on Commit ${"{ parents(first: 1) { nodes ".repeat(12)} { oid } ${"} }".repeat(12)} } }`,
    ),
    "graphql-depth",
  ],
  [
    "a fragment that contains itself",
    `${inApi("...F")} fragment F on Repository { id }`,
    `${inApi("...F")} fragment F on Repository { id ...F }`,
    "graphql-malformed",
  ],
  [
    "a condition that leads away",
    inApi("owner { ... on User { login } }"),
    inApi("owner { ... on Repository { name } }"),
    "graphql-field",
  ],
  [
    "an alias that could fake the repository of a parent",
    inApi("parent { id: name }"),
    inApi("parent { gatehouseHome: name }"),
    "graphql-field",
  ],
  [
    "an alias that could fake the repository of a sub-issue",
    inApi("issue(number: 1) { subIssues(first: 9) { nodes { title } } }"),
    inApi("issue(number: 1) { subIssues(first: 9) { nodes { gatehouseHome: title } } }"),
    "graphql-field",
  ],
  [
    "the cursor of what may be elsewhere",
    inApi("issue(number: 1) { blockedBy(first: 9) { totalCount pageInfo { hasNextPage } } }"),
    inApi("issue(number: 1) { blockedBy(first: 9) { totalCount pageInfo { endCursor } } }"),
    "graphql-field",
  ],
  [
    "a page of what may be elsewhere from a cursor on",
    inApi("issue(number: 1) { subIssues(last: 9) { totalCount } }"),
    inApi('issue(number: 1) { subIssues(first: 9, after: "x") { totalCount } }'),
    "graphql-argument",
  ],
  [
    "the comments of a sub-issue",
    inApi("issue(number: 1) { parent { title } }"),
    inApi("issue(number: 1) { parent { comments(first: 9) { nodes { body } } } }"),
    "graphql-field",
  ],
  [
    "what an introspection names, under the gate's own alias",
    '{ __type(name: "Issue") { fields { name } } }',
    '{ __type(name: "Issue") { fields { gatehouseField: description } } }',
    "graphql-field",
  ],
  [
    "a closed mutation",
    [
      "mutation($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }",
      { i: { repositoryId: "R_kgDOapi", title: "t" } },
    ],
    [
      "mutation($i: MergePullRequestInput!) { mergePullRequest(input: $i) { clientMutationId } }",
      { i: { pullRequestId: "PR_1" } },
    ],
    "pull-request-merge",
  ],
  [
    "a repository to read",
    [
      "mutation($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }",
      { i: { repositoryId: "R_kgDOapi", title: "t" } },
    ],
    [
      "mutation($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }",
      { i: { repositoryId: "R_kgDOdocs", title: "t" } },
    ],
    "access-read-only",
  ],
  [
    "an unknown repository id",
    [
      "mutation($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }",
      { i: { repositoryId: "R_kgDOapi", title: "t" } },
    ],
    [
      "mutation($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }",
      { i: { repositoryId: "R_other", title: "t" } },
    ],
    "repository-not-listed",
  ],
  [
    "an approval",
    'mutation { addPullRequestReview(input: {pullRequestId: "PR_1", event: COMMENT}) { clientMutationId } }',
    'mutation { addPullRequestReview(input: {pullRequestId: "PR_1", event: APPROVE}) { clientMutationId } }',
    "review-event",
  ],
  [
    "making it ready",
    'mutation { convertPullRequestToDraft(input: {pullRequestId: "PR_1"}) { clientMutationId } }',
    'mutation { markPullRequestReadyForReview(input: {pullRequestId: "PR_1"}) { clientMutationId } }',
    "pull-request-ready",
  ],
  ...(
    [
      ["enablePullRequestAutoMerge", "pull-request-auto-merge"],
      ["disablePullRequestAutoMerge", "pull-request-auto-merge"],
      ["enqueuePullRequest", "pull-request-merge"],
      ["mergeBranch", "pull-request-merge"],
      ["updatePullRequestBranch", "pull-request-merge"],
      ["dismissPullRequestReview", "review-dismiss"],
      ["updateRefs", "ref-update-closed"],
      ["updateRef", "ref-update-closed"],
      ["deleteRef", "ref-delete"],
      ["clearLabelsFromLabelable", "pull-request-label"],
      ["updateRepositoryRuleset", "protection-bypass"],
    ] as const
  ).map(([name, rule]): [string, string, string, string] => [
    name,
    'mutation { convertPullRequestToDraft(input: {pullRequestId: "PR_1"}) { clientMutationId } }',
    `mutation { ${name}(input: {pullRequestId: "PR_1"}) { clientMutationId } }`,
    rule,
  ]),
  [
    "an alias that is reserved for the gate",
    'mutation { createPullRequest(input: {repositoryId: "R_kgDOapi", baseRefName: "main", headRefName: "claude/x", title: "t"}) { a: pullRequest { number } } }',
    'mutation { createPullRequest(input: {repositoryId: "R_kgDOapi", baseRefName: "main", headRefName: "claude/x", title: "t"}) { gatehouseOpened: pullRequest { number } } }',
    "graphql-field",
  ],
  [
    "two mutations",
    'mutation { a: closeIssue(input: {issueId: "I_11"}) { clientMutationId } }',
    'mutation { a: closeIssue(input: {issueId: "I_11"}) { clientMutationId } b: closeIssue(input: {issueId: "I_12"}) { clientMutationId } }',
    "graphql-operations",
  ],
  [
    "a ref outside",
    `mutation { createRef(input: {repositoryId: "R_kgDOapi", name: "refs/heads/claude/x", oid: "${sha}"}) { clientMutationId } }`,
    `mutation { createRef(input: {repositoryId: "R_kgDOapi", name: "refs/heads/main", oid: "${sha}"}) { clientMutationId } }`,
    "ref-outside-agent-space",
  ],
  [
    "a protected file in a commit",
    commit("src/a.ts", "claude/x"),
    commit(".github/workflows/a.yml", "claude/x"),
    "protected-path",
  ],
  ["a commit outside", commit("src/a.ts", "claude/x"), commit("src/a.ts", "main"), "ref-outside-agent-space"],
])("%s", (_name, twin, request, rule) => {
  it("is refused by its rule, and its twin passes", () => {
    const ask = (r: string | [string, unknown]): string => verdict(typeof r === "string" ? judge(r) : judge(...r));
    expect(ask(twin)).toBe("allow");
    expect(ask(request)).toBe(rule);
  });
});

function commit(file: string, branchName: string): [string, unknown] {
  return [
    "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid url } } }",
    {
      input: {
        branch: { repositoryNameWithOwner: "acme/api", branchName },
        expectedHeadOid: sha,
        message: { headline: "h" },
        fileChanges: { additions: [{ path: file, contents: "aGk=" }] },
      },
    },
  ];
}

describe("judgeGraphql", () => {
  it("has every id resolved that an argument names", () => {
    const asked = (args: string): JudgedGraphql | Refusal =>
      judge(
        inApi(
          `object(expression: "main") { ... on Commit { statusCheckRollup { contexts(first: 1) { nodes { ... on CheckRun { isRequired(${args}) } } } } } }`,
        ),
      );
    expect(asked("pullRequestNumber: 7")).toMatchObject({ ids: [] });
    expect(asked('pullRequestId: "PR_elsewhere"')).toMatchObject({ ids: ["PR_elsewhere"] });
    expect(verdict(asked('pullRequestId: "PR elsewhere"'))).toBe("graphql-id");
  });

  it("knows all open arguments that could name something elsewhere", () => {
    const suspicious = Object.entries(OPEN_TYPES).flatMap(([type, source]) =>
      [...source.matchAll(/(\w+)\(([^)]*)\)/g)].flatMap(([, field, args = ""]) =>
        args
          .split(" ")
          .filter((a) => /id|ids$|url|owner|repo|ref$/i.test(a))
          .map((a) => `${type}.${field}.${a}`),
      ),
    );
    expect(suspicious.sort()).toEqual(
      [
        "CheckRun.isRequired.pullRequestId",
        "Query.node.id",
        "Query.nodes.ids",
        "Query.repository.owner",
        "Ref.compare.headRef",
        "Repository.object.oid",
        "StatusContext.isRequired.pullRequestId",
      ].sort(),
    );
  });

  it("refuses what is not one plain request", () => {
    for (const text of [
      "[]",
      '[{"query":"{viewer{login}}"}]',
      '{"query":"{"}',
      '{"query":1}',
      '{"query":"{viewer{login}}","query":"{viewer{login}}"}',
      '{"query":"{viewer{login}}","extensions":{}}',
      '{"id":"abc"}',
    ]) {
      expect([text, judgeGraphql(c, text) instanceof Refusal]).toEqual([text, true]);
    }
    expect(verdict(judge(`{ ${"viewer { login } ".repeat(2000)} }`))).toBe("graphql-malformed");
    expect(verdict(judge("query A { viewer { login } }", {}, { operationName: "B" }))).toBe("graphql-operations");
  });

  it("reads past comments, commas and a byte order mark", () => {
    expect(verdict(judge("\ufeff # repository\n,,{,viewer,{,login,},}"))).toBe("allow");
    expect(verdict(judge('#{viewer{login}}\n mutation { deleteRef(input: {refId: "x"}) { clientMutationId } }'))).toBe(
      "ref-delete",
    );
  });

  it("forces drafts and sends the input that was judged", () => {
    const made = judge(
      'mutation($t: String!) { createPullRequest(input: {repositoryId: "R_kgDOapi", baseRefName: "main", headRefName: "claude/x", title: $t, draft: false}) { pullRequest { url } } }',
      { t: "title" },
    );
    if (made instanceof Refusal) throw new Error(made.rule);
    const sent = JSON.parse(made.text) as { query: string; variables: unknown };
    expect(sent.variables).toEqual({
      gatehouseInput: {
        repositoryId: "R_kgDOapi",
        baseRefName: "main",
        headRefName: "claude/x",
        title: "title",
        draft: true,
      },
    });
    expect(validate(schema, parse(sent.query))).toEqual([]);
    expect(made.lookups).toMatchObject([{ base: "main", head: "claude/x" }]);
  });

  it("sends a query as it was judged, written anew, whatever its texts hold", () => {
    const plain = (query: string): string =>
      JSON.stringify(parse(query, { noLocation: true }), (key, value: unknown) =>
        key === "block" ? undefined : value,
      );
    const sentOf = (query: string): string => {
      const judged = judge(query);
      if (judged instanceof Refusal) throw new Error(`${judged.rule} ${judged.at}`);
      return (JSON.parse(judged.text) as { query: string }).query;
    };
    const odd =
      'query Q($n: Int = 2, $s: [IssueState!]! = [OPEN CLOSED] $o: IssueFilters = {labels: ["a"], since: null}) { r: repository(owner: "acme", name: """api""") @include(if: true) { ...F @skip(if: false) ... @include(if: true) { id } ... on Repository { issues(first: $n, states: $s, filterBy: $o) { totalCount } } } } fragment F on Repository { name }';
    expect(plain(sentOf(odd))).toBe(plain(odd));
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(
            fc.constantFrom('"', "\\", "\n", "\t", "\u0000", "\u2028", "$", "{", "#", "u0041"),
            fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
          ),
        }),
        (text) => {
          fc.pre(!/\p{Surrogate}/u.test(text));
          const query = `{ repository(owner: "acme", name: "api") { object(expression: ${JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}) { id } } }`;
          expect(plain(sentOf(query))).toBe(plain(query));
        },
      ),
    );
  });

  it("asks whose the ids are", () => {
    const comment = judge('mutation { addComment(input: {subjectId: "PR_abc", body: "b"}) { clientMutationId } }');
    expect(comment).toMatchObject({ write: true, ids: ["PR_abc"] });
    const answer = (id: unknown) => ({
      data: { nodes: [{ __typename: "PullRequest", repository: { databaseId: id } }] },
    });
    expect(judgeResolved(c, ["PR_abc"], answer(101), true)).toBeUndefined();
    expect(judgeResolved(c, ["PR_abc"], answer(102), true)?.rule).toBe("access-read-only");
    expect(judgeResolved(c, ["PR_abc"], answer(102), false)).toBeUndefined();
    for (const other of [answer(999), { data: { nodes: [null] } }, { data: { nodes: [] } }, { errors: [] }, null])
      expect(judgeResolved(c, ["PR_abc"], other, false)?.rule).toBe("graphql-id");
  });

  const allowed = (query: string): JudgedGraphql => {
    const judged = judge(query);
    if (judged instanceof Refusal) throw new Error(judged.message);
    expect(validate(schema, parse((JSON.parse(judged.text) as { query: string }).query)).map((e) => e.message)).toEqual(
      [],
    );
    return judged;
  };

  it("empties other repositories in an answer, whatever a client asks of them", () => {
    const judged = allowed(
      `query($o: String = "acme") { a: repository(owner: $o, name: "api") { p: parent { name sshUrl databaseId } ...Heads } } fragment Heads on Repository { pullRequests(first: 1) { nodes { headRepository { owner { login } name } baseRepository { ...R @skip(if: true) } } } } fragment R on Repository { name }`,
    );
    const data = {
      a: {
        p: { gatehouseHome: "R_other", name: "private" },
        pullRequests: {
          nodes: [
            { headRepository: { gatehouseHome: "R_kgDOapi", name: "api" }, baseRepository: {} },
            { headRepository: { gatehouseHome: "R_other", name: "x" }, baseRepository: null },
            { headRepository: null, baseRepository: { gatehouseHome: "R_kgDOdocs" } },
          ],
        },
      },
    };
    removeForeign(c, data, judged.foreign);
    expect(data).toEqual({
      a: {
        p: null,
        pullRequests: {
          nodes: [
            { headRepository: { name: "api" }, baseRepository: null },
            { headRepository: null, baseRepository: null },
            { headRepository: null, baseRepository: {} },
          ],
        },
      },
    });
  });

  it.each([
    ["a parent's", inApi("parent { nameWithOwner isArchived visibility defaultBranchRef { name } }"), ["parent"]],
    ["one place that is selected twice", inApi("parent { name } parent { sshUrl }"), ["parent"]],
    ["an issue's parent", inApi("issue(number: 1) { parent { title url repository { nameWithOwner } } }"), ["parent"]],
  ])("asks for the repository itself: %s", (_name, query, path) => {
    const judged = allowed(query);
    expect(judged.foreign.map((p) => p.slice(-1))).toEqual([path]);
    expect(judged.text).toMatch(/gatehouseHome:(?:id|repository\{id\})/);
  });

  it("leaves entries of other repositories out of a list, and keeps those that are listed", () => {
    const judged = allowed(
      inApi(
        "issue(number: 1) { parent { title } subIssues(first: 9) { totalCount nodes { title } edges { node { title } } } }",
      ),
    );
    const issue = (id: string, title: string): unknown => ({ title, gatehouseHome: { id } });
    const data = {
      repository: {
        issue: {
          parent: issue("R_other", "private"),
          subIssues: {
            totalCount: 3,
            nodes: [issue("R_kgDOapi", "a"), issue("R_other", "private"), null],
            edges: [{ node: issue("R_other", "private") }, { node: issue("R_kgDOdocs", "b") }],
          },
        },
      },
    };
    removeForeign(c, data, judged.foreign);
    expect(data.repository.issue).toEqual({
      parent: null,
      subIssues: { totalCount: 3, nodes: [{ title: "a" }], edges: [{ node: null }, { node: { title: "b" } }] },
    });
  });

  it.each([
    ["parent { issues(first: 1) { totalCount } }", "Field 'issues' doesn't exist on type 'Repository'"],
    ['ref(qualifiedName: "x") { repository { issues(first: 1) { totalCount } } }', "on type 'Repository'"],
    [
      "pullRequests(first: 1) { closing: nodes { headRef { nothing } } }",
      "Field 'nothing' doesn't exist on type 'Ref'",
    ],
    ["pullRequests(first: 1) { nothing }", "Field 'nothing' doesn't exist on type 'PullRequestConnection'"],
    ["issue(number: 1) { parent { body } }", "Field 'body' doesn't exist on type 'Issue'"],
    ["issue(number: 1) { author { ... on User { email } } }", "Field 'email' doesn't exist on type 'User'"],
    ["issue(number: 1) { labels(first: 1) { edges { x } } }", "Field 'x' doesn't exist on type 'LabelEdge'"],
  ])("refuses in GitHub's names: %s", (selection, message) => {
    const refused = judge(inApi(selection));
    expect(refused instanceof Refusal ? refused.message : "").toContain(message);
  });

  it("takes null for a key that is not open as absent, at any depth", () => {
    const created = judge("mutation($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }", {
      i: { repositoryId: "R_kgDOapi", title: "t", projectIds: null, issueTypeId: null, assigneeIds: null, body: null },
    });
    if (created instanceof Refusal) throw new Error(created.message);
    expect((JSON.parse(created.text) as { variables: unknown }).variables).toEqual({
      gatehouseInput: { repositoryId: "R_kgDOapi", title: "t", assigneeIds: null, body: null },
    });
    const [query, variables] = commit("src/a.ts", "claude/x");
    const { input } = variables as { input: { branch: object; fileChanges: { additions: object[] } } };
    const deep = judge(query, {
      input: {
        ...input,
        branch: { ...input.branch, id: null },
        fileChanges: { additions: [{ ...input.fileChanges.additions[0], mode: null }], renames: null },
      },
    });
    expect(verdict(deep)).toBe("allow");
    expect((deep as JudgedGraphql).text).not.toMatch(/"(?:id|mode|renames)"/);
    for (const [key, value] of [
      ["projectIds", []],
      ["parentIssueId", "I_1"],
    ] as const) {
      const refused = judge("mutation($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }", {
        i: { repositoryId: "R_kgDOapi", title: "t", [key]: value },
      });
      expect(refused).toMatchObject({ rule: "body-key-not-allowed", at: `input.${key}` });
    }
  });

  it("keeps the gate's label on a pull request whose labels are set", () => {
    const judged = judge(
      'mutation { updatePullRequest(input: {pullRequestId: "PR_1", labelIds: ["LA_bug1"]}) { clientMutationId } }',
    ) as JudgedGraphql;
    const sent = (nodes: readonly unknown[]): unknown =>
      (JSON.parse(judged.deferred?.(nodes) as string) as { variables: { gatehouseInput: { labelIds: unknown } } })
        .variables.gatehouseInput.labelIds;
    const node = (...labels: readonly (readonly [id: string, name: string])[]): unknown => ({
      __typename: "PullRequest",
      body: "",
      labels: { nodes: labels.map(([id, name]) => ({ id, name })) },
    });
    expect(sent([node(["LA_mark", c.label])])).toEqual(["LA_bug1", "LA_mark"]);
    expect(sent([node(["LA_bug1", c.label])])).toEqual(["LA_bug1"]);
    expect(sent([node(["LA_other", "other"])])).toEqual(["LA_bug1"]);
    expect(sent([{ ...(node(["LA_mark", c.label]) as object), __typename: "Issue" }])).toEqual(["LA_bug1"]);
  });

  it("passes what the gh client asks", () => {
    const repo =
      "fragment repo on Repository { id name owner { login } hasIssuesEnabled description hasWikiEnabled viewerPermission defaultBranchRef { name } }";
    for (const query of [
      `${repo} query RepositoryInfo($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { ...repo parent { ...repo } mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed } }`,
      "query UserCurrent { viewer { login } }",
      "query PullRequestByNumber($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { pullRequest(number: 1) { id number state title body author { login ... on User { id name } } isDraft labels(first: 100) { nodes { id name color } totalCount } commits(first: 100) { nodes { commit { oid messageHeadline authors(first: 100) { nodes { name email user { id login } } } } } } statusCheckRollup: commits(last: 1) { nodes { commit { statusCheckRollup { contexts(first: 100) { nodes { __typename ... on StatusContext { context state targetUrl createdAt description } ... on CheckRun { name status conclusion startedAt completedAt detailsUrl checkSuite { workflowRun { workflow { name } } } } } pageInfo { hasNextPage endCursor } } } } } } headRepository { id name } headRepositoryOwner { id login ... on User { name } } reviewRequests(first: 100) { nodes { requestedReviewer { __typename ... on User { login } ... on Team { organization { login } name slug } } } } } } }",
      "query IssueList($owner: String!, $name: String!, $limit: Int = 30, $states: [IssueState!] = OPEN) { repository(owner: $owner, name: $name) { hasIssuesEnabled issues(first: $limit, states: $states, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount nodes { number title url state updatedAt labels(first: 100) { nodes { id name description color } totalCount } } pageInfo { hasNextPage endCursor } } } }",
      "query RepositoryInfo($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { id name parent { id databaseId name owner { login } sshUrl } } }",
      'query PullRequestForRun { repository(owner: "acme", name: "api") { pullRequests(headRefName: "claude/x", first: 1) { nodes { number headRepository { owner { login } name } } } } }',
      'query Features { PullRequest: __type(name: "PullRequest") { fields(includeDeprecated: true) { name } } }',
    ]) {
      expect([query.slice(0, 40), verdict(judge(query, { owner: "acme", name: "api" }))]).toEqual([
        query.slice(0, 40),
        "allow",
      ]);
      expect(validate(schema, parse(query)).map((e) => e.message)).toEqual([]);
    }
  });
});

describe("introspection", () => {
  const INTROSPECTION = getIntrospectionQuery({ inputValueDeprecation: true });
  /** What GitHub answers, and what of it passes. */
  const passed = (query: string): Record<string, unknown> => {
    const judged = judge(query);
    if (judged instanceof Refusal) throw new Error(judged.message);
    const sent = JSON.parse(judged.text) as { query: string; operationName?: string };
    const answer = graphqlSync({ schema, source: sent.query, operationName: sent.operationName ?? null });
    expect(answer.errors).toBeUndefined();
    const data = JSON.parse(JSON.stringify(answer.data)) as Record<string, unknown>;
    for (const key of judged.introspected) data[key] = onlyOpen(data[key]);
    return data;
  };
  const names = (list: readonly { readonly name: string }[]): readonly string[] => list.map(({ name }) => name);

  it.each([
    ["PullRequest", ["isDraft", "reviewThreads"], ["projectItems", "closingIssuesReferences", "timelineItems"]],
    ["Issue", ["subIssues", "parent"], ["projectItems", "timelineItems", "closedByPullRequestsReferences"]],
    ["Repository", ["parent", "sshUrl"], ["forks", "collaborators", "deployKeys", "tempCloneToken"]],
    ["StatusCheckRollupContextConnection", ["checkRunCount", "checkRunCountsByState", "nodes"], []],
    ["User", ["login", "id"], ["repositories", "email", "organizations"]],
    ["Organization", ["team", "teams"], ["repositories", "membersWithRole", "auditLog"]],
    ["Query", ["repository", "user"], ["enterprise", "resource", "repositoryOwner"]],
    ["Mutation", ["createPullRequest", "addComment"], ["mergePullRequest", "deleteRef", "addStar"]],
    ["CreateIssuePayload", ["issue"], []],
  ])("shows of %s what is open and nothing else", (type, open, closed) => {
    const data = passed(`{ T: __type(name: "${type}") { f: fields(includeDeprecated: true) { n: name } } }`);
    const fields = ((data["T"] as { f: { n: string }[] } | null)?.f ?? []).map(({ n }) => n);
    expect(fields).toEqual(expect.arrayContaining(open));
    expect(fields.filter((f) => closed.includes(f))).toEqual([]);
    expect(JSON.stringify(data)).not.toContain("gatehouse");
  });

  it.each(["Enterprise", "ProjectV2", "Gist", "LinkedBranch", "MergePullRequestInput", "MergePullRequestPayload"])(
    "does not know %s",
    (type) => {
      expect(passed(`{ __type(name: "${type}") { name fields { name } inputFields { name } } }`)).toEqual({
        __type: null,
      });
    },
  );

  it("shows arguments and keys of inputs only where they are open", () => {
    const repository = passed(
      '{ __type(name: "Repository") { fields { ...F } } } fragment F on __Field { name args { name } }',
    )["__type"] as { fields: { name: string; args: { name: string }[] }[] };
    const of = (field: string): readonly string[] =>
      names(repository.fields.find(({ name }) => name === field)?.args ?? []);
    expect(of("object")).toEqual(["expression", "oid"]);
    expect(of("issues")).toContain("filterBy");
    const input = passed('{ __type(name: "UpdatePullRequestInput") { inputFields { name } } }')["__type"] as {
      inputFields: { name: string }[];
    };
    expect(names(input.inputFields)).toContain("labelIds");
    expect(names(input.inputFields)).not.toContain("baseRefName");
    const branch = passed('{ __type(name: "CommittableBranch") { inputFields { name } } }')["__type"] as typeof input;
    expect([...names(branch.inputFields)].sort()).toEqual(["branchName", "repositoryNameWithOwner"]);
  });

  it("answers the whole schema's introspection with a schema that can be built, and whose fields are all open", () => {
    const shown = passed(INTROSPECTION);
    const built = buildClientSchema(shown as unknown as IntrospectionQuery);
    expect(Object.keys(built.getMutationType()?.getFields() ?? {}).sort()).toEqual([...MUTATIONS.keys()].sort());
    const fields = Object.values(built.getTypeMap()).flatMap((type) =>
      isObjectType(type) && !type.name.startsWith("__")
        ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)
        : [],
    );
    expect(fields).toContain("Repository.parent");
    expect(
      fields.filter((f) => /\.(?:forks|timelineItems|projectItems|members|enterprise|tempCloneToken)$/.test(f)),
    ).toEqual([]);
  });
});

describe("the open types", () => {
  it("are named as GitHub names them, wherever a query can reach them", () => {
    const wrong = new Set<string>();
    const seen = new Set<string>();
    const look = (open: OpenType, github: string): void => {
      if (github.startsWith("__") || seen.has(`${open.name} ${github}`)) return;
      seen.add(`${open.name} ${github}`);
      if (open.name !== "Payload" && !githubNames(open.name).includes(github)) wrong.add(`${open.name} is ${github}`);
      const type = schema.getType(github);
      if (isObjectType(type) || isInterfaceType(type))
        for (const [name, { target }] of open.fields) {
          const field = type.getFields()[name];
          if (target !== undefined && field !== undefined) look(target, getNamedType(field.type).name);
        }
    };
    look(openType("Query"), "Query");
    for (const { type } of MUTATIONS.values()) look(openType("Payload"), type.replace(/Input$/, "Payload"));
    expect([...wrong]).toEqual([]);
    expect(seen.size).toBeGreaterThan(80);
  });

  /**
   * Fields that GitHub has (https://docs.github.com/graphql/reference/objects#issue) and the installed copy of its
   * schema not yet.
   */
  const NEWER = ["Issue.issueType", "Issue.blockedBy", "Issue.blocking"];

  /** GitHub's own names for the types that the table names by role. */
  const NAMES: Readonly<Record<string, readonly string[]>> = {
    Viewer: ["User"],
    Actor: ["User", "Bot", "Organization", "Mannequin", "Actor", "RepositoryOwner"],
    SameRepository: ["Repository"],
    Elsewhere: ["Repository"],
    RefName: ["Ref"],
    ProtectionRule: ["BranchProtectionRule"],
    Template: ["IssueTemplate", "PullRequestTemplate"],
    Document: ["ContributingGuidelines", "CodeOfConduct"],
    Summary: ["SubIssuesSummary"],
    AutoMerge: ["AutoMergeRequest"],
    ChangedFile: ["PullRequestChangedFile"],
    Review: ["PullRequestReview"],
    ReviewComment: ["PullRequestReviewComment"],
    ReviewThread: ["PullRequestReviewThread"],
    Reviewer: ["User", "Team"],
    CheckContext: ["CheckRun"],
    Annotation: ["CheckAnnotation"],
    Signature: ["GpgSignature"],
    License: ["License"],
    SearchConnection: ["SearchResultItemConnection"],
    SearchEdge: ["SearchResultItemEdge"],
    CommentEdge: ["IssueCommentEdge"],
    ReviewEdge: ["PullRequestReviewEdge"],
    Person: ["User"],
    OwnOrganization: ["Organization"],
    ElsewhereIssue: ["Issue"],
    PageOfElsewhere: ["PageInfo"],
    StateCount: ["CheckRunStateCount"],
    IssueType: [],
    __Schema: [],
    __Directive: [],
    __Field: [],
    __Type: [],
    __InputValue: [],
    __EnumValue: [],
    Payload: [],
    IssueOrPullRequest: [],
    SearchItem: [],
    Comparison: ["Comparison"],
  };
  const fieldsOf = (type: GraphQLNamedType | undefined): readonly string[] =>
    isObjectType(type) || isInterfaceType(type) ? Object.keys(type.getFields()) : isUnionType(type) ? [] : [];

  it("name only fields that GitHub has", () => {
    const unknown: string[] = [];
    for (const name of Object.keys(OPEN_TYPES)) {
      if (NAMES[name]?.length === 0) continue;
      const known = new Set((NAMES[name] ?? [name]).flatMap((n) => fieldsOf(schema.getType(n))));
      for (const field of openType(name).fields.keys())
        if (!known.has(field) && !field.startsWith("__")) unknown.push(`${name}.${field}`);
    }
    expect(unknown).toEqual(NEWER);
  });

  it("open only mutations that GitHub has, with inputs that it takes", () => {
    const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
    for (const [name, mutation] of MUTATIONS) {
      expect(mutations).toContain(name);
      expect(isInputObjectType(schema.getType(mutation.type))).toBe(true);
    }
    expect(validate(schema, parse(RESOLVE_QUERY)).map((e) => e.message)).toEqual([]);
    expect(validate(schema, parse(RESOLVE_WITH_CONTENT)).map((e) => e.message)).toEqual([]);
  });
});
