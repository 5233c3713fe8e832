import { createHash } from "node:crypto";
import { made, ruleOf, startGate, type Gate } from "../support/gate";
import { Upstream } from "../support/upstream";
import { freshFetch } from "../../support/freshFetch";

const gates: Gate[] = [];
const start = async (options: Parameters<typeof startGate>[0]): Promise<Gate> => {
  const gate = await startGate(options);
  gates.push(gate);
  return gate;
};
afterAll(async () => {
  for (const gate of gates) await gate.stop();
});

describe("the limits", () => {
  it("let exactly as many requests through as the posture says, however many come at once", async () => {
    const gate = await start({ freshMinute: true, gate: { requestsPerMinute: 40, writesPerMinute: 5 } });
    const answers = await Promise.all(Array.from({ length: 120 }, () => gate.ask("/repos/acme/api")));
    const passed = answers.filter((a) => a.status === 200).length;
    expect([passed, gate.upstream.received.length]).toEqual([40, 40]);
    const refused = answers.find((a) => a.status === 429);
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await ruleOf(refused as Response)).toBe("limit-requests-minute");
  }, 60_000);

  it("count writes on their own, and leave the reads alone", async () => {
    const gate = await start({ freshMinute: true, gate: { requestsPerMinute: 1000, writesPerMinute: 5 } });
    const comment = (): Promise<Response> =>
      gate.ask("/repos/acme/api/issues/1/comments", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"body":"b"}',
      });
    const answers = await Promise.all(Array.from({ length: 12 }, comment));
    expect(answers.filter((a) => a.status === 200)).toHaveLength(5);
    expect(await ruleOf(answers.find((a) => a.status === 429) as Response)).toBe("limit-writes-minute");
    expect((await gate.ask("/repos/acme/api")).status).toBe(200);
  }, 60_000);

  it("count bytes before they are passed on", async () => {
    const gate = await start({ gate: { bytesPerHour: 30_000 } });
    gate.upstream.handler = () => ({ body: JSON.stringify({ text: "x".repeat(10_000) }) });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await gate.ask("/repos/acme/api")).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
  }, 60_000);

  it("heed what GitHub says", async () => {
    const gate = await start({});
    gate.upstream.handler = () => ({ status: 403, headers: { "retry-after": "30" }, body: '{"message":"secondary"}' });
    expect((await gate.ask("/repos/acme/api")).status).toBe(403);
    const answer = await gate.ask("/repos/acme/api");
    expect([answer.status, answer.headers.get("retry-after"), await ruleOf(answer)]).toEqual([
      429,
      "30",
      "github-limit",
    ]);
    expect(gate.upstream.received).toHaveLength(1);
  }, 60_000);
});

describe("closed on failure", () => {
  it("refuses everything without a valid policy, ledger or token store, and tells the operators", async () => {
    const alerts = await Upstream.start();
    const spoiled: [string, Record<string, unknown>, string][] = [
      ["policy", { POLICY: { v: 1 } }, "policy-invalid"],
      ["token key", { TOKEN_KEY: Buffer.alloc(32).toString("base64") }, "token-unavailable"],
      [
        "vault",
        {
          TOKEN_STORE: {
            kind: "vault",
            address: "http://127.0.0.1:1",
            mount: "agents",
            path: "x",
            authMount: "gatehouse-gate",
            roleId: "r",
          },
          VAULT_SECRET_ID: "s",
        },
        "token-unavailable",
      ],
    ];
    for (const [name, bindings, rule] of spoiled) {
      const gate = await start({
        bindings: {
          ALERTS: { webhook: `${alerts.url}/hook` },
          ALERT_SECRET: `whsec_${Buffer.from("a".repeat(24)).toString("base64")}`,
          ...bindings,
        },
      });
      const answer = await gate.ask("/repos/acme/api");
      expect([name, answer.status, await ruleOf(answer)]).toEqual([name, 503, rule]);
      expect(gate.upstream.received).toEqual([]);
    }
    const sent = alerts.received.map((r) => (JSON.parse(r.body.toString()) as { type: string }).type);
    expect(sent).toContain("gate.token-unavailable");
    const { headers, body } = alerts.received[0] ?? { headers: {} as Record<string, string>, body: Buffer.alloc(0) };
    const { createHmac } = await import("node:crypto");
    const signed = createHmac("sha256", "a".repeat(24))
      .update(`${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body.toString()}`)
      .digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${signed}`);
    await alerts.stop();
  }, 90_000);

  it("answers 502 and 504 when GitHub breaks or is too slow, and 401 for a key after its time", async () => {
    const late = made("ghk_");
    const hash = createHash("sha256").update(late).digest("base64url");
    const gate = await start({
      disturbed: true,
      gate: { upstreamTimeoutSeconds: 1 },
      bindings: {
        GATE_KEYS: [{ agent: "agent", sha256: hash, notAfter: new Date(Date.now() + 60_000).toISOString() }],
      },
    });
    const ask = (): Promise<Response> =>
      freshFetch(`${gate.url}/repos/acme/api`, { headers: { authorization: `Bearer ${late}` } });
    expect((await ask()).status).toBe(200);
    gate.upstream.handler = () => new Promise((resolve) => setTimeout(() => resolve({}), 2500));
    const slow = await ask();
    expect([slow.status, await ruleOf(slow)]).toEqual([504, "upstream-timeout"]);
    await gate.disturb({ clock: 61_000 });
    expect((await ask()).status).toBe(401);
  }, 60_000);
});

describe("the sealed store", () => {
  it("lets one rotator win, and gives the gate the new token at once", async () => {
    const gate = await start({});
    expect((await gate.operate("GET", "/_gate/store/token")).status).toBe(404);
    expect((await gate.operate("PUT", "/_gate/store/token-rotation", { cas: 0, value: "a" })).status).toBe(200);
    expect((await gate.operate("PUT", "/_gate/store/token-rotation", { cas: 0, value: "b" })).status).toBe(409);
    expect(await (await gate.operate("GET", "/_gate/store/token-rotation")).json()).toEqual({ version: 1, value: "a" });
    expect((await gate.ask("/_gate/store/token")).status).toBe(404);
  }, 60_000);
});
