import { createHmac, createPublicKey, verify, type JsonWebKey } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { environment } from "../../../../tests/support/environment";
import { startGitHub } from "../../../github";
import { RequestLog } from "../../../github/http/log";
import { onboard, standIn, type Caller, type StandIn } from "../support/standin";

describe("the rehearsal's own controls", () => {
  let s: StandIn;
  let bot: Caller;
  beforeAll(async () => {
    s = await standIn();
    ({ bot } = await onboard(s));
  }, 60_000);
  afterAll(() => s.stop());
  afterEach(() => s.sandbox("DELETE", "/faults"));

  describe("the request log", () => {
    it("has every request in order, as it was on the wire, with hashes for credentials, and none of the controls", async () => {
      await s.sandbox("DELETE", "/requests");
      await bot("GET", "/repos/acme/api/contents/docs%2Fcontributing.md?ref=main&x=1&x=2");
      await bot("POST", "/repos/acme/absent/issues", { title: "x" });
      await bot("GET", `/user?token=${bot.token}`);
      const { body } = await s.sandbox("GET", "/requests");
      expect(
        body.map((r: { method: string; path: string; query: unknown; status: number }) => [
          r.method,
          r.path,
          r.query,
          r.status,
        ]),
      ).toEqual([
        ["GET", "/api/v3/repos/acme/api/contents/docs%2Fcontributing.md", { ref: "main", x: ["1", "2"] }, 200],
        ["POST", "/api/v3/repos/acme/absent/issues", {}, 404],
        ["GET", "/api/v3/user", { token: expect.stringMatching(/^sha256:/) }, 200],
      ]);
      expect(body[0].headers.authorization).toMatch(/^sha256:[A-Za-z0-9+/]{43}=$/);
      expect(JSON.stringify(body)).not.toContain(bot.token);
      await s.sandbox("DELETE", "/requests");
      expect((await s.sandbox("GET", "/requests")).body).toEqual([]);
    });
    it("says so when it no longer has every request, until it is emptied", () => {
      const log = new RequestLog(4);
      const arrive = (): unknown => log.begin("GET", "/api/v3/user", {}, "2026-01-01T00:00:00Z");
      for (let i = 0; i < 4; i += 1) arrive();
      expect(log.list()).toHaveLength(4);
      arrive();
      expect(() => log.list()).toThrow("3 of 5 requests are no longer kept");
      log.clear();
      arrive();
      expect(log.list()).toHaveLength(1);
    });
    it("reads paths leniently, so that what a gate lets through shows its effect", async () => {
      for (const path of [
        "/repos/acme/./api",
        "/repos//acme/api",
        "/repos/acme/api/",
        "/repos/acme/x/../api",
        "/repos/acme/x/%2e%2e/api",
        "/repositories/../repos/acme/api",
      ]) {
        const { request } = await import("node:http");
        const status = await new Promise((resolve) => {
          request(`${s.gh.api}`, { path: `/api/v3${path}`, headers: { authorization: `Bearer ${bot.token}` } }, (r) => {
            r.resume();
            resolve(r.statusCode);
          }).end();
        });
        expect([path, status]).toEqual([path, 200]);
      }
    });
  });

  describe("faults", () => {
    it("answers with the ordered status as often as ordered, then as usual", async () => {
      await s.sandbox("POST", "/faults", { method: "GET", pathPrefix: "/user", status: 503, times: 2 });
      expect([
        (await bot("GET", "/user")).status,
        (await bot("GET", "/rate_limit")).status,
        (await bot("GET", "/user")).status,
        (await bot("GET", "/user")).status,
      ]).toEqual([503, 200, 503, 200]);
    });
    it("delays, and drops the connection", async () => {
      await s.sandbox("POST", "/faults", { pathPrefix: "/api/v3/user", delayMs: 150 });
      const started = Date.now();
      expect((await bot("GET", "/user")).status).toBe(200);
      expect(Date.now() - started).toBeGreaterThanOrEqual(145);
      await s.sandbox("POST", "/faults", { pathPrefix: "/user", drop: true });
      await expect(bot("GET", "/user")).rejects.toThrow();
      expect((await bot("GET", "/user")).status).toBe(200);
    });
    it("loses the answer after the effect, where it is told so", async () => {
      await s.sandbox("POST", "/faults", {
        method: "POST",
        pathPrefix: "/repos/acme/api/issues",
        drop: true,
        when: "after",
      });
      await expect(bot("POST", "/repos/acme/api/issues", { title: "Lost answer" })).rejects.toThrow();
      expect((await bot("GET", "/repos/acme/api/issues")).body[0].title).toBe("Lost answer");
      await s.sandbox("POST", "/faults", {
        method: "POST",
        pathPrefix: "/repos/acme/api/issues",
        status: 502,
        when: "after",
      });
      expect((await bot("POST", "/repos/acme/api/issues", { title: "Replaced answer" })).status).toBe(502);
      expect((await bot("GET", "/repos/acme/api/issues")).body[0].title).toBe("Replaced answer");
    });
    it("reaches git, the login and GraphQL too, and goes when cleared", async () => {
      await s.sandbox("POST", "/faults", { pathPrefix: "/acme/api.git/", status: 500, times: 9 });
      await s.sandbox("POST", "/faults", { pathPrefix: "/login/oauth/", status: 500, times: 9 });
      await s.sandbox("POST", "/faults", { pathPrefix: "/api/graphql", status: 500, times: 9 });
      const urls = ["/acme/api.git/info/refs?service=git-upload-pack", "/login/oauth/access_token", "/api/graphql"];
      const statuses = () =>
        Promise.all(
          urls.map(async (url, i) => (await fetch(s.gh.url + url, { method: i === 0 ? "GET" : "POST" })).status),
        );
      expect(await statuses()).toEqual([500, 500, 500]);
      await s.sandbox("DELETE", "/faults");
      expect(await statuses()).toEqual([401, 200, 401]);
    });
    it.each([
      [{}],
      [{ pathPrefix: "/x" }],
      [{ pathPrefix: "/x", status: 99 }],
      [{ pathPrefix: "/x", status: 500, times: 0 }],
    ])("refuses %j", async (fault) => {
      expect((await s.sandbox("POST", "/faults", fault)).status).toBe(422);
    });
  });

  describe("limits", () => {
    afterEach(() => s.sandbox("DELETE", "/limits"));
    it("are counted in the headers, and answer 403 with the time to wait when used up", async () => {
      await s.sandbox("POST", "/limits", { core: 3 });
      expect((await bot("GET", "/user")).headers.get("x-ratelimit-remaining")).toBe("2");
      await bot("GET", "/user");
      await bot("GET", "/user");
      const refused = await bot("GET", "/user");
      expect([
        refused.status,
        refused.headers.get("x-ratelimit-remaining"),
        Number(refused.headers.get("retry-after")) > 3000,
      ]).toEqual([403, "0", true]);
      expect((await s.admin("GET", "/user")).status).toBe(200);
    });
    it("have a second kind for content and for concurrency", async () => {
      await s.sandbox("POST", "/limits", { contentPerMinute: 1 });
      expect((await bot("POST", "/repos/acme/api/issues", { title: "a" })).status).toBe(201);
      const refused = await bot("POST", "/repos/acme/api/issues", { title: "b" });
      expect([refused.status, refused.body.documentation_url, Number(refused.headers.get("retry-after")) > 0]).toEqual([
        403,
        expect.stringMatching(/secondary-rate-limits$/),
        true,
      ]);
      expect((await bot("GET", "/user")).status).toBe(200);
      await s.sandbox("DELETE", "/limits");
      await s.sandbox("POST", "/limits", { concurrent: 1 });
      const many = await Promise.all(Array.from({ length: 8 }, () => bot("GET", "/repos/acme/api/contents/README.md")));
      expect(new Set(many.map((a) => a.status))).toEqual(new Set([200, 403]));
    });
  });

  it("mints ID tokens that its own discovery and keys verify", async () => {
    const { token } = (
      await s.sandbox("POST", "/oidc", { repository: "acme/docs", ref: "refs/heads/main", aud: "vault" })
    ).body as { token: string };
    const discovery = (await (await fetch(`${s.gh.oidc.issuer}/.well-known/openid-configuration`)).json()) as {
      issuer: string;
      jwks_uri: string;
    };
    expect(discovery.issuer).toBe(`${s.gh.url}/_services/token`);
    const { keys } = (await (await fetch(discovery.jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] };
    const [head, body, signature] = token.split(".") as [string, string, string];
    expect(JSON.parse(Buffer.from(head, "base64url").toString())).toMatchObject({ alg: "RS256", kid: keys[0]!.kid });
    expect(
      verify(
        "RSA-SHA256",
        Buffer.from(`${head}.${body}`),
        createPublicKey({ key: keys[0]!, format: "jwk" }),
        Buffer.from(signature, "base64url"),
      ),
    ).toBe(true);
    expect(JSON.parse(Buffer.from(body, "base64url").toString())).toMatchObject({
      iss: discovery.issuer,
      aud: "vault",
      sub: "repo:acme/docs:ref:refs/heads/main",
      repository: "acme/docs",
      repository_owner: "acme",
    });
  });

  it("stops more than once, leaves nothing listening, and says so when a port is taken", async () => {
    const other = await standIn();
    await expect(
      startGitHub({
        environment: environment(),
        dataDir: `${other.gh.world.gitRoot}-two`,
        port: Number(new URL(other.gh.url).port),
      }),
    ).rejects.toThrow(/port \d+ on 127.0.0.1 is in use/);
    await other.gh.stop();
    await other.stop();
    await expect(fetch(other.gh.url)).rejects.toThrow();
    await expect(fetch(other.gh.blobs)).rejects.toThrow();
  });
});

describe("webhooks", () => {
  let s: StandIn;
  let bot: Caller;
  let server: Server;
  let url: string;
  const received: { event: string; signature: string; body: string; ok: boolean }[] = [];
  const SECRET = "an example of a secret";
  beforeAll(async () => {
    s = await standIn();
    ({ bot } = await onboard(s));
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on("data", (c: Buffer) => chunks.push(c))
        .on("end", () => {
          const body = Buffer.concat(chunks).toString();
          const signature = String(request.headers["x-hub-signature-256"]);
          received.push({
            event: String(request.headers["x-github-event"]),
            signature,
            body,
            ok: signature === `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
          });
          response.writeHead(204).end();
        });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(async () => {
    await new Promise((done) => server.close(done));
    await s.stop();
  });
  const until = async (test: () => boolean): Promise<void> => {
    for (let i = 0; i < 200 && !test(); i += 1) await new Promise((r) => setTimeout(r, 20));
    expect(test()).toBe(true);
  };

  it("are delivered, signed, for what they listen to, by repository and by organization, and never show their secret", async () => {
    const hook = await s.admin("POST", "/orgs/acme/hooks", {
      name: "web",
      config: { url: `${url}/org`, content_type: "json", secret: SECRET },
      events: ["repository_ruleset", "push", "member"],
    });
    expect(hook.body.config).toEqual({
      url: `${url}/org`,
      content_type: "json",
      insecure_ssl: "0",
      secret: "********",
    });
    await until(() => received.some((r) => r.event === "ping"));
    await s.admin("POST", "/repos/acme/api/rulesets", {
      name: "r",
      target: "branch",
      enforcement: "active",
      conditions: { ref_name: { include: ["refs/heads/x"], exclude: [] } },
      rules: [{ type: "deletion" }],
    });
    await bot("PUT", "/repos/acme/api/contents/x", { message: "m", content: "eA==" });
    await bot("POST", "/repos/acme/api/issues", { title: "not listened to" });
    await until(() => received.some((r) => r.event === "push"));
    expect(received.map((r) => r.event)).toEqual(expect.arrayContaining(["repository_ruleset", "push"]));
    expect(received.map((r) => r.event)).not.toContain("issues");
    expect(received.every((r) => r.ok)).toBe(true);
    expect(JSON.parse(received.find((r) => r.event === "push")!.body)).toMatchObject({
      ref: "refs/heads/main",
      sender: { login: "claude-bot" },
      repository: { full_name: "acme/api" },
      commits: [{ message: "m" }],
    });
    // The mask that is read back is sent back by clients, and keeps the secret.
    await s.admin("PATCH", `/orgs/acme/hooks/${hook.body.id}`, { config: hook.body.config, events: ["issues"] });
    await bot("POST", "/repos/acme/api/issues", { title: "listened to" });
    await until(() => received.some((r) => r.event === "issues"));
    expect(received.at(-1)!.ok).toBe(true);
    const deliveries = (await s.admin("GET", `/orgs/acme/hooks/${hook.body.id}/deliveries`)).body;
    expect(deliveries[0]).toMatchObject({ event: "issues", action: "opened", status: "OK", status_code: 204 });
  });
  it("leave this machine for nobody, and outlive a receiver that is gone", async () => {
    const hook = await s.admin("POST", "/repos/acme/docs/hooks", {
      config: { url: "https://hooks.example.com/x", content_type: "json" },
      events: ["push"],
    });
    await s.admin("POST", `/repos/acme/docs/hooks/${hook.body.id}/pings`);
    expect((await s.admin("GET", `/repos/acme/docs/hooks/${hook.body.id}/deliveries`)).body[0]).toMatchObject({
      event: "ping",
      status_code: 0,
      status: expect.stringMatching(/not a loopback/),
    });
    const dead = await s.admin("POST", "/repos/acme/docs/hooks", {
      config: { url: "http://127.0.0.1:9/x", content_type: "json" },
      events: ["push"],
    });
    await s.admin("POST", `/repos/acme/docs/hooks/${dead.body.id}/pings`);
    expect((await s.admin("GET", `/repos/acme/docs/hooks/${dead.body.id}`)).body.last_response.status).toBe("error");
  });
});
