import { DurableObject } from "cloudflare:workers";
import type { ForwarderEnv } from "./env";
import { forward } from "./forward";

/** How long after a run the next one begins. */
const IDLE_MS = 10_000;
const BEHIND_MS = 1_000;

interface SelfHostedEnv extends ForwarderEnv {
  readonly CLOCK: DurableObjectNamespace<Clock>;
}

/**
 * workerd alone has no schedules. This object's alarm stands for one: it is on disk, so it goes on after a restart. The
 * ledger wakes it when it archives.
 */
export class Clock extends DurableObject<SelfHostedEnv> {
  async wake(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now());
  }

  override async alarm(): Promise<void> {
    let behind = true;
    try {
      behind = await forward(this.env, this.ctx);
    } finally {
      await this.ctx.storage.setAlarm(Date.now() + (behind ? BEHIND_MS : IDLE_MS));
    }
  }
}

export default {
  async fetch(_request: Request, env: SelfHostedEnv): Promise<Response> {
    await env.CLOCK.get(env.CLOCK.idFromName("clock")).wake();
    return new Response(null, { status: 204 });
  },
};
