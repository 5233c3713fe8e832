import { Refusal, type RuleId } from "../refusals";
import { ROUTES, type Route } from "../rest/routes";
import type { Json } from "../text/json";
import { fields, type Fields } from "./message";
import { fileParts, mutationParts, type Shown } from "./shown";

/** A tool of the gate: one open route under the name that GitHub's own MCP server has for it. */
export interface Tool {
  readonly name: string;
  readonly route: string;
  readonly description: string;
  /** Names of arguments, `?` behind those that may be left out; `a>b` is the argument `a` for what the route calls `b`. */
  readonly takes: string;
  /** How an argument is written in the request. */
  readonly write?: Readonly<Record<string, (value: string) => string>>;
  /** The route instead, where `path` is left out. */
  readonly withoutPath?: string;
  /** Of a tool that is a mutation of GraphQL: the body of its request. */
  readonly mutation?: (given: Fields) => Json;
  /** What a model sees of GitHub's answer, where that is not its text. */
  readonly shows?: (answer: string) => Shown;
}

const REPO = "owner repo";
const PAGES = "page? perPage?>per_page";
const tool = (
  name: string,
  route: string,
  description: string,
  takes: string,
  more: Pick<Tool, "write" | "withoutPath" | "mutation" | "shows"> = {},
): Tool => ({ name, route, description, takes, ...more });

const base64 = (text: string): string => {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
};

/**
 * Several files in one commit. GitHub makes the commit and moves the branch in one step, and only from the commit that is
 * named: so nothing of it can be seen before all of it is there, and nobody's work is overwritten.
 */
const commitOf = ({ owner, repo, branch, sha, message, files }: Fields): Json => {
  const [headline = "", ...rest] = String(message).split("\n");
  const body = rest.join("\n").trim();
  return {
    query:
      "mutation($input:CreateCommitOnBranchInput!){createCommitOnBranch(input:$input){commit{oid url} clientMutationId}}",
    variables: {
      input: {
        branch: { repositoryNameWithOwner: `${String(owner)}/${String(repo)}`, branchName: branch ?? "" },
        expectedHeadOid: sha ?? "",
        message: { headline, ...(body === "" ? {} : { body }) },
        fileChanges: {
          additions: (files as { path: string; content: string }[]).map(({ path, content }) => ({
            path,
            contents: base64(content),
          })),
        },
      },
    },
  };
};

