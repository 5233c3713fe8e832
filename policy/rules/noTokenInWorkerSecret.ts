import { findSecrets } from "../../gate/policy/text/secrets";
import { WORKER, list, object, text } from "../read";
import { resourceRule } from "../rule";

/** Cloudflare: a secret_text binding lies in the stack's state, encrypted, and in every plan file. */
export const noTokenInWorkerSecret = resourceRule({
  id: "no-token-in-worker-secret",
  severity: "critical",
  description: "No binding of a Worker carries a GitHub token, not even as secret_text.",
  remediation: "Let the Worker read the token from the token store.",
  controls: ["NIST SP 800-53 IA-5(7)", "OWASP LLM02:2025"],
  types: [WORKER],
  check: ({ inputs }) =>
    list(inputs.bindings).flatMap((binding) => {
      const { name, text: value } = object(binding);
      return findSecrets(text(value), 0, 1).some(({ rule }) => rule.startsWith("github-"))
        ? [`The binding ${text(name)} holds what looks like a GitHub token.`]
        : [];
    }),
});
