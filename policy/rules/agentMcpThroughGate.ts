import { refusedHost } from "../../infra/plans/claudeAgent";
import { CLAUDE_AGENT, list, object, text } from "../read";
import { resourceRule } from "../rule";

/** GitHub's own MCP server takes a GitHub token, which the agent would then use around the gate. */
export const agentMcpThroughGate = resourceRule({
  id: "agent-mcp-through-gate",
  severity: "critical",
  description: "No MCP server of an agent is GitHub's own.",
  remediation: "Name the gate's MCP server, whose address is the gate's with /mcp.",
  controls: ["NIST SP 800-53 SC-7(8)", "OWASP ASI02"],
  types: [CLAUDE_AGENT],
  check: ({ inputs: { mcpServers } }) =>
    list(mcpServers).flatMap((server) => {
      const url = text(object(server).url);
      const host = URL.canParse(url) ? new URL(url).hostname : "";
      return host !== "" && refusedHost(host) !== undefined ? [`The MCP server at ${host} goes around the gate.`] : [];
    }),
});
