import { all, AGENT, served, type Served } from "./support";

let sandbox: Served;
beforeEach(async () => {
  sandbox = await served();
});
afterEach(() => sandbox.standIn.stop());

const agents = () => sandbox.client.beta.agents;

it("gives an agent back with every default written out", async () => {
  const made = await agents().create(AGENT);
  expect(made).toMatchObject({
    type: "agent",
    version: 1,
    archived_at: null,
    description: null,
    multiagent: null,
    skills: [],
    metadata: {},
    execution_identity: { type: "service_account" },
    model: { id: "claude-opus-5-5", effort: { type: "high" }, speed: "standard" },
  });
  expect(made.id).toMatch(/^agent_01[0-9A-Za-z]{22}$/);
  expect(made.tools).toMatchObject([
    {
      default_config: { enabled: true, permission_policy: { type: "always_allow" } },
      configs: [{ name: "web_fetch", type: "web_fetch", enabled: false, permission_policy: { type: "always_allow" } }],
    },
    {
      default_config: { enabled: false, permission_policy: { type: "always_ask" } },
      configs: [{ name: "create_pull_request", enabled: true, permission_policy: { type: "always_ask" } }],
    },
  ]);
  expect(await agents().retrieve(made.id)).toEqual(made);
});

it("makes a version of every real change, and none of the same again", async () => {
  const made = await agents().create({ ...AGENT, metadata: { team: "a", stack: "dev" } });
  const second = await agents().update(made.id, { version: 1, system: "Write tests.", metadata: { team: null } });
  expect(second).toMatchObject({ version: 2, system: "Write tests.", metadata: { stack: "dev" }, name: "coder" });
  expect(await agents().update(made.id, { version: 2, system: "Write tests." })).toEqual(second);
  expect((await agents().retrieve(made.id, { version: 1 })).system).toBe("Write code.");
  expect((await all(agents().versions.list(made.id, { limit: 1 }))).map(({ version }) => version)).toEqual([2, 1]);
});

it("refuses a stale version with 409, also when nothing would change, and takes an update without one", async () => {
  const made = await agents().create(AGENT);
  await agents().update(made.id, { version: 1, name: "first writer" });
  await expect(agents().update(made.id, { version: 1, name: "second writer" })).rejects.toMatchObject({
    status: 409,
    type: "conflict_error",
  });
  await expect(agents().update(made.id, { version: 1, name: "first writer" })).rejects.toMatchObject({ status: 409 });
  expect((await agents().update(made.id, { name: "third writer" })).version).toBe(3);
});

it("is sent a 409 three times by a client with its default of two repeats", async () => {
  const made = await agents().create(AGENT);
  await agents().update(made.id, { name: "changed" });
  await sandbox.control("DELETE", "requests");
  await expect(agents().update(made.id, { version: 1, name: "late" }, { maxRetries: 2 })).rejects.toMatchObject({
    status: 409,
  });
  expect(await sandbox.control("GET", "requests")).toHaveLength(3);
});

it("archives an agent for ever, and has no way to delete it", async () => {
  const made = await agents().create(AGENT);
  const archived = await agents().archive(made.id);
  expect(archived.archived_at).not.toBeNull();
  await expect(agents().update(made.id, { name: "again" })).rejects.toMatchObject({ status: 400 });
  expect(await all(agents().list())).toEqual([]);
  expect(await all(agents().list({ include_archived: true }))).toEqual([archived]);
  expect(
    await sandbox.client
      .delete(`/v1/agents/${made.id}`, {
        headers: { "anthropic-beta": "managed-agents-2026-04-01" },
      })
      .catch((error: unknown) => error),
  ).toMatchObject({ status: 405 });
});

it("enables in multiagent whatever is left out, and null means the default", async () => {
  const open = await agents().create({ ...AGENT, multiagent: { type: "multiagent_20261001", workflows: null } });
  expect(open.multiagent).toEqual({
    type: "multiagent_20261001",
    advisor: { type: "disabled" },
    subagents: { type: "enabled", inline_agents: { type: "enabled" }, predefined_agents: [] },
    workflows: { type: "enabled", inline_agents: { type: "enabled" }, predefined_agents: [] },
  });
  const closed = await agents().update(open.id, {
    version: 1,
    multiagent: { type: "multiagent_20261001", subagents: { type: "disabled" } },
  });
  expect(closed.multiagent).toMatchObject({ subagents: { type: "disabled" }, workflows: { type: "enabled" } });
  expect((await agents().update(open.id, { version: 2, multiagent: null })).multiagent).toBeNull();
});

describe("refuses", () => {
  const refusals: [string, Record<string, unknown>, RegExp][] = [
    ["an unknown field", { colour: "red" }, /colour: Extra inputs are not permitted/],
    [
      "an unknown field of a tool",
      { tools: [{ type: "agent_toolset_20260401", configs: [{ name: "bash", pattern: "ls" }] }], mcp_servers: [] },
      /tools\.0\.configs\.0\.pattern: Extra inputs are not permitted/,
    ],
    [
      "an unknown policy",
      { tools: [{ type: "agent_toolset_20260401", default_config: { permission_policy: { type: "sometimes" } } }] },
      /permission_policy/,
    ],
    ["a server that no toolset uses", { tools: [] }, /"gate" is not used by any mcp_toolset/],
    ["a toolset without its server", { mcp_servers: [] }, /which mcp_servers lacks/],
    ["two servers of one name", { mcp_servers: [...AGENT.mcp_servers, ...AGENT.mcp_servers] }, /names must be unique/],
    [
      "too much metadata",
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, "v"])) },
      /at most 16 pairs/,
    ],
    [
      "an empty list of domains",
      {
        tools: [{ type: "agent_toolset_20260401", configs: [{ name: "web_fetch", allowed_domains: [] }] }],
        mcp_servers: [],
      },
      /allowed_domains/,
    ],
  ];
  it.each(refusals)("%s", async (_, fields, message) => {
    await expect(agents().create({ ...AGENT, ...fields } as never)).rejects.toMatchObject({
      status: 400,
      type: "invalid_request_error",
      apiMessage: expect.stringMatching(message),
    });
    expect(await all(agents().list())).toEqual([]);
  });
});
