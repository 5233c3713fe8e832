import { VAULT_APPROLE, VAULT_JWT_ROLE, known, list, object } from "../read";
import { resourceRule } from "../rule";

const MOST_SECONDS = 3600;

/** Vault: a role without tokenMaxTtl takes the mount's, 32 days by default. */
export const vaultSessionsShort = resourceRule({
  id: "vault-sessions-short",
  severity: "medium",
  description:
    "A sign-in at Vault is good for an hour at most, has policies of its own, and a workflow's is bound to a repository.",
  remediation: "Set tokenMaxTtl to 3600 or less, tokenNoDefaultPolicy, and boundClaims of the role.",
  controls: ["NIST SP 800-53 AC-12", "NIST SP 800-53 IA-5"],
  types: [VAULT_APPROLE, VAULT_JWT_ROLE],
  check: ({ type, inputs: { tokenMaxTtl, tokenNoDefaultPolicy, boundClaims, boundSubject, tokenPolicies } }) => [
    ...(known(tokenMaxTtl) && !(Number(tokenMaxTtl) > 0 && Number(tokenMaxTtl) <= MOST_SECONDS)
      ? ["A session may last longer than an hour."]
      : []),
    ...(known(tokenNoDefaultPolicy) && tokenNoDefaultPolicy !== true
      ? ["A session has Vault's default policy too."]
      : []),
    ...(list(tokenPolicies).includes("root") ? ["A session has the root policy."] : []),
    ...(type === VAULT_JWT_ROLE &&
    known(boundClaims) &&
    !("repository" in object(boundClaims)) &&
    typeof boundSubject !== "string"
      ? ["Any repository's workflow may sign in."]
      : []),
  ],
});
