import { refusedHost } from "../../infra/plans/claudeAgent";
import { CLAUDE_CREDENTIAL, known, list, object, text } from "../read";
import { resourceRule } from "../rule";

/**
 * Anthropic: a credential without a host limit is shown to whatever host the sandbox asks; an injection location that
 * is left out means headers and bodies (facts of SDK 1.14.0, `BetaManagedAgentsEnvironmentVariableCreateParams`).
 */
export const agentCredentialLimited = resourceRule({
  id: "agent-credential-limited",
  severity: "critical",
  description: "A secret of an agent's sandbox goes to named hosts alone, none of them GitHub's, and only in headers.",
  remediation:
    "Give the credential networking limited with the gate's host, and injectionLocation { header: true, body: false }.",
  controls: ["NIST SP 800-53 AC-4", "NIST SP 800-53 IA-5", "OWASP LLM02:2025", "OWASP ASI03"],
  types: [CLAUDE_CREDENTIAL],
  check: ({ inputs: { auth } }) => {
    const { type, networking, injectionLocation } = object(auth);
    if (!known(auth) || type !== "environment_variable") return [];
    return [...hostProblems(networking), ...placeProblems(injectionLocation)];
  },
});

function hostProblems(networking: unknown): string[] {
  if (!known(networking)) return [];
  const { type, allowedHosts } = object(networking);
  if (type !== "limited") return ["The secret goes to every host that the sandbox asks."];
  if (!known(allowedHosts)) return [];
  return list(allowedHosts).flatMap((host) => {
    const wrong = refusedHost(text(host));
    return known(host) && wrong !== undefined ? [`The secret goes to ${text(host)}, which ${wrong}.`] : [];
  });
}

function placeProblems(place: unknown): string[] {
  if (!known(place)) return [];
  const { header, body } = object(place);
  return header === true && body !== true
    ? []
    : ["The secret is not held to headers: in a body it can be stored and read again."];
}
