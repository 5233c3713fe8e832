import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startVault, type Vault } from "../../sandbox/vault";

/** Where tests find the server's binary: the repository's own tools folder, so that only the first run installs it. */
export const TOOLS_DIR = resolve(__dirname, "../../.gatehouse/tools");

/** A server for one test file, and short forms of the calls tests make. */
export interface TestVault {
  /** Valid from `beforeAll` on. */
  readonly server: Vault;
  /** One API call below `/v1/`; answers status and parsed body, whatever the status. Uses the root token by default. */
  call(
    method: string,
    path: string,
    body?: unknown,
    token?: string,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
}

/**
 * Registers `beforeAll` and `afterAll` hooks that start one in-memory OpenBao server for the file and end it.
 *
 *     const vault = useVault();
 *     it("stores", async () => { await vault.call("POST", "agents/data/x", { data: { a: "1" } }); });
 */
export function useVault(options: { storage?: "raft" | "inmem" } = {}): TestVault {
  let server: Vault | undefined;
  let dataDir: string | undefined;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-vault-"));
    server = await startVault({ dataDir, toolsDir: TOOLS_DIR, storage: options.storage ?? "inmem" });
  }, 300_000);
  afterAll(async () => {
    await server?.stop();
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
  });
  const running = (): Vault => {
    if (server === undefined) throw new Error("The server is there from beforeAll on.");
    return server;
  };
  return {
    get server() {
      return running();
    },
    async call(method, path, body, token = running().token) {
      const response = await fetch(`${running().addr}/v1/${path}`, {
        method,
        headers: { "x-vault-token": token },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
    },
  };
}
