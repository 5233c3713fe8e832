import { CLAUDE_AGENT, known, object } from "../read";
import { resourceRule } from "../rule";

const MEMBERS = ["advisor", "subagents", "workflows"] as const;

/**
 * Anthropic (SDK 1.14.0, `multiagent_20261001`): subagents and workflows that are left out, or null, are enabled, and
 * with them agents that are written at run time and have tools of their own.
 */
export const agentWorksAlone = resourceRule({
  id: "agent-works-alone",
  severity: "high",
  description: "No agent starts others whose tools nobody has reviewed; each member of multiagent is said in words.",
  remediation: "Set advisor, subagents and workflows of multiagent to disabled, or leave multiagent out.",
  controls: ["NIST SP 800-53 AC-6", "OWASP ASI07", "OWASP ASI10"],
  types: [CLAUDE_AGENT],
  check: ({ inputs: { multiagent } }) => {
    if (!known(multiagent) || multiagent === undefined || multiagent === null) return [];
    return MEMBERS.flatMap((member) => {
      const value = object(multiagent)[member];
      if (!known(value)) return [];
      const { type, inlineAgents } = object(value);
      if (type === undefined) return [`${member} is left to its default.`];
      if (type === "disabled" || member === "advisor") return [];
      return object(inlineAgents).type === "disabled"
        ? []
        : [`${member} may write agents of its own, whose tools nobody has reviewed.`];
    });
  },
});
