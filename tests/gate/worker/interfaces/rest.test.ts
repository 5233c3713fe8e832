import * as http from "node:http";
import { createHash } from "node:crypto";
import { verifyChain } from "../../../../gate/policy";
import { ruleOf, startGate, type Gate } from "../../support/gate";
import { freshFetch } from "../../../support/freshFetch";
import { until } from "../../../support/until";

let gate: Gate;
beforeAll(async () => {
  gate = await startGate();
}, 60_000);
afterAll(() => gate?.stop());
beforeEach(() => gate.upstream.reset());

const json = (body: unknown, method = "POST"): RequestInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
/** Whatever reached GitHub, as `METHOD url`. */
const reached = (): string[] => gate.upstream.received.map((r) => `${r.method} ${r.url}`);

describe("authentication", () => {
  it("takes Bearer, token and the password of Basic, and nothing else", async () => {
    const basic = (user: string, password: string): string =>
      `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const status = async (authorization: string): Promise<number> =>
      (await freshFetch(`${gate.url}/repos/acme/api`, { headers: { authorization } })).status;
    for (const good of [`Bearer ${gate.key}`, `token ${gate.key}`, basic("x-access-token", gate.key)])
      expect(await status(good)).toBe(200);
    gate.upstream.reset();
    for (const bad of [
      "",
      gate.key,
      `Bearer ${gate.key}x`,
      `Bearer ${gate.key.slice(0, -1)}`,
      `Bearer ${gate.operatorKey}`,
      basic(gate.key, ""),
      "Basic !",
      `Digest ${gate.key}`,
    ])
      expect([bad.length, await status(bad)]).toEqual([bad.length, 401]);
    expect(reached()).toEqual([]);
  });

  it("asks strangers for a key, and names the request", async () => {
    const answer = await freshFetch(`${gate.url}/repos/acme/api`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Basic /);
    expect(answer.headers.get("x-gatehouse-request-id")).toBeTruthy();
    expect(await answer.json()).toMatchObject({
      message: expect.any(String) as string,
      documentation_url: expect.any(String) as string,
      gatehouse: { decision: "deny", rule: "unauthenticated", requestId: answer.headers.get("x-gatehouse-request-id") },
    });
  });
});

describe("forwarding", () => {
  it("sends the judged path with an allow-list of headers and the token, never the key", async () => {
    await gate.ask("/api/v3/repos/acme/api/issues?page=2", {
      headers: {
        cookie: "a=b",
        "x-forwarded-for": "192.0.2.1",
        "x-custom": "x",
        "if-none-match": '"e"',
        "user-agent": "agent/1",
        accept: "application/vnd.github+json",
      },
    });
    expect(reached()).toEqual(["GET /api/v3/repos/acme/api/issues?page=2"]);
    const { headers } = gate.upstream.received[0] ?? { headers: {} };
    expect(headers).toMatchObject({
      authorization: `Bearer ${gate.token}`,
      "user-agent": "agent/1",
      accept: "application/vnd.github+json",
      "if-none-match": '"e"',
    });
    for (const name of ["cookie", "x-forwarded-for", "x-custom", "cf-connecting-ip"])
      expect(headers).not.toHaveProperty(name);
    expect(JSON.stringify(gate.upstream.received)).not.toContain(gate.key);
  });

  it("writes the body anew from what was judged", async () => {
    gate.upstream.handler = ({ url }) =>
      url.includes("/compare/") ? { body: JSON.stringify({ files: [] }) } : { status: 201, body: "{}" };
    const answer = await gate.ask(
      "/repos/acme/api/pulls",
      json({ title: "t", head: "claude/x", base: "main", draft: false }),
    );
    expect(answer.status).toBe(201);
    expect(reached()).toEqual([
      "GET /api/v3/repos/acme/api/compare/main...claude%2Fx?per_page=1",
      "POST /api/v3/repos/acme/api/pulls",
    ]);
    expect(JSON.parse(gate.upstream.received[1]?.body.toString() ?? "")).toEqual({
      title: "t",
      body: expect.stringMatching(/^Gatehouse-Request: [0-9a-z-]+$/) as string,
      head: "claude/x",
      base: "main",
      draft: true,
    });
  });

  it("does not open a pull request over protected or too many files", async () => {
    const files = (...names: string[]) =>
      JSON.stringify({ files: names.map((filename) => ({ filename, changes: 1 })) });
    const open = async (compared: string): Promise<string> => {
      gate.upstream.reset();
      gate.upstream.handler = ({ url }) => (url.includes("/compare/") ? { body: compared } : { status: 201 });
      const answer = await gate.ask("/repos/acme/api/pulls", json({ title: "t", head: "claude/x", base: "main" }));
      const rule = answer.status === 201 ? "allow" : await ruleOf(answer);
      expect(reached().some((r) => r.startsWith("POST"))).toBe(rule === "allow");
      return rule;
    };
    expect(await open(files("src/a.ts"))).toBe("allow");
    expect(await open(files("src/a.ts", ".github/workflows/ci.yml"))).toBe("protected-path");
    expect(await open(files(...Array.from({ length: 101 }, (_, i) => `f${i}`)))).toBe("change-too-large");
    expect(await open(JSON.stringify({ files: [{ filename: "a", changes: 2001 }] }))).toBe("change-too-large");
    expect(await open(files(...Array.from({ length: 300 }, (_, i) => `f${i}`)))).toBe("change-not-inspectable");
    expect(await open("{}")).toBe("change-not-inspectable");
  });

  it("refuses headers that could change the meaning", async () => {
    expect(await ruleOf(await gate.ask("/repos/acme/api", { headers: { "x-http-method-override": "DELETE" } }))).toBe(
      "header-forbidden",
    );
    expect(await ruleOf(await gate.ask("/repos/acme/api", { headers: { accept: "image/png" } }))).toBe(
      "media-type-not-allowed",
    );
    expect(
      await ruleOf(
        await gate.ask("/repos/acme/api/issues", {
          method: "POST",
          headers: { "content-type": "text/plain" },
          body: "{}",
        }),
      ),
    ).toBe("media-type");
    expect(
      await ruleOf(
        await gate.ask("/repos/acme/api/issues", {
          method: "POST",
          headers: { "content-type": "application/json", "content-encoding": "gzip" },
          body: "{}",
        }),
      ),
    ).toBe("encoding-not-inspected");
    expect(reached()).toEqual([]);
  });

  it("refuses bodies that are too large, however they arrive", async () => {
    const large = JSON.stringify({ title: "t", body: "x".repeat(2_000_000) });
    // Over a connection of its own: the gate does not wait for what it will not read, so the connection ends with the
    // answer.
    const declared = await new Promise<string>((resolve, reject) => {
      const sent = http.request(
        `${gate.url}/repos/acme/api/issues`,
        {
          method: "POST",
          agent: false,
          headers: {
            authorization: `Bearer ${gate.key}`,
            "content-type": "application/json",
            "content-length": large.length,
          },
        },
        (answer) => {
          let text = "";
          answer.on("data", (part: Buffer) => (text += part.toString()));
          answer.on("error", reject);
          answer.on("end", () => resolve((JSON.parse(text) as { gatehouse: { rule: string } }).gatehouse.rule));
        },
      );
      sent.on("error", reject);
      sent.write(large.slice(0, 1000));
    });
    expect(declared).toBe("body-too-large");
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(large));
        controller.close();
      },
    });
    expect(
      await ruleOf(
        await gate.ask("/repos/acme/api/issues", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: stream,
          duplex: "half",
        } as RequestInit),
      ),
    ).toBe("body-too-large");
    expect(reached()).toEqual([]);
  });
});

describe("answers", () => {
  it("keep no cookie, scope or cache rule, and lead back to the gate", async () => {
    const api = `${gate.upstream.url}/api/v3`;
    gate.upstream.handler = () => ({
      headers: {
        "set-cookie": "a=b",
        "x-oauth-scopes": "repo",
        "cache-control": "public, max-age=60",
        etag: 'W/"e"',
        link: `<${api}/repositories/101/issues?page=2>; rel="next", <${api}/repositories/999/issues?page=9>; rel="last", <https://evil.example/>; rel="first"`,
      },
      body: JSON.stringify({
        url: `${api}/repos/acme/api`,
        clone_url: `${gate.upstream.url}/acme/api.git`,
        other: `${gate.upstream.url}/acme/secrets.git`,
        text: `see "${api}/repos" there`,
      }),
    });
    const answer = await gate.ask("/repos/acme/api/issues");
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "private, no-store",
      etag: 'W/"e"',
      link: `<${gate.url}/repos/acme/api/issues?page=2>; rel="next"`,
    });
    for (const name of ["set-cookie", "x-oauth-scopes"]) expect(answer.headers.has(name)).toBe(false);
    expect(await answer.json()).toEqual({
      url: `${gate.url}/repos/acme/api`,
      clone_url: `${gate.url}/acme/api.git`,
      other: `${gate.upstream.url}/acme/secrets.git`,
      text: `see "${api}/repos" there`,
    });
  });

  it("never hold the token, in any form", async () => {
    const t = gate.token;
    const forms = [
      t,
      Buffer.from(t).toString("base64"),
      Buffer.from(`x-access-token:${t}`).toString("base64"),
      Buffer.from(`ab${t}cd`).toString("base64"),
      Buffer.from(t).toString("hex"),
      [...t].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join(""),
    ];
    for (const form of forms) {
      gate.upstream.handler = () => ({ headers: { etag: `"${form.slice(0, 200)}"` }, body: `{"echo":"${form}"}` });
      const answer = await gate.ask("/repos/acme/api");
      const text = (await answer.text()) + JSON.stringify([...answer.headers]);
      expect(text).toContain("removed by gatehouse");
      expect(text.includes(form)).toBe(false);
    }
  });

  it("follow no redirect, and pass on only those that come back", async () => {
    gate.upstream.handler = () => ({
      status: 301,
      headers: { location: `${gate.upstream.url}/api/v3/repositories/101` },
    });
    const renamed = await gate.ask("/repos/acme/api");
    expect([renamed.status, renamed.headers.get("location")]).toEqual([301, `${gate.url}/repos/acme/api`]);
    gate.upstream.handler = () => ({ status: 302, headers: { location: "https://evil.example/x" } });
    expect(await ruleOf(await gate.ask("/repos/acme/api"))).toBe("redirect-refused");
  });

  it("answer 304 and HEAD without a body", async () => {
    gate.upstream.handler = () => ({ status: 304, headers: { etag: '"e"' }, body: "" });
    expect((await gate.ask("/repos/acme/api", { headers: { "if-none-match": '"e"' } })).status).toBe(304);
    gate.upstream.handler = () => ({ status: 200, body: "" });
    expect((await gate.ask("/repos/acme/api", { method: "HEAD" })).status).toBe(200);
  });
});

