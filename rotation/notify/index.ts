import { dispatchAdapter } from "./dispatch";
import { webhookAdapter } from "./webhook";
import type { Effects } from "../effects";
import type { RotationPlan } from "../plan";
import type { NotifyAdapter } from "./types";

export interface NotifySecrets {
  /** `whsec_…`, shared with the receivers of `gatehouse:rotation.notify`. */
  readonly webhookSecret?: string | undefined;
  /** May start workflows in `gatehouse:rotation.repository`. */
  readonly dispatchToken?: string | undefined;
}

/**
 * The receivers that the environment names, as far as the secrets at hand reach. More adapters (an agent's runtime) are
 * appended by the caller.
 */
export function adaptersFor(effects: Effects, plan: RotationPlan, secrets: NotifySecrets): NotifyAdapter[] {
  return [
    ...(secrets.webhookSecret
      ? plan.notify.map((url) => webhookAdapter(effects, url, secrets.webhookSecret ?? ""))
      : []),
    ...(secrets.dispatchToken && plan.repository
      ? [dispatchAdapter(effects, plan, plan.repository, secrets.dispatchToken)]
      : []),
  ];
}

export { webhookAdapter } from "./webhook";
export type { NotifyAdapter } from "./types";
