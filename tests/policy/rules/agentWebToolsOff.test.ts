import { agentWebToolsOff } from "../../../policy/rules/agentWebToolsOff";
import { declare, said } from "../support/declare";

const agent = (configs: unknown, enabled = false) =>
  declare("claude:index:Agent", {
    tools: [{ type: "agent_toolset_20260401", defaultConfig: { enabled }, configs }],
  });
const on = (tool: string) => `${tool} is on for every domain, and the sandbox's network does not hold it.`;

describe("agent-web-tools-off", () => {
  it("holds where they are off, or ask listed domains alone", () => {
    expect(
      said(
        agentWebToolsOff,
        agent([]),
        agent([{ name: "web_fetch", enabled: true, allowedDomains: ["docs.acme.dev"] }]),
        agent(
          ["web_fetch", "web_search"].map((name) => ({ name, enabled: false })),
          true,
        ),
      ),
    ).toEqual([]);
  });

  it("refuses them for every domain, by their own entry or by the default", () => {
    expect(said(agentWebToolsOff, agent([{ name: "web_fetch", enabled: true }]))).toEqual([on("web_fetch")]);
    expect(said(agentWebToolsOff, agent([], true))).toEqual([on("web_fetch"), on("web_search")]);
    expect(
      said(agentWebToolsOff, declare("claude:index:Agent", { tools: [{ type: "agent_toolset_20260401" }] })),
    ).toEqual([on("web_fetch"), on("web_search")]);
  });
});
