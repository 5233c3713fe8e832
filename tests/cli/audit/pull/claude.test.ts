import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Anthropic as Client } from "@anthropic-ai/sdk";
import { agentLines } from "../../../../cli/audit/agent/lines";
import { agentAlarms, isDeclared } from "../../../../cli/audit/agent/reviewed";
import { pullAgent } from "../../../../cli/audit/pull/agent";
import { claudeClient } from "../../../../cli/audit/pull/claude";
import type { PullState, TrailFiles } from "../../../../cli/audit/trail";
import { planClaudeAgent } from "../../../../infra/plans";
import { environment } from "../../../support/environment";
import { type Anthropic, startAnthropic } from "../../../../sandbox/anthropic";
import { at, pulled } from "../support/trail";

const DECLARED = {
  agent: "coder",
  environment: "coder",
  vault: "coder",
  hosts: ["gate.example"],
  definition: { name: "coder", system: "Write code." },
};

let standIn: Anthropic;
let client: Client;
let files: TrailFiles;
let state: PullState;
let ids: { agent: string; environment_id: string; vault_ids: string[] };

const beta = () => client.beta;
const control = async <T>(path: string, body: object): Promise<T> =>
  (await (await fetch(`${standIn.api}/_sandbox/${path}`, { method: "POST", body: JSON.stringify(body) })).json()) as T;
const act = (session: string, events: object[], thread?: string) =>
  control(`sessions/${session}/events`, { events, ...(thread ? { thread } : {}) });
const pull = async (): Promise<{ lines: number; missing: readonly string[] }> => {
  const done = await pullAgent({ claude: { client, declared: DECLARED }, logs: [] }, files, state, at(90));
  state = { ...state, ...(done.state ? { agent: done.state } : {}) };
  return { lines: done.lines, missing: done.state?.missing ?? [] };
};
const lines = () => agentLines(files.agent);
const alarms = () => agentAlarms(lines(), state.agent?.reviewed).map(({ rule }) => rule);

beforeEach(async () => {
  standIn = await startAnthropic();
  client = new Client({ baseURL: standIn.api, apiKey: standIn.key, maxRetries: 0, logLevel: "off" });
  files = pulled([]);
  state = JSON.parse(readFileSync(files.state, "utf8")) as PullState;
  const tools = [{ type: "agent_toolset_20260401" as const }];
  ids = {
    agent: (await beta().agents.create({ name: "coder", model: "claude-opus-5-5", system: "Write code.", tools })).id,
    environment_id: (
      await beta().environments.create({
        name: "coder",
        config: { type: "cloud", networking: { type: "limited", allowed_hosts: ["gate.example"] } },
      })
    ).id,
    vault_ids: [(await beta().vaults.create({ display_name: "coder" })).id],
  };
});
afterEach(() => standIn.stop());

it("brings sessions with their resolved agent, all threads and all events, page by page, and each once", async () => {
  const session = await beta().sessions.create(ids);
  const call = { type: "agent.tool_use", name: "bash", input: { command: "git push" }, evaluated_permission: "allow" };
  for (let i = 0; i < 3; i++)
    await act(
      session.id,
      Array.from({ length: 400 }, () => call),
    );
  const child = await control<{ id: string }>(`sessions/${session.id}/threads`, {});
  await act(session.id, [{ ...call, input: { command: "in the child" } }], child.id);
  expect(await pull()).toEqual({ lines: 1200 + 6, missing: [] });
  const kinds = lines().reduce<Record<string, number>>(
    (sum, { kind }) => ({ ...sum, [kind]: (sum[kind] ?? 0) + 1 }),
    {},
  );
  expect(kinds).toEqual({ environment: 1, agent: 1, session: 1, thread: 1, event: 1202 });
  expect(lines().find(({ kind }) => kind === "session")?.event).toMatchObject({
    agent: { system: "Write code.", version: 1 },
  });
  expect(lines().filter(({ thread }) => thread === child.id)).toHaveLength(2);
  expect(await pull()).toEqual({ lines: 0, missing: [] });
  await act(session.id, [call]);
  expect((await pull()).lines).toBe(1);
  expect(alarms()).toEqual([]);
});

