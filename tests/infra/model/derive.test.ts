import fc from "fast-check";
import { endpoints, names } from "../../../infra/model";
import {
  agentHosts,
  gateUrl,
  migrations,
  policyHcl,
  retention,
  tokenPermissions,
  tokenScopes,
  tokenStorePlan,
  vaultPolicies,
  type VaultRule,
} from "../../../infra/plans";
import { environment } from "../../support/environment";

describe("the token's permissions", () => {
  it("are what the access needs and no more, for each kind", () => {
    expect(tokenPermissions(environment())).toEqual({
      actions: "read",
      contents: "write",
      issues: "write",
      metadata: "read",
      pull_requests: "write",
      statuses: "read",
    });
    expect(
      tokenPermissions(environment({ "agent.credential": { kind: "app-user-token", clientId: "Iv1.example" } })),
    ).toEqual({
      actions: "read",
      checks: "read",
      contents: "write",
      issues: "write",
      metadata: "read",
      pull_requests: "write",
      statuses: "read",
    });
    const readOnly = tokenPermissions(environment({ repositories: [{ name: "docs", access: "read" }] }));
    expect(new Set(Object.values(readOnly))).toEqual(new Set(["read"]));
  });

  it("never open workflows, settings or secrets", () => {
    for (const name of [
      "workflows",
      "administration",
      "secrets",
      "variables",
      "environments",
      "pages",
      "repository_hooks",
      "deployments",
    ])
      expect(tokenPermissions(environment())).not.toHaveProperty(name);
  });

  it("are scopes only for kinds that know no permissions", () => {
    expect(tokenScopes(environment())).toEqual([]);
    expect(
      tokenScopes(
        environment({ "agent.credential": { kind: "ghes-impersonation" }, githubUrl: "https://ghe.acme.dev" }),
      ),
    ).toEqual(["repo"]);
  });
});

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

describe("names", () => {
  it("are these", () => {
    expect(names(environment())).toMatchObject({
      gateScript: "github-gate",
      ledgerScript: "github-gate-ledger",
      tokensNamespace: "github-gate-tokens",
      auditBucket: "acme-agent-audit",
      vault: {
        mount: "agents",
        token: "github/claude-bot",
        journal: "github/claude-bot-rotation",
        operator: "github/claude-bot-operator",
        breakGlass: "break-glass/claude-bot",
        policies: { gate: "gatehouse-claude-bot-gate" },
        appRole: { mount: "gatehouse-gate", role: "claude-bot" },
        ci: { mount: "gatehouse-ci", rotatorRole: "rotator", auditorRole: "auditor" },
      },
    });
    expect(names(environment({ tokenStore: { kind: "kv" } })).vault).toBeUndefined();
  });
});

describe("the gate's surroundings", () => {
  it("are its address and the one host that the agent must reach", () => {
    expect(gateUrl(environment())).toBe("https://github-gate.acme-dev.workers.dev");
    expect(agentHosts(environment())).toEqual(["github-gate.acme-dev.workers.dev"]);
    expect(agentHosts(environment({ "gate.workersDev": undefined }))).toEqual([]);
  });

  it("say where Vault is: the environment first, then the deployment", () => {
    expect(tokenStorePlan(environment(), "http://127.0.0.1:8200/")).toMatchObject({ address: "http://127.0.0.1:8200" });
    expect(
      tokenStorePlan(environment({ "tokenStore.address": "https://vault.acme.dev" }), "http://127.0.0.1:8200"),
    ).toMatchObject({ address: "https://vault.acme.dev" });
    expect(tokenStorePlan(environment({ tokenStore: { kind: "kv" } }), undefined)).toEqual({ kind: "kv" });
  });

  it("keep records for the retention and a day", () => {
    expect(retention(environment({ "audit.retentionDays": 400 }))).toEqual({
      lockSeconds: 34_560_000,
      deleteSeconds: 34_646_400,
    });
  });

  it("migrate a ledger from whatever is deployed to what is wanted", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
        (wanted, deployed) => {
          const migration = migrations(wanted, deployed, "Ledger");
          if (deployed === wanted) expect(migration).toBeUndefined();
          else
            expect([migration?.oldTag, migration?.newTag, migration?.newSqliteClasses]).toEqual([
              deployed,
              wanted,
              deployed === undefined ? ["Ledger"] : undefined,
            ]);
        },
      ),
    );
  });

  it("trust the issuer of the GitHub they belong to", () => {
    expect(endpoints("https://ghe.acme.dev").oidcIssuer).toBe("https://ghe.acme.dev/_services/token");
  });
});
