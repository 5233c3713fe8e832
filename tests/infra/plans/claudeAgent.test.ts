import fc from "fast-check";
import { compilePolicy, planClaudeAgent, refusedHost } from "../../../infra/plans";
import { environment } from "../../support/environment";

const CLAUDE = { kind: "claude-managed-agent", model: "claude-opus-5-5" };
const plan = (more: object = {}) => planClaudeAgent(environment({ "agent.environment": { ...CLAUDE, ...more } }))!;
const HOST = "github-gate.acme-dev.workers.dev";

it("declares nothing where the file says nothing", () => {
  expect(planClaudeAgent(environment())).toBeUndefined();
});

it("lets sandbox and credentials reach the gate alone, by header alone", () => {
  const { environment: sandbox, shellCredential, mcpCredential } = plan();
  expect(sandbox.config).toEqual({
    type: "cloud",
    networking: {
      type: "limited",
      allowedHosts: [HOST],
      allowMcpServers: false,
      allowPackageManagers: false,
    },
  });
  expect(shellCredential).toEqual({
    type: "environment_variable",
    secretName: "GATEHOUSE_KEY",
    networking: { type: "limited", allowedHosts: [HOST] },
    injectionLocation: { header: true, body: false },
  });
  expect(mcpCredential).toEqual({ type: "static_bearer", mcpServerUrl: `https://${HOST}/mcp` });
});

it("opens to the sandbox what was asked for, and never to the credential", () => {
  const { environment: sandbox, shellCredential } = plan({
    allowedHosts: ["b.acme.dev", "a.acme.dev"],
    packageManagers: true,
  });
  expect(sandbox.config.networking).toMatchObject({
    allowedHosts: [HOST, "a.acme.dev", "b.acme.dev"],
    allowPackageManagers: true,
  });
  expect(shellCredential.networking.allowedHosts).toEqual([HOST]);
});

it("gives every tool a policy in words, turns web tools off, and everything that Anthropic adds later", () => {
  const { tools } = plan({
    tools: [{ name: "get_me", policy: "always_allow" }, { name: "create_pull_request" }],
  }).agent;
  expect(tools).toEqual([
    {
      type: "agent_toolset_20260401",
      defaultConfig: { enabled: false, permissionPolicy: { type: "always_ask" } },
      configs: [
        { name: "bash", enabled: true, permissionPolicy: { type: "always_ask" } },
        ...["edit", "glob", "grep", "read", "write"].map((name) => ({
          name,
          enabled: true,
          permissionPolicy: { type: "always_allow" },
        })),
        { name: "web_fetch", enabled: false, permissionPolicy: { type: "always_ask" } },
        { name: "web_search", enabled: false, permissionPolicy: { type: "always_ask" } },
      ],
    },
    {
      type: "mcp_toolset",
      mcpServerName: "gatehouse",
      defaultConfig: { enabled: false, permissionPolicy: { type: "always_ask" } },
      configs: [
        { name: "create_pull_request", enabled: true, permissionPolicy: { type: "always_ask" } },
        { name: "get_me", enabled: true, permissionPolicy: { type: "always_allow" } },
      ],
    },
  ]);
});

it("disables each member of multiagent in words", () => {
  expect(plan().agent.multiagent).toEqual({
    type: "multiagent_20261001",
    advisor: { type: "disabled" },
    subagents: { type: "disabled" },
    workflows: { type: "disabled" },
  });
});

it("counts a budget in cents, as a text", () => {
  expect(plan({ budgetDollars: 3 }).session.budget).toEqual({
    type: "limit",
    maxListCost: { amount: "300", currency: "USD" },
  });
});

it("refuses every host with a star in it, and every host below GitHub's", () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  fc.assert(
    fc.property(label, fc.constantFrom("github.com", "githubusercontent.com", "ghe.com"), (name, host) => {
      expect(refusedHost(`${name}.${host}`)).toBe("goes around the gate");
      expect(refusedHost(`*.${name}.dev`)).toMatch(/stands for/);
      expect(refusedHost(`${name}${host}`)).toBeUndefined();
    }),
  );
});

it("has the gate speak MCP, which its tools come by", () => {
  const facts = {
    repositories: [],
    endpoints: { api: "https://api.github.com", graphql: "https://api.github.com/graphql", git: "https://github.com" },
  };
  expect(compilePolicy(environment({ "agent.environment": CLAUDE }), facts).mcp).toBe(true);
  expect(compilePolicy(environment(), facts)).not.toHaveProperty("mcp");
});
