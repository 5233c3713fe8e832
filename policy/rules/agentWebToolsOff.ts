import { WEB_TOOLS } from "../../infra/plans/claudeAgent";
import { CLAUDE_AGENT, known, list, object, text } from "../read";
import { resourceRule } from "../rule";

/** Anthropic: web_search and web_fetch run on its own servers; an environment's networking does not govern them. */
export const agentWebToolsOff = resourceRule({
  id: "agent-web-tools-off",
  severity: "medium",
  description: "An agent's built-in web tools are off, or ask listed domains alone.",
  remediation: "Turn web_fetch and web_search off, or give each of them allowedDomains.",
  controls: ["NIST SP 800-53 SC-7(5)", "OWASP LLM01:2025", "OWASP ASI01"],
  types: [CLAUDE_AGENT],
  check: ({ inputs: { tools } }) =>
    (known(tools) ? list(tools) : []).flatMap((toolset) => {
      const { type, defaultConfig, configs } = object(toolset);
      if (!text(type).startsWith("agent_toolset") || !known(configs)) return [];
      return WEB_TOOLS.filter((tool) => {
        const { enabled = object(defaultConfig).enabled ?? true, allowedDomains } = object(
          list(configs).find((entry) => object(entry).name === tool),
        );
        return enabled === true && known(allowedDomains) && list(allowedDomains).length === 0;
      }).map((tool) => `${tool} is on for every domain, and the sandbox's network does not hold it.`);
    }),
});
