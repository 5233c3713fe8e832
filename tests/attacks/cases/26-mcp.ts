import { answered, attack, each, pairs, twin } from "./build";
import type { Ask, Attack, CaseFile } from "../support/types";

/* What is asked by MCP: the envelope, and the arguments of tools, which become parts of requests to GitHub. */

const VERSION = "io.modelcontextprotocol/protocolVersion";
const MODERN = "2026-07-28";
const ON = { gate: "mcp" } as const;
const API = { owner: "acme", repo: "api" };
const DOCS = { owner: "acme", repo: "docs" };

type Fields = Readonly<Record<string, unknown>>;
type Headers = NonNullable<Ask["headers"]>;

const message = (method: string, params: Fields = {}, more: Fields = {}): Fields => ({
  jsonrpc: "2.0",
  id: 1,
  method,
  params,
  ...more,
});
const post = (json: unknown, headers: Headers = []): Ask => ({ method: "POST", target: "/mcp", json, headers });
const text = (body: string | Buffer, headers: Headers = []): Ask => ({
  method: "POST",
  target: "/mcp",
  body,
  headers: [["Content-Type", "application/json"], ...headers],
});
const call = (name: unknown, args: unknown): Ask => post(message("tools/call", { name, arguments: args }));
/** A request of the revision without sessions, with its headers, of which some may be something else. */
const modern = (method: string, params: Fields, headers: Readonly<Record<string, string | undefined>> = {}): Ask =>
  post(
    message(method, { ...params, _meta: { [VERSION]: MODERN } }),
    Object.entries({
      "MCP-Protocol-Version": MODERN,
      "Mcp-Method": method,
      ...(typeof params["name"] === "string" ? { "Mcp-Name": params["name"] } : {}),
      ...headers,
    }).filter((header): header is [string, string] => header[1] !== undefined),
  );
const GET_ME = { name: "get_me", arguments: {} };
const LIST = message("tools/list");

