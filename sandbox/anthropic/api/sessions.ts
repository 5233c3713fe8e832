import type { ServerResponse } from "node:http";
import { errors } from "../http/errors";
import type { Call } from "../http/router";
import { EventStream } from "../http/server";
import { newId, type Json, type Session, type Thread } from "../state";
import { resolvedModel, resolvedSkills, resolvedTools } from "./agents";
import { type Body, eventSend, resourceUpdate, sessionCreate, sessionUpdate } from "./bodies";
import { record, sendEvents } from "./events";
import { createdWithin, page } from "./pages";
import { checkSurroundings, listed, patchedMetadata, type Routes, sessionOf, usableAgent, type World } from "./world";

/** Most events on one page. */
const EVENTS = 1000;

/** Sessions, their threads and events, and the resources that are mounted into them. */
export const sessionRoutes: Routes = (router, world) => {
  const { workspace, webhooks } = world;
  router
    .on("GET", "v1/sessions", (call) => {
      const within = createdWithin(call);
      const statuses = call.list("statuses");
      const is = (parameter: string, value: unknown): boolean =>
        call.query.get(parameter) === null || call.query.get(parameter) === String(value);
      const sessions = [...workspace.sessions.values()].filter(
        ({ shown }) =>
          listed(shown.archived_at, call.flag("include_archived")) &&
          within(shown["created_at"] as string) &&
          (statuses.length === 0 || statuses.includes(shown.status)) &&
          is("agent_id", shown.agent["id"]) &&
          is("agent_version", shown.agent["version"]) &&
          is("deployment_id", shown["deployment_id"]),
      );
      return page(call, sessions, { present: (s) => s.shown, order: orderOf(call, "desc"), both: true });
    })
    .on("POST", "v1/sessions", (call) => createSession(world, call.body(sessionCreate)).shown)
    .on("GET", "v1/sessions/:session", (call) => sessionOf(world, call.param("session")).shown)
    .on("POST", "v1/sessions/:session", (call) => updateSession(world, call))
    .on("DELETE", "v1/sessions/:session", (call) => {
      const session = sessionOf(world, call.param("session"));
      if (session.shown.status === "running") throw errors.invalid("A running session cannot be deleted; interrupt it");
      record(world, session, session.primaryThread, { type: "session.deleted" });
      // Its events go with it.
      workspace.sessions.delete(session.id);
      webhooks.send("session.deleted", session.id);
      return { id: session.id, type: "session_deleted" };
    })
    .on("POST", "v1/sessions/:session/archive", (call) => {
      const session = sessionOf(world, call.param("session"));
      if (session.shown.status === "running")
        throw errors.invalid("A running session cannot be archived; interrupt it");
      if (!session.shown.archived_at) {
        session.shown = { ...session.shown, archived_at: workspace.now() };
        webhooks.send("session.archived", session.id);
      }
      return session.shown;
    });

  router
    .on("GET", "v1/sessions/:session/events", (call) => {
      const session = sessionOf(world, call.param("session"));
      return eventPage(call, session, session.primaryThread);
    })
    .on("POST", "v1/sessions/:session/events", (call) => ({
      data: sendEvents(world, sessionOf(world, call.param("session")), call.body(eventSend)),
    }))
    .on("GET", "v1/sessions/:session/events/stream", (call) => {
      const session = sessionOf(world, call.param("session"));
      return streamOf(world, session, session.primaryThread);
    })
    .on("GET", "v1/sessions/:session/threads", (call) => {
      const statuses = call.list("statuses");
      const threads = [...sessionOf(world, call.param("session")).threads.values()].filter(
        ({ shown }) => statuses.length === 0 || statuses.includes(shown.status),
      );
      return page(call, threads, { present: (thread) => thread.shown, order: "asc" });
    })
    .on("GET", "v1/sessions/:session/threads/:thread", (call) => threadOf(world, call).thread.shown)
    .on("POST", "v1/sessions/:session/threads/:thread/archive", (call) => {
      const { session, thread } = threadOf(world, call);
      if (thread.id === session.primaryThread) throw errors.invalid("The primary thread cannot be archived");
      thread.shown = { ...thread.shown, archived_at: thread.shown.archived_at ?? workspace.now() };
      return thread.shown;
    })
    .on("GET", "v1/sessions/:session/threads/:thread/events", (call) => {
      const { session, thread } = threadOf(world, call);
      return eventPage(call, session, thread.id);
    })
    .on("GET", "v1/sessions/:session/threads/:thread/stream", (call) => {
      const { session, thread } = threadOf(world, call);
      return streamOf(world, session, thread.id);
    });

  router
    .on("GET", "v1/sessions/:session/resources", (call) =>
      page(
        call,
        (sessionOf(world, call.param("session")).shown["resources"] as Json[]).map((shown, number) => ({
          number,
          shown,
        })),
        { present: ({ shown }) => shown, order: "asc" },
      ),
    )
    .on("GET", "v1/sessions/:session/resources/:resource", (call) => resourceOf(world, call))
    .on("POST", "v1/sessions/:session/resources/:resource", (call) => {
      const resource = resourceOf(world, call);
      call.body(resourceUpdate);
      if (resource["type"] !== "github_repository")
        throw errors.invalid("only the token of a repository can be updated");
      return Object.assign(resource, { updated_at: workspace.now() });
    })
    .on("DELETE", "v1/sessions/:session/resources/:resource", (call) => {
      const session = sessionOf(world, call.param("session"));
      const { id } = resourceOf(world, call);
      session.shown["resources"] = (session.shown["resources"] as Json[]).filter((resource) => resource["id"] !== id);
      return { id, type: "session_resource_deleted" };
    });
};

