import { createHash } from "node:crypto";
import { until } from "../../../support/until";
import { made, ruleOf, startGate, type Gate } from "../../support/gate";

const hashOf = (key: string): string => createHash("sha256").update(key).digest("base64url");
const [OLD, NEW] = [made("ghk_"), made("ghk_")];
const END = new Date(Date.now() + 3_600_000).toISOString();

interface Line {
  readonly path: string;
  readonly agent: string;
  readonly decision: string;
  readonly reason: string;
  readonly gateKeySha256?: string;
}

describe("a gate key that an operator has ended", () => {
  let gate: Gate;
  const as = (key: string, target = "/repos/acme/api"): Promise<Response> =>
    gate.ask(target, { headers: { authorization: `Bearer ${key}` } });
  const keys = async (): Promise<unknown> =>
    ((await (await gate.operate("GET", "/_gate/keys")).json()) as { keys: unknown }).keys;
  const lines = async (): Promise<Line[]> =>
    (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);

  beforeAll(async () => {
    gate = await startGate({
      bindings: {
        GATE_KEYS: [
          { agent: "agent", sha256: hashOf(NEW) },
          { agent: "agent", sha256: hashOf(OLD), notAfter: END },
        ],
      },
    });
    gate.upstream.handler = ({ url }) =>
      url.includes("/logs")
        ? { status: 302, headers: { location: `${gate.upstream.url}/storage/x` } }
        : url.startsWith("/storage/")
          ? { body: "logs" }
          : { body: "{}" };
  }, 60_000);
  afterAll(() => gate.stop());

  it("opens nothing from then on, the other one goes on, and the record says whose it was", async () => {
    expect([(await as(OLD)).status, (await as(NEW)).status]).toEqual([200, 200]);
    const redirect = await as(OLD, "/repos/acme/api/actions/runs/1/logs");
    const download = new URL(redirect.headers.get("location") ?? "").pathname;
    expect(await keys()).toEqual([
      { agent: "agent", sha256: hashOf(NEW), denied: false },
      { agent: "agent", sha256: hashOf(OLD), notAfter: END, denied: false },
    ]);
    expect((await gate.operate("POST", "/_gate/deny", { gateKeySha256: hashOf(OLD) })).status).toBe(204);
    await until("the end of the old key", async () => (await as(OLD)).status === 401, { ms: 5_000 });
    gate.upstream.reset();
    // Also where another key is told why: whoever has an ended one learns nothing of the policy.
    for (const target of [
      "/repos/acme/api",
      "/repos/acme/secrets",
      "/_gate/guide",
      "/acme/api.git/info/refs?service=git-upload-pack",
    ]) {
      const answer = await as(OLD, target);
      expect([target, answer.status, await ruleOf(answer)]).toEqual([target, 401, "unauthenticated"]);
    }
    const late = await fetch(gate.url + download);
    expect([late.status, await ruleOf(late)]).toEqual([401, "unauthenticated"]);
    expect(gate.upstream.received).toEqual([]);
    expect((await as(NEW)).status).toBe(200);
    expect(await keys()).toMatchObject([{ denied: false }, { denied: true }]);
    const refused = (await lines()).filter(({ reason }) => reason === "unauthenticated");
    expect(refused.length).toBeGreaterThanOrEqual(4);
    for (const line of refused) expect(line).toMatchObject({ agent: "", decision: "deny", gateKeySha256: hashOf(OLD) });
  });

  it("is named by its hash alone, and the list is the operator's", async () => {
    for (const gateKeySha256 of ["short", OLD, `${"a".repeat(42)}=`]) {
      const answer = await gate.operate("POST", "/_gate/deny", { gateKeySha256 });
      expect([answer.status, await ruleOf(answer)]).toEqual([400, "body-malformed"]);
    }
    const answer = await as(NEW, "/_gate/keys");
    expect([answer.status, await ruleOf(answer)]).toEqual([404, "not-found"]);
  });
});
