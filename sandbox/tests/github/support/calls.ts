import { createSign } from "node:crypto";
import type { Answer, Caller, StandIn } from "./standin";

/** One call of a described operation: path parameters come from what is known, or are given. */
export interface Call {
  operation: string;
  params?: Record<string, string | number>;
  query?: string;
  body?: unknown;
  headers?: Record<string, string>;
  by?: Caller;
  keep?: (answer: Answer) => void;
}

export function appJwt(app: { id: number; pem: string }, seconds = 300): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: now - 30, exp: now + seconds, iss: String(app.id) })}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(app.pem, "base64url")}`;
}

/** A world in which every described operation has something to answer, and the calls in an order that works. */
export async function scenario(
  s: StandIn,
  known: Record<string, string | number>,
  callers: { app: Caller; installation: Caller; reviewer: Caller; bot: Caller; actions: Caller },
): Promise<Call[]> {
  const R = "/repos/{owner}/{repo}";
  const put =
    (name: string, path = "id") =>
    (a: Answer): void => {
      known[name] = path.split(".").reduce((v, k) => v[k], a.body) as string | number;
    };
  const calls: Call[] = [];
  const add = (operation: string, rest: Omit<Call, "operation"> = {}): void => {
    calls.push({ operation, ...rest });
  };

  // People and teams.
  add("PUT /orgs/{org}/memberships/{username}", { params: { username: "claude-bot" }, body: { role: "member" } });
  add("GET /orgs/{org}/invitations");
  add("POST /orgs/{org}/teams", {
    body: { name: "Agents Two", privacy: "closed", description: "a team" },
    keep: put("team_slug", "slug"),
  });
  add("POST /orgs/{org}/teams", { body: { name: "Child", privacy: "closed", parent_team_id: known["backend_id"] } });
  add("PUT /orgs/{org}/teams/{team_slug}/memberships/{username}", {
    params: { username: "claude-bot" },
    body: { role: "member" },
  });
  add("PUT /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", { body: { permission: "push" } });
  add("PATCH /orgs/{org}/teams/{team_slug}", { body: { description: "changed", parent_team_id: null } });
  add("PATCH /user/memberships/orgs/{org_name}", { by: callers.bot, body: { state: "active" } });
  add("PATCH /orgs/{org}", { body: { description: "An organization" } });
  add("PATCH /user", { body: { name: "The Admin" } });
  add("POST /user/keys", {
    body: { title: "laptop", key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample" },
    keep: put("key_id"),
  });
  add("POST /user/gpg_keys", {
    body: { armored_public_key: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n-----END PGP PUBLIC KEY BLOCK-----" },
  });
  add("PUT /user/following/{username}", { params: { username: "reviewer-one" } });
  add("PUT /user/starred/{owner}/{repo}");

  // Repositories.
  add("POST /orgs/{org}/repos", { body: { name: "fresh", private: true, auto_init: true, is_template: true } });
  add("POST /user/repos", { body: { name: "mine", auto_init: true } });
  add("POST /repos/{template_owner}/{template_repo}/generate", {
    params: { template_owner: "acme", template_repo: "fresh" },
    body: { name: "generated", owner: "acme" },
  });
  add(`POST ${R}/pages`, { body: { source: { branch: "main", path: "/" } } });
  add(`POST ${R}/forks`, { params: { repo: "public-site" }, body: {} });
  add(`POST ${R}/merge-upstream`, { params: { owner: "acme-admin", repo: "public-site" }, body: { branch: "main" } });
  add(`PATCH ${R}`, { body: { description: "The API", has_wiki: false } });
  add(`PUT ${R}/topics`, { body: { names: ["api"] } });
  add(`PUT ${R}/vulnerability-alerts`);
  add(`PUT ${R}/automated-security-fixes`);
  add(`PUT ${R}/collaborators/{username}`, {
    params: { username: "other-admin" },
    body: { permission: "pull" },
    keep: put("invitation_id"),
  });
  add(`PATCH ${R}/invitations/{invitation_id}`, { body: { permissions: "write" } });
  add(`POST ${R}/keys`, {
    body: { title: "deploy", key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIdeploy", read_only: true },
    keep: put("deploy_key_id"),
  });
  add(`POST ${R}/dispatches`, { body: { event_type: "rotate" } });
  add(`POST ${R}/hooks`, {
    body: { config: { url: "http://127.0.0.1:9/hook", content_type: "json", secret: "example" }, events: ["push"] },
    keep: put("hook_id"),
  });
  add("POST /orgs/{org}/hooks", {
    body: { name: "web", config: { url: "http://127.0.0.1:9/org", content_type: "json" }, events: ["push"] },
    keep: put("org_hook_id"),
  });
  add(`PATCH ${R}/hooks/{hook_id}`, { body: { active: true } });
  add(`PATCH ${R}/hooks/{hook_id}/config`, { body: { content_type: "form" } });
  add(`POST ${R}/hooks/{hook_id}/pings`);
  add(`POST ${R}/hooks/{hook_id}/tests`);
  add(`GET ${R}/hooks/{hook_id}/deliveries`, { keep: put("delivery_id", "0.id") });
  add(`POST ${R}/hooks/{hook_id}/deliveries/{delivery_id}/attempts`);
  add("PATCH /orgs/{org}/hooks/{hook_id}", { params: { hook_id: "{org_hook_id}" }, body: { active: true } });
  add("PATCH /orgs/{org}/hooks/{hook_id}/config", {
    params: { hook_id: "{org_hook_id}" },
    body: { content_type: "json" },
  });
  add("POST /orgs/{org}/hooks/{hook_id}/pings", { params: { hook_id: "{org_hook_id}" } });
  add("GET /orgs/{org}/hooks/{hook_id}/deliveries", {
    params: { hook_id: "{org_hook_id}" },
    keep: put("org_delivery_id", "0.id"),
  });
  add("POST /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", {
    params: { hook_id: "{org_hook_id}", delivery_id: "{org_delivery_id}" },
  });

  // Git: a commit built by hand on a branch of its own.
  add(`GET ${R}/git/ref/{ref}`, { params: { ref: "heads/main" }, keep: put("head", "object.sha") });
  add(`GET ${R}/git/commits/{commit_sha}`, { params: { commit_sha: "{head}" }, keep: put("tree_sha", "tree.sha") });
  add(`POST ${R}/git/blobs`, { body: { content: "hello\n", encoding: "utf-8" }, keep: put("file_sha", "sha") });
  add(`POST ${R}/git/trees`, {
    body: () => ({
      base_tree: known["tree_sha"],
      tree: [{ path: "src/extra.txt", mode: "100644", type: "blob", sha: known["file_sha"] }],
    }),
    keep: put("new_tree", "sha"),
  });
  add(`POST ${R}/git/commits`, {
    body: () => ({ message: "Add a file", tree: known["new_tree"], parents: [known["head"]] }),
    keep: put("commit_sha", "sha"),
  });
  add(`POST ${R}/git/refs`, { body: () => ({ ref: "refs/heads/claude/work", sha: known["commit_sha"] }) });
  add(`POST ${R}/git/refs`, { body: () => ({ ref: "refs/heads/claude/other", sha: known["head"] }) });
  add(`PATCH ${R}/git/refs/{ref}`, {
    params: { ref: "heads/claude/other" },
    body: () => ({ sha: known["commit_sha"] }),
  });
  add(`POST ${R}/branches/{branch}/rename`, {
    params: { branch: "claude/other" },
    body: { new_name: "claude/renamed" },
  });
  add(`POST ${R}/git/tags`, {
    body: () => ({ tag: "v9", message: "nine", object: known["head"], type: "commit" }),
    keep: put("tag_sha", "sha"),
  });
  add(`PUT ${R}/contents/{path}`, {
    params: { path: "notes.md" },
    body: { message: "Add notes", content: Buffer.from("notes\n").toString("base64"), branch: "claude/work" },
    keep: put("note_sha", "content.sha"),
  });
  add(`PUT ${R}/contents/{path}`, {
    params: { path: "notes.md" },
    body: () => ({
      message: "Change notes",
      content: Buffer.from("more\n").toString("base64"),
      branch: "claude/work",
      sha: known["note_sha"],
    }),
    keep: put("note_sha", "content.sha"),
  });
  add(`POST ${R}/merges`, { body: { base: "claude/renamed", head: "claude/work" } });
  add(`POST ${R}/commits/{commit_sha}/comments`, { params: { commit_sha: "{head}" }, body: { body: "A remark" } });

  // Issues.
  add(`POST ${R}/labels`, { body: { name: "agent", color: "ff0000", description: "by the agent" } });
  add(`PATCH ${R}/labels/{name}`, { params: { name: "agent" }, body: { description: "changed" } });
  add(`POST ${R}/milestones`, { body: { title: "next" }, keep: put("milestone_number", "number") });
  add(`PATCH ${R}/milestones/{milestone_number}`, { body: { description: "soon" } });
  add(`POST ${R}/issues`, {
    body: { title: "A question", body: "Why?", labels: ["agent"], assignees: ["acme-admin"], milestone: 1 },
    keep: put("issue_number", "number"),
  });
  add(`PATCH ${R}/issues/{issue_number}`, { body: { body: "Why not?" } });
  add(`POST ${R}/issues/{issue_number}/comments`, { body: { body: "Because." }, keep: put("comment_id") });
  add(`PATCH ${R}/issues/comments/{comment_id}`, { body: { body: "Because so." } });
  add(`POST ${R}/issues/{issue_number}/reactions`, { body: { content: "+1" }, keep: put("reaction_id") });
  add(`POST ${R}/issues/comments/{comment_id}/reactions`, {
    body: { content: "eyes" },
    keep: put("comment_reaction_id"),
  });
  add(`POST ${R}/issues/{issue_number}/labels`, { body: { labels: ["bug"] } });
  add(`PUT ${R}/issues/{issue_number}/labels`, { body: { labels: ["bug", "agent"] } });
  add(`POST ${R}/issues/{issue_number}/assignees`, { body: { assignees: ["reviewer-one"] } });
  add(`PUT ${R}/issues/{issue_number}/lock`, { body: { lock_reason: "resolved" } });

  // What other agents propose for an issue, and what somebody starts them with.
  const { number: asked } = (await s.admin("POST", "/repos/acme/api/issues", { title: "Label me" })).body;
  for (const decision of ["approve", "dismiss"]) {
    const { id } = (await s.sandbox("POST", "/suggestions", { repository: "acme/api", issue: asked, label: "bug" }))
      .body;
    add(`POST ${R}/issues/{issue_number}/suggestions/{suggestion_id}/${decision}`, {
      params: { issue_number: asked, suggestion_id: id },
    });
  }
  add("POST /agents/repos/{owner}/{repo}/tasks", { body: { prompt: "Fix the typo." } });

  // A stack of three.
  const stacked: number[] = [];
  const main = (await s.admin("GET", "/repos/acme/api/git/ref/heads/main")).body.object.sha;
  for (const [i, base] of ["main", "claude/s0", "claude/s1"].entries()) {
    const branch = `claude/s${i}`;
    const from = i === 0 ? main : (await s.admin("GET", `/repos/acme/api/git/ref/heads/${base}`)).body.object.sha;
    await s.admin("POST", "/repos/acme/api/git/refs", { ref: `refs/heads/${branch}`, sha: from });
    await s.admin("PUT", `/repos/acme/api/contents/s${i}.md`, { message: branch, content: "eA==", branch });
    stacked.push((await s.admin("POST", "/repos/acme/api/pulls", { title: branch, head: branch, base })).body.number);
  }
  add(`POST ${R}/stacks`, { body: { pull_requests: stacked.slice(0, 2) }, keep: put("stack_number", "number") });
  add(`POST ${R}/stacks/{stack_number}/add`, { body: { pull_requests: stacked.slice(2) } });
  add(`GET ${R}/stacks`);
  add(`GET ${R}/stacks/{stack_number}`);
  add(`PUT ${R}/pulls/{pull_number}/merge-async`, {
    params: { pull_number: stacked[1] ?? 0 },
    body: { merge_method: "squash" },
    keep: put("uuid", "details.uuid"),
  });
  add(`GET ${R}/pulls/{pull_number}/merge-async/{uuid}`, { params: { pull_number: stacked[1] ?? 0 } });
  add(`POST ${R}/stacks/{stack_number}/unstack`);

  // Pull requests.
  add(`POST ${R}/pulls`, {
    body: { title: "Add notes", body: "Please look", head: "claude/work", base: "main", draft: false },
    keep: put("pull_number", "number"),
  });
  add(`PATCH ${R}/pulls/{pull_number}`, { body: { body: "Please look at it" } });
  add(`POST ${R}/pulls/{pull_number}/requested_reviewers`, {
    body: { reviewers: ["reviewer-one"], team_reviewers: ["backend"] },
  });
  add(`POST ${R}/pulls/{pull_number}/comments`, {
    body: () => ({ body: "A typo", path: "notes.md", line: 1, side: "RIGHT", commit_id: known["commit_sha"] }),
    keep: put("review_comment_id"),
  });
  add(`POST ${R}/pulls/{pull_number}/comments/{comment_id}/replies`, {
    params: { comment_id: "{review_comment_id}" },
    body: { body: "Right" },
  });
  add(`POST ${R}/pulls/comments/{comment_id}/reactions`, {
    params: { comment_id: "{review_comment_id}" },
    body: { content: "+1" },
  });
  add(`PATCH ${R}/pulls/comments/{comment_id}`, {
    params: { comment_id: "{review_comment_id}" },
    body: { body: "Two typos" },
  });
  add(`POST ${R}/pulls/{pull_number}/reviews`, { by: callers.reviewer, body: {}, keep: put("pending_review_id") });
  add(`DELETE ${R}/pulls/{pull_number}/reviews/{review_id}`, {
    by: callers.reviewer,
    params: { review_id: "{pending_review_id}" },
  });
  add(`POST ${R}/pulls/{pull_number}/reviews`, {
    by: callers.reviewer,
    body: { body: "first" },
    keep: put("review_id"),
  });
  add(`POST ${R}/pulls/{pull_number}/reviews/{review_id}/events`, {
    by: callers.reviewer,
    body: { event: "APPROVE", body: "Fine" },
  });
  add(`PUT ${R}/pulls/{pull_number}/reviews/{review_id}`, { by: callers.reviewer, body: { body: "Very fine" } });
  add(`PUT ${R}/pulls/{pull_number}/reviews/{review_id}/dismissals`, { body: { message: "again, please" } });

  // Checks and Actions.
  add(`POST ${R}/statuses/{sha}`, {
    params: { sha: "{head}" },
    body: { state: "success", context: "ci/extern", description: "fine" },
  });
  add(`POST ${R}/check-runs`, {
    by: callers.actions,
    body: () => ({ name: "scan", head_sha: known["head"], status: "in_progress" }),
    keep: put("check_run_id"),
  });
  add(`PATCH ${R}/check-runs/{check_run_id}`, {
    by: callers.actions,
    body: { conclusion: "success", output: { title: "Scan", summary: "clean" } },
    keep: put("check_suite_id", "check_suite.id"),
  });
  add(`GET ${R}/actions/runs`, {
    keep: (a) => {
      known["run_id"] = a.body.workflow_runs[0].id;
      known["workflow_id"] = a.body.workflow_runs[0].workflow_id;
    },
  });
  add(`GET ${R}/actions/runs/{run_id}/jobs`, {
    keep: (a) => {
      known["job_id"] = a.body.jobs[0].id;
    },
  });
  add(`POST ${R}/actions/workflows/{workflow_id}/dispatches`, { body: { ref: "main" } });
  add(`PUT ${R}/actions/workflows/{workflow_id}/disable`);
  add(`PUT ${R}/actions/workflows/{workflow_id}/enable`);
  for (const again of ["rerun", "rerun-failed-jobs", "approve"]) add(`POST ${R}/actions/runs/{run_id}/${again}`);
  add(`PUT ${R}/actions/permissions`, {
    body: { enabled: true, allowed_actions: "selected", sha_pinning_required: true },
  });
  add(`PUT ${R}/actions/permissions/selected-actions`, {
    body: { github_owned_allowed: true, verified_allowed: false, patterns_allowed: [] },
  });
  add(`PUT ${R}/actions/permissions/workflow`, {
    body: { default_workflow_permissions: "read", can_approve_pull_request_reviews: false },
  });
  add("PUT /orgs/{org}/actions/permissions", { body: { enabled_repositories: "all", allowed_actions: "all" } });
  add("PUT /orgs/{org}/actions/permissions/workflow", { body: { default_workflow_permissions: "read" } });

  // Rules and protection, on a branch that nothing else needs.
  const rules = {
    name: "guard",
    target: "branch",
    enforcement: "active",
    bypass_actors: [{ actor_id: 1, actor_type: "OrganizationAdmin", bypass_mode: "always" }],
    conditions: { ref_name: { include: ["refs/heads/guarded"], exclude: [] } },
    rules: [
      { type: "deletion" },
      {
        type: "pull_request",
        parameters: {
          required_approving_review_count: 1,
          dismiss_stale_reviews_on_push: true,
          require_code_owner_review: true,
          require_last_push_approval: true,
          required_review_thread_resolution: true,
        },
      },
      {
        type: "required_status_checks",
        parameters: {
          strict_required_status_checks_policy: true,
          required_status_checks: [{ context: "ci", integration_id: 15368 }],
        },
      },
    ],
  };
  add(`POST ${R}/git/refs`, { body: () => ({ ref: "refs/heads/guarded", sha: known["head"] }) });
  add(`POST ${R}/rulesets`, { body: rules, keep: put("ruleset_id") });
  add(`PUT ${R}/rulesets/{ruleset_id}`, { body: { ...rules, name: "guard two" } });
  add("POST /orgs/{org}/rulesets", {
    body: { ...rules, conditions: { ...rules.conditions, repository_name: { include: ["api"], exclude: [] } } },
    keep: put("org_ruleset_id"),
  });
  add("PUT /orgs/{org}/rulesets/{ruleset_id}", {
    params: { ruleset_id: "{org_ruleset_id}" },
    body: { enforcement: "active" },
  });
  add(`POST ${R}/git/refs`, { body: () => ({ ref: "refs/heads/guarded-not", sha: known["head"] }) });
  add(`PATCH ${R}/git/refs/{ref}`, { params: { ref: "heads/guarded" }, body: () => ({ sha: known["commit_sha"] }) });
  add(`GET ${R}/rulesets/rule-suites`, { keep: put("rule_suite_id", "0.id") });
  const protection = {
    required_status_checks: { strict: true, checks: [{ context: "ci", app_id: 15368 }] },
    enforce_admins: false,
    required_pull_request_reviews: {
      required_approving_review_count: 2,
      dismissal_restrictions: { users: ["reviewer-one"], teams: ["backend"] },
      bypass_pull_request_allowances: { users: ["acme-admin"] },
    },
    restrictions: { users: [], teams: ["backend"], apps: [] },
  };
  add(`PUT ${R}/branches/{branch}/protection`, { body: protection });
  add(`POST ${R}/branches/{branch}/protection/enforce_admins`);
  add(`POST ${R}/branches/{branch}/protection/required_signatures`);
  add(`PATCH ${R}/branches/{branch}/protection/required_pull_request_reviews`, {
    body: { required_approving_review_count: 1 },
  });
  add(`PATCH ${R}/branches/{branch}/protection/required_status_checks`, { body: { strict: false } });

  // Settings.
  add(`PUT ${R}/environments/{environment_name}`, {
    body: {
      wait_timer: 5,
      prevent_self_review: true,
      reviewers: [
        { type: "User", id: known["reviewer_id"] },
        { type: "Team", id: known["backend_id"] },
      ],
      deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
    },
  });
  add(`POST ${R}/environments/{environment_name}/deployment-branch-policies`, {
    body: { name: "main" },
    keep: put("branch_policy_id"),
  });
  add(`PUT ${R}/environments/{environment_name}/deployment-branch-policies/{branch_policy_id}`, {
    body: { name: "release/*" },
  });
  for (const base of [`${R}/actions`, `${R}/dependabot`, `${R}/environments/{environment_name}`, "/orgs/{org}/actions"])
    add(`PUT ${base}/secrets/{secret_name}`, {
      body: {
        encrypted_value: "c2VhbGVk",
        key_id: "568250167242549743",
        visibility: base.startsWith("/orgs") ? "selected" : undefined,
        selected_repository_ids: [],
      },
    });
  for (const base of [`${R}/actions`, `${R}/environments/{environment_name}`, "/orgs/{org}/actions"]) {
    add(`POST ${base}/variables`, {
      body: { name: "LEVEL", value: "1", ...(base.startsWith("/orgs") ? { visibility: "private" } : {}) },
    });
    add(`PATCH ${base}/variables/{name}`, { params: { name: "LEVEL" }, body: { value: "2" } });
  }
  add(`POST ${R}/releases`, { body: { tag_name: "v2.0.0", name: "Two", body: "The second" }, keep: put("release_id") });
  add(`POST ${R}/releases/{release_id}/assets`, {
    query: "?name=notes.txt",
    body: new TextEncoder().encode("notes"),
    headers: { "content-type": "text/plain" },
    keep: put("asset_id"),
  });
  add(`PATCH ${R}/releases/{release_id}`, { body: { body: "Second" } });
  add(`PATCH ${R}/releases/assets/{asset_id}`, { body: { label: "Notes" } });
  add("POST /gists", { body: { files: { "a.txt": { content: "a" } }, public: false }, keep: put("gist_id") });
  add("PATCH /gists/{gist_id}", { body: { description: "changed" } });
  add("POST /markdown", { body: { text: "hello" } });

  // Tokens.
  add("GET /app", { by: callers.app });
  add("GET /app/installations", { by: callers.app });
  add("GET /app/installations/{installation_id}", { by: callers.app });
  add("GET /orgs/{org}/installation", { by: callers.app });
  add(`GET ${R}/installation`, { by: callers.app });
  add("POST /app/installations/{installation_id}/access_tokens", {
    by: callers.app,
    body: { repositories: ["api"], permissions: { contents: "read" } },
  });
  add("GET /installation/repositories", { by: callers.installation });
  add("POST /admin/users/{username}/authorizations", {
    params: { username: "claude-bot" },
    body: { scopes: ["repo"] },
  });
  add("POST /credentials/revoke", {
    by: s.anonymous,
    body: { credentials: ["ghp_0000000000000000000000000000000000000"] },
  });
  const grants = "/orgs/{org}/personal-access-token";
  add(`GET ${grants}-requests`, { by: callers.installation, keep: put("pat_request_id", "0.id") });
  add(`GET ${grants}-requests/{pat_request_id}/repositories`, { by: callers.installation });
  add(`POST ${grants}-requests/{pat_request_id}`, { by: callers.installation, body: { action: "approve" } });
  add(`POST ${grants}-requests`, { by: callers.installation, body: { action: "approve", pat_request_ids: [1] } });
  add(`GET ${grants}s`, { by: callers.installation, keep: put("pat_id", "0.id") });
  add(`GET ${grants}s/{pat_id}/repositories`, { by: callers.installation });
  return calls;
}

/** What is left to call at the end: it takes away what the others need. */
export function endings(
  known: Record<string, string | number>,
  callers: { installation: Caller; bot: Caller; stranger: Caller; shortLived: Caller },
): Call[] {
  const R = "/repos/{owner}/{repo}";
  return [
    { operation: `DELETE ${R}/branches/{branch}/protection/required_signatures` },
    { operation: `DELETE ${R}/branches/{branch}/protection/enforce_admins` },
    { operation: `DELETE ${R}/branches/{branch}/protection/required_pull_request_reviews` },
    { operation: `DELETE ${R}/branches/{branch}/protection/required_status_checks` },
    { operation: `DELETE ${R}/branches/{branch}/protection/restrictions` },
    { operation: `DELETE ${R}/branches/{branch}/protection` },
    {
      operation: `PUT ${R}/contents/{path}`,
      params: { path: "later.md" },
      body: { message: "Meanwhile", content: "bWVhbndoaWxl", branch: "main" },
    },
    { operation: `PUT ${R}/pulls/{pull_number}/update-branch`, body: {} },
    {
      operation: `DELETE ${R}/contents/{path}`,
      params: { path: "notes.md" },
      body: () => ({ message: "Remove notes", sha: known["note_sha"], branch: "claude/renamed" }),
    },
    { operation: `PUT ${R}/pulls/{pull_number}/merge`, body: { merge_method: "squash" } },
    { operation: `GET ${R}/pulls/{pull_number}/merge` },
    { operation: `DELETE ${R}/git/refs/{ref}`, params: { ref: "heads/claude/work" } },
    { operation: `DELETE ${R}/issues/{issue_number}/reactions/{reaction_id}` },
    {
      operation: `DELETE ${R}/issues/comments/{comment_id}/reactions/{reaction_id}`,
      params: { reaction_id: "{comment_reaction_id}" },
    },
    { operation: `DELETE ${R}/issues/{issue_number}/assignees`, body: { assignees: ["reviewer-one"] } },
    { operation: `DELETE ${R}/issues/{issue_number}/lock` },
    { operation: `DELETE ${R}/issues/{issue_number}/labels/{name}`, params: { name: "agent" } },
    { operation: `DELETE ${R}/issues/{issue_number}/labels` },
    { operation: `DELETE ${R}/issues/comments/{comment_id}` },
    { operation: `DELETE ${R}/labels/{name}`, params: { name: "agent" } },
    { operation: `DELETE ${R}/milestones/{milestone_number}` },
    {
      operation: `DELETE ${R}/pulls/{pull_number}/requested_reviewers`,
      body: { reviewers: ["reviewer-one"], team_reviewers: [] },
    },
    { operation: `DELETE ${R}/pulls/comments/{comment_id}`, params: { comment_id: "{review_comment_id}" } },
    { operation: `DELETE ${R}/environments/{environment_name}/deployment-branch-policies/{branch_policy_id}` },
    ...[`${R}/actions`, `${R}/dependabot`, `${R}/environments/{environment_name}`, "/orgs/{org}/actions"].map(
      (b): Call => ({ operation: `DELETE ${b}/secrets/{secret_name}` }),
    ),
    ...[`${R}/actions`, `${R}/environments/{environment_name}`, "/orgs/{org}/actions"].map((b): Call => ({
      operation: `DELETE ${b}/variables/{name}`,
      params: { name: "LEVEL" },
    })),
    { operation: `DELETE ${R}/environments/{environment_name}` },
    { operation: `DELETE ${R}/releases/assets/{asset_id}` },
    { operation: `DELETE ${R}/releases/{release_id}` },
    { operation: `DELETE ${R}/actions/runs/{run_id}/logs` },
    { operation: `DELETE ${R}/actions/runs/{run_id}` },
    { operation: `DELETE ${R}/rulesets/{ruleset_id}` },
    { operation: "DELETE /orgs/{org}/rulesets/{ruleset_id}", params: { ruleset_id: "{org_ruleset_id}" } },
    { operation: `DELETE ${R}/hooks/{hook_id}` },
    { operation: "DELETE /orgs/{org}/hooks/{hook_id}", params: { hook_id: "{org_hook_id}" } },
    { operation: `DELETE ${R}/keys/{key_id}`, params: { key_id: "{deploy_key_id}" } },
    { operation: `DELETE ${R}/invitations/{invitation_id}` },
    // Invited again, to accept once and to refuse once.
    {
      operation: `PUT ${R}/collaborators/{username}`,
      params: { username: "other-admin" },
      body: { permission: "pull" },
      keep: (a) => {
        known["invitation_id"] = a.body.id;
      },
    },
    { operation: "PATCH /user/repository_invitations/{invitation_id}", by: callers.stranger },
    {
      operation: `PUT ${R}/collaborators/{username}`,
      params: { username: "other-admin", repo: "docs" },
      body: {},
      keep: (a) => {
        known["invitation_id"] = a.body.id;
      },
    },
    { operation: "DELETE /user/repository_invitations/{invitation_id}", by: callers.stranger },
    { operation: `DELETE ${R}/collaborators/{username}`, params: { username: "other-admin" } },
    { operation: `DELETE ${R}/vulnerability-alerts` },
    { operation: `DELETE ${R}/automated-security-fixes` },
    { operation: "DELETE /gists/{gist_id}" },
    { operation: "DELETE /user/keys/{key_id}" },
    {
      operation: "POST /orgs/{org}/personal-access-tokens/{pat_id}",
      by: callers.installation,
      body: { action: "revoke" },
    },
    {
      operation: "POST /orgs/{org}/personal-access-tokens",
      by: callers.installation,
      body: { action: "revoke", pat_ids: [1] },
    },
    { operation: "DELETE /installation/token", by: callers.shortLived },
    { operation: "DELETE /admin/users/{username}/authorizations", params: { username: "claude-bot" } },
    { operation: "DELETE /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}" },
    { operation: "DELETE /orgs/{org}/teams/{team_slug}/memberships/{username}", params: { username: "claude-bot" } },
    { operation: "DELETE /orgs/{org}/teams/{team_slug}" },
    { operation: "DELETE /orgs/{org}/members/{username}", params: { username: "security-one" } },
    { operation: "DELETE /orgs/{org}/memberships/{username}", params: { username: "claude-bot" } },
    { operation: `POST ${R}/transfer`, params: { repo: "generated" }, body: { new_owner: "acme-admin" } },
    { operation: `DELETE ${R}`, params: { repo: "fresh" } },
  ];
}
