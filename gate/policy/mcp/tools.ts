import type { Route } from "../rest/routes";
import type { RuleId } from "../refusals";
import type { Json } from "../text/json";

/** A tool of the gate: one open route of the REST table under the name that GitHub's own MCP server has for it. */
export interface Tool {
  readonly name: string;
  readonly route: string;
  readonly description: string;
  /** Names of arguments, `?` behind those that may be left out; `a>b` is the argument `a` for what the route calls `b`. */
  readonly takes: string;
  /** How an argument is written in the request. */
  readonly write?: Readonly<Record<string, (value: string) => string>>;
}

const REPO = "owner repo";
const PAGES = "page? perPage?>per_page";
const tool = (name: string, route: string, description: string, takes: string, write?: Tool["write"]): Tool => ({
  name,
  route,
  description,
  takes,
  ...(write === undefined ? {} : { write }),
});

const base64 = (text: string): string => {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
};

export const TOOLS: readonly Tool[] = [
  tool("get_me", "user.get", "The account that acts for you.", ""),
  tool("get_repository", "repo.get", "A repository.", REPO),
  tool("list_branches", "branches.list", "Branches with the commits they end in.", `${REPO} ${PAGES}`),
  tool("get_file_contents", "contents.get", "A file (base64) or a folder.", `${REPO} path ref?`),
  tool("list_commits", "commits.list", "Commits of a branch or a path.", `${REPO} sha? path? author? ${PAGES}`),
  tool("get_commit", "commits.get", "A commit with its changes.", `${REPO} sha>ref ${PAGES}`),
  tool("search_code", "search.code", "Code; the query names repo:owner/name.", `query>q ${PAGES}`),
  tool(
    "search_issues",
    "search.issues",
    "Issues and pull requests; the query names repo:owner/name.",
    `query>q ${PAGES}`,
  ),
  tool("list_issues", "issues.list", "Issues.", `${REPO} state? labels? since? ${PAGES}`),
  tool("get_issue", "issues.get", "An issue.", `${REPO} issue_number>number`),
  tool(
    "get_issue_comments",
    "issues.comments",
    "Comments of an issue or a pull request.",
    `${REPO} issue_number>number ${PAGES}`,
  ),
  tool("list_pull_requests", "pulls.list", "Pull requests.", `${REPO} state? head? base? sort? direction? ${PAGES}`),
  tool("get_pull_request", "pulls.get", "A pull request.", `${REPO} pullNumber>number`),
  tool(
    "get_pull_request_files",
    "pulls.files",
    "Files that a pull request changes.",
    `${REPO} pullNumber>number ${PAGES}`,
  ),
  tool("get_pull_request_reviews", "pulls.reviews", "Reviews of a pull request.", `${REPO} pullNumber>number ${PAGES}`),
  tool(
    "get_pull_request_review_comments",
    "pulls.review-comments",
    "Comments on lines of a pull request.",
    `${REPO} pullNumber>number ${PAGES}`,
  ),
  tool("list_check_runs", "commits.check-runs", "Checks of a commit or a branch.", `${REPO} ref ${PAGES}`),
  tool("list_workflow_runs", "actions.runs", "Runs of workflows.", `${REPO} branch? status? ${PAGES}`),
  tool(
    "create_branch",
    "git.ref-create",
    "A new branch at a commit; its name has the prefix of agent branches.",
    `${REPO} branch>ref sha`,
    {
      branch: (name) => `refs/heads/${name}`,
    },
  ),
  tool(
    "create_or_update_file",
    "contents.put",
    "Writes a text file in one commit on an agent branch; sha is the file's id where it stands already.",
    `${REPO} path branch message content sha?`,
    {
      content: base64,
    },
  ),
  tool(
    "delete_file",
    "contents.delete",
    "Deletes a file on an agent branch; sha is the file's id.",
    `${REPO} path branch message sha`,
  ),
  tool(
    "create_pull_request",
    "pulls.create",
    "Opens a draft pull request from an agent branch.",
    `${REPO} title head base body?`,
  ),
  tool(
    "update_pull_request",
    "pulls.update",
    "Changes title, text or state of a pull request.",
    `${REPO} pullNumber>number title? body? state?`,
  ),
  tool("create_issue", "issues.create", "Opens an issue.", `${REPO} title body?`),
  tool(
    "add_issue_comment",
    "issues.comment-create",
    "Comments on an issue or a pull request.",
    `${REPO} issue_number>number body`,
  ),
];

/** Tools of GitHub's own server for what no agent may do: a call says what to do instead. */
export const CLOSED_TOOLS: Readonly<Record<string, RuleId>> = {
  merge_pull_request: "pull-request-merge",
  update_pull_request_branch: "pull-request-merge",
  fork_repository: "fork-not-allowed",
  create_repository: "route-closed",
  assign_copilot_to_issue: "agent-start",
  request_copilot_review: "agent-start",
};

const NUMBERS = new Set(["page", "perPage", "issue_number", "pullNumber"]);

interface Argument {
  readonly name: string;
  readonly to: string;
  readonly optional: boolean;
}
const argumentsOf = ({ takes }: Tool): readonly Argument[] =>
  takes
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => {
      const [left = "", to] = word.split(">");
      const name = left.replace("?", "");
      return { name, to: to ?? name, optional: left.endsWith("?") };
    });

/** A tool as `tools/list` shows it. */
export function described(tool: Tool, route: Route): Json {
  const all = argumentsOf(tool);
  return {
    name: tool.name,
    description: tool.description,
    inputSchema: {
      type: "object",
      properties: Object.fromEntries(
        all.map(({ name }) => [name, NUMBERS.has(name) ? { type: "integer", minimum: 1 } : { type: "string" }]),
      ),
      required: all.filter(({ optional }) => !optional).map(({ name }) => name),
      additionalProperties: false,
    },
    annotations: { readOnlyHint: route.access === "read", destructiveHint: false, openWorldHint: true },
  };
}

/** The REST request that a call stands for; it is judged like any other. */
export interface ToolRequest {
  readonly method: string;
  readonly target: string;
  readonly body: string | undefined;
}

/** Turns a call into its request, or names what is wrong with its arguments. Decides nothing about access. */
export function requestOf(
  tool: Tool,
  route: Route,
  given: Readonly<Record<string, Json>>,
): ToolRequest | { readonly rule: RuleId; readonly at: string } {
  const known = argumentsOf(tool);
  for (const name of Object.keys(given))
    if (!known.some((a) => a.name === name)) return { rule: "body-key-not-allowed", at: name };
  let path = route.path;
  const query: string[] = [];
  const body: Record<string, Json> = {};
  for (const { name, to, optional } of known) {
    if (!Object.hasOwn(given, name) || given[name] === null) {
      if (optional) continue;
      return { rule: "body-value", at: name };
    }
    const value = given[name] as Json;
    if (typeof value !== (NUMBERS.has(name) ? "number" : "string")) return { rule: "body-value", at: name };
    const text = tool.write?.[name]?.(String(value)) ?? String(value);
    if (path.includes(`{${to}}`)) path = path.replace(`{${to}}`, () => encodeURIComponent(text));
    else if (path.includes(`{${to}...}`))
      path = path.replace(`{${to}...}`, () => text.split("/").map(encodeURIComponent).join("/"));
    else if (route.query.includes(to)) query.push(`${to}=${encodeURIComponent(text)}`);
    else body[to] = NUMBERS.has(name) ? value : text;
  }
  return {
    method: route.method,
    target: query.length === 0 ? path : `${path}?${query.join("&")}`,
    body: route.body === undefined ? undefined : JSON.stringify(body),
  };
}
