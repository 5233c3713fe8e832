import { agentMcpThroughGate } from "../../../policy/rules/agentMcpThroughGate";
import { UNKNOWN } from "../../../policy/library";
import { declare, said } from "../support/declare";

const agent = (...urls: unknown[]) =>
  declare("claude:index:Agent", { mcpServers: urls.map((url, index) => ({ name: `server-${index}`, url })) });

describe("agent-mcp-through-gate", () => {
  it("holds for the gate's, and for what is not known yet", () => {
    expect(said(agentMcpThroughGate, agent("https://gate.acme.dev/mcp", UNKNOWN), agent())).toEqual([]);
  });

  it.each([
    "https://api.githubcopilot.com/mcp/",
    "https://api.githubcopilot.com/mcp/readonly",
    "https://x.ghe.com/mcp",
  ])("refuses %s", (url) => {
    expect(said(agentMcpThroughGate, agent("https://gate.acme.dev/mcp", url))).toEqual([
      `The MCP server at ${new URL(url).hostname} goes around the gate.`,
    ]);
  });
});
