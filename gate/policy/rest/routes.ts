import type { AccessLevel } from "../policy";
import type { RuleId } from "../refusals";
import {
  agentBranch,
  agentHead,
  agentRef,
  commentOnly,
  either,
  filePath,
  flag,
  line,
  list,
  login,
  mustBeFalse,
  never,
  object,
  objectId,
  oneOf,
  orNull,
  refName,
  text,
  treeEntry,
  whole,
  type Shape,
} from "./shape";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What must be looked up at GitHub before a request may pass (see lookups.ts). */
type LookupKind = "branch-tip" | "branch-file" | "pull-request";

/** An open route. Default deny: what is not in this table is refused. */
export interface Route {
  /** A stable name, used in policies, audit records and reports. */
  readonly id: string;
  readonly method: Method;
  /**
   * The template as GitHub documents it. `{name}` is one segment, `{name...}` the rest of the path. HEAD is judged as
   * GET.
   */
  readonly path: string;
  /** The access that the repository must have. Routes without a repository have `read`. */
  readonly access: AccessLevel;
  /** The action of the access model to which it belongs. */
  readonly action: string;
  /** Open query parameters, by name; each has one type everywhere (query.ts). */
  readonly query: readonly string[];
  readonly body?: Shape;
  /** A body may be left out. */
  readonly bodyOptional?: boolean;
  /** Keys that the gate sets, whatever the agent sent. */
  readonly force?: Readonly<Record<string, boolean>>;
  /** The path parameter named `path` must not be a protected path. */
  readonly guardPath?: boolean;
  /** The path parameter named `label` must not be the label of the agent's pull requests. */
  readonly guardLabel?: boolean;
  readonly lookup?: LookupKind;
  /**
   * `opens`: opens a pull request, which the gate then labels. `updates`: changes what may be a pull request; its text
   * and labels are read first, so that the gate's label and trailer stay.
   */
  readonly pullRequest?: "opens" | "updates";
  /** GitHub answers with a redirect to another host; the gate replaces its address by one of its own. */
  readonly download?: boolean;
  /** The search query of `q` must be scoped to listed repositories. */
  readonly search?: boolean;
}

const R = "/repos/{owner}/{repo}";
const words = (names: string): readonly string[] => names.split(" ").filter((name) => name !== "");

function get(id: string, path: string, action: string, query = "", extra: Partial<Route> = {}): Route {
  return { id, method: "GET", path, access: "read", action, query: words(query), ...extra };
}

function write(
  id: string,
  method: Method,
  path: string,
  action: string,
  body: Shape | undefined,
  extra: Partial<Route> = {},
): Route {
  return { id, method, path, access: "write", action, query: [], ...(body === undefined ? {} : { body }), ...extra };
}

const PAGES = "page per_page";
const WRITES: readonly Method[] = ["POST", "PUT", "PATCH", "DELETE"];
const person = object({ name: line(), email: line(), date: line(40) }, ["name", "email"]);
const labels = list(either(line(), object({ name: line() }, ["name"])));
const logins = list(login, 50);
const side = oneOf("LEFT", "RIGHT");
const reviewComment = object(
  { path: filePath, body: text(), position: whole, line: whole, side, start_line: whole, start_side: side },
  ["path", "body"],
);
const comment = object({ body: text() }, ["body"]);
const reaction = object({ content: oneOf("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes") }, [
  "content",
]);
const issueKeys = {
  title: either(line(), whole),
  body: orNull(text()),
  milestone: orNull(whole),
  labels,
  assignees: logins,
  assignee: orNull(login),
  type: orNull(line()),
};

