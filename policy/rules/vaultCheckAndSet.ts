import { VAULT_KV, known } from "../read";
import { resourceRule } from "../rule";

/** Vault KV version 2: without check-and-set the slower of two writers wins, and a token that is in use is lost. */
export const vaultCheckAndSet = resourceRule({
  id: "vault-check-and-set",
  severity: "medium",
  description: "The token's mount takes no write without check-and-set.",
  remediation: "Set casRequired of the KV backend.",
  controls: ["NIST SP 800-53 SI-7"],
  types: [VAULT_KV],
  check: ({ inputs: { casRequired } }) =>
    known(casRequired) && casRequired !== true ? ["Two rotators can overwrite each other's token."] : [],
});
