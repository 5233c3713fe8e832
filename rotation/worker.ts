import type { EnvOf } from "../edge/bindings";
import { cronRotation, type CronInput } from "./cron";
import type { ROTATOR_BINDINGS } from "./contract";
import type { Fetch } from "./effects";
import type { RotationPlan } from "./plan";

/** The rotator's bindings, as its contract lists them. */
export type RotatorEnv = EnvOf<typeof ROTATOR_BINDINGS, { service: { fetch: Fetch } }>;

/** The plan that the stack put in front of this module (`embedRotation`). */
declare const GATEHOUSE_ROTATION: RotationPlan;

/** Any origin does: a service binding leads to one script. It is never resolved. */
const GATE_URL = "https://gate.invalid";

/** The rotator: no address, no request handler; only its schedule starts it. */
export default {
  async scheduled(controller: { readonly scheduledTime: number }, env: RotatorEnv): Promise<void> {
    const { result, says, level, phase, rotationId, oldSha256, newSha256, expiresAt, todo, notes, reminded } =
      await cronRotation(inputOf(env, controller.scheduledTime));
    const line = JSON.stringify({
      rotation: result,
      says,
      level,
      phase,
      rotationId,
      oldSha256,
      newSha256,
      expiresAt,
      todo,
      notes,
      reminded,
    });
    if (result === "stopped" || result === "needs-person" || result === "rolled-back") {
      console.error(line);
      // Makes the run a failed one on the dashboard and in what watches it; the next run goes on from the journal.
      throw new Error(says);
    }
    console.log(line);
  },
};

function inputOf(env: RotatorEnv, scheduledAt: number): CronInput {
  const { TOKEN_STORE: at } = env;
  return {
    plan: GATEHOUSE_ROTATION,
    scheduledAt,
    gate: { url: GATE_URL, fetch: (url, init) => env.GATE.fetch(url, init) },
    store:
      at.kind === "vault"
        ? { ...at, secretId: env.VAULT_SECRET_ID ?? "" }
        : {
            kind: "kv",
            operatorKey: env.OPERATOR_KEY ?? "",
            keys: { token: env.TOKEN_KEY ?? "", rotator: env.ROTATOR_KEY ?? "" },
          },
    ...(env.WEBHOOK_SECRET ? { webhookSecret: env.WEBHOOK_SECRET } : {}),
  };
}