it("takes off the piece of an interrupted pull", async () => {
  await beta().sessions.create(ids);
  await pull();
  const whole = readFileSync(files.agent, "utf8");
  appendFileSync(files.agent, '{"source":"cla');
  await pull();
  expect(readFileSync(files.agent, "utf8")).toBe(whole);
});

it("keeps nothing of sessions that are not the agent's", async () => {
  const stranger = await beta().agents.create({ name: "stranger", model: "claude-opus-5-5" });
  const elsewhere = await beta().environments.create({ name: "elsewhere" });
  await beta().sessions.create({ agent: stranger.id, environment_id: elsewhere.id });
  await pull();
  expect(lines().map(({ kind }) => kind)).toEqual(["environment"]);
});

it("keeps what a deleted session did, and says that it is gone", async () => {
  const session = await beta().sessions.create(ids);
  await pull();
  const before = lines();
  await beta().sessions.delete(session.id);
  await pull();
  await pull();
  expect(lines()).toEqual([...before, expect.objectContaining({ kind: "deleted", session: session.id })]);
});

it("raises the alarm for an override, a swap, another agent, another environment and an open network", async () => {
  await beta().sessions.create({ ...ids, agent: { type: "agent_with_overrides", id: ids.agent, system: "Anything." } });
  const swapped = await beta().sessions.create(ids);
  await beta().sessions.update(swapped.id, { agent: { tools: [] } });
  const stranger = await beta().agents.create({ name: "stranger", model: "claude-opus-5-5" });
  await beta().sessions.create({ ...ids, agent: stranger.id });
  const open = await beta().environments.create({ name: "open" });
  await beta().sessions.create({ ...ids, environment_id: open.id });
  await pull();
  expect(alarms().sort()).toEqual(["agent-changed-in-session", "agent-overridden", "other-agent", "other-environment"]);
  await beta().environments.update(ids.environment_id, {
    config: { type: "cloud", networking: { type: "limited", allowed_hosts: ["gate.example", "github.com"] } },
  });
  await pull();
  expect(alarms()).toContain("network-not-limited");
});

it("says nothing of sessions under an older version that was saved as it ran", async () => {
  await beta().sessions.create(ids);
  await beta().agents.update(ids.agent, { version: 1, system: "Write code.", description: "The stack's second." });
  await beta().sessions.create(ids);
  await pull();
  expect(
    lines()
      .filter(({ kind }) => kind === "agent")
      .map(({ event }) => event.version),
  ).toEqual([1, 2]);
  expect(alarms()).toEqual([]);
});

it("knows the plan of an environment file in what the service made of it", async () => {
  const plan = planClaudeAgent(
    environment({ "agent.environment": { kind: "claude-managed-agent", model: "claude-opus-5-5" } }),
  );
  const wire = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(wire)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(
            Object.entries(value).map(([key, one]) => [key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), wire(one)]),
          )
        : value;
  const servers = plan?.agent.mcpServers.map((server) => ({ type: "url", ...server }));
  const body = { ...(wire(plan?.agent) as object), mcp_servers: servers };
  const saved = await beta().agents.create(body as Parameters<Client["beta"]["agents"]["create"]>[0]);
  expect(isDeclared(saved, plan?.agent)).toBe(true);
  expect(isDeclared(await beta().agents.update(saved.id, { tools: [], mcp_servers: [] }), plan?.agent)).toBe(false);
});

it("raises the alarm for a version that somebody saved past the stack", async () => {
  await beta().agents.update(ids.agent, { version: 1, system: "Anything goes." });
  await beta().sessions.create(ids);
  await pull();
  expect(alarms()).toEqual(["undeclared-version"]);
});

