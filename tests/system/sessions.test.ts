import { createHash } from "node:crypto";
import { claudeSessions, type ClaudeSessions } from "../../cli/session/claude";
import { endSession, listSessions, startSession } from "../../cli/session/sessions";
import { planClaudeAgent, type ClaudeAgentPlan } from "../../infra/plans";
import { ambientEffects } from "../../rotation/effects";
import { GateControl } from "../../rotation/gateControl";
import { all, served, type Served } from "../../sandbox/tests/anthropic/support";
import { made, startGate, type Gate } from "../gate/support/gate";
import { environment } from "../support/environment";
import { until } from "../support/until";

const hashOf = (key: string): string => createHash("sha256").update(key).digest("base64url");
const ISSUER = made("gsi_");
const plan = planClaudeAgent(
  environment({ "agent.environment": { kind: "claude-managed-agent", model: "claude-opus-5-5" } }),
) as ClaudeAgentPlan;
const effects = ambientEffects();

let gate: Gate;
let sandbox: Served;
let claude: ClaudeSessions;
const beta = () => sandbox.client.beta;
const door = (key = ISSUER) => new GateControl(effects, gate.url, key);
const ask = async (key: string): Promise<number> => {
  const answer = await gate.ask("/repos/acme/api", { headers: { authorization: `Bearer ${key}` } });
  await answer.text();
  return answer.status;
};

/** What the stack declares at Anthropic. */
async function declare(): Promise<void> {
  const { config, name, description } = plan.environment;
  const { networking } = config;
  await beta().environments.create({
    name,
    description,
    config: {
      type: "cloud",
      networking: {
        type: "limited",
        allowed_hosts: networking.allowedHosts,
        allow_mcp_servers: networking.allowMcpServers,
        allow_package_managers: networking.allowPackageManagers,
      },
    },
  });
  const snake = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(snake)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(
            Object.entries(value).map(([key, one]) => [
              key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
              snake(one),
            ]),
          )
        : value;
  const { mcpServers, ...agent } = plan.agent;
  await beta().agents.create({
    ...(snake(agent) as object),
    mcp_servers: mcpServers.map((server) => ({ type: "url", ...server })),
  } as never);
}

beforeAll(async () => {
  gate = await startGate({
    bindings: { SESSION_ISSUERS: [{ sha256: hashOf(ISSUER) }] },
    policy: (policy) => ({ ...policy, sessionKeys: { maxHours: 2, maxSessions: 2 } }),
  });
}, 60_000);
afterAll(() => gate.stop());
beforeEach(async () => {
  sandbox = await served();
  claude = claudeSessions(effects, sandbox.client, plan);
  await declare();
});
afterEach(() => sandbox.standIn.stop());

const start = (key = ISSUER) => startSession({ effects, gate: door(key), claude }, 1, "Issue 17");
const left = async (): Promise<{ vaults: number; open: number }> => ({
  vaults: (await all(beta().vaults.list({}))).length,
  open: (await all(beta().sessions.list({}))).length,
});

it("starts a session whose key is its own, names it in every record, and ends both at once", async () => {
  const begun = await start();
  const session = await beta().sessions.retrieve(begun.session);
  expect(session).toMatchObject({ title: "Issue 17", vault_ids: [begun.vault], agent: { version: begun.version } });
  const { secrets, mcpServers } = sandbox.standIn.egress(begun.session);
  const key = secrets[0]?.value ?? "";
  expect(key).toMatch(/^gsk_/);
  expect([hashOf(key), mcpServers[0]?.bearer]).toEqual([begun.gateKeySha256, key]);
  expect(JSON.stringify(begun)).not.toContain(key);
  // Good from the moment on that the command ends.
  expect(await ask(key)).toBe(200);
  expect(await listSessions(door(), claude)).toEqual([
    { session: begun.session, gateKeySha256: begun.gateKeySha256, notAfter: begun.notAfter, status: session.status },
  ]);
  const records = (await new GateControl(effects, gate.url, gate.operatorKey).audit()) ?? [];
  expect(records.find((one) => one.gateKeySha256 === begun.gateKeySha256)).toMatchObject({
    agent: "agent",
    session: begun.session,
  });

  expect(await endSession(door(gate.operatorKey), claude, begun.session)).toEqual([]);
  await until("the key's end", async () => (await ask(key)) === 401, { ms: 4_000 });
  expect([await left(), await claude.status(begun.session)]).toEqual([{ vaults: 0, open: 0 }, "archived"]);
  expect(await listSessions(door(), claude)).toEqual([]);
  expect(await endSession(door(), claude, begun.session)).toEqual([]);
});

it("leaves nothing at Anthropic where the gate does not take the key", async () => {
  await expect(start(gate.operatorKey)).rejects.toThrow(/refused to open to the session's key \(404\)/);
  await expect(start(made("gsi_"))).rejects.toThrow(/refused to list the sessions' keys \(404\)/);
  expect(await left()).toEqual({ vaults: 0, open: 0 });
});

it("leaves nothing at Anthropic where a create breaks off, before or after it took effect", async () => {
  for (const pathPrefix of ["/v1/vaults", "/v1/sessions"])
    for (const when of ["before", "after"]) {
      await sandbox.control("POST", "faults", { method: "POST", pathPrefix, drop: true, times: 1, when });
      await expect(start()).rejects.toMatchObject({ name: "Unavailable" });
      expect([pathPrefix, when, await left()]).toEqual([pathPrefix, when, { vaults: 0, open: 0 }]);
    }
  expect(await listSessions(door(), claude)).toEqual([]);
});

it("starts nothing with an agent or an environment that is not as declared", async () => {
  const [agent] = await all(beta().agents.list({}));
  const [sandboxed] = await all(beta().environments.list({}));
  await beta().environments.update(sandboxed!.id, { config: { type: "cloud", networking: { type: "unrestricted" } } });
  await expect(start()).rejects.toThrow(/the environment .* is not what the environment file says/);
  await beta().agents.archive(agent!.id);
  await expect(start()).rejects.toThrow(/shows no agent/);
  expect(await left()).toEqual({ vaults: 0, open: 0 });
});
