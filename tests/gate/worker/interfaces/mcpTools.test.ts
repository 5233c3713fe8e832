import { startGate, type Gate } from "../../support/gate";
import type { Handler } from "../../support/upstream";

/** What calls of tools do at GitHub, and what a model sees of it: the gate in real workerd. */
let gate: Gate;
beforeAll(async () => {
  gate = await startGate({ gate: { mcp: true } });
}, 60_000);
afterAll(async () => gate?.stop());
beforeEach(() => gate.upstream.reset());

interface Result {
  readonly content: readonly { readonly text: string }[];
  readonly isError?: true;
}
async function call(name: string, args: object): Promise<Result> {
  const answer = await gate.ask("/mcp", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } }),
  });
  return ((await answer.json()) as { result: Result }).result;
}
const texts = ({ content }: Result): string[] => content.map(({ text }) => text);

describe("get_file_contents", () => {
  const read = { owner: "acme", repo: "api", path: "docs/a.md" };
  const contents = (text: string | Buffer): Handler => {
    const bytes = Buffer.from(text as string);
    const content = bytes.toString("base64").replace(/.{60}/g, "$&\n");
    return () => ({
      body: JSON.stringify({
        type: "file",
        path: read.path,
        size: bytes.length,
        sha: "abc",
        encoding: "base64",
        content,
      }),
    });
  };

  it("shows text as text, with size and sha", async () => {
    gate.upstream.handler = contents("# Größe\n");
    expect(await call("get_file_contents", { ...read, ref: "main" })).toEqual({
      content: [
        { type: "text", text: "docs/a.md: 10 bytes, sha abc." },
        { type: "text", text: "# Größe\n" },
      ],
    });
    expect(gate.upstream.received.map(({ url }) => url)).toEqual([
      "/api/v3/repos/acme/api/contents/docs/a.md?ref=main",
    ]);
  });

  it("lists the root without a path", async () => {
    gate.upstream.handler = () => ({ body: '[{"name":"a"}]' });
    expect(texts(await call("get_file_contents", { owner: "acme", repo: "api" }))).toEqual(['[{"name":"a"}]']);
    expect(gate.upstream.received.map(({ url }) => url)).toEqual(["/api/v3/repos/acme/api/contents"]);
  });

  it("says what GitHub says", async () => {
    gate.upstream.handler = () => ({ status: 404, body: '{"message":"Not Found"}' });
    expect(await call("get_file_contents", read)).toMatchObject({
      isError: true,
      content: [{ text: 'GitHub answered 404: {"message":"Not Found"}' }],
    });
  });

  // In base64 of these forms nobody would find it; decoded they can be read.
  it.each<[string, (token: string) => string]>([
    ["as it is", (token) => `a ${token} b`],
    ["backwards", (token) => `a ${[...token].reverse().join("")} b`],
    ["in hexadecimal digits", (token) => `a ${Buffer.from(token).toString("hex")} b`],
    ["in base64", (token) => `a ${Buffer.from(token).toString("base64")} b`],
    ["percent-encoded", (token) => `a ${token.replace(/_/g, "%5F").replace(/[0-9]/g, (d) => `%3${d}`)} b`],
  ])("never shows the gate's token: %s", async (_what, form) => {
    const shown = form(gate.token);
    gate.upstream.handler = contents(shown);
    const got = JSON.stringify(await call("get_file_contents", read));
    expect(got).not.toContain(shown.slice(2, -2));
    expect(got).toContain("[removed by gatehouse]");
  });
});

describe("push_files", () => {
  const sha = "0123456789abcdef0123456789abcdef01234567";
  const push = {
    owner: "acme",
    repo: "api",
    branch: "claude/x",
    sha,
    message: "Two files",
    files: [
      { path: "a.md", content: "# a\n" },
      { path: "b/c.md", content: "# c\n" },
    ],
  };
  const github =
    (commit: object, compared: object[] = []): Handler =>
    ({ url }) => ({
      body: JSON.stringify(
        url.includes("/compare/")
          ? { files: compared }
          : url.includes("/git/trees/")
            ? { truncated: false, tree: [] }
            : commit,
      ),
    });
  const made = { data: { createCommitOnBranch: { commit: { oid: "f".repeat(40), url: "x" } } } };
  const writes = (): string[] =>
    gate.upstream.received.filter(({ method }) => method !== "GET").map(({ method, url }) => `${method} ${url}`);

  it("makes one commit by one request, after all look-ups", async () => {
    gate.upstream.handler = github(made);
    expect(await call("push_files", push)).toEqual({
      content: [{ type: "text", text: JSON.stringify(made.data.createCommitOnBranch) }],
    });
    expect(writes()).toEqual(["POST /api/graphql"]);
    const last = gate.upstream.received.at(-1);
    expect(JSON.parse(String(last?.body))).toMatchObject({
      variables: {
        gatehouseInput: { expectedHeadOid: sha, fileChanges: { additions: [{ path: "a.md" }, { path: "b/c.md" }] } },
      },
    });
  });

  it("does nothing where the branch has moved, and says so", async () => {
    gate.upstream.handler = github({
      data: { createCommitOnBranch: null },
      errors: [{ type: "STALE_DATA", message: "Expected branch to point to another commit." }],
    });
    expect(await call("push_files", push)).toEqual({
      isError: true,
      content: [
        {
          type: "text",
          text: "GitHub refused, and nothing was changed: Expected branch to point to another commit.",
        },
      ],
    });
  });

  it.each<[string, object, Handler, string]>([
    [
      "a protected path in the last file",
      { files: [...push.files, { path: ".github/workflows/a.yml", content: "" }] },
      github(made),
      "protected-path",
    ],
    ["the default branch", { branch: "main" }, github(made), "ref-outside-agent-space"],
    [
      "more files on the branch than one change may have",
      {},
      github(
        made,
        Array.from({ length: 250 }, (_, i) => ({ filename: `f${i}`, changes: 1 })),
      ),
      "change-too-large",
    ],
    [
      "a new secret in one of the files",
      { files: [...push.files, { path: "d.md", content: `key = AKIA${"Q3EGRLYJJ7Q2WZ5D"}\n` }] },
      ({ url }) => (url.includes("/contents/") ? { status: 404 } : github(made)({ url } as never)),
      "secret-in-content",
    ],
    [
      "a branch that is not there",
      {},
      ({ url }) => (url.includes("/compare/") ? { status: 404 } : undefined),
      "lookup-failed",
    ],
  ])("writes nothing at all for %s", async (_what, change, handler, rule) => {
    gate.upstream.handler = handler;
    const got = await call("push_files", { ...push, ...change });
    expect([got.isError, texts(got).join()]).toEqual([true, expect.stringContaining(`${rule}: `)]);
    expect(writes()).toEqual([]);
  });

  it("is recorded as the mutation that it is", async () => {
    gate.upstream.handler = github(made);
    await call("push_files", push);
    await call("push_files", { ...push, branch: "main" });
    const trail = (await (await gate.operate("GET", "/_gate/audit?limit=1000")).text()).trim().split("\n");
    const records = trail.map((line) => JSON.parse(line) as Record<string, unknown>);
    const common = { method: "POST", path: "/graphql", route: "graphql.mutation" };
    expect(records).toContainEqual(expect.objectContaining({ ...common, decision: "allow", repository: "acme/api" }));
    expect(records).toContainEqual(
      expect.objectContaining({ ...common, decision: "deny", reason: "ref-outside-agent-space", status: 403 }),
    );
  });
});
