import { AGENT, all, served, type Served } from "./support";

let sandbox: Served;
beforeEach(async () => {
  sandbox = await served();
});
afterEach(() => sandbox.standIn.stop());

const beta = () => sandbox.client.beta;
const KEY = "gate-key-in-clear";
const gateKey = (secret_value = KEY) => ({
  auth: {
    type: "environment_variable" as const,
    secret_name: "GATE_KEY",
    secret_value,
    networking: { type: "limited" as const, allowed_hosts: ["gate.example"] },
    injection_location: { header: true },
  },
});

describe("environments", () => {
  it("are unrestricted unless told otherwise, and keep what an update leaves out", async () => {
    const open = await beta().environments.create({ name: "open" });
    expect(open.config).toMatchObject({ type: "cloud", networking: { type: "unrestricted" } });
    const limited = await beta().environments.update(open.id, {
      config: { type: "cloud", networking: { type: "limited", allowed_hosts: ["gate.example"] } },
    });
    expect(limited.config).toMatchObject({
      networking: { allowed_hosts: ["gate.example"], allow_mcp_servers: false, allow_package_managers: false },
    });
    const kept = await beta().environments.update(open.id, {
      metadata: { stack: "dev" },
      config: { type: "cloud", networking: { type: "limited", allow_mcp_servers: true } },
    });
    expect(kept.config).toMatchObject({ networking: { allowed_hosts: ["gate.example"], allow_mcp_servers: true } });
    expect((await beta().environments.update(open.id, { metadata: { stack: "" } })).metadata).toEqual({});
  });

  it("never change their type, and take nothing once archived", async () => {
    const { id } = await beta().environments.create({ name: "e" });
    await expect(beta().environments.update(id, { config: { type: "self_hosted" } })).rejects.toMatchObject({
      status: 400,
      errorCode: "invalid_config_type_change",
    });
    await beta().environments.archive(id);
    await expect(beta().environments.update(id, { name: "f" })).rejects.toMatchObject({
      errorCode: "environment_archived",
    });
    expect(await beta().environments.delete(id)).toEqual({ id, type: "environment_deleted" });
    await expect(beta().environments.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  it.each([
    ["a host with a scheme", { networking: { type: "limited", allowed_hosts: ["https://gate.example"] } }],
    ["a host with a port", { networking: { type: "limited", allowed_hosts: ["gate.example:443"] } }],
    ["packages without their registries", { networking: { type: "limited" }, packages: { npm: ["left-pad"] } }],
    ["an unknown field", { networking: { type: "limited", allow_everything: true } }],
  ])("refuse %s", async (_, config) => {
    await expect(
      beta().environments.create({ name: "e", config: { type: "cloud", ...config } as never }),
    ).rejects.toMatchObject({ status: 400, type: "invalid_request_error" });
  });

  it("refuse the scope of an account", async () => {
    await expect(beta().environments.create({ name: "e", scope: "account" })).rejects.toMatchObject({ status: 400 });
  });
});

describe("vault credentials", () => {
  it("take a secret and never give it back", async () => {
    const vault = await beta().vaults.create({ display_name: "agents" });
    const made = await beta().vaults.credentials.create(vault.id, gateKey());
    expect(made).toMatchObject({
      vault_id: vault.id,
      auth: {
        type: "environment_variable",
        secret_name: "GATE_KEY",
        networking: { type: "limited", allowed_hosts: ["gate.example"] },
        injection_location: { header: true, body: false },
      },
    });
    const answers = [
      made,
      await beta().vaults.credentials.retrieve(made.id, { vault_id: vault.id }),
      await all(beta().vaults.credentials.list(vault.id)),
      await beta().vaults.credentials.update(made.id, {
        vault_id: vault.id,
        auth: { type: "environment_variable", secret_value: `${KEY}-2` },
      }),
      await sandbox.control("GET", "requests"),
    ];
    expect(JSON.stringify(answers)).not.toContain(KEY);
  });

  it("are put into header and body when nobody says where", async () => {
    const vault = await beta().vaults.create({ display_name: "agents" });
    const { injection_location: _, ...auth } = gateKey().auth;
    const { auth: shown } = await beta().vaults.credentials.create(vault.id, { auth });
    expect(shown).toMatchObject({ injection_location: { header: true, body: true } });
  });

  it("are unique by name among the active ones", async () => {
    const vault = await beta().vaults.create({ display_name: "agents" });
    const first = await beta().vaults.credentials.create(vault.id, gateKey());
    await expect(beta().vaults.credentials.create(vault.id, gateKey())).rejects.toMatchObject({
      status: 409,
      type: "conflict_error",
    });
    await beta().vaults.credentials.archive(first.id, { vault_id: vault.id });
    await beta().vaults.credentials.create(vault.id, gateKey());
    expect(await all(beta().vaults.credentials.list(vault.id))).toHaveLength(1);
    expect(await all(beta().vaults.credentials.list(vault.id, { include_archived: true }))).toHaveLength(2);
  });

  it("replace their network as a whole, merge their places and keep one of them", async () => {
    const vault = await beta().vaults.create({ display_name: "agents" });
    const { id } = await beta().vaults.credentials.create(vault.id, gateKey());
    const update = (auth: object) =>
      beta().vaults.credentials.update(id, {
        vault_id: vault.id,
        auth: { type: "environment_variable", ...auth } as never,
      });
    expect((await update({ networking: { type: "unrestricted" } })).auth).toMatchObject({
      networking: { type: "unrestricted" },
    });
    expect((await update({ injection_location: { body: true } })).auth).toMatchObject({
      injection_location: { header: true, body: true },
    });
    await expect(update({ injection_location: { header: false, body: false } })).rejects.toMatchObject({ status: 400 });
    await expect(update({ secret_name: "OTHER" })).rejects.toMatchObject({
      apiMessage: expect.stringContaining("auth.secret_name: Extra inputs are not permitted"),
    });
    await expect(update({ type: "static_bearer", token: "t" })).rejects.toMatchObject({ status: 400 });
  });

  it("hold at most twenty in a vault and sixteen hosts each", async () => {
    const vault = await beta().vaults.create({ display_name: "agents" });
    const named = (n: number) => ({ auth: { ...gateKey().auth, secret_name: `KEY_${n}` } });
    for (let n = 0; n < 20; n++) await beta().vaults.credentials.create(vault.id, named(n));
    await expect(beta().vaults.credentials.create(vault.id, named(20))).rejects.toMatchObject({ status: 400 });
    const hosts = Array.from({ length: 17 }, (_, i) => `h${i}.example`);
    const other = await beta().vaults.create({ display_name: "other" });
    await expect(
      beta().vaults.credentials.create(other.id, {
        auth: { ...gateKey().auth, networking: { type: "limited", allowed_hosts: hosts } },
      }),
    ).rejects.toMatchObject({ status: 400 });
  });

  it("are replaced in a session that runs, behind the same placeholder, and gone when they are archived", async () => {
    const vault = await beta().vaults.create({ display_name: "agents" });
    const { id } = await beta().vaults.credentials.create(vault.id, gateKey());
    const agent = await beta().agents.create(AGENT);
    const environment = await beta().environments.create({ name: "e" });
    const session = await beta().sessions.create({
      agent: agent.id,
      environment_id: environment.id,
      vault_ids: [vault.id],
    });
    const before = sandbox.standIn.egress(session.id).secrets;
    expect(before).toEqual([
      {
        name: "GATE_KEY",
        placeholder: expect.any(String),
        value: KEY,
        hosts: ["gate.example"],
        header: true,
        body: false,
      },
    ]);
    await beta().vaults.credentials.update(id, {
      vault_id: vault.id,
      auth: { type: "environment_variable", secret_value: "new" },
    });
    expect(sandbox.standIn.egress(session.id).secrets).toEqual([{ ...before[0], value: "new" }]);
    await expect(sandbox.control("GET", `sessions/${session.id}/egress`)).rejects.toThrow(/authentication_error/);
    await beta().vaults.archive(vault.id);
    expect(sandbox.standIn.egress(session.id).secrets).toEqual([]);
  });
});
