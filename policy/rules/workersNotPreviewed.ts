import { WORKER_SUBDOMAIN, known } from "../read";
import { resourceRule } from "../rule";

/** Cloudflare: preview URLs serve every version of a Worker, older policies too. */
export const workersNotPreviewed = resourceRule({
  id: "workers-not-previewed",
  severity: "medium",
  description: "No Worker is reachable at preview addresses.",
  remediation: "Set previewsEnabled to false.",
  controls: ["NIST SP 800-53 SC-7"],
  types: [WORKER_SUBDOMAIN],
  check: ({ inputs: { previewsEnabled } }) =>
    known(previewsEnabled) && previewsEnabled === true ? ["Older versions stay reachable at preview addresses."] : [],
});
