import { list, object } from "../read";
import { resourceRule } from "../rule";

/**
 * Anthropic (SDK 1.14.0, `BetaManagedAgentsGitHubRepositoryResourceParams`): the address must be
 * `https://github.com/<owner>/<repo>`, and a proxy of Anthropic's adds the token.
 */
export const noMountedRepository = resourceRule({
  id: "no-mounted-repository",
  severity: "critical",
  description: "No session or deployment of an agent mounts a repository from github.com: it would go around the gate.",
  remediation: "Take the github_repository out of resources; the agent clones through the gate.",
  controls: ["NIST SP 800-53 SC-7(8)", "NIST SP 800-53 AC-4", "OWASP ASI03"],
  check: ({ inputs: { resources } }) =>
    list(resources).some((resource) => object(resource).type === "github_repository")
      ? ["A repository is mounted from github.com, with a token and without the gate."]
      : [],
});
