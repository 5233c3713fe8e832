import { answersHoldListedRepositories } from "../oracles/graphql";

const inApi = (selection: string): { query: string } => ({
  query: `{ repository(owner: "acme", name: "api") { ${selection} } }`,
});

it.each([
  [
    "a comparison with another owner's branch",
    inApi('defaultBranchRef { compare(headRef: "evil:main") { commits(first: 1) { nodes { message } } } }'),
    inApi('defaultBranchRef { compare(headRef: "claude/x") { commits(first: 1) { nodes { message } } } }'),
  ],
  [
    "a search whose scope is part of a word",
    { query: '{ search(query: "x\u00a0repo:acme/api", type: ISSUE, first: 1) { nodes { ... on Issue { title } } } }' },
    { query: '{ search(query: "x repo:acme/api", type: ISSUE, first: 1) { nodes { ... on Issue { title } } } }' },
  ],
  ...["pageInfo { endCursor }", "pageInfo { startCursor }", "edges { cursor }"].map(
    (part): [string, { query: string }, { query: string }] => [
      `the cursors of sub-issues: ${part}`,
      inApi(`issue(number: 1) { subIssues(first: 1) { ${part} } }`),
      inApi(
        "issue(number: 1) { subIssues(first: 1) { totalCount pageInfo { hasNextPage } edges { node { title } } } }",
      ),
    ],
  ),
])("refuses %s, and takes its twin", async (_name, asked, twin) => {
  expect([await answersHoldListedRepositories(asked), await answersHoldListedRepositories(twin)]).toEqual([
    false,
    true,
  ]);
});

it("knows where a pull request comes from without being asked for its id", async () => {
  for (const fields of ["name", "id name", "nameWithOwner owner { login }"])
    expect([
      fields,
      await answersHoldListedRepositories(inApi(`pullRequest(number: 1) { headRepository { ${fields} } }`)),
    ]).toEqual([fields, true]);
});
