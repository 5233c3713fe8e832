import { Octokit } from "@octokit/rest";
import { ROUTES } from "../../../gate/policy/rest/routes";
import { quiet, startPositive, type Positive } from "./support/world";

/**
 * What coding agents do through octokit, with the gate as its base URL: all of it passes, with the content that GitHub
 * has.
 */

let t: Positive;
let octokit: Octokit;
/** Things made or found before the table runs, by the names under which the table uses them. */
const known: Record<string, string & number> = {};
const at = { owner: "acme", repo: "api" };
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const set = (values: Record<string, string | number | undefined>): void => void Object.assign(known, values);

beforeAll(async () => {
  t = await startPositive();
  octokit = new Octokit({ baseUrl: `${t.gate.url}/api/v3`, auth: t.gate.key, log: quiet });
  const admin = t.github.admin;
  for (let i = 0; i < 12; i++)
    await admin("POST", "/repos/acme/api/issues", { title: `Issue ${i}`, body: "text", labels: ["bug"] });
  await admin("POST", "/repos/acme/api/milestones", { title: "Next" });
  await admin("POST", "/repos/acme/api/labels", { name: "good first issue", color: "00ff00" });
  const main = (await admin("GET", "/repos/acme/api/git/ref/heads/main")).body.object.sha as string;
  const commit = (await admin("GET", `/repos/acme/api/git/commits/${main}`)).body;
  const file = (await admin("GET", "/repos/acme/api/contents/src/greeting.js")).body;
  const tag = (
    await admin("POST", "/repos/acme/api/git/tags", { tag: "v2.0.0", message: "two", object: main, type: "commit" })
  ).body;
  const run = (await admin("GET", "/repos/acme/api/actions/runs")).body.workflow_runs[0];
  const job = (await admin("GET", `/repos/acme/api/actions/runs/${run.id}/jobs`)).body.jobs[0];
  const artifact = (await admin("GET", "/repos/acme/api/actions/artifacts")).body.artifacts?.[0];
  const release = (await admin("GET", "/repos/acme/api/releases/latest")).body;
  const check = (await admin("GET", `/repos/acme/api/commits/${main}/check-runs`)).body.check_runs[0];
  set({
    main,
    tree: commit.tree.sha,
    blob: file.sha,
    tag: tag.sha,
    run: run.id,
    workflow: run.workflow_id,
    job: job.id,
    artifact: artifact?.id ?? 1,
    release: release.id,
    asset: release.assets[0].id,
    check: check?.id,
    suite: check?.check_suite.id,
  });
}, 90_000);
afterAll(() => t?.stop());

type Case = readonly [
  name: string,
  run: () => Promise<{ readonly status: number; readonly data: unknown }>,
  holds: (data: never) => unknown,
  expected: unknown,
];
interface Sha {
  sha: string;
}
interface Named {
  name: string;
}
interface Item {
  number: number;
  title: string;
  body: string;
  id: number;
}

