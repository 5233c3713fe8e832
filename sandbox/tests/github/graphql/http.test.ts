/** Over HTTP, with clients that nobody here wrote, and side by side with the REST API. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/rest";
import { startGitHub, type GitHubStandIn } from "../../../github";
import { gitOf } from "../../../github/domain/refs";
import type { Permissions, Repository, Role } from "../../../github/state";
import { environment } from "../../../../tests/support/environment";
import { BOT } from "./harness";

const run = promisify(execFile);
let github: GitHubStandIn;
let dir = "";
let api: Repository;
let botId = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "gatehouse-graphql-http-"));
  github = await startGitHub({ environment: environment(), dataDir: join(dir, "github") });
  api = github.world.repoByName("acme", "api") as Repository;
  botId = github.world.userByLogin(BOT)?.id ?? 0;
});
afterAll(async () => {
  await github.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Membership and role of the machine user on the repository `api`; without a role it is a member alone. */
function admit(role: Role | undefined): void {
  const at = github.world.clock.iso();
  github.world.orgByLogin("acme")?.memberships.set(botId, {
    userId: botId,
    role: "member",
    state: "active",
    invitedBy: null,
    createdAt: at,
    updatedAt: at,
  });
  if (role) api.collaborators.set(botId, role);
  else api.collaborators.delete(botId);
}

const mint = (permissions: Permissions): string =>
  github.world.tokens.mint({
    kind: "personal-access-token",
    userId: botId,
    login: BOT,
    permissions,
    resourceOwnerId: api.owner.id,
    repositories: [api.id],
  }).token;

describe("octokit", () => {
  const client = (auth: string): Octokit =>
    new Octokit({
      auth,
      baseUrl: github.api,
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    });

  it("asks, pages and hears of what is not there", async () => {
    const octokit = client(github.adminToken);
    const data = await octokit.graphql<{ viewer: { login: string } }>("{ viewer { login } }");
    expect(data.viewer.login).toBe("acme-admin");
    await expect(octokit.graphql('{ repository(owner: "acme", name: "no-such") { id } }')).rejects.toMatchObject({
      name: "GraphqlResponseError",
      errors: [{ type: "NOT_FOUND", message: "Could not resolve to a Repository with the name 'acme/no-such'." }],
    });
    await expect(client("nonsense").graphql("{ viewer { login } }")).rejects.toMatchObject({ status: 401 });
  });

  it("pushes with git and opens the pull request with GraphQL", async () => {
    admit("write");
    const token = mint({ contents: "write", pull_requests: "write", metadata: "read" });
    const work = join(dir, "work");
    const origin = new URL(github.git);
    const git = (...args: string[]): Promise<unknown> =>
      run("git", args, {
        cwd: args[0] === "clone" ? dir : work,
        env: {
          ...process.env,
          GIT_TERMINAL_PROMPT: "0",
          GIT_CONFIG_GLOBAL: "/dev/null",
          GIT_CONFIG_COUNT: "1",
          GIT_CONFIG_KEY_0: "http.extraHeader",
          GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
        },
      });
    await git("clone", "--quiet", `${origin.href}acme/api.git`, work);
    await git("checkout", "--quiet", "-b", "claude/by-git");
    await git(
      "-c",
      "user.name=Agent",
      "-c",
      "user.email=agent@example.com",
      "commit",
      "--quiet",
      "--allow-empty",
      "-m",
      "Say nothing",
    );
    await git("push", "--quiet", "origin", "claude/by-git");
    const query =
      "mutation($input: CreatePullRequestInput!) { createPullRequest(input: $input) { pullRequest { number headRefOid author { login } } } }";
    const data = await client(token).graphql<{ createPullRequest: { pullRequest: Record<string, unknown> } }>(query, {
      input: {
        repositoryId: api.nodeId,
        baseRefName: "main",
        headRefName: "claude/by-git",
        title: "Say nothing",
        draft: true,
      },
    });
    expect(data.createPullRequest.pullRequest).toMatchObject({
      author: { login: BOT },
      headRefOid: await gitOf(api).resolve("refs/heads/claude/by-git"),
    });
  });
});

/** One operation in both APIs. Both must let the same askers through, whatever comes of it then. */
interface Pair {
  name: string;
  rest: (n: number) => { method: string; path: string; body?: unknown };
  graphql: (n: number) => { query: string; input: Record<string, unknown> };
}