const account: readonly Route[] = [
  get("meta.root", "/", "read-service"),
  get("meta.get", "/meta", "read-service"),
  get("meta.versions", "/versions", "read-service"),
  get("rate-limit.get", "/rate_limit", "read-service"),
  get("user.get", "/user", "read-identity"),
  get("users.get", "/users/{login}", "read-identity"),
  get("search.code", "/search/code", "search", `q sort order ${PAGES}`, { search: true }),
  get("search.issues", "/search/issues", "search", `q sort order ${PAGES}`, { search: true }),
  get("search.commits", "/search/commits", "search", `q sort order ${PAGES}`, { search: true }),
  get("search.repositories", "/search/repositories", "search", `q sort order ${PAGES}`, { search: true }),
];

const code: readonly Route[] = [
  get("repo.get", R, "read-repository"),
  get("repo.languages", `${R}/languages`, "read-repository"),
  get("repo.topics", `${R}/topics`, "read-repository", PAGES),
  get("repo.contributors", `${R}/contributors`, "read-repository", `anon ${PAGES}`),
  get("repo.assignees", `${R}/assignees`, "read-repository", PAGES),
  get("repo.license", `${R}/license`, "read-repository", "ref"),
  get("repo.tags", `${R}/tags`, "read-repository", PAGES),
  get("repo.codeowners-errors", `${R}/codeowners/errors`, "read-repository", "ref"),
  get("repo.rules", `${R}/rules/branches/{branch}`, "read-repository", PAGES),
  get("branches.list", `${R}/branches`, "read-repository", `protected ${PAGES}`),
  get("branches.get", `${R}/branches/{branch}`, "read-repository"),
  get("contents.root", `${R}/contents`, "read-repository", "ref"),
  get("contents.get", `${R}/contents/{path...}`, "read-repository", "ref"),
  get("readme.get", `${R}/readme`, "read-repository", "ref"),
  get("readme.directory", `${R}/readme/{path...}`, "read-repository", "ref"),
  get("archive.tarball-default", `${R}/tarball`, "read-repository", "", { download: true }),
  get("archive.tarball", `${R}/tarball/{ref...}`, "read-repository", "", { download: true }),
  get("archive.zipball-default", `${R}/zipball`, "read-repository", "", { download: true }),
  get("archive.zipball", `${R}/zipball/{ref...}`, "read-repository", "", { download: true }),
  get("compare.get", `${R}/compare/{basehead...}`, "read-repository", PAGES),
  get("commits.list", `${R}/commits`, "read-repository", `sha path author committer since until ${PAGES}`),
  get("commits.get", `${R}/commits/{ref}`, "read-repository", PAGES),
  get("commits.pulls", `${R}/commits/{ref}/pulls`, "read-repository", PAGES),
  get("commits.branches", `${R}/commits/{ref}/branches-where-head`, "read-repository"),
  get("commits.comments", `${R}/commits/{ref}/comments`, "read-repository", PAGES),
  get("commits.status", `${R}/commits/{ref}/status`, "read-checks", PAGES),
  get("commits.statuses", `${R}/commits/{ref}/statuses`, "read-checks", PAGES),
  get("commits.check-runs", `${R}/commits/{ref}/check-runs`, "read-checks", `check_name status filter app_id ${PAGES}`),
  get("commits.check-suites", `${R}/commits/{ref}/check-suites`, "read-checks", `check_name app_id ${PAGES}`),
  get("check-runs.get", `${R}/check-runs/{id}`, "read-checks"),
  get("check-runs.annotations", `${R}/check-runs/{id}/annotations`, "read-checks", PAGES),
  get("check-suites.get", `${R}/check-suites/{id}`, "read-checks"),
  get("check-suites.runs", `${R}/check-suites/{id}/check-runs`, "read-checks", `check_name status filter ${PAGES}`),
  get("git.ref", `${R}/git/ref/{ref...}`, "read-repository"),
  get("git.matching-refs", `${R}/git/matching-refs/{ref...}`, "read-repository", PAGES),
  get("git.commit", `${R}/git/commits/{sha}`, "read-repository"),
  get("git.tree", `${R}/git/trees/{ref}`, "read-repository", "recursive"),
  get("git.blob", `${R}/git/blobs/{sha}`, "read-repository"),
  get("git.tag", `${R}/git/tags/{sha}`, "read-repository"),
  get("releases.list", `${R}/releases`, "read-releases", PAGES),
  get("releases.latest", `${R}/releases/latest`, "read-releases"),
  get("releases.by-tag", `${R}/releases/tags/{ref...}`, "read-releases"),
  get("releases.get", `${R}/releases/{id}`, "read-releases"),
  get("releases.assets", `${R}/releases/{id}/assets`, "read-releases", PAGES),
  get("releases.asset", `${R}/releases/assets/{id}`, "read-releases", "", { download: true }),
];

