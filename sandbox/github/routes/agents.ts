import { randomUUID } from "node:crypto";
import { addLabels, setIssueState } from "../domain/issues";
import { created, ok, type Context } from "../http/context";
import { HttpError, invalid, notFound } from "../http/errors";
import type { Need, Router } from "../http/router";
import type { Issue, Repository } from "../state";
import type { World } from "../world";

interface Task {
  readonly id: string;
  readonly name: string;
  readonly state: "queued";
  readonly created_at: string;
}
/** What another agent proposes for an issue: the two kinds that need nothing else of the stand-in. */
interface Suggestion {
  readonly id: number;
  readonly issue: number;
  readonly action: "add_label" | "close_issue";
  readonly value: string | null;
  readonly createdAt: string;
  state: "pending" | "approved" | "dismissed";
  resolvedBy: number | null;
  updatedAt: string;
}
const tasks = new WeakMap<Repository, Task[]>();
const suggestions = new WeakMap<Repository, Suggestion[]>();

const R = "/repos/{owner}/{repo}";

/**
 * GitHub's own agents, as far as somebody else can start them or decide about what they propose. No agent runs here.
 */
export function agentRoutes(router: Router): void {
  // GitHub refuses installation tokens here whatever they may do; here their permission is asked like that of others,
  // so that its lack can be seen.
  const start: Need = { role: "write", permission: "agent_tasks=write" };
  router.on("POST", "/agents/repos/{owner}/{repo}/tasks", start, (c) => {
    const prompt = c.string("prompt", true);
    const task: Task = {
      id: randomUUID(),
      name: prompt.slice(0, 60),
      state: "queued",
      created_at: c.world.clock.iso(),
    };
    tasks.set(c.repo, [...(tasks.get(c.repo) ?? []), task]);
    return created(task);
  });
  router.on("GET", "/agents/repos/{owner}/{repo}/tasks", { role: "read", permission: "agent_tasks=read" }, (c) =>
    ok({ tasks: tasks.get(c.repo) ?? [] }),
  );

  router.on("GET", `${R}/copilot/cloud-agent/configuration`, { auth: "user", role: "admin" }, () =>
    ok({
      mcp_configuration: null,
      enabled_tools: {
        codeql: true,
        copilot_code_review: true,
        secret_scanning: true,
        dependency_vulnerability_checks: true,
      },
      require_actions_workflow_approval: true,
      is_firewall_enabled: true,
      is_firewall_recommended_allowlist_enabled: true,
      custom_allowlist: [],
      is_automations_enabled: false,
      require_write_access_for_automation_triggers: true,
    }),
  );
  router.on("GET", `${R}/issues/{issue_number}/suggestions`, { permission: "issues=read" }, (c) => {
    const issue = issueOf(c);
    return ok(
      (suggestions.get(c.repo) ?? []).filter((one) => one.issue === issue.number).map((one) => present(issue, one)),
    );
  });
  const decide: Need = { role: "triage", permission: "issues=write" };
  for (const decision of ["approve", "dismiss"] as const)
    router.on("POST", `${R}/issues/{issue_number}/suggestions/{suggestion_id}/${decision}`, decide, (c) => {
      const issue = issueOf(c);
      const found = suggestions
        .get(c.repo)
        ?.find((one) => one.id === c.id("suggestion_id") && one.issue === issue.number);
      if (!found) throw notFound();
      if (found.state !== "pending")
        throw invalid("IssueSuggestion", "state", "invalid", "The suggestion is not pending");
      found.state = decision === "approve" ? "approved" : "dismissed";
      found.resolvedBy = c.me.id;
      found.updatedAt = c.world.clock.iso();
      if (found.state === "approved" && found.action === "add_label")
        addLabels(c.world, c.repo, issue, [found.value ?? ""], c.me.id);
      if (found.state === "approved" && found.action === "close_issue")
        setIssueState(c.world, c.repo, issue, "closed", c.me.id);
      return ok(present(issue, found));
    });
}

/**
 * An agent proposes something: there is no public operation for it. @throws HttpError for an issue that is not there
 */
export function suggest(world: World, repo: Repository, issue: number, label: string | undefined): { id: number } {
  if (!repo.issues.has(issue)) throw new HttpError(404, `no issue ${issue}`);
  const now = world.clock.iso();
  const made: Suggestion = {
    id: world.ids.next(),
    issue,
    action: label === undefined ? "close_issue" : "add_label",
    value: label ?? null,
    createdAt: now,
    state: "pending",
    resolvedBy: null,
    updatedAt: now,
  };
  suggestions.set(repo, [...(suggestions.get(repo) ?? []), made]);
  return { id: made.id };
}

function issueOf(c: Context): Issue {
  const issue = c.repo.issues.get(c.id("issue_number"));
  if (!issue || issue.pull) throw notFound();
  return issue;
}

function present(issue: Issue, one: Suggestion) {
  return {
    id: one.id,
    issue_id: issue.id,
    action: one.action,
    state: one.state,
    target_id: null,
    target_value: one.value,
    rationale: null,
    confidence: null,
    actor_id: null,
    issue_event_id: null,
    resolved_by: one.resolvedBy,
    created_at: one.createdAt,
    updated_at: one.updatedAt,
  };
}
