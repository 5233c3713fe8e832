import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FENCE, onboard, standIn, type Caller, type StandIn } from "../support/standin";
import { Workbench } from "../support/git";

describe("git over HTTP with the real git", () => {
  let s: StandIn;
  let w: Workbench;
  let bot: Caller;
  const admin = (): string => s.gh.adminToken;

  beforeAll(async () => {
    s = await standIn();
    w = new Workbench(s.gh.git);
    ({ bot } = await onboard(s));
    await s.admin("POST", "/repos/acme/api/rulesets", FENCE);
  }, 60_000);
  afterAll(async () => {
    w.remove();
    await s.stop();
  });

  const refs = async (repository = "acme/api"): Promise<string[]> =>
    (await w.git(["ls-remote", w.url(repository, admin())])).stdout
      .split("\n")
      .filter(Boolean)
      .map((l) => l.split("\t")[1]!);

  describe("reading", () => {
    it("gives the whole history to who may read", async () => {
      const { dir, result } = await w.clone("acme/docs", bot.token);
      expect(result).toMatchObject({ code: 0 });
      expect((await w.git(["log", "--format=%s"], dir)).stdout.split("\n")).toContain("Begin");
      expect((await w.git(["tag"], dir)).stdout.trim()).toBe("v1.0.0");
    });
    it.each([
      ["shallow", ["--depth=1"]],
      ["partial", ["--filter=blob:none", "--no-checkout"]],
      ["single branch", ["--single-branch"]],
    ])("serves %s clones", async (_name, options) => {
      expect((await w.clone("acme/docs", bot.token, options)).result.code).toBe(0);
    });
    it("serves protocol version 0 as well", async () => {
      expect((await w.git(["-c", "protocol.version=0", "ls-remote", w.url("acme/docs", bot.token)])).stdout).toMatch(
        /refs\/heads\/main/,
      );
    });
    it("hides what one may not see behind the same answer as what does not exist", async () => {
      const hidden = await w.git(["ls-remote", w.url("acme/secrets", bot.token)]);
      const absent = await w.git(["ls-remote", w.url("acme/absent", bot.token)]);
      expect([hidden.code, absent.code]).toEqual([128, 128]);
      expect(hidden.stderr.replace("secrets", "X")).toBe(absent.stderr.replace("absent", "X"));
    });
    it("asks anonymous clients to authenticate, but for what is public", async () => {
      expect(
        (await fetch(`${s.gh.git}/acme/api.git/info/refs?service=git-upload-pack`)).headers.get("www-authenticate"),
      ).toBe('Basic realm="GitHub"');
      expect((await w.clone("acme/public-site")).result.code).toBe(0);
    });
    it("takes the token as the password whatever the user, and as Bearer", async () => {
      expect((await w.git(["ls-remote", w.url("acme/docs", bot.token, "anything")])).code).toBe(0);
      expect(
        (await w.git(["-c", `http.extraHeader=Authorization: Bearer ${bot.token}`, "ls-remote", w.url("acme/docs")]))
          .code,
      ).toBe(0);
    });
    it("refuses dumb clients and revoked tokens", async () => {
      expect(
        (await fetch(`${s.gh.git}/acme/docs.git/info/refs`, { headers: { authorization: `Bearer ${bot.token}` } }))
          .status,
      ).toBe(403);
      const gone = await s.as({ login: "claude-bot", permissions: { contents: "read" } });
      await s.anonymous("POST", "/credentials/revoke", { credentials: [gone.token] });
      expect((await w.git(["ls-remote", w.url("acme/docs", gone.token)])).code).toBe(128);
    });
  });

  describe("pushing", () => {
    let dir: string;
    beforeEach(async () => {
      ({ dir } = await w.clone("acme/api", bot.token));
    });

    it("takes new agent branches, and their updates, also forced ones", async () => {
      await w.commit(dir, { "a.txt": "one" });
      expect((await w.git(["push", "origin", "HEAD:refs/heads/claude/deep/er/one"], dir)).code).toBe(0);
      await w.git(["commit", "--amend", "--quiet", "-m", "again"], dir);
      expect((await w.git(["push", "--force", "origin", "HEAD:refs/heads/claude/deep/er/one"], dir)).code).toBe(0);
      expect(await refs()).toContain("refs/heads/claude/deep/er/one");
    });
    it.each([
      ["the default branch", "HEAD:refs/heads/main"],
      ["a branch outside", "HEAD:refs/heads/feature/x"],
      ["a branch that only starts like an agent branch", "HEAD:refs/heads/claude-fix"],
      ["a deletion of the default branch", ":refs/heads/main"],
    ])("refuses %s", async (_name, refspec) => {
      await w.commit(dir, { "b.txt": "two" });
      const before = await refs();
      const { code, stderr } = await w.git(["push", "origin", refspec], dir);
      expect(code).toBe(1);
      expect(stderr).toMatch(/rule violations|refusing to delete the current branch/);
      expect(await refs()).toEqual(before);
    });
    it("moves all refs of a push or none", async () => {
      await w.commit(dir, { "c.txt": "three" });
      const { code } = await w.git(
        ["push", "origin", "HEAD:refs/heads/claude/mixed", "HEAD:refs/heads/feature/mixed"],
        dir,
      );
      expect(code).toBe(1);
      expect((await refs()).filter((r) => r.includes("mixed"))).toEqual([]);
    });
    it("lets those through whom the ruleset names, and records the bypass", async () => {
      const { dir: mine } = await w.clone("acme/api", admin());
      await w.commit(mine, { "d.txt": "four" });
      expect((await w.git(["push", "origin", "HEAD:main"], mine)).code).toBe(0);
      expect((await s.admin("GET", "/repos/acme/api/rulesets/rule-suites?ref=main")).body[0]).toMatchObject({
        actor_name: "acme-admin",
        result: "bypass",
      });
    });
    it("refuses workflow changes to a token without that permission, hidden in an earlier commit or not, and takes them from one with it", async () => {
      await w.commit(dir, { ".github/workflows/evil.yml": "on: push\njobs: {}\n" });
      await w.commit(dir, { ".github/workflows/evil.yml": null, "e.txt": "five" });
      const { code, stderr } = await w.git(["push", "origin", "HEAD:refs/heads/claude/wf"], dir);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /refusing to allow a Personal Access Token to create or update workflow `.github\/workflows\/evil.yml` without `workflows` permission/,
      );
      const with_ = await s.as({
        login: "claude-bot",
        permissions: { contents: "write", workflows: "write" },
        repositories: ["api"],
      });
      expect((await w.git(["push", w.url("acme/api", with_.token), "HEAD:refs/heads/claude/wf"], dir)).code).toBe(0);
    });
    it("says no to who may only read, and nothing to who may not see", async () => {
      const { dir: docs } = await w.clone("acme/docs", bot.token);
      await w.commit(docs, { "f.txt": "six" });
      expect((await w.git(["push", "origin", "HEAD:refs/heads/claude/x"], docs)).stderr).toMatch(/403/);
      const readOnly = await s.as({ login: "claude-bot", permissions: { contents: "read" }, repositories: ["api"] });
      expect(
        (await w.git(["push", w.url("acme/api", readOnly.token), "HEAD:refs/heads/claude/x"], dir)).stderr,
      ).toMatch(/403/);
      expect((await w.git(["push", w.url("acme/secrets", bot.token), "HEAD:refs/heads/claude/x"], dir)).stderr).toMatch(
        /not found/i,
      );
    });
    it("holds push rules for paths, sizes and extensions on every branch, and for what they let pass", async () => {
      const made = await s.admin("POST", "/repos/acme/api/rulesets", {
        name: "paths",
        target: "push",
        enforcement: "active",
        bypass_actors: [],
        rules: [
          {
            type: "file_path_restriction",
            parameters: { restricted_file_paths: [".github/CODEOWNERS", "infra/**/*"] },
          },
          { type: "file_extension_restriction", parameters: { restricted_file_extensions: ["*.exe"] } },
          { type: "max_file_size", parameters: { max_file_size: 1 } },
        ],
      });
      for (const [path, content] of [
        [".github/CODEOWNERS", "* @acme/agents\n"],
        ["infra/a/b.tf", "x"],
        ["tool.exe", "x"],
        ["big.bin", "x".repeat(1_100_000)],
      ] as const) {
        const { dir: fresh } = await w.clone("acme/api", bot.token);
        await w.commit(fresh, { [path]: content });
        expect([path, (await w.git(["push", "origin", "HEAD:refs/heads/claude/paths"], fresh)).code]).toEqual([
          path,
          1,
        ]);
      }
      await w.commit(dir, { "infra.txt": "fine" });
      expect((await w.git(["push", "origin", "HEAD:refs/heads/claude/paths"], dir)).code).toBe(0);
      await s.admin("DELETE", `/repos/acme/api/rulesets/${made.body.id}`);
    });
    it("merges of the default branch into an agent branch do not count as changes of what was merged", async () => {
      const { dir: mine } = await w.clone("acme/api", admin());
      await w.git(["push", "--quiet", "origin", "HEAD:refs/heads/claude/behind"], mine);
      await w.commit(mine, { ".github/workflows/new.yml": "on: push\njobs: {}\n" });
      await w.git(["push", "--quiet", "origin", "HEAD:main"], mine);
      const { dir: theirs } = await w.clone("acme/api", bot.token, ["--branch=claude/behind"]);
      await w.commit(theirs, { "own.txt": "work" });
      await w.git(["merge", "--quiet", "--no-edit", "origin/main"], theirs);
      expect(await w.git(["push", "origin", "HEAD"], theirs)).toMatchObject({ code: 0 });
    });
  });

  it("streams large repositories and takes compressed requests", async () => {
    await s.admin("POST", "/orgs/acme/repos", { name: "large", private: true, auto_init: true });
    const { dir } = await w.clone("acme/large", admin());
    writeFileSync(join(dir, "big.bin"), randomBytes(24 << 20));
    await w.git(["add", "-A"], dir);
    await w.git(["commit", "--quiet", "-m", "big"], dir);
    expect((await w.git(["push", "--quiet", "origin", "HEAD:main"], dir)).code).toBe(0);
    const before = process.memoryUsage().rss;
    const { result } = await w.clone("acme/large", admin());
    expect(result.code).toBe(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(20 << 20);
    const body = gzipSync(Buffer.from("0014command=ls-refs\n00000000"));
    const answer = await fetch(`${s.gh.git}/acme/large.git/git-upload-pack`, {
      method: "POST",
      body,
      headers: {
        authorization: `Bearer ${admin()}`,
        "content-type": "application/x-git-upload-pack-request",
        "content-encoding": "gzip",
        "git-protocol": "version=2",
      },
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/refs\/heads\/main/)]);
  }, 60_000);

  it("writes every request to the log, with its status and the token's hash only", async () => {
    await s.sandbox("DELETE", "/requests");
    await w.git(["ls-remote", w.url("acme/docs", bot.token)]);
    const { body } = await s.sandbox("GET", "/requests");
    expect(
      body.map((r: { method: string; path: string; status: number }) => `${r.method} ${r.path} ${r.status}`),
    ).toEqual([
      "GET /acme/docs.git/info/refs 401",
      "GET /acme/docs.git/info/refs 200",
      "POST /acme/docs.git/git-upload-pack 200",
    ]);
    expect(JSON.stringify(body)).not.toContain(bot.token);
    expect(body[1].headers.authorization).toMatch(/^sha256:[A-Za-z0-9+/]{43}=$/);
  });
});
