import { BOT, dataOf, errorsOf, scene, type Scene } from "./harness";

/** What the clients of every day ask of GitHub: gh 2.103.3's own fields. */
let s: Scene;

beforeAll(async () => {
  s = await scene();
  s.admit("api", "write");
});
afterAll(() => s?.stop());

const ISSUE = 'repository(owner: "acme", name: "api")';
const READS = { contents: "read", issues: "read", pull_requests: "read", metadata: "read", statuses: "read" } as const;
const CONTEXTS =
  "contexts(first: 9) { checkRunCount checkRunCountsByState { state count } statusContextCount statusContextCountsByState { state count } nodes { __typename ... on CheckRun { name } ... on StatusContext { context } } }";

function checksOf(): string {
  const repo = s.repo("api");
  const run = [...repo.checkRuns.values()][0];
  if (run === undefined) throw new Error("the seed has a check run");
  repo.statuses.push({
    ...(repo.statuses[0] ?? {
      id: 1,
      nodeId: "SC_1",
      description: null,
      targetUrl: null,
      creatorId: 1,
      createdAt: "",
      updatedAt: "",
    }),
    sha: run.headSha,
    context: "lint",
    state: "pending",
  } as never);
  return `{ ${ISSUE} { object(oid: "${run.headSha}") { ... on Commit { statusCheckRollup { state ${CONTEXTS} } } } } }`;
}

describe("checks", () => {
  it("are counted by kind and state", async () => {
    const data = dataOf(await s.ask(s.as(BOT), checksOf())) as never as {
      repository: { object: { statusCheckRollup: { contexts: Record<string, unknown> } } };
    };
    expect(data.repository.object.statusCheckRollup.contexts).toMatchObject({
      checkRunCount: 1,
      checkRunCountsByState: [{ state: "SUCCESS", count: 1 }],
      statusContextCountsByState: expect.arrayContaining([{ state: "PENDING", count: expect.any(Number) }]),
    });
  });

  it("are refused one by one to a token without the permission, with the state and the statuses still there", async () => {
    const answer = await s.ask(s.withToken(READS), checksOf());
    expect(answer.errors).toMatchObject([
      {
        type: "FORBIDDEN",
        path: ["repository", "object", "statusCheckRollup", "contexts", "nodes", 0],
        message: "Resource not accessible by personal access token",
      },
    ]);
    const text = JSON.stringify(answer.data);
    expect([text.includes('"state"'), text.includes('"lint"'), text.includes('"CheckRun"')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(errorsOf(await s.ask(s.withToken({ ...READS, checks: "read" }), checksOf()))).toEqual([]);
  });
});

describe("fields of a repository", () => {
  it.each([
    ["languages", "languages(first: 9) { totalSize edges { size node { name } } }", /JavaScript/],
    ["a release by its tag", 'release(tagName: "v1.0.0") { tagName name isLatest }', /"tagName":"v1\.0\.0"/],
    ["no release", 'release(tagName: "v9") { tagName }', /"release":null/],
    [
      "an issue's type and relations",
      "issue(number: 1) { issueType { id name } parent { id } subIssues(first: 9) { totalCount } blockedBy(first: 9) { totalCount } subIssuesSummary { total } }",
      /"issueType":null.*"totalCount":0/,
    ],
  ])("%s", async (_name, selection, holds) => {
    expect(JSON.stringify(dataOf(await s.ask(s.as(BOT), `{ ${ISSUE} { ${selection} } }`)))).toMatch(holds);
  });

  it("issues that mention somebody, and nobody else", async () => {
    const issue = s.repo("api").issues.get(1);
    if (issue === undefined) throw new Error("the seed has an issue");
    issue.body = "Ask @claude-bot, not claude-botany or x@reviewer-one.example";
    const count = async (login: string): Promise<unknown> =>
      (
        dataOf(
          await s.ask(
            s.as(BOT),
            `{ ${ISSUE} { issues(first: 9, filterBy: { mentioned: "${login}" }) { totalCount } } }`,
          ),
        ) as never as { repository: { issues: { totalCount: number } } }
      ).repository.issues.totalCount;
    expect([await count("Claude-Bot"), await count("claude"), await count("reviewer-one")]).toEqual([1, 0, 0]);
  });
});
