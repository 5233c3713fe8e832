import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { startGate, type Gate } from "../../support/gate";

/** The official client against the gate in real workerd. */
let gate: Gate;
let off: Gate;
beforeAll(async () => {
  gate = await startGate({ gate: { mcp: true } });
  off = await startGate();
}, 60_000);
afterAll(async () => {
  await gate?.stop();
  await off?.stop();
});

async function connected(mode: "legacy" | { pin: string }): Promise<Client> {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } } as never);
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${gate.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${gate.key}` } },
    }),
  );
  return client;
}

describe.each([["legacy" as const], [{ pin: "2026-07-28" }]])("the official client, %j", (mode) => {
  let client: Client;
  beforeAll(async () => {
    client = await connected(mode);
  });
  afterAll(async () => client?.close());

  it("gets the guide, and the tools that the policy opens", async () => {
    expect(client.getInstructions()).toContain("# What you may do on GitHub");
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["get_file_contents", "create_pull_request"]));
    expect(names).not.toContain("merge_pull_request");
  });

  it("reads what the policy opens", async () => {
    const before = gate.upstream.received.length;
    const got = await client.callTool({
      name: "list_pull_requests",
      arguments: { owner: "acme", repo: "api", state: "open" },
    });
    expect(got.isError ?? false).toBe(false);
    expect(gate.upstream.received.slice(before).map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /api/v3/repos/acme/api/pulls?state=open",
    ]);
  });

  it.each([
    ["get_repository", { owner: "acme", repo: "secrets" }, "repository-not-listed"],
    ["get_repository", { owner: "acme", repo: ".." }, "path-dot-segment"],
    ["get_repository", { owner: "acme", repo: "api/collaborators" }, "repository-not-listed"],
    ["get_file_contents", { owner: "acme", repo: "api", path: "../../secrets" }, "path-dot-segment"],
    ["merge_pull_request", { owner: "acme", repo: "api", pullNumber: 1 }, "pull-request-merge"],
    [
      "create_or_update_file",
      { owner: "acme", repo: "api", path: "a", branch: "main", message: "x", content: "y" },
      "ref-outside-agent-space",
    ],
    [
      "create_or_update_file",
      { owner: "acme", repo: "api", path: ".github/workflows/a.yml", branch: "claude/x", message: "x", content: "y" },
      "protected-path",
    ],
    ["create_branch", { owner: "acme", repo: "api", branch: "main", sha: "a".repeat(40) }, "ref-outside-agent-space"],
    ["create_issue", { owner: "acme", repo: "docs", title: "x" }, "access-read-only"],
    ["create_issue", { owner: "acme", repo: "api", title: "x", assignee: "Copilot" }, "body-key-not-allowed"],
    ["search_code", { query: "password" }, "search-not-scoped"],
    ["no_such_tool", {}, "mcp-tool"],
  ])("is told what to do instead: %s %j", async (name, args, rule) => {
    const before = gate.upstream.received.length;
    const got = await client.callTool({ name, arguments: args });
    expect([got.isError, JSON.stringify(got.content)]).toEqual([true, expect.stringContaining(rule)]);
    expect(gate.upstream.received.length).toBe(before);
  });
});

describe("/mcp", () => {
  const meta = {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  };
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...meta, name: "get_me", arguments: {} } };
  const modern = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "get_me" };
  it.each<[string, unknown, Record<string, string>, number, string]>([
    ["another method in the header", call, { ...modern, "mcp-method": "tools/list" }, 400, "mcp-header"],
    ["another tool in the header", call, { ...modern, "mcp-name": "create_issue" }, 400, "mcp-header"],
    ["no headers", call, {}, 400, "mcp-header"],
    ["a foreign origin", call, { ...modern, origin: "https://elsewhere.example" }, 403, "origin-not-allowed"],
    ["a list", [call], modern, 400, "mcp-malformed"],
    ["a key twice", '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}', {}, 400, "body-duplicate-key"],
    [
      "depth",
      `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":${"[".repeat(30)}${"]".repeat(30)}}`,
      {},
      400,
      "body-too-deep",
    ],
    [
      "an unknown method",
      { jsonrpc: "2.0", id: 1, method: "resources/list", params: meta },
      { "mcp-protocol-version": "2026-07-28", "mcp-method": "resources/list" },
      404,
      "mcp-method",
    ],
    [
      "a later version",
      { jsonrpc: "2.0", id: 1, method: "tools/list" },
      { "mcp-protocol-version": "2027-01-01" },
      400,
      "mcp-version",
    ],
    ["too much", `{"jsonrpc":"2.0","x":"${"x".repeat(1_100_000)}"}`, {}, 413, "body-too-large"],
  ])("refuses %s", async (_what, body, headers, status, rule) => {
    const before = gate.upstream.received.length;
    const answer = await gate.ask("/mcp", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { data: { gatehouse: { rule } } } });
    expect(gate.upstream.received.length).toBe(before);
  });

  it("has no stream, needs a key, and is not there unless the policy says so", async () => {
    expect((await gate.ask("/mcp")).status).toBe(405);
    expect((await gate.ask("/mcp", { method: "POST", body: "{}", headers: { authorization: "" } })).status).toBe(401);
    expect((await off.ask("/mcp", { method: "POST", body: "{}" })).status).toBe(403);
  });

  it("records the REST request that was decided, one record a request", async () => {
    const trail = await (await gate.operate("GET", "/_gate/audit?limit=1000")).text();
    const records = trail
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records).toContainEqual(
      expect.objectContaining({
        method: "GET",
        path: "/repos/acme/api/pulls",
        route: "pulls.list",
        repository: "acme/api",
        decision: "allow",
      }),
    );
    expect(records).toContainEqual(
      expect.objectContaining({ decision: "deny", reason: "protected-path", status: 403 }),
    );
    expect(new Set(records.map((r) => r["requestId"])).size).toBe(records.length);
  });
});
