import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Anthropic as Client } from "@anthropic-ai/sdk";
import { startAnthropic } from "../../anthropic";
import { AGENT, all, served, type Served } from "./support";

let sandbox: Served;
beforeEach(async () => {
  sandbox = await served();
});
afterEach(() => sandbox.standIn.stop());

const agents = () => sandbox.client.beta.agents;
const raw = (headers: Record<string, string>, path = "/v1/agents") =>
  fetch(`${sandbox.standIn.api}${path}`, { headers });
const GOOD = { "anthropic-version": "2026-10-21", "anthropic-beta": "managed-agents-2026-04-01" };

describe("every request", () => {
  it("shows the key as Bearer or as x-api-key", async () => {
    expect((await raw({ ...GOOD, authorization: `Bearer ${sandbox.standIn.key}` })).status).toBe(200);
    expect((await raw({ ...GOOD, "x-api-key": sandbox.standIn.key })).status).toBe(200);
  });

  it.each([
    ["no key", {}, 401, "authentication_error"],
    ["a wrong key", { authorization: "Bearer sk-ant-wrong" }, 401, "authentication_error"],
    ["no version", { "anthropic-version": "" }, 400, "invalid_request_error"],
    ["an unknown version", { "anthropic-version": "2019-01-01" }, 400, "invalid_request_error"],
    ["no beta", { "anthropic-beta": "other-2026-01-01" }, 400, "invalid_request_error"],
    ["another workspace", { "anthropic-workspace-id": "wrkspc_other" }, 403, "permission_error"],
  ])("is refused with %s", async (name, headers, status, type) => {
    const key = { authorization: `Bearer ${sandbox.standIn.key}` };
    const response = await raw({ ...GOOD, ...(name === "no key" ? {} : key), ...headers });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      type: "error",
      error: { type, message: expect.any(String) },
      request_id: response.headers.get("request-id"),
    });
  });

  it("is seen as the official client sends it, without its key", async () => {
    await all(agents().list({ include_archived: true }));
    const [seen] = await sandbox.control<{ path: string; query: unknown; headers: Record<string, string> }[]>(
      "GET",
      "requests",
    );
    expect(seen).toMatchObject({ path: "/v1/agents", query: { include_archived: "true" } });
    expect(seen?.headers).toMatchObject(GOOD);
    expect(seen?.headers["authorization"]).toMatch(/^sha256:/);
    expect(JSON.stringify(seen)).not.toContain(sandbox.standIn.key);
  });

  it("finds nothing at unknown paths", async () => {
    const response = await raw({ ...GOOD, "x-api-key": sandbox.standIn.key }, "/v1/unknown");
    expect(response.status).toBe(404);
  });
});

describe("lists", () => {
  it("go page by page, and what is made meanwhile repeats and hides nothing", async () => {
    const made = [];
    for (let i = 0; i < 5; i++) made.push((await agents().create({ ...AGENT, name: `a${i}` })).name);
    const first = await agents().list({ limit: 2 });
    expect(first.data.map(({ name }) => name)).toEqual(["a4", "a3"]);
    await agents().create({ ...AGENT, name: "late" });
    const second = await first.getNextPage();
    expect(second.data.map(({ name }) => name)).toEqual(["a2", "a1"]);
    expect((await all(agents().list({ limit: 2 }))).map(({ name }) => name)).toEqual([
      "late",
      "a4",
      "a3",
      "a2",
      "a1",
      "a0",
    ]);
  });

  it("refuse a cursor or a limit that is none", async () => {
    await expect(agents().list({ page: "nonsense" })).rejects.toMatchObject({ status: 400 });
    await expect(agents().list({ limit: 0 })).rejects.toMatchObject({ status: 400 });
  });
});

