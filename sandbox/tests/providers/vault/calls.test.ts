import { vaultProvider } from "../../../providers/vault";
import type { Props } from "../../../providers/types";
import { readRecording } from "../support/recording";
import { Replayer, type Declared, type ReplayCase } from "../support/replay";
import { ReplayServer } from "../support/replayServer";

const MOUNT = "vault:index/mount:Mount";
const KV_CONFIG = "vault:kv/secretBackendV2:SecretBackendV2";
const KV_SECRET = "vault:kv/secretV2:SecretV2";
const POLICY = "vault:index/policy:Policy";
const AUTH = "vault:index/authBackend:AuthBackend";
const APPROLE = "vault:appRole/authBackendRole:AuthBackendRole";
const SECRET_ID = "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId";
const JWT = "vault:jwt/authBackend:AuthBackend";
const JWT_ROLE = "vault:jwt/authBackendRole:AuthBackendRole";

const KEY =
  "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\nq9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n-----END PUBLIC KEY-----";

const secret: Props = {
  mount: "agents",
  name: "github/bot",
  dataJson: '{"token":"initial-value"}',
  customMetadata: { data: { owner: "team-a" } },
};
const ownedByB: Props = { customMetadata: { data: { owner: "team-b" } } };
const read = 'path "agents/data/github/bot" {\n  capabilities = ["read"]\n}\n';
const gateAuth: Declared = { type: AUTH, name: "auth", inputs: { type: "approle", path: "gate" } };
const role: Props = {
  backend: "gate",
  roleName: "gate",
  tokenPolicies: ["gate-reader"],
  tokenTtl: 300,
  tokenMaxTtl: 600,
  secretIdNumUses: 1,
  secretIdTtl: 600,
};
const gateRole: Declared = { type: APPROLE, name: "role", inputs: role };
const jwtBackend: Props = {
  path: "gha",
  description: "ci",
  boundIssuer: "https://token.example.com",
  jwtValidationPubkeys: [KEY],
};
const jwtRole: Props = {
  backend: "gha",
  roleName: "rotator",
  roleType: "jwt",
  userClaim: "sub",
  boundAudiences: ["gate"],
  boundClaims: { repository: "acme/ops", ref: "refs/heads/main" },
  tokenPolicies: ["gate-reader"],
  tokenTtl: 300,
};

