import fc from "fast-check";
import { policyHcl, vaultPolicies, type VaultRule } from "../../../infra/plans";
import { environment } from "../../support/environment";

describe("Vault's policies", () => {
  const policies = vaultPolicies(environment());
  const rights = (rules: readonly VaultRule[], path: string) =>
    rules.filter((rule) => rule.path === path).flatMap((rule) => rule.capabilities);

  it("let the gate read one path, and nothing else", () => {
    expect(policies.gate.hcl).toBe(
      '# The token, and nothing else.\npath "agents/data/github/claude-bot" {\n  capabilities = ["read"]\n}\n',
    );
  });

  it("let the rotator write the token and its journal, and read the operator key", () => {
    expect(rights(policies.rotator.rules, "agents/data/github/claude-bot")).toEqual(["create", "read", "update"]);
    expect(rights(policies.rotator.rules, "agents/data/github/claude-bot-operator")).toEqual(["read"]);
    expect(rights(policies.rotator.rules, "agents/data/break-glass/claude-bot")).toEqual([]);
    expect(policies.rotator.rules.some(({ capabilities }) => capabilities.includes("delete"))).toBe(false);
  });

  it("give the auditor no value at all", () => {
    expect(policies.auditor.rules.filter(({ path }) => path.includes("/data/"))).toEqual([]);
    expect(
      policies.auditor.rules
        .filter(({ capabilities }) => capabilities.some((c) => c !== "read"))
        .map(({ path }) => path),
    ).toEqual(["auth/token/revoke-self"]);
  });

  it("deny the deployer the token, and let it read no value", () => {
    for (const path of ["agents/data/github/claude-bot", "agents/data/github/claude-bot-rotation"])
      expect(rights(policies.deployer.rules, path)).toEqual(["deny"]);
    for (const { path, capabilities } of policies.deployer.rules)
      if (path.includes("/data/")) expect([path, capabilities.includes("read")]).toEqual([path, false]);
  });

  it("name every path exactly: no wildcard but one accessor", () => {
    for (const { rules } of Object.values(policies))
      for (const { path } of rules)
        expect(path.includes("*") || (path.includes("+") && !path.endsWith("/secret-id-accessor/+"))).toBe(false);
  });

  it("are written the same whatever the order", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...policies.deployer.rules], { minLength: policies.deployer.rules.length }),
        (rules) => {
          expect(policyHcl(rules)).toBe(policies.deployer.hcl);
        },
      ),
    );
  });

  it("exist only where Vault is the store", () => {
    expect(() => vaultPolicies(environment({ tokenStore: { kind: "kv" } }))).toThrow("the token store is not Vault");
  });
});