it("does not ask again for what ended", async () => {
  const session = await beta().sessions.create(ids);
  await beta().sessions.archive(session.id);
  await pull();
  await fetch(`${standIn.api}/_sandbox/requests`, { method: "DELETE" });
  await pull();
  const asked = (await (await fetch(`${standIn.api}/_sandbox/requests`)).json()) as { method: string; path: string }[];
  expect(asked.filter(({ path }) => path.includes("/events"))).toEqual([]);
  expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(["GET"]));
});

describe("what cannot be read is named, and stops nothing", () => {
  it("a wrong key", async () => {
    client = new Client({ baseURL: standIn.api, apiKey: "sk-ant-wrong", maxRetries: 0, logLevel: "off" });
    expect(await pull()).toEqual({ lines: 0, missing: ["Claude Managed Agents: the API key is refused (401)"] });
  });

  it("a service that breaks in the middle: what came is kept, and the next pull has the rest", async () => {
    const session = await beta().sessions.create(ids);
    await act(session.id, [{ type: "agent.tool_use", name: "bash", input: {} }]);
    await control("faults", { pathPrefix: `/v1/sessions/${session.id}/events`, status: 500 });
    expect((await pull()).missing).toEqual([expect.stringMatching(/^Claude Managed Agents: .*\(500\)$/)]);
    expect(lines().map(({ kind }) => kind)).not.toContain("event");
    expect((await pull()).missing).toEqual([]);
    expect(lines().map(({ kind }) => kind)).toContain("event");
  });

  it("an agent that is not there", async () => {
    await beta().agents.archive(ids.agent);
    const declared = { ...DECLARED, agent: "missing" };
    const { state: after } = await pullAgent({ claude: { client, declared }, logs: [] }, files, state, at(90));
    expect(after?.missing).toEqual([expect.stringContaining("Anthropic shows no agent missing")]);
  });

  it("a version that the environment file describes", async () => {
    const declared = { ...DECLARED, definition: { name: "coder", system: "Write poems." } };
    const { state: after } = await pullAgent({ claude: { client, declared }, logs: [] }, files, state, at(90));
    expect(after?.missing).toEqual([expect.stringContaining("no saved version of the agent coder")]);
  });

  it("no credential", async () => {
    const none = claudeClient({});
    expect(none).toEqual({ missing: expect.stringContaining("set ANTHROPIC_API_KEY") });
    const { state: after } = await pullAgent({ claude: none as { missing: string }, logs: [] }, files, state, at(90));
    expect(after?.missing).toHaveLength(1);
  });
});

it("loads Anthropic's client only when it is asked for", () => {
  const program = join(__dirname, "..", "..", "..", "..", "cli", "bin.js");
  const spy = join(mkdtempSync(join(tmpdir(), "gatehouse-loaded-")), "spy.js");
  writeFileSync(spy, 'process.on("exit", () => console.error(Object.keys(require.cache).join("\\n")));');
  const { stderr, status } = spawnSync(process.execPath, ["--require", spy, program, "audit", "pull", "--help"], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stderr).toContain("commander");
  expect(stderr).not.toContain("@anthropic-ai");
});

it("asks at the address of the environment, and refuses one that is none", () => {
  const made = claudeClient({ ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: `${standIn.api}/` });
  expect("client" in made && made.client.baseURL).toBe(standIn.api);
  expect(() => claudeClient({ ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: "nonsense" })).toThrow(/is not an address/);
});

it("reads other agents' logs with it, each line once, and writes nothing when one cannot be read", async () => {
  const log = join(mkdtempSync(join(tmpdir(), "gatehouse-log-")), "agent.log");
  writeFileSync(log, `${JSON.stringify({ at: at(1), session: "s", type: "tool_use", tool: "bash" })}\n`);
  const read = () => pullAgent({ logs: [log] }, files, state, at(90));
  expect((await read()).lines).toBe(1);
  expect((await read()).lines).toBe(0);
  const whole = readFileSync(files.agent, "utf8");
  appendFileSync(log, "broken\n");
  await expect(read()).rejects.toThrow(/agent\.log:2/);
  expect(readFileSync(files.agent, "utf8")).toBe(whole);
});