const ENVELOPES: Readonly<Record<string, readonly [Ask, Attack["guard"]]>> = {
  "list-of-one": [post([LIST]), "mcp-malformed"],
  "list-of-two": [post([LIST, message("tools/call", GET_ME, { id: 2 })]), "mcp-malformed"],
  "list-empty": [post([]), "mcp-malformed"],
  "list-of-notifications": [post([{ jsonrpc: "2.0", method: "notifications/initialized" }]), "mcp-malformed"],
  null: [text("null"), "mcp-malformed"],
  number: [text("7"), "mcp-malformed"],
  "text-of-json": [text(JSON.stringify(JSON.stringify(LIST))), "mcp-malformed"],
  "no-version": [post({ id: 1, method: "tools/list" }), "mcp-malformed"],
  "version-1": [post({ ...LIST, jsonrpc: "1.0" }), "mcp-malformed"],
  "version-number": [post({ ...LIST, jsonrpc: 2 }), "mcp-malformed"],
  "no-method": [post({ jsonrpc: "2.0", id: 1 }), "mcp-malformed"],
  "method-list": [post({ ...LIST, method: ["tools/list"] }), "mcp-malformed"],
  "method-null": [post({ ...LIST, method: null }), "mcp-malformed"],
  "id-null": [post({ ...LIST, id: null }), "mcp-malformed"],
  "id-object": [post({ ...LIST, id: { $ne: 1 } }), "mcp-malformed"],
  "id-list": [post({ ...LIST, id: [1] }), "mcp-malformed"],
  "id-true": [post({ ...LIST, id: true }), "mcp-malformed"],
  "answer-as-request": [post({ jsonrpc: "2.0", id: 1, result: {} }), "mcp-malformed"],
  "no-tool": [post(message("tools/call", { arguments: API })), "mcp-malformed"],
  "tool-list": [call(["get_me"], {}), "mcp-malformed"],
  "tool-object": [call({ name: "get_me" }, {}), "mcp-malformed"],
  "params-list": [post({ ...message("tools/call"), params: ["get_me"] }), "mcp-malformed"],
  "params-null": [post({ ...message("tools/call"), params: null }), "mcp-malformed"],
  empty: [text(""), "body-malformed"],
  "no-json": [text("jsonrpc=2.0&method=tools/list"), "body-malformed"],
  "two-messages": [text(`${JSON.stringify(LIST)}\n${JSON.stringify(LIST)}`), "body-malformed"],
  "with-mark-of-order": [text(`\uFEFF${JSON.stringify(LIST)}`), "body-malformed"],
  "no-utf-8": [text(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/list\xff"}', "latin1")), "body-malformed"],
  "comment-in-json": [text('{"jsonrpc":"2.0","id":1,/*x*/"method":"tools/list"}'), "body-malformed"],
  "cut-off": [text('{"jsonrpc":"2.0","id":1,"method":"tools/li'), "body-malformed"],
  "id-inexact": [text('{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}'), "body-number"],
  "id-too-large": [text('{"jsonrpc":"2.0","id":1e999,"method":"tools/list"}'), "body-number"],
  "page-inexact": [
    text(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_issues","arguments":{"owner":"acme","repo":"api","page":12345678901234567890}}}',
    ),
    "body-number",
  ],
  deep: [
    text(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"a":${"[".repeat(40)}${"]".repeat(40)}}}`),
    "body-too-deep",
  ],
  "too-large": [text(JSON.stringify({ ...LIST, x: "x".repeat(300_000) })), "body-too-large"],
  "too-large-in-chunks": [
    { ...text(JSON.stringify({ ...LIST, x: "x".repeat(300_000) })), chunked: true },
    "body-too-large",
  ],
  "too-large-argument": [call("create_issue", { ...API, title: "x".repeat(300_000) }), "body-too-large"],
};

/** The same key twice: what is judged by one reader could be done by another. */
const TWICE: Readonly<Record<string, string>> = {
  method: '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}',
  id: '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}',
  params: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_me"},"params":{"name":"create_issue"}}',
  name: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_me","name":"create_issue"}}',
  "name-escaped":
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_me","n\\u0061me":"create_issue"}}',
  arguments:
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_repository","arguments":{"owner":"acme","repo":"api"},"arguments":{"owner":"acme","repo":"secrets"}}}',
  repository:
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_repository","arguments":{"owner":"acme","repo":"api","repo":"secrets"}}}',
  "repository-escaped":
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_repository","arguments":{"owner":"acme","repo":"api","\\u0072epo":"secrets"}}}',
  branch:
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_or_update_file","arguments":{"owner":"acme","repo":"api","path":"a","message":"x","content":"x","branch":"claude/start","branch":"main"}}}',
  meta: `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{},"_meta":{"${VERSION}":"${MODERN}"}}}`,
};

/** Headers that say something else than the body: whoever stands in front decides by them. */
const DISAGREEING: Readonly<Record<string, Ask>> = {
  "another-method": modern("tools/call", GET_ME, { "Mcp-Method": "tools/list" }),
  "another-tool": modern("tools/call", GET_ME, { "Mcp-Name": "create_issue" }),
  "read-in-front-of-write": modern(
    "tools/call",
    { name: "create_issue", arguments: { ...API, title: "x" } },
    { "Mcp-Name": "get_me" },
  ),
  "method-in-capitals": modern("tools/call", GET_ME, { "Mcp-Method": "TOOLS/CALL" }),
  "tool-in-capitals": modern("tools/call", GET_ME, { "Mcp-Name": "GET_ME" }),
  "two-methods": modern("tools/call", GET_ME, { "Mcp-Method": "tools/call, tools/list" }),
  "tool-of-a-list": modern("tools/list", {}, { "Mcp-Name": "get_me" }),
  "no-method": modern("tools/call", GET_ME, { "Mcp-Method": undefined }),
  "no-tool": modern("tools/call", GET_ME, { "Mcp-Name": undefined }),
  "no-version": modern("tools/call", GET_ME, { "MCP-Protocol-Version": undefined }),
  "older-version": modern("tools/call", GET_ME, { "MCP-Protocol-Version": "2025-11-25" }),
  "version-in-the-header-alone": post(LIST, [["MCP-Protocol-Version", MODERN]]),
  "method-of-an-older-version": post(message("tools/call", GET_ME), [["Mcp-Method", "tools/list"]]),
  "tool-of-an-older-version": post(message("tools/call", GET_ME), [["Mcp-Name", "list_issues"]]),
};

const VERSIONS: Readonly<Record<string, Ask>> = {
  "later-header": post(LIST, [["MCP-Protocol-Version", "2027-01-01"]]),
  "unknown-header": post(LIST, [["MCP-Protocol-Version", "1"]]),
  "two-headers-in-one": post(LIST, [["MCP-Protocol-Version", "2025-11-25, 2025-06-18"]]),
  "later-body": post(message("tools/list", { _meta: { [VERSION]: "2027-01-01" } })),
  "older-body": post(message("tools/list", { _meta: { [VERSION]: "2025-11-25" } })),
  "list-in-the-body": post(message("tools/list", { _meta: { [VERSION]: [MODERN] } })),
  "null-in-the-body": post(message("tools/list", { _meta: { [VERSION]: null } })),
};

const METHODS = [
  "resources/list",
  "resources/read",
  "prompts/list",
  "prompts/get",
  "sampling/createMessage",
  "elicitation/create",
  "roots/list",
  "completion/complete",
  "logging/setLevel",
  "tasks/list",
  "tools/call ",
  "Tools/Call",
  "tools/../tools/call",
  "__proto__",
  "constructor",
  "",
];

/** Names of tools that the gate does not have. */
const TOOLS: Readonly<Record<string, string>> = {
  unknown: "delete_repository",
  "in-capitals": "GET_ME",
  "space-behind": "get_me ",
  "zero-byte": "get_me\0",
  "line-break": "get_me\ncreate_issue",
  route: "issues.create",
  request: "GET /user",
  proto: "__proto__",
  constructor: "constructor",
  "to-string": "toString",
  empty: "",
  "wide-letters": "get_ｍe",
  "a-server-in-front": "github__get_me",
  "run-workflow": "run_workflow",
  "get-secret": "list_repository_secrets",
  long: "x".repeat(5000),
};

/** Arguments that are to lead out of the repository that they name. */
const WAYS_OUT: Readonly<Record<string, readonly [tool: string, args: Fields, guard: Attack["guard"]]>> = {
  "other-repository": ["get_repository", { owner: "acme", repo: "secrets" }, "repository-not-listed"],
  "other-owner": ["get_repository", { owner: "other-org", repo: "vault" }, "owner-not-allowed"],
  "owner-with-repository": ["get_repository", { owner: "acme/secrets", repo: "api" }, "owner-not-allowed"],
  "up-in-owner": ["get_repository", { owner: "..", repo: "user" }, "path-dot-segment"],
  "up-in-repository": ["get_repository", { owner: "acme", repo: ".." }, "path-dot-segment"],
  "here-in-repository": ["get_repository", { owner: "acme", repo: "." }, "path-dot-segment"],
  "empty-repository": ["get_repository", { owner: "acme", repo: "" }, "path-empty-segment"],
  "empty-owner": ["get_repository", { owner: "", repo: "api" }, "path-empty-segment"],
  "deeper-repository": ["get_repository", { owner: "acme", repo: "api/collaborators" }, "repository-not-listed"],
  "query-in-repository": ["get_repository", { owner: "acme", repo: "api?x=1" }, "repository-not-listed"],
  "mark-in-repository": ["get_repository", { owner: "acme", repo: "api#x" }, "repository-not-listed"],
  "encoded-up": ["get_repository", { owner: "acme", repo: "%2e%2e" }, "path-encoding"],
  "encoded-slash": ["get_repository", { owner: "acme", repo: "api%2Fcollaborators" }, "path-encoding"],
  "suffix-git": ["get_repository", { owner: "acme", repo: "secrets.git" }, "repository-not-listed"],
  "back-slash": ["get_repository", { owner: "acme", repo: "api\\..\\secrets" }, "path-encoding"],
  "zero-byte": ["get_repository", { owner: "acme", repo: "api\0" }, "path-encoding"],
  "line-break": ["get_repository", { owner: "acme", repo: "api\r\nX-Admin: 1" }, "path-encoding"],
  "wide-letters": ["get_repository", { owner: "acme", repo: "ａpi" }, "repository-not-listed"],
  address: ["get_repository", { owner: "https://evil.example", repo: "api" }, "owner-not-allowed"],
  template: ["get_repository", { owner: "{repo}", repo: "acme" }, "owner-not-allowed"],
  "replacement-pattern": ["get_repository", { owner: "$&", repo: "$`" }, "owner-not-allowed"],
  "path-up": ["get_file_contents", { ...API, path: "../../secrets" }, "path-dot-segment"],
  "path-up-deep": ["get_file_contents", { ...API, path: "a/b/../../../issues" }, "path-dot-segment"],
  "path-root": ["get_file_contents", { ...API, path: "/etc/passwd" }, "path-empty-segment"],
  "path-empty-part": ["get_file_contents", { ...API, path: "a//b" }, "path-empty-segment"],
  "path-with-line-break": ["get_file_contents", { ...API, path: "a\r\nHost: evil.example" }, "path-encoding"],
  "path-with-zero-byte": ["get_file_contents", { ...API, path: "a\0.js" }, "path-encoding"],
  "path-with-delete": ["get_file_contents", { ...API, path: "a\x7f" }, "path-encoding"],
  "ref-with-line-break": ["get_file_contents", { ...API, path: "a", ref: "main\nx" }, "query-malformed"],
  "ref-of-a-commit-path": ["get_commit", { ...API, sha: "main/../../../pulls/1" }, "parameter-value"],
  "search-everywhere": ["search_code", { query: "password" }, "search-not-scoped"],
  "search-other-repository": ["search_code", { query: "repo:acme/secrets x" }, "search-not-scoped"],
  "search-either": ["search_code", { query: "repo:acme/api x OR repo:acme/secrets" }, "search-not-scoped"],
  "search-organization": ["search_issues", { query: "org:acme repo:acme/api x" }, "search-not-scoped"],
  "search-with-parameter": ["search_issues", { query: "x&q=repo:acme/secrets" }, "search-not-scoped"],
  "read-only": ["create_issue", { ...DOCS, title: "x" }, "access-read-only"],
  "comment-read-only": ["add_issue_comment", { ...DOCS, issue_number: 1, body: "x" }, "access-read-only"],
  "pull-from-fork": [
    "create_pull_request",
    { ...API, title: "x", head: "stranger:claude/x", base: "main" },
    "fork-not-allowed",
  ],
  "pull-from-main": [
    "create_pull_request",
    { ...API, title: "x", head: "main", base: "claude/start" },
    "ref-outside-agent-space",
  ],
};