const talk: readonly Route[] = [
  get(
    "issues.list",
    `${R}/issues`,
    "read-issues",
    `milestone state assignee creator mentioned labels sort direction since type ${PAGES}`,
  ),
  get("issues.get", `${R}/issues/{number}`, "read-issues"),
  get("issues.comments", `${R}/issues/{number}/comments`, "read-issues", `since ${PAGES}`),
  get("issues.all-comments", `${R}/issues/comments`, "read-issues", `sort direction since ${PAGES}`),
  get("issues.comment", `${R}/issues/comments/{id}`, "read-issues"),
  get("issues.events", `${R}/issues/{number}/events`, "read-issues", PAGES),
  get("issues.timeline", `${R}/issues/{number}/timeline`, "read-issues", PAGES),
  get("issues.labels", `${R}/issues/{number}/labels`, "read-issues", PAGES),
  get("issues.reactions", `${R}/issues/{number}/reactions`, "read-issues", `content ${PAGES}`),
  get("labels.list", `${R}/labels`, "read-issues", PAGES),
  get("labels.get", `${R}/labels/{label}`, "read-issues"),
  get("milestones.list", `${R}/milestones`, "read-issues", `state sort direction ${PAGES}`),
  get("milestones.get", `${R}/milestones/{number}`, "read-issues"),
  get("pulls.list", `${R}/pulls`, "read-pull-requests", `state head base sort direction ${PAGES}`),
  get("pulls.get", `${R}/pulls/{number}`, "read-pull-requests"),
  get("pulls.commits", `${R}/pulls/{number}/commits`, "read-pull-requests", PAGES),
  get("pulls.files", `${R}/pulls/{number}/files`, "read-pull-requests", PAGES),
  get("pulls.merged", `${R}/pulls/{number}/merge`, "read-pull-requests"),
  get("pulls.reviews", `${R}/pulls/{number}/reviews`, "read-pull-requests", PAGES),
  get("pulls.review", `${R}/pulls/{number}/reviews/{id}`, "read-pull-requests"),
  get("pulls.review-own-comments", `${R}/pulls/{number}/reviews/{id}/comments`, "read-pull-requests", PAGES),
  get("pulls.review-comments", `${R}/pulls/{number}/comments`, "read-pull-requests", `sort direction since ${PAGES}`),
  get("pulls.all-review-comments", `${R}/pulls/comments`, "read-pull-requests", `sort direction since ${PAGES}`),
  get("pulls.review-comment", `${R}/pulls/comments/{id}`, "read-pull-requests"),
  get("pulls.requested-reviewers", `${R}/pulls/{number}/requested_reviewers`, "read-pull-requests"),
];

