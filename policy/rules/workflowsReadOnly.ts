import { WORKFLOW_PERMISSIONS, known } from "../read";
import { resourceRule } from "../rule";

/** GitHub: "Automatic token authentication"; a workflow that the agent starts must not approve what the agent wrote. */
export const workflowsReadOnly = resourceRule({
  id: "workflows-read-only",
  severity: "high",
  description: "A workflow's own token reads alone and approves no pull request.",
  remediation: "Set defaultWorkflowPermissions to read and canApprovePullRequestReviews to false.",
  controls: ["NIST SP 800-53 AC-6", "OWASP LLM06:2025"],
  types: [WORKFLOW_PERMISSIONS],
  check: ({ inputs: { defaultWorkflowPermissions, canApprovePullRequestReviews } }) => [
    ...(known(defaultWorkflowPermissions) && defaultWorkflowPermissions !== "read"
      ? ["The token of a workflow may write."]
      : []),
    ...(known(canApprovePullRequestReviews) && canApprovePullRequestReviews !== false
      ? ["A workflow may approve pull requests."]
      : []),
  ],
});