const CASES: ReplayCase[] = [
  {
    name: "Mount",
    resources: [
      {
        type: MOUNT,
        name: "m",
        inputs: { path: "agents", type: "kv", options: { version: "2" }, description: "agent tokens" },
        changed: { path: "agents", type: "kv", options: { version: "2" }, description: "agent tokens 2" },
      },
    ],
  },
  {
    name: "kv.SecretBackendV2",
    resources: [
      { type: MOUNT, name: "m", inputs: { path: "agents", type: "kv", options: { version: "2" } } },
      {
        type: KV_CONFIG,
        name: "c",
        inputs: { mount: "agents", casRequired: true, maxVersions: 10 },
        changed: { mount: "agents", casRequired: true, maxVersions: 20 },
      },
    ],
  },
  {
    name: "kv.SecretV2",
    resources: [{ type: KV_SECRET, name: "s", inputs: secret, changed: { ...secret, ...ownedByB } }],
  },
  {
    name: "kv.SecretV2-disable-read",
    resources: [
      {
        type: KV_SECRET,
        name: "s",
        inputs: { ...secret, disableRead: true },
        changed: { ...secret, disableRead: true, ...ownedByB },
      },
    ],
  },
  {
    name: "kv.SecretV2-delete-all-versions",
    resources: [{ type: KV_SECRET, name: "s", inputs: { ...secret, deleteAllVersions: true } }],
  },
  {
    name: "kv.SecretV2-write-only",
    resources: [
      {
        type: KV_SECRET,
        name: "s",
        inputs: {
          mount: "agents",
          name: "github/bot",
          dataJsonWo: '{"token":"initial-value"}',
          dataJsonWoVersion: 1,
          customMetadata: { data: { owner: "team-a" } },
        },
      },
    ],
  },
  {
    name: "Policy",
    resources: [
      {
        type: POLICY,
        name: "p",
        inputs: { name: "gate-reader", policy: read },
        changed: { name: "gate-reader", policy: read.replace('["read"]', '["read", "update"]') },
      },
    ],
  },
  {
    name: "AuthBackend",
    resources: [
      {
        type: AUTH,
        name: "a",
        inputs: {
          type: "approle",
          path: "gate",
          description: "gate",
          tune: { defaultLeaseTtl: "5m", maxLeaseTtl: "10m", tokenType: "batch" },
        },
        changed: {
          type: "approle",
          path: "gate",
          description: "gate 2",
          tune: { defaultLeaseTtl: "5m", maxLeaseTtl: "20m", tokenType: "batch" },
        },
      },
    ],
  },
  { name: "approle.AuthBackendRole", resources: [gateAuth, { ...gateRole, changed: { ...role, tokenMaxTtl: 1200 } }] },
  {
    name: "approle.AuthBackendRoleSecretId",
    resources: [
      gateAuth,
      gateRole,
      { type: SECRET_ID, name: "s", inputs: { backend: "gate", roleName: "gate", metadata: '{"agent":"claude"}' } },
    ],
    // The role limits uses and life, the resource does not: every preview replaces it.
    differs: { create: { s: ["numUses", "ttl"] }, refresh: { s: ["numUses", "ttl"] } },
  },
  {
    name: "approle.AuthBackendRoleSecretId-wrapped",
    resources: [
      gateAuth,
      gateRole,
      { type: SECRET_ID, name: "s", inputs: { backend: "gate", roleName: "gate", wrappingTtl: "5m" } },
    ],
  },
  {
    name: "approle.AuthBackendRoleSecretId-wrapped-accessor",
    resources: [
      gateAuth,
      gateRole,
      {
        type: SECRET_ID,
        name: "s",
        inputs: { backend: "gate", roleName: "gate", wrappingTtl: "5m", withWrappedAccessor: true },
      },
    ],
    differs: { create: { s: ["numUses", "ttl"] }, refresh: { s: ["numUses", "ttl"] } },
  },
  {
    name: "approle.AuthBackendRoleSecretId-explicit-uses",
    resources: [
      gateAuth,
      gateRole,
      {
        type: SECRET_ID,
        name: "s",
        inputs: {
          backend: "gate",
          roleName: "gate",
          wrappingTtl: "5m",
          withWrappedAccessor: true,
          numUses: 1,
          ttl: 600,
        },
      },
    ],
  },
  // The recorded change was of the description, which shows as a change, and never reaches the server.
  {
    name: "jwt.AuthBackend",
    resources: [{ type: JWT, name: "j", inputs: jwtBackend, changed: { ...jwtBackend, description: "ci 2" } }],
  },
  {
    name: "jwt.AuthBackendRole",
    resources: [
      { type: JWT, name: "j", inputs: jwtBackend },
      { type: JWT_ROLE, name: "r", inputs: jwtRole, changed: { ...jwtRole, tokenTtl: 600 } },
    ],
  },
  {
    name: "QuotaRateLimit",
    resources: [
      {
        type: "vault:index/quotaRateLimit:QuotaRateLimit",
        name: "q",
        inputs: { name: "agents", path: "agents/", rate: 50 },
        changed: { name: "agents", path: "agents/", rate: 100 },
      },
    ],
  },
  {
    name: "AuditRequestHeader",
    resources: [
      {
        type: "vault:index/auditRequestHeader:AuditRequestHeader",
        name: "h",
        inputs: { name: "X-Request-Id", hmac: false },
        changed: { name: "X-Request-Id", hmac: true },
      },
    ],
  },
  {
    name: "identity.Entity-and-Alias",
    unordered: ["create", "update", "destroy"],
    resources: [
      {
        type: "vault:identity/entity:Entity",
        name: "e",
        inputs: { name: "claude-bot", policies: ["gate-reader"], metadata: { team: "a" } },
        changed: { name: "claude-bot", policies: ["gate-reader"], metadata: { team: "b" } },
      },
      gateAuth,
      {
        type: "vault:identity/entityAlias:EntityAlias",
        name: "al",
        inputs: (made) => ({
          name: "role-id-example",
          mountAccessor: made.auth?.outs.accessor,
          canonicalId: made.e?.id,
          customMetadata: { k: "1" },
        }),
        changed: {
          name: "role-id-example",
          mountAccessor: "<accessor-1>",
          canonicalId: "<uuid-2>",
          customMetadata: { k: "2" },
        },
      },
    ],
  },
];

