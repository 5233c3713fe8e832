import { ORGANIZATION_WEBHOOK, REPOSITORY_WEBHOOK, known, list, object } from "../read";
import { resourceRule } from "../rule";

/** GitHub: "Validating webhook deliveries". */
export const webhooksSigned = resourceRule({
  id: "webhooks-signed",
  severity: "medium",
  description: "A webhook has a secret, and its receiver's certificate is checked.",
  remediation: "Give the webhook a secret and leave insecureSsl off.",
  controls: ["NIST SP 800-53 AU-10", "NIST SP 800-53 SC-8"],
  types: [ORGANIZATION_WEBHOOK, REPOSITORY_WEBHOOK],
  check: ({ inputs: { configuration } }) => {
    if (!known(configuration)) return [];
    const settings = object(Array.isArray(configuration) ? list(configuration)[0] : configuration);
    // Encrypted as a whole in a file: then there is nothing to see, and the engine judges it.
    if (Object.keys(settings).length === 0) return [];
    return [
      ...("secret" in settings ? [] : ["Deliveries are not signed."]),
      ...(settings.insecureSsl === true ? ["The receiver's certificate is not checked."] : []),
    ];
  },
});
