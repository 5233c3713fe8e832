import { randomId } from "../text";
import type { Effects } from "../effects";
import type { NotifyAdapter } from "../notify";
import type { AgentRuntime } from "./types";

/**
 * Any other runtime: its receivers are told that there is a new key (`gate-key.ready`, without the key), and whoever
 * looks after it reads the key from the stack and stores it there.
 * @param adapters the receivers; with none of them, a person has to know
 */
export function toldRuntime(
  effects: Effects,
  adapters: readonly NotifyAdapter[],
  data: Readonly<Record<string, unknown>>,
): AgentRuntime {
  return {
    name: "the agent's runtime",
    toTry: "any request of the agent through the gate",
    give: async () => {
      const message = { id: randomId(), type: "gate-key.ready", at: new Date(effects.now()).toISOString(), data };
      for (const adapter of adapters) await adapter.deliver(message);
      return adapters.length === 0
        ? ["nobody was told: give the agent the key yourself"]
        : adapters.map(({ name }) => `${name} was told`);
    },
    sessions: () => Promise.resolve(undefined),
  };
}
