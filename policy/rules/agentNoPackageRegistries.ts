import { CLAUDE_ENVIRONMENT, object } from "../read";
import { resourceRule } from "../rule";

/** Anthropic: `allow_package_managers` opens the public registries, whatever `allowed_hosts` says. */
export const agentNoPackageRegistries = resourceRule({
  id: "agent-no-package-registries",
  severity: "low",
  description: "An agent's sandbox does not reach the public package registries.",
  remediation: "Leave packageManagers out; name a mirror of your own in allowedHosts.",
  controls: ["NIST SP 800-53 SC-7(5)", "OWASP ASI04"],
  types: [CLAUDE_ENVIRONMENT],
  check: ({ inputs: { config } }) =>
    object(object(config).networking).allowPackageManagers === true
      ? ["The sandbox reaches the public package registries: whoever can publish there has a way out."]
      : [],
});
