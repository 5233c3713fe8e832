import { createHash } from "node:crypto";
import { caller, onboard, standIn, type Caller, type StandIn } from "./support/standin";
import { Workbench } from "./support/git";

describe("what stands at the edges", () => {
  let s: StandIn;
  let bot: Caller;
  beforeAll(async () => {
    s = await standIn({ plan: "enterprise" });
    ({ bot } = await onboard(s));
  }, 60_000);
  afterAll(() => s.stop());

  describe("Git LFS", () => {
    const content = Buffer.from("a large file, in principle");
    const oid = createHash("sha256").update(content).digest("hex");
    const batch = async (by: Caller, operation: string, repository = "acme/api") => {
      const path = `${s.gh.git}/${repository}.git/info/lfs/objects/batch`;
      return by(
        "POST",
        path,
        { operation, transfers: ["basic"], objects: [{ oid, size: content.length }] },
        { "content-type": "application/vnd.git-lfs+json" },
      );
    };
    it("takes and gives objects by addresses on another host, for those who may push and read", async () => {
      expect((await batch(bot, "download")).body.objects[0].error.code).toBe(404);
      const { href } = (await batch(bot, "upload")).body.objects[0].actions.upload as { href: string };
      expect(new URL(href).origin).toBe(s.gh.blobs);
      expect((await fetch(href, { method: "PUT", body: Buffer.from("something else, as long....") })).status).not.toBe(
        200,
      );
      expect((await fetch(href, { method: "PUT", body: content })).status).toBe(200);
      const down = (await batch(bot, "download")).body.objects[0].actions.download.href as string;
      expect(Buffer.from(await (await fetch(down)).arrayBuffer())).toEqual(content);
      expect((await batch(bot, "upload", "acme/docs")).status).toBe(403);
      expect((await batch(bot, "download", "acme/secrets")).status).toBe(404);
    });
  });

  describe("the device flow", () => {
    const post = async (path: string, form: Record<string, string>) => {
      const response = await fetch(`${s.gh.url}${path}`, {
        method: "POST",
        headers: { accept: "application/json" },
        body: new URLSearchParams(form),
      });
      return (await response.json()) as Record<string, string>;
    };
    it("waits for a person, gives a pair once, and that pair is refreshed without a client secret", async () => {
      const client_id = s.gh.app.clientId;
      const begun = await post("/login/device/code", { client_id });
      const ask = () =>
        post("/login/oauth/access_token", {
          client_id,
          device_code: begun["device_code"]!,
          grant_type: "urn:ietf:params:oauth:grant-type:device_code",
        });
      expect(await ask()).toMatchObject({ error: "authorization_pending" });
      expect((await s.sandbox("POST", "/device", { login: "claude-bot", userCode: begun["user_code"] })).status).toBe(
        200,
      );
      const pair = await ask();
      expect((await caller(s.gh.api, pair["access_token"])("GET", "/user")).body.login).toBe("claude-bot");
      expect(await ask()).toMatchObject({ error: "incorrect_device_code" });
      const refresh = (form: Record<string, string>) =>
        post("/login/oauth/access_token", { client_id, grant_type: "refresh_token", ...form });
      expect(await refresh({ refresh_token: pair["refresh_token"]! })).toMatchObject({
        access_token: expect.stringMatching(/^ghu_/),
      });
      const web = (await s.sandbox("POST", "/tokens", { login: "claude-bot", kind: "app-user-token" })).body as {
        refreshToken: string;
      };
      expect(await refresh({ refresh_token: web.refreshToken })).toMatchObject({
        error: "incorrect_client_credentials",
      });
    });
  });

  describe("the audit log", () => {
    it("names who did what by the hash of the token, git apart from the rest, for owners", async () => {
      const w = new Workbench(s.gh.git);
      await w.clone("acme/docs", bot.token);
      w.remove();
      const hashed = createHash("sha256").update(bot.token!).digest("base64");
      const find = async (query: string) =>
        (await s.admin("GET", `/orgs/acme/audit-log?${query}`)).body as Record<string, unknown>[];
      const phrase = encodeURIComponent(`hashed_token:"${hashed}"`);
      expect((await find(`include=git&phrase=${phrase}`))[0]).toMatchObject({
        action: "git.fetch",
        actor: "claude-bot",
        repo: "acme/docs",
      });
      await bot("POST", "/repos/acme/api/issues", { title: "x" });
      expect((await find(`phrase=${phrase}`))[0]).toMatchObject({
        action: "api.request",
        request_method: "POST",
        repo: "acme/api",
        programmatic_access_type: "Fine-grained personal access token",
      });
      expect((await bot("GET", "/orgs/acme/audit-log")).status).toBe(403);
    });
    it("is not there on smaller plans", async () => {
      const small = await standIn();
      expect((await small.admin("GET", "/orgs/acme/audit-log")).status).toBe(404);
      await small.stop();
    });
  });

  it("has the seeded organization, and the machine user as a stranger to it", async () => {
    const fresh = await standIn();
    const names = async (path: string, key: string) =>
      ((await fresh.admin("GET", path)).body as Record<string, string>[]).map((x) => x[key]).sort();
    expect(await names("/orgs/acme/repos?type=all", "name")).toEqual(["api", "docs", "public-site", "secrets"]);
    expect(await names("/orgs/acme/members", "login")).toEqual([
      "acme-admin",
      "reviewer-one",
      "reviewer-two",
      "security-one",
    ]);
    expect(await names("/orgs/acme/teams", "slug")).toEqual(["agent-reviewers", "backend", "security"]);
    expect(await names("/repos/acme/api/teams", "slug")).toEqual(["agent-reviewers", "backend", "security"]);
    expect((await fresh.admin("GET", "/repos/acme/api/contents/CODEOWNERS")).status).toBe(200);
    expect((await fresh.admin("GET", "/repos/acme/docs/contents/CODEOWNERS")).status).toBe(404);
    expect((await fresh.admin("GET", "/orgs/acme/memberships/claude-bot")).status).toBe(404);
    expect((await fresh.admin("GET", "/repos/other-org/vault")).status).toBe(404);
    const token = await fresh.as({ login: "claude-bot", permissions: { contents: "write" } });
    expect((await token("GET", "/user/repos")).body).toEqual([]);
    await fresh.stop();
  });
});