describe("rate limits", () => {
  it("say what is left, and 429 with how long to wait when nothing is", async () => {
    await sandbox.control("POST", "limits", { createPerMinute: 1, readPerMinute: 1200 });
    const { response } = await agents().create(AGENT).withResponse();
    expect(response.headers.get("anthropic-ratelimit-requests-remaining")).toBe("0");
    const refused = (await agents()
      .create(AGENT)
      .catch((error: unknown) => error)) as InstanceType<typeof Client.RateLimitError>;
    expect(refused).toMatchObject({ status: 429, type: "rate_limit_error" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(50);
    expect(await all(agents().list())).toHaveLength(1);
  });
});

describe("failures on order", () => {
  it("answer with a status so many times", async () => {
    await sandbox.control("POST", "faults", { method: "GET", pathPrefix: "/v1/agents", status: 529, times: 2 });
    await expect(agents().list()).rejects.toMatchObject({ status: 529, type: "overloaded_error" });
    await expect(agents().list()).rejects.toMatchObject({ status: 529 });
    expect((await agents().list()).data).toEqual([]);
  });

  it("break a create off after it took effect: a client that repeats by itself then has two", async () => {
    const order = { method: "POST", pathPrefix: "/v1/agents", drop: true, when: "after" };
    await sandbox.control("POST", "faults", order);
    await expect(agents().create(AGENT)).rejects.toBeInstanceOf(Client.APIConnectionError);
    expect(await all(agents().list())).toHaveLength(1);
    await sandbox.control("POST", "faults", order);
    await agents().create(AGENT, { maxRetries: 2 });
    expect(await all(agents().list())).toHaveLength(3);
  });

  it("are refused by name when they make no sense", async () => {
    await expect(sandbox.control("POST", "faults", { pathPrefix: "/v1" })).rejects.toThrow(
      /one of status, delayMs, drop/,
    );
  });
});

it("says that a port is taken", async () => {
  const port = Number(new URL(sandbox.standIn.api).port);
  await expect(startAnthropic({ port })).rejects.toThrow(/could not start/);
});

describe("federation", () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });
  const ended = Math.floor(Date.now() / 1000) - 1;
  /** A client that has nothing but an identity token in a file, as CI gives it. */
  async function clientWith(claims: object): Promise<Client> {
    const rule = await sandbox.control<{ id: string; organization_id: string }>("POST", "federation", {
      subjectPrefix: "repo:acme/posture:",
    });
    const file = join(mkdtempSync(join(tmpdir(), "gatehouse-identity-")), "token");
    const jwt = ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url"));
    writeFileSync(file, jwt.join("."));
    for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"]) delete process.env[name];
    Object.assign(process.env, {
      ANTHROPIC_FEDERATION_RULE_ID: rule.id,
      ANTHROPIC_ORGANIZATION_ID: rule.organization_id,
      ANTHROPIC_IDENTITY_TOKEN_FILE: file,
    });
    return new Client({ baseURL: sandbox.standIn.api, maxRetries: 0, logLevel: "off" });
  }

  it("takes the identity token of a run in place of a key", async () => {
    const client = await clientWith({ sub: "repo:acme/posture:ref:refs/heads/main", exp: ended + 600 });
    expect(await all(client.beta.agents.list())).toEqual([]);
    const seen = await sandbox.control<{ path: string }[]>("GET", "requests");
    expect(seen.map(({ path }) => path)).toEqual(["/v1/oauth/token", "/v1/agents"]);
  });

  it.each([
    ["another repository", { sub: "repo:stranger/posture:ref", exp: ended + 600 }],
    ["a run that is long over", { sub: "repo:acme/posture:ref", exp: ended }],
  ])("refuses %s", async (_, claims) => {
    const client = await clientWith(claims);
    await expect(client.beta.agents.list()).rejects.toThrow(/Token exchange failed with status 401/);
  });
});

describe("webhooks", () => {
  /** A receiver that answers with each status in turn, the last one for ever. */
  async function receiver(...statuses: number[]) {
    const got: { headers: Record<string, string>; body: string }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        got.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
        response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const { key } = await sandbox.control<{ key: string }>("POST", "webhooks", { url });
    return { got, key, stop: () => new Promise((resolve) => server.close(resolve)) };
  }

  it("are signed as the official client wants it, and tell what happened and no more", async () => {
    const { got, key, stop } = await receiver(204);
    const { id } = await agents().create(AGENT);
    await sandbox.standIn.webhooksSettled();
    await stop();
    const [message] = got;
    const event = sandbox.client.beta.webhooks.unwrap(message?.body ?? "", { headers: message?.headers ?? {}, key });
    expect(event).toMatchObject({ type: "event", data: { type: "agent.created", id } });
    expect(message?.body).not.toContain("coder");
    expect(() =>
      sandbox.client.beta.webhooks.unwrap(`${message?.body} `, { headers: message?.headers ?? {}, key }),
    ).toThrow();
  });

  it("come up to three times with one id, and then no more", async () => {
    const { got, stop } = await receiver(500);
    await agents().create(AGENT);
    await sandbox.standIn.webhooksSettled();
    await stop();
    expect(got).toHaveLength(3);
    expect(new Set(got.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  });

  it("stop for good at a redirect", async () => {
    const { got, stop } = await receiver(302);
    await agents().create(AGENT);
    await sandbox.standIn.webhooksSettled();
    await agents().create(AGENT);
    await sandbox.standIn.webhooksSettled();
    await stop();
    expect(got).toHaveLength(1);
  });
});
