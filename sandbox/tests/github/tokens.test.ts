import { createHash } from "node:crypto";
import { appJwt } from "./support/calls";
import { caller, onboard, standIn, type Caller, type StandIn } from "./support/standin";

const sha = (token: string): string => createHash("sha256").update(token).digest("base64");
const HOUR = 3_600_000;

describe("the token authority", () => {
  let s: StandIn;
  let bot: Caller;
  let orgId: number;
  beforeAll(async () => {
    s = await standIn();
    ({ bot, orgId } = await onboard(s));
  }, 60_000);
  afterAll(() => s.stop());

  const listed = async (token: string): Promise<Record<string, unknown>> =>
    ((await s.sandbox("GET", "/tokens")).body as Record<string, unknown>[]).find((t) => t["sha256"] === sha(token))!;
  const status = async (token: string): Promise<number> => (await caller(s.gh.api, token)("GET", "/rate_limit")).status;

  it("lists what it issued by hash, never the token itself", async () => {
    const entry = await listed(bot.token!);
    expect(entry).toMatchObject({
      kind: "personal-access-token",
      login: "claude-bot",
      permissions: { contents: "write" },
      revokedAt: null,
      alive: true,
    });
    expect(Object.keys(entry)).toEqual(
      expect.arrayContaining(["sha256", "kind", "login", "permissions", "createdAt", "expiresAt", "revokedAt"]),
    );
    expect(JSON.stringify((await s.sandbox("GET", "/tokens")).body)).not.toMatch(/ghp_|github_pat_|ghu_|ghs_/);
    expect(await listed(s.gh.adminToken)).toMatchObject({ kind: "classic", login: "acme-admin", expiresAt: null });
  });

  it.each([
    ["classic", /^ghp_/],
    ["personal-access-token", /^github_pat_/],
    ["app-user-token", /^ghu_/],
    ["app-installation", /^ghs_/],
    ["ghes-impersonation", /^gho_/],
  ])("makes %s tokens in GitHub's form", async (kind, form) => {
    expect((await s.sandbox("POST", "/tokens", { kind, login: "claude-bot" })).body.token).toMatch(form);
  });

  it.each([
    ["an unknown account", { login: "nobody" }, /login/],
    ["an unknown kind", { login: "claude-bot", kind: "magic" }, /kind/],
    ["an unknown repository", { login: "claude-bot", repositories: ["absent"] }, /repositories/],
    ["a strange level", { login: "claude-bot", permissions: { contents: "all" } }, /permissions\.contents/],
  ])("refuses %s with what is wrong", async (_name, request, message) => {
    const { status: code, body } = await s.sandbox("POST", "/tokens", request);
    expect([code, body.message]).toEqual([422, expect.stringMatching(message)]);
  });

  it("takes Bearer, token and Basic, and says 401 to everything that is no credential of anybody", async () => {
    const basic = (user: string, password: string): string =>
      `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    for (const header of [
      `Bearer ${bot.token}`,
      `bearer ${bot.token}`,
      `token ${bot.token}`,
      basic("x", bot.token!),
      basic(bot.token!, ""),
      basic(bot.token!, "x-oauth-basic"),
    ]) {
      expect([
        header.slice(0, 8),
        (await s.anonymous("GET", "/user", undefined, { authorization: header })).body.login,
      ]).toEqual([header.slice(0, 8), "claude-bot"]);
    }
    for (const header of ["Bearer nonsense", `Digest ${bot.token}`, bot.token!, "Bearer", `Bearer ${bot.token}x`])
      expect([
        header.slice(0, 8),
        (await s.anonymous("GET", "/user", undefined, { authorization: header })).status,
      ]).toEqual([header.slice(0, 8), 401]);
  });

  describe("fine-grained tokens", () => {
    it("reach the chosen repositories only, and what their account may see", async () => {
      const one = await s.as({ login: "claude-bot", permissions: { contents: "read" }, repositories: ["docs"] });
      expect((await one("GET", "/repos/acme/docs")).status).toBe(200);
      expect((await one("GET", "/repos/acme/api")).status).toBe(404);
      expect((await one("GET", "/repos/acme/secrets")).status).toBe(404);
      expect((await one("GET", "/repos/other-org/vault")).status).toBe(404);
      expect((await one("GET", "/repos/acme/public-site")).status).toBe(200);
      const all = await s.as({ login: "claude-bot", permissions: { contents: "read" } });
      expect((await all("GET", "/repos/acme/secrets")).status).toBe(404);
    });
    it("need the permission as well as the role, and the refusal names it", async () => {
      const reader = await s.as({ login: "claude-bot", permissions: { contents: "read" }, repositories: ["api"] });
      const refused = await reader("POST", "/repos/acme/api/issues", { title: "x" });
      expect([refused.status, refused.body.message, refused.headers.get("x-accepted-github-permissions")]).toEqual([
        403,
        "Resource not accessible by personal access token",
        "issues=write",
      ]);
      expect((await bot("POST", "/repos/acme/api/issues", { title: "x" })).status).toBe(201);
      expect((await bot("PUT", "/repos/acme/docs/contents/x", { message: "m", content: "eA==" })).status).toBe(403);
    });
    it("end when they expire, on the second", async () => {
      const short = (
        await s.sandbox("POST", "/tokens", { login: "claude-bot", permissions: {}, expiresInSeconds: 3000 })
      ).body.token as string;
      const answer = await caller(s.gh.api, short)("GET", "/user");
      expect(answer.headers.get("github-authentication-token-expiration")).toMatch(
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/,
      );
      await s.sandbox("POST", "/clock", { advanceSeconds: 2990 });
      expect(await status(short)).toBe(200);
      await s.sandbox("POST", "/clock", { advanceSeconds: 20 });
      expect(await status(short)).toBe(401);
    });
    it("wait for approval where the organization asks for it, and an App grants or cuts it", async () => {
      await s.sandbox("PATCH", "/organization", { patApprovalRequired: true });
      const waiting = await s.as({
        login: "claude-bot",
        permissions: { contents: "read" },
        repositories: ["api"],
        expiresInDays: 9,
      });
      await s.sandbox("PATCH", "/organization", { patApprovalRequired: false });
      expect((await waiting("GET", "/repos/acme/api")).status).toBe(404);
      const app = caller(
        s.gh.api,
        (await s.sandbox("POST", "/tokens", { kind: "app-installation" })).body.token as string,
      );
      const requests = (await app("GET", "/orgs/acme/personal-access-token-requests?owner[]=claude-bot")).body;
      expect(requests).toEqual([
        expect.objectContaining({
          repository_selection: "subset",
          permissions: { organization: {}, repository: { contents: "read" }, other: {} },
        }),
      ]);
      expect((await s.admin("GET", "/orgs/acme/personal-access-tokens")).status).toBe(403);
      await app("POST", `/orgs/acme/personal-access-token-requests/${requests[0].id}`, { action: "approve" });
      expect((await waiting("GET", "/repos/acme/api")).status).toBe(200);
      const grant = (
        (await app("GET", "/orgs/acme/personal-access-tokens")).body as {
          id: number;
          token_id: number;
          token_expires_at: string;
        }[]
      ).find((g) => g.id === requests[0].id)!;
      expect(grant).toMatchObject({ token_id: requests[0].id, token_expires_at: expect.stringMatching(/Z$/) });
      await app("POST", `/orgs/acme/personal-access-tokens/${grant.id}`, { action: "revoke" });
      expect([(await waiting("GET", "/repos/acme/api")).status, (await waiting("GET", "/user")).status]).toEqual([
        404, 200,
      ]);
    });
    it("lose the organization with the membership", async () => {
      await s.admin("PUT", "/orgs/acme/memberships/other-admin", { role: "member" });
      const guest = await s.as({ login: "other-admin", permissions: { contents: "read", members: "read" } });
      await s.admin("PUT", "/orgs/acme/teams/agents/memberships/other-admin", { role: "member" });
      expect((await guest("GET", "/repos/acme/api")).status).toBe(404);
      expect(
        (
          await s.admin(
            "GET",
            `/organizations/${orgId}/team/${(await s.admin("GET", "/orgs/acme/teams/agents")).body.id}/memberships/other-admin`,
          )
        ).body.state,
      ).toBe("pending");
      await guest("PATCH", "/user/memberships/orgs/acme", { state: "active" });
      expect((await guest("GET", "/repos/acme/api")).status).toBe(200);
      await s.admin("DELETE", "/orgs/acme/memberships/other-admin");
      expect((await guest("GET", "/repos/acme/api")).status).toBe(404);
    });
  });

  describe("classic tokens", () => {
    it("show their scopes and are held by them", async () => {
      const narrow = await s.as({ login: "reviewer-one", kind: "classic", scopes: ["read:org"] });
      const answer = await narrow("GET", "/user");
      expect([
        answer.headers.get("x-oauth-scopes"),
        answer.headers.get("github-authentication-token-expiration"),
      ]).toEqual(["read:org", null]);
      expect((await narrow("GET", "/repos/acme/api")).status).toBe(404);
      expect((await narrow("POST", "/gists", { files: { a: { content: "x" } } })).status).toBe(404);
      const wide = await s.as({ login: "reviewer-one", kind: "classic", scopes: ["repo"] });
      expect((await wide("GET", "/repos/acme/api")).status).toBe(200);
      expect((await wide("DELETE", "/orgs/acme/memberships/claude-bot")).status).toBe(403);
    });
    it("are shut out by an organization that does not want them", async () => {
      await s.sandbox("PATCH", "/organization", { classicPatAllowed: false });
      expect((await s.admin("GET", "/repos/acme/api")).status).toBe(404);
      await s.sandbox("PATCH", "/organization", { classicPatAllowed: true });
      expect((await s.admin("GET", "/repos/acme/api")).status).toBe(200);
    });
  });

  describe("App user tokens", () => {
    const refresh = async (refreshToken: string, secret = s.gh.app.clientSecret) =>
      (
        await fetch(`${s.gh.url}/login/oauth/access_token`, {
          method: "POST",
          headers: { accept: "application/json" },
          body: new URLSearchParams({
            client_id: s.gh.app.clientId,
            client_secret: secret,
            grant_type: "refresh_token",
            refresh_token: refreshToken,
          }),
        })
      ).json() as Promise<Record<string, string>>;
    it("are refreshed in pairs: the old pair is dead at once, and a refresh token works once", async () => {
      const pair = (await s.sandbox("POST", "/tokens", { login: "claude-bot", kind: "app-user-token" })).body as {
        token: string;
        refreshToken: string;
      };
      expect((await caller(s.gh.api, pair.token)("GET", "/user")).body.login).toBe("claude-bot");
      expect(await status(pair.refreshToken)).toBe(401);
      const next = await refresh(pair.refreshToken);
      expect(next).toMatchObject({
        token_type: "bearer",
        expires_in: 28_800,
        refresh_token_expires_in: 15_552_000,
        access_token: expect.stringMatching(/^ghu_/),
        refresh_token: expect.stringMatching(/^ghr_/),
      });
      expect([await status(pair.token), await status(next["access_token"]!)]).toEqual([401, 200]);
      expect(await refresh(pair.refreshToken)).toMatchObject({ error: "bad_refresh_token" });
      expect(await refresh(next["refresh_token"]!, "wrong")).toMatchObject({ error: "incorrect_client_credentials" });
      expect(await status(next["access_token"]!)).toBe(200);
    });
    it("are held by the App's permissions and repositories and by the account's role", async () => {
      const token = caller(
        s.gh.api,
        (
          await s.sandbox("POST", "/tokens", {
            login: "claude-bot",
            kind: "app-user-token",
            permissions: { contents: "write", metadata: "read" },
          })
        ).body.token as string,
      );
      expect((await token("GET", "/repos/acme/api")).status).toBe(200);
      expect((await token("PUT", "/repos/acme/docs/contents/x", { message: "m", content: "eA==" })).status).toBe(403);
      expect((await token("POST", "/repos/acme/api/issues", { title: "x" })).body.message).toBe(
        "Resource not accessible by integration",
      );
    });
  });

  describe("installation tokens", () => {
    const app = (): Caller => caller(s.gh.api, appJwt(s.gh.app));
    const path = (): string => `/app/installations/${s.gh.app.installationId}/access_tokens`;
    it("last an hour and can be narrowed, never widened", async () => {
      const { body } = await app()("POST", path(), { repositories: ["docs"], permissions: { contents: "read" } });
      expect(body).toMatchObject({
        repository_selection: "selected",
        permissions: { contents: "read", metadata: "read" },
      });
      expect(Date.parse(body.expires_at) - s.gh.world.clock.now()).toBeLessThanOrEqual(HOUR);
      const token = caller(s.gh.api, body.token as string);
      expect([
        (await token("GET", "/repos/acme/docs")).status,
        (await token("GET", "/repos/acme/api")).status,
        (await token("GET", "/user")).status,
      ]).toEqual([200, 404, 403]);
      expect((await token("PUT", "/repos/acme/docs/contents/x", { message: "m", content: "eA==" })).status).toBe(403);
      expect((await app()("POST", path(), { permissions: { secrets: "write" } })).status).toBe(422);
      expect((await app()("POST", path(), { permissions: { checks: "write" } })).status).toBe(422); // it holds read only
      expect((await app()("POST", path(), { repositories: ["secrets"] })).status).toBe(422);
    });
    it("end themselves", async () => {
      const token = caller(s.gh.api, (await app()("POST", path())).body.token as string);
      expect((await token("DELETE", "/installation/token")).status).toBe(204);
      expect(await status(token.token!)).toBe(401);
    });
    it("are given only to who signs with the App's key, and not for long", async () => {
      const other = { ...s.gh.app, id: s.gh.app.id + 1 };
      expect((await caller(s.gh.api, appJwt(other))("POST", path())).status).toBe(401);
      expect((await caller(s.gh.api, appJwt(s.gh.app, 3600))("POST", path())).status).toBe(401);
      expect((await caller(s.gh.api, appJwt(s.gh.app).slice(0, -6) + "AAAAAA")("POST", path())).status).toBe(401);
      expect((await s.admin("POST", path())).status).toBe(401);
    });
  });

  it("impersonates for site administrators only", async () => {
    const { body, status: code } = await s.admin("POST", "/admin/users/claude-bot/authorizations", {
      scopes: ["repo"],
    });
    expect([code, (await caller(s.gh.api, body.token as string)("GET", "/user")).body.login]).toEqual([
      201,
      "claude-bot",
    ]);
    const reviewer = await s.as({ login: "reviewer-one", kind: "classic", scopes: ["repo", "site_admin"] });
    expect((await reviewer("POST", "/admin/users/claude-bot/authorizations", { scopes: ["repo"] })).status).toBe(404);
    expect((await s.admin("DELETE", "/admin/users/claude-bot/authorizations")).status).toBe(204);
    expect(await status(body.token as string)).toBe(401);
  });

  describe("POST /credentials/revoke", () => {
    it("kills what it is shown, half a pair with the other half, and says 202 to what it does not know", async () => {
      const pair = (await s.sandbox("POST", "/tokens", { login: "claude-bot", kind: "app-user-token" })).body as {
        token: string;
        refreshToken: string;
      };
      const pat = (await s.sandbox("POST", "/tokens", { login: "claude-bot" })).body.token as string;
      const answer = await s.anonymous("POST", "/credentials/revoke", {
        credentials: [pat, pair.refreshToken, "ghp_unknown"],
      });
      expect([answer.status, await status(pat), await status(pair.token)]).toEqual([202, 401, 401]);
      expect((await listed(pat))["revokedAt"]).toMatch(/Z$/);
    });
    it("refuses authenticated calls, empty and endless lists, and installation tokens stay alive", async () => {
      expect((await s.admin("POST", "/credentials/revoke", { credentials: ["x"] })).status).toBe(403);
      expect(
        (await s.anonymous("POST", "/credentials/revoke", { credentials: ["x"] }, { authorization: "Bearer dead" }))
          .status,
      ).toBe(403);
      expect((await s.anonymous("POST", "/credentials/revoke", { credentials: [] })).status).toBe(422);
      expect((await s.anonymous("POST", "/credentials/revoke", { credentials: Array(1001).fill("x") })).status).toBe(
        422,
      );
      const token = (await s.sandbox("POST", "/tokens", { kind: "app-installation" })).body.token as string;
      await s.anonymous("POST", "/credentials/revoke", { credentials: [token] });
      expect(await status(token)).toBe(200);
    });
    it("allows sixty calls an hour", async () => {
      let last = 202;
      for (let i = 0; i < 61 && last === 202; i += 1)
        last = (await s.anonymous("POST", "/credentials/revoke", { credentials: ["ghp_x"] })).status;
      const refused = await s.anonymous("POST", "/credentials/revoke", { credentials: ["ghp_x"] });
      expect([
        last,
        refused.headers.get("x-ratelimit-remaining"),
        Number(refused.headers.get("retry-after")) > 0,
      ]).toEqual([403, "0", true]);
      await s.sandbox("POST", "/clock", { advanceHours: 1 });
      expect((await s.anonymous("POST", "/credentials/revoke", { credentials: ["ghp_x"] })).status).toBe(202);
    });
    it("takes effect later where it is told to", async () => {
      await s.sandbox("POST", "/limits", { revocationDelayMs: 60_000 });
      const pat = (await s.sandbox("POST", "/tokens", { login: "claude-bot" })).body.token as string;
      await s.anonymous("POST", "/credentials/revoke", { credentials: [pat] });
      expect(await status(pat)).toBe(200);
      await s.sandbox("POST", "/clock", { advanceMinutes: 2 });
      expect(await status(pat)).toBe(401);
      await s.sandbox("DELETE", "/limits");
    });
  });

  it("gives no way to make a personal access token, as GitHub gives none", async () => {
    for (const [method, path] of [
      ["POST", "/authorizations"],
      ["GET", "/authorizations"],
      ["DELETE", "/authorizations/1"],
    ] as const)
      expect((await s.admin(method, path, method === "POST" ? { scopes: ["repo"] } : undefined)).status).toBe(404);
  });
});