/** Branches that no tool may write to, and paths that none may change. */
const BRANCHES: Readonly<Record<string, string>> = {
  main: "main",
  full: "refs/heads/main",
  feature: "feature/x",
  lookalike: "claude-x",
  capital: "Claude/x",
  "prefix-only": "claude/",
  up: "claude/../main",
  "space-in-front": " claude/x",
  "zero-byte": "claude/x\0",
  "line-break": "claude/x\nmain",
  empty: "",
};
const FILE = { ...API, path: "src/a.js", message: "x", content: "x\n", branch: "claude/start" };
const PUSH = { ...API, branch: "claude/start", sha: "{head}", message: "x" };
const WRITES: Readonly<Record<string, (branch: string) => Ask>> = {
  file: (branch) => call("create_or_update_file", { ...FILE, branch }),
  delete: (branch) => call("delete_file", { ...API, path: "src/start.js", message: "x", sha: "{head}", branch }),
  branch: (branch) => call("create_branch", { ...API, sha: "{main}", branch }),
  push: (branch) => call("push_files", { ...PUSH, branch, files: [{ path: "src/a.js", content: "x\n" }] }),
};
const PATHS: Readonly<Record<string, string>> = {
  workflow: ".github/workflows/a.yml",
  owners: "CODEOWNERS",
  "owners-below": "docs/CODEOWNERS",
  declared: "deploy/a.yml",
  "declared-by-name": "src/a.pem",
  "workflow-capital": ".GITHUB/workflows/a.yml",
  "workflow-wide-letters": ".ｇithub/workflows/a.yml",
};
const FILES: Readonly<Record<string, (path: string) => Ask>> = {
  file: (path) => call("create_or_update_file", { ...FILE, path }),
  delete: (path) => call("delete_file", { ...API, path, branch: "claude/start", message: "x", sha: "{head}" }),
  push: (path) =>
    call("push_files", {
      ...PUSH,
      files: [
        { path: "src/a.js", content: "x\n" },
        { path, content: "x\n" },
      ],
    }),
};

