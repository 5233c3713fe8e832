import { known } from "../read";
import { resourceRule, SECRET } from "../rule";

const PROVIDER = "pulumi:providers:";
const CREDENTIALS = ["token", "apiToken", "apiKey", "apiUserServiceKey", "appAuth", "authLogin", "password"] as const;

/**
 * A provider's configuration stands in the state. The engine hands policies every secret in clear, so this shows in a
 * file alone: `gatehouse report --policy` on an export or a preview sees whether a value is encrypted.
 */
export const providerTokensEncrypted = resourceRule({
  id: "provider-tokens-encrypted",
  severity: "high",
  description: "A provider's credential is encrypted in the state, or comes from the environment.",
  remediation: "Set it with pulumi config set --secret, or by the provider's environment variable.",
  controls: ["NIST SP 800-53 SC-28(1)", "NIST SP 800-53 IA-5(7)"],
  check: ({ type, inputs }) =>
    type.startsWith(PROVIDER)
      ? CREDENTIALS.filter(
          (key) => key in inputs && known(inputs[key]) && inputs[key] !== "" && inputs[key] !== SECRET,
        ).map((key) => `${key} of the provider is not encrypted.`)
      : [],
});
