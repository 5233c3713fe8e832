import { readsOnly } from "../../infra/plans/claudeAgent";
import { CLAUDE_AGENT, known, list, object, text } from "../read";
import { resourceRule } from "../rule";

/** What no policy in words means differs by toolset and by version of the service, so it has to be said. */
export const agentAsksBeforeWriting = resourceRule({
  id: "agent-asks-before-writing",
  severity: "high",
  description:
    "Each tool of an agent has its permission policy in words, a person confirms what changes something elsewhere, and no model decides in their place.",
  remediation:
    "Set permissionPolicy to always_ask; always_allow only for tools that read, and for the sandbox's own files.",
  controls: ["NIST SP 800-53 AC-6", "OWASP LLM06:2025", "OWASP ASI02", "OWASP ASI09"],
  types: [CLAUDE_AGENT],
  check: ({ inputs: { tools } }) =>
    (known(tools) ? list(tools) : []).flatMap((toolset) => toolsetProblems(object(toolset))),
});

function toolsetProblems(toolset: Readonly<Record<string, unknown>>): string[] {
  const { type, defaultConfig, configs } = toolset;
  if (type !== "mcp_toolset" && !text(type).startsWith("agent_toolset")) return [];
  const where = type === "mcp_toolset" ? `the MCP server ${text(toolset.mcpServerName)}` : "the built-in tools";
  const standard = object(defaultConfig);
  const inherited = policyOf(standard.permissionPolicy);
  return [
    ...(standard.enabled === true && type === "mcp_toolset" && inherited === "always_allow"
      ? [`Every tool of ${where} is on, and nobody is asked.`]
      : []),
    ...(known(defaultConfig) ? wrongPolicy(inherited, `The default of ${where}`) : []),
    ...(known(configs) ? list(configs) : []).flatMap((entry) => {
      const { name, enabled, permissionPolicy } = object(entry);
      if (!known(permissionPolicy) || enabled === false) return [];
      const policy =
        permissionPolicy === undefined || permissionPolicy === null ? inherited : policyOf(permissionPolicy);
      return [
        ...(permissionPolicy === undefined || permissionPolicy === null ? [] : wrongPolicy(policy, text(name))),
        ...(type === "mcp_toolset" && policy === "always_allow" && !readsOnly(text(toolset.mcpServerName), text(name))
          ? [`${text(name)} changes something at GitHub, and nobody is asked.`]
          : []),
      ];
    }),
  ];
}

/** The policy's word; undefined when there is none, "" when it is not known yet. */
const policyOf = (value: unknown): string | undefined =>
  known(value) ? (typeof object(value).type === "string" ? text(object(value).type) : undefined) : "";

function wrongPolicy(policy: string | undefined, whose: string): string[] {
  if (policy === "auto") return [`${whose}: a model judges each call, and no person is asked.`];
  return policy === undefined ? [`${whose}: no permission policy in words.`] : [];
}
