import {
  BRANCH_PROTECTION,
  ORGANIZATION_RULESET,
  REPOSITORY_RULESET,
  agentOf,
  list,
  object,
  text,
  type Agent,
} from "../read";
import { stackRule, type DeclaredResource } from "../rule";

/** Lists of branch protection whose members may do what it forbids to others. */
const ALLOWANCES = ["forcePushBypassers"] as const;
const REVIEW_ALLOWANCES = ["pullRequestBypassers", "dismissalRestrictions"] as const;
/**
 * GitHub's numbers of the base roles in a bypass list: 2 maintain, 4 write, 5 admin. An agent with write access holds
 * 4.
 */
const WRITE_ROLE = "4";

/** GitHub: "Granting bypass permissions for your branch or tag ruleset". */
export const machineUserNoBypass = stackRule({
  id: "machine-user-no-bypass",
  severity: "critical",
  description: "No ruleset and no branch protection lets the machine user, its team, its role or a deploy key pass.",
  remediation: "Take the machine user, its team, the role write and deploy keys out of the bypass list.",
  controls: ["NIST SP 800-53 AC-6", "NIST SP 800-53 CM-3", "CIS 1.1.14", "SLSA Source L3"],
  check: (resources) => {
    const agent = agentOf(resources);
    return resources.flatMap((resource) =>
      passing(resource, agent).map((who) => ({ urn: resource.urn, message: `${who} may pass the rules.` })),
    );
  },
});

function passing({ type, inputs }: DeclaredResource, agent: Agent): string[] {
  if (type === REPOSITORY_RULESET || type === ORGANIZATION_RULESET)
    return list(inputs.bypassActors).flatMap((entry) => {
      const { actorType, actorId } = object(entry);
      if (actorType === "Team" && agent.teamIds.has(text(actorId))) return ["The machine user's team"];
      if (actorType === "DeployKey") return ["Whoever holds a deploy key"];
      if (actorType === "RepositoryRole" && text(actorId) === WRITE_ROLE)
        return ["Everybody with write access, the machine user too,"];
      return [];
    });
  if (type !== BRANCH_PROTECTION) return [];
  const named = [
    ...ALLOWANCES.flatMap((key) => list(inputs[key])),
    ...list(inputs.requiredPullRequestReviews).flatMap((review) =>
      REVIEW_ALLOWANCES.flatMap((key) => list(object(review)[key])),
    ),
    ...list(inputs.restrictPushes).flatMap((rule) => list(object(rule).pushAllowances)),
  ];
  return named.some((name) => isAgent(text(name), agent)) ? ["The machine user or its team"] : [];
}

/** A user stands as `/login`, a team as `organization/slug`. */
function isAgent(name: string, { logins, teams }: Agent): boolean {
  const last = name.toLowerCase().split("/").at(-1) ?? "";
  return name.startsWith("/") ? logins.has(last) : teams.has(last);
}
