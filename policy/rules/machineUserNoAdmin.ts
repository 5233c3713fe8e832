import { COLLABORATOR, MEMBERSHIP, TEAM_MEMBERSHIP, TEAM_REPOSITORY, agentOf, isGrant, text } from "../read";
import { stackRule } from "../rule";

const TOO_MUCH = new Set(["admin", "maintain", "maintainer", "owner"]);

/**
 * GitHub: repository roles for an organization; "maintain" may change settings, "admin" the rules that hold the agent.
 */
export const machineUserNoAdmin = stackRule({
  id: "machine-user-no-admin",
  severity: "critical",
  description:
    "A machine user owns nothing: no admin or maintain on a repository, no owner of the organization, no maintainer of a team.",
  remediation: "Give the repository access read or write in the environment file.",
  controls: ["NIST SP 800-53 AC-6", "NIST SP 800-53 AC-6(5)", "OWASP LLM06:2025"],
  check: (resources) => {
    const agent = agentOf(resources);
    return resources.flatMap((resource) => {
      const { type, urn, inputs } = resource;
      const role = text(type === TEAM_REPOSITORY || type === COLLABORATOR ? inputs.permission : inputs.role);
      const concerns =
        isGrant(resource, agent) ||
        ((type === MEMBERSHIP || type === TEAM_MEMBERSHIP) && agent.logins.has(text(inputs.username).toLowerCase()));
      if (!concerns || !TOO_MUCH.has(role)) return [];
      const where = text(inputs.repository) || text(inputs.teamId) || "the organization";
      return [{ urn, message: `The machine user has the role ${role} on ${where}.` }];
    });
  },
});
