import { randomBytes } from "node:crypto";

/** What is asked for: one answer, or a change. */
export const KINDS = ["reads", "writes"] as const;
export type Kind = (typeof KINDS)[number];

/** What the agent asks for: reads and writes of a coding agent's day, each with an answer of 2 KB. */
export const READS: readonly string[] = [
  "/repos/acme/api",
  "/repos/acme/api/pulls/7",
  "/repos/acme/api/issues?state=open&per_page=50&page=2",
  "/repos/acme/api/contents/src/server/routes.ts?ref=main",
  "/repos/acme/api/commits/0123456789abcdef0123456789abcdef01234567/check-runs",
  "/repos/acme/docs/git/trees/main?recursive=1",
  "/repos/acme/api/issues/12/comments",
  "/repos/acme/api/actions/runs?branch=claude%2Ffix-login&per_page=20",
];

export const WRITE = "/repos/acme/api/issues/12/comments";

export const COMMENT = JSON.stringify({
  body: 'The failing test is `login keeps the session`: the cookie is set before the redirect is followed.\n\nI have moved the check behind the redirect and added a test for both orders.\n\n```ts\nexpect(await session(answer)).toBe("kept");\n```\n',
});

/** One request of a load. Its headers go beside those that its contender's clients send. */
export interface Ask {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const read = (target: string): Ask => ({ method: "GET", target, headers: {} });
const JSON_BODY = { "content-type": "application/json; charset=utf-8" };

/** The load of each kind: requests sent in turn. */
export const ASKS: Readonly<Record<Kind, readonly Ask[]>> = {
  reads: READS.map(read),
  writes: [{ method: "POST", target: WRITE, headers: JSON_BODY, body: COMMENT }],
};

const API = { owner: "acme", repo: "api" };

/** Calls of tools, each with the REST request that it becomes: the reads above that have a tool. */
const CALLS: readonly (readonly [target: string, tool: string, args: object])[] = [
  [READS[0] ?? "", "get_repository", API],
  [READS[1] ?? "", "get_pull_request", { ...API, pullNumber: 7 }],
  [
    "/repos/acme/api/issues?state=open&page=2&per_page=50",
    "list_issues",
    { ...API, state: "open", page: 2, perPage: 50 },
  ],
  [READS[3] ?? "", "get_file_contents", { ...API, path: "src/server/routes.ts", ref: "main" }],
  [READS[4] ?? "", "list_check_runs", { ...API, ref: "0123456789abcdef0123456789abcdef01234567" }],
  [READS[6] ?? "", "get_issue_comments", { ...API, issue_number: 12 }],
];

/** The REST requests, and the calls that become them, in the words of a client of the revision without sessions. */
export const TWINS: readonly Ask[] = CALLS.map(([target]) => read(target));
export const TOOL_CALLS: readonly Ask[] = CALLS.map(([, name, args]) => ({
  method: "POST",
  target: "/mcp",
  headers: {
    ...JSON_BODY,
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": name,
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {
      name,
      arguments: args,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "agent", version: "1.4" },
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  }),
}));

/** Headers that octokit sends, beside Authorization. */
export const CLIENT_HEADERS: Readonly<Record<string, string>> = {
  accept: "application/vnd.github+json",
  "user-agent": "octokit-core.js/7.0.6 agent/1.4",
  "x-github-api-version": "2022-11-28",
};

/** Headers that GitHub's API answers with; made-up values. */
export const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "private, max-age=60, s-maxage=60",
  etag: 'W/"7d0f2b1c5a9e4f63b8d2a1907c5e6f4d3b2a19087c6d5e4f3a2b1c0d9e8f7a6b"',
  "x-github-media-type": "github.v3; format=json",
  "x-github-api-version-selected": "2022-11-28",
  "x-ratelimit-limit": "5000",
  "x-ratelimit-remaining": "4321",
  "x-ratelimit-reset": "1900000000",
  "x-ratelimit-used": "679",
  "x-ratelimit-resource": "core",
  "x-github-request-id": "C0DE:1A2B:3C4D5E:6F7A8B:66C0FFEE",
  vary: "Accept, Authorization, Cookie, X-GitHub-OTP",
  "strict-transport-security": "max-age=31536000; includeSubdomains; preload",
};

/** A made-up token of GitHub's form; nothing anywhere accepts it but the stub of this run. */
export const madeToken = (): string => `ghp_${randomBytes(18).toString("hex")}`;

/** An answer of 2 KB as GitHub writes them: an issue with its addresses, which a gate has to lead back to itself. */
export function answerBody(api: string): string {
  const at = `${api}/repos/acme/api`;
  const person = {
    login: "claude-bot",
    id: 4711,
    node_id: "U_kgDOexample",
    url: `${api}/users/claude-bot`,
    type: "User",
    site_admin: false,
  };
  const issue = {
    url: `${at}/issues/12`,
    repository_url: at,
    labels_url: `${at}/issues/12/labels{/name}`,
    comments_url: `${at}/issues/12/comments`,
    events_url: `${at}/issues/12/events`,
    id: 1234567890,
    node_id: "I_kwDOexample",
    number: 12,
    title: "Login loses the session after a redirect",
    user: person,
    state: "open",
    locked: false,
    assignee: person,
    milestone: null,
    comments: 3,
    created_at: "2026-03-01T10:00:00Z",
    updated_at: "2026-03-02T11:30:00Z",
    closed_at: null,
    author_association: "MEMBER",
    body: "",
  };
  return JSON.stringify({
    ...issue,
    body: "The session is lost when the login answers with a redirect. "
      .repeat(40)
      .slice(0, 2048 - JSON.stringify(issue).length),
  });
}
