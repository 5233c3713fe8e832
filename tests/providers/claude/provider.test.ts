import { createServer } from "node:http";
import { Service } from "../../../providers/claude/effects/service";
import { ClaudeProvider } from "../../../providers/claude/provider";
import { UNKNOWN, type Json } from "../../../providers/claude/model/field";
import { MARK_KEY } from "../../../providers/claude/model/common";
import { changed, made, PROGRAMS, refreshed, SECRET, served, urn, type Kept, type Served, withField } from "./support";

let sandbox: Served;
let vaultId: string;
beforeEach(async () => {
  sandbox = await served();
  vaultId = (await sandbox.beta.vaults.create({ display_name: "for credentials" })).id;
});
afterEach(() => sandbox.standIn.stop());

const TYPES = Object.keys(PROGRAMS);
const program = (type: string): Json => PROGRAMS[type]!(vaultId);

it.each(TYPES)("%s: is made, needs nothing more, is read as it is, and goes", async (type) => {
  const kept = await made(sandbox.engineRun(), type, program(type));
  const later = sandbox.engineRun();
  const { inputs } = later.check(urn(type), program(type));
  expect(later.diff(kept.id, urn(type), kept.inputs, inputs).changes).toEqual({});
  expect(await refreshed(later, type, kept)).toEqual(kept);
  await later.delete(kept.id, urn(type));
  expect(await refreshed(later, type, kept)).toBeUndefined();
  await later.delete(kept.id, urn(type));
});

const UPDATES: readonly [type: string, path: string, value: unknown][] = [
  ["Agent", "name", "reviewer"],
  ["Agent", "description", "Reviews."],
  ["Agent", "description", undefined],
  ["Agent", "system", undefined],
  ["Agent", "model.id", "claude-sonnet-5-5"],
  ["Agent", "model.effort", "max"],
  ["Agent", "model.speed", "fast"],
  ["Agent", "mcpServers.0.url", "https://gate.acme.dev/mcp/v2"],
  ["Agent", "tools.0.defaultConfig.permissionPolicy.type", "always_allow"],
  ["Agent", "tools.0.configs.0.enabled", true],
  ["Agent", "tools.0.configs.1.allowedDomains", ["www.acme.dev"]],
  ["Agent", "tools.1.configs", undefined],
  ["Agent", "tools.2.inputSchema", { type: "object", properties: { other_key: { type: "string" } } }],
  ["Agent", "skills", undefined],
  ["Agent", "multiagent.workflows", { type: "disabled" }],
  ["Agent", "multiagent", undefined],
  ["Agent", "executionIdentity", { type: "aws_role", roleArn: "arn:aws:iam::123456789012:role/agents" }],
  ["Agent", "metadata", { owner: "security" }],
  ["Environment", "name", "others"],
  ["Environment", "description", undefined],
  ["Environment", "config.networking.allowedHosts", ["gate.acme.dev", "docs.acme.dev"]],
  ["Environment", "config.networking.allowedHosts", undefined],
  ["Environment", "config.networking.allowMcpServers", true],
  ["Environment", "config.networking", { type: "unrestricted" }],
  ["Environment", "config.packages.npm", ["typescript@6.0.0"]],
  ["Environment", "config.packages", undefined],
  ["Environment", "metadata", undefined],
  ["Vault", "displayName", "Another gate"],
  ["Vault", "metadata.team", "security"],
  ["VaultCredential", "displayName", undefined],
  ["VaultCredential", "auth.secretValue", `${SECRET}-rotated`],
  ["VaultCredential", "auth.networking.allowedHosts", ["gate2.acme.dev"]],
  ["VaultCredential", "auth.networking", { type: "unrestricted" }],
  ["VaultCredential", "auth.injectionLocation", { header: false, body: true }],
  ["VaultCredential", "metadata", {}],
];
it.each(UPDATES)("%s: %s is changed in place to %j, and nothing else is", async (type, path, value) => {
  const kept = await made(sandbox.engineRun(), type, program(type));
  const next = await changed(sandbox.engineRun(), type, kept, withField(program(type), path, value));
  const later = sandbox.engineRun();
  expect(await refreshed(later, type, next)).toEqual(next);
  expect(
    later.diff(next.id, urn(type), next.inputs, later.check(urn(type), withField(program(type), path, value)).inputs)
      .changes,
  ).toEqual({});
  if (type === "Agent") expect(next.outs.version).toBe(2);
});