const actions: readonly Route[] = [
  get("actions.workflows", `${R}/actions/workflows`, "read-actions", PAGES),
  get("actions.workflow", `${R}/actions/workflows/{workflow}`, "read-actions"),
  get(
    "actions.workflow-runs",
    `${R}/actions/workflows/{workflow}/runs`,
    "read-actions",
    `actor branch event status created exclude_pull_requests check_suite_id head_sha ${PAGES}`,
  ),
  get(
    "actions.runs",
    `${R}/actions/runs`,
    "read-actions",
    `actor branch event status created exclude_pull_requests check_suite_id head_sha ${PAGES}`,
  ),
  get("actions.run", `${R}/actions/runs/{id}`, "read-actions", "exclude_pull_requests"),
  get("actions.run-attempt", `${R}/actions/runs/{id}/attempts/{number}`, "read-actions", "exclude_pull_requests"),
  get("actions.run-attempt-jobs", `${R}/actions/runs/{id}/attempts/{number}/jobs`, "read-actions", PAGES),
  get("actions.run-attempt-logs", `${R}/actions/runs/{id}/attempts/{number}/logs`, "read-actions", "", {
    download: true,
  }),
  get("actions.run-jobs", `${R}/actions/runs/{id}/jobs`, "read-actions", `filter ${PAGES}`),
  get("actions.run-logs", `${R}/actions/runs/{id}/logs`, "read-actions", "", { download: true }),
  get("actions.run-artifacts", `${R}/actions/runs/{id}/artifacts`, "read-actions", `name ${PAGES}`),
  get("actions.job", `${R}/actions/jobs/{id}`, "read-actions"),
  get("actions.job-logs", `${R}/actions/jobs/{id}/logs`, "read-actions", "", { download: true }),
  get("actions.artifacts", `${R}/actions/artifacts`, "read-actions", `name ${PAGES}`),
  get("actions.artifact", `${R}/actions/artifacts/{id}`, "read-actions"),
  get("actions.artifact-zip", `${R}/actions/artifacts/{id}/zip`, "read-actions", "", { download: true }),
];

