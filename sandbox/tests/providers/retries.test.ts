import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CloudflareClient } from "../../providers/cloudflare/client";
import { VaultClient } from "../../providers/vault/client";

/** What the server says, one answer a call; the last again and again. "drop" breaks the connection. */
type Answer = { status: number; headers?: Record<string, string>; body?: unknown } | "drop";

describe("clients try again", () => {
  let server: Server;
  let answers: Answer[] = [];
  let calls = 0;
  const waits: number[] = [];
  const pause = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    return Promise.resolve();
  };
  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  beforeAll(async () => {
    server = createServer((request, response) => {
      calls += 1;
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined || answer === "drop") return void request.socket.destroy();
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(JSON.stringify(answer.body ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    calls = 0;
    waits.length = 0;
  });

  const cloudflare = (): Promise<unknown> =>
    new CloudflareClient({
      baseUrl: `${origin()}/client/v4/`,
      authorization: { authorization: "Bearer none" },
      pause,
    }).result({
      method: "GET",
      path: "zones/1",
    });
  const ok = { status: 200, body: { result: "fine" } };

  it.each([408, 409, 429, 500, 503])("cloudflare: after %i", async (status) => {
    answers = [{ status }, ok];
    expect(await cloudflare()).toBe("fine");
    expect(calls).toBe(2);
  });

  it("cloudflare: after a broken connection", async () => {
    answers = ["drop", "drop", ok];
    expect(await cloudflare()).toBe("fine");
    expect(waits).toEqual([500, 1000]);
  });

  it.each([
    [400, {}, 1],
    [404, {}, 1],
    [500, { "x-should-retry": "false" }, 1],
    [400, { "x-should-retry": "true" }, 11],
    [500, {}, 11],
  ])("cloudflare: an unending %i with %j is tried %i times", async (status, headers, tries) => {
    answers = [{ status, headers }];
    await expect(cloudflare()).rejects.toThrow(`with ${status}`);
    expect(calls).toBe(tries);
    // Never longer than eight seconds by itself.
    expect(Math.max(0, ...waits)).toBeLessThanOrEqual(8000);
  });

  it("cloudflare: waits as long as the service asks, within a minute", async () => {
    answers = [
      { status: 429, headers: { "retry-after": "3" } },
      { status: 429, headers: { "retry-after-ms": "20" } },
      { status: 429, headers: { "retry-after": "86400" } },
      ok,
    ];
    await cloudflare();
    expect(waits).toEqual([3000, 20, 60_000]);
  });

  const vault = async (maxRetries: number): Promise<unknown> => {
    const client = await VaultClient.connect({
      address: origin(),
      token: "none",
      tokenName: "terraform",
      maxLeaseTtlSeconds: 60,
      skipChildToken: true,
      maxRetries,
      pause,
    });
    return client.read("sys/x");
  };
  const start = { status: 200, body: { data: {} } };

  it.each([412, 429, 500, 502, 503])("vault: after %i", async (status) => {
    answers = [start, { status, body: { errors: ["busy"] } }, { status: 200, body: { data: { a: 1 } } }];
    expect(await vault(2)).toEqual({ a: 1 });
    expect(calls).toBe(3);
  });

  it("vault: gives up after the wanted number of tries, in the server's words", async () => {
    answers = [start, { status: 503, body: { errors: ["Vault is sealed"] } }];
    await expect(vault(2)).rejects.toThrow("Vault refused GET sys/x with 503: Vault is sealed");
    expect(calls).toBe(4);
  });

  it.each([400, 403, 501])("vault: not after %i", async (status) => {
    answers = [start, { status, body: { errors: ["no"] } }];
    await expect(vault(2)).rejects.toThrow(`with ${status}: no`);
    expect(calls).toBe(2);
  });

  it("vault: never shows a token that the server repeats", async () => {
    answers = [start, { status: 400, body: { errors: ["bad token none-such"] } }];
    const client = await VaultClient.connect({
      address: origin(),
      token: "none-such",
      tokenName: "terraform",
      maxLeaseTtlSeconds: 60,
      skipChildToken: true,
      maxRetries: 0,
    });
    await expect(client.write("x", {})).rejects.toThrow("bad token [token]");
  });
});