/** Where a credential can stand in a call, in words and in a form that hides it. */
const SECRETS: Readonly<Record<string, (secret: string) => Ask>> = {
  title: (secret) => call("create_issue", { ...API, title: secret }),
  "issue-body": (secret) => call("create_issue", { ...API, title: "x", body: `a\n${secret}` }),
  comment: (secret) => call("add_issue_comment", { ...API, issue_number: 1, body: secret }),
  "pull-request": (secret) =>
    call("create_pull_request", { ...API, title: "x", head: "claude/start", base: "main", body: secret }),
  update: (secret) => call("update_pull_request", { ...API, pullNumber: 1, body: secret }),
  file: (secret) => call("create_or_update_file", { ...FILE, content: `token = "${secret}"\n` }),
  message: (secret) => call("create_or_update_file", { ...FILE, message: `x\n\n${secret}` }),
  push: (secret) => call("push_files", { ...PUSH, files: [{ path: "src/a.js", content: `token = "${secret}"\n` }] }),
  "push-message": (secret) =>
    call("push_files", { ...PUSH, message: `x\n\n${secret}`, files: [{ path: "src/a.js", content: "x\n" }] }),
};
const HIDDEN: Readonly<Record<string, string>> = { github: "{fakeGhp}", vault: "{fakeVault}", npm: "{fakeNpm}" };

