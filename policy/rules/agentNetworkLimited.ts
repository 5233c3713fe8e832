import { refusedHost } from "../../infra/plans/claudeAgent";
import { CLAUDE_ENVIRONMENT, known, list, object, text } from "../read";
import { resourceRule } from "../rule";

/** Anthropic: an environment without networking is unrestricted. */
export const agentNetworkLimited = resourceRule({
  id: "agent-network-limited",
  severity: "critical",
  description: "An agent's sandbox reaches named hosts alone, none of them GitHub's.",
  remediation: "Set config.networking to limited with the gate's host, and leave GitHub's hosts and wildcards out.",
  controls: ["NIST SP 800-53 SC-7(5)", "NIST SP 800-53 SC-7(8)", "NIST SP 800-53 AC-4", "OWASP ASI02"],
  types: [CLAUDE_ENVIRONMENT],
  check: ({ inputs: { config } }) => {
    const { type, networking } = object(config);
    // Where the tools run at one's own workers, one's own network decides.
    if (!known(config) || type === "self_hosted" || !known(networking)) return [];
    const { type: kind, allowedHosts, allowMcpServers } = object(networking);
    if (kind !== "limited") return ["The sandbox reaches every host: GitHub around the gate, and everybody else."];
    return [
      ...(known(allowedHosts) ? list(allowedHosts) : []).flatMap((host) => {
        const wrong = refusedHost(text(host));
        return known(host) && wrong !== undefined ? [`The sandbox reaches ${text(host)}, which ${wrong}.`] : [];
      }),
      ...(allowMcpServers === true ? ["Every MCP server that a session names opens its host."] : []),
    ];
  },
});
