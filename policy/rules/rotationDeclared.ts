import { WORKER, WORKER_CRON, embedded, list, text } from "../read";
import { stackRule } from "../rule";
import { EMBEDDED_ROTATION } from "../../infra/plans/rotation";
import { EMBEDDED_POLICY } from "../../gate/policy/embed";

/** NIST SP 800-53 IA-5: authenticators are changed. */
export const rotationDeclared = stackRule({
  id: "rotation-declared",
  severity: "high",
  description: "Beside the gate stands a rotator with a schedule.",
  remediation: "Declare the whole posture: it includes the rotator and its schedule.",
  controls: ["NIST SP 800-53 IA-5"],
  check: (resources) => {
    const workers = resources.filter(({ type }) => type === WORKER);
    if (!workers.some(({ inputs }) => embedded(inputs.content, EMBEDDED_POLICY) !== undefined)) return [];
    const rotator = workers.find(({ inputs }) => embedded(inputs.content, EMBEDDED_ROTATION) !== undefined);
    if (rotator === undefined) return [{ message: "No rotator replaces the token." }];
    const scheduled = resources.some(
      ({ type, inputs }) =>
        type === WORKER_CRON &&
        text(inputs.scriptName) === text(rotator.inputs.scriptName) &&
        list(inputs.schedules).length > 0,
    );
    return scheduled ? [] : [{ urn: rotator.urn, message: "The rotator has no schedule: nothing wakes it." }];
  },
});