type SessionBody = Body<typeof sessionCreate>;

/** Starts a session with the agent resolved: what is overridden for it alone included. @throws ApiError */
export function createSession(world: World, body: SessionBody, deploymentId?: string): Session {
  const { workspace, webhooks } = world;
  const wanted = typeof body.agent === "string" ? { type: "agent" as const, id: body.agent } : body.agent;
  const agent = sessionAgent(usableAgent(world, wanted.id, wanted.version));
  if (wanted.type === "agent_with_overrides") {
    if (wanted.model !== undefined) agent["model"] = resolvedModel(wanted.model);
    if (wanted.system !== undefined) agent["system"] = wanted.system;
    if (wanted.skills !== undefined) agent["skills"] = resolvedSkills(wanted.skills);
    if (wanted.tools !== undefined || wanted.mcp_servers !== undefined)
      Object.assign(agent, replacedTools(agent, wanted));
  }
  const vaultIds = body.vault_ids ?? [];
  checkSurroundings(world, body.environment_id, vaultIds);
  const environment = workspace.environments.get(body.environment_id);
  if (
    environment?.shown.config["type"] === "self_hosted" &&
    (body.resources ?? []).some((r) => r.type !== "memory_store")
  )
    throw errors.invalid("resources: self-hosted environments mount no repositories and files");
  const now = workspace.now();
  const id = newId("sesn");
  const primaryThread = newId("sthr");
  const session: Session = {
    number: workspace.nextNumber(),
    id,
    primaryThread,
    shown: {
      id,
      type: "session",
      agent,
      environment_id: body.environment_id,
      vault_ids: vaultIds,
      title: body.title ?? null,
      metadata: body.metadata ?? {},
      budget: body.budget ?? null,
      resources: (body.resources ?? []).map((resource) => mounted(resource, now)),
      status: "idle",
      stats: { active_seconds: 0, duration_seconds: 0 },
      usage: { input_tokens: 0, output_tokens: 0 },
      outcome_evaluations: [],
      deployment_id: deploymentId ?? null,
      archived_at: null,
      created_at: now,
      updated_at: now,
    },
    threads: new Map(),
    events: [],
    waiting: new Set(),
    placeholders: new Map(),
  };
  workspace.sessions.set(id, session);
  const { multiagent: _, ...threadAgent } = agent;
  addThread(world, session, { id: primaryThread, parent: null, agent: threadAgent });
  webhooks.send("session.created", id);
  if (body.initial_events?.length) sendEvents(world, session, { events: body.initial_events });
  return session;
}

/** A thread, also of an agent that was written at run time. */
export function addThread(
  world: World,
  session: Session,
  {
    id,
    parent,
    agent,
    workflowRun = null,
  }: { id: string; parent: string | null; agent: Json; workflowRun?: string | null },
): Thread {
  const now = world.workspace.now();
  const thread: Thread = {
    number: world.workspace.nextNumber(),
    id,
    shown: {
      id,
      type: "session_thread",
      session_id: session.id,
      parent_thread_id: parent,
      agent,
      status: "idle",
      stats: null,
      usage: null,
      workflow_run_id: workflowRun,
      archived_at: null,
      created_at: now,
      updated_at: now,
    },
  };
  session.threads.set(id, thread);
  return thread;
}

