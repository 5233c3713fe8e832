/** What coding agents and the command line client of GitHub ask, and how far they get. */
import { gitOf } from "../../../github/domain/refs";
import { BOT, dataOf, errorsOf, scene, type Scene } from "./harness";

let s: Scene;
beforeAll(async () => {
  s = await scene();
  s.admit("api", "write");
});
afterAll(() => s.stop());

const AGENT = {
  contents: "write",
  pull_requests: "write",
  issues: "write",
  metadata: "read",
  checks: "read",
  statuses: "read",
} as const;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function head(name = "api", branch = "main"): Promise<string> {
  return (await gitOf(s.repo(name)).resolve(`refs/heads/${branch}`)) ?? "";
}

/** A branch with one commit that adds a file, made by the agent itself. */
async function branchWith(branch: string, path = `${branch.replaceAll("/", "-")}.txt`): Promise<string> {
  const agent = s.withToken(AGENT);
  const create = "mutation($input:CreateRefInput!){createRef(input:$input){ref{id}}}";
  dataOf(
    await s.ask(agent, create, {
      input: { repositoryId: s.repo("api").nodeId, name: `refs/heads/${branch}`, oid: await head() },
    }),
  );
  const commit =
    "mutation($input:CreateCommitOnBranchInput!){createCommitOnBranch(input:$input){commit{oid signature{isValid wasSignedByGitHub}}}}";
  const input = {
    branch: { repositoryNameWithOwner: "acme/api", branchName: branch },
    expectedHeadOid: await head(),
    message: { headline: "Add a file", body: "For the test." },
    fileChanges: { additions: [{ path, contents: base64("hello\n") }] },
  };
  const data = dataOf<{ createCommitOnBranch: { commit: { oid: string; signature: { isValid: boolean } } } }>(
    await s.ask(agent, commit, { input }),
  );
  expect(data.createCommitOnBranch.commit.signature.isValid).toBe(true);
  return data.createCommitOnBranch.commit.oid;
}

async function pullFrom(branch: string, more: Record<string, unknown> = {}): Promise<{ id: string; number: number }> {
  await branchWith(branch);
  const query =
    "mutation PullRequestCreate($input: CreatePullRequestInput!){createPullRequest(input:$input){pullRequest{id url number}}}";
  const input = {
    repositoryId: s.repo("api").nodeId,
    baseRefName: "main",
    headRefName: branch,
    title: "Add a file",
    body: "Fixes #1",
    ...more,
  };
  return dataOf<{ createPullRequest: { pullRequest: { id: string; number: number } } }>(
    await s.ask(s.withToken(AGENT), query, { input }),
  ).createPullRequest.pullRequest;
}