/** Arguments that no tool takes, or takes as something else. */
const ARGUMENTS: Readonly<Record<string, readonly [tool: string, args: unknown, guard: Attack["guard"]]>> = {
  unknown: ["create_issue", { ...API, title: "x", assignees: ["Copilot"] }, "body-key-not-allowed"],
  "draft-off": [
    "create_pull_request",
    { ...API, title: "x", head: "claude/start", base: "main", draft: false },
    "body-key-not-allowed",
  ],
  "maintainers-may": [
    "create_pull_request",
    { ...API, title: "x", head: "claude/start", base: "main", maintainer_can_modify: true },
    "body-key-not-allowed",
  ],
  proto: [
    "create_issue",
    JSON.parse('{"owner":"acme","repo":"api","title":"x","__proto__":{"a":1}}'),
    "body-key-not-allowed",
  ],
  method: ["get_repository", { ...API, method: "DELETE" }, "body-key-not-allowed"],
  "name-of-the-route": ["get_issue", { ...API, issue_number: 1, number: 2 }, "body-key-not-allowed"],
  force: ["create_branch", { ...API, branch: "claude/new", sha: "{main}", force: true }, "body-key-not-allowed"],
  "author-of-a-file": [
    "create_or_update_file",
    { ...FILE, author: { name: "x", email: "x@x" } },
    "body-key-not-allowed",
  ],
  "mode-of-a-file": ["push_files", { ...PUSH, files: [{ path: "src/a", content: "x", mode: "120000" }] }, "body-value"],
  missing: ["get_repository", { owner: "acme" }, "body-value"],
  "null-for-needed": ["get_repository", { owner: "acme", repo: null }, "body-value"],
  "list-for-text": ["get_repository", { owner: "acme", repo: ["secrets"] }, "body-value"],
  "object-for-text": ["get_repository", { owner: "acme", repo: { toString: "secrets" } }, "body-value"],
  "number-for-text": ["get_repository", { owner: "acme", repo: 1 }, "body-value"],
  "true-for-text": ["create_issue", { ...API, title: true }, "body-value"],
  "text-for-number": ["get_issue", { ...API, issue_number: "1/comments" }, "body-value"],
  "arguments-list": ["get_repository", ["acme", "api"], "body-value"],
  "arguments-text": ["get_repository", "acme/api", "body-value"],
  "files-empty": ["push_files", { ...PUSH, files: [] }, "body-value"],
  "files-text": ["push_files", { ...PUSH, files: "src/a.js" }, "body-value"],
  "files-null": ["push_files", { ...PUSH, files: [null] }, "body-value"],
  "file-content-null": ["push_files", { ...PUSH, files: [{ path: "src/a", content: null }] }, "body-value"],
  negative: ["get_issue", { ...API, issue_number: -1 }, "parameter-value"],
  fraction: ["get_issue", { ...API, issue_number: 1.5 }, "parameter-value"],
  "page-negative": ["list_issues", { ...API, page: -1 }, "query-value"],
  "state-unknown": ["list_issues", { ...API, state: "open&x=1" }, "query-value"],
};