/** The agent as a session keeps it: without what belongs to the saved agent alone. */
const sessionAgent = ({ metadata: _m, archived_at: _a, created_at: _c, updated_at: _u, ...agent }: Json): Json => agent;

type Overrides = Pick<Extract<SessionBody["agent"], { type: "agent_with_overrides" }>, "tools" | "mcp_servers">;

const replacedTools = (agent: Json, { tools, mcp_servers }: Overrides): Json =>
  resolvedTools(
    tools ?? (agent["tools"] as NonNullable<Overrides["tools"]>),
    mcp_servers ?? (agent["mcp_servers"] as NonNullable<Overrides["mcp_servers"]>),
  );

/** A resource as the API shows it: without its token. */
export function mounted(resource: NonNullable<SessionBody["resources"]>[number], now: string): Json {
  if (resource.type === "memory_store") return { ...resource };
  const times = { created_at: now, updated_at: now };
  if (resource.type === "file")
    return {
      id: newId("sesrsc"),
      ...resource,
      mount_path: resource.mount_path ?? `/mnt/session/uploads/${resource.file_id}`,
      ...times,
    };
  const { authorization_token: _, ...shown } = resource;
  const mount_path = shown.mount_path ?? `/workspace/${shown.url.split("/").at(-1)}`;
  return { id: newId("sesrsc"), checkout: null, ...shown, mount_path, ...times };
}

function updateSession(world: World, call: Call): Json {
  const { workspace, webhooks } = world;
  const body = call.body(sessionUpdate);
  const session = sessionOf(world, call.param("session"));
  const { shown } = session;
  if (body.vault_ids !== undefined) throw errors.invalid("vault_ids: reserved for future use");
  if (shown.status === "terminated") throw errors.invalid(`Session ${session.id} is terminated`);
  if (body.agent && shown.status === "running")
    throw errors.invalid("agent: can be changed only while the session is not running");
  if (body.budget && shown["budget"] === null)
    throw errors.invalid("budget: cannot be added to a session that was created without one", "budget_create_only");
  const agent = body.agent ? { ...shown.agent, ...replacedTools(shown.agent, body.agent) } : undefined;
  const changes: Json = {
    ...(agent ? { agent } : {}),
    ...(body.budget === undefined ? {} : { budget: body.budget }),
    ...(body.metadata == null ? {} : { metadata: patchedMetadata(shown.metadata, body.metadata) }),
    ...(body.title === undefined ? {} : { title: body.title }),
  };
  if (Object.keys(changes).length === 0) return shown;
  session.shown = { ...shown, ...changes, updated_at: workspace.now() };
  record(world, session, session.primaryThread, { type: "session.updated", ...changes });
  webhooks.send("session.updated", session.id);
  return session.shown;
}

function threadOf(world: World, call: Call): { session: Session; thread: Thread } {
  const session = sessionOf(world, call.param("session"));
  const thread = session.threads.get(call.param("thread"));
  if (!thread) throw errors.notFound(`Thread ${call.param("thread")} was not found`);
  return { session, thread };
}

function resourceOf(world: World, call: Call): Json {
  const resources = sessionOf(world, call.param("session")).shown["resources"] as Json[];
  const resource = resources.find(({ id }) => id === call.param("resource"));
  if (!resource) throw errors.notFound(`Resource ${call.param("resource")} was not found`);
  return resource;
}

function orderOf(call: Call, otherwise: "asc" | "desc"): "asc" | "desc" {
  const order = call.query.get("order") ?? otherwise;
  if (order !== "asc" && order !== "desc") throw errors.invalid("order: asc or desc");
  return order;
}

function eventPage(call: Call, session: Session, threadId: string): unknown {
  const within = createdWithin(call);
  const types = call.list("types");
  const events = session.events.filter(
    ({ threadId: of, shown }) =>
      of === threadId && (types.length === 0 || types.includes(shown.type)) && within(shown.processed_at),
  );
  return page(call, events, { present: (event) => event.shown, order: orderOf(call, "asc"), largest: EVENTS });
}

/** Events from now on, as server-sent events; what was before is not repeated. */
function streamOf({ listeners }: World, session: Session, threadId: string): EventStream {
  return new EventStream((response: ServerResponse) => {
    const listener = (of: string, event: Json): void => {
      if (of !== threadId) return;
      response.write(`event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`);
      if (event["type"] === "session.deleted") response.end();
    };
    const all = listeners.get(session.id) ?? new Set();
    listeners.set(session.id, all.add(listener));
    return () => all.delete(listener);
  });
}
