import { names } from "../../infra/model";
import { vaultPolicies, type VaultParty } from "../../infra/plans";
import { environment } from "../support/environment";
import { useVault } from "../support/vault";

/** The policies as derived, in a real OpenBao: each party does its work, and gets a real 403 for everything else. */
const posture = environment({ "agent.credential": { kind: "app-installation", appId: 7, installationId: 8 } });
const policies = vaultPolicies(posture);
const paths = names(posture).vault!;
const vault = useVault();
const tokens = {} as Record<VaultParty, string>;

const TOKEN = `${paths.mount}/data/${paths.token}`;
const JOURNAL = `${paths.mount}/data/${paths.journal}`;
const MINTER = `${paths.mount}/data/${paths.minter}`;
const OPERATOR = `${paths.mount}/data/${paths.operator}`;
const BREAK_GLASS = `${paths.mount}/data/${paths.breakGlass}`;
const NEIGHBOUR = `${paths.mount}/data/${paths.token}-of-another-agent`;
const record = (cas: number) => ({ data: { token: "a-value", sha256: "x" }, options: { cas } });

beforeAll(async () => {
  await vault.call("POST", `sys/mounts/${paths.mount}`, { type: "kv", options: { version: "2" } });
  for (
    let i = 0;
    i < 50 &&
    (await vault.call("POST", `${paths.mount}/config`, { cas_required: true, max_versions: 10 })).status >= 400;
    i++
  )
    await new Promise((resolve) => setTimeout(resolve, 100));
  for (const path of [TOKEN, JOURNAL, MINTER, OPERATOR, BREAK_GLASS, NEIGHBOUR])
    expect((await vault.call("POST", path, record(0))).status).toBe(200);
  await vault.call("POST", `sys/auth/${paths.appRole.mount}`, { type: "approle" });
  for (const [party, { name, hcl }] of Object.entries(policies) as [VaultParty, { name: string; hcl: string }][]) {
    expect([party, (await vault.call("PUT", `sys/policies/acl/${name}`, { policy: hcl })).status]).toEqual([
      party,
      204,
    ]);
    const made = await vault.call("POST", "auth/token/create", {
      policies: [name],
      no_default_policy: true,
      ttl: "5m",
    });
    tokens[party] = (made.body.auth as { client_token: string }).client_token;
  }
}, 120_000);

const as = async (party: VaultParty, method: string, path: string, body?: unknown): Promise<number> =>
  (await vault.call(method, path, body, tokens[party])).status;

describe("the gate", () => {
  it("reads the token", async () => {
    expect(await as("gate", "GET", TOKEN)).toBe(200);
  });

  it.each([
    ["GET", JOURNAL],
    ["GET", MINTER],
    ["GET", OPERATOR],
    ["GET", BREAK_GLASS],
    ["GET", NEIGHBOUR],
    ["GET", TOKEN.replace("/data/", "/metadata/")],
    ["GET", `${paths.mount}/metadata?list=true`],
    ["POST", TOKEN],
    ["DELETE", TOKEN],
    ["GET", `${paths.mount}/config`],
    ["GET", "sys/mounts"],
    ["GET", `sys/policies/acl/${paths.policies.gate}`],
    ["POST", "auth/token/create"],
  ])("may not %s %s", async (method, path) => {
    expect(await as("gate", method, path, method === "POST" ? record(1) : undefined)).toBe(403);
  });
});

