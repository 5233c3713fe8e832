import { TokenStore } from "../../../infra";
import { vaultPolicies } from "../../../infra/plans";
import { environment } from "../../support/environment";
import { deploy, inClear } from "../../support/pulumi";

const SECRET_ID = "raw-secret-id-of-the-test";
const types = {
  "vault:index/mount:Mount": () => ({}),
  "vault:kv/secretBackendV2:SecretBackendV2": () => ({}),
  "vault:kv/secretV2:SecretV2": () => ({}),
  "vault:index/policy:Policy": () => ({}),
  "vault:index/authBackend:AuthBackend": () => ({}),
  "vault:appRole/authBackendRole:AuthBackendRole": () => ({ roleId: "role-id" }),
  "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": () => ({ secretId: SECRET_ID }),
  "vault:index/quotaRateLimit:QuotaRateLimit": () => ({}),
  "vault:jwt/authBackend:AuthBackend": () => ({}),
  "vault:jwt/authBackendRole:AuthBackendRole": () => ({}),
};
const up = (changes: Record<string, unknown> = {}, oidcIssuer?: string) =>
  deploy({ types }, (opts) => new TokenStore("store", { environment: environment(changes), oidcIssuer }, opts));

it("is a versioned mount that takes no write without check-and-set", async () => {
  const run = await up();
  expect(run.one("store-mount").inputs).toEqual({
    path: "agents",
    type: "kv",
    options: { version: "2" },
    description: "Credentials of coding agents (Gatehouse)",
  });
  expect(run.one("store-config").inputs).toEqual({ mount: "agents", casRequired: true, maxVersions: 10 });
});

it("keeps the mount when it is protected", async () => {
  expect((await up({ protect: true })).one("store-mount").options.protect).toBe(true);
  expect((await up()).one("store-mount").options.protect).toBe(false);
});

it("writes one policy for each party, as derived", async () => {
  const run = await up();
  const policies = vaultPolicies(environment());
  for (const party of ["gate", "rotator", "auditor", "deployer"] as const) {
    expect(run.one(`store-policy-${party}`).inputs).toEqual({
      name: `gatehouse-claude-bot-${party}`,
      policy: policies[party].hcl,
    });
  }
});

it("lets the gate sign in for a short batch token with its one policy", async () => {
  const run = await up();
  expect(run.one("store-gate-auth").inputs).toEqual({
    type: "approle",
    path: "gatehouse-gate",
    description: "The gate and the rotator (Gatehouse)",
  });
  expect(run.one("store-gate-role").inputs).toEqual({
    backend: "gatehouse-gate",
    roleName: "claude-bot",
    bindSecretId: true,
    tokenPolicies: ["gatehouse-claude-bot-gate"],
    tokenNoDefaultPolicy: true,
    tokenType: "batch",
    tokenTtl: 300,
    tokenMaxTtl: 300,
  });
  // A role that limits its secret ids would replace this one in every preview.
  expect(run.one("store-gate-secret").inputs).toEqual({ backend: "gatehouse-gate", roleName: "claude-bot" });
  expect(run.one("store-gate-quota").inputs).toEqual({
    name: "gatehouse-claude-bot",
    path: "auth/gatehouse-gate/",
    rate: 50,
    interval: 1,
  });
});