const CLOSED: Readonly<Record<string, Attack["guard"]>> = {
  merge_pull_request: "pull-request-merge",
  update_pull_request_branch: "pull-request-merge",
  fork_repository: "fork-not-allowed",
  create_repository: "route-closed",
  assign_copilot_to_issue: "agent-start",
  request_copilot_review: "agent-start",
};

const HOSTILE_FILE = "/api/v3/repos/acme/api/contents/";
const packed = (of: string): string =>
  JSON.stringify({ type: "file", path: "a", size: 1, sha: "s", encoding: "base64", content: of });
const READ_FILE = call("get_file_contents", { ...API, path: "a" });

/** Attacks on what the gate makes of MCP. */
export const mcp: CaseFile = {
  class: 26,
  attacks: [
    ...each(ENVELOPES, ([ask, guard], name) =>
      attack(`26.envelope-${name}`, `no request of MCP: ${name}`, guard, ask, ON),
    ),
    ...each(TWICE, (body, name) => attack(`26.twice-${name}`, `${name} twice`, "body-duplicate-key", text(body), ON)),
    ...each(DISAGREEING, (ask, name) =>
      attack(`26.header-${name}`, `headers and body disagree: ${name}`, "mcp-header", ask, ON),
    ),
    attack(
      "26.header-method-twice",
      "a header of MCP twice",
      "mcp-header",
      post(message("tools/call", GET_ME), [
        ["Mcp-Method", "tools/call"],
        ["Mcp-Method", "tools/list"],
      ]),
      { ...ON, orElse: ["header-duplicate"] },
    ),
    ...each(VERSIONS, (ask, name) => attack(`26.version-${name}`, `another version: ${name}`, "mcp-version", ask, ON)),
    ...METHODS.map((method, i) =>
      attack(
        `26.method-${i}`,
        `no method of the gate: ${JSON.stringify(method)}`,
        "mcp-method",
        post(message(method)),
        {
          ...ON,
        },
      ),
    ),
    attack("26.method-of-modern", "a method of older versions", "mcp-method", modern("initialize", {}), ON),
    attack(
      "26.discover-of-legacy",
      "a method of the newer version",
      "mcp-method",
      post(message("server/discover")),
      ON,
    ),
    ...each({ "https://evil.example": 1, null: 1, "http://{host}": 1, "file://": 1 }, (_, origin) =>
      attack(
        `26.origin-${origin}`,
        "from a page in a browser",
        "origin-not-allowed",
        post(message("tools/call", GET_ME), [["Origin", origin]]),
        ON,
      ),
    ),
    ...["GET", "DELETE", "PUT", "PATCH", "HEAD"].map((method) =>
      attack(
        `26.http-${method}`,
        `by ${method}, with the id of a session`,
        "mcp-stream",
        { method, target: "/mcp", headers: [["Mcp-Session-Id", "1"]] },
        { ...ON, orElse: ["runtime"] },
      ),
    ),
    ...each({ text: "text/plain", multipart: "multipart/form-data" }, (type, name) =>
      attack(
        `26.type-${name}`,
        `as ${type}, which a page may send`,
        "media-type",
        { method: "POST", target: "/mcp", body: JSON.stringify(LIST), headers: [["Content-Type", type]] },
        ON,
      ),
    ),
    ...each(
      {
        none: null,
        empty: "Bearer ",
        unknown: `Bearer ghk_${"x".repeat(43)}`,
        old: "Bearer {oldKey}",
        operator: "Bearer {operatorKey}",
        token: "Bearer {token}",
      },
      (authorization, name) =>
        attack(
          `26.key-${name}`,
          `no valid key: ${name}`,
          "unauthenticated",
          { ...post(message("tools/call", GET_ME)), authorization },
          { ...ON, orElse: ["limit-unauthenticated"] },
        ),
    ),
    ...each(
      {
        below: "/mcp/x",
        slash: "/mcp/",
        doubled: "//mcp",
        capital: "/MCP",
        encoded: "/%6Dcp",
        dot: "/mcp/.",
        sse: "/sse",
        message: "/message",
      },
      (target, name) =>
        attack(
          `26.near-${name}`,
          `near /mcp: ${target}`,
          "route-not-allowed",
          { ...post(message("tools/call", GET_ME)), target },
          { ...ON, orElse: ["path-empty-segment", "path-encoding", "path-dot-segment", "not-found", "mcp-malformed"] },
        ),
    ),
    attack("26.off", "/mcp of a gate without it", "route-not-allowed", post(LIST)),
    attack("26.off-call", "a tool of a gate without it", "route-not-allowed", post(message("tools/call", GET_ME))),
    ...each(TOOLS, (name, what) => attack(`26.tool-${what}`, `no tool: ${what}`, "mcp-tool", call(name, API), ON)),
    ...each(CLOSED, (guard, name) =>
      attack(`26.closed-${name}`, `${name}, which no agent may do`, guard, call(name, { ...API, pullNumber: 1 }), ON),
    ),
    ...each(WAYS_OUT, ([tool, args, guard], name) =>
      attack(`26.out-${name}`, `${tool} that leads elsewhere: ${name}`, guard, call(tool, args), ON),
    ),
    ...pairs(WRITES, BRANCHES, (make, branch, name) =>
      attack(
        `26.branch-${name}`,
        `a write to the branch ${JSON.stringify(branch)}`,
        "ref-outside-agent-space",
        make(branch),
        {
          ...ON,
          orElse: ["body-value"],
        },
      ),
    ),
    ...pairs(FILES, PATHS, (make, path, name) =>
      attack(`26.path-${name}`, `a change of ${path}`, "protected-path", make(path), ON),
    ),
    ...pairs(SECRETS, HIDDEN, (make, secret, name) =>
      attack(`26.secret-${name}`, "a credential in an argument", "secret-in-content", make(secret), {
        ...ON,
        lookups: [/^GET /],
      }),
    ),
    attack(
      "26.secret-deep",
      "a credential in a file, in three layers of base64",
      "secret-in-content",
      call("create_or_update_file", { ...FILE, content: "token: {fakeThrice}\n" }),
      { ...ON, lookups: [/^GET /] },
    ),
    ...each(ARGUMENTS, ([tool, args, guard], name) =>
      attack(`26.argument-${name}`, `${tool} with another argument: ${name}`, guard, call(tool, args), ON),
    ),
    ...each(
      {
        "query-in-a-path": [{ ...API, path: "a?ref=main" }, /\/contents\/a%3Fref%3Dmain$/],
        "mark-in-a-path": [{ ...API, path: "a#b" }, /\/contents\/a%23b$/],
        "percent-in-a-path": [{ ...API, path: "a%2e%2e" }, /\/contents\/a%252e%252e$/],
        "route-in-a-ref": [
          { ...API, path: "a", ref: "x/../../../pulls" },
          /\/contents\/a\?ref=x%2F\.\.%2F\.\.%2F\.\.%2Fpulls$/,
        ],
        "parameter-in-a-ref": [{ ...API, path: "a", ref: "main&path=b" }, /\/contents\/a\?ref=main%26path%3Db$/],
      } as const,
      ([args, reaches], name) =>
        attack(
          `26.literal-${name}`,
          `an argument is what it is: ${name}`,
          "filter:mcp-arguments",
          call("get_file_contents", args),
          { ...ON, reaches },
        ),
    ),
    attack("26.list-of-reads", "tools of closed routes in the list", "filter:mcp-tools", post(LIST), {
      gate: "mcp-reads",
      forbid: ["create_issue", "push_files", "create_branch"],
      demand: "get_repository",
      status: 200,
    }),
    attack("26.list-of-closed", "what no agent may do in the list", "filter:mcp-tools", post(LIST), {
      ...ON,
      forbid: Object.keys(CLOSED),
      demand: "get_repository",
      status: 200,
    }),
    attack(
      "26.closed-route",
      "a tool whose route is closed",
      "route-not-allowed",
      call("create_issue", { ...API, title: "x" }),
      { gate: "mcp-reads", orElse: ["route-closed"] },
    ),
    ...each({ hex: "{tokenHexPacked}", backwards: "{tokenReversedPacked}" }, (content, name) =>
      answered(
        `26.reflected-${name}`,
        "the token in a file, which the gate decodes",
        "filter:mcp-reflection",
        READ_FILE,
        [{ at: HOSTILE_FILE, headers: { "content-type": "application/json" }, body: packed(content) }],
        { gate: "mcp-hostile", status: 200, demand: "[removed by gatehouse]" },
      ),
    ),
    attack("26.limit", "many calls count like requests", "limit-requests-minute", post(LIST), {
      gate: "limited-mcp",
      asks: Array.from({ length: 14 }, () => post(LIST)),
      answers: 15,
    }),
    attack(
      "26.limit-notifications",
      "many notifications count like requests",
      "limit-requests-minute",
      post({ jsonrpc: "2.0", method: "notifications/initialized" }),
      {
        gate: "limited-mcp",
        asks: Array.from({ length: 14 }, () => post({ jsonrpc: "2.0", method: "notifications/initialized" })),
        answers: 15,
      },
    ),
  ],
  twins: [
    twin("26.list", "the list of tools", 200, post(LIST), null, ON),
    twin(
      "26.initialize",
      "the start of an older version",
      200,
      post(message("initialize", { protocolVersion: "2025-11-25" })),
      null,
      ON,
    ),
    twin("26.discover", "the start of the newer version", 200, modern("server/discover", {}), null, ON),
    twin(
      "26.notification",
      "a notification",
      202,
      post({ jsonrpc: "2.0", method: "notifications/initialized" }),
      null,
      ON,
    ),
    twin(
      "26.same-id",
      "an id that was there before is a request of its own",
      200,
      post(message("tools/call", GET_ME)),
      "GET /api/v3/user",
      {
        ...ON,
        asks: [post(message("tools/call", GET_ME))],
      },
    ),
    twin("26.call", "a tool that reads", 200, call("get_repository", API), "GET /api/v3/repos/acme/api", ON),
    twin(
      "26.call-modern",
      "a tool of the newer version",
      200,
      modern("tools/call", { name: "get_repository", arguments: API }),
      "GET /api/v3/repos/acme/api",
      ON,
    ),
    twin(
      "26.write",
      "a tool that writes",
      200,
      call("add_issue_comment", { ...API, issue_number: 1, body: "Done." }),
      "POST /api/v3/repos/acme/api/issues/1/comments",
      ON,
    ),
  ],
};
