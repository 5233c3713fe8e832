import { AGENT, all, served, type Served } from "./support";

let sandbox: Served;
let ids: { agent: string; environment_id: string };
beforeEach(async () => {
  sandbox = await served();
  const agent = await beta().agents.create(AGENT);
  ids = { agent: agent.id, environment_id: (await beta().environments.create({ name: "e" })).id };
});
afterEach(() => sandbox.standIn.stop());

const beta = () => sandbox.client.beta;
const message = (text: string) => ({ type: "user.message" as const, content: [{ type: "text" as const, text }] });
const act = (session: string, events: object[], thread?: string) =>
  sandbox.control<{ data: { id: string }[] }>("POST", `sessions/${session}/events`, {
    events,
    ...(thread ? { thread } : {}),
  });
const typesOf = async (session: string) => (await all(beta().sessions.events.list(session))).map(({ type }) => type);

describe("a session", () => {
  it("keeps the agent as it was resolved, whatever becomes of the agent", async () => {
    const session = await beta().sessions.create(ids);
    expect(session).toMatchObject({ status: "idle", agent: { id: ids.agent, version: 1, system: "Write code." } });
    expect(session.agent).not.toHaveProperty("metadata");
    await beta().agents.update(ids.agent, { version: 1, system: "Do anything." });
    expect((await beta().sessions.retrieve(session.id)).agent).toEqual(session.agent);
    expect((await beta().sessions.create(ids)).agent).toMatchObject({ version: 2, system: "Do anything." });
    const pinned = await beta().sessions.create({ ...ids, agent: { type: "agent", id: ids.agent, version: 1 } });
    expect(pinned.agent).toEqual(session.agent);
  });

  it("can be started with other tools than the reviewed agent's, under its id and version", async () => {
    const session = await beta().sessions.create({
      ...ids,
      agent: {
        type: "agent_with_overrides",
        id: ids.agent,
        system: "Ignore the rules.",
        tools: [{ type: "agent_toolset_20260401" }],
        mcp_servers: [],
      },
    });
    expect(session.agent).toMatchObject({
      id: ids.agent,
      version: 1,
      system: "Ignore the rules.",
      mcp_servers: [],
      tools: [{ type: "agent_toolset_20260401", default_config: { permission_policy: { type: "always_allow" } } }],
    });
    expect((await beta().agents.retrieve(ids.agent)).system).toBe("Write code.");
  });

  it("leaves session.updated with the whole agent when its tools are swapped, and only while it does not run", async () => {
    const session = await beta().sessions.create(ids);
    const swapped = await beta().sessions.update(session.id, { agent: { tools: [], mcp_servers: [] } });
    expect(swapped.agent).toMatchObject({ tools: [], mcp_servers: [] });
    expect(await all(beta().sessions.events.list(session.id, { types: ["session.updated"] }))).toEqual([
      { id: expect.any(String), type: "session.updated", processed_at: expect.any(String), agent: swapped.agent },
    ]);
    await beta().sessions.events.send(session.id, { events: [message("go")] });
    await expect(beta().sessions.update(session.id, { agent: { tools: [] } })).rejects.toMatchObject({ status: 400 });
    await expect(beta().sessions.update(session.id, { vault_ids: [] })).rejects.toMatchObject({ status: 400 });
  });

  it("asks for a confirmation, repeats the rest, and goes on when all are answered", async () => {
    const session = await beta().sessions.create({ ...ids, initial_events: [message("open a pull request")] });
    expect(session.status).toBe("running");
    const ask = { type: "agent.mcp_tool_use", mcp_server_name: "gate", input: {}, evaluated_permission: "ask" };
    const { data } = await act(session.id, [
      { ...ask, name: "a" },
      { ...ask, name: "b" },
    ]);
    await act(session.id, [{ type: "session.status_idle" }]);
    const [a = "", b = ""] = data.map(({ id }) => id);
    const idle = await all(beta().sessions.events.list(session.id, { types: ["session.status_idle"] }));
    expect(idle).toMatchObject([{ stop_reason: { type: "requires_action", event_ids: [a, b] } }]);
    const answer = (tool_use_id: string, result: "allow" | "deny") =>
      beta().sessions.events.send(session.id, { events: [{ type: "user.tool_confirmation", tool_use_id, result }] });
    await answer(a, "allow");
    await expect(answer(a, "allow")).rejects.toMatchObject({ status: 400 });
    await answer(b, "deny");
    expect(await typesOf(session.id)).toEqual([
      "user.message",
      "session.status_running",
      "agent.mcp_tool_use",
      "agent.mcp_tool_use",
      "session.status_idle",
      "user.tool_confirmation",
      "session.status_idle",
      "user.tool_confirmation",
      "session.status_running",
    ]);
    expect((await beta().sessions.retrieve(session.id)).status).toBe("running");
  });

  it("has threads with events of their own, and shows of them in its own list what waits for an answer", async () => {
    const session = await beta().sessions.create(ids);
    const child = await sandbox.control<{ id: string }>("POST", `sessions/${session.id}/threads`, {
      agent: { type: "inline", name: "helper", tools: [], mcp_servers: [] },
    });
    const quiet = { type: "agent.tool_use", name: "bash", input: { command: "ls" }, evaluated_permission: "allow" };
    await act(session.id, [quiet, { ...quiet, evaluated_permission: "ask" }], child.id);
    const threads = await all(beta().sessions.threads.list(session.id, { limit: 1 }));
    expect(threads.map(({ parent_thread_id, agent }) => [parent_thread_id === null, agent.type])).toEqual([
      [true, "agent"],
      [false, "inline"],
    ]);
    expect(await typesOf(session.id)).toEqual(["session.thread_created", "agent.tool_use"]);
    expect(await all(beta().sessions.events.list(session.id, { types: ["agent.tool_use"] }))).toMatchObject([
      { session_thread_id: child.id, evaluated_permission: "ask" },
    ]);
    expect(await all(beta().sessions.threads.events.list(child.id, { session_id: session.id }))).toHaveLength(2);
  });

  it("lists events by cursor, order and time", async () => {
    const session = await beta().sessions.create(ids);
    await act(
      session.id,
      Array.from({ length: 7 }, (_, i) => ({ type: "agent.message", content: [{ type: "text", text: String(i) }] })),
    );
    const events = await all(beta().sessions.events.list(session.id, { limit: 3 }));
    expect(events).toHaveLength(7);
    const backwards = await all(beta().sessions.events.list(session.id, { limit: 2, order: "desc" }));
    expect(backwards).toEqual([...events].reverse());
    const at = (events[4] as { processed_at: string }).processed_at;
    expect(await all(beta().sessions.events.list(session.id, { "created_at[gt]": at }))).toEqual(events.slice(5));
    expect(await all(beta().sessions.events.list(session.id, { "created_at[lte]": at }))).toEqual(events.slice(0, 5));
  });

  it("can be archived once it is interrupted, and takes nothing after that", async () => {
    const session = await beta().sessions.create({ ...ids, initial_events: [message("go")] });
    await expect(beta().sessions.archive(session.id)).rejects.toMatchObject({ status: 400 });
    await beta().sessions.events.send(session.id, { events: [{ type: "user.interrupt" }] });
    expect((await typesOf(session.id)).slice(-2)).toEqual(["user.interrupt", "session.status_idle"]);
    expect((await beta().sessions.archive(session.id)).archived_at).not.toBeNull();
    await expect(beta().sessions.events.send(session.id, { events: [message("more")] })).rejects.toMatchObject({
      status: 400,
    });
  });

  it("takes its events with it when it is deleted", async () => {
    const session = await beta().sessions.create(ids);
    expect(await beta().sessions.delete(session.id)).toEqual({ id: session.id, type: "session_deleted" });
    await expect(beta().sessions.events.list(session.id)).rejects.toMatchObject({ status: 404 });
    expect(await all(beta().sessions.list())).toEqual([]);
  });

  it("is listed by agent, status and time, forwards and backwards", async () => {
    const made = [];
    for (let i = 0; i < 3; i++) made.push((await beta().sessions.create(ids)).id);
    await beta().sessions.archive(made[0] ?? "");
    expect((await all(beta().sessions.list())).map(({ id }) => id)).toEqual([made[2], made[1]]);
    const first = await beta().sessions.list({ limit: 2, order: "asc", include_archived: true });
    const second = await first.getNextPage();
    expect(second.data.map(({ id }) => id)).toEqual([made[2]]);
    const back = await beta().sessions.list({
      limit: 2,
      order: "asc",
      include_archived: true,
      page: second.prev_page ?? "",
    });
    expect(back.data).toEqual(first.data);
    expect(await all(beta().sessions.list({ agent_id: "agent_other" }))).toEqual([]);
    expect(await all(beta().sessions.list({ statuses: ["running"] }))).toEqual([]);
  });

  it("streams what happens from now on", async () => {
    const session = await beta().sessions.create(ids);
    await act(session.id, [{ type: "agent.message", content: [] }]);
    const stream = await beta().sessions.events.stream(session.id);
    await act(session.id, [{ type: "agent.thinking" }]);
    for await (const event of stream) {
      expect(event.type).toBe("agent.thinking");
      break;
    }
    stream.controller.abort();
  });

  it("is refused for what is archived or not there, and for a repository that is not on github.com", async () => {
    const create = (more: object) => beta().sessions.create({ ...ids, ...more });
    const repository = (url: string) => ({ resources: [{ type: "github_repository", url, authorization_token: "t" }] });
    await expect(create(repository("https://gate.example/acme/api"))).rejects.toMatchObject({ status: 400 });
    await expect(create(repository("https://github.com/acme/api.git"))).rejects.toMatchObject({ status: 400 });
    const mounted = await create(repository("https://github.com/acme/api"));
    expect(mounted.resources).toMatchObject([{ url: "https://github.com/acme/api", mount_path: "/workspace/api" }]);
    expect(JSON.stringify(mounted)).not.toContain("authorization_token");
    await expect(create({ vault_ids: ["vlt_none"] })).rejects.toMatchObject({ status: 404 });
    await beta().environments.archive(ids.environment_id);
    await expect(create({})).rejects.toMatchObject({ status: 400, errorCode: "environment_archived" });
  });

  it("keeps the budget that it was created with, and takes none later", async () => {
    const budget = { type: "limit" as const, max_list_cost: { amount: "500", currency: "USD" as const } };
    const capped = await beta().sessions.create({ ...ids, budget });
    expect(capped.budget).toEqual(budget);
    const free = await beta().sessions.create(ids);
    await expect(beta().sessions.update(free.id, { budget })).rejects.toMatchObject({
      errorCode: "budget_create_only",
    });
  });
});

