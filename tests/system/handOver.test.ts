import { createHash } from "node:crypto";
import { planClaudeAgent, type ClaudeAgentPlan } from "../../infra/plans";
import { ambientEffects, type Effects } from "../../rotation/effects";
import { GateControl } from "../../rotation/gateControl";
import { handOver } from "../../rotation/handOver";
import { claudeRuntime } from "../../rotation/runtime/claude";
import { served, type Served } from "../../sandbox/tests/anthropic/support";
import { made, startGate, type Gate } from "../gate/support/gate";
import { environment } from "../support/environment";
import { until } from "../support/until";

const hashOf = (key: string): string => createHash("sha256").update(key).digest("base64url");
const [OLD, NEW] = [made("ghk_"), made("ghk_")];
const plan = planClaudeAgent(
  environment({ "agent.environment": { kind: "claude-managed-agent", model: "claude-opus-5-5" } }),
) as ClaudeAgentPlan;

/** A clock that runs twenty times as fast as the machine's: half a minute of quiet passes in a second and a half. */
const FASTER = 20;
const started = Date.now();
const effects: Effects = {
  ...ambientEffects(),
  now: () => started + (Date.now() - started) * FASTER,
  sleep: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms / FASTER);
    }),
};

let gate: Gate;
let sandbox: Served;
let session: string;
/** What the session shows the gate: the secret that stands in for its placeholder at that moment. */
const shown = (): string => sandbox.standIn.egress(session).secrets[0]?.value ?? "";
const ask = async (key: string): Promise<number> => {
  const answer = await gate.ask("/repos/acme/api", { headers: { authorization: `Bearer ${key}` } });
  await answer.text();
  return answer.status;
};

beforeEach(async () => {
  const previous = { agent: "agent", sha256: hashOf(OLD), notAfter: new Date(Date.now() + 3_600_000).toISOString() };
  [gate, sandbox] = await Promise.all([
    startGate({ bindings: { GATE_KEYS: [{ agent: "agent", sha256: hashOf(NEW) }, previous] } }),
    served(),
  ]);
  const { vaults, agents, environments, sessions } = sandbox.client.beta;
  const { id: vault } = await vaults.create({ display_name: plan.vault.displayName });
  const { shellCredential, mcpCredential } = plan;
  await vaults.credentials.create(vault, {
    auth: {
      type: "environment_variable",
      secret_name: shellCredential.secretName,
      secret_value: OLD,
      networking: { type: "limited", allowed_hosts: [...shellCredential.networking.allowedHosts] },
      injection_location: { header: true },
    },
  });
  await vaults.credentials.create(vault, {
    auth: { type: "static_bearer", token: OLD, mcp_server_url: mcpCredential.mcpServerUrl },
  });
  const agent = await agents.create({ name: "a", model: "claude-opus-5-5" });
  const { id: environment_id } = await environments.create({ name: "e" });
  session = (await sessions.create({ agent: agent.id, environment_id, vault_ids: [vault] })).id;
}, 60_000);
afterEach(async () => {
  await gate.stop();
  await sandbox.standIn.stop();
});

const run = (waitMs: number) =>
  handOver({
    effects,
    gate: new GateControl(effects, gate.url, gate.operatorKey),
    runtime: claudeRuntime(effects, sandbox.client, plan),
    adapters: [],
    key: NEW,
    waitMs,
  });

it("hands a new gate key over to a session that runs, and ends the old one at the gate when the session has used it", async () => {
  expect(await ask(shown())).toBe(200);
  let working = true;
  const statuses = new Set<number>();
  const work = (async () => {
    while (working) {
      statuses.add(await ask(shown()));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  const done = await run(600_000);
  working = false;
  await work;
  expect(done).toMatchObject({ newSha256: hashOf(NEW), sessions: [session], ended: [hashOf(OLD)] });
  expect(done.provenBy).not.toBe("");
  // The session's work went on all the while.
  expect([...statuses]).toEqual([200]);
  await until("the end of the old key", async () => (await ask(OLD)) === 401, { ms: 5_000 });
  expect(await ask(NEW)).toBe(200);
});

it("leaves the old key alone while the session is silent, and says what to do", async () => {
  await expect(run(60_000)).rejects.toMatchObject({
    name: "NeedsPerson",
    message: expect.stringContaining("no request came under the new gate key within 1 minute"),
    todo: expect.arrayContaining([expect.stringContaining(session)]),
  });
  expect([await ask(OLD), await ask(shown())]).toEqual([200, 200]);
});
