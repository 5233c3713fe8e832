import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { vaultPackage } from "../../../providers/vault";
import { ProviderError, type Props, type SandboxProvider } from "../../../providers/types";
import { useVault } from "../../../../tests/support/vault";
import { live, type Life } from "../support/lifeCycle";
import { urnOf } from "../support/replay";

const MOUNT = "vault:index/mount:Mount";
const POLICY = "vault:index/policy:Policy";
const SECRET = "vault:kv/secretV2:SecretV2";
const SECRET_ID = "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId";
const pair = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

// The server drops the newline at the end, and a key written with it would be a change at every preview.
const publicKey = pair.publicKey.trim();

describe("the vault provider against a real server", () => {
  const vault = useVault();
  let provider: SandboxProvider;
  beforeAll(async () => {
    provider = await vaultPackage.create({}, { VAULT_ADDR: vault.server.addr, VAULT_TOKEN: vault.server.token });
    for (const path of ["kv", "fixed"])
      expect((await vault.call("POST", `sys/mounts/${path}`, { type: "kv", options: { version: "2" } })).status).toBe(
        204,
      );
    await vault.call("POST", "sys/auth/roles", { type: "approle" });
    await vault.call("POST", "auth/roles/role/gate", { token_policies: ["gate"] });
    await vault.call("POST", "sys/auth/ci", { type: "jwt" });
    await vault.call("POST", "auth/ci/config", { jwt_validation_pubkeys: [publicKey] });
    // A fresh engine answers 400 for a moment; the provider waits for it, these calls do not.
    await new Promise((resolve) => setTimeout(resolve, 300));
  });

  const LIVES: Life[] = [
    {
      type: MOUNT,
      inputs: { path: "agents", type: "kv", options: { version: "2" }, description: "one" },
      changed: { path: "agents", type: "kv", options: { version: "2" }, description: "two" },
      found: true,
    },
    {
      type: MOUNT,
      inputs: { path: "alias", type: "kv-v2" },
      changed: { path: "alias", type: "kv-v2", maxLeaseTtlSeconds: 3600 },
      found: true,
    },
    {
      type: "vault:kv/secretBackendV2:SecretBackendV2",
      inputs: { mount: "fixed", casRequired: true, maxVersions: 10 },
      changed: { mount: "fixed", casRequired: true, maxVersions: 20, deleteVersionAfter: 3700 },
      stays: true,
    },
    {
      type: SECRET,
      inputs: {
        mount: "kv",
        name: "a/b",
        dataJson: '{ "x": "1" }',
        customMetadata: { data: { owner: "a" } },
        deleteAllVersions: true,
      },
      changed: {
        mount: "kv",
        name: "a/b",
        dataJson: '{"x":"2"}',
        customMetadata: { data: { owner: "b" } },
        deleteAllVersions: true,
      },
      found: true,
    },
    {
      type: SECRET,
      inputs: { mount: "fixed", name: "once", dataJson: '{"x":"1"}', options: { cas: "0" }, deleteAllVersions: true },
      found: true,
    },
    {
      type: "vault:index/authBackend:AuthBackend",
      inputs: { type: "approle", path: "gate", description: "one" },
      changed: { type: "approle", path: "gate", description: "two", tune: { maxLeaseTtl: "90m" } },
      found: true,
    },
    {
      type: "vault:appRole/authBackendRole:AuthBackendRole",
      inputs: {
        backend: "roles",
        roleName: "bot",
        tokenPolicies: ["b", "a"],
        tokenTtl: 300,
        tokenBoundCidrs: ["127.0.0.1/32"],
      },
      changed: { backend: "roles", roleName: "bot", tokenPolicies: ["a"], tokenMaxTtl: 600 },
      found: true,
    },
    { type: SECRET_ID, inputs: { backend: "roles", roleName: "gate", metadata: '{"agent":"bot"}' } },
    { type: SECRET_ID, inputs: { backend: "roles", roleName: "gate", wrappingTtl: "5m" } },
    {
      type: "vault:jwt/authBackend:AuthBackend",
      inputs: { path: "actions", jwtValidationPubkeys: [publicKey], boundIssuer: "https://issuer.example.com" },
      changed: {
        path: "actions",
        jwtValidationPubkeys: [publicKey],
        boundIssuer: "https://other.example.com",
        defaultRole: "rotator",
      },
      found: true,
    },
    {
      type: "vault:jwt/authBackendRole:AuthBackendRole",
      inputs: {
        backend: "ci",
        roleName: "rotator",
        roleType: "jwt",
        userClaim: "sub",
        boundAudiences: ["b", "a"],
        boundClaims: { repository: "acme/ops,acme/infra" },
        tokenPolicies: ["rotator"],
      },
      changed: {
        backend: "ci",
        roleName: "rotator",
        roleType: "jwt",
        userClaim: "sub",
        boundAudiences: ["a"],
        boundClaims: { ref: "refs/heads/main" },
        tokenPolicies: ["rotator"],
        tokenTtl: 60,
      },
      found: true,
    },
    {
      type: "vault:index/quotaRateLimit:QuotaRateLimit",
      inputs: { name: "kv", path: "kv/", rate: 50 },
      changed: { name: "kv", path: "kv/", rate: 100, blockInterval: 5 },
      found: true,
    },
    {
      type: "vault:index/auditRequestHeader:AuditRequestHeader",
      inputs: { name: "X-Request-Id" },
      changed: { name: "X-Request-Id", hmac: true },
      found: true,
    },
    {
      type: "vault:identity/entity:Entity",
      inputs: { name: "bot", policies: ["b", "a"], metadata: { team: "a" } },
      changed: { name: "bot", policies: ["a"], metadata: { team: "b" } },
      found: true,
    },
  ];

  it.each(LIVES.map((life) => [life.type, life] as const))(
    "%s lives: made, unchanged at a second preview, changed, gone",
    async (_type, life) => {
      const { remove } = await live(provider, life);
      await remove();
    },
  );

  it("an entity's alias lives", async () => {
    const auth = await vault.call("GET", "sys/mounts/auth/roles");
    const entity = await live(provider, { type: "vault:identity/entity:Entity", inputs: { name: "aliased" } });
    const inputs = { name: "role-id", mountAccessor: auth.body.accessor, canonicalId: entity.id };
    const alias = await live(provider, {
      type: "vault:identity/entityAlias:EntityAlias",
      inputs: { ...inputs, customMetadata: { k: "1" } },
      changed: { ...inputs, customMetadata: { k: "2" } },
      found: true,
    });
    const second = await provider
      .create(urnOf("vault:identity/entityAlias:EntityAlias", "second"), inputs, false)
      .catch((error: unknown) => error);
    expect(second).toBeInstanceOf(ProviderError);
    expect((second as Error).message).toContain("exists already");
    await alias.remove();
    await entity.remove();
  });

  it("a policy lives, and one that is gone reads as an empty one", async () => {
    const urn = urnOf(POLICY, "p");
    const inputs = { __defaults: [], name: "reader", policy: 'path "kv/data/x" {\n  capabilities = ["read"]\n}\n' };
    const { id, outs } = await provider.create(urn, inputs, false);
    expect((await vault.call("GET", "sys/policies/acl/reader")).body.data).toMatchObject({ policy: inputs.policy });
    await provider.delete(id, urn, outs);
    const read = await provider.read(id, urn, outs, inputs);
    expect(read).toMatchObject({ id: "reader", props: { policy: "" } });
    expect(await provider.diff(id, urn, read.props ?? {}, inputs, inputs)).toMatchObject({
      changes: true,
      replaces: [],
      detailedDiff: { policy: { kind: "add" } },
    });
    await provider.update(id, urn, read.props ?? {}, inputs, inputs, false);
    expect((await vault.call("GET", "sys/policies/acl/reader")).status).toBe(200);
  });

  it("has the outputs of the real provider, property by property", async () => {
    const sample = JSON.parse(
      readFileSync(join(__dirname, "../../../../tests/fixtures/pulumi/1-create.export.json"), "utf8"),
    ) as {
      deployment: { resources: { type: string; inputs: Props; outputs: Props }[] };
    };
    for (const type of [MOUNT, POLICY]) {
      const real = sample.deployment.resources.find((resource) => resource.type === type);
      const urn = urnOf(type, "sample");
      const { __defaults: filled, ...program } = real?.inputs ?? {};
      const given = Object.fromEntries(
        Object.entries(program).filter(([name]) => !(filled as string[]).includes(name)),
      );
      const { inputs } = await provider.check(urn, {}, given);
      expect(inputs).toEqual(real?.inputs);
      const { id, outs } = await provider.create(urn, inputs, false);
      const { __pulumi_raw_state_delta: _delta, accessor, ...others } = real?.outputs ?? {};
      expect(outs).toEqual(
        accessor === undefined ? others : { ...others, accessor: expect.stringMatching(/^kv_[0-9a-f]+$/) as unknown },
      );
      await provider.delete(id, urn, outs);
    }
  });

  it("moves a mount when its path changes, and keeps what it holds", async () => {
    const urn = urnOf(MOUNT, "m");
    const olds = { path: "before", type: "kv", externalEntropyAccess: false };
    const { id, outs } = await provider.create(urn, olds, false);
    await vault.call("PUT", "before/x", { a: "1" });
    const news = { ...olds, path: "after" };
    expect(await provider.diff(id, urn, outs, olds, news)).toMatchObject({
      changes: true,
      replaces: [],
      detailedDiff: { path: { kind: "update" } },
    });
    const moved = await provider.update(id, urn, outs, olds, news, false);
    expect(moved.outs).toMatchObject({ id: "after", path: "after" });
    expect((await vault.call("GET", "after/x")).body.data).toEqual({ a: "1" });
    await provider.delete("after", urn, moved.outs);
  });

  it("overwrites what others wrote when it changes metadata alone, as the real provider does", async () => {
    const urn = urnOf(SECRET, "s");
    const olds = {
      mount: "kv",
      name: "rotated",
      dataJson: '{"token":"first"}',
      disableRead: true,
      customMetadata: { data: { owner: "a" } },
    };
    const { id, outs } = await provider.create(urn, olds, false);
    await vault.call("POST", "kv/data/rotated", { data: { token: "second" } });
    const news = { ...olds, customMetadata: { data: { owner: "b" } } };
    await provider.update(id, urn, outs, olds, news, false);
    expect(((await vault.call("GET", "kv/data/rotated")).body.data as { data: unknown }).data).toEqual({
      token: "first",
    });
    expect(await provider.diff(id, urn, outs, olds, news, ["*"])).toMatchObject({ changes: false });
  });

  it("keeps the text of a secret as Go's encoder writes it, so that the real plugin sees no change in an imported state", async () => {
    const urn = urnOf(SECRET, "go");
    const news = {
      mount: "kv",
      name: "go",
      dataJson: '{"b":"<&>\u2028","a":{"d":[{"f":1,"e":"x"}],"c":null}}',
      disableRead: true,
    };
    const { id, outs } = await provider.create(urn, news, false);
    expect(outs.dataJson).toBe('{"a":{"c":null,"d":[{"e":"x","f":1}]},"b":"\\u003c\\u0026\\u003e\\u2028"}');
    expect(await provider.diff(id, urn, outs, news, news, [])).toMatchObject({ changes: false });
  });

  it("works with a child token that expires, and never with the given one", async () => {
    const given = await vault.call("POST", "auth/token/create", { policies: ["root"], ttl: "10m" });
    const token = (given.body.auth as { client_token: string }).client_token;
    const other = await vaultPackage.create(
      { maxLeaseTtlSeconds: "60" },
      { VAULT_ADDR: vault.server.addr, VAULT_TOKEN: token },
    );
    await other.create(
      urnOf(POLICY, "child"),
      { name: "child", policy: 'path "x" { capabilities = ["read"] }' },
      false,
    );
    const accessors = (await vault.call("LIST", "auth/token/accessors")).body.data as { keys: string[] };
    const tokens = await Promise.all(
      accessors.keys.map(
        async (accessor) =>
          (await vault.call("POST", "auth/token/lookup-accessor", { accessor })).body.data as {
            display_name: string;
            explicit_max_ttl: number;
          },
      ),
    );
    expect(
      tokens.filter((found) => found.display_name === "token-terraform").map((found) => found.explicit_max_ttl),
    ).toContain(60);
  });

  it("tells a refusal in the server's words, without a token in it", async () => {
    const limited = await vault.call("POST", "auth/token/create", { policies: ["default"], ttl: "5m" });
    const token = (limited.body.auth as { client_token: string }).client_token;
    const weak = await vaultPackage.create(
      { skipChildToken: true },
      { VAULT_ADDR: vault.server.addr, VAULT_TOKEN: token },
    );
    const refused = await weak
      .create(urnOf(POLICY, "p"), { name: "p", policy: 'path "x" {}' }, false)
      .catch((error: unknown) => error as Error);
    expect((refused as Error).message).toMatch(
      /^Vault refused PUT sys\/policies\/acl\/p with 403: .*permission denied/,
    );
    expect((refused as Error).message).not.toContain(token);
    const broken = await provider
      .create(urnOf(POLICY, "p"), { name: "p", policy: "path {" }, false)
      .catch((error: unknown) => error as Error);
    expect((broken as Error).message).toContain("failed to parse policy");
  });

  it("hands back a mount whose configuration was refused", async () => {
    const urn = urnOf("vault:jwt/authBackend:AuthBackend", "broken");
    const { inputs } = await provider.check(urn, {}, { path: "broken", jwtValidationPubkeys: ["no key"] });
    const failed = await provider.create(urn, inputs, false).catch((error: unknown) => error);
    expect(failed).toMatchObject({ partial: { id: "broken" } });
    expect((await vault.call("GET", "sys/mounts/auth/broken")).status).toBe(200);
    await provider.delete("broken", urn, {});
  });

  it("finds and completes what a create left half done", async () => {
    const JWT = "vault:jwt/authBackend:AuthBackend";
    const AUTH = "vault:index/authBackend:AuthBackend";
    for (const [type, kind, program] of [
      [JWT, "jwt", { path: "half-jwt", jwtValidationPubkeys: [publicKey], boundIssuer: "https://issuer.example.com" }],
      [JWT, "jwt", { path: "half-tuned", jwtValidationPubkeys: [publicKey], tune: { maxLeaseTtl: "90m" } }],
      [AUTH, "approle", { path: "half-approle", type: "approle", tune: { maxLeaseTtl: "90m" } }],
    ] as const) {
      await vault.call("POST", `sys/auth/${program.path}`, { type: kind });
      if (program.path === "half-tuned")
        await vault.call("POST", "auth/half-tuned/config", { jwt_validation_pubkeys: [publicKey] });
      const urn = urnOf(type, "half");
      const { inputs } = await provider.check(urn, {}, program);
      expect(await provider.find?.(type, inputs)).toEqual({ id: program.path });
      const read = await provider.read(program.path, urn, {}, inputs);
      expect(read.id).toBe(program.path);
      const outs = read.props ?? {};
      expect(await provider.diff(program.path, urn, outs, read.inputs ?? {}, inputs)).toMatchObject({
        changes: true,
        replaces: [],
      });
      const updated = await provider.update(program.path, urn, outs, read.inputs ?? {}, inputs, false);
      expect(await provider.diff(program.path, urn, updated.outs, inputs, inputs)).toMatchObject({ changes: false });
      await provider.delete(program.path, urn, updated.outs);
    }
  });

  it("writes a policy document from rules", async () => {
    const rules = [
      {
        path: "kv/data/x",
        capabilities: ["read", "list"],
        description: "reads",
        allowedParameters: [
          { key: "b", values: ["1"] },
          { key: "a", values: [] },
        ],
        minWrappingTtl: "1s",
      },
      { path: "kv/metadata/x", capabilities: ["read"] },
    ];
    const { result } = await provider.invoke("vault:index/getPolicyDocument:getPolicyDocument", { rules });
    expect(result.hcl).toBe(
      '# reads\npath "kv/data/x" {\n  capabilities = ["read", "list"]\n  allowed_parameters = {\n    "a" = []\n    "b" = ["1"]\n  }\n  min_wrapping_ttl = "1s"\n}\n\npath "kv/metadata/x" {\n  capabilities = ["read"]\n}\n',
    );
    await provider.create(urnOf(POLICY, "doc"), { name: "doc", policy: result.hcl }, false);
    await expect(
      provider.invoke("vault:index/getPolicyDocument:getPolicyDocument", {
        rules: [{ path: "x", capabilities: ["peek"] }],
      }),
    ).rejects.toThrow('invalid capability "peek"');
  });

  // As the real plugin 7.8.0 stored them for inputs that set none of these.
  it.each([
    [
      MOUNT,
      { path: "empty-kv", type: "kv", options: { version: "2" } },
      {
        allowedManagedKeys: null,
        allowedResponseHeaders: null,
        auditNonHmacRequestKeys: [],
        auditNonHmacResponseKeys: [],
        defaultLeaseTtlSeconds: 0,
        delegatedAuthAccessors: null,
        externalEntropyAccess: false,
        forceNoCache: false,
        identityTokenKey: "",
        listingVisibility: "",
        local: false,
        maxLeaseTtlSeconds: 0,
        namespace: null,
        passthroughRequestHeaders: null,
        pluginVersion: null,
        sealWrap: false,
      },
    ],
    [
      "vault:index/authBackend:AuthBackend",
      { path: "empty-approle", type: "approle" },
      { disableRemount: false, identityTokenKey: null, local: false, namespace: null },
    ],
    [
      "vault:jwt/authBackend:AuthBackend",
      { path: "empty-jwt", type: "jwt", jwtValidationPubkeys: [publicKey] },
      {
        defaultRole: "",
        disableRemount: false,
        jwksCaPem: "",
        jwksPairs: null,
        jwksUrl: "",
        jwtSupportedAlgs: null,
        local: false,
        namespace: null,
        oidcClientSecretWoVersion: null,
        oidcDiscoveryCaPem: "",
        oidcResponseMode: "",
        oidcResponseTypes: null,
        providerConfig: null,
      },
    ],
    [
      "vault:jwt/authBackendRole:AuthBackendRole",
      { backend: "ci", roleName: "empty", roleType: "jwt", userClaim: "sub", boundAudiences: ["x"] },
      {
        aliasMetadata: null,
        allowedRedirectUris: null,
        boundSubject: "",
        claimMappings: null,
        clockSkewLeeway: 0,
        groupsClaim: "",
        maxAge: 0,
        namespace: null,
        oidcScopes: null,
        tokenBoundCidrs: null,
        tokenPeriod: 0,
        userClaimJsonPointer: false,
        verboseOidcLogging: false,
      },
    ],
    [
      "vault:appRole/authBackendRole:AuthBackendRole",
      { backend: "roles", roleName: "empty" },
      {
        aliasMetadata: null,
        bindSecretId: true,
        localSecretIds: false,
        secretIdBoundCidrs: null,
        secretIdNumUses: 0,
        tokenBoundCidrs: null,
        tokenMaxTtl: 0,
      },
    ],
    [
      SECRET_ID,
      { backend: "roles", roleName: "gate" },
      { cidrLists: null, numUses: 0, tokenBoundCidrs: null, ttl: 0, withWrappedAccessor: null, wrappingTtl: null },
    ],
  ])("%s: what nobody set is null, false, 0 or empty as in the real plugin", async (type, inputs, expected) => {
    const urn = urnOf(type, "empty");
    const { inputs: checked } = await provider.check(urn, {}, inputs);
    const { outs } = await provider.create(urn, checked, false);
    expect(outs).toMatchObject(expected);
  });
});

describe("the vault provider without a server", () => {
  it("says what to set when address or token are missing", async () => {
    const urn = urnOf(POLICY, "p");
    const inputs = { name: "p", policy: "" };
    await expect((await vaultPackage.create({}, {})).create(urn, inputs, false)).rejects.toThrow("set VAULT_ADDR");
    await expect(
      (await vaultPackage.create({}, { VAULT_ADDR: "http://127.0.0.1:1" })).create(urn, inputs, false),
    ).rejects.toThrow("set VAULT_TOKEN");
  });

  it("says who does not answer", async () => {
    const provider = await vaultPackage.create(
      { maxRetries: 0 },
      { VAULT_ADDR: "http://127.0.0.1:1", VAULT_TOKEN: "none" },
    );
    await expect(provider.create(urnOf(POLICY, "p"), { name: "p", policy: "" }, false)).rejects.toThrow(
      /no answer from Vault at http:\/\/127\.0\.0\.1:1/,
    );
  });
});
