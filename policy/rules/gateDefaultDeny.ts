import { EMBEDDED_POLICY } from "../../gate/policy/embed";
import { ROUTES } from "../../gate/policy/rest/routes";
import { WORKER, embedded, list, object, text } from "../read";
import { resourceRule } from "../rule";

const KNOWN_ROUTES = new Set(ROUTES.map(({ id }) => id));
const LIMITS = [
  "requestsPerMinute",
  "requestsPerHour",
  "writesPerMinute",
  "bytesPerHour",
  "maxBodyBytes",
  "maxPushBytes",
] as const;

/** The gate refuses what its policy does not name. This looks at what the policy names. */
export const gateDefaultDeny = resourceRule({
  id: "gate-default-deny",
  severity: "critical",
  description:
    "The gate opens named repositories and routes alone, counts against every limit, and enforces what it decides.",
  remediation:
    "Let the stack compile the gate's policy from the environment file; end the mode observe when its day has come.",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 SC-7(5)", "NIST AI RMF MAP 3.3", "OWASP LLM06:2025"],
  types: [WORKER],
  check: ({ inputs }) => {
    const policy = embedded(inputs.content, EMBEDDED_POLICY);
    if (policy === undefined) return [];
    const routes = object(policy.routes);
    const open = [...list(routes.read), ...list(routes.write)].map(text);
    const limits = object(policy.limits);
    return [
      ...open
        .filter((id) => !KNOWN_ROUTES.has(id))
        .map((id) => `The route ${id} is open, and the gate does not know it.`),
      ...list(policy.repositories)
        .map((repository) => text(object(repository).name))
        .filter((name) => name === "" || /[*?]/.test(name))
        .map(() => "A repository is named by a pattern."),
      ...LIMITS.filter((name) => !(Number(limits[name]) > 0)).map((name) => `The limit ${name} is not set.`),
      ...(object(policy.mode).kind === "enforce" ? [] : ["The gate observes and does not enforce."]),
    ];
  },
});
