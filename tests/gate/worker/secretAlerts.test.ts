import { createHash, randomBytes } from "node:crypto";
import { AlertReceiver } from "../support/alerts";
import { ruleOf, startGate, type Gate } from "../support/gate";

const decoy = `wiki-${randomBytes(20).toString("hex")}`;
const own = (): string => `acme_live_${randomBytes(16).toString("hex")}`;

let gate: Gate;
let alerts: AlertReceiver;
beforeAll(async () => {
  alerts = await AlertReceiver.start();
  gate = await startGate({
    bindings: alerts.bindings,
    gate: {
      secretPatterns: [
        { name: "acme-key", expression: "acme_live_[a-f0-9]{32}" },
        { name: "case-number", expression: "CASE-\\d{4}-\\d{6}" },
      ],
      canaryTokens: [{ name: "wiki-decoy", sha256: createHash("sha256").update(decoy).digest("hex") }],
      alertOnlySecrets: ["case-number", "npm-token"],
    },
  });
}, 60_000);
afterAll(async () => {
  await gate?.stop();
  await alerts?.stop();
});

const comment = (body: string): Promise<Response> =>
  gate.ask("/repos/acme/api/issues/1/comments", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ body }),
  });

it("refuses a canary token by its own rule and tells at once which one, never its value", async () => {
  const answer = await comment(`the password is "${decoy}"`);
  const requestId = answer.headers.get("x-gatehouse-request-id");
  expect(await ruleOf(answer)).toBe("canary-token");
  const alert = await alerts.of("gate.canary-token");
  expect(alert).toMatchObject({ signed: true, data: { canary: "wiki-decoy", repository: "acme/api", requestId } });
  const trail = await (await gate.operate("GET", "/_gate/audit?limit=100")).text();
  expect(trail).toContain('"rule":"canary-token"');
  expect(trail).toContain('"reason":"canary-token"');
  expect(trail + JSON.stringify(alert)).not.toContain(decoy);
});

it("shows a secret in the name of a file in no record, encoded or not", async () => {
  const secret = own();
  const hex = Buffer.from(secret).toString("hex");
  for (const name of [secret, hex, `CASE-2026-123456/${hex}`, decoy]) {
    const answer = await gate.ask(`/repos/acme/api/contents/src/${name}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "m", branch: "claude/x", content: "eA==" }),
    });
    expect([name, answer.status, await answer.text()]).toEqual([name, 403, expect.not.stringContaining(secret)]);
  }
  const trail = await (await gate.operate("GET", "/_gate/audit?limit=100")).text();
  for (const shown of [secret, hex, decoy]) expect(trail).not.toContain(shown);
  expect(trail).toContain("/contents/src/[acme-key]");
});

it("lets a kind through that only raises an alert, and refuses every other beside it", async () => {
  expect((await comment("see CASE-2026-123456")).status).toBe(200);
  expect(await alerts.of("gate.secret-passed")).toMatchObject({
    data: { kinds: "case-number", repository: "acme/api" },
  });
  const trail = await (await gate.operate("GET", "/_gate/audit?limit=100")).text();
  expect(trail).toContain('{"rule":"alerted-secret","kind":"case-number","offset":9}');
  expect(trail).not.toContain("CASE-2026");
  for (const text of [own(), `CASE-2026-123456 ${own()}`, `${"CASE-2026-123456 ".repeat(60)}${own()}`])
    expect([text, await ruleOf(await comment(text))]).toEqual([text, "secret-in-content"]);
});