describe("downloads", () => {
  it("are followed inside the gate, without the token, to the declared host only", async () => {
    gate.upstream.handler = ({ url }) =>
      url.startsWith("/codeload/")
        ? { headers: { "content-type": "application/gzip" }, body: "archive" }
        : { status: 302, headers: { location: `${gate.upstream.url}/codeload/x?secret=1` } };
    const answer = await gate.ask("/repos/acme/api/tarball/main", { redirect: "follow" });
    expect([answer.status, await answer.text()]).toEqual([200, "archive"]);
    expect(gate.upstream.received.map((r) => [r.url.split("?")[0], "authorization" in r.headers])).toEqual([
      ["/api/v3/repos/acme/api/tarball/main", true],
      ["/codeload/x", false],
    ]);
    gate.upstream.handler = () => ({ status: 302, headers: { location: "http://127.0.0.1:1/x" } });
    expect(await ruleOf(await gate.ask("/repos/acme/api/tarball/main"))).toBe("redirect-refused");
  });
});

describe("the token", () => {
  it("is read anew once when GitHub refuses it, and then the gate says so", async () => {
    const next = `ghp_${"b7".repeat(18)}`;
    gate.upstream.handler = ({ headers }) => (headers.authorization === `Bearer ${next}` ? {} : { status: 401 });
    expect(await ruleOf(await gate.ask("/repos/acme/api"))).toBe("token-refused");
    await gate.putToken(next);
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
    await gate.putToken(gate.token);
    expect(((await (await gate.operate("POST", "/_gate/refresh")).json()) as { tokenSha256: string }).tokenSha256).toBe(
      gate.tokenSha256,
    );
  });

  it("is refused when it has expired, and works again when there is a new one", async () => {
    await gate.putToken(gate.token, "2020-01-01T00:00:00Z");
    expect(await ruleOf(await gate.operate("POST", "/_gate/refresh"))).toBe("token-expired");
    const answer = await gate.ask("/repos/acme/api");
    expect([answer.status, await ruleOf(answer)]).toEqual([503, "token-expired"]);
    expect(reached()).toEqual([]);
    await gate.putToken(gate.token, new Date(Date.now() + 3_600_000).toISOString());
    await gate.operate("POST", "/_gate/refresh");
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
  });

  it("closes the gate when the store cannot be read", async () => {
    await gate.putToken("");
    await gate.operate("POST", "/_gate/refresh");
    const kv = await gate.miniflare.getKVNamespace("TOKENS", "github-gate");
    await kv.put("token", "not json");
    expect(await ruleOf(await gate.operate("POST", "/_gate/refresh"))).toBe("token-unavailable");
    await gate.putToken(gate.token);
    expect((await gate.operate("POST", "/_gate/refresh")).status).toBe(200);
  });
});

