import { EMBEDDED_ROTATION } from "../../infra/plans/rotation";
import { WORKER, embedded } from "../read";
import { resourceRule } from "../rule";

/**
 * GitHub's own ceiling for fine-grained tokens in an organization is 366 days; a stolen token should live a month at
 * most.
 */
const MOST_DAYS = 30;

export const tokenLifeBounded = resourceRule({
  id: "token-life-bounded",
  severity: "high",
  description: "A GitHub token lives 30 days at most and is replaced before it ends.",
  remediation:
    "Set agent.credential.expiryDays to 30 or less and rotation.everyDays to less than that in the environment file.",
  controls: ["NIST SP 800-53 IA-5", "NIST AI RMF MANAGE 2.4"],
  types: [WORKER],
  check: ({ inputs }) => {
    const plan = embedded(inputs.content, EMBEDDED_ROTATION);
    // Kinds whose life GitHub fixes in hours name no days.
    if (plan === undefined || plan.expiryDays === undefined) return [];
    const days = Number(plan.expiryDays);
    return [
      ...(days <= MOST_DAYS ? [] : [`The token may live ${days} days.`]),
      ...(Number(plan.everyDays) <= days ? [] : ["The token ends before it is replaced."]),
    ];
  },
});
