import { ApiError, errors } from "../http/errors";
import { parseFault } from "../http/faults";
import type { Routes } from "./world";

const json = (value: unknown): { raw: { body: Uint8Array; type: string } } => ({
  raw: { body: Buffer.from(JSON.stringify(value)), type: "application/json" },
});

/**
 * The sandbox's own routes below `_sandbox/`: what reached the API, failures to order, cron on demand. No token, no
 * envelope.
 */
export const controlRoutes: Routes = (router, world) => {
  const { log, faults, runtime, account } = world;
  router
    .on("GET", "requests", () => json(log.list()))
    .on("DELETE", "requests", () => {
      log.clear();
      return { empty: true };
    })
    .on("GET", "faults", () => json([...faults.list(), ...runtime.faults]))
    .on("POST", "faults", async (call) => {
      let fault: ReturnType<typeof parseFault>;
      try {
        fault = parseFault(call.json());
      } catch (error) {
        throw error instanceof ApiError ? error : errors.invalid((error as Error).message);
      }
      if ("api" in fault) faults.add(fault.api);
      else {
        const { binding, script } = fault.binding;
        if (
          ![...account.scripts.values()].some(
            (s) => (script === undefined || s.name === script) && s.bindings.some((b) => b.name === binding),
          )
        ) {
          throw new ApiError(
            404,
            10056,
            `No deployed script${script === undefined ? "" : ` called ${script}`} has a binding called ${binding}`,
          );
        }
        await runtime.setFaults([...runtime.faults, fault.binding]);
      }
      return { ...json({ ok: true }), status: 201 };
    })
    .on("DELETE", "faults", async () => {
      faults.clear();
      if (runtime.faults.length > 0) await runtime.setFaults([]);
      return { empty: true };
    })
    .on("GET", "workers", () =>
      json(
        [...account.scripts.keys()].map((name) => ({
          script: name,
          gate: runtime.gateUrl(name),
          direct: runtime.directUrl(name),
        })),
      ),
    )
    .on("POST", "cron", async (call) => {
      const { script, cron, scheduledTime } = call.object();
      if (typeof script !== "string" || !account.scripts.has(script)) throw errors.scriptNotFound();
      const expression = typeof cron === "string" ? cron : account.scripts.get(script)?.schedules[0]?.cron;
      if (expression === undefined) throw errors.invalid("cron: the script has no schedule, so name one");
      const at =
        typeof scheduledTime === "number" || typeof scheduledTime === "string" ? new Date(scheduledTime) : new Date();
      return json({ script, cron: expression, ...(await runtime.fireCron(script, expression, at)) });
    });
};
