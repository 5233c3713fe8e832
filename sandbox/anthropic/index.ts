import { randomBytes, timingSafeEqual } from "node:crypto";
import { describeSystemError, SystemsError } from "../tools/errors";
import { FaultList } from "../tools/faults";
import { RequestLog } from "../tools/requestLog";
import { agentRoutes } from "./api/agents";
import { controlRoutes } from "./api/control";
import { deploymentRoutes } from "./api/deployments";
import { type Egress, egressOf } from "./api/egress";
import { environmentRoutes } from "./api/environments";
import { federationRoutes, isAccessToken } from "./api/federation";
import { sessionRoutes } from "./api/sessions";
import { vaultRoutes } from "./api/vaults";
import { WebhookSender } from "./api/webhooks";
import type { World } from "./api/world";
import { RateLimiter } from "./http/limits";
import { Router } from "./http/router";
import { serveApi } from "./http/server";
import { Workspace } from "./state";

export type { Egress, EgressSecret } from "./api/egress";

/** How to start the Anthropic stand-in. */
export interface AnthropicOptions {
  /** Port of the API on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** The workspace's API key; a random one by default. */
  readonly key?: string;
}

/** The running stand-in. */
export interface Anthropic {
  /** Base URL of the API, for ANTHROPIC_BASE_URL. Paths begin with `/v1`, the sandbox's own with `/_sandbox`. */
  readonly api: string;
  readonly key: string;
  /** What a session's requests go through on their way out of its sandbox. @throws when there is no such session */
  egress(sessionId: string): Egress;
  /** When every webhook under way has arrived or was given up. */
  webhooksSettled(): Promise<void>;
  /** Ends everything. Calling it again does nothing. */
  stop(): Promise<void>;
}

/**
 * Starts a stand-in of the Claude Managed Agents API for one workspace, on loopback. It stores what it is given and
 * runs no model: what an agent does is told to it (`_sandbox/sessions/<id>/events`).
 * @throws SystemsError when the port is taken
 */
export async function startAnthropic({ port, key }: AnthropicOptions = {}): Promise<Anthropic> {
  const workspace = new Workspace();
  const world: World = {
    workspace,
    log: new RequestLog(),
    faults: new FaultList(),
    limiter: new RateLimiter(),
    webhooks: new WebhookSender(workspace),
    listeners: new Map(),
  };
  const router = new Router();
  for (const routes of [agentRoutes, environmentRoutes, vaultRoutes, sessionRoutes, deploymentRoutes, federationRoutes])
    routes(router, world);
  const control = new Router();
  controlRoutes(control, world);
  const apiKey = key ?? `sk-ant-api03-${randomBytes(48).toString("base64url")}`;
  try {
    const { server, port: listening } = await serveApi({
      ...world,
      router,
      control,
      accepts: (credential) => isSame(credential, apiKey) || isAccessToken(workspace, credential),
      workspaceId: workspace.id,
      organizationId: workspace.organizationId,
      port,
    });
    let stopping: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await world.webhooks.stop();
    };
    return {
      api: `http://127.0.0.1:${listening}`,
      key: apiKey,
      egress: (sessionId) => egressOf(world, sessionId),
      webhooksSettled: () => world.webhooks.settled(),
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    throw new SystemsError({
      what: "The Anthropic stand-in could not start",
      why: taken ? `port ${port} is in use` : describeSystemError(error),
      wayOut: taken ? "Stop what listens there or choose another port" : "Start again",
    });
  }
}

function isSame(shown: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(shown), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