describe("looking", () => {
  it("shows a repository as `gh repo view` and a clone ask for it", async () => {
    const query = `query RepositoryInfo($owner: String!, $name: String!) {
      viewer { login }
      repository(owner: $owner, name: $name) {
        id name owner { login ... on Organization { id } } hasIssuesEnabled description hasWikiEnabled viewerPermission isPrivate url visibility
        defaultBranchRef { name target { oid ... on Commit { messageHeadline history(first: 2) { totalCount nodes { oid author { user { login } } } pageInfo { hasNextPage } } } } }
        parent { id } mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed deleteBranchOnMerge
        object(expression: "HEAD:README.md") { ... on Blob { text byteSize isBinary } }
        folder: object(expression: "main:") { ... on Tree { entries { name type mode object { ... on Blob { byteSize } } } } }
        issues(first: 5, states: OPEN) { totalCount nodes { number title labels(first: 5) { nodes { name color } } author { login } } }
        labels(first: 3, query: "bug") { nodes { id name } }
        refs(refPrefix: "refs/tags/", first: 5) { nodes { name target { oid } } }
        latestRelease { tagName }
      }
    }`;
    const data = dataOf<{ viewer: { login: string }; repository: Record<string, unknown> }>(
      await s.ask(s.withToken(AGENT), query, { owner: "acme", name: "api" }),
    );
    expect(data.viewer.login).toBe(BOT);
    expect(data.repository).toMatchObject({
      id: s.repo("api").nodeId,
      owner: { login: "acme" },
      viewerPermission: "WRITE",
      isPrivate: true,
      defaultBranchRef: { name: "main", target: { oid: await head() } },
      issues: { totalCount: 1, nodes: [{ number: 1, labels: { nodes: [{ name: "bug" }] } }] },
      refs: { nodes: [{ name: "v1.0.0" }] },
      latestRelease: { tagName: "v1.0.0" },
    });
    expect((data.repository.object as { text: string }).text).toMatch(/^# api\n/);
    expect((data.repository.folder as { entries: { name: string }[] }).entries.map((entry) => entry.name)).toEqual(
      expect.arrayContaining(["README.md", "src", ".github"]),
    );
  });

  it("tells nothing of a repository that the asker may not see, by name, by id, by search or by its owner", async () => {
    const agent = s.withToken(AGENT);
    const secret = s.repo("secrets");
    expect(errorsOf(await s.ask(agent, '{repository(owner:"acme",name:"secrets"){id}}'))).toEqual([
      "NOT_FOUND Could not resolve to a Repository with the name 'acme/secrets'.",
    ]);
    expect(errorsOf(await s.ask(agent, '{repository(owner:"acme",name:"no-such"){id}}'))).toEqual([
      "NOT_FOUND Could not resolve to a Repository with the name 'acme/no-such'.",
    ]);
    expect(errorsOf(await s.ask(agent, "query($id:ID!){node(id:$id){id}}", { id: secret.nodeId }))[0]).toMatch(
      /^NOT_FOUND/,
    );
    const seen = JSON.stringify(
      dataOf(
        await s.ask(
          agent,
          '{organization(login:"acme"){repositories(first:50){nodes{name}}} search(query:"org:acme",type:REPOSITORY,first:50){nodes{... on Repository{name}}}}',
        ),
      ),
    );
    expect(seen).toContain('"api"');
    expect(seen).not.toContain('"secrets"');
    expect(seen).not.toContain('"docs"');
  });

  it("holds a token to its permissions, whatever the account may do", async () => {
    const bare = s.withToken({ metadata: "read" });
    const answer = await s.ask(
      bare,
      '{repository(owner:"acme",name:"api"){name object(expression:"main:README.md"){... on Blob{text}} issues(first:1){totalCount} pullRequests(first:1){totalCount}}}',
    );
    expect(answer.data).toEqual({ repository: null });
    expect(errorsOf(answer)).toContain("FORBIDDEN Resource not accessible by personal access token");
    expect(dataOf(await s.ask(bare, '{repository(owner:"acme",name:"api"){name}}'))).toEqual({
      repository: { name: "api" },
    });
  });

  it("pages with cursors, and insists on bounds", async () => {
    const admin = s.as("acme-admin");
    const page = (after: string | null): Promise<Record<string, unknown>> =>
      s
        .ask(
          admin,
          'query($after:String){repository(owner:"acme",name:"api"){labels(first:4,after:$after){nodes{name} pageInfo{endCursor hasNextPage}}}}',
          { after },
        )
        .then((answer) => dataOf<{ repository: { labels: Record<string, unknown> } }>(answer).repository.labels);
    const names: string[] = [];
    let after: string | null = null;
    for (;;) {
      const { nodes, pageInfo } = (await page(after)) as {
        nodes: { name: string }[];
        pageInfo: { endCursor: string; hasNextPage: boolean };
      };
      names.push(...nodes.map((node) => node.name));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(names).toEqual([...s.repo("api").labels.values()].map((label) => label.name));
    expect(errorsOf(await s.ask(admin, '{repository(owner:"acme",name:"api"){labels{nodes{name}}}}'))).toEqual([
      "MISSING_PAGINATION_BOUNDARIES You must provide a `first` or `last` value to properly paginate the `labels` connection.",
    ]);
    expect(
      errorsOf(await s.ask(admin, '{repository(owner:"acme",name:"api"){labels(first:101){nodes{name}}}}'))[0],
    ).toMatch(/^EXCESSIVE_PAGINATION Requesting 101 records/);
    expect(dataOf(await s.ask(admin, '{repository(owner:"acme",name:"api"){labels{totalCount}}}'))).toEqual({
      repository: { labels: { totalCount: names.length } },
    });
  });

  it("names what it does not implement, and what a document gets wrong", async () => {
    const admin = s.as("acme-admin");
    expect(errorsOf(await s.ask(admin, '{repository(owner:"acme",name:"api"){tempCloneToken}}'))).toEqual([
      "NOT_IMPLEMENTED The GitHub stand-in does not implement the field Repository.tempCloneToken.",
    ]);
    expect(
      errorsOf(await s.ask(admin, 'mutation{createRepository(input:{name:"x",visibility:PRIVATE}){repository{id}}}')),
    ).toEqual(["NOT_IMPLEMENTED The GitHub stand-in does not implement the field Mutation.createRepository."]);
    const wrong = await s.ask(admin, "{viewer{nothing}}");
    expect(wrong).toEqual({
      errors: [
        {
          extensions: { code: "undefinedField", typeName: "User", fieldName: "nothing" },
          locations: [{ line: 1, column: 9 }],
          message: "Field 'nothing' doesn't exist on type 'User'",
        },
      ],
    });
    expect(wrong).not.toHaveProperty("data");
    expect(errorsOf(await s.ask(admin, "{viewer{"))[0]).toMatch(/^Syntax Error/);
    expect(errorsOf(await s.ask(admin, "query A{viewer{login}} query B{viewer{login}}"))).toEqual([
      "An operation name is required",
    ]);
  });

  it("answers introspection, which clients use to find out what a server can do", async () => {
    const data = dataOf<{ PullRequest: { fields: { name: string }[] } }>(
      await s.ask(s.as("acme-admin"), '{PullRequest:__type(name:"PullRequest"){fields(includeDeprecated:true){name}}}'),
    );
    expect(data.PullRequest.fields.map((field) => field.name)).toContain("isDraft");
  });

  it("refuses whoever shows no credential", async () => {
    await expect(s.ask({ kind: "anonymous" }, "{viewer{login}}")).rejects.toMatchObject({ status: 401 });
  });
});

describe("a pull request from the branch to the merge", () => {
  it("is opened as a draft, shown whole, made ready, reviewed by others and merged by a person", async () => {
    const agent = s.withToken(AGENT);
    const pull = await pullFrom("claude/whole", { draft: true });
    const view = `query PullRequestByNumber($owner: String!, $repo: String!, $number: Int!) { repository(owner: $owner, name: $repo) { pullRequest(number: $number) {
      id number title state isDraft body author { login ... on User { id name } } url additions deletions changedFiles baseRefName headRefName headRefOid isCrossRepository maintainerCanModify
      headRepository { id name } headRepositoryOwner { id login ... on User { name } } mergeable mergeStateStatus reviewDecision closingIssuesReferences(first: 5) { nodes { number } }
      files(first: 10) { nodes { path additions deletions changeType } }
      commits(first: 10) { totalCount nodes { commit { oid messageHeadline messageBody authoredDate authors(first: 5) { nodes { name email user { login } } } } } }
      reviewRequests(first: 5) { nodes { requestedReviewer { __typename ... on User { login } ... on Team { slug organization { login } } } } }
      reviews(first: 5) { nodes { id state author { login } authorAssociation submittedAt body } } latestReviews(first: 5) { nodes { state } } assignees(first: 5) { nodes { login } totalCount }
      labels(first: 5) { nodes { name } totalCount } milestone { title } comments(first: 5) { nodes { id body author { login } } totalCount } reactionGroups { content users { totalCount } }
      autoMergeRequest { mergeMethod } mergeCommit { oid } mergedBy { login } mergedAt closed closedAt createdAt updatedAt
      statusCheckRollup { state contexts(first: 10) { nodes { __typename ... on CheckRun { name status conclusion checkSuite { workflowRun { event workflow { name } } } } ... on StatusContext { context state } } } }
    } } }`;
    const show = async (): Promise<Record<string, unknown>> =>
      dataOf<{ repository: { pullRequest: Record<string, unknown> } }>(
        await s.ask(agent, view, { owner: "acme", repo: "api", number: pull.number }),
      ).repository.pullRequest;
    expect(await show()).toMatchObject({
      state: "OPEN",
      isDraft: true,
      author: { login: BOT },
      changedFiles: 1,
      additions: 1,
      mergeable: "MERGEABLE",
      mergeStateStatus: "DRAFT",
      closingIssuesReferences: { nodes: [{ number: 1 }] },
      files: { nodes: [{ path: "claude-whole.txt", changeType: "ADDED" }] },
      commits: { totalCount: 1, nodes: [{ commit: { messageHeadline: "Add a file", messageBody: "For the test." } }] },
      reviewDecision: null,
      headRefOid: await head("api", "claude/whole"),
      statusCheckRollup: { state: "SUCCESS" },
    });

    const merge =
      "mutation($input:MergePullRequestInput!){mergePullRequest(input:$input){pullRequest{state merged mergeCommit{oid}}}}";
    const person = s.as("reviewer-one");
    expect(errorsOf(await s.ask(person, merge, { input: { pullRequestId: pull.id } }))).toEqual([
      "UNPROCESSABLE Pull Request is still a draft",
    ]);
    dataOf(
      await s.ask(
        agent,
        "mutation($id:ID!){markPullRequestReadyForReview(input:{pullRequestId:$id}){pullRequest{isDraft}}}",
        { id: pull.id },
      ),
    );

    const review =
      "mutation($input:AddPullRequestReviewInput!){addPullRequestReview(input:$input){pullRequestReview{id state author{login}}}}";
    expect(errorsOf(await s.ask(agent, review, { input: { pullRequestId: pull.id, event: "APPROVE" } }))).toEqual([
      "UNPROCESSABLE Can not approve your own pull request",
    ]);
    expect(dataOf(await s.ask(person, review, { input: { pullRequestId: pull.id, event: "APPROVE" } }))).toMatchObject({
      addPullRequestReview: { pullRequestReview: { state: "APPROVED", author: { login: "reviewer-one" } } },
    });
    dataOf(
      await s.ask(
        agent,
        'mutation($id:ID!){addComment(input:{subjectId:$id,body:"Thank you."}){commentEdge{node{id body}}}}',
        { id: pull.id },
      ),
    );

    expect(
      dataOf(
        await s.ask(person, merge, {
          input: { pullRequestId: pull.id, mergeMethod: "SQUASH", expectedHeadOid: await head("api", "claude/whole") },
        }),
      ),
    ).toMatchObject({
      mergePullRequest: { pullRequest: { state: "MERGED", merged: true, mergeCommit: { oid: await head() } } },
    });
    expect(await show()).toMatchObject({
      state: "MERGED",
      mergedBy: { login: "reviewer-one" },
      comments: { totalCount: 1 },
      reviews: { nodes: [{ state: "APPROVED", author: { login: "reviewer-one" } }] },
    });
  });

  it("is not merged by an account without the role, nor by a token without the permission", async () => {
    const pull = await pullFrom("claude/no-merge");
    const merge = "mutation($id:ID!){mergePullRequest(input:{pullRequestId:$id}){pullRequest{state}}}";
    const before = await head();
    expect(errorsOf(await s.ask(s.withToken({ ...AGENT, contents: "read" }), merge, { id: pull.id }))).toEqual([
      "FORBIDDEN Resource not accessible by personal access token",
    ]);
    s.admit("api", "read");
    expect(errorsOf(await s.ask(s.withToken(AGENT), merge, { id: pull.id }))).toEqual([
      `FORBIDDEN ${BOT} does not have the correct permissions to execute \`MergePullRequest\``,
    ]);
    s.admit("api", "write");
    expect(await head()).toBe(before);
  });

  it("finds its way back by branch and by search", async () => {
    const agent = s.withToken(AGENT);
    const pull = await pullFrom("claude/find-me");
    const query =
      'query($head:String!){repository(owner:"acme",name:"api"){pullRequests(headRefName:$head,states:OPEN,first:30,orderBy:{field:CREATED_AT,direction:DESC}){nodes{number state baseRefName headRefName isCrossRepository}}}}';
    expect(dataOf(await s.ask(agent, query, { head: "claude/find-me" }))).toMatchObject({
      repository: { pullRequests: { nodes: [{ number: pull.number, headRefName: "claude/find-me" }] } },
    });
    const search =
      "query($q:String!){search(query:$q,type:ISSUE,first:30){issueCount nodes{... on PullRequest{number}}}}";
    expect(
      dataOf(await s.ask(agent, search, { q: "is:pr is:open repo:acme/api head:claude/find-me author:@me" })),
    ).toEqual({ search: { issueCount: 1, nodes: [{ number: pull.number }] } });
    expect(
      dataOf(await s.ask(agent, search, { q: "is:pr is:open repo:acme/api head:claude/find-me -author:@me" })),
    ).toEqual({ search: { issueCount: 0, nodes: [] } });
    const resource = `{resource(url:"http://127.0.0.1:9/acme/api/pull/${pull.number}"){__typename ... on PullRequest{id}}}`;
    expect(dataOf(await s.ask(agent, resource))).toEqual({ resource: { __typename: "PullRequest", id: pull.id } });
  });

  it("has reviews with threads that are answered and settled", async () => {
    const agent = s.withToken(AGENT);
    const person = s.as("reviewer-two");
    const pull = await pullFrom("claude/threads");
    const open =
      "mutation($input:AddPullRequestReviewInput!){addPullRequestReview(input:$input){pullRequestReview{id state}}}";
    const data = dataOf<{ addPullRequestReview: { pullRequestReview: { id: string; state: string } } }>(
      await s.ask(person, open, { input: { pullRequestId: pull.id } }),
    );
    expect(data.addPullRequestReview.pullRequestReview.state).toBe("PENDING");
    const threads =
      "query($id:ID!){node(id:$id){... on PullRequest{reviews(first:5){totalCount} reviewThreads(first:5){nodes{id isResolved path line comments(first:5){nodes{body author{login}}}}}}}}";
    dataOf(
      await s.ask(
        person,
        "mutation($input:AddPullRequestReviewThreadInput!){addPullRequestReviewThread(input:$input){thread{id}}}",
        {
          input: {
            pullRequestReviewId: data.addPullRequestReview.pullRequestReview.id,
            path: "claude-threads.txt",
            line: 1,
            body: "Why hello?",
          },
        },
      ),
    );
    // A pending review is its author's alone.
    expect(dataOf(await s.ask(agent, threads, { id: pull.id }))).toMatchObject({
      node: { reviews: { totalCount: 0 } },
    });
    const submit =
      "mutation($input:SubmitPullRequestReviewInput!){submitPullRequestReview(input:$input){pullRequestReview{state}}}";
    expect(
      dataOf(
        await s.ask(person, submit, {
          input: {
            pullRequestReviewId: data.addPullRequestReview.pullRequestReview.id,
            event: "REQUEST_CHANGES",
            body: "One question.",
          },
        }),
      ),
    ).toEqual({ submitPullRequestReview: { pullRequestReview: { state: "CHANGES_REQUESTED" } } });
    const seen = dataOf<{ node: { reviewThreads: { nodes: { id: string }[] } } }>(
      await s.ask(agent, threads, { id: pull.id }),
    );
    const thread = seen.node.reviewThreads.nodes[0]?.id ?? "";
    dataOf(
      await s.ask(
        agent,
        'mutation($id:ID!){addPullRequestReviewThreadReply(input:{pullRequestReviewThreadId:$id,body:"For the test."}){comment{id}}}',
        { id: thread },
      ),
    );
    dataOf(
      await s.ask(agent, "mutation($id:ID!){resolveReviewThread(input:{threadId:$id}){thread{isResolved}}}", {
        id: thread,
      }),
    );
    expect(dataOf(await s.ask(agent, threads, { id: pull.id }))).toMatchObject({
      node: {
        reviewThreads: {
          nodes: [
            {
              isResolved: true,
              path: "claude-threads.txt",
              line: 1,
              comments: {
                nodes: [
                  { body: "Why hello?", author: { login: "reviewer-two" } },
                  { body: "For the test.", author: { login: BOT } },
                ],
              },
            },
          ],
        },
      },
    });
  });

  it("takes auto-merge only where the repository allows it and something is still missing", async () => {
    const agent = s.withToken(AGENT);
    const pull = await pullFrom("claude/auto");
    const enable =
      "mutation($id:ID!){enablePullRequestAutoMerge(input:{pullRequestId:$id,mergeMethod:SQUASH}){pullRequest{autoMergeRequest{mergeMethod enabledBy{login}}}}}";
    expect(errorsOf(await s.ask(agent, enable, { id: pull.id }))).toEqual([
      "UNPROCESSABLE Pull request Auto merge is not allowed for this repository",
    ]);
    s.repo("api").settings.allow_auto_merge = true;
    expect(errorsOf(await s.ask(agent, enable, { id: pull.id }))).toEqual([
      "UNPROCESSABLE Pull request Pull request is in clean status",
    ]);
    dataOf(
      await s.ask(
        agent,
        "mutation($id:ID!){convertPullRequestToDraft(input:{pullRequestId:$id}){pullRequest{isDraft}}}",
        { id: pull.id },
      ),
    );
    expect(dataOf(await s.ask(agent, enable, { id: pull.id }))).toEqual({
      enablePullRequestAutoMerge: {
        pullRequest: { autoMergeRequest: { mergeMethod: "SQUASH", enabledBy: { login: BOT } } },
      },
    });
    s.repo("api").settings.allow_auto_merge = false;
  });
});

describe("rules hold here as they do for pushes", () => {
  it("refuses refs and commits that a ruleset refuses, and moves nothing", async () => {
    const agent = s.withToken(AGENT);
    const at = s.world.clock.iso();
    const id = s.world.ids.next();
    s.repo("api").rulesets.set(id, {
      id,
      nodeId: "RRS_test",
      name: "fence",
      target: "branch",
      sourceType: "Repository",
      sourceId: s.repo("api").id,
      enforcement: "active",
      bypassActors: [],
      conditions: { ref_name: { include: ["~ALL"], exclude: ["refs/heads/claude/**/*"] } },
      rules: [{ type: "creation" }, { type: "update" }, { type: "deletion" }],
      createdAt: at,
      updatedAt: at,
    });
    const main = await head();
    const create = "mutation($input:CreateRefInput!){createRef(input:$input){ref{name}}}";
    const refused = await s.ask(agent, create, {
      input: { repositoryId: s.repo("api").nodeId, name: "refs/heads/feature", oid: main },
    });
    expect(errorsOf(refused)[0]).toMatch(/^UNPROCESSABLE Repository rule violations found/);
    expect(refused.data).toEqual({ createRef: null });
    expect(await head("api", "feature")).toBe("");
    dataOf(
      await s.ask(agent, create, {
        input: { repositoryId: s.repo("api").nodeId, name: "refs/heads/claude/feature", oid: main },
      }),
    );

    const commit = "mutation($input:CreateCommitOnBranchInput!){createCommitOnBranch(input:$input){commit{oid}}}";
    const onMain = {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "main" },
      expectedHeadOid: main,
      message: { headline: "x" },
      fileChanges: { additions: [{ path: "x", contents: base64("x") }] },
    };
    expect(errorsOf(await s.ask(agent, commit, { input: onMain }))[0]).toMatch(
      /^UNPROCESSABLE Repository rule violations found/,
    );
    expect(await head()).toBe(main);
    s.repo("api").rulesets.delete(id);
  });

  it("refuses workflows from a token that may not write them", async () => {
    const agent = s.withToken(AGENT);
    await branchWith("claude/workflow");
    const branch = await head("api", "claude/workflow");
    const commit = "mutation($input:CreateCommitOnBranchInput!){createCommitOnBranch(input:$input){commit{oid}}}";
    const input = {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/workflow" },
      expectedHeadOid: branch,
      message: { headline: "x" },
      fileChanges: { additions: [{ path: ".github/workflows/evil.yml", contents: base64("on: push\n") }] },
    };
    expect(errorsOf(await s.ask(agent, commit, { input }))[0]).toMatch(
      /^FORBIDDEN refusing to allow a Personal Access Token to create or update workflow/,
    );
    expect(await head("api", "claude/workflow")).toBe(branch);
    dataOf(await s.ask(s.withToken({ ...AGENT, workflows: "write" }), commit, { input }));
  });

  it("refuses a commit on a head that has moved, a ref that exists and an update that is no fast forward", async () => {
    const agent = s.withToken(AGENT);
    const tip = await branchWith("claude/stale");
    const commit = "mutation($input:CreateCommitOnBranchInput!){createCommitOnBranch(input:$input){commit{oid}}}";
    const input = {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/stale" },
      expectedHeadOid: await head(),
      message: { headline: "x" },
      fileChanges: { additions: [{ path: "x", contents: base64("x") }] },
    };
    expect(errorsOf(await s.ask(agent, commit, { input }))[0]).toMatch(/^STALE_DATA Expected branch to point to/);
    const create = "mutation($input:CreateRefInput!){createRef(input:$input){ref{name}}}";
    expect(
      errorsOf(
        await s.ask(agent, create, {
          input: { repositoryId: s.repo("api").nodeId, name: "refs/heads/claude/stale", oid: tip },
        }),
      ),
    ).toEqual(['UNPROCESSABLE A ref named "refs/heads/claude/stale" already exists in the repository.']);
    const ref = dataOf<{ repository: { ref: { id: string } } }>(
      await s.ask(agent, '{repository(owner:"acme",name:"api"){ref(qualifiedName:"refs/heads/claude/stale"){id}}}'),
    ).repository.ref.id;
    const update = "mutation($input:UpdateRefInput!){updateRef(input:$input){ref{target{oid}}}}";
    expect(errorsOf(await s.ask(agent, update, { input: { refId: ref, oid: await head() } }))[0]).toMatch(
      /not a fast forward/,
    );
    dataOf(await s.ask(agent, update, { input: { refId: ref, oid: await head(), force: true } }));
    dataOf(await s.ask(agent, "mutation($id:ID!){deleteRef(input:{refId:$id}){clientMutationId}}", { id: ref }));
    expect(await head("api", "claude/stale")).toBe("");
  });
});

describe("issues", () => {
  it("are opened, labelled, commented on and closed", async () => {
    const agent = s.withToken(AGENT);
    const bug = s.repo("api").labels.get("bug")?.nodeId;
    const created = dataOf<{ createIssue: { issue: { id: string; number: number } } }>(
      await s.ask(agent, "mutation($input:CreateIssueInput!){createIssue(input:$input){issue{id number url}}}", {
        input: { repositoryId: s.repo("api").nodeId, title: "It breaks", body: "Often." },
      }),
    ).createIssue.issue;
    const labelled = await s.ask(
      agent,
      "mutation($input:AddLabelsToLabelableInput!){addLabelsToLabelable(input:$input){labelable{... on Issue{labels(first:5){nodes{name}}}}}}",
      { input: { labelableId: created.id, labelIds: [bug] } },
    );
    expect(dataOf(labelled)).toEqual({ addLabelsToLabelable: { labelable: { labels: { nodes: [{ name: "bug" }] } } } });
    dataOf(
      await s.ask(agent, 'mutation($id:ID!){addComment(input:{subjectId:$id,body:"Seen."}){subject{id}}}', {
        id: created.id,
      }),
    );
    expect(
      dataOf(
        await s.ask(
          agent,
          "mutation($id:ID!){closeIssue(input:{issueId:$id,stateReason:NOT_PLANNED}){issue{state stateReason comments(first:5){totalCount}}}}",
          { id: created.id },
        ),
      ),
    ).toEqual({ closeIssue: { issue: { state: "CLOSED", stateReason: "NOT_PLANNED", comments: { totalCount: 1 } } } });
  });

  it("need the permission, and a label needs more than to read", async () => {
    const create = "mutation($input:CreateIssueInput!){createIssue(input:$input){issue{id}}}";
    const input = { repositoryId: s.repo("api").nodeId, title: "No" };
    const before = s.repo("api").issues.size;
    expect(errorsOf(await s.ask(s.withToken({ ...AGENT, issues: "read" }), create, { input }))).toEqual([
      "FORBIDDEN Resource not accessible by personal access token",
    ]);
    expect(s.repo("api").issues.size).toBe(before);
    s.admit("api", "read");
    const first = [...s.repo("api").issues.values()][0];
    const answer = await s.ask(
      s.withToken(AGENT),
      "mutation($input:AddLabelsToLabelableInput!){addLabelsToLabelable(input:$input){clientMutationId}}",
      { input: { labelableId: first?.nodeId, labelIds: [s.repo("api").labels.get("question")?.nodeId] } },
    );
    expect(errorsOf(answer)).toEqual([
      `FORBIDDEN ${BOT} does not have the correct permissions to execute \`AddLabelsToLabelable\``,
    ]);
    // Being the author of an issue gives its text, not its labels.
    const mine = dataOf<{ createIssue: { issue: { id: string } } }>(
      await s.ask(s.withToken(AGENT), create, {
        input: { ...input, labelIds: [s.repo("api").labels.get("bug")?.nodeId] },
      }),
    ).createIssue.issue.id;
    const update =
      "mutation($input:UpdateIssueInput!){updateIssue(input:$input){issue{title labels(first:5){nodes{name}}}}}";
    const smuggled = { id: mine, title: "Yes", labelIds: [s.repo("api").labels.get("question")?.nodeId] };
    expect(errorsOf(await s.ask(s.withToken(AGENT), update, { input: smuggled }))).toEqual([
      `FORBIDDEN ${BOT} does not have the correct permissions to execute \`UpdateIssue\``,
    ]);
    expect(dataOf(await s.ask(s.withToken(AGENT), update, { input: { id: mine, title: "Yes" } }))).toEqual({
      updateIssue: { issue: { title: "Yes", labels: { nodes: [] } } },
    });
    s.admit("api", "write");
    expect(first?.labels).toEqual(["bug"]);
  });

  it("names an input that it would pass over", async () => {
    const input = { repositoryId: s.repo("api").nodeId, title: "x", projectIds: ["P_1"] };
    expect(
      errorsOf(
        await s.ask(s.withToken(AGENT), "mutation($input:CreateIssueInput!){createIssue(input:$input){issue{id}}}", {
          input,
        }),
      ),
    ).toEqual(["NOT_IMPLEMENTED The GitHub stand-in does not implement the input projectIds of createIssue."]);
  });
});
