/**
 * The organization's events that alerting needs: what changes the posture, and what the agent's account does. The
 * deliveries name no token, so the machine user must be used by nothing but the agent.
 */
export const ORGANIZATION_EVENTS: readonly string[] = [
  "branch_protection_configuration",
  "branch_protection_rule",
  "deploy_key",
  "member",
  "membership",
  "organization",
  "personal_access_token_request",
  "pull_request",
  "pull_request_review",
  "push",
  "repository",
  "repository_ruleset",
  "secret_scanning_alert",
  "team",
  "team_add",
  "workflow_run",
];

/** Where the gate takes deliveries of GitHub's webhooks (gate/worker/interfaces/githubWebhook.ts). */
export const GITHUB_WEBHOOK_PATH = "/_gate/webhooks/github";