const proposals: readonly Route[] = [
  write(
    "contents.put",
    "PUT",
    `${R}/contents/{path...}`,
    "write-agent-branch",
    object(
      {
        message: text(65_536),
        content: text(64_000_000),
        branch: agentBranch,
        sha: objectId,
        committer: person,
        author: person,
      },
      ["message", "content", "branch"],
    ),
    { guardPath: true, lookup: "branch-file" },
  ),
  write(
    "contents.delete",
    "DELETE",
    `${R}/contents/{path...}`,
    "write-agent-branch",
    object({ message: text(65_536), sha: objectId, branch: agentBranch, committer: person, author: person }, [
      "message",
      "sha",
      "branch",
    ]),
    { guardPath: true, lookup: "branch-file" },
  ),
  write(
    "git.blob-create",
    "POST",
    `${R}/git/blobs`,
    "write-agent-branch",
    object({ content: text(64_000_000), encoding: oneOf("utf-8", "base64") }, ["content"]),
  ),
  write(
    "git.tree-create",
    "POST",
    `${R}/git/trees`,
    "write-agent-branch",
    object({ base_tree: objectId, tree: list(treeEntry, 10_000) }, ["base_tree", "tree"]),
  ),
  write(
    "git.commit-create",
    "POST",
    `${R}/git/commits`,
    "write-agent-branch",
    object(
      {
        message: text(65_536),
        tree: objectId,
        parents: list(objectId, 8),
        author: person,
        committer: person,
        signature: text(16_384),
      },
      ["message", "tree", "parents"],
    ),
  ),
  write(
    "git.ref-create",
    "POST",
    `${R}/git/refs`,
    "write-agent-branch",
    object({ ref: agentRef, sha: objectId }, ["ref", "sha"]),
    { lookup: "branch-tip" },
  ),
  write(
    "git.ref-update",
    "PATCH",
    `${R}/git/refs/{agentRef...}`,
    "write-agent-branch",
    object({ sha: objectId, force: mustBeFalse("ref-force") }, ["sha"]),
    { lookup: "branch-tip" },
  ),
  write(
    "pulls.create",
    "POST",
    `${R}/pulls`,
    "open-draft-pull-request",
    object(
      {
        title: line(1024),
        body: orNull(text()),
        head: agentHead,
        base: refName,
        draft: flag,
        maintainer_can_modify: flag,
      },
      ["title", "head", "base"],
    ),
    { force: { draft: true }, lookup: "pull-request", pullRequest: "opens" },
  ),
  write(
    "pulls.update",
    "PATCH",
    `${R}/pulls/{number}`,
    "update-pull-request",
    object({
      title: line(1024),
      body: orNull(text()),
      state: oneOf("open", "closed"),
      draft: never("pull-request-ready"),
      auto_merge: never("pull-request-auto-merge"),
    }),
    { pullRequest: "updates" },
  ),
  write(
    "pulls.request-reviewers",
    "POST",
    `${R}/pulls/{number}/requested_reviewers`,
    "update-pull-request",
    object({ reviewers: logins, team_reviewers: logins }),
  ),
  write(
    "pulls.review-create",
    "POST",
    `${R}/pulls/{number}/reviews`,
    "comment",
    object({ commit_id: objectId, body: text(), event: commentOnly, comments: list(reviewComment) }),
  ),
  write("pulls.review-update", "PUT", `${R}/pulls/{number}/reviews/{id}`, "comment", comment),
  write(
    "pulls.review-submit",
    "POST",
    `${R}/pulls/{number}/reviews/{id}/events`,
    "comment",
    object({ body: text(), event: commentOnly }, ["event"]),
  ),
  write(
    "pulls.review-comment-create",
    "POST",
    `${R}/pulls/{number}/comments`,
    "comment",
    object(
      {
        body: text(),
        commit_id: objectId,
        path: filePath,
        position: whole,
        line: whole,
        side,
        start_line: whole,
        start_side: side,
        in_reply_to: whole,
        subject_type: oneOf("line", "file"),
      },
      ["body"],
    ),
  ),
  write("pulls.review-comment-reply", "POST", `${R}/pulls/{number}/comments/{id}/replies`, "comment", comment),
  write("pulls.review-comment-update", "PATCH", `${R}/pulls/comments/{id}`, "comment", comment),
  write("pulls.review-comment-react", "POST", `${R}/pulls/comments/{id}/reactions`, "comment", reaction),
  write("issues.create", "POST", `${R}/issues`, "write-issues", object(issueKeys, ["title"])),
  write(
    "issues.update",
    "PATCH",
    `${R}/issues/{number}`,
    "write-issues",
    object({
      ...issueKeys,
      state: oneOf("open", "closed"),
      state_reason: orNull(oneOf("completed", "not_planned", "duplicate", "reopened")),
    }),
    { pullRequest: "updates" },
  ),
  write("issues.comment-create", "POST", `${R}/issues/{number}/comments`, "comment", comment),
  write("issues.comment-update", "PATCH", `${R}/issues/comments/{id}`, "comment", comment),
  write("issues.comment-react", "POST", `${R}/issues/comments/{id}/reactions`, "comment", reaction),
  write("issues.react", "POST", `${R}/issues/{number}/reactions`, "comment", reaction),
  write(
    "issues.labels-add",
    "POST",
    `${R}/issues/{number}/labels`,
    "write-issues",
    either(object({ labels }, ["labels"]), labels),
  ),
  write(
    "issues.labels-set",
    "PUT",
    `${R}/issues/{number}/labels`,
    "write-issues",
    either(object({ labels }, ["labels"]), labels),
    { pullRequest: "updates" },
  ),
  write("issues.label-remove", "DELETE", `${R}/issues/{number}/labels/{label}`, "write-issues", undefined, {
    guardLabel: true,
  }),
  write(
    "issues.assign",
    "POST",
    `${R}/issues/{number}/assignees`,
    "write-issues",
    object({ assignees: logins }, ["assignees"]),
  ),
  write(
    "issues.unassign",
    "DELETE",
    `${R}/issues/{number}/assignees`,
    "write-issues",
    object({ assignees: list(line(60), 50) }, ["assignees"]),
  ),
];