describe("the vault provider sends what the real plugin sends", () => {
  const recording = readRecording("vault");
  let server: ReplayServer;
  beforeAll(async () => {
    server = await ReplayServer.start();
  });
  afterAll(() => server.stop());

  const replayer = (): Replayer =>
    new Replayer(
      server,
      recording,
      () =>
        vaultProvider(() => ({
          address: server.origin,
          token: "<token>",
          tokenName: "terraform",
          maxLeaseTtlSeconds: 1200,
          skipChildToken: false,
          maxRetries: 2,
          pause: () => Promise.resolve(),
        })),
      (call) => call.path.startsWith("/v1/auth/token/lookup-self") || call.path === "/v1/auth/token/create",
    );

  it.each(CASES.map((test) => [test.name, test] as const))("%s", async (_name, test) => {
    await replayer().run(test);
  });

  it("every recorded case of these types is replayed here or below", () => {
    const below = [
      "kv.SecretV2-cas-required",
      "kv.SecretV2-cas-required-top-level-cas",
      "kv.SecretV2-cas-required-options-cas",
      "kv.SecretV2-cas-required-options-cas-disable-read",
      "Policy-skip-child-token",
    ];
    expect([...new Set(recording.map((call) => call.case))].sort()).toEqual(
      [...CASES.map((test) => test.name), ...below].sort(),
    );
  });

  it.each([
    ["kv.SecretV2-cas-required", {}],
    ["kv.SecretV2-cas-required-top-level-cas", { cas: 0 }],
  ])("%s: a refused write is tried 61 times, then told in the server's words", async (name, more) => {
    const error = await replayer().fail({
      name,
      resources: [{ type: KV_SECRET, name: "s", inputs: { ...secret, ...more } }],
    });
    expect(error.message).toContain("check-and-set parameter required for this call");
    expect(error.message).not.toContain("initial-value");
  });

  it("kv.SecretV2-cas-required-options-cas: the create passes, a later change is refused", async () => {
    const cas = { ...secret, options: { cas: "0" } };
    const run = replayer().run({
      name: "kv.SecretV2-cas-required-options-cas",
      resources: [{ type: KV_SECRET, name: "s", inputs: cas, changed: { ...cas, ...ownedByB } }],
    });
    await expect(run).rejects.toThrow("check-and-set parameter did not match the current version");
  });

  it("starts by looking up its token and making a child of it", async () => {
    const provider = vaultProvider(() => ({
      address: server.origin,
      token: "<token>",
      tokenName: "terraform",
      maxLeaseTtlSeconds: 1200,
      skipChildToken: false,
      maxRetries: 0,
    }));
    const configure = recording.filter((call) => call.operation === "configure");
    server.expect([...configure, ...recording.filter((call) => call.case === "Policy" && call.operation === "create")]);
    await provider.create(
      "urn:pulumi:dev::t::vault:index/policy:Policy::p",
      { name: "gate-reader", policy: read },
      false,
    );
    const start = server
      .take()
      .slice(0, 2)
      .map(({ method, path, body }) => ({ method, path, body }));
    expect(start).toEqual(configure.map(({ method, path, body }) => ({ method, path, body })));
  });

  it("makes no child token when told to skip it", async () => {
    const provider = vaultProvider(() => ({
      address: server.origin,
      token: "<token>",
      tokenName: "terraform",
      maxLeaseTtlSeconds: 1200,
      skipChildToken: true,
      maxRetries: 0,
    }));
    server.expect([
      ...recording.filter((call) => call.operation === "configure"),
      ...recording.filter((call) => call.case === "Policy-skip-child-token" && call.operation === "create"),
    ]);
    await provider.create(
      "urn:pulumi:dev::t::vault:index/policy:Policy::p",
      { name: "gate-reader", policy: read },
      false,
    );
    expect(server.take().map((call) => call.path)).toEqual([
      "/v1/auth/token/lookup-self",
      "/v1/sys/policies/acl/gate-reader",
      "/v1/sys/policies/acl/gate-reader",
    ]);
  });
});
