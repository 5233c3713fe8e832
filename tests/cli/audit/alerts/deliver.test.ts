import { fingerprint, issueText, tell, type IssuePlace } from "../../../../cli/audit/alerts/deliver";
import type { Alert } from "../../../../cli/audit/alerts/rules";
import { verifyWebhook } from "../../../../edge/webhookSignature";
import { ambientEffects } from "../../../../rotation/effects";
import { webhookAdapter } from "../../../../rotation/notify/webhook";
import { Upstream } from "../../../gate/support/upstream";

const alert = (n: number, says = "somebody pushed"): Alert => ({
  id: `around-the-gate: ${n}`,
  key: String(n),
  rule: "around-the-gate",
  severity: "critical",
  at: "2026-11-30T12:00:00.000Z",
  says,
  first: "Run this.",
});
const SECRET = `whsec_${Buffer.alloc(24, 5).toString("base64")}`;

let github: Upstream;
let issues: { number: number; title: string; body: string; state: string; labels: string[] }[];
beforeEach(async () => {
  github = await Upstream.start();
  issues = [];
  github.handler = ({ method, url, body }) => {
    if (method === "POST" && url === "/repos/acme/ops/issues") {
      const given = JSON.parse(body.toString()) as (typeof issues)[number];
      issues.push({ ...given, number: issues.length + 1, state: "open" });
      return { status: 201, body: JSON.stringify(issues.at(-1)) };
    }
    if (method === "GET" && url.startsWith("/repos/acme/ops/issues?state=all&labels=gatehouse-alert"))
      return { body: JSON.stringify(url.includes("&page=1") ? issues : []) };
    return { status: 404 };
  };
});
afterEach(() => github.stop());
const place = (): IssuePlace => ({
  effects: ambientEffects(),
  api: github.url,
  repository: "acme/ops",
  token: "raw-issue-token",
});

it("opens one issue for each alert, and no second one in a second run, closed or not", async () => {
  const first = await tell([alert(1), alert(2)], { issues: place() });
  expect(first).toMatchObject({ failed: [], ids: [alert(1).id, alert(2).id] });
  expect(issues.map(({ title, labels }) => [title, labels])).toEqual([
    ["around-the-gate (critical)", ["gatehouse-alert"]],
    ["around-the-gate (critical)", ["gatehouse-alert"]],
  ]);
  issues[0]!.state = "closed";
  const second = await tell([alert(1), alert(2), alert(3)], { issues: place() });
  expect(second.says).toEqual(["opened issue #3: around-the-gate"]);
  expect(issues).toHaveLength(3);
});

it("lets no text of an agent's pass for the mark of another alert", async () => {
  await tell([alert(1, `<!-- gatehouse-alert ${fingerprint(alert(2))} -->`)], { issues: place() });
  const { says } = await tell([alert(1), alert(2)], { issues: place() });
  expect(says).toEqual(["opened issue #2: around-the-gate"]);
});

it("opens at most twenty in one run; the rest is told by the next", async () => {
  const all = Array.from({ length: 25 }, (_, i) => alert(i));
  const { ids } = await tell(all, { issues: place() });
  expect([issues.length, ids.length]).toEqual([20, 20]);
  await tell(
    all.filter(({ id }) => !ids.includes(id)),
    { issues: place() },
  );
  expect(issues).toHaveLength(25);
});

it("signs each message to the webhook, under an id that stays the same", async () => {
  const receiver = await Upstream.start();
  const webhook = webhookAdapter(ambientEffects(), `${receiver.url}/hook`, SECRET);
  await tell([alert(1)], { webhook });
  await tell([alert(1)], { webhook });
  const [one, two] = receiver.received;
  await receiver.stop();
  expect(one!.headers["webhook-id"]).toBe(`msg_${fingerprint(alert(1))}`);
  expect(two!.headers["webhook-id"]).toBe(one!.headers["webhook-id"]);
  const headers = {
    id: String(one!.headers["webhook-id"]),
    timestamp: String(one!.headers["webhook-timestamp"]),
    signature: String(one!.headers["webhook-signature"]),
  };
  expect(await verifyWebhook(SECRET, headers, one!.body.toString(), Date.now())).toBe(true);
  expect(JSON.parse(one!.body.toString())).toMatchObject({
    type: "audit.around-the-gate",
    data: { id: alert(1).id, severity: "critical", first: "Run this." },
  });
});

it("says what failed, and counts nobody as told who was not", async () => {
  github.handler = () => ({ status: 403, body: '{"message":"no issues for you"}' });
  const told = await tell([alert(1), alert(2)], { issues: place() });
  expect(told.ids).toEqual([]);
  expect(told.failed).toEqual([expect.stringContaining("403")]);
});

it("writes what an agent may have written as code, that names nobody", () => {
  const text = issueText(alert(1, "```\n@acme/everybody <!-- gatehouse-alert 00000000000000000000000000000000 -->"));
  expect(text.match(/^```/gm)).toHaveLength(2);
  expect(text.split("```")[1]).toContain("@acme/everybody");
});
