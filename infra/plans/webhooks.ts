import type { Environment } from "../model";
import { gateUrl } from "./workers";

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

/** GitHub: "Webhook events and payloads", those whose availability names no repositories. */
const ORGANIZATION_ALONE: ReadonlySet<string> = new Set([
  "membership",
  "organization",
  "personal_access_token_request",
  "team",
]);

/** Those of them that a repository's webhook has too. */
export const REPOSITORY_EVENTS: readonly string[] = ORGANIZATION_EVENTS.filter(
  (event) => !ORGANIZATION_ALONE.has(event),
);

/** Where the gate takes deliveries of GitHub's webhooks (gate/worker/interfaces/githubWebhook.ts). */
export const GITHUB_WEBHOOK_PATH = "/_gate/webhooks/github";

/** Whose webhooks carry GitHub's events, and which: the organization's one, or one of each listed repository. */
export function eventHooks({ audit, repositories }: Environment): {
  readonly repositories?: readonly string[];
  readonly events: readonly string[];
} {
  return audit.githubHooks === "organization"
    ? { events: ORGANIZATION_EVENTS }
    : { repositories: repositories.map(({ name }) => name), events: REPOSITORY_EVENTS };
}

/** Where GitHub delivers what the gate keeps; undefined where the environment does not ask for that. */
export function githubEventsUrl(environment: Environment): string | undefined {
  const { githubEvents, githubEventsUrl: own } = environment.audit;
  if (!githubEvents) return undefined;
  return `${(own ?? gateUrl(environment) ?? "").replace(/\/$/, "")}${GITHUB_WEBHOOK_PATH}`;
}