describe("whoever may not do it by REST may not do it by GraphQL", () => {
  let head = "";
  let pull = { number: 0, id: "" };
  const issue = (): { number: number; nodeId: string } => ({ number: 1, nodeId: api.issues.get(1)?.nodeId ?? "" });
  const mutation = (name: string): string =>
    `mutation($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { clientMutationId } }`;

  beforeAll(async () => {
    head = (await gitOf(api).resolve("refs/heads/main")) ?? "";
    const octokit = new Octokit({ auth: github.adminToken, baseUrl: github.api });
    await octokit.rest.git.createRef({ owner: "acme", repo: "api", ref: "refs/heads/claude/pair", sha: head });
    await octokit.rest.repos.createOrUpdateFileContents({
      owner: "acme",
      repo: "api",
      path: "pair.txt",
      branch: "claude/pair",
      message: "Pair",
      content: Buffer.from("x").toString("base64"),
    });
    const { data } = await octokit.rest.pulls.create({
      owner: "acme",
      repo: "api",
      head: "claude/pair",
      base: "main",
      title: "Pair",
      draft: true,
    });
    pull = { number: data.number, id: data.node_id };
  });

  const pairs: Pair[] = [
    {
      name: "open an issue",
      rest: () => ({ method: "POST", path: "issues", body: { title: "t" } }),
      graphql: () => ({ query: mutation("createIssue"), input: { repositoryId: api.nodeId, title: "t" } }),
    },
    {
      name: "comment on an issue",
      rest: () => ({ method: "POST", path: "issues/1/comments", body: { body: "b" } }),
      graphql: () => ({ query: mutation("addComment"), input: { subjectId: issue().nodeId, body: "b" } }),
    },
    {
      name: "comment on a pull request",
      rest: () => ({ method: "POST", path: `issues/${pull.number}/comments`, body: { body: "b" } }),
      graphql: () => ({ query: mutation("addComment"), input: { subjectId: pull.id, body: "b" } }),
    },
    {
      name: "change somebody's issue",
      rest: () => ({ method: "PATCH", path: "issues/1", body: { title: "The greeting" } }),
      graphql: () => ({ query: mutation("updateIssue"), input: { id: issue().nodeId, title: "The greeting" } }),
    },
    {
      name: "label an issue",
      rest: () => ({ method: "POST", path: "issues/1/labels", body: { labels: ["bug"] } }),
      graphql: () => ({
        query: mutation("addLabelsToLabelable"),
        input: { labelableId: issue().nodeId, labelIds: [api.labels.get("bug")?.nodeId] },
      }),
    },
    {
      name: "open a pull request",
      rest: () => ({ method: "POST", path: "pulls", body: { title: "t", head: "no-such", base: "main" } }),
      graphql: () => ({
        query: mutation("createPullRequest"),
        input: { repositoryId: api.nodeId, title: "t", headRefName: "no-such", baseRefName: "main" },
      }),
    },
    {
      name: "change somebody's pull request",
      rest: () => ({ method: "PATCH", path: `pulls/${pull.number}`, body: { title: "Pair" } }),
      graphql: () => ({ query: mutation("updatePullRequest"), input: { pullRequestId: pull.id, title: "Pair" } }),
    },
    {
      name: "merge",
      rest: () => ({ method: "PUT", path: `pulls/${pull.number}/merge`, body: {} }),
      graphql: () => ({ query: mutation("mergePullRequest"), input: { pullRequestId: pull.id } }),
    },
    {
      name: "ask for a review",
      rest: () => ({
        method: "POST",
        path: `pulls/${pull.number}/requested_reviewers`,
        body: { reviewers: ["reviewer-one"] },
      }),
      graphql: () => ({
        query: mutation("requestReviews"),
        input: { pullRequestId: pull.id, userIds: [github.world.userByLogin("reviewer-one")?.nodeId], union: true },
      }),
    },
    {
      name: "review",
      rest: () => ({ method: "POST", path: `pulls/${pull.number}/reviews`, body: { event: "COMMENT", body: "b" } }),
      graphql: () => ({
        query: mutation("addPullRequestReview"),
        input: { pullRequestId: pull.id, event: "COMMENT", body: "b" },
      }),
    },
    {
      name: "make a branch",
      rest: (n) => ({ method: "POST", path: "git/refs", body: { ref: `refs/heads/claude/r${n}`, sha: head } }),
      graphql: (n) => ({
        query: mutation("createRef"),
        input: { repositoryId: api.nodeId, name: `refs/heads/claude/g${n}`, oid: head },
      }),
    },
    {
      name: "commit a file",
      rest: (n) => ({
        method: "PUT",
        path: `contents/r${n}.txt`,
        body: { message: "m", content: "eA==", branch: "no-such" },
      }),
      graphql: () => ({
        query: mutation("createCommitOnBranch"),
        input: {
          branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/pair" },
          expectedHeadOid: head,
          message: { headline: "m" },
          fileChanges: { additions: [{ path: "x", contents: "eA==" }] },
        },
      }),
    },
  ];
  const everything: Permissions = {
    contents: "write",
    pull_requests: "write",
    issues: "write",
    metadata: "read",
    administration: "write",
  };
  const tokens: [string, Permissions][] = [
    ["everything", everything],
    ["nothing", { metadata: "read" }],
    ...(["contents", "pull_requests", "issues"] as const).flatMap((name): [string, Permissions][] => [
      [`only ${name}`, { metadata: "read", [name]: "write" }],
      [`all but ${name}`, { ...everything, [name]: "read" }],
    ]),
  ];

  it.each(pairs)("$name", async ({ name, rest, graphql }) => {
    let n = pairs.findIndex((pair) => pair.name === name) * 1000;
    const verdicts: string[] = [];
    for (const role of [undefined, "read", "triage", "write"] as const) {
      admit(role);
      for (const [kind, permissions] of tokens) {
        const headers = { authorization: `Bearer ${mint(permissions)}`, "content-type": "application/json" };
        const { method, path, body } = rest(++n);
        const answer = await fetch(`${github.api}/repos/acme/api/${path}`, {
          method,
          headers,
          body: JSON.stringify(body),
        });
        // A branch that is not there is not found, too: what the server says of the branch is no refusal of the asker.
        const said = (await answer.json()) as { message?: string };
        const byRest =
          [401, 403, 404].includes(answer.status) && !/branch/i.test(said.message ?? "") ? "refused" : "let through";
        const { query, input } = graphql(n);
        const { errors } = (await (
          await fetch(github.graphql, {
            method: "POST",
            headers,
            body: JSON.stringify({ query, variables: { input } }),
          })
        ).json()) as { errors?: { type?: string }[] };
        const byGraphql = errors?.some(({ type }) => type === "FORBIDDEN" || type === "NOT_FOUND")
          ? "refused"
          : "let through";
        if (byRest !== byGraphql)
          verdicts.push(
            `${role ?? "no role"}, token of ${kind}: REST ${byRest} (${answer.status}), GraphQL ${byGraphql} ${JSON.stringify(errors ?? null)}`,
          );
      }
    }
    expect(verdicts).toEqual([]);
  });
});