it("leaves an effort that is taken out of the program to the service", async () => {
  const kept = await made(sandbox.engineRun(), "Agent", program("Agent"));
  const without = withField(program("Agent"), "model.effort", undefined);
  const next = await changed(sandbox.engineRun(), "Agent", kept, without);
  expect((await refreshed(sandbox.engineRun(), "Agent", next))?.inputs.model).not.toHaveProperty("effort");
});

const REPLACEMENTS: readonly [type: string, path: string, value: unknown, replaces: string[], deleteFirst: boolean][] =
  [
    ["Environment", "config", { type: "self_hosted" }, ["config"], false],
    ["VaultCredential", "vaultId", "vlt_other", ["vaultId"], false],
    ["VaultCredential", "auth.secretName", "OTHER_KEY", ["auth"], false],
    [
      "VaultCredential",
      "auth",
      { type: "static_bearer", token: SECRET, mcpServerUrl: "https://a.dev" },
      ["auth"],
      false,
    ],
  ];
it.each(REPLACEMENTS)("%s: %s %j makes a new one", async (type, path, value, replaces, deleteBeforeReplace) => {
  const run = sandbox.engineRun();
  const kept = await made(run, type, program(type));
  const { inputs, failures } = run.check(urn(type), withField(program(type), path, value));
  expect(failures).toEqual([]);
  expect(run.diff(kept.id, urn(type), kept.inputs, inputs)).toMatchObject({ replaces, deleteBeforeReplace });
});

const OAUTH: Json = {
  type: "mcp_oauth",
  mcpServerUrl: "https://gate.acme.dev/mcp",
  accessToken: SECRET,
  expiresAt: "2026-12-24T18:00:00Z",
  refresh: {
    clientId: "gatehouse",
    refreshToken: `${SECRET}-refresh`,
    tokenEndpoint: "https://login.acme.dev/token",
    tokenEndpointAuth: { type: "client_secret_basic", clientSecret: `${SECRET}-client` },
    scope: "read",
  },
};
it("changes the tokens of an OAuth credential in place, and makes a new one for another client", async () => {
  const of = (auth: Json): Json => ({ vaultId, auth });
  const kept = await made(sandbox.engineRun(), "VaultCredential", of(OAUTH));
  let next: Kept = kept;
  for (const [path, value] of [
    ["accessToken", `${SECRET}-2`],
    ["refresh.refreshToken", `${SECRET}-3`],
    ["refresh.tokenEndpointAuth.clientSecret", `${SECRET}-4`],
    ["refresh.scope", undefined],
  ] as const)
    next = await changed(
      sandbox.engineRun(),
      "VaultCredential",
      next,
      of(withField(next.inputs.auth as Json, path, value)),
    );
  const run = sandbox.engineRun();
  expect(await refreshed(run, "VaultCredential", next)).toEqual(next);
  for (const [path, value, deleteBeforeReplace] of [
    ["refresh.clientId", "another", true],
    ["refresh.tokenEndpoint", "https://login2.acme.dev/token", true],
    ["refresh.tokenEndpointAuth", { type: "none" }, true],
    ["refresh", undefined, true],
    ["mcpServerUrl", "https://other.acme.dev/mcp", false],
  ] as const)
    expect([
      path,
      run.diff(
        next.id,
        urn("VaultCredential"),
        next.inputs,
        run.check(urn("VaultCredential"), of(withField(OAUTH, path, value))).inputs,
      ),
    ]).toEqual([path, expect.objectContaining({ replaces: ["auth"], deleteBeforeReplace })]);
});

it.each(TYPES)("%s: an import leads to no change, but for secrets and what the service may choose", async (type) => {
  const kept = await made(sandbox.engineRun(), type, program(type));
  const run = sandbox.engineRun();
  const read = await run.read(kept.id, urn(type), {});
  const { changes } = run.diff(kept.id, urn(type), read.inputs ?? {}, run.check(urn(type), program(type)).inputs);
  const added = { VaultCredential: ["auth.secretValue"], Agent: ["model.effort", "model.speed"] }[type] ?? [];
  expect(changes).toEqual(Object.fromEntries(added.map((path) => [path, "add"])));
});

it("refuses an id that is none before it asks", async () => {
  await expect(sandbox.engineRun().read("vcrd_1", urn("VaultCredential"))).rejects.toThrow("write vlt_…/vcrd_…");
  await expect(sandbox.engineRun().read("a/../b", urn("Agent"))).rejects.toThrow("write agent_…");
});

