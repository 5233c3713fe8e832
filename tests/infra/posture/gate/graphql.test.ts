import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import {
  buildSchema,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  parse,
  validate,
  type GraphQLNamedType,
} from "graphql";
import { compile } from "../../../../infra/posture/gate/compiled";
import { judgeGraphql, type JudgedGraphql } from "../../../../infra/posture/gate/graphql/judge";
import { MUTATIONS } from "../../../../infra/posture/gate/graphql/mutations";
import {
  emptyElsewhere,
  judgeResolved,
  RESOLVE_QUERY,
  RESOLVE_WITH_MARKS,
} from "../../../../infra/posture/gate/graphql/resolve";
import { OPEN_TYPES, openType } from "../../../../infra/posture/gate/graphql/types";
import { Refusal } from "../../../../infra/posture/gate/refusals";
import { policyFor } from "../../../gate/support/policy";

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
  ["an organization", inApi("id"), '{ organization(login: "acme") { id } }', "graphql-field"],
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
    "a fragment within itself",
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
  ["an alias that could fake an id", inApi("i: id"), inApi("id: name"), "graphql-field"],
  ["a parent without its id", inApi("parent { id name }"), inApi("parent { name }"), "graphql-field"],
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
    "an alias of the gate's own",
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

  it("empties other repositories in an answer", () => {
    const judged = judge(
      `query($o: String = "acme") { a: repository(owner: $o, name: "api") { p: parent { id name } pullRequests(first: 1) { nodes { headRepository { id name } } } } }`,
    );
    if (judged instanceof Refusal) throw new Error(judged.rule);
    const data = {
      a: {
        p: { id: "R_other", name: "private" },
        pullRequests: {
          nodes: [
            { headRepository: { id: "R_kgDOapi", name: "api" } },
            { headRepository: { id: "R_other", name: "x" } },
            { headRepository: null },
          ],
        },
      },
    };
    emptyElsewhere(c, data, judged.elsewhere);
    expect(data).toEqual({
      a: {
        p: null,
        pullRequests: {
          nodes: [
            { headRepository: { id: "R_kgDOapi", name: "api" } },
            { headRepository: null },
            { headRepository: null },
          ],
        },
      },
    });
  });

  it("passes what the gh client asks", () => {
    const repo =
      "fragment repo on Repository { id name owner { login } hasIssuesEnabled description hasWikiEnabled viewerPermission defaultBranchRef { name } }";
    for (const query of [
      `${repo} query RepositoryInfo($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { ...repo parent { ...repo } mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed } }`,
      "query UserCurrent { viewer { login } }",
      "query PullRequestByNumber($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { pullRequest(number: 1) { id number state title body author { login ... on User { id name } } isDraft labels(first: 100) { nodes { id name color } totalCount } commits(first: 100) { nodes { commit { oid messageHeadline authors(first: 100) { nodes { name email user { id login } } } } } } statusCheckRollup: commits(last: 1) { nodes { commit { statusCheckRollup { contexts(first: 100) { nodes { __typename ... on StatusContext { context state targetUrl createdAt description } ... on CheckRun { name status conclusion startedAt completedAt detailsUrl checkSuite { workflowRun { workflow { name } } } } } pageInfo { hasNextPage endCursor } } } } } } headRepository { id name } headRepositoryOwner { id login ... on User { name } } reviewRequests(first: 100) { nodes { requestedReviewer { __typename ... on User { login } ... on Team { organization { login } name slug } } } } } } }",
      "query IssueList($owner: String!, $name: String!, $limit: Int = 30, $states: [IssueState!] = OPEN) { repository(owner: $owner, name: $name) { hasIssuesEnabled issues(first: $limit, states: $states, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount nodes { number title url state updatedAt labels(first: 100) { nodes { id name description color } totalCount } } pageInfo { hasNextPage endCursor } } } }",
      'query Features { PullRequest: __type(name: "PullRequest") { fields(includeDeprecated: true) { name } } }',
    ]) {
      expect([query.slice(0, 40), verdict(judge(query, { owner: "acme", name: "api" }))]).toEqual([
        query.slice(0, 40),
        "allow",
      ]);
      expect(validate(schema, parse(query)).map((e) => e.message)).toEqual([]);
    }
  });

  it("decides a query of 500 bytes fast", () => {
    const query = inApi(
      "id name pullRequests(first: 20, states: OPEN) { totalCount nodes { number title state isDraft url author { login } labels(first: 10) { nodes { name color } } comments(last: 5) { nodes { author { login } body createdAt } } reviews(last: 5) { nodes { state author { login } } } } pageInfo { hasNextPage endCursor } } issues(first: 20, states: OPEN) { nodes { number title url labels(first: 10) { nodes { name } } } }",
    );
    const text = JSON.stringify({ query });
    for (let i = 0; i < 3000; i++) judgeGraphql(c, text);
    const times: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const before = process.hrtime.bigint();
      judgeGraphql(c, text);
      times.push(Number(process.hrtime.bigint() - before) / 1000);
    }
    times.sort((a, b) => a - b);
    // The target is 25 µs; this machine may be busy, so the test only stops what is far off.
    expect(times[1000]).toBeLessThan(150);
  });
});

describe("the open types", () => {
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
    expect(unknown).toEqual([]);
  });

  it("open only mutations that GitHub has, with inputs that it takes", () => {
    const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
    for (const [name, mutation] of MUTATIONS) {
      expect(mutations).toContain(name);
      expect(isInputObjectType(schema.getType(mutation.type))).toBe(true);
    }
    expect(validate(schema, parse(RESOLVE_QUERY)).map((e) => e.message)).toEqual([]);
    expect(validate(schema, parse(RESOLVE_WITH_MARKS)).map((e) => e.message)).toEqual([]);
  });
});
