import { errors } from "../http/errors";
import type { Call } from "../http/router";
import { newId, type Deployment, type DeploymentRun, type Json } from "../state";
import { type Body, deploymentCreate, deploymentUpdate } from "./bodies";
import { createdWithin, page } from "./pages";
import { createSession, mounted } from "./sessions";
import { checkSurroundings, listed, patchedMetadata, type Routes, usableAgent, type World } from "./world";

/** Deployments: how sessions are started again and again. Schedules are stored; a run starts by hand. */
export const deploymentRoutes: Routes = (router, world) => {
  const { workspace, webhooks } = world;
  const of = (call: Call): Deployment => {
    const deployment = workspace.deployments.get(call.param("deployment"));
    if (!deployment) throw errors.notFound(`Deployment ${call.param("deployment")} was not found`);
    return deployment;
  };
  const active = (call: Call): Deployment => {
    const deployment = of(call);
    if (deployment.shown.archived_at) throw errors.invalid(`Deployment ${deployment.id} is archived`);
    return deployment;
  };
  const change = (deployment: Deployment, changes: Json, webhook: string): Json => {
    deployment.shown = { ...deployment.shown, ...changes, updated_at: workspace.now() };
    webhooks.send(webhook, deployment.id);
    return deployment.shown;
  };
  router
    .on("GET", "v1/deployments", (call) => {
      const within = createdWithin(call);
      const [agentId, status] = [call.query.get("agent_id"), call.query.get("status")];
      const deployments = [...workspace.deployments.values()].filter(
        ({ shown }) =>
          listed(shown.archived_at, call.flag("include_archived")) &&
          within(shown["created_at"] as string) &&
          (agentId === null || (shown["agent"] as Json)["id"] === agentId) &&
          (status === null || shown.status === status),
      );
      return page(call, deployments, { present: (deployment) => deployment.shown });
    })
    .on("POST", "v1/deployments", (call) => {
      const body = call.body(deploymentCreate);
      checkSurroundings(world, body.environment_id, body.vault_ids ?? []);
      const now = workspace.now();
      const id = newId("depl");
      const deployment: Deployment = {
        number: workspace.nextNumber(),
        id,
        shown: {
          id,
          type: "deployment",
          name: body.name,
          description: body.description ?? null,
          agent: pinned(world, body.agent),
          environment_id: body.environment_id,
          initial_events: body.initial_events,
          budget: body.budget ?? null,
          metadata: body.metadata ?? {},
          resources: (body.resources ?? []).map(configured),
          schedule: body.schedule ?? null,
          vault_ids: body.vault_ids ?? [],
          status: "active",
          paused_reason: null,
          archived_at: null,
          created_at: now,
          updated_at: now,
        },
      };
      workspace.deployments.set(id, deployment);
      webhooks.send("deployment.created", id);
      return deployment.shown;
    })
    .on("GET", "v1/deployments/:deployment", (call) => of(call).shown)
    .on("POST", "v1/deployments/:deployment", (call) => {
      const body = call.body(deploymentUpdate);
      const deployment = active(call);
      const { shown } = deployment;
      checkSurroundings(world, body.environment_id ?? (shown["environment_id"] as string), body.vault_ids ?? []);
      const given: Json = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      return change(
        deployment,
        {
          ...given,
          ...(body.agent === undefined ? {} : { agent: pinned(world, body.agent) }),
          ...(body.description === undefined ? {} : { description: body.description || null }),
          ...(body.resources === undefined ? {} : { resources: (body.resources ?? []).map(configured) }),
          ...(body.vault_ids === undefined ? {} : { vault_ids: body.vault_ids ?? [] }),
          metadata: patchedMetadata(shown.metadata, body.metadata),
        },
        "deployment.updated",
      );
    })
    .on("POST", "v1/deployments/:deployment/archive", (call) => {
      const deployment = of(call);
      if (deployment.shown.archived_at) return deployment.shown;
      return change(deployment, { archived_at: workspace.now() }, "deployment.archived");
    })
    .on("POST", "v1/deployments/:deployment/pause", (call) =>
      change(active(call), { status: "paused", paused_reason: { type: "manual" } }, "deployment.paused"),
    )
    .on("POST", "v1/deployments/:deployment/unpause", (call) =>
      change(active(call), { status: "active", paused_reason: null }, "deployment.unpaused"),
    )
    .on("POST", "v1/deployments/:deployment/run", (call) => {
      const { id, shown } = active(call);
      const session = createSession(
        world,
        {
          agent: shown["agent"] as Body<typeof deploymentCreate>["agent"],
          environment_id: shown["environment_id"] as string,
          vault_ids: shown["vault_ids"] as string[],
          resources: shown["resources"] as NonNullable<Body<typeof deploymentCreate>["resources"]>,
          initial_events: (shown["initial_events"] as Body<typeof deploymentCreate>["initial_events"]).filter(
            (event) => event.type !== "system.message",
          ),
          ...(shown["budget"]
            ? { budget: shown["budget"] as NonNullable<Body<typeof deploymentCreate>["budget"]> }
            : {}),
        },
        id,
      );
      const run: DeploymentRun = {
        number: workspace.nextNumber(),
        id: newId("drun"),
        shown: {
          type: "deployment_run",
          agent: shown["agent"],
          deployment_id: id,
          session_id: session.id,
          error: null,
          trigger_context: { type: "manual" },
          created_at: workspace.now(),
        },
      };
      workspace.deploymentRuns.set(run.id, run);
      webhooks.send("deployment_run.started", run.id);
      return { id: run.id, ...run.shown };
    })
    .on("GET", "v1/deployment_runs", (call) => {
      const wanted = call.query.get("deployment_id");
      const runs = [...workspace.deploymentRuns.values()].filter(
        ({ shown }) => wanted === null || shown["deployment_id"] === wanted,
      );
      return page(call, runs, { present: ({ id, shown }) => ({ id, ...shown }) });
    })
    .on("GET", "v1/deployment_runs/:run", (call) => {
      const run = workspace.deploymentRuns.get(call.param("run"));
      if (!run) throw errors.notFound(`Deployment run ${call.param("run")} was not found`);
      return { id: run.id, ...run.shown };
    });
};

/** An agent without a version is pinned to the newest one of this moment. */
function pinned(world: World, agent: Body<typeof deploymentCreate>["agent"]): Json {
  const wanted = typeof agent === "string" ? { id: agent } : agent;
  const { id, version } = usableAgent(world, wanted.id, "version" in wanted ? wanted.version : undefined);
  return { type: "agent", id, version };
}

/** A resource as a deployment shows it: what was sent, without its token. */
function configured(resource: Parameters<typeof mounted>[0]): Json {
  const { authorization_token: _, ...shown } = resource as Json;
  return shown;
}