describe("the operator", () => {
  it("is the only one who sees the control routes", async () => {
    expect((await freshFetch(`${gate.url}/_gate/health`)).status).toBe(204);
    for (const [method, path] of [
      ["GET", "/_gate/ready"],
      ["POST", "/_gate/refresh"],
      ["POST", "/_gate/probe"],
      ["POST", "/_gate/deny"],
      ["GET", "/_gate/audit"],
      ["GET", "/_gate/none"],
    ] as const) {
      const answer = await gate.ask(path, { method });
      expect([path, answer.status, await ruleOf(answer)]).toEqual([path, 404, "not-found"]);
    }
    expect(await (await gate.operate("GET", "/_gate/ready")).json()).toEqual({
      ready: true,
      checks: { ledger: true, token: true, audit: true, open: true },
    });
  });

  it("probes GitHub by the way every request takes", async () => {
    gate.upstream.handler = () => ({ body: JSON.stringify({ login: "claude-bot" }) });
    expect(await (await gate.operate("POST", "/_gate/probe")).json()).toMatchObject({
      status: 200,
      login: "claude-bot",
      tokenSha256: gate.tokenSha256,
    });
    expect(reached()).toEqual(["GET /api/v3/user"]);
  });

  it("stops the gate and lets it go on", async () => {
    expect((await gate.operate("POST", "/_gate/deny", { stop: true })).status).toBe(204);
    const stopped = async (): Promise<boolean> => (await ruleOf(await gate.ask("/repos/acme/api"))) === "token-stopped";
    await until("the gate's stop", stopped, { ms: 3_000 });
    gate.upstream.reset();
    expect(await stopped()).toBe(true);
    expect(reached()).toEqual([]);
    await gate.operate("POST", "/_gate/deny", { stop: false });
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
  });

  it("reads an audit trail that holds, with the token's hash and without the token", async () => {
    await gate.ask("/repos/acme/api?ref=x");
    await gate.ask("/repos/acme/secrets");
    const text = await (await gate.operate("GET", "/_gate/audit?limit=10000")).text();
    const lines = text.trim().split("\n");
    expect((await verifyChain(lines)).problems).toEqual([]);
    const records = lines.map(
      (line) =>
        JSON.parse(line) as {
          path: string;
          decision: string;
          reason: string;
          tokenSha256: string;
          gateKeySha256?: string;
          route: string;
          agent: string;
        },
    );
    expect(records.at(-1)).toMatchObject({
      path: "/repos/acme/secrets",
      decision: "deny",
      reason: "repository-not-listed",
      tokenSha256: "",
    });
    expect(records.some((r) => r.tokenSha256 === gate.tokenSha256 && r.decision === "allow")).toBe(true);
    // Under which key each request of the agent's came, whatever became of it; nobody else has one.
    const gateKeySha256 = createHash("sha256").update(gate.key).digest("base64url");
    expect(records.filter((r) => r.gateKeySha256 === gateKeySha256).length).toBeGreaterThan(1);
    for (const r of records)
      expect([r.agent, r.gateKeySha256]).toEqual([r.agent, r.agent === "agent" ? gateKeySha256 : undefined]);
    for (const secret of [gate.token, gate.key, gate.operatorKey, "ref=x"]) expect(text).not.toContain(secret);
    const after = await (await gate.operate("GET", `/_gate/audit?after=${lines.length - 1}&limit=1`)).text();
    expect(after.trim()).toBe(lines.at(-1));
  });
});