describe("what somebody changed by hand", () => {
  it("is seen by a refresh: a policy, a host, a tool that was added", async () => {
    const agent = await made(sandbox.engineRun(), "Agent", program("Agent"));
    await sandbox.beta.agents.update(agent.id, {
      mcp_servers: [],
      tools: [{ type: "agent_toolset_20260401", default_config: { permission_policy: { type: "always_allow" } } }],
    });
    const run = sandbox.engineRun();
    const live = await refreshed(run, "Agent", agent);
    expect(live?.outs.version).toBe(2);
    const back = run.diff(agent.id, urn("Agent"), live!.inputs, run.check(urn("Agent"), program("Agent")).inputs);
    expect(Object.keys(back.changes)).toEqual(
      expect.arrayContaining(["tools[0].defaultConfig.permissionPolicy.type", "tools[1]", "mcpServers"]),
    );
    const mended = await changed(run, "Agent", live!, program("Agent"));
    expect(await refreshed(run, "Agent", mended)).toEqual({ ...mended, inputs: agent.inputs });

    const environment = await made(run, "Environment", program("Environment"));
    await sandbox.beta.environments.update(environment.id, {
      config: { type: "cloud", networking: { type: "unrestricted" } },
    });
    expect((await refreshed(run, "Environment", environment))?.inputs.config).toMatchObject({
      networking: { type: "unrestricted" },
    });
  });

  it("is not overwritten by an update that has not seen it: two writers at once", async () => {
    const agent = await made(sandbox.engineRun(), "Agent", program("Agent"));
    const [first, second] = [sandbox.engineRun(), sandbox.engineRun()];
    await changed(first, "Agent", agent, withField(program("Agent"), "system", "First."));
    await expect(changed(second, "Agent", agent, withField(program("Agent"), "system", "Second."))).rejects.toThrow(
      /was changed by somebody else \(version 1 became 2\): system\. Nothing was overwritten\. Run pulumi refresh/,
    );
    expect((await sandbox.beta.agents.retrieve(agent.id)).system).toBe("First.");

    for (const [type, path, write] of [
      ["Environment", "description", (id: string) => sandbox.beta.environments.update(id, { description: "By hand." })],
      ["Vault", "displayName", (id: string) => sandbox.beta.vaults.update(id, { display_name: "By hand" })],
      [
        "VaultCredential",
        "displayName",
        (id: string) =>
          sandbox.beta.vaults.credentials.update(id.split("/")[1]!, { vault_id: vaultId, display_name: "By hand" }),
      ],
    ] as const) {
      const kept = await made(sandbox.engineRun(), type, program(type));
      await write(kept.id);
      await expect(
        changed(sandbox.engineRun(), type, kept, withField(program(type), "metadata", { team: "x" })),
      ).rejects.toThrow(`was changed by somebody else: ${path}. Nothing was overwritten`);
    }
  });

  it("is refused by the service's lock too, when it happens between the look and the write", async () => {
    const agent = await made(sandbox.engineRun(), "Agent", program("Agent"));
    await sandbox.control("POST", "faults", {
      method: "GET",
      pathPrefix: `/v1/agents/${agent.id}`,
      delayMs: 300,
      times: 1,
    });
    const slow = changed(sandbox.engineRun(), "Agent", agent, withField(program("Agent"), "system", "Slow."));
    const answered = slow.catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await sandbox.beta.agents.update(agent.id, { system: "Quick.", version: 1 });
    expect(await answered).toMatchObject({ message: expect.stringContaining("version 1 became 2") as string });
    expect((await sandbox.beta.agents.retrieve(agent.id)).system).toBe("Quick.");
    const updates = ((await sandbox.control("GET", "requests")) as { method: string; path: string }[]).filter(
      ({ method, path }) => method === "POST" && path.endsWith(agent.id),
    );
    expect(updates).toHaveLength(2);
  });

  it("is taken as done when it is what the program wants: a run that was cut off after its update", async () => {
    const agent = await made(sandbox.engineRun(), "Agent", program("Agent"));
    const wanted = withField(program("Agent"), "system", "New.");
    await changed(sandbox.engineRun(), "Agent", agent, wanted);
    const again = await changed(sandbox.engineRun(), "Agent", agent, wanted);
    expect(again.outs.version).toBe(2);
    expect((await sandbox.beta.agents.retrieve(agent.id)).version).toBe(2);
  });

  it("is an archived agent: an update says so, a delete and a refresh take it as gone", async () => {
    const agent = await made(sandbox.engineRun(), "Agent", program("Agent"));
    await sandbox.beta.agents.archive(agent.id);
    const run = sandbox.engineRun();
    await expect(changed(run, "Agent", agent, withField(program("Agent"), "system", "New."))).rejects.toThrow(
      "is gone or archived. Run pulumi refresh",
    );
    expect(await refreshed(run, "Agent", agent)).toBeUndefined();
    await run.delete(agent.id, urn("Agent"));
  });
});

