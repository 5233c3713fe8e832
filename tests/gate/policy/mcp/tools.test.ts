import fc from "fast-check";
import { decide, ROUTES, type Decision } from "../../../../gate/policy";
import type { Fields } from "../../../../gate/policy/mcp/message";
import { CLOSED_TOOLS, onlyReads, openTools, readCall, TOOLS } from "../../../../gate/policy/mcp/tools";
import { Refusal } from "../../../../gate/policy/refusals";
import { policyFor } from "../../support/policy";

const policy = policyFor(undefined, { mcp: true });
const sha = "0123456789abcdef0123456789abcdef01234567";
const API = { owner: "acme", repo: "api" };
const REQUEST = { jsonrpc: "2.0", id: 1 };

const asked = (message: unknown): Decision =>
  decide(policy, { method: "POST", target: "/mcp", body: JSON.stringify(message) });
const call = (name: string, args: object): Decision =>
  asked({ ...REQUEST, method: "tools/call", params: { name, arguments: args } });
const verdict = ({ allow, rule }: Decision): string => (allow ? "allow" : (rule ?? ""));

/** Arguments with which each tool is allowed. */
const SAMPLES: Readonly<Record<string, object>> = {
  owner: "acme",
  repo: "api",
  path: "src/a.ts",
  ref: "main",
  sha,
  query: "repo:acme/api x",
  issue_number: 1,
  pullNumber: 1,
  branch: "claude/x",
  message: "m",
  content: "c",
  files: [{ path: "src/a.ts", content: "a" }],
  title: "t",
  head: "claude/x",
  base: "main",
  body: "b",
} as never;
const needed = (name: string): Record<string, unknown> => ({
  ...(name === "get_file_contents" ? { path: "src/a.ts" } : {}),
  ...Object.fromEntries(
    (TOOLS.find((tool) => tool.name === name)?.takes ?? "")
      .split(" ")
      .filter((word) => word !== "" && !word.includes("?"))
      .map((word) => word.split(">")[0] ?? "")
      .map((argument) => [argument, SAMPLES[argument]]),
  ),
});

