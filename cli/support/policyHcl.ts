/**
 * The `path "…" { capabilities = [...] }` blocks of a policy's text, as Vault or a stack's state holds it;
 * infra/plans/vaultPolicies.ts writes them.
 */
export function readPolicyHcl(hcl: string): { path: string; capabilities: string[] }[] {
  return [...hcl.matchAll(/path\s+"([^"]+)"\s*\{([^}]*)\}/g)].map(([, path = "", body = ""]) => ({
    path,
    capabilities: [...(/capabilities\s*=\s*\[([^\]]*)\]/.exec(body)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(
      ([, name = ""]) => name,
    ),
  }));
}
