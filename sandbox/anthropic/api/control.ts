import { errors } from "../http/errors";
import { newId } from "../state";
import { parseFault } from "../../tools/faults";
import {
  anything,
  controlEvents,
  controlFederation,
  controlLimits,
  controlThread,
  controlWebhook,
  sessionCreate,
} from "./bodies";
import { egressOf } from "./egress";
import { addAgentEvents, record } from "./events";
import { addThread, createSession } from "./sessions";
import { type Routes, sessionOf } from "./world";

/** The sandbox's own routes below `_sandbox/`: what reached the API, failures to order, and what an agent does. */
export const controlRoutes: Routes = (router, world) => {
  const { log, faults, limiter, webhooks, workspace } = world;
  router
    .on("GET", "requests", () => log.list())
    .on("DELETE", "requests", () => log.clear())
    .on("GET", "faults", () => faults.list())
    .on("POST", "faults", (call) => {
      try {
        faults.add(parseFault(call.body(anything)));
      } catch (error) {
        throw errors.invalid((error as Error).message);
      }
    })
    .on("DELETE", "faults", () => faults.clear())
    .on("POST", "limits", (call) => limiter.reset(call.body(controlLimits)))
    .on("GET", "webhooks", () => [...workspace.webhooks.values()].map(({ key: _, ...endpoint }) => endpoint))
    .on("POST", "webhooks", (call) => webhooks.register(call.body(controlWebhook).url))
    .on("POST", "federation", (call) => {
      const rule = { id: newId("fdrl"), ...call.body(controlFederation) };
      workspace.federationRules.set(rule.id, rule);
      return { ...rule, organization_id: workspace.organizationId, workspace_id: workspace.id };
    })
    .on("DELETE", "webhooks", () => workspace.webhooks.clear())
    .on("POST", "sessions", (call) => createSession(world, call.body(sessionCreate)).shown)
    .on("POST", "sessions/:session/events", (call) => ({
      data: addAgentEvents(world, sessionOf(world, call.param("session")), call.body(controlEvents)),
    }))
    .on("POST", "sessions/:session/threads", (call) => {
      const session = sessionOf(world, call.param("session"));
      const body = call.body(controlThread);
      const { multiagent: _, ...own } = session.shown.agent;
      const agent = body.agent ?? own;
      const workflowRun = body.workflow_run_id ?? null;
      const thread = addThread(world, session, {
        id: newId("sthr"),
        parent: session.primaryThread,
        agent,
        workflowRun,
      });
      record(world, session, session.primaryThread, {
        type: "session.thread_created",
        session_thread_id: thread.id,
        agent_name: String(agent["name"] ?? agent["type"]),
        workflow_run_id: workflowRun,
      });
      webhooks.send("session.thread_created", session.id, { session_thread_id: thread.id });
      return thread.shown;
    })
    // Secrets in clear: only for who has the key of the workspace.
    .on("GET", "sessions/:session/egress", (call) => {
      if (!call.authenticated) throw errors.authentication();
      return egressOf(world, call.param("session"));
    });
};
