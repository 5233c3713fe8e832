import type { ForwarderEnv } from "./env";
import { forward } from "./forward";

/**
 * Copies the audit trail to the sinks that the environment names. A Worker of its own: the gate never holds the sinks'
 * credentials, and no request waits for one of them. It has no address; its schedule starts it.
 */
export default {
  async scheduled(_controller: ScheduledController, env: ForwarderEnv, ctx: ExecutionContext): Promise<void> {
    await forward(env, ctx);
  },
};
