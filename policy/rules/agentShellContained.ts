import { CLAUDE_AGENT, CLAUDE_ENVIRONMENT, known, list, object } from "../read";
import { stackRule } from "../rule";

/**
 * A shell can send whatever it reads. Nobody needs to confirm its commands where the sandbox reaches one host, the
 * gate's, which judges each request itself.
 */
export const agentShellContained = stackRule({
  id: "agent-shell-contained",
  severity: "high",
  description:
    "Where nobody confirms an agent's shell commands, every sandbox of the stack reaches one host and no registry.",
  remediation: "Set bash to always_ask, or take allowedHosts and packageManagers out of agent.environment.",
  controls: ["NIST SP 800-53 SC-7(5)", "OWASP LLM06:2025", "OWASP ASI05"],
  check: (resources) => {
    const open = resources.some(({ type, inputs }) => type === CLAUDE_ENVIRONMENT && reachesMore(inputs.config));
    return resources
      .filter(({ type, inputs }) => open && type === CLAUDE_AGENT && shellUnasked(inputs.tools))
      .map(({ urn }) => ({
        urn,
        message: "Nobody confirms shell commands, and a sandbox reaches more than one host.",
      }));
  },
});

function reachesMore(config: unknown): boolean {
  const { networking } = object(config);
  if (!known(config) || !known(networking)) return false;
  const { type, allowedHosts, allowPackageManagers } = object(networking);
  return type !== "limited" || allowPackageManagers === true || (known(allowedHosts) && list(allowedHosts).length > 1);
}

/** Whether `bash` is on and `always_allow`: by its own entry, or by the default of the built-in tools. */
function shellUnasked(tools: unknown): boolean {
  return list(tools).some((toolset) => {
    const { type, defaultConfig, configs } = object(toolset);
    if (type !== "agent_toolset_20260401") return false;
    const standard = object(defaultConfig);
    const own = object(list(configs).find((entry) => object(entry).name === "bash"));
    const { enabled = standard.enabled ?? true, permissionPolicy = standard.permissionPolicy } = own;
    return enabled === true && known(permissionPolicy) && object(permissionPolicy).type !== "always_ask";
  });
}