describe("a create that broke off", () => {
  const list = async (type: string): Promise<unknown[]> => {
    const { beta } = sandbox;
    const pages: Record<string, () => AsyncIterable<unknown>> = {
      Agent: () => beta.agents.list(),
      Environment: () => beta.environments.list(),
      Vault: () => beta.vaults.list(),
      VaultCredential: () => beta.vaults.credentials.list(vaultId),
    };
    const found: unknown[] = [];
    for await (const one of pages[type]!())
      if ((one as { metadata: Json }).metadata[MARK_KEY] !== undefined) found.push(one);
    return found;
  };
  const PATHS: Readonly<Record<string, string>> = {
    Agent: "/v1/agents",
    Environment: "/v1/environments",
    Vault: "/v1/vaults",
    VaultCredential: "/v1/vaults",
  };

  it.each(
    TYPES.flatMap((type) => [
      [type, "before"],
      [type, "after"],
    ]),
  )("%s: %s it took effect, is looked for, and there is one", async (type, when) => {
    await sandbox.control("POST", "faults", { method: "POST", pathPrefix: PATHS[type], drop: true, times: 1, when });
    const kept = await made(sandbox.engineRun(), type, program(type));
    expect(await list(type)).toHaveLength(1);
    expect(await refreshed(sandbox.engineRun(), type, kept)).toEqual(kept);
  });

  it.each(TYPES)("%s: left by a run that was cut off, is found by its mark, and not made again", async (type) => {
    const { id } = await made(sandbox.engineRun(), type, program(type));
    const run = sandbox.engineRun();
    const { inputs } = run.check(urn(type), program(type));
    expect(await run.find(urn(type), inputs)).toEqual({ id });
    expect(await run.find(urn(type, "another"), inputs)).toBeUndefined();
    await expect(run.create(urn(type), inputs, false)).rejects.toThrow(`pulumi import claude:index:${type} it ${id}`);
    expect(await list(type)).toHaveLength(1);
  });

  it("makes a second one where the first is to be replaced, and knows it from a left one", async () => {
    const run = sandbox.engineRun();
    const kept = await made(run, "Environment", program("Environment"));
    const { inputs } = run.check(
      urn("Environment"),
      withField(program("Environment"), "config", { type: "self_hosted" }),
    );
    expect(run.diff(kept.id, urn("Environment"), kept.inputs, inputs).replaces).toEqual(["config"]);
    const next = await run.create(urn("Environment"), inputs, false);
    expect(next.id).not.toBe(kept.id);
  });

  it("is given up after three tries, with the reason", async () => {
    await sandbox.control("POST", "faults", { method: "POST", pathPrefix: "/v1/agents", status: 500, times: 9 });
    await expect(made(sandbox.engineRun(), "Agent", program("Agent"))).rejects.toThrow(
      /create Agent: .*\(status 500\)/,
    );
    const sent = ((await sandbox.control("GET", "requests")) as { method: string; path: string }[]).filter(
      ({ method, path }) => method === "POST" && path === "/v1/agents",
    );
    expect(sent).toHaveLength(3);
  });
});

describe("the service's limits", () => {
  it("waits as long as a 429 asks for, and sends the same again", async () => {
    await sandbox.control("POST", "limits", { createPerMinute: 2, readPerMinute: 1200 });
    for (const name of ["a", "b"]) await made(sandbox.engineRun(), "Vault", program("Vault"), name);
    // The bucket fills up again by the clock; the waits of this test take no time.
    await sandbox.control("POST", "limits", { createPerMinute: 60_000, readPerMinute: 1200 });
    expect(await made(sandbox.engineRun(), "Vault", program("Vault"), "c")).toMatchObject({
      id: expect.stringMatching(/^vlt_/) as string,
    });
    await sandbox.control("POST", "faults", { method: "POST", pathPrefix: "/v1/vaults", status: 429, times: 2 });
    await made(sandbox.engineRun(), "Vault", program("Vault"), "d");
    expect(sandbox.waits).toHaveLength(2);
    await sandbox.control("POST", "faults", { method: "POST", pathPrefix: "/v1/vaults", status: 429, times: 99 });
    await expect(made(sandbox.engineRun(), "Vault", program("Vault"), "e")).rejects.toThrow(
      "run the same command later",
    );
  });

  it("names a key that is not taken, and a server that is none", async () => {
    const of = (settings: Json) => new ClaudeProvider(new Service(settings, () => Promise.resolve()));
    const read = (settings: Json) => of(settings).read("vlt_1", urn("Vault"));
    await expect(read({ apiKey: "sk-ant-wrong", baseUrl: sandbox.standIn.api })).rejects.toThrow(
      "set claude:apiKey or ANTHROPIC_API_KEY",
    );
    await expect(read({ apiKey: "k", baseUrl: "http://127.0.0.1:9" })).rejects.toThrow(
      "no answer from http://127.0.0.1:9",
    );
  });
});