export const TOOLS: readonly Tool[] = [
  tool("get_me", "user.get", "The account that acts for you.", ""),
  tool("get_repository", "repo.get", "A repository.", REPO),
  tool("list_branches", "branches.list", "Branches with the commits they end in.", `${REPO} ${PAGES}`),
  tool(
    "get_file_contents",
    "contents.get",
    "A text file with its size and sha, or the list of a folder; without path, of the root.",
    `${REPO} path? ref?`,
    { withoutPath: "contents.root", shows: fileParts },
  ),
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
    { write: { branch: (name) => `refs/heads/${name}` } },
  ),
  tool(
    "create_or_update_file",
    "contents.put",
    "Writes a text file in one commit on an agent branch; sha is the file's id where it stands already.",
    `${REPO} path branch message content sha?`,
    { write: { content: base64 } },
  ),
  tool(
    "push_files",
    "graphql.mutation",
    "Writes several text files in one commit on an agent branch; sha is the commit that the branch ends in. If it has moved since, nothing is written.",
    `${REPO} branch sha message files`,
    { mutation: commitOf, shows: mutationParts },
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

/** Types of arguments that are no text. */
const NUMBER = { type: "integer", minimum: 1 };
const FILES = {
  type: "array",
  minItems: 1,
  items: {
    type: "object",
    properties: { path: { type: "string" }, content: { type: "string" } },
    required: ["path", "content"],
    additionalProperties: false,
  },
};
const TYPES: Readonly<Record<string, { readonly type: string; readonly [more: string]: Json }>> = {
  page: NUMBER,
  perPage: NUMBER,
  issue_number: NUMBER,
  pullNumber: NUMBER,
  files: FILES,
};
const TEXT = { type: "string" };

function isOfType(name: string, value: Json | undefined): boolean {
  const { type } = TYPES[name] ?? TEXT;
  return type === "array" ? isFiles(value) : typeof value === (type === "integer" ? "number" : "string");
}

const isFiles = (value: Json | undefined): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((file) => {
    const { path, content, ...others } = fields(file);
    return typeof path === "string" && typeof content === "string" && Object.keys(others).length === 0;
  });

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

/** A tool with all that a call needs of it. */
interface Known {
  readonly tool: Tool;
  readonly route: Route;
  /** Of `withoutPath`. */
  readonly other: Route | undefined;
  readonly takes: readonly Argument[];
}

const routeOf = (id: string | undefined): Route | undefined => ROUTES.find((route) => route.id === id);
let made: ReadonlyMap<string, Known> | undefined;
/** Made by the first who asks, so that a gate without MCP starts without it. */
const known = (): ReadonlyMap<string, Known> =>
  (made ??= new Map(
    TOOLS.flatMap((tool): [string, Known][] => {
      const route = routeOf(tool.route);
      return route === undefined
        ? []
        : [[tool.name, { tool, route, other: routeOf(tool.withoutPath), takes: argumentsOf(tool) }]];
    }),
  ));

/** Whether a tool of the gate changes nothing; false for a tool that it does not have. */
export const onlyReads = (name: string): boolean => known().get(name)?.route.access === "read";

/** Guard `mcp-tool`: the tools that a policy opens, and no others, as `tools/list` shows them. */
export const openTools = (open: ReadonlySet<string>): Json[] =>
  [...known().values()].filter(({ route }) => open.has(route.id)).map(described);

const described = ({ tool: { name, description }, route, takes }: Known): Json => ({
  name,
  description,
  inputSchema: {
    type: "object",
    properties: Object.fromEntries(takes.map((argument) => [argument.name, TYPES[argument.name] ?? TEXT])),
    required: takes.filter(({ optional }) => !optional).map((argument) => argument.name),
    additionalProperties: false,
  },
  annotations: { readOnlyHint: route.access === "read", destructiveHint: false, openWorldHint: true },
});

/** A call, and the request that it stands for, which is judged like any other. */
export interface ToolCall {
  readonly tool: Tool;
  /** The route that the request must turn out to have, whatever the arguments hold. */
  readonly route: Route;
  readonly method: string;
  readonly target: string;
  readonly body: string | undefined;
}

/**
 * Turns the parameters of `tools/call` into a request, or says what is wrong with them. Decides nothing about access,
 * except that no tool stands for what no agent may do.
 */
export function readCall(params: Fields): ToolCall | Refusal {
  const { name } = params;
  if (typeof name !== "string") return new Refusal("mcp-malformed", "params.name");
  const called = known().get(name);
  if (called === undefined)
    return new Refusal(Object.hasOwn(CLOSED_TOOLS, name) ? (CLOSED_TOOLS[name] ?? "mcp-tool") : "mcp-tool", name);
  const given = fields(params["arguments"]);
  const { tool, takes } = called;
  for (const key of Object.keys(given))
    if (!takes.some((argument) => argument.name === key)) return new Refusal("body-key-not-allowed", key);
  for (const argument of takes)
    if (has(given, argument.name) ? !isOfType(argument.name, given[argument.name]) : !argument.optional)
      return new Refusal("body-value", argument.name);
  if (tool.mutation !== undefined)
    return {
      tool,
      route: called.route,
      method: "POST",
      target: "/graphql",
      body: JSON.stringify(tool.mutation(given)),
    };
  const route = called.other !== undefined && !has(given, "path") ? called.other : called.route;
  return { tool, route, method: route.method, ...restRequest(called, route, given) };
}

/** Null stands for an argument that is left out: clients write it for what they were not given. */
const has = (given: Fields, name: string): boolean =>
  Object.hasOwn(given, name) && given[name] !== null && !(name === "path" && given[name] === "");

function restRequest({ tool, takes }: Known, route: Route, given: Fields): Pick<ToolCall, "target" | "body"> {
  let path = route.path;
  const query: string[] = [];
  const body: Record<string, Json> = {};
  for (const { name, to } of takes) {
    if (!has(given, name)) continue;
    const value = given[name] as string | number;
    const text = tool.write?.[name]?.(String(value)) ?? String(value);
    if (path.includes(`{${to}}`)) path = path.replace(`{${to}}`, () => encodeURIComponent(text));
    else if (path.includes(`{${to}...}`))
      path = path.replace(`{${to}...}`, () => text.split("/").map(encodeURIComponent).join("/"));
    else if (route.query.includes(to)) query.push(`${to}=${encodeURIComponent(text)}`);
    else body[to] = typeof value === "number" ? value : text;
  }
  return {
    target: query.length === 0 ? path : `${path}?${query.join("&")}`,
    body: route.body === undefined ? undefined : JSON.stringify(body),
  };
}