describe("the rotator", () => {
  it("reads and replaces the token, with check-and-set alone, and notes what it did", async () => {
    expect(await as("rotator", "GET", TOKEN)).toBe(200);
    expect(await as("rotator", "POST", TOKEN, record(1))).toBe(200);
    expect(await as("rotator", "POST", TOKEN, record(1))).toBe(400);
    expect(await as("rotator", "POST", TOKEN, { data: { token: "b" } })).toBe(400);
    expect(
      await as("rotator", "POST", TOKEN.replace("/data/", "/metadata/"), { custom_metadata: { state: "current" } }),
    ).toBe(204);
    expect(await as("rotator", "POST", TOKEN.replace("/data/", "/destroy/"), { versions: [1] })).toBe(204);
    expect(await as("rotator", "POST", JOURNAL, record(1))).toBe(200);
    expect(await as("rotator", "GET", OPERATOR)).toBe(200);
    expect(await as("rotator", "GET", MINTER)).toBe(200);
  });

  it.each([
    ["POST", OPERATOR],
    ["POST", MINTER],
    ["GET", BREAK_GLASS],
    ["POST", BREAK_GLASS],
    ["GET", NEIGHBOUR],
    ["POST", NEIGHBOUR],
    ["DELETE", TOKEN],
    ["DELETE", TOKEN.replace("/data/", "/metadata/")],
    ["GET", `${paths.mount}/metadata?list=true`],
    ["POST", `${paths.mount}/config`],
    ["POST", `sys/policies/acl/${paths.policies.rotator}`],
    ["POST", `sys/mounts/${paths.mount}/tune`],
  ])("may not %s %s", async (method, path) => {
    expect(await as("rotator", method, path, method === "POST" ? record(1) : undefined)).toBe(403);
  });
});

describe("the auditor", () => {
  it("reads age, state and rules", async () => {
    for (const path of [
      TOKEN.replace("/data/", "/metadata/"),
      `sys/policies/acl/${paths.policies.gate}`,
      `sys/mounts/${paths.mount}`,
      `${paths.mount}/config`,
    ])
      expect([path, await as("auditor", "GET", path)]).toEqual([path, 200]);
  });

  it.each([
    ["GET", TOKEN],
    ["GET", JOURNAL],
    ["GET", MINTER],
    ["GET", OPERATOR],
    ["GET", BREAK_GLASS],
    ["POST", TOKEN],
    ["POST", TOKEN.replace("/data/", "/metadata/")],
    ["PUT", `sys/policies/acl/${paths.policies.auditor}`],
    ["GET", TOKEN.replace("/data/", "/subkeys/")],
  ])("may not %s %s", async (method, path) => {
    expect(await as("auditor", method, path, method === "GET" ? undefined : record(1))).toBe(403);
  });
});

describe("the deployer", () => {
  it("owns mounts, policies, sign-ins and roles", async () => {
    expect(await as("deployer", "POST", `sys/mounts/${paths.mount}/tune`, { description: "x" })).toBe(204);
    expect(await as("deployer", "GET", `sys/mounts/${paths.mount}`)).toBe(200);
    expect(await as("deployer", "POST", `${paths.mount}/config`, { cas_required: true, max_versions: 10 })).toBe(204);
    expect(await as("deployer", "PUT", `sys/policies/acl/${paths.policies.gate}`, { policy: policies.gate.hcl })).toBe(
      204,
    );
    expect(
      await as("deployer", "POST", `auth/${paths.appRole.mount}/role/${paths.appRole.role}`, {
        token_policies: [paths.policies.gate],
        token_type: "batch",
        token_ttl: 300,
      }),
    ).toBe(204);
    expect(await as("deployer", "GET", `auth/${paths.appRole.mount}/role/${paths.appRole.role}/role-id`)).toBe(200);
    expect(await as("deployer", "PUT", `auth/${paths.appRole.mount}/role/${paths.appRole.role}/secret-id`, {})).toBe(
      200,
    );
    expect(
      await as("deployer", "POST", `auth/${paths.appRole.mount}/role/${paths.appRole.rotator}`, {
        token_policies: [paths.policies.rotator],
        token_type: "batch",
        token_ttl: 600,
      }),
    ).toBe(204);
    expect(await as("deployer", "GET", `auth/${paths.appRole.mount}/role/${paths.appRole.rotator}/role-id`)).toBe(200);
    expect(await as("deployer", "PUT", `auth/${paths.appRole.mount}/role/${paths.appRole.rotator}/secret-id`, {})).toBe(
      200,
    );
    expect(
      await as("deployer", "PUT", `sys/quotas/rate-limit/${paths.quota}`, {
        path: `auth/${paths.appRole.mount}`,
        rate: 50,
        interval: 1,
      }),
    ).toBe(204);
    expect(await as("deployer", "POST", `sys/auth/${paths.ci.mount}`, { type: "jwt" })).toBe(204);
    expect(await as("deployer", "GET", `sys/mounts/auth/${paths.ci.mount}`)).toBe(200);
    expect(await as("deployer", "POST", "auth/token/create", { ttl: "1m" })).toBe(200);
  });

  it("places what the stack generates without ever reading it", async () => {
    for (const path of [OPERATOR, BREAK_GLASS]) {
      expect(await as("deployer", "POST", path, record(1))).toBe(200);
      expect(await as("deployer", "GET", path)).toBe(403);
    }
  });

  it.each([
    ["GET", TOKEN],
    ["POST", TOKEN],
    ["DELETE", TOKEN],
    ["GET", JOURNAL],
    ["GET", MINTER],
    ["POST", MINTER],
    ["GET", NEIGHBOUR],
    ["GET", TOKEN.replace("/data/", "/metadata/")],
    ["POST", "sys/mounts/other"],
    ["PUT", "sys/policies/acl/root-like"],
    ["GET", "sys/policies/acl/default"],
  ])("may not %s %s", async (method, path) => {
    expect(await as("deployer", method, path, method === "GET" || method === "DELETE" ? undefined : record(1))).toBe(
      403,
    );
  });
});

