import { errors } from "../http/errors";
import type { Json, Session, StoredEvent } from "../state";
import { newId } from "../state";
import { type Body, type controlEvents, type eventSend } from "./bodies";
import type { World } from "./world";

/** Adds one event to a thread's list, tells the open streams and gives the event. */
export function record(world: World, session: Session, threadId: string, fields: Json & { type: string }): Json {
  const event: StoredEvent = {
    number: world.workspace.nextNumber(),
    threadId,
    shown: { id: newId("sevt"), ...fields, processed_at: world.workspace.now() },
  };
  session.events.push(event);
  for (const listener of world.listeners.get(session.id) ?? []) listener(threadId, event.shown);
  return event.shown;
}

/** The session goes over to another status; its primary thread with it. */
function setStatus(world: World, session: Session, status: "running" | "idle" | "terminated"): void {
  session.shown = { ...session.shown, status, updated_at: world.workspace.now() };
  const primary = session.threads.get(session.primaryThread);
  if (primary) primary.shown = { ...primary.shown, status };
}

/**
 * What a client sends. A message sets the session running; nobody thinks here, so it stays so until the sandbox is told
 * what the agent did (`addAgentEvents`).
 * @throws ApiError 400 for an answer to a call that does not wait for one
 */
export function sendEvents(world: World, session: Session, { events }: Body<typeof eventSend>): readonly Json[] {
  if (session.shown.archived_at || session.shown.status === "terminated")
    throw errors.invalid(`Session ${session.id} takes no more events`);
  for (const event of events) {
    const answered = event.type === "user.tool_confirmation" ? event.tool_use_id : undefined;
    if (answered !== undefined && !session.waiting.has(answered))
      throw errors.invalid(`tool_use_id: ${answered} does not wait for a confirmation`);
  }
  const sent: Json[] = [];
  for (const event of events) {
    const thread =
      event.type === "user.tool_confirmation" ? threadOfCall(session, event.tool_use_id) : session.primaryThread;
    sent.push(
      record(world, session, session.primaryThread, {
        ...event,
        ...(thread === session.primaryThread ? {} : { session_thread_id: thread }),
        ...(event.type === "user.define_outcome"
          ? { outcome_id: newId("outc"), max_iterations: event.max_iterations ?? 3 }
          : {}),
      }),
    );
    if (event.type === "user.tool_confirmation") {
      session.waiting.delete(event.tool_use_id);
      if (session.waiting.size > 0) requireAction(world, session);
      else run(world, session);
    } else if (event.type === "user.interrupt") {
      if (event.session_thread_id == null) interrupt(world, session);
    } else if (event.type !== "system.message") run(world, session);
  }
  return sent;
}

function run(world: World, session: Session): void {
  if (session.shown.status === "running") return;
  setStatus(world, session, "running");
  record(world, session, session.primaryThread, { type: "session.status_running" });
  world.webhooks.send("session.running", session.id);
}

/** Ends the turn; what waited for an answer waits no longer. */
function interrupt(world: World, session: Session): void {
  session.waiting.clear();
  if (session.shown.status !== "running") return;
  setStatus(world, session, "idle");
  record(world, session, session.primaryThread, {
    type: "session.status_idle",
    stop_reason: { type: "end_turn" },
    stop_details: null,
  });
  world.webhooks.send("session.idled", session.id);
}

function requireAction(world: World, session: Session): void {
  setStatus(world, session, "idle");
  record(world, session, session.primaryThread, {
    type: "session.status_idle",
    stop_reason: { type: "requires_action", event_ids: [...session.waiting] },
    stop_details: null,
  });
  world.webhooks.send("session.requires_action", session.id);
}

const threadOfCall = (session: Session, id: string): string =>
  session.events.find(({ shown }) => shown.id === id)?.threadId ?? session.primaryThread;

/**
 * What the agent or the server did, as the sandbox is told. Statuses follow: `session.status_idle` ends a turn. A call
 * with `evaluated_permission: "ask"` waits for its confirmation; one of a child thread also shows in the session's list.
 */
export function addAgentEvents(
  world: World,
  session: Session,
  { thread, events }: Body<typeof controlEvents>,
): readonly Json[] {
  const threadId = thread ?? session.primaryThread;
  if (!session.threads.has(threadId)) throw errors.notFound(`Thread ${threadId} was not found`);
  const added: Json[] = [];
  for (const event of events) {
    const waits = event["evaluated_permission"] === "ask";
    const idle = event.type === "session.status_idle";
    if (idle && event["stop_reason"] === undefined && session.waiting.size > 0) {
      requireAction(world, session);
      continue;
    }
    const shown = record(world, session, threadId, {
      ...(idle ? { stop_reason: { type: "end_turn" }, stop_details: null } : {}),
      ...event,
    });
    added.push(shown);
    if (waits) {
      session.waiting.add(String(shown["id"]));
      if (threadId !== session.primaryThread)
        session.events.push({
          number: world.workspace.nextNumber(),
          threadId: session.primaryThread,
          shown: { ...(shown as StoredEvent["shown"]), session_thread_id: threadId },
        });
    }
    if (event.type === "session.status_running") setStatus(world, session, "running");
    if (idle) {
      setStatus(world, session, "idle");
      world.webhooks.send("session.idled", session.id);
    }
    if (event.type === "session.status_terminated") {
      setStatus(world, session, "terminated");
      world.webhooks.send("session.status_terminated", session.id);
    }
  }
  return added;
}