/** Routes of the other interfaces. They have no template; parsers of their own judge them. */
const protocols: readonly Route[] = [
  { id: "git.fetch", method: "POST", path: "", access: "read", action: "read-repository", query: [] },
  { id: "git.push", method: "POST", path: "", access: "write", action: "write-agent-branch", query: [] },
  { id: "graphql.query", method: "POST", path: "", access: "read", action: "read-repository", query: [] },
  { id: "graphql.mutation", method: "POST", path: "", access: "write", action: "write-agent-branch", query: [] },
];

export const ROUTES: readonly Route[] = [...account, ...code, ...talk, ...actions, ...proposals, ...protocols];

const ANY: readonly Method[] = ["GET", ...WRITES];
/** Where GitHub stores secrets and variables of a repository, of its environments, and of the organization. */
const SECRET_STORES: readonly string[] = [
  ...["actions", "agents", "codespaces", "dependabot"].flatMap((user) =>
    [`${R}/${user}`, `/orgs/{login}/${user}`].flatMap((place) => [`${place}/secrets`, `${place}/variables`]),
  ),
  ...["actions", "agents"].flatMap((user) => [
    `${R}/${user}/organization-secrets`,
    `${R}/${user}/organization-variables`,
  ]),
  `${R}/environments/{environment}/secrets`,
  `${R}/environments/{environment}/variables`,
];

/**
 * Known harmful requests that are closed to every agent. They would be refused without this list too, but with it the
 * refusal names the action.
 */
