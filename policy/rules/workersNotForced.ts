import { WORKER, list, object, text } from "../read";
import { resourceRule } from "../rule";

/**
 * @pulumi/cloudflare: `force` deletes a Worker although others bind to it, with its Durable Objects and all they store.
 */
export const workersNotForced = resourceRule({
  id: "workers-not-forced",
  severity: "high",
  description: "A Worker that holds Durable Objects is not deleted by force.",
  remediation: "Leave force out; delete the Workers that bind to this one first.",
  controls: ["NIST SP 800-53 AU-9"],
  types: [WORKER],
  check: ({ inputs }) =>
    inputs.force === true &&
    ("migrations" in inputs ||
      list(inputs.bindings).some((binding) => text(object(binding).type) === "durable_object_namespace"))
      ? ["The Worker can be deleted with the counters and the order of the audit trail in it."]
      : [],
});
