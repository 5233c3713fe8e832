import { findSecrets } from "../../gate/policy/text/secrets";
import { WORKER, textsIn } from "../read";
import { resourceRule } from "../rule";

/**
 * Keys of the gate, which the stack makes and places in the token store. The engine hands them to policies in clear.
 */
const OWN_KEY = "gatehouse-key";

/**
 * Public formats of credentials (gate/policy/secrets.ts). A Worker's own module names the formats that it looks for.
 */
export const noTokenInResource = resourceRule({
  id: "no-token-in-resource",
  severity: "critical",
  description: "No input of a resource holds a GitHub token or another credential in a known format.",
  remediation:
    "Take the value out of the program: the rotator writes the token to the token store, and Pulumi never sees it. Revoke what stood there.",
  controls: ["NIST SP 800-53 IA-5(7)", "OWASP LLM02:2025"],
  check: ({ type, inputs }) =>
    [...textsIn(type === WORKER ? { ...inputs, content: "" } : inputs)].flatMap(({ path, text }) =>
      findSecrets(text, 0, 5)
        .filter(({ rule }) => rule !== OWN_KEY)
        .slice(0, 1)
        .map(({ rule }) => `${path} holds what looks like a credential (${rule}).`),
    ),
});
