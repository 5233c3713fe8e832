import { ruleOf, startGate, type Gate } from "../../support/gate";
import { freshFetch } from "../../../support/freshFetch";
import { until } from "../../../support/until";

const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const seen = async (answer: Response): Promise<string> => {
  const rule = await ruleOf(answer);
  return answer.status < 400 && rule === "none" ? String(answer.status) : `${answer.status} ${rule}`;
};

describe("observing", () => {
  let gate: Gate;
  beforeAll(
    async () => (gate = await startGate({ disturbed: true, gate: { mode: { kind: "observe", until: day(1) } } })),
    60_000,
  );
  beforeEach(async () => {
    await gate.disturb({});
    gate.upstream.reset();
  });
  afterAll(() => gate.stop());

  it.each<[string, string, RequestInit | undefined, string]>([
    ["an unlisted repository", "/repos/acme/secrets/issues", undefined, "repository-not-listed"],
    ["a route that is not open", "/repos/acme/api/deployments?per_page=1", undefined, "route-not-allowed"],
    ["a write where the access is read", "/repos/acme/docs/issues", json("POST", { title: "t" }), "access-read-only"],
    ["a query parameter that is not open", "/repos/acme/api/issues?unheard=1", undefined, "query-not-allowed"],
    [
      "a body key that is not open",
      "/repos/acme/api/issues",
      json("POST", { title: "t", unheard: 1 }),
      "body-key-not-allowed",
    ],
    ["a search beyond the list", "/search/issues?q=repo:acme/secrets", undefined, "search-not-scoped"],
  ])(
    "records %s and lets it through, until its day is over",
    async (_name, target, init, rule) => {
      expect(await seen(await gate.ask(target, init))).toBe("200");
      expect(gate.upstream.received.map(({ method, url, body }) => [method, url, body.toString()])).toEqual([
        [init?.method ?? "GET", `/api/v3${target}`, typeof init?.body === "string" ? init.body : ""],
      ]);
      const lines = (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text())
        .trim()
        .split("\n")
        .map((l) => JSON.parse(l) as { decision: string; reason: string });
      expect(lines.filter(({ decision }) => decision === "observe").at(-1)).toMatchObject({ reason: rule });
      const end = Date.parse(`${day(1)}T23:59:59Z`);
      await gate.disturb({ clock: end - Date.now() - 5_000 });
      expect(await seen(await gate.ask(target, init))).toBe("200");
      await gate.disturb({ clock: end - Date.now() + 1_000 });
      gate.upstream.reset();
      expect(await seen(await gate.ask(target, init))).toBe(`403 ${rule}`);
      expect(gate.upstream.received).toEqual([]);
    },
    30_000,
  );

  it.each<[string, string, RequestInit | undefined, string]>([
    ["what is closed in every posture", "/repos/acme/api/pulls/1/merge", json("PUT", {}), "403 pull-request-merge"],
    ["another owner", "/repos/other-org/vault", undefined, "403 owner-not-allowed"],
    [
      "a branch that is not the agent's",
      "/repos/acme/api/contents/a.txt",
      json("PUT", { message: "m", content: "aGk=", branch: "main" }),
      "403 ref-outside-agent-space",
    ],
    [
      "a protected path",
      "/repos/acme/api/contents/CODEOWNERS",
      json("PUT", { message: "m", content: "aGk=", branch: "claude/x" }),
      "403 protected-path",
    ],
    ["a path in an odd spelling", "/repos/acme/api/%2e%2e%2fx", undefined, "400 path-encoding"],
    [
      "a body with two readings",
      "/repos/acme/docs/issues",
      { method: "POST", headers: { "content-type": "application/json" }, body: '{"title":"a","title":"b"}' },
      "400 body-duplicate-key",
    ],
    [
      "a body that is no JSON",
      "/repos/acme/docs/issues",
      { method: "POST", headers: { "content-type": "text/plain" }, body: "title" },
      "415 media-type",
    ],
    [
      "a credential",
      "/repos/acme/docs/issues",
      json("POST", { title: `ghp_${"a1B2".repeat(9)}` }),
      "403 secret-in-content",
    ],
    [
      "GraphQL",
      "/graphql",
      json("POST", { query: '{ organization(login: "acme") { membersWithRole { totalCount } } }' }),
      "200 graphql-field",
    ],
    ["git", "/acme/secrets.git/info/refs?service=git-upload-pack", undefined, "403 repository-not-listed"],
  ])("never lets through %s", async (_name, target, init, expected) => {
    expect(await seen(await gate.ask(target, init))).toBe(expected);
    expect(gate.upstream.received).toEqual([]);
  });

  it("needs a gate key, and stops when the operator says so", async () => {
    expect((await freshFetch(`${gate.url}/repos/acme/secrets`)).status).toBe(401);
    await gate.operate("POST", "/_gate/deny", { stop: true });
    const stopped = async (): Promise<boolean> =>
      (await seen(await gate.ask("/repos/acme/secrets"))) === "403 token-stopped";
    await until("the gate's stop", stopped, { ms: 3_000 });
    gate.upstream.reset();
    expect(await stopped()).toBe(true);
    await gate.operate("POST", "/_gate/deny", { stop: false });
    expect(gate.upstream.received).toEqual([]);
    expect(await seen(await gate.ask("/repos/acme/secrets"))).toBe("200");
  }, 30_000);
});

it("without a mode of observing all of that is refused", async () => {
  const gate = await startGate();
  expect(await seen(await gate.ask("/repos/acme/secrets/issues"))).toBe("403 repository-not-listed");
  await gate.stop();
}, 30_000);
