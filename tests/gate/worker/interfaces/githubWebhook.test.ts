import { createHmac, randomBytes, randomUUID } from "node:crypto";
import type { AuditRecord } from "../../../../gate/policy/audit";
import { freshFetch } from "../../../support/freshFetch";
import { ruleOf, startGate, type Gate } from "../../support/gate";

const SECRET = randomBytes(32).toString("hex");
let gate: Gate;
beforeAll(async () => {
  gate = await startGate({ bindings: { GITHUB_WEBHOOK_SECRET: SECRET } });
}, 60_000);
afterAll(() => gate.stop());

const signature = (body: string, secret = SECRET): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
const deliver = (
  body: string,
  { id = randomUUID(), ...headers }: { id?: string; [name: string]: string } = {},
): Promise<Response> =>
  freshFetch(`${gate.url}/_gate/webhooks/github`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-event": "repository_ruleset",
      "x-github-delivery": id,
      "x-hub-signature-256": signature(body),
      ...headers,
    },
    body,
  });
const payload = (n: number): string => JSON.stringify({ action: "edited", n, sender: { login: "eve – ü" } });
const kept = async (): Promise<readonly { delivery: string; event: string; payload: unknown }[]> => {
  const bucket = await gate.miniflare.getR2Bucket("AUDIT", "github-gate");
  const { objects } = await bucket.list({ prefix: "webhooks/" });
  return Promise.all(
    objects.map(
      async ({ key }) =>
        JSON.parse((await (await bucket.get(key))?.text()) ?? "") as Awaited<ReturnType<typeof kept>>[number],
    ),
  );
};

it("keeps a signed delivery in the audit bucket, once, and records each request", async () => {
  const id = randomUUID();
  expect((await deliver(payload(1), { id })).status).toBe(202);
  expect((await deliver(payload(1), { id })).status).toBe(200);
  const mine = (await kept()).filter(({ delivery }) => delivery === id);
  expect(mine).toMatchObject([{ event: "repository_ruleset", payload: JSON.parse(payload(1)) as unknown }]);
  const lines = (await (await gate.operate("GET", "/_gate/audit")).text()).trim().split("\n");
  const records = lines
    .map((line) => JSON.parse(line) as AuditRecord)
    .filter(({ route }) => route === "webhook.github");
  expect(records.map(({ agent, decision, status }) => [agent, decision, status])).toEqual([
    ["github", "allow", 202],
    ["github", "allow", 200],
  ]);
});

it("refuses a replay: the same body under another id, or another body under a known id", async () => {
  const id = randomUUID();
  expect((await deliver(payload(2), { id })).status).toBe(202);
  for (const [body, options] of [
    [payload(2), {}],
    [payload(3), { id }],
  ] as const) {
    const answer = await deliver(body, options);
    expect([answer.status, await ruleOf(answer)]).toEqual([400, "header-value"]);
  }
  expect((await kept()).filter(({ payload }) => [2, 3].includes((payload as { n: number }).n))).toHaveLength(1);
});

it("answers whoever cannot sign as a stranger, and keeps nothing", async () => {
  const before = (await kept()).length;
  const body = payload(4);
  for (const forged of [
    signature(body, "another secret"),
    signature(payload(5)),
    signature(body).toUpperCase(),
    signature(body).slice(0, -2),
    `sha1=${"0".repeat(40)}`,
    "",
  ]) {
    const answer = await deliver(body, { "x-hub-signature-256": forged });
    expect([answer.status, await ruleOf(answer)]).toEqual([404, "not-found"]);
  }
  for (const method of ["GET", "PUT"])
    expect((await freshFetch(`${gate.url}/_gate/webhooks/github`, { method })).status).toBe(404);
  expect((await kept()).length).toBe(before);
});

it("refuses what is signed and no delivery of GitHub's", async () => {
  for (const headers of [{ id: "../audit/x" }, { id: "" }, { "x-github-event": "Push/../x" }]) {
    const answer = await deliver(payload(6), headers);
    expect([answer.status, await ruleOf(answer)]).toEqual([400, "header-value"]);
  }
  const noJson = await deliver("payload=%7B%7D");
  expect([noJson.status, await ruleOf(noJson)]).toEqual([400, "body-malformed"]);
  const large = await deliver(JSON.stringify({ x: "y".repeat(4 * 1024 * 1024) }));
  expect([large.status, await ruleOf(large)]).toEqual([413, "body-too-large"]);
});

it("is not there where the stack has no such webhook", async () => {
  const without = await startGate();
  const body = payload(7);
  const answer = await freshFetch(`${without.url}/_gate/webhooks/github`, {
    method: "POST",
    headers: { "x-hub-signature-256": signature(body), "x-github-delivery": randomUUID(), "x-github-event": "push" },
    body,
  });
  await without.stop();
  expect(answer.status).toBe(404);
});
