import { VAULT_POLICY, known, text } from "../read";
import { resourceRule } from "../rule";

/**
 * Paths that Vault protects by sudo whoever asks; a stack that makes its own mounts cannot do without them. They are
 * named in full.
 */
const ROOT_PROTECTED = /^sys\/(?:auth|quotas\/rate-limit)\/[A-Za-z0-9_-]+$/;
/** An accessor is drawn by Vault, so nobody can name it before; it names one secret id of one role. */
const DRAWN = /^auth\/[A-Za-z0-9_-]+\/role\/[A-Za-z0-9_-]+\/secret-id-accessor\/\+$/;

/** Vault: policy syntax; `*` and `+` open paths that nobody has named, `sudo` root-protected ones. */
export const vaultPoliciesExact = resourceRule({
  id: "vault-policies-exact",
  severity: "critical",
  description:
    "A Vault policy names its paths in full, and grants sudo only where Vault demands it of whoever makes a mount.",
  remediation: "Write each path out, and give each party a policy of its own.",
  controls: ["NIST SP 800-53 AC-6", "NIST SP 800-53 AC-3"],
  types: [VAULT_POLICY],
  check: ({ inputs: { policy } }) => {
    if (!known(policy)) return [];
    return [...text(policy).matchAll(/^[ \t]*path\s+"([^"]*)"\s*\{([^}]*)\}/gm)].flatMap(([, path = "", body = ""]) => [
      ...(/[*+]/.test(path) && !DRAWN.test(path) ? [`The path ${path} has a wildcard.`] : []),
      ...(/"sudo"/.test(body) && !ROOT_PROTECTED.test(path) ? [`The path ${path} grants sudo.`] : []),
      ...(/"root"/.test(body) ? [`The path ${path} grants root.`] : []),
    ]);
  },
});
