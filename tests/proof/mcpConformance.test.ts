import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startGate, type Gate } from "../gate/support/gate";
import { itWhen } from "../support/skip";

/* MCP as others judge it: the conformance suite 0.1.16 and the older official SDK 1.32.2. Neither is a dependency: the
   suite brings a hundred packages and needs Node 22.
   mkdir /tmp/mcp && cd /tmp/mcp && npm i @modelcontextprotocol/conformance@0.1.16 @modelcontextprotocol/sdk@1.32.2
   MCP_PEERS=/tmp/mcp npx jest tests/proof/mcpConformance.test.ts; MCP_NODE names the Node 22 or newer, `node` when absent */

const PEERS = process.env["MCP_PEERS"] ?? "";
const SUITE = join(PEERS, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
const missing = PEERS === "" || !existsSync(SUITE) ? "MCP_PEERS names no folder with the suite and the SDK" : "";

/** What the suite asks of every server. What else it has needs tools or features of its own example server (docs/mcp.md). */
const PASSES = ["server-initialize", "ping", "tools-list", "tools-call-simple-text", "tools-call-error"];

let gate: Gate;
let relay: Server;
beforeAll(async () => {
  if (missing !== "") return;
  gate = await startGate({ gate: { mcp: true } });
  // The suite sends no key. The relay adds it, and changes nothing else.
  relay = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => void passOn(pieces));
    const passOn = async (body: readonly Buffer[]): Promise<void> => {
      const { host: _host, connection: _connection, "content-length": _length, ...headers } = request.headers;
      const answer = await fetch(`${gate.url}${request.url ?? ""}`, {
        method: request.method ?? "GET",
        headers: { ...(headers as Record<string, string>), authorization: `Bearer ${gate.key}` },
        ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
      });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    };
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
}, 60_000);
afterAll(async () => {
  relay?.close();
  await gate?.stop();
});

const run = (scenario: string): Promise<{ code: number | null; out: string }> =>
  new Promise((resolve, reject) => {
    const { port } = relay.address() as AddressInfo;
    const child = spawn(process.env["MCP_NODE"] ?? "node", [
      SUITE,
      "server",
      "--url",
      `http://127.0.0.1:${port}/mcp`,
      ...["--scenario", scenario],
    ]);
    let out = "";
    child.stdout.on("data", (piece) => (out += String(piece)));
    child.stderr.on("data", (piece) => (out += String(piece)));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out }));
  });

describe("the conformance suite", () => {
  for (const scenario of PASSES)
    itWhen(missing === "", missing)(
      `passes ${scenario}`,
      async () => {
        const { code, out } = await run(scenario);
        expect([code, out]).toEqual([0, expect.stringMatching(/\b0 failed/)]);
      },
      60_000,
    );
});

interface OlderClient {
  connect(transport: unknown): Promise<void>;
  close(): Promise<void>;
  listTools(): Promise<{ tools: readonly { name: string }[] }>;
  callTool(call: object): Promise<{ isError?: boolean; content: readonly { text: string }[] }>;
}

describe("the older official SDK", () => {
  itWhen(missing === "", missing)("lists tools, reads, and sees a refusal as a tool's error in words", async () => {
    const load = createRequire(join(PEERS, "package.json"));
    const { Client } = load("@modelcontextprotocol/sdk/client/index.js") as {
      Client: new (info: object) => OlderClient;
    };
    const { StreamableHTTPClientTransport } = load("@modelcontextprotocol/sdk/client/streamableHttp.js") as {
      StreamableHTTPClientTransport: new (url: URL, options: object) => unknown;
    };
    const client = new Client({ name: "older", version: "1" });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${gate.url}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${gate.key}` } },
      }),
    );
    try {
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain("get_repository");
      const read = await client.callTool({ name: "get_repository", arguments: { owner: "acme", repo: "api" } });
      expect(read.isError ?? false).toBe(false);
      const refused = await client.callTool({ name: "get_repository", arguments: { owner: "acme", repo: "secrets" } });
      expect([refused.isError, refused.content[0]?.text]).toEqual([
        true,
        expect.stringContaining("repository-not-listed: Agents have no access to this repository."),
      ]);
    } finally {
      await client.close();
    }
  });
});