it("a rotator whose tokens a person makes has no right to a minting secret", () => {
  const rules = vaultPolicies(environment()).rotator.rules.map(({ path }) => path);
  expect(rules).not.toContain(MINTER);
  expect(rules).toContain(TOKEN);
});

it("a gate that signs in by its role gets a batch token that reads the one path", async () => {
  await vault.call("POST", `auth/${paths.appRole.mount}/role/${paths.appRole.role}`, {
    token_policies: [paths.policies.gate],
    token_no_default_policy: true,
    token_type: "batch",
    token_ttl: 300,
    token_max_ttl: 300,
  });
  const role = await vault.call("GET", `auth/${paths.appRole.mount}/role/${paths.appRole.role}/role-id`);
  const secret = await vault.call("PUT", `auth/${paths.appRole.mount}/role/${paths.appRole.role}/secret-id`, {});
  const login = await vault.call(
    "POST",
    `auth/${paths.appRole.mount}/login`,
    {
      role_id: (role.body.data as { role_id: string }).role_id,
      secret_id: (secret.body.data as { secret_id: string }).secret_id,
    },
    "",
  );
  const auth = login.body.auth as {
    client_token: string;
    token_type: string;
    lease_duration: number;
    policies: string[];
  };
  expect(auth).toMatchObject({ token_type: "batch", lease_duration: 300, policies: [paths.policies.gate] });
  expect((await vault.call("GET", TOKEN, undefined, auth.client_token)).status).toBe(200);
  expect((await vault.call("GET", OPERATOR, undefined, auth.client_token)).status).toBe(403);
});

it("a rotator that signs in by its role gets a batch token that replaces the token, and reads what mints it", async () => {
  await vault.call("POST", `auth/${paths.appRole.mount}/role/${paths.appRole.rotator}`, {
    token_policies: [paths.policies.rotator],
    token_no_default_policy: true,
    token_type: "batch",
    token_ttl: 600,
    token_max_ttl: 600,
  });
  const role = await vault.call("GET", `auth/${paths.appRole.mount}/role/${paths.appRole.rotator}/role-id`);
  const gateRole = await vault.call("GET", `auth/${paths.appRole.mount}/role/${paths.appRole.role}/role-id`);
  const secret = await vault.call("PUT", `auth/${paths.appRole.mount}/role/${paths.appRole.rotator}/secret-id`, {});
  const secretId = (secret.body.data as { secret_id: string }).secret_id;
  const login = async (roleId: unknown) =>
    vault.call(
      "POST",
      `auth/${paths.appRole.mount}/login`,
      { role_id: (roleId as { role_id: string }).role_id, secret_id: secretId },
      "",
    );
  const auth = (await login(role.body.data)).body.auth as {
    client_token: string;
    token_type: string;
    lease_duration: number;
    policies: string[];
  };
  expect(auth).toMatchObject({ token_type: "batch", lease_duration: 600, policies: [paths.policies.rotator] });
  expect((await vault.call("GET", MINTER, undefined, auth.client_token)).status).toBe(200);
  expect((await vault.call("GET", BREAK_GLASS, undefined, auth.client_token)).status).toBe(403);
  // One Worker's secret id opens no other Worker's role.
  expect((await login(gateRole.body.data)).status).toBe(400);
});