it("lets the rotator sign in by a role of its own with its own policy", async () => {
  const run = await up();
  expect(run.one("store-rotator-role").inputs).toEqual({
    backend: "gatehouse-gate",
    roleName: "claude-bot-rotator",
    bindSecretId: true,
    tokenPolicies: ["gatehouse-claude-bot-rotator"],
    tokenNoDefaultPolicy: true,
    tokenType: "batch",
    tokenTtl: 600,
    tokenMaxTtl: 600,
  });
  expect(run.one("store-rotator-secret").inputs).toEqual({ backend: "gatehouse-gate", roleName: "claude-bot-rotator" });
  expect(await (run.value.rotator.secretId as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
});

it("lets workflows of the one repository sign in, by GitHub's issuer, on its default branch", async () => {
  const run = await up();
  const issuer = "https://token.actions.githubusercontent.com";
  expect(run.one("store-ci-auth").inputs).toEqual({
    path: "gatehouse-ci",
    type: "jwt",
    oidcDiscoveryUrl: issuer,
    boundIssuer: issuer,
    description: "Workflows of this organization (Gatehouse)",
  });
  for (const party of ["rotator", "auditor"]) {
    expect(run.one(`store-ci-${party}`).inputs).toEqual({
      backend: "gatehouse-ci",
      roleName: party,
      roleType: "jwt",
      userClaim: "sub",
      boundAudiences: ["gatehouse-agents"],
      boundClaimsType: "string",
      boundClaims: { repository: "acme/docs", ref: "refs/heads/main" },
      tokenPolicies: [`gatehouse-claude-bot-${party}`],
      tokenNoDefaultPolicy: true,
      tokenType: "service",
      tokenTtl: 900,
      tokenMaxTtl: 1800,
    });
  }
  const local = await up({}, "http://127.0.0.1:8080/_services/token");
  expect(local.one("store-ci-auth").inputs).toMatchObject({
    oidcDiscoveryUrl: "http://127.0.0.1:8080/_services/token",
  });
});

it("lets no workflow sign in when no repository is named for it", async () => {
  const run = await up({ rotation: { everyDays: 30 } });
  expect(run.resources.filter(({ type }) => type.startsWith("vault:jwt/"))).toEqual([]);
});

it("holds no GitHub token, and its secret id is never in clear", async () => {
  const run = await up();
  expect(run.resources.filter(({ type }) => type === "vault:kv/secretV2:SecretV2")).toEqual([]);
  expect(inClear(run, SECRET_ID)).toEqual([]);
});

describe("a secret that the stack places", () => {
  const place = async (how: "placeOnce" | "keep") => {
    const run = await deploy({ types }, (opts) => {
      const store = new TokenStore("store", { environment: environment() }, opts);
      store[how]("word", "some/path", { key: "raw-value-of-the-test" });
      return store;
    });
    return { run, secret: run.one("store-word") };
  };

  it.each(["placeOnce", "keep"] as const)(
    "by %s is created with check-and-set, never read, never in clear",
    async (how) => {
      const { run, secret } = await place(how);
      expect(secret.inputs).toMatchObject({
        mount: "agents",
        name: "some/path",
        options: { cas: "0" },
        disableRead: true,
        dataJson: '{"key":"raw-value-of-the-test"}',
      });
      expect(secret.secrets).toContain("dataJson");
      expect(inClear(run, "raw-value-of-the-test")).toEqual([]);
    },
  );

  it("once is never written again", async () => {
    const { secret } = await place("placeOnce");
    expect(secret.options.ignoreChanges).toEqual(["*"]);
    expect(secret.inputs.deleteAllVersions).toBe(true);
  });

  it("to be kept is replaced with all its versions when it changes", async () => {
    const { secret } = await place("keep");
    expect(secret.options).toMatchObject({ replaceOnChanges: ["dataJson"], deleteBeforeReplace: true });
    expect(secret.inputs.deleteAllVersions).toBe(true);
  });
});

it("refuses an environment whose token store is not Vault", async () => {
  await expect(up({ tokenStore: { kind: "kv" } })).rejects.toThrow("the environment's token store is not Vault");
});

it("sets no quota in a namespace, where the server offers none", async () => {
  const inNamespace = await deploy(
    { types },
    (opts) => new TokenStore("store", { environment: environment(), namespace: "platform/agents" }, opts),
  );
  const kinds = (run: { resources: readonly { type: string }[] }) => run.resources.map(({ type }) => type);
  const root = await deploy({ types }, (opts) => new TokenStore("store", { environment: environment() }, opts));
  expect(kinds(root).filter((type) => !kinds(inNamespace).includes(type))).toEqual([
    "vault:index/quotaRateLimit:QuotaRateLimit",
  ]);
});