describe("secrets", () => {
  it("reach the service and nothing else", async () => {
    const run = sandbox.engineRun();
    const kept = await made(run, "VaultCredential", program("VaultCredential"));
    expect(JSON.stringify(kept)).not.toContain(SECRET);
    const environment = await sandbox.beta.environments.create({ name: "e" });
    const agent = await sandbox.beta.agents.create({ name: "a", model: "claude-opus-5-5" });
    const session = await sandbox.beta.sessions.create({
      agent: agent.id,
      environment_id: environment.id,
      vault_ids: [vaultId],
    });
    expect(JSON.stringify(sandbox.standIn.egress(session.id).secrets)).toContain(SECRET);
  });

  it("stay as they are when `ignoreChanges` hands the fingerprint in, and are asked for when one is needed", async () => {
    const run = sandbox.engineRun();
    const kept = await made(run, "VaultCredential", program("VaultCredential"));
    const asInState = withField(program("VaultCredential"), "auth", kept.inputs.auth);
    const next = await changed(
      sandbox.engineRun(),
      "VaultCredential",
      kept,
      withField(asInState, "displayName", "New"),
    );
    expect(next.inputs.auth).toEqual(kept.inputs.auth);
    await expect(made(sandbox.engineRun(), "VaultCredential", asInState, "another")).rejects.toThrow(
      "auth.secretValue: the program gives no secret",
    );
  });

  it("are no part of an error that quotes them", async () => {
    const fault = { type: "error", error: { type: "invalid_request_error", message: `bad value ${SECRET}` } };
    const server = createServer((request, response) => {
      response.writeHead(request.method === "GET" ? 200 : 400, { "content-type": "application/json" });
      response.end(JSON.stringify(request.method === "GET" ? { data: [], next_page: null } : fault));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const other = new ClaudeProvider(new Service({ apiKey: "k", baseUrl: `http://127.0.0.1:${port}` }));
    try {
      await expect(made(other, "VaultCredential", program("VaultCredential"))).rejects.toThrow(
        "bad value [secret] (status 400)",
      );
    } finally {
      server.close();
    }
  });
});

it("previews without asking the service, and takes what is not known yet", async () => {
  const run = sandbox.engineRun();
  const { inputs, failures } = run.check(urn("VaultCredential"), { ...program("VaultCredential"), vaultId: UNKNOWN });
  expect(failures).toEqual([]);
  expect(await run.create(urn("VaultCredential"), inputs, true)).toMatchObject({
    id: "",
    outs: { credentialId: UNKNOWN, createdAt: UNKNOWN, vaultId: UNKNOWN },
  });
  const update = { outs: { version: 3 }, olds: {}, news: { name: "x" }, preview: true };
  expect(await run.update("agent_1", urn("Agent"), update)).toMatchObject({ name: "x", version: UNKNOWN });
  expect(
    run.check(urn("Agent"), { name: UNKNOWN, model: UNKNOWN, tools: UNKNOWN, mcpServers: UNKNOWN }).failures,
  ).toEqual([]);
  expect(await sandbox.control("GET", "requests")).toEqual([expect.objectContaining({ path: "/v1/vaults" })]);
});

it("reads sessions, with the agent as it was resolved for them", async () => {
  const environment = await sandbox.beta.environments.create({ name: "e" });
  const agent = await sandbox.beta.agents.create({ name: "a", model: "claude-opus-5-5" });
  const ids: string[] = [];
  for (const title of ["one", "two"])
    ids.push((await sandbox.beta.sessions.create({ agent: agent.id, environment_id: environment.id, title })).id);
  const run = sandbox.engineRun();
  expect((await run.invoke("claude:index:getSession", { id: ids[0] })).result).toMatchObject({
    session: { id: ids[0], title: "one", agent: { id: agent.id, version: 1 }, environmentId: environment.id },
  });
  const { result } = await run.invoke("claude:index:getSessions", { agentId: agent.id, limit: 1 });
  expect(result.sessions).toHaveLength(1);
  expect((await run.invoke("claude:index:getSession", {})).failures).toEqual([
    { property: "id", reason: "missing; id of the session." },
  ]);
});
