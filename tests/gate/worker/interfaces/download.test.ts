import { createHash } from "node:crypto";
import { seal, type Purpose } from "../../../../gate/worker/seal";
import type { GateEnv } from "../../../../gate/worker/env";
import { freshFetch } from "../../../support/freshFetch";
import { until } from "../../../support/until";
import { ruleOf, startGate, type Gate } from "../../support/gate";
import type { Reply } from "../../support/upstream";

interface Line {
  readonly agent: string;
  readonly path: string;
  readonly route: string;
  readonly repository: string;
  readonly decision: string;
  readonly reason: string;
  readonly status: number;
  readonly bytesOut: number;
  readonly tokenSha256: string;
  readonly gateKeySha256?: string;
}

const recordsOf = async (of: Gate): Promise<Line[]> =>
  (await (await of.operate("GET", "/_gate/audit?limit=10000")).text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

/** The last record for a reason. That of a stream is made when it has ended, which its client may see first. */
const recorded = (of: Gate, reason: string, status = 200): Promise<Line> =>
  until(`a record of "${reason}"`, async () =>
    (await recordsOf(of)).filter((one) => one.reason === reason && one.status === status).at(-1),
  );

describe("downloads", () => {
  let gate: Gate;
  let other: Gate;
  let found: Reply = {};
  const options = { disturbed: true, gate: { maxDownloadBytes: 1_000_000, lfs: "proxy" } } as const;
  beforeAll(async () => {
    gate = await startGate(options);
    other = await startGate(options);
    await other.putToken(gate.token); // The same machine user behind another gate.
  }, 60_000);
  beforeEach(async () => {
    await gate.disturb({});
    for (const one of [gate, other]) {
      one.upstream.reset();
      one.upstream.handler = ({ url }): Reply => (url.startsWith("/storage/") ? found : redirect());
    }
    found = {
      headers: { "content-type": "application/zip", "content-disposition": "attachment; filename=logs.zip" },
      body: "the archive",
    };
  });
  afterAll(async () => {
    await gate.stop();
    await other.stop();
  });

  const redirect = (location = `${gate.upstream.url}/storage/x?sig=signed-secret`): Reply => ({
    status: 302,
    headers: { location, "x-ratelimit-remaining": "4999", "set-cookie": "a=b" },
    body: "",
  });
  const LOGS = "/repos/acme/api/actions/runs/1/logs";
  const addressOf = async (target = LOGS, init: RequestInit = {}): Promise<string> => {
    const answer = await gate.ask(target, init);
    expect(answer.status).toBe(302);
    return new URL(answer.headers.get("location") ?? "").pathname;
  };
  const bare = (target: string, init: RequestInit = {}, at = gate): Promise<Response> =>
    freshFetch(at.url + target, { redirect: "manual", ...init });

  it.each<[string, string, Record<string, string>]>([
    ["a run's logs", LOGS, {}],
    ["an attempt's logs", "/repos/acme/api/actions/runs/1/attempts/1/logs", {}],
    ["a job's log", "/repos/acme/api/actions/jobs/1/logs", {}],
    ["an artifact", "/repos/acme/api/actions/artifacts/1/zip", {}],
    ["a tarball", "/repos/acme/api/tarball/main", {}],
    ["a zipball", "/api/v3/repos/acme/docs/zipball", {}],
    ["a release's asset", "/repos/acme/api/releases/assets/1", { accept: "application/octet-stream" }],
  ])("are answered as GitHub does, with an address of the gate instead of GitHub's: %s", async (_, target, headers) => {
    const answer = await gate.ask(target, { headers });
    expect([answer.status, await answer.text(), answer.headers.get("x-ratelimit-remaining")]).toEqual([
      302,
      "",
      "4999",
    ]);
    expect(answer.headers.get("location")).toMatch(new RegExp(`^${gate.url}/_download/[A-Za-z0-9_-]+$`));
    expect(answer.headers.get("cache-control")).toBe("private, no-store");
    expect(JSON.stringify([...answer.headers])).not.toMatch(/storage|signed-secret|set-cookie/);
    expect(gate.upstream.received.map(({ url }) => url.startsWith("/storage/"))).toEqual([false]);
    const address = new URL(answer.headers.get("location") ?? "").pathname;
    gate.upstream.received.length = 0;
    // Clients send the key on, drop it, or send what another server once wanted.
    for (const authorization of ["", `Bearer ${gate.key}`, "Bearer other", "Basic !"]) {
      const got = await bare(address, authorization === "" ? {} : { headers: { authorization } });
      expect([got.status, await got.text(), got.headers.get("content-type")]).toEqual([
        200,
        "the archive",
        "application/zip",
      ]);
      expect(got.headers.get("content-disposition")).toBe("attachment; filename=logs.zip");
    }
    expect(gate.upstream.received.map(({ method, url }) => `${method} ${url}`)).toEqual(
      Array(4).fill("GET /storage/x?sig=signed-secret"),
    );
    for (const { headers: sent } of gate.upstream.received) expect(sent).not.toHaveProperty("authorization");
  });

  it("are found by a client that follows redirects", async () => {
    const answer = await gate.ask(LOGS, { redirect: "follow" });
    expect([answer.status, await answer.text(), answer.redirected]).toEqual([200, "the archive", true]);
  });

  it.each([301, 303, 307, 308])("have an address that nobody remembers, also for %i", async (status) => {
    gate.upstream.handler = (): Reply => ({ ...redirect(), status });
    expect((await gate.ask(LOGS)).status).toBe(302);
  });

  it("tell by HEAD what they would have, without it", async () => {
    const asked = await gate.ask(LOGS, { method: "HEAD" });
    expect(asked.status).toBe(302);
    const got = await bare(new URL(asked.headers.get("location") ?? "").pathname, { method: "HEAD" });
    expect([got.status, await got.text(), got.headers.get("content-type")]).toEqual([200, "", "application/zip"]);
  });

  it("are both on record, with who asked and without the address", async () => {
    const address = await addressOf();
    found = { body: "the archive, for the record" };
    await (await bare(address)).text();
    await bare(`${address}x`);
    const gateKeySha256 = createHash("sha256").update(gate.key).digest("base64url");
    const common = {
      agent: "agent",
      gateKeySha256,
      route: "actions.run-logs",
      repository: "acme/api",
      decision: "allow",
    };
    expect(await recorded(gate, "", 302)).toMatchObject({ ...common, path: LOGS, bytesOut: 0 });
    expect(await recorded(gate, "download-refused", 403)).toMatchObject({
      agent: "",
      path: "/_download/",
      route: "",
      repository: "",
      decision: "deny",
    });
    const files = async (): Promise<Line[]> =>
      (await recordsOf(gate)).filter(({ bytesOut }) => bytesOut === "the archive, for the record".length);
    await until("the record of the file", async () => (await files()).length > 0);
    expect(await files()).toMatchObject([
      { ...common, path: "/_download/", status: 200, tokenSha256: gate.tokenSha256 },
    ]);
    const text = JSON.stringify(await recordsOf(gate));
    expect(text).not.toContain(address.slice("/_download/".length));
    expect(text).not.toContain("signed-secret");
  });

  it("work for a minute", async () => {
    const address = await addressOf();
    await gate.disturb({ clock: 55_000 });
    expect((await bare(address)).status).toBe(200);
    await gate.disturb({ clock: 61_000 });
    expect(await ruleOf(await bare(address))).toBe("download-refused");
    // A clock that was set back makes it no longer.
    await gate.disturb({ clock: -30_000 });
    expect(await ruleOf(await bare(address))).toBe("download-refused");
  });

  it("are refused at every address that is not exactly what was given", async () => {
    const address = await addressOf();
    const sealed = address.slice("/_download/".length);
    const flipped = (at: number): string =>
      `/_download/${sealed.slice(0, at)}${sealed[at] === "A" ? "B" : "A"}${sealed.slice(at + 1)}`;
    gate.upstream.received.length = 0;
    for (const target of [
      "/_download/",
      "/_download/x",
      `/_download/${"A".repeat(300)}`,
      flipped(0),
      flipped(20),
      flipped(sealed.length >> 1),
      flipped(sealed.length - 4),
      address.slice(0, -2),
      `${address}AA`,
      `${address}/`,
      `${address}/x`,
      `${address}?x=1`,
      `${address}%20`,
    ]) {
      for (const key of [false, true]) {
        const answer = key ? await gate.ask(target) : await bare(target);
        expect([target, answer.status, await ruleOf(answer)]).toEqual([target, 403, "download-refused"]);
      }
    }
    for (const method of ["POST", "PUT", "PATCH", "DELETE"])
      expect([method, await ruleOf(await bare(address, { method }))]).toEqual([method, "download-refused"]);
    expect(gate.upstream.received).toEqual([]);
    expect((await bare(address)).status).toBe(200);
  });

  it("are refused at the address of another gate", async () => {
    const address = await addressOf();
    expect(await ruleOf(await bare(address, {}, other))).toBe("download-refused");
    expect(await ruleOf(await other.ask(address))).toBe("download-refused");
    expect(other.upstream.received).toEqual([]);
  });

  describe("by an address that the gate sealed", () => {
    const made = (change: object = {}, purpose: Purpose = "download", bound = ""): Promise<string> =>
      seal({ TOKEN_STORE: { kind: "kv" }, TOKEN_KEY: gate.sealKey } as GateEnv, purpose, bound, {
        url: `${gate.upstream.url}/storage/x`,
        agent: "agent",
        route: "actions.run-logs",
        repository: "acme/api",
        until: Date.now() + 30_000,
        ...change,
      }).then((text) => `/_download/${text}`);

    it("pass", async () => expect((await bare(await made())).status).toBe(200));

    it.each<[string, () => Promise<string>, string]>([
      ["to a host that is not open", () => made({ url: "https://evil.example/x" }), "redirect-refused"],
      ["to another port", () => made({ url: "http://127.0.0.1:1/x" }), "redirect-refused"],
      ["with credentials", () => made({ url: `http://a:b@${new URL(gate.upstream.url).host}/x` }), "redirect-refused"],
      ["to no address", () => made({ url: "" }), "redirect-refused"],
      ["for another purpose", () => made({}, "lfs"), "download-refused"],
      ["for an object of LFS", () => made({}, "lfs", gate.tokenSha256), "download-refused"],
      ["bound to something else", () => made({}, "download", "x"), "download-refused"],
      ["for a time that is over", () => made({ until: Date.now() - 1 }), "download-refused"],
      ["for longer than any", () => made({ until: Date.now() + 3_600_000 }), "download-refused"],
      ["without an end", () => made({ until: undefined }), "download-refused"],
      ["for a repository that is no longer listed", () => made({ repository: "acme/secrets" }), "download-refused"],
      ["for a route that is no longer open", () => made({ route: "pulls.merge" }), "download-refused"],
    ])("are refused %s", async (_, address, rule) => {
      expect(await ruleOf(await bare(await address()))).toBe(rule);
      expect(gate.upstream.received).toEqual([]);
    });

    it("do not take a large file's place", async () => {
      const oid = "a".repeat(64);
      const sealed = (await addressOf()).slice("/_download/".length);
      const answer = await gate.ask(`/acme/api.git/info/lfs/objects/${oid}`, {
        headers: { "x-gatehouse-lfs": sealed },
      });
      expect(await ruleOf(answer)).toBe("lfs-refused");
    });
  });

  it("are judged by what a storage answers, as before", async () => {
    const get = async (): Promise<Response> => bare(await addressOf());
    found = { status: 302, headers: { location: "https://evil.example/x" }, body: "" };
    expect(await ruleOf(await get())).toBe("redirect-refused");
    found = { status: 302, headers: { location: "/storage/x" }, body: "" };
    expect(await ruleOf(await get())).toBe("redirect-refused");
    found = { status: 403, body: "<Error>signed-secret</Error>" };
    expect(await ruleOf(await get())).toBe("upstream-error");
    found = { headers: { "content-length": "1000001" }, body: Buffer.alloc(1_000_001) };
    expect(await ruleOf(await get())).toBe("answer-too-large");
  });

  it("break off before the gate's token, and leave out headers with it", async () => {
    found = {
      headers: { "content-type": "text/plain", etag: `"${gate.token}"` },
      body: `${"x".repeat(200_000)}${gate.token}`,
    };
    const answer = await bare(await addressOf());
    expect(answer.headers.has("etag")).toBe(false);
    const text = await answer.text().catch(() => "broken off");
    expect(text).not.toContain(gate.token.slice(0, 20));
    expect(await recorded(gate, "answer-refused")).toMatchObject({ path: "/_download/", agent: "agent", status: 200 });
  });

  it("have no body, and no header that changes their meaning", async () => {
    const address = await addressOf();
    expect(await ruleOf(await bare(address, { headers: { "x-http-method-override": "PUT" } }))).toBe(
      "header-forbidden",
    );
    expect((await bare(address, { headers: { range: "bytes=0-2" } })).status).toBe(200);
  });

  it("stop with the gate", async () => {
    const address = await addressOf();
    await gate.operate("POST", "/_gate/deny", { stop: true });
    await gate.disturb({ clock: 2_100 });
    gate.upstream.received.length = 0;
    expect(await ruleOf(await bare(address))).toBe("token-stopped");
    expect(gate.upstream.received).toEqual([]);
    await gate.operate("POST", "/_gate/deny", { stop: false });
    expect((await bare(address)).status).toBe(200);
  });
});

describe("downloads under a limit", () => {
  let gate: Gate;
  beforeAll(async () => {
    gate = await startGate({ freshMinute: true, gate: { requestsPerMinute: 6 } });
    gate.upstream.handler = ({ url }): Reply =>
      url.startsWith("/storage/")
        ? { body: "x" }
        : { status: 302, headers: { location: `${gate.upstream.url}/storage/x` } };
  }, 60_000);
  afterAll(() => gate.stop());

  it("are counted with and without a key", async () => {
    const address = (await gate.ask("/repos/acme/api/tarball")).headers.get("location") ?? "";
    const rules: string[] = [];
    for (let i = 0; i < 8; i++) {
      const answer = await freshFetch(address);
      rules.push(answer.status === 200 ? "200" : await ruleOf(answer));
    }
    expect(rules).toEqual([...Array<string>(5).fill("200"), ...Array<string>(3).fill("limit-requests-minute")]);
    expect(gate.upstream.received.filter(({ url }) => url === "/storage/x")).toHaveLength(5);
  });
});
