import { createHash } from "node:crypto";
import { until } from "../../../support/until";
import { made, ruleOf, startGate, type Gate } from "../../support/gate";

const hashOf = (key: string): string => createHash("sha256").update(key).digest("base64url");
const HOUR = 3_600_000;
const inHours = (hours: number): string => new Date(Date.now() + hours * HOUR).toISOString();
const ISSUER = made("gsi_");

interface Line {
  readonly agent: string;
  readonly path: string;
  readonly route: string;
  readonly status: number;
  readonly session?: string;
  readonly gateKeySha256?: string;
}

describe("keys of sessions", () => {
  let gate: Gate;
  let count = 0;
  const as = (key: string, target = "/repos/acme/api", init: RequestInit = {}): Promise<Response> =>
    gate.ask(target, { ...init, headers: { authorization: `Bearer ${key}` } });
  const door = (key: string, method: string, path = "", body?: unknown): Promise<Response> =>
    as(key, `/_gate/sessions${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const open = async (over: object = {}): Promise<{ key: string; session: string; answer: Response }> => {
    const key = made("gsk_");
    const session = `sesn_${++count}`;
    const body = { session, sha256: hashOf(key), notAfter: inHours(1), ...over };
    return { key, session, answer: await door(ISSUER, "POST", "", body) };
  };
  const listed = async (): Promise<string[]> =>
    ((await (await door(ISSUER, "GET")).json()) as { sessions: { session: string }[] }).sessions.map(
      (one) => one.session,
    );
  const lines = async (): Promise<Line[]> =>
    (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);

  beforeAll(async () => {
    gate = await startGate({
      bindings: { SESSION_ISSUERS: [{ sha256: hashOf(ISSUER) }] },
      policy: (policy) => ({ ...policy, sessionKeys: { maxHours: 2, maxSessions: 3 } }),
    });
    gate.upstream.handler = ({ url }) =>
      url.includes("/logs")
        ? { status: 302, headers: { location: `${gate.upstream.url}/storage/x` } }
        : url.startsWith("/storage/")
          ? { body: "logs" }
          : { body: "{}" };
  }, 60_000);
  afterEach(async () => {
    for (const session of await listed()) await door(ISSUER, "DELETE", `/${session}`);
  });
  afterAll(() => gate.stop());

  it("open the gate to one session until it ends, and every record names it", async () => {
    const { key, session, answer } = await open();
    expect([answer.status, await answer.json()]).toEqual([
      201,
      { session, sha256: hashOf(key), agent: "agent", notAfter: expect.any(String) },
    ]);
    await until("the key's first use", async () => (await as(key)).status === 200, { ms: 4_000 });
    const basic = Buffer.from(`x:${key}`).toString("base64");
    const git = await gate.ask("/repos/acme/api/issues", { headers: { authorization: `Basic ${basic}` } });
    expect(git.status).toBe(200);
    expect((await as(key, "/repos/acme/secrets")).status).toBe(403);
    const download = new URL((await as(key, "/repos/acme/api/actions/runs/1/logs")).headers.get("location") ?? "");
    expect((await fetch(gate.url + download.pathname)).status).toBe(200);

    expect((await door(ISSUER, "DELETE", `/${session}`)).status).toBe(204);
    await until("the key's end", async () => (await as(key)).status === 401, { ms: 4_000 });
    const late = await fetch(gate.url + download.pathname);
    expect([late.status, await ruleOf(late)]).toEqual([401, "unauthenticated"]);

    const own = (await lines()).filter((line) => line.gateKeySha256 === hashOf(key) && line.agent === "agent");
    expect(own.length).toBeGreaterThanOrEqual(5);
    for (const line of own) expect([line.path, line.session]).toEqual([line.path, session]);
    const made = (await lines()).filter(({ route }) => route === "control.sessions");
    expect(made).toContainEqual(expect.objectContaining({ agent: "operator", session, status: 201 }));
    expect(JSON.stringify(await lines())).not.toContain(key);
  });

  it("are made by an issuer alone: no operator, no agent, no session", async () => {
    const { key } = await open();
    await until("the key's first use", async () => (await as(key)).status === 200, { ms: 4_000 });
    const body = { session: "sesn_x", sha256: hashOf(made("gsk_")), notAfter: inHours(1) };
    for (const other of [gate.operatorKey, gate.key, key, made("gsi_"), ""]) {
      const answer = await door(other, "POST", "", body);
      expect([answer.status, await ruleOf(answer)]).toEqual([404, "not-found"]);
    }
    expect(await listed()).not.toContain("sesn_x");
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", "/sesn_1"],
    ] as const)
      for (const other of [gate.key, key, ""])
        expect([method, (await door(other, method, path)).status]).toEqual([method, 404]);
    expect(await as(key).then(({ status }) => status)).toBe(200);
    // An operator sees and ends them.
    expect((await door(gate.operatorKey, "GET")).status).toBe(200);
    expect((await door(gate.operatorKey, "DELETE", "/sesn_none")).status).toBe(204);
  });

  it("give their issuer nothing else", async () => {
    for (const target of ["/repos/acme/api", "/_gate/guide"]) expect((await as(ISSUER, target)).status).toBe(401);
    for (const target of ["/_gate/audit", "/_gate/ready", "/_gate/keys", "/_gate/store/token"])
      expect((await as(ISSUER, target)).status).toBe(404);
    expect((await as(ISSUER, "/_gate/deny", { method: "POST", body: '{"stop":true}' })).status).toBe(404);
  });

  it.each([
    ["no session", { session: undefined }, "session"],
    ["a session that is none", { session: "a/b" }, "session"],
    ["the key itself", { sha256: made("gsk_") }, "sha256"],
    ["no end", { notAfter: undefined }, "notAfter"],
    ["an end that is over", { notAfter: "2020-01-01T00:00:00Z" }, "notAfter"],
    ["an end that is too late", { notAfter: inHours(2.1) }, "notAfter"],
    ["an end that is no time", { notAfter: "tomorrow" }, "notAfter"],
  ])("are refused with %s", async (_, over, field) => {
    const { answer } = await open(over);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([403, "application/json; charset=utf-8"]);
    expect(await answer.text()).toContain(field);
  });

  it("are as many as the posture says, one for a session, and never again once they ended", async () => {
    const first = await open();
    const same = { session: first.session, sha256: hashOf(first.key), notAfter: inHours(1) };
    expect((await door(ISSUER, "POST", "", same)).status).toBe(201);
    expect((await open({ session: first.session })).answer.status).toBe(409);
    expect((await open({ sha256: hashOf(first.key) })).answer.status).toBe(409);
    expect([(await open()).answer.status, (await open()).answer.status]).toEqual([201, 201]);
    const full = await open();
    expect([full.answer.status, await full.answer.text()]).toEqual([409, expect.stringContaining("(3). End one.")]);
    await door(ISSUER, "DELETE", `/${first.session}`);
    expect((await door(ISSUER, "POST", "", same)).status).toBe(409);
    expect((await open()).answer.status).toBe(201);
  });

  it("end by their hash too, as every gate key", async () => {
    const { key } = await open();
    await until("the key's first use", async () => (await as(key)).status === 200, { ms: 4_000 });
    await gate.operate("POST", "/_gate/deny", { gateKeySha256: hashOf(key) });
    await until("the key's end", async () => (await as(key)).status === 401, { ms: 5_000 });
  });
});

it("are not there where the posture does not have them", async () => {
  const gate = await startGate({ bindings: { SESSION_ISSUERS: [{ sha256: hashOf(ISSUER) }] } });
  try {
    for (const method of ["GET", "POST"]) {
      const answer = await gate.ask("/_gate/sessions", { method, headers: { authorization: `Bearer ${ISSUER}` } });
      expect([answer.status, await ruleOf(answer)]).toEqual([404, "not-found"]);
    }
    const answer = await gate.ask("/repos/acme/api", { headers: { authorization: `Bearer ${made("gsk_")}` } });
    expect([answer.status, await ruleOf(answer)]).toEqual([401, "unauthenticated"]);
    expect(gate.upstream.received).toEqual([]);
  } finally {
    await gate.stop();
  }
}, 60_000);