const reading: readonly Case[] = [
  [
    "the root",
    () => octokit.request("GET /"),
    (d: { current_user_url: string }) => d.current_user_url,
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/api\/v3\/user$/),
  ],
  ["meta", () => octokit.meta.get(), (d: object) => typeof d, "object"],
  ["the versions", () => octokit.meta.getAllVersions(), (d: string[]) => d.includes("2022-11-28"), true],
  [
    "the rate limit",
    () => octokit.rateLimit.get(),
    (d: { resources: { core: { limit: number } } }) => d.resources.core.limit > 0,
    true,
  ],
  ["who one is", () => octokit.users.getAuthenticated(), (d: { login: string }) => d.login, "claude-bot"],
  [
    "another account",
    () => octokit.users.getByUsername({ username: "reviewer-one" }),
    (d: { login: string }) => d.login,
    "reviewer-one",
  ],
  [
    "an App's account",
    () =>
      octokit.users.getByUsername({ username: "github-actions[bot]" }).catch((e: { status: number }) => ({
        status: 200,
        data: { login: e.status === 404 ? "github-actions[bot]" : `refused ${e.status}` },
      })),
    (d: { login: string }) => d.login,
    "github-actions[bot]",
  ],
  [
    "a repository",
    () => octokit.repos.get(at),
    (d: { full_name: string; url: string }) => [d.full_name, d.url.startsWith(t.gate.url)],
    ["acme/api", true],
  ],
  [
    "a repository in another case",
    () => octokit.repos.get({ owner: "ACME", repo: "Api" }),
    (d: { full_name: string }) => d.full_name,
    "acme/api",
  ],
  [
    "the read-only repository",
    () => octokit.repos.get({ owner: "acme", repo: "docs" }),
    (d: { full_name: string }) => d.full_name,
    "acme/docs",
  ],
  ["languages", () => octokit.repos.listLanguages(at), (d: object) => Object.keys(d).length > 0, true],
  ["topics", () => octokit.repos.getAllTopics(at), (d: { names: string[] }) => Array.isArray(d.names), true],
  ["contributors", () => octokit.repos.listContributors({ ...at, anon: "1" }), (d: unknown[]) => d.length > 0, true],
  [
    "assignees",
    () => octokit.issues.listAssignees(at),
    (d: { login: string }[]) => d.some((u) => u.login === "reviewer-one"),
    true,
  ],
  ["tags", () => octokit.repos.listTags(at), (d: Named[]) => d.some((x) => x.name === "v1.0.0"), true],
  [
    "errors of CODEOWNERS",
    () => octokit.repos.codeownersErrors(at),
    (d: { errors: unknown[] }) => Array.isArray(d.errors),
    true,
  ],
  [
    "the rules of a branch",
    () => octokit.repos.getBranchRules({ ...at, branch: "main" }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "the rules of a branch with a slash",
    () => octokit.repos.getBranchRules({ ...at, branch: "claude/table" }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "branches",
    () => octokit.repos.listBranches({ ...at, protected: false }),
    (d: Named[]) => d.map((b) => b.name).includes("main"),
    true,
  ],
  [
    "a branch",
    () => octokit.repos.getBranch({ ...at, branch: "main" }),
    (d: { commit: Sha }) => d.commit.sha === known["main"],
    true,
  ],
  [
    "the files of a directory",
    () => octokit.repos.getContent({ ...at, path: "" }),
    (d: Named[]) => d.map((f) => f.name).includes("README.md"),
    true,
  ],
  [
    "a directory below",
    () => octokit.repos.getContent({ ...at, path: "src" }),
    (d: Named[]) => d.map((f) => f.name).sort(),
    ["greeting.js", "index.js"],
  ],
  [
    "a file",
    () => octokit.repos.getContent({ ...at, path: "src/greeting.js", ref: "main" }),
    (d: { content: string }) => Buffer.from(d.content, "base64").toString(),
    expect.stringContaining("Hello"),
  ],
  [
    "a file as it is",
    () => octokit.repos.getContent({ ...at, path: "src/greeting.js", mediaType: { format: "raw" } }),
    (d: string) => d,
    expect.stringContaining("Hello"),
  ],
  [
    "a workflow's file",
    () => octokit.repos.getContent({ ...at, path: ".github/workflows/ci.yml" }),
    (d: { path: string }) => d.path,
    ".github/workflows/ci.yml",
  ],
  ["the readme", () => octokit.repos.getReadme(at), (d: { name: string }) => d.name, "README.md"],
  [
    "commits",
    () => octokit.repos.listCommits({ ...at, sha: "main", per_page: 3, since: "2020-01-01T00:00:00Z" }),
    (d: Sha[]) => [d.length, d[0]?.sha === known["main"]],
    [3, true],
  ],
  [
    "commits of a path",
    () => octokit.repos.listCommits({ ...at, path: "src/greeting.js" }),
    (d: unknown[]) => d.length,
    1,
  ],
  ["a commit", () => octokit.repos.getCommit({ ...at, ref: "main" }), (d: Sha) => d.sha === known["main"], true],
  [
    "a commit by a tag",
    () => octokit.repos.getCommit({ ...at, ref: "v1.0.0" }),
    (d: { files: unknown[] }) => d.files.length,
    1,
  ],
  [
    "a commit as a diff",
    () => octokit.repos.getCommit({ ...at, ref: "main", mediaType: { format: "diff" } }),
    (d: string) => d,
    expect.stringMatching(/^diff --git/),
  ],
  [
    "a commit's pull requests",
    () => octokit.repos.listPullRequestsAssociatedWithCommit({ ...at, commit_sha: known["main"] ?? "" }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "a commit's branches",
    () => octokit.repos.listBranchesForHeadCommit({ ...at, commit_sha: known["main"] ?? "" }),
    (d: Named[]) => d.map((b) => b.name).includes("main"),
    true,
  ],
  [
    "a commit's comments",
    () => octokit.repos.listCommentsForCommit({ ...at, commit_sha: known["main"] ?? "" }),
    (d: unknown[]) => d,
    [],
  ],
  [
    "the combined status",
    () => octokit.repos.getCombinedStatusForRef({ ...at, ref: "main" }),
    (d: { state: string }) => typeof d.state,
    "string",
  ],
  [
    "statuses",
    () => octokit.repos.listCommitStatusesForRef({ ...at, ref: "main" }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "check runs",
    () => octokit.checks.listForRef({ ...at, ref: "main", filter: "latest" }),
    (d: { total_count: number }) => d.total_count > 0,
    true,
  ],
  [
    "check suites",
    () => octokit.checks.listSuitesForRef({ ...at, ref: "main" }),
    (d: { total_count: number }) => d.total_count > 0,
    true,
  ],
  ["a check run", () => octokit.checks.get({ ...at, check_run_id: known["check"] ?? 0 }), (d: Named) => d.name, "ci"],
  [
    "annotations",
    () => octokit.checks.listAnnotations({ ...at, check_run_id: known["check"] ?? 0 }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "a check suite",
    () => octokit.checks.getSuite({ ...at, check_suite_id: known["suite"] ?? 0 }),
    (d: { id: number }) => d.id === known["suite"],
    true,
  ],
  [
    "a suite's runs",
    () => octokit.checks.listForSuite({ ...at, check_suite_id: known["suite"] ?? 0 }),
    (d: { total_count: number }) => d.total_count > 0,
    true,
  ],
  [
    "a comparison",
    () => octokit.repos.compareCommitsWithBasehead({ ...at, basehead: "v1.0.0...main" }),
    (d: { ahead_by: number }) => d.ahead_by > 0,
    true,
  ],
  [
    "a comparison with pages",
    () => octokit.repos.compareCommitsWithBasehead({ ...at, basehead: "v1.0.0...main", per_page: 1, page: 2 }),
    (d: { commits: unknown[] }) => d.commits.length,
    1,
  ],
  [
    "a reference",
    () => octokit.git.getRef({ ...at, ref: "heads/main" }),
    (d: { object: Sha }) => d.object.sha === known["main"],
    true,
  ],
  [
    "references by prefix",
    () => octokit.git.listMatchingRefs({ ...at, ref: "heads/ma" }),
    (d: unknown[]) => d.length,
    1,
  ],
  [
    "a git commit",
    () => octokit.git.getCommit({ ...at, commit_sha: known["main"] ?? "" }),
    (d: { tree: Sha }) => d.tree.sha === known["tree"],
    true,
  ],
  [
    "a tree",
    () => octokit.git.getTree({ ...at, tree_sha: known["tree"] ?? "" }),
    (d: { tree: unknown[] }) => d.tree.length > 2,
    true,
  ],
  [
    "a tree with all below",
    () => octokit.git.getTree({ ...at, tree_sha: "main", recursive: "1" }),
    (d: { tree: { path: string }[] }) => d.tree.some((e) => e.path === "src/index.js"),
    true,
  ],
  [
    "a blob",
    () => octokit.git.getBlob({ ...at, file_sha: known["blob"] ?? "" }),
    (d: { content: string }) => Buffer.from(d.content, "base64").toString(),
    expect.stringContaining("Hello"),
  ],
  [
    "a tag object",
    () => octokit.git.getTag({ ...at, tag_sha: known["tag"] ?? "" }),
    (d: { tag: string }) => d.tag,
    "v2.0.0",
  ],
  [
    "releases",
    () => octokit.repos.listReleases(at),
    (d: { tag_name: string }[]) => d.map((r) => r.tag_name),
    ["v1.0.0"],
  ],
  ["the latest release", () => octokit.repos.getLatestRelease(at), (d: { tag_name: string }) => d.tag_name, "v1.0.0"],
  [
    "a release by its tag",
    () => octokit.repos.getReleaseByTag({ ...at, tag: "v1.0.0" }),
    (d: { id: number }) => d.id === known["release"],
    true,
  ],
  [
    "a release",
    () => octokit.repos.getRelease({ ...at, release_id: known["release"] ?? 0 }),
    (d: { id: number }) => d.id === known["release"],
    true,
  ],
  [
    "a release's assets",
    () => octokit.repos.listReleaseAssets({ ...at, release_id: known["release"] ?? 0 }),
    (d: Named[]) => d.map((a) => a.name),
    ["api-1.0.0.txt"],
  ],
  [
    "an asset's description",
    () => octokit.repos.getReleaseAsset({ ...at, asset_id: known["asset"] ?? 0 }),
    (d: Named) => d.name,
    "api-1.0.0.txt",
  ],
  [
    "issues",
    () =>
      octokit.issues.listForRepo({
        ...at,
        state: "all",
        labels: "bug",
        sort: "created",
        direction: "asc",
        per_page: 5,
      }),
    (d: unknown[]) => d.length,
    5,
  ],
  [
    "issues by their author",
    () => octokit.issues.listForRepo({ ...at, creator: "acme-admin", direction: "asc" }),
    (d: unknown[]) => d.length > 0,
    true,
  ],
  [
    "an issue",
    () => octokit.issues.get({ ...at, issue_number: 1 }),
    (d: Item) => d.title,
    "The greeting forgets the comma",
  ],
  [
    "an issue's comments",
    () => octokit.issues.listComments({ ...at, issue_number: 1 }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "all comments",
    () => octokit.issues.listCommentsForRepo({ ...at, sort: "updated" }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "an issue's events",
    () => octokit.issues.listEvents({ ...at, issue_number: 2 }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "an issue's timeline",
    () => octokit.issues.listEventsForTimeline({ ...at, issue_number: 2 }),
    (d: unknown[]) => Array.isArray(d),
    true,
  ],
  [
    "an issue's labels",
    () => octokit.issues.listLabelsOnIssue({ ...at, issue_number: 2 }),
    (d: Named[]) => d.map((l) => l.name),
    ["bug"],
  ],
  [
    "labels",
    () => octokit.issues.listLabelsForRepo(at),
    (d: Named[]) => d.map((l) => l.name).includes("good first issue"),
    true,
  ],
  [
    "a label with blanks",
    () => octokit.issues.getLabel({ ...at, name: "good first issue" }),
    (d: Named) => d.name,
    "good first issue",
  ],
  [
    "milestones",
    () => octokit.issues.listMilestones({ ...at, state: "all" }),
    (d: Item[]) => d.map((m) => m.title),
    ["Next"],
  ],
  ["a milestone", () => octokit.issues.getMilestone({ ...at, milestone_number: 1 }), (d: Item) => d.title, "Next"],
  ["workflows", () => octokit.actions.listRepoWorkflows(at), (d: { total_count: number }) => d.total_count, 1],
  [
    "a workflow by its file",
    () => octokit.actions.getWorkflow({ ...at, workflow_id: "ci.yml" }),
    (d: Named) => d.name,
    "CI",
  ],
  [
    "a workflow's runs",
    () =>
      octokit.actions.listWorkflowRuns({
        ...at,
        workflow_id: known["workflow"] ?? 0,
        branch: "main",
        event: "push",
        status: "completed",
      }),
    (d: { total_count: number }) => d.total_count > 0,
    true,
  ],
  [
    "runs",
    () =>
      octokit.actions.listWorkflowRunsForRepo({
        ...at,
        branch: "main",
        created: ">=2020-01-01",
        head_sha: known["main"] ?? "",
      }),
    (d: { total_count: number }) => d.total_count > 0,
    true,
  ],
  [
    "a run",
    () => octokit.actions.getWorkflowRun({ ...at, run_id: known["run"] ?? 0 }),
    (d: { id: number }) => d.id === known["run"],
    true,
  ],
  [
    "a run's jobs",
    () => octokit.actions.listJobsForWorkflowRun({ ...at, run_id: known["run"] ?? 0, filter: "latest" }),
    (d: { total_count: number }) => d.total_count,
    1,
  ],
  [
    "a run's artifacts",
    () => octokit.actions.listWorkflowRunArtifacts({ ...at, run_id: known["run"] ?? 0 }),
    (d: { total_count: number }) => typeof d.total_count,
    "number",
  ],
  [
    "a job",
    () => octokit.actions.getJobForWorkflowRun({ ...at, job_id: known["job"] ?? 0 }),
    (d: Named) => d.name,
    "ci",
  ],
  [
    "artifacts",
    () => octokit.actions.listArtifactsForRepo({ ...at, name: "logs" }),
    (d: { total_count: number }) => typeof d.total_count,
    "number",
  ],
  [
    "a search for code",
    () => octokit.search.code({ q: "greeting repo:acme/api in:file language:javascript" }),
    (d: { items: { path: string }[] }) => d.items.some((i) => i.path === "src/greeting.js"),
    true,
  ],
  [
    "a search in both repositories",
    () => octokit.search.code({ q: "greeting repo:acme/api repo:acme/docs" }),
    (d: { items: { repository: { full_name: string } }[] }) =>
      [...new Set(d.items.map((i) => i.repository.full_name))].sort(),
    ["acme/api", "acme/docs"],
  ],
  [
    "a search for issues",
    () =>
      octokit.search.issuesAndPullRequests({
        q: 'repo:acme/api is:issue is:open label:"good first issue",bug comma',
        sort: "created",
        order: "desc",
      }),
    (d: { total_count: number }) => typeof d.total_count,
    "number",
  ],
  [
    "a search for a phrase with an apostrophe",
    () => octokit.search.issuesAndPullRequests({ q: 'repo:acme/api "it\'s" is:issue' }),
    (d: { total_count: number }) => d.total_count,
    0,
  ],
  [
    "a search for commits",
    () => octokit.search.commits({ q: "greeting repo:acme/api" }),
    (d: { total_count: number }) => d.total_count > 0,
    true,
  ],
  [
    "a search for a repository",
    () => octokit.search.repos({ q: "repo:acme/api" }),
    (d: { items: Named[] }) => d.items.map((i) => i.name),
    ["api"],
  ],
];

const file = (path: string, text: string) => ({
  ...at,
  path,
  message: "Change",
  content: base64(text),
  branch: "claude/table",
});
const writing: readonly Case[] = [
  [
    "creates a branch",
    () => octokit.git.createRef({ ...at, ref: "refs/heads/claude/table", sha: known["main"] ?? "" }),
    (d: { ref: string }) => d.ref,
    "refs/heads/claude/table",
  ],
  [
    "reads a branch with a slash",
    () => octokit.repos.getBranch({ ...at, branch: "claude/table" }),
    (d: Named) => d.name,
    "claude/table",
  ],
  [
    "reads a reference with slashes",
    () => octokit.git.getRef({ ...at, ref: "heads/claude/table" }),
    (d: { ref: string }) => d.ref,
    "refs/heads/claude/table",
  ],
  [
    "creates a file",
    () => octokit.repos.createOrUpdateFileContents(file("docs/a b/é.md", "# é\n")),
    (d: { content: { path: string; sha: string } }) => (set({ made: d.content.sha }), d.content.path),
    "docs/a b/é.md",
  ],
  [
    "reads a file with blanks and accents",
    () => octokit.repos.getContent({ ...at, path: "docs/a b/é.md", ref: "claude/table" }),
    (d: { content: string }) => Buffer.from(d.content, "base64").toString(),
    "# é\n",
  ],
  [
    "updates a file",
    () =>
      octokit.repos.createOrUpdateFileContents({
        ...file("docs/a b/é.md", "# e\n"),
        sha: known["made"]!,
        author: { name: "Agent", email: "agent@example.com" },
      }),
    (d: { content: Sha }) => (set({ made: d.content.sha }), d.content.sha.length),
    40,
  ],
  [
    "deletes a file",
    () =>
      octokit.repos.deleteFile({
        ...at,
        path: "docs/a b/é.md",
        message: "Remove",
        sha: known["made"] ?? "",
        branch: "claude/table",
      }),
    (d: { commit: Sha }) => d.commit.sha.length,
    40,
  ],
  [
    "creates a blob",
    () => octokit.git.createBlob({ ...at, content: "made by hand\n", encoding: "utf-8" }),
    (d: Sha) => (set({ newBlob: d.sha }), d.sha.length),
    40,
  ],
  [
    "creates a blob of bytes",
    () =>
      octokit.git.createBlob({ ...at, content: Buffer.from([0, 255, 128, 10]).toString("base64"), encoding: "base64" }),
    (d: Sha) => (set({ bytes: d.sha }), d.sha.length),
    40,
  ],
  [
    "creates a tree",
    () =>
      octokit.git.createTree({
        ...at,
        base_tree: known["tree"]!,
        tree: [
          { path: "src/made.txt", mode: "100644", type: "blob", sha: known["newBlob"]! },
          { path: "bin/x", mode: "100755", type: "blob", content: "#!/bin/sh\n" },
          { path: "docs/contributing.md", mode: "100644", type: "blob", sha: null },
        ],
      }),
    (d: Sha) => (set({ newTree: d.sha }), d.sha.length),
    40,
  ],
  [
    "creates a commit",
    () =>
      octokit.git.createCommit({
        ...at,
        message: "Make things\n\nBy hand.",
        tree: known["newTree"] ?? "",
        parents: [known["main"] ?? ""],
        author: { name: "Agent", email: "agent@example.com", date: "2026-02-01T00:00:00Z" },
      }),
    (d: Sha) => (set({ newCommit: d.sha }), d.sha.length),
    40,
  ],
  [
    "creates a branch on it",
    () => octokit.git.createRef({ ...at, ref: "refs/heads/claude/made", sha: known["newCommit"] ?? "" }),
    (d: { object: Sha }) => d.object.sha === known["newCommit"],
    true,
  ],
  [
    "creates another commit",
    () =>
      octokit.git.createCommit({
        ...at,
        message: "More",
        tree: known["tree"] ?? "",
        parents: [known["newCommit"] ?? ""],
      }),
    (d: Sha) => (set({ nextCommit: d.sha }), d.sha.length),
    40,
  ],
  [
    "moves the branch",
    () => octokit.git.updateRef({ ...at, ref: "heads/claude/made", sha: known["nextCommit"] ?? "", force: false }),
    (d: { object: Sha }) => d.object.sha === known["nextCommit"],
    true,
  ],
  [
    "puts a file on it",
    () =>
      octokit.repos.createOrUpdateFileContents({
        ...file("src/greeting.js", 'exports.greeting = () => "Good day";\n'),
        branch: "claude/made",
        sha: known["blob"]!,
      }),
    (d: { commit: Sha }) => (set({ head: d.commit.sha }), d.commit.sha.length),
    40,
  ],
  [
    "proposes it",
    () =>
      octokit.pulls.create({
        ...at,
        title: "Good day",
        body: 'Says `"good" day`.\n\n- [ ] tested',
        head: "claude/made",
        base: "main",
        draft: true,
        maintainer_can_modify: true,
      }),
    (d: Item & { draft: boolean }) => (set({ pull: d.number }), d.draft),
    true,
  ],
  [
    "proposes as owner:branch, and as a draft though it did not say so",
    () =>
      octokit.repos
        .createOrUpdateFileContents(file("b.txt", "b"))
        .then(() => octokit.pulls.create({ ...at, title: "B", head: "acme:claude/table", base: "main" })),
    (d: { draft: boolean }) => d.draft,
    true,
  ],
  [
    "lists pull requests",
    () => octokit.pulls.list({ ...at, state: "open", head: "acme:claude/made", base: "main", sort: "created" }),
    (d: Item[]) => d.map((p) => p.number === known["pull"]),
    [true],
  ],
  [
    "reads it",
    () => octokit.pulls.get({ ...at, pull_number: known["pull"] ?? 0 }),
    (d: { url: string; head: { ref: string } }) => [d.head.ref, d.url.startsWith(t.gate.url)],
    ["claude/made", true],
  ],
  [
    "reads it as a diff",
    () => octokit.pulls.get({ ...at, pull_number: known["pull"] ?? 0, mediaType: { format: "diff" } }),
    (d: string) => d,
    expect.stringMatching(/^diff --git/),
  ],
  [
    "reads it as a patch",
    () => octokit.pulls.get({ ...at, pull_number: known["pull"] ?? 0, mediaType: { format: "patch" } }),
    (d: string) => d,
    expect.stringMatching(/^From [0-9a-f]{40}/),
  ],
  [
    "lists its commits",
    () => octokit.pulls.listCommits({ ...at, pull_number: known["pull"] ?? 0 }),
    (d: unknown[]) => d.length > 0,
    true,
  ],
  [
    "lists its files",
    () => octokit.pulls.listFiles({ ...at, pull_number: known["pull"] ?? 0 }),
    (d: { filename: string }[]) => d.map((f) => f.filename),
    ["src/greeting.js"],
  ],
  [
    "asks whether it is merged",
    () =>
      octokit.pulls
        .checkIfMerged({ ...at, pull_number: known["pull"] ?? 0 })
        .catch((e: { status: number }) => ({ status: 200, data: e.status })),
    (d: number) => d,
    404,
  ],
  [
    "edits it",
    () =>
      octokit.pulls.update({ ...at, pull_number: known["pull"] ?? 0, title: "Good day, and more", body: "New text" }),
    (d: Item) => d.title,
    "Good day, and more",
  ],
  [
    "asks for reviewers",
    () => octokit.pulls.requestReviewers({ ...at, pull_number: known["pull"] ?? 0, reviewers: ["reviewer-one"] }),
    (d: { requested_reviewers: { login: string }[] }) => d.requested_reviewers.map((r) => r.login),
    ["reviewer-one"],
  ],
  [
    "reads who is asked",
    () => octokit.pulls.listRequestedReviewers({ ...at, pull_number: known["pull"] ?? 0 }),
    (d: { users: { login: string }[] }) => d.users.some((r) => r.login === "reviewer-one"),
    true,
  ],
  [
    "reviews as a comment",
    () =>
      octokit.pulls.createReview({
        ...at,
        pull_number: known["pull"] ?? 0,
        event: "COMMENT",
        body: "Looks fine",
        comments: [{ path: "src/greeting.js", line: 1, side: "RIGHT", body: "Here" }],
      }),
    (d: { id: number; state: string }) => (set({ review: d.id }), d.state),
    "COMMENTED",
  ],
  [
    "prepares a review",
    () => octokit.pulls.createReview({ ...at, pull_number: known["pull"] ?? 0, body: "Later" }),
    (d: { id: number; state: string }) => (set({ pending: d.id }), d.state),
    "PENDING",
  ],
  [
    "submits it",
    () =>
      octokit.pulls.submitReview({
        ...at,
        pull_number: known["pull"] ?? 0,
        review_id: known["pending"] ?? 0,
        event: "COMMENT",
        body: "Now",
      }),
    (d: { state: string }) => d.state,
    "COMMENTED",
  ],
  [
    "edits a review",
    () =>
      octokit.pulls.updateReview({
        ...at,
        pull_number: known["pull"] ?? 0,
        review_id: known["review"] ?? 0,
        body: "Looks good",
      }),
    (d: Item) => d.body,
    "Looks good",
  ],
  [
    "lists reviews",
    () => octokit.pulls.listReviews({ ...at, pull_number: known["pull"] ?? 0 }),
    (d: unknown[]) => d.length,
    2,
  ],
  [
    "reads a review",
    () => octokit.pulls.getReview({ ...at, pull_number: known["pull"] ?? 0, review_id: known["review"] ?? 0 }),
    (d: Item) => d.body,
    "Looks good",
  ],
  [
    "lists a review's comments",
    () =>
      octokit.pulls.listCommentsForReview({ ...at, pull_number: known["pull"] ?? 0, review_id: known["review"] ?? 0 }),
    (d: Item[]) => (set({ line: d[0]?.id }), d.length),
    1,
  ],
  [
    "comments on a line",
    () =>
      octokit.pulls.createReviewComment({
        ...at,
        pull_number: known["pull"] ?? 0,
        commit_id: known["head"] ?? "",
        path: "src/greeting.js",
        line: 1,
        side: "RIGHT",
        body: "A line",
      }),
    (d: Item) => d.body,
    "A line",
  ],
  [
    "answers a comment",
    () =>
      octokit.pulls.createReplyForReviewComment({
        ...at,
        pull_number: known["pull"] ?? 0,
        comment_id: known["line"] ?? 0,
        body: "Done",
      }),
    (d: Item) => d.body,
    "Done",
  ],
  [
    "edits a comment on a line",
    () => octokit.pulls.updateReviewComment({ ...at, comment_id: known["line"] ?? 0, body: "There" }),
    (d: Item) => d.body,
    "There",
  ],
  [
    "reacts to it",
    () => octokit.reactions.createForPullRequestReviewComment({ ...at, comment_id: known["line"] ?? 0, content: "+1" }),
    (d: { content: string }) => d.content,
    "+1",
  ],
  [
    "reads a comment on a line",
    () => octokit.pulls.getReviewComment({ ...at, comment_id: known["line"] ?? 0 }),
    (d: Item) => d.body,
    "There",
  ],
  [
    "lists comments on lines",
    () => octokit.pulls.listReviewComments({ ...at, pull_number: known["pull"] ?? 0, sort: "created" }),
    (d: unknown[]) => d.length,
    3,
  ],
  [
    "lists all comments on lines",
    () => octokit.pulls.listReviewCommentsForRepo({ ...at, since: "2020-01-01T00:00:00Z" }),
    (d: unknown[]) => d.length,
    3,
  ],
  [
    "opens an issue",
    () =>
      octokit.issues.create({
        ...at,
        title: "A thing: ütf-8 😀",
        body: 'Text with `code`,\n"quotes" and \\ backslash',
        labels: ["bug", "good first issue"],
        assignees: ["claude-bot"],
      }),
    (d: Item) => (set({ issue: d.number }), d.title),
    "A thing: ütf-8 😀",
  ],
  [
    "edits an issue",
    () => octokit.issues.update({ ...at, issue_number: known["issue"] ?? 0, title: "A thing", milestone: 1 }),
    (d: Item) => d.title,
    "A thing",
  ],
  [
    "comments",
    () =>
      octokit.issues.createComment({
        ...at,
        issue_number: known["issue"] ?? 0,
        body: "see http://127.0.0.1/ and `ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`",
      }),
    (d: Item) => (set({ comment: d.id }), d.id > 0),
    true,
  ],
  [
    "edits a comment",
    () => octokit.issues.updateComment({ ...at, comment_id: known["comment"] ?? 0, body: "edited" }),
    (d: Item) => d.body,
    "edited",
  ],
  [
    "reads a comment",
    () => octokit.issues.getComment({ ...at, comment_id: known["comment"] ?? 0 }),
    (d: Item) => d.body,
    "edited",
  ],
  [
    "reacts to a comment",
    () => octokit.reactions.createForIssueComment({ ...at, comment_id: known["comment"] ?? 0, content: "heart" }),
    (d: { content: string }) => d.content,
    "heart",
  ],
  [
    "reacts to an issue",
    () => octokit.reactions.createForIssue({ ...at, issue_number: known["issue"] ?? 0, content: "rocket" }),
    (d: { content: string }) => d.content,
    "rocket",
  ],
  [
    "reads reactions",
    () => octokit.reactions.listForIssue({ ...at, issue_number: known["issue"] ?? 0 }),
    (d: unknown[]) => d.length,
    1,
  ],
  [
    "adds labels",
    () => octokit.issues.addLabels({ ...at, issue_number: known["issue"] ?? 0, labels: ["enhancement"] }),
    (d: Named[]) => d.map((l) => l.name).includes("enhancement"),
    true,
  ],
  [
    "removes a label with blanks",
    () => octokit.issues.removeLabel({ ...at, issue_number: known["issue"] ?? 0, name: "good first issue" }),
    (d: Named[]) => d.map((l) => l.name).includes("good first issue"),
    false,
  ],
  [
    "sets labels",
    () => octokit.issues.setLabels({ ...at, issue_number: known["issue"] ?? 0, labels: ["bug"] }),
    (d: Named[]) => d.map((l) => l.name),
    ["bug"],
  ],
  [
    "assigns",
    () => octokit.issues.addAssignees({ ...at, issue_number: known["issue"] ?? 0, assignees: ["reviewer-one"] }),
    (d: { assignees: unknown[] }) => d.assignees.length,
    2,
  ],
  [
    "unassigns",
    () => octokit.issues.removeAssignees({ ...at, issue_number: known["issue"] ?? 0, assignees: ["reviewer-one"] }),
    (d: { assignees: unknown[] }) => d.assignees.length,
    1,
  ],
  [
    "closes an issue",
    () =>
      octokit.issues.update({ ...at, issue_number: known["issue"] ?? 0, state: "closed", state_reason: "completed" }),
    (d: { state: string }) => d.state,
    "closed",
  ],
  [
    "closes its pull request",
    () => octokit.pulls.update({ ...at, pull_number: known["pull"] ?? 0, state: "closed" }),
    (d: { state: string }) => d.state,
    "closed",
  ],
];

const check = async ([, run, holds, expected]: Case): Promise<void> => {
  const answer = await run();
  expect(answer.status).toBeLessThan(300);
  expect(holds(answer.data as never)).toEqual(expected);
};

describe("octokit reads", () => {
  it.each(reading)("%s", (...one) => check(one as unknown as Case));
});

describe("octokit", () => {
  it.each(writing)("%s", (...one) => check(one as unknown as Case));
});

describe("downloads", () => {
  const bytes = (data: unknown): Buffer => Buffer.from(data as ArrayBuffer);

  it("archives, logs and assets, whole", async () => {
    expect(bytes((await octokit.repos.downloadTarballArchive({ ...at, ref: "main" })).data).subarray(0, 2)).toEqual(
      Buffer.from([0x1f, 0x8b]),
    );
    expect(
      bytes((await octokit.repos.downloadZipballArchive({ ...at, ref: "v1.0.0" })).data)
        .subarray(0, 2)
        .toString(),
    ).toBe("PK");
    expect(bytes((await octokit.request("GET /repos/{owner}/{repo}/tarball", at)).data).subarray(0, 2)).toEqual(
      Buffer.from([0x1f, 0x8b]),
    );
    expect(
      bytes((await octokit.request("GET /repos/{owner}/{repo}/zipball", at)).data)
        .subarray(0, 2)
        .toString(),
    ).toBe("PK");
    expect(
      bytes((await octokit.actions.downloadWorkflowRunLogs({ ...at, run_id: known["run"] ?? 0 })).data)
        .subarray(0, 2)
        .toString(),
    ).toBe("PK");
    expect(
      String((await octokit.actions.downloadJobLogsForWorkflowRun({ ...at, job_id: known["job"] ?? 0 })).data),
    ).toMatch(/\S/);
    const asset = await octokit.repos.getReleaseAsset({
      ...at,
      asset_id: known["asset"] ?? 0,
      headers: { accept: "application/octet-stream" },
    });
    expect(bytes(asset.data).toString()).toBe("api 1.0.0\n");
  });
});

describe("pages and conditions", () => {
  it("follow links through the gate to the end", async () => {
    const first = await octokit.issues.listForRepo({ ...at, state: "all", per_page: 4 });
    expect(first.headers.link).toContain(`<${t.gate.url}/api/v3/repos/acme/api/issues?`);
    const all = await octokit.paginate(octokit.issues.listForRepo, { ...at, state: "all", per_page: 4 });
    expect(all.map((i) => i.number).sort((a, b) => a - b)).toEqual([...Array(all.length).keys()].map((i) => i + 1));
    expect(all.length).toBeGreaterThan(13);
    const commits = await octokit.paginate(octokit.repos.listCommits, { ...at, per_page: 2 });
    expect(new Set(commits.map((x) => x.sha)).size).toBe(commits.length);
    const found = await octokit.paginate(octokit.search.issuesAndPullRequests, {
      q: "Issue repo:acme/api is:issue",
      per_page: 5,
    });
    expect(found.length).toBeGreaterThanOrEqual(12);
  });

  it("answer 304 by ETag, and anew after a change", async () => {
    const { headers } = await octokit.repos.get(at);
    expect(headers.etag).toBeTruthy();
    await expect(octokit.repos.get({ ...at, headers: { "if-none-match": headers.etag } })).rejects.toMatchObject({
      status: 304,
    });
    await t.github.admin("PATCH", "/repos/acme/api", { description: "changed" });
    expect((await octokit.repos.get({ ...at, headers: { "if-none-match": headers.etag } })).data.description).toBe(
      "changed",
    );
  });

  it("work with the gate's plain base URL too", async () => {
    const plain = new Octokit({ baseUrl: t.gate.url, auth: t.gate.key, log: quiet });
    const all = await plain.paginate(plain.issues.listForRepo, { ...at, state: "all", per_page: 5 });
    expect(all.length).toBeGreaterThan(13);
    expect((await plain.repos.get(at)).data.url).toBe(`${t.gate.url}/repos/acme/api`);
  });
});

describe("the table", () => {
  /** Open routes of which the stand-in has nothing to show yet; they are asked for below, and pass the gate. */
  const ABSENT = [
    "GET /repos/acme/api/license",
    "GET /repos/acme/api/readme/docs",
    "GET /repos/acme/api/actions/runs/1/attempts/1",
    "GET /repos/acme/api/actions/runs/1/attempts/1/jobs",
    "GET /repos/acme/api/actions/runs/1/attempts/1/logs",
    "GET /repos/acme/api/actions/artifacts/1",
    "GET /repos/acme/api/actions/artifacts/1/zip",
  ];

  it("uses every open route, and none of its requests is refused", async () => {
    for (const request of ABSENT) {
      const answer = await t.gate.ask(request.split(" ")[1] ?? "");
      expect([
        request,
        answer.headers.get("content-type"),
        ((await answer.json()) as { gatehouse?: unknown }).gatehouse,
      ]).toEqual([request, expect.stringContaining("json"), undefined]);
    }
    const records = await t.records();
    expect(records.filter((r) => r.decision !== "allow").map((r) => `${r.method} ${r.path}: ${r.reason}`)).toEqual([]);
    const used = new Set(records.map((r) => r.route));
    expect(ROUTES.filter((r) => r.path !== "" && !used.has(r.id)).map((r) => r.id)).toEqual([]);
  });
});