describe("the table of tools", () => {
  it("has each name once, an open or closed one, and a route for each", () => {
    const names = [...TOOLS.map(({ name }) => name), ...Object.keys(CLOSED_TOOLS)];
    expect(new Set(names).size).toBe(names.length);
    expect(TOOLS.filter(({ route }) => !ROUTES.some(({ id }) => id === route))).toEqual([]);
  });

  it.each(TOOLS.map(({ name, route }) => [name, route]))("%s stands for a request of %s", (name, route) => {
    expect(call(name, needed(name))).toMatchObject({ allow: true, route });
  });

  it("shows what the policy opens, with the types of its arguments", () => {
    const all = openTools(new Set(ROUTES.map(({ id }) => id))) as { name: string; inputSchema: object }[];
    expect(all.map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name));
    expect(openTools(new Set(["pulls.list"]))).toEqual([
      {
        name: "list_pull_requests",
        description: "Pull requests.",
        inputSchema: {
          type: "object",
          properties: expect.objectContaining({ owner: { type: "string" }, page: { type: "integer", minimum: 1 } }),
          required: ["owner", "repo"],
          additionalProperties: false,
        },
        annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: true },
      },
    ]);
  });

  it("says which tools only read", () => {
    expect(TOOLS.map(({ name }) => name).filter((name) => !onlyReads(name))).toEqual([
      "create_branch",
      "create_or_update_file",
      "push_files",
      "delete_file",
      "create_pull_request",
      "update_pull_request",
      "create_issue",
      "add_issue_comment",
    ]);
    expect(["get_secrets", "merge_pull_request", "", "constructor"].map(onlyReads)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("a call", () => {
  it.each<[string, object, string]>([
    ["get_repository", { owner: "acme", repo: "secrets" }, "repository-not-listed"],
    ["get_repository", {}, "body-value"],
    ["get_repository", { ...API, page: 1 }, "body-key-not-allowed"],
    ["get_issue", { ...API, issue_number: "1" }, "body-value"],
    ["merge_pull_request", { ...API, pullNumber: 1 }, "pull-request-merge"],
    ["toString", {}, "mcp-tool"],
    ["get_file_contents", { ...API, path: ".." }, "path-dot-segment"],
  ])("%s %j is refused: %s", (name, args, rule) => {
    expect(verdict(call(name, args))).toBe(rule);
  });

  it("of get_file_contents without a path reads the root, and no other tool does", () => {
    for (const path of [undefined, null, ""])
      expect(call("get_file_contents", { ...API, path, ref: "main" })).toMatchObject({
        allow: true,
        route: "contents.root",
      });
    expect(verdict(call("delete_file", { ...needed("delete_file"), path: "" }))).toBe("body-value");
  });

  /** Whatever the arguments hold: the request is of the tool's own route and of a listed repository, or it is refused. */
  it("never becomes a request of another route", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string(),
      fc.constantFrom(
        "acme",
        "api",
        "docs",
        "..",
        "api/pulls",
        "api%2Fpulls",
        "api?ref=x",
        "../../user",
        "claude/x",
        "main",
        "#",
        "a//b",
      ),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...TOOLS),
        fc.array(text, { minLength: 8, maxLength: 8 }),
        ({ name, route }, values) => {
          const given = needed(name);
          const args = Object.fromEntries(
            Object.entries(given).map(([key, value], i) => [key, typeof value === "string" ? values[i] : value]),
          );
          const decision = call(name, args);
          if (!decision.allow) return;
          expect([route, "contents.root"]).toContain(decision.route);
          expect(["acme/api", "acme/docs", ""]).toContain(decision.repository);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is read without any decision about access", () => {
    const params = { name: "get_repository", arguments: { owner: "a/b", repo: "?" } } as Fields;
    const read = readCall(params);
    expect(read instanceof Refusal ? read : [read.method, read.target, read.body]).toEqual([
      "GET",
      "/repos/a%2Fb/%3F",
      undefined,
    ]);
  });
});

describe("push_files", () => {
  const push = { ...needed("push_files"), message: "One\n\nTwo\nthree\n" };
  it("is one mutation of GraphQL: GitHub moves the branch with the commit, from the commit that is named", () => {
    const decision = call("push_files", {
      ...push,
      files: [
        { path: "a", content: "ä" },
        { path: "b/c", content: "" },
      ],
    });
    expect(JSON.parse(decision.rewritten?.body ?? "")).toMatchObject({
      variables: {
        gatehouseInput: {
          branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/x" },
          expectedHeadOid: sha,
          message: { headline: "One", body: "Two\nthree" },
          fileChanges: {
            additions: [
              { path: "a", contents: "w6Q=" },
              { path: "b/c", contents: "" },
            ],
          },
        },
      },
    });
    expect(decision).toMatchObject({ action: "write-agent-branch", repository: "acme/api" });
    expect(decision.lookups.map(({ kind }) => kind)).toEqual(["compare", "directories"]);
  });

  const aws = `AKIA${"Q3EGRLYJJ7Q2WZ5D"}`;
  it.each<[string, object, string]>([
    ["the default branch", { branch: "main" }, "ref-outside-agent-space"],
    ["a branch of people", { branch: "claude/../main" }, "ref-outside-agent-space"],
    ["a full reference", { branch: "refs/heads/claude/x" }, "ref-outside-agent-space"],
    ["a repository to read", { repo: "docs" }, "access-read-only"],
    ["another repository", { repo: "secrets" }, "repository-not-listed"],
    ["another owner", { owner: "other-org" }, "repository-not-listed"],
    ["a name with a slash", { owner: "acme/api", repo: "" }, "repository-not-listed"],
    [
      "a protected path among others",
      {
        files: [
          { path: "a", content: "" },
          { path: ".github/workflows/a.yml", content: "" },
        ],
      },
      "protected-path",
    ],
    ["a protected path of the repository", { files: [{ path: "deploy/a", content: "" }] }, "protected-path"],
    ["a secret in the message", { message: `x ${aws}` }, "secret-in-content"],
    ["a path upwards", { files: [{ path: "../a", content: "" }] }, "body-value"],
    ["no file", { files: [] }, "body-value"],
    ["a file as text", { files: "a" }, "body-value"],
    ["a file without a path", { files: [{ content: "" }] }, "body-value"],
    ["a file with a mode", { files: [{ path: "a", content: "", mode: "120000" }] }, "body-value"],
    ["no commit to build on", { sha: null }, "body-value"],
    ["a branch in the place of the commit", { sha: "main" }, "body-value"],
    [
      "a thousand files and one",
      { files: Array.from({ length: 1001 }, (_, i) => ({ path: `f${i}`, content: "" })) },
      "body-value",
    ],
  ])("refuses %s", (_what, change, rule) => {
    expect(verdict(call("push_files", push))).toBe("allow");
    expect(verdict(call("push_files", { ...push, ...change }))).toBe(rule);
  });

  it("asks what stood there before, where a file has a secret", () => {
    const files = [
      { path: "a", content: "" },
      { path: "b", content: `key = ${aws}\n` },
    ];
    expect(call("push_files", { ...push, files }).lookups.map(({ kind }) => kind)).toEqual([
      "compare",
      "directories",
      "standing",
    ]);
  });

  it("is closed where the policy opens no mutation", () => {
    const { routes } = policy;
    const reading = { ...policy, routes: { ...routes, write: routes.write.filter((id) => id !== "graphql.mutation") } };
    const body = JSON.stringify({ ...REQUEST, method: "tools/call", params: { name: "push_files", arguments: push } });
    expect(verdict(decide(reading, { method: "POST", target: "/mcp", body }))).toBe("access-read-only");
    expect(openTools(new Set([...reading.routes.read, ...reading.routes.write]))).not.toContainEqual(
      expect.objectContaining({ name: "push_files" }),
    );
  });
});

describe("a request to /mcp", () => {
  it.each<[string, unknown, string]>([
    ["the list of tools", { ...REQUEST, method: "tools/list" }, "allow"],
    ["a list", [{ ...REQUEST, method: "tools/list" }], "mcp-malformed"],
    ["no JSON-RPC", { id: 1, method: "tools/list" }, "mcp-malformed"],
    ["an id that is a list", { jsonrpc: "2.0", id: [], method: "tools/list" }, "mcp-malformed"],
    ["a call without a name", { ...REQUEST, method: "tools/call", params: {} }, "mcp-malformed"],
    [
      "a later version",
      { ...REQUEST, method: "ping", params: { _meta: { "io.modelcontextprotocol/protocolVersion": "2027-01-01" } } },
      "mcp-version",
    ],
  ])("%s: %s", (_what, message, expected) => {
    expect(verdict(asked(message))).toBe(expected);
  });

  it("is POST, and refused like any unknown address where the policy has no MCP", () => {
    expect(verdict(decide(policy, { method: "GET", target: "/mcp" }))).toBe("mcp-stream");
    expect(verdict(decide(policyFor(), { method: "POST", target: "/mcp", body: "{}" }))).toBe("route-not-allowed");
  });
});