export const CLOSED: readonly {
  readonly methods: readonly Method[];
  readonly path: string;
  readonly action: string;
  readonly rule?: RuleId;
}[] = [
  { methods: ["PUT"], path: `${R}/pulls/{number}/merge`, action: "merge-pull-request", rule: "pull-request-merge" },
  {
    methods: ["PUT"],
    path: `${R}/pulls/{number}/update-branch`,
    action: "merge-pull-request",
    rule: "pull-request-merge",
  },
  {
    methods: ["PUT"],
    path: `${R}/pulls/{number}/merge-async`,
    action: "merge-pull-request",
    rule: "pull-request-merge",
  },
  // A stack is merged as a whole, so agents cannot put pull requests into one.
  ...["", "/{number}/add", "/{number}/unstack"].map((path) => ({
    methods: ["POST"] as const,
    path: `${R}/stacks${path}`,
    action: "stack-pull-requests",
    rule: "pull-request-stack" as const,
  })),
  { methods: ["POST"], path: "/agents/repos/{owner}/{repo}/tasks", action: "start-agent", rule: "agent-start" },
  {
    methods: ["PUT"],
    path: "/orgs/{login}/copilot/coding-agent/permissions",
    action: "start-agent",
    rule: "agent-start",
  },
  {
    methods: ["PUT", "DELETE"],
    path: "/orgs/{login}/copilot/coding-agent/permissions/{path...}",
    action: "start-agent",
    rule: "agent-start",
  },
  ...["approve", "dismiss"].map((decision) => ({
    methods: ["POST"] as const,
    path: `${R}/issues/{number}/suggestions/{id}/${decision}`,
    action: "decide-suggestion",
    rule: "suggestion-decide" as const,
  })),
  ...["creation-cap", "bypass-list"].map((limit) => ({
    methods: ["PUT", "PATCH", "DELETE"] as const,
    path: `${R}/interaction-limits/pulls/${limit}`,
    action: "administer-repository",
  })),
  { methods: ["POST"], path: `${R}/merges`, action: "merge-pull-request", rule: "pull-request-merge" },
  { methods: ["POST"], path: `${R}/merge-upstream`, action: "merge-pull-request", rule: "pull-request-merge" },
  {
    methods: ["PUT"],
    path: `${R}/pulls/{number}/reviews/{id}/dismissals`,
    action: "dismiss-review",
    rule: "review-dismiss",
  },
  {
    methods: ["DELETE"],
    path: `${R}/pulls/{number}/requested_reviewers`,
    action: "dismiss-review",
    rule: "pull-request-reviewers",
  },
  { methods: ["DELETE"], path: `${R}/git/refs/{agentRef...}`, action: "delete-ref", rule: "ref-delete" },
  { methods: ["POST"], path: `${R}/git/tags`, action: "create-tag" },
  { methods: ["POST"], path: `${R}/branches/{branch}/rename`, action: "delete-ref" },
  { methods: ["POST"], path: `${R}/releases`, action: "create-release" },
  { methods: ["PATCH", "DELETE"], path: `${R}/releases/{id}`, action: "create-release" },
  { methods: ["POST"], path: `${R}/forks`, action: "fork-repository" },
  { methods: ["PATCH", "DELETE"], path: R, action: "administer-repository" },
  { methods: ["POST"], path: `${R}/transfer`, action: "administer-repository" },
  {
    methods: WRITES,
    path: `${R}/branches/{branch}/protection`,
    action: "change-protection",
    rule: "protection-bypass",
  },
  {
    methods: WRITES,
    path: `${R}/branches/{branch}/protection/{path...}`,
    action: "change-protection",
    rule: "protection-bypass",
  },
  { methods: ["GET", "POST"], path: `${R}/rulesets`, action: "change-protection", rule: "protection-bypass" },
  { methods: ["PUT", "DELETE"], path: `${R}/rulesets/{id}`, action: "change-protection", rule: "protection-bypass" },
  { methods: WRITES, path: `${R}/bypass-requests/{path...}`, action: "change-protection", rule: "protection-bypass" },
  { methods: WRITES, path: "/orgs/{login}/rulesets", action: "change-protection", rule: "protection-bypass" },
  { methods: WRITES, path: "/orgs/{login}/rulesets/{id}", action: "change-protection", rule: "protection-bypass" },
  {
    methods: WRITES,
    path: "/orgs/{login}/bypass-requests/{path...}",
    action: "change-protection",
    rule: "protection-bypass",
  },
  { methods: ["PUT", "DELETE"], path: `${R}/collaborators/{login}`, action: "add-collaborator" },
  { methods: ["GET", "POST"], path: `${R}/keys`, action: "add-key" },
  { methods: ["GET", "POST"], path: `${R}/hooks`, action: "add-hook" },
  ...SECRET_STORES.flatMap((path) => [
    { methods: ANY, path, action: "read-secret", rule: "secret-store" as const },
    { methods: ANY, path: `${path}/{path...}`, action: "read-secret", rule: "secret-store" as const },
  ]),
  { methods: ["POST"], path: `${R}/actions/workflows/{workflow}/dispatches`, action: "run-workflow" },
  { methods: ["POST"], path: `${R}/actions/runs/{id}/rerun`, action: "run-workflow" },
  { methods: ["POST"], path: `${R}/actions/runners/registration-token`, action: "mint-token" },
  { methods: ["POST"], path: `${R}/dispatches`, action: "run-workflow" },
  { methods: ["POST"], path: `${R}/deployments`, action: "run-workflow" },
  { methods: ["POST"], path: `${R}/statuses/{sha}`, action: "forge-check" },
  { methods: ["POST"], path: `${R}/check-runs`, action: "forge-check" },
  { methods: ["POST", "PUT", "DELETE"], path: `${R}/pages`, action: "publish" },
  { methods: ["GET", "POST"], path: "/gists", action: "create-gist" },
  { methods: ["GET", "POST"], path: "/user/repos", action: "create-repository" },
  { methods: ["GET", "POST"], path: "/user/keys", action: "add-key" },
  { methods: ["GET", "POST"], path: "/orgs/{login}/repos", action: "create-repository" },
  { methods: ["POST"], path: "/app/installations/{id}/access_tokens", action: "mint-token" },
  { methods: ["DELETE"], path: "/installation/token", action: "mint-token" },
  { methods: ["POST"], path: "/applications/{login}/token", action: "mint-token" },
  { methods: ["POST"], path: "/authorizations", action: "mint-token" },
  { methods: ["POST"], path: "/markdown", action: "publish" },
];
