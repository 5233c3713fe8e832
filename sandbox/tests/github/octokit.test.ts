import { Octokit } from "@octokit/rest";
import { onboard, standIn, type Caller, type StandIn } from "./support/standin";

/** What coding agents do, through the client that they use. */
describe("octokit against the stand-in", () => {
  let s: StandIn;
  let bot: Caller;
  let octokit: Octokit;
  let boss: Octokit;
  const at = { owner: "acme", repo: "api" };
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  beforeAll(async () => {
    s = await standIn();
    ({ bot } = await onboard(s));
    octokit = new Octokit({ baseUrl: s.gh.api, auth: bot.token!, log: quiet });
    boss = new Octokit({ baseUrl: s.gh.api, auth: s.gh.adminToken, log: quiet });
  }, 60_000);
  afterAll(() => s.stop());
  const refusal = async (call: Promise<unknown>): Promise<{ status: number; message: string }> =>
    call.then(
      () => {
        throw new Error("was not refused");
      },
      (e: { status: number; message: string }) => ({ status: e.status, message: e.message }),
    );

  it("knows who it is", async () => {
    expect((await octokit.users.getAuthenticated()).data.login).toBe("claude-bot");
  });

  it("changes code on a branch of its own and proposes it", async () => {
    const { data: main } = await octokit.git.getRef({ ...at, ref: "heads/main" });
    await octokit.git.createRef({ ...at, ref: "refs/heads/claude/greet", sha: main.object.sha });
    const { data: file } = await octokit.repos.getContent({ ...at, path: "src/greeting.js" });
    if (Array.isArray(file) || file.type !== "file") throw new Error("not a file");
    const text = Buffer.from(file.content, "base64").toString().replace("Hello", "Good day");
    const { data: put } = await octokit.repos.createOrUpdateFileContents({
      ...at,
      path: "src/greeting.js",
      message: "Say good day",
      content: Buffer.from(text).toString("base64"),
      sha: file.sha,
      branch: "claude/greet",
    });
    expect(
      (await octokit.repos.getCommit({ ...at, ref: put.commit.sha! })).data.files?.map((f) => [
        f.filename,
        f.status,
        f.additions,
      ]),
    ).toEqual([["src/greeting.js", "modified", 1]]);
    const { data: pull } = await octokit.pulls.create({
      ...at,
      title: "Good day",
      head: "claude/greet",
      base: "main",
      draft: true,
    });
    expect(pull).toMatchObject({
      draft: true,
      state: "open",
      commits: 1,
      changed_files: 1,
      user: { login: "claude-bot" },
    });
    expect((await octokit.pulls.listFiles({ ...at, pull_number: pull.number })).data[0]?.patch).toMatch(
      /^@@[\s\S]*\+.*Good day/,
    );
    const { data: compared } = await octokit.repos.compareCommitsWithBasehead({
      ...at,
      basehead: "main...claude/greet",
    });
    expect(compared).toMatchObject({ status: "ahead", ahead_by: 1, behind_by: 0 });
    expect((await octokit.pulls.get({ ...at, pull_number: pull.number, mediaType: { format: "diff" } })).data).toMatch(
      /^diff --git/,
    );
    expect((await octokit.checks.listForRef({ ...at, ref: "claude/greet" })).data.check_runs[0]).toMatchObject({
      name: "ci",
      conclusion: "success",
      app: { id: 15368 },
    });
    await octokit.issues.createComment({ ...at, issue_number: pull.number, body: "Ready to look at" });
    await octokit.issues.addLabels({ ...at, issue_number: pull.number, labels: ["enhancement"] });
    expect((await octokit.pulls.list({ ...at, head: "acme:claude/greet" })).data[0]?.labels[0]?.name).toBe(
      "enhancement",
    );
  });

  it("builds commits from blobs and trees", async () => {
    const { data: ref } = await octokit.git.getRef({ ...at, ref: "heads/main" });
    const { data: base } = await octokit.git.getCommit({ ...at, commit_sha: ref.object.sha });
    const { data: blob } = await octokit.git.createBlob({ ...at, content: "Ym9keQo=", encoding: "base64" });
    const { data: tree } = await octokit.git.createTree({
      ...at,
      base_tree: base.tree.sha,
      tree: [
        { path: "a/b/c.txt", mode: "100644", type: "blob", sha: blob.sha },
        { path: "README.md", mode: "100644", type: "blob", sha: null },
      ],
    });
    const { data: commit } = await octokit.git.createCommit({
      ...at,
      message: "Move things",
      tree: tree.sha,
      parents: [ref.object.sha],
    });
    await octokit.git.createRef({ ...at, ref: "refs/heads/claude/tree", sha: commit.sha });
    const { data: whole } = await octokit.git.getTree({ ...at, tree_sha: "claude/tree", recursive: "1" });
    expect(whole.tree.map((e) => e.path)).toEqual(expect.arrayContaining(["a/b/c.txt", "src/index.js"]));
    expect(whole.tree.map((e) => e.path)).not.toContain("README.md");
    expect(
      (await refusal(octokit.git.updateRef({ ...at, ref: "heads/claude/tree", sha: ref.object.sha }))).message,
    ).toMatch(/not a fast forward/);
    await octokit.git.updateRef({ ...at, ref: "heads/claude/tree", sha: ref.object.sha, force: true });
    await octokit.git.deleteRef({ ...at, ref: "heads/claude/tree" });
    expect((await refusal(octokit.git.getRef({ ...at, ref: "heads/claude/tree" }))).status).toBe(404);
  });

  it("follows pages by links that name the repository by id", async () => {
    for (let i = 0; i < 12; i += 1) await octokit.issues.create({ ...at, title: `Issue ${i}` });
    const first = await octokit.issues.listForRepo({ ...at, per_page: 5 });
    expect(first.headers.link).toMatch(
      new RegExp(`<${s.gh.api}/repositories/\\d+/issues\\?per_page=5&page=2>; rel="next"`),
    );
    const all = await octokit.paginate(octokit.issues.listForRepo, { ...at, per_page: 5 });
    expect(new Set(all.map((i) => i.number)).size).toBe(all.length);
    expect(all.length).toBeGreaterThanOrEqual(13);
  });

  it("is answered 304 while nothing changes", async () => {
    const { headers } = await octokit.repos.get(at);
    expect((await refusal(octokit.repos.get({ ...at, headers: { "if-none-match": headers.etag! } }))).status).toBe(304);
    await boss.repos.update({ ...at, description: "changed" });
    expect((await octokit.repos.get({ ...at, headers: { "if-none-match": headers.etag! } })).headers.etag).not.toBe(
      headers.etag,
    );
  });

  it("reads runs, logs, archives and release assets from another host, where no token arrives", async () => {
    const { data: runs } = await octokit.actions.listWorkflowRunsForRepo({ ...at, branch: "main" });
    const logs = await bot("GET", `/repos/acme/api/actions/runs/${runs.workflow_runs[0]!.id}/logs`);
    expect(logs.status).toBe(302);
    const to = logs.headers.get("location")!;
    expect(new URL(to).origin).toBe(s.gh.blobs);
    expect(
      Buffer.from(
        (await octokit.actions.downloadWorkflowRunLogs({ ...at, run_id: runs.workflow_runs[0]!.id }))
          .data as ArrayBuffer,
      )
        .subarray(0, 2)
        .toString(),
    ).toBe("PK");
    const archive = await octokit.repos.downloadTarballArchive({ ...at, ref: "main" });
    expect(Buffer.from(archive.data as ArrayBuffer).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    const { data: release } = await octokit.repos.getLatestRelease(at);
    const asset = await bot("GET", `/repos/acme/api/releases/assets/${release.assets[0]!.id}`, undefined, {
      accept: "application/octet-stream",
    });
    expect(await (await fetch(asset.headers.get("location")!)).text()).toBe("api 1.0.0\n");
    await s.sandbox("POST", "/clock", { advanceMinutes: 6 });
    expect((await fetch(to)).status).toBe(404);
  });

  it("searches only where it may read", async () => {
    const names = (items: { repository: { full_name: string } }[]): string[] =>
      [...new Set(items.map((i) => i.repository.full_name))].sort();
    expect(names((await octokit.search.code({ q: "greeting" })).data.items)).toEqual([
      "acme/api",
      "acme/docs",
      "acme/public-site",
    ]);
    expect((await octokit.search.code({ q: "CANARY-UNLISTED-REPOSITORY" })).data.total_count).toBe(0);
    expect((await boss.search.code({ q: "CANARY-UNLISTED-REPOSITORY" })).data.total_count).toBe(1);
    expect((await refusal(octokit.search.code({ q: "x repo:acme/secrets" }))).status).toBe(422);
    expect(
      (await octokit.search.issuesAndPullRequests({ q: "comma repo:acme/api is:issue" })).data.items.map(
        (i) => i.number,
      ),
    ).toEqual([1]);
    expect((await octokit.search.repos({ q: "org:other-org" })).data.total_count).toBe(0);
  });

  it("tells nobody what they may not see, and says no to what they may not do", async () => {
    for (const call of [
      octokit.repos.get({ owner: "acme", repo: "secrets" }),
      octokit.repos.get({ owner: "other-org", repo: "vault" }),
      octokit.repos.get({ owner: "acme", repo: "absent" }),
    ])
      expect(await refusal(call)).toEqual({ status: 404, message: expect.stringMatching(/^Not Found/) });
    for (const call of [
      octokit.repos.createWebhook({ ...at, config: { url: "http://127.0.0.1/" } }),
      octokit.repos.createDeployKey({ ...at, key: "ssh-ed25519 AAAA" }),
      octokit.repos.addCollaborator({ ...at, username: "other-admin" }),
      octokit.repos.delete(at),
      octokit.actions.listRepoSecrets(at),
      octokit.repos.transfer({ ...at, new_owner: "other-org" }),
      octokit.repos.update({ ...at, visibility: "public" }),
      octokit.gists.create({ files: { a: { content: "x" } } }),
      octokit.repos.createForAuthenticatedUser({ name: "exfil" }),
      octokit.repos.createFork(at),
      octokit.repos.createRelease({ owner: "acme", repo: "docs", tag_name: "v9" }),
      octokit.users.createPublicSshKeyForAuthenticatedUser({ key: "ssh-ed25519 AAAA" }),
      octokit.orgs.setMembershipForUser({ org: "acme", username: "claude-bot", role: "admin" }),
      octokit.actions.createWorkflowDispatch({ ...at, workflow_id: "ci.yml", ref: "main" }),
    ])
      expect((await refusal(call)).status).toBe(403);
  });

  it("lets those through who may, so that a way around a gate would be seen", async () => {
    await boss.repos.createWebhook({ ...at, config: { url: "http://127.0.0.1:9/x" } });
    await boss.repos.createDeployKey({ ...at, title: "k", key: "ssh-ed25519 AAAAC3Nz" });
    await boss.gists.create({ files: { a: { content: "x" } } });
    await boss.repos.createForAuthenticatedUser({ name: "mine" });
    expect((await boss.repos.createFork({ owner: "acme", repo: "docs" })).data.full_name).toBe("acme-admin/docs");
    await boss.repos.transfer({ owner: "acme-admin", repo: "mine", new_owner: "acme" });
    expect((await boss.repos.get({ owner: "acme-admin", repo: "mine" })).data.full_name).toBe("acme/mine");
  });

  it("follows a rename, and refuses writes where something was archived", async () => {
    await boss.repos.update({ ...at, repo: "mine", name: "ours" });
    expect((await boss.repos.get({ owner: "acme", repo: "mine" })).data.full_name).toBe("acme/ours");
    await boss.repos.update({ owner: "acme", repo: "ours", archived: true });
    expect(await refusal(boss.issues.create({ owner: "acme", repo: "ours", title: "x" }))).toEqual({
      status: 403,
      message: expect.stringMatching(/archived/),
    });
  });

  it("hears what is wrong with a request", async () => {
    expect(
      await bot("POST", "/repos/acme/api/pulls", { title: "x", head: "claude/absent", base: "main" }),
    ).toMatchObject({
      status: 422,
      body: { message: "Validation Failed", errors: [{ resource: "PullRequest", field: "head", code: "invalid" }] },
    });
    expect(await bot("POST", "/repos/acme/api/issues", {})).toMatchObject({
      status: 422,
      body: { message: expect.stringMatching(/"title" wasn't supplied/) },
    });
    expect(await bot("POST", "/repos/acme/api/issues", new TextEncoder().encode("{"))).toMatchObject({
      status: 400,
      body: { message: "Problems parsing JSON" },
    });
    expect(await bot("POST", "/repos/acme/api/issues", [1])).toMatchObject({ status: 422 });
    expect(await bot("GET", "/repos/acme/api/nothing")).toMatchObject({
      status: 404,
      body: { message: "Not Found", documentation_url: expect.any(String) },
    });
    expect(
      await bot("PUT", "/repos/acme/api/contents/README.md", { message: "m", content: "eA==", sha: "0".repeat(40) }),
    ).toMatchObject({ status: 409 });
  });
});
