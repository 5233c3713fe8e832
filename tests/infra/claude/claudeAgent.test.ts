import { ClaudeAgent, postureOutputs } from "../../../infra";
import { evaluate } from "../../../policy/library";
import { environment } from "../../support/environment";
import { deployPosture } from "../../support/posture";
import { postureMocks, secretOf } from "../../support/postureMocks";
import { deploy, inClear, known } from "../../support/pulumi";

const CLAUDE = { kind: "claude-managed-agent", model: "claude-opus-5-5" };
const SCRIPTS = {
  gate: "export default {};\n",
  ledger: "export class Ledger {}\n",
  rotator: "export default { scheduled() {} };\n",
};
const GATE_KEY = `ghk_${"k".repeat(43)}`;
const up = (more: object = {}) =>
  deploy(
    postureMocks,
    (opts) =>
      new ClaudeAgent(
        "agent",
        { environment: environment({ "agent.environment": { ...CLAUDE, ...more } }), gateKey: GATE_KEY },
        opts,
      ),
  );

it("declares environment, vault, two credentials and the agent, each under the component's name", async () => {
  const { resources } = await up();
  expect(resources.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
    "claude:index:Agent agent-agent",
    "claude:index:Environment agent-environment",
    "claude:index:Vault agent-vault",
    "claude:index:VaultCredential agent-mcp-key",
    "claude:index:VaultCredential agent-shell-key",
    "gatehouse:claude:ClaudeAgent agent",
  ]);
});

it("gives the gate key to the vault alone, as a secret, and never in clear", async () => {
  const run = await up();
  expect(run.one("agent-shell-key").inputs).toMatchObject({
    vaultId: "vlt_1",
    auth: { type: "environment_variable", secretName: "GATEHOUSE_KEY", secretValue: GATE_KEY },
  });
  expect(run.one("agent-mcp-key").inputs).toMatchObject({ auth: { type: "static_bearer", token: GATE_KEY } });
  const holders = run.resources.filter(({ inputs }) => JSON.stringify(inputs).includes(GATE_KEY));
  expect(holders.map(({ name }) => name).sort()).toEqual(["agent-mcp-key", "agent-shell-key"]);
  expect(inClear(run, GATE_KEY)).toEqual([]);
});

it("says with what a session starts: the agent at its version, the vault, the environment, a budget", async () => {
  const { value } = await up({ budgetDollars: 7 });
  expect(await known(value.session)).toEqual({
    agent: { type: "agent", id: "agent_1", version: 3 },
    environment_id: "env_1",
    vault_ids: ["vlt_1"],
    budget: { type: "limit", max_list_cost: { amount: "700", currency: "USD" } },
  });
});

it("stops with what is missing where the environment says nothing of Claude", async () => {
  await expect(
    deploy(postureMocks, (opts) => new ClaudeAgent("agent", { environment: environment(), gateKey: GATE_KEY }, opts)),
  ).rejects.toThrow("agent: agent.environment is missing; { kind: claude-managed-agent, model: … }");
});

describe("in a posture", () => {
  const posture = (changes: Record<string, unknown>) => deployPosture(environment(changes), SCRIPTS);
  const claude = (run: Awaited<ReturnType<typeof posture>>) =>
    run.resources.filter(({ type }) => type.startsWith("claude:") || type === "gatehouse:claude:ClaudeAgent");

  it("is there only where the environment file asks for it, and changes nothing else, but that the gate speaks MCP", async () => {
    const [without, with_] = [await posture({ "gate.mcp": true }), await posture({ "agent.environment": CLAUDE })];
    expect(claude(without)).toEqual([]);
    const others = (run: typeof with_) =>
      run.resources.filter((resource) => !claude(run).includes(resource)).map(({ name, inputs }) => ({ name, inputs }));
    expect(claude(with_)).toHaveLength(6);
    expect(others(with_)).toEqual(others(without));
    expect(Object.keys(postureOutputs(with_.value)).filter((key) => !(key in postureOutputs(without.value)))).toEqual([
      "agentSession",
      "agentSkill",
    ]);
  });

  it("gets the agent the gate's own key, after the gate has it", async () => {
    const run = await posture({ "agent.environment": CLAUDE });
    const bytes = secretOf("gatehouse-gate-agent-key-1");
    const key = `ghk_${bytes.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
    expect(run.one("gatehouse-agent-shell-key").inputs).toMatchObject({ auth: { secretValue: key } });
    const waits = ([] as unknown[]).concat(run.one("gatehouse-agent").options.dependsOn ?? []);
    expect(waits.map((resource) => (resource as { __name?: string }).__name)).toEqual(["gatehouse-gate"]);
  });

  it("breaks no rule of the policy pack", async () => {
    const run = await posture({ "agent.environment": { ...CLAUDE, bash: "always_allow" } });
    const declared = claude(run).map(({ type, name, inputs }) => ({
      type,
      name,
      inputs,
      urn: `urn:pulumi:dev::gatehouse::${type}::${name}`,
    }));
    expect(evaluate(declared, { today: "2026-06-15" }).filter(({ rule }) => rule !== "no-token-in-resource")).toEqual(
      [],
    );
  });
});