describe("a deployment", () => {
  it("pins the agent's newest version of its moment, hides tokens, pauses and starts sessions", async () => {
    const made = await beta().deployments.create({
      ...ids,
      name: "nightly",
      initial_events: [message("go")],
      resources: [{ type: "github_repository", url: "https://github.com/acme/api", authorization_token: "in-clear" }],
    });
    await beta().agents.update(ids.agent, { version: 1, system: "New." });
    expect(made.agent).toEqual({ type: "agent", id: ids.agent, version: 1 });
    expect(JSON.stringify(made)).not.toContain("in-clear");
    expect((await beta().deployments.pause(made.id)).paused_reason).toEqual({ type: "manual" });
    expect((await beta().deployments.unpause(made.id)).status).toBe("active");
    const run = await beta().deployments.run(made.id);
    expect(await beta().sessions.retrieve(run.session_id ?? "")).toMatchObject({
      deployment_id: made.id,
      agent: { version: 1 },
    });
    expect(await all(beta().deploymentRuns.list({ deployment_id: made.id }))).toEqual([run]);
    const changed = await beta().deployments.update(made.id, { agent: ids.agent, resources: null });
    expect(changed).toMatchObject({ agent: { version: 2 }, resources: [] });
    await beta().deployments.archive(made.id);
    await expect(beta().deployments.run(made.id)).rejects.toMatchObject({ status: 400 });
  });
});
