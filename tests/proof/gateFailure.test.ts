import { request as rawRequest } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { AlertReceiver } from "../gate/support/alerts";
import { DeployedGate } from "../gate/support/deployed";
import { ruleOf, startGate, type Gate } from "../gate/support/gate";
import { policyFor } from "../gate/support/policy";

const issue = { method: "POST", headers: { "content-type": "application/json" }, body: '{"title":"t"}' };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a refusal says, in one line. */
const seen = async (answer: Response): Promise<string> =>
  answer.status < 400 ? String(answer.status) : `${answer.status} ${await ruleOf(answer)}`;

/**
 * Every failure is refused, reaches GitHub with nothing, and is told in a signed message; the same request passes
 * before and after.
 */
describe("a dependency that fails from the first request on", () => {
  let gate: DeployedGate;
  beforeAll(async () => {
    gate = await DeployedGate.start();
    expect(
      (
        await gate.deploy(
          policyFor(gate.upstream.url, {
            requestsPerMinute: 100_000,
            requestsPerHour: 1_000_000,
            writesPerMinute: 10_000,
          }),
        )
      ).status,
    ).toBe(200);
  }, 60_000);
  afterEach(() => gate.repair());
  afterAll(() => gate.stop());

  it.each<[string, string, { delayMs?: number }, string]>([
    ["the ledger is down", "LEDGER", {}, "ledger-unavailable"],
    ["the ledger is silent", "LEDGER", { delayMs: 20_000 }, "ledger-unavailable"],
    ["Workers KV is down", "TOKENS", {}, "token-unavailable"],
    ["Workers KV is silent", "TOKENS", { delayMs: 20_000 }, "token-unavailable"],
  ])(
    "when %s, reads and writes are refused",
    async (_name, binding, how, rule) => {
      await gate.break(binding, how);
      gate.upstream.reset();
      gate.alerts.reset();
      const [ready, ...answers] = await Promise.all([
        gate.operate("GET", "/_gate/ready"),
        gate.ask("/repos/acme/api"),
        gate.ask("/repos/acme/api/issues", issue),
        gate.ask("/acme/api.git/info/refs?service=git-upload-pack"),
      ]);
      expect(await Promise.all(answers.map(seen))).toEqual(Array(3).fill(`503 ${rule}`));
      expect(gate.upstream.received).toEqual([]);
      expect(await gate.alerts.of(`gate.${rule}`)).toMatchObject({ signed: true });
      expect(await ready.json()).toMatchObject({ ready: false });
      await gate.repair();
      expect([
        await seen(await gate.ask("/repos/acme/api")),
        await seen(await gate.ask("/repos/acme/api/issues", issue)),
      ]).toEqual(["200", "200"]);
    },
    60_000,
  );

  it("when R2 is down, what is on the ledger's disk still passes, until a batch should have left and has not", async () => {
    await gate.break("AUDIT");
    gate.upstream.reset();
    gate.alerts.reset();
    expect([
      await seen(await gate.ask("/repos/acme/api")),
      await seen(await gate.ask("/repos/acme/api/issues", issue)),
    ]).toEqual(["200", "200"]);
    let passed = 0;
    for (let i = 0; i < 40 && (await gate.alerts.all).length === 0; i++) {
      passed += (await Promise.all(Array.from({ length: 50 }, () => gate.ask("/repos/acme/docs")))).filter(
        ({ status }) => status === 200,
      ).length;
      await pause(50);
    }
    // 500 lines or ten seconds, and what was under way meanwhile.
    expect(passed).toBeLessThan(1500);
    // The gate hears of it with its next exchange.
    for (let i = 0; i < 40 && (await gate.ask("/repos/acme/api")).status === 200; i++) await pause(250);
    gate.upstream.reset();
    expect([
      await seen(await gate.ask("/repos/acme/api")),
      await seen(await gate.ask("/repos/acme/api/issues", issue)),
    ]).toEqual(["503 audit-unavailable", "503 audit-unavailable"]);
    expect(gate.upstream.received).toEqual([]);
    expect(await gate.alerts.of("gate.audit-archive-failed")).toMatchObject({ signed: true });
    await gate.repair();
    // The first request moves what waits, and is let through when that worked.
    for (let i = 0; i < 20 && (await gate.ask("/repos/acme/api")).status !== 200; i++) await pause(250);
    expect([
      await seen(await gate.ask("/repos/acme/api")),
      await seen(await gate.ask("/repos/acme/api/issues", issue)),
    ]).toEqual(["200", "200"]);
    const lines = (await (await gate.operate("GET", "/_gate/audit?limit=10000")).text())
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(lines).toEqual(lines.map((_, index) => index + 1));
  }, 90_000);
});

describe("a dependency that fails while the gate runs", () => {
  let gate: Gate;
  let alerts: AlertReceiver;
  beforeAll(async () => {
    alerts = await AlertReceiver.start();
    gate = await startGate({
      disturbed: true,
      bindings: alerts.bindings,
      gate: { tokenCacheSeconds: 2, upstreamTimeoutSeconds: 1 },
    });
  }, 60_000);
  beforeEach(async () => {
    await gate.disturb({});
    gate.upstream.reset();
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("200");
    gate.upstream.reset();
    alerts.reset();
  });
  afterAll(async () => {
    await gate.stop();
    await alerts.stop();
  });

  it("a ledger that goes away: a lease serves reads for two seconds more, no write is answered, and then nothing passes", async () => {
    expect(await seen(await gate.ask("/repos/acme/api/issues", issue))).toBe("200");
    await gate.disturb({ broken: ["LEDGER"] });
    expect(await seen(await gate.ask("/repos/acme/api/issues", issue))).toMatch(/^503 (?:audit|ledger)-unavailable$/);
    expect((await alerts.of("gate.audit-unavailable")) ?? (await alerts.of("gate.ledger-unavailable"))).toMatchObject({
      signed: true,
    });
    await gate.disturb({ broken: ["LEDGER"], clock: 2_100 });
    gate.upstream.reset();
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("503 ledger-unavailable");
    expect(gate.upstream.received).toEqual([]);
    await gate.disturb({});
    expect([
      await seen(await gate.ask("/repos/acme/api")),
      await seen(await gate.ask("/repos/acme/api/issues", issue)),
    ]).toEqual(["200", "200"]);
  }, 30_000);

  it("a token store that goes away: the token serves as long as it is fresh, and no longer", async () => {
    await gate.disturb({ broken: ["TOKENS"] });
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("200");
    await gate.disturb({ broken: ["TOKENS"], clock: 2_100 });
    gate.upstream.reset();
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("503 token-unavailable");
    expect(gate.upstream.received).toEqual([]);
    expect(await alerts.of("gate.token-unavailable")).toMatchObject({ signed: true });
    await gate.disturb({});
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("200");
  }, 30_000);

  it("a clock that is set back gives nothing longer than it was given: neither a lease nor a token", async () => {
    await gate.disturb({ clock: -3_600_000, broken: ["LEDGER"] });
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("503 ledger-unavailable");
    await gate.disturb({ clock: -7_200_000, broken: ["TOKENS"] });
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("503 token-unavailable");
    expect(gate.upstream.received).toEqual([]);
    await gate.disturb({ clock: -7_200_000 });
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("200");
    await gate.disturb({ clock: -7_200_000 + 2_100, broken: ["LEDGER"] });
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("503 ledger-unavailable");
  }, 30_000);

  it("a clock that jumps ahead ends leases and the token's time, and both are asked for anew", async () => {
    await gate.disturb({ clock: 3_600_000 });
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("200");
  }, 30_000);

  it("an exception that nobody foresaw is a refusal with an alert, without a word of its cause", async () => {
    await gate.disturb({ digest: true });
    const answer = await gate.ask("/repos/acme/api", { headers: { authorization: `token ${gate.key}` } });
    const text = await answer.text();
    expect([
      answer.status,
      (JSON.parse(text) as { gatehouse: { rule: string } }).gatehouse.rule,
      text.includes("memory"),
    ]).toEqual([503, "gate-error", false]);
    expect(gate.upstream.received).toEqual([]);
    expect(await alerts.of("gate.gate-error")).toMatchObject({
      signed: true,
      data: { error: "TypeError: no memory for this" },
    });
    await gate.disturb({});
    expect((await gate.ask("/repos/acme/api", { headers: { authorization: `token ${gate.key}` } })).status).toBe(200);
  }, 30_000);

  it("GitHub that is too slow is a 504 with an alert", async () => {
    gate.upstream.handler = () => new Promise((resolve) => setTimeout(() => resolve({}), 2_000));
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("504 upstream-timeout");
    expect(await alerts.of("gate.upstream-timeout")).toMatchObject({ signed: true });
    gate.upstream.handler = () => new Promise((resolve) => setTimeout(() => resolve({}), 200));
    expect(await seen(await gate.ask("/repos/acme/api"))).toBe("200");
  }, 30_000);
});

describe("GitHub that breaks", () => {
  let server: Server;
  let gate: Gate;
  let alerts: AlertReceiver;
  let play: (socket: Socket) => void = () => undefined;
  const sockets = new Set<Socket>();
  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("data", () => play(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    alerts = await AlertReceiver.start();
    gate = await startGate({
      bindings: alerts.bindings,
      gate: { upstreamTimeoutSeconds: 2 },
      policy: (policy) => ({
        ...policy,
        upstream: { api: `${base}/api/v3`, graphql: `${base}/api/graphql`, git: base },
      }),
    });
  }, 60_000);
  afterAll(async () => {
    await gate.stop();
    await alerts.stop();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const JSON_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
  it.each<[string, (socket: Socket) => void, RegExp]>([
    ["closes the connection", (socket) => socket.destroy(), /^502 upstream-error$/],
    ["speaks another protocol", (socket) => socket.end("SSH-2.0-hello\r\n\r\n"), /^502 upstream-error$/],
    [
      "ends within its answer",
      (socket) => socket.end(`${JSON_HEAD}content-length: 100\r\n\r\n{"a":`),
      /^502 upstream-error$/,
    ],
    [
      "ends within a chunk",
      (socket) => socket.end(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n40\r\n{"a":`),
      /^502 upstream-error$/,
    ],
    [
      "switches protocols",
      (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"),
      /^50[24] upstream-(?:error|timeout)$/,
    ],
    [
      "never ends its answer",
      (socket) => socket.write(`${JSON_HEAD}content-length: 100\r\n\r\n{"a":`),
      /^50[24] upstream-(?:error|timeout)$/,
    ],
  ])(
    "and %s is a 502 with an alert, and never half an answer",
    async (_name, broken, expected) => {
      play = broken;
      expect(await seen(await gate.ask("/repos/acme/api"))).toMatch(expected);
      expect((await alerts.of("gate.upstream-error")) ?? (await alerts.of("gate.upstream-timeout"))).toMatchObject({
        signed: true,
      });
      play = (socket) => socket.end(`${JSON_HEAD}content-length: 9\r\n\r\n{"a":"b"}`);
      expect(await (await gate.ask("/repos/acme/api")).text()).toBe('{"a":"b"}');
    },
    30_000,
  );

  it("while a client that goes away costs nobody else their place", async () => {
    play = () => undefined;
    const gone = Array.from({ length: 80 }, () => {
      const request = rawRequest(`${gate.url}/repos/acme/api`, { headers: { authorization: `Bearer ${gate.key}` } });
      request.on("error", () => undefined);
      request.end();
      return request;
    });
    await pause(300);
    for (const request of gone) request.destroy();
    play = (socket) => socket.end(`${JSON_HEAD}content-length: 2\r\n\r\n{}`);
    let status = 0;
    for (let i = 0; i < 20 && status !== 200; i++) {
      status = (await gate.ask("/repos/acme/api")).status;
      if (status !== 200) await pause(500);
    }
    expect(status).toBe(200);
  }, 60_000);
});

describe("Vault", () => {
  const isVault = (url: string): boolean => url.startsWith("/v1/");
  const gates: Gate[] = [];
  let alerts: AlertReceiver;
  beforeAll(async () => (alerts = await AlertReceiver.start()));
  beforeEach(() => alerts.reset());
  afterAll(async () => {
    for (const gate of gates) await gate.stop();
    await alerts.stop();
  });

  /** A gate whose Vault is a part of the loopback server; `broken` says what it answers instead of a token. */
  async function start(): Promise<{
    gate: Gate;
    broken: (reply: { status: number } | "silent" | undefined) => void;
    reached: () => number;
  }> {
    let reply: { status: number } | "silent" | undefined;
    const address = { url: "" };
    const gate = await startGate({
      disturbed: true,
      gate: { tokenCacheSeconds: 60 },
      bindings: { ...alerts.bindings, VAULT_SECRET_ID: "secret" },
      policy: (policy) => {
        address.url = policy.upstream.git;
        return policy;
      },
      late: () => ({
        TOKEN_STORE: {
          kind: "vault",
          address: address.url,
          mount: "agents",
          path: "github/claude-bot",
          authMount: "gatehouse-gate",
          roleId: "role",
        },
      }),
    });
    gates.push(gate);
    gate.upstream.handler = ({ url }) => {
      if (!isVault(url)) return {};
      if (reply === "silent") return new Promise(() => undefined);
      if (reply !== undefined) return { ...reply, body: '{"errors":["Vault is sealed"]}' };
      return {
        body: JSON.stringify(
          url.includes("/login")
            ? { auth: { client_token: "session", lease_duration: 1 } }
            : { data: { data: { token: gate.token, expires_at: "" } } },
        ),
      };
    };
    return {
      gate,
      broken: (how) => (reply = how),
      reached: () => gate.upstream.received.filter(({ url }) => !isVault(url)).length,
    };
  }

  it.each<[string, { status: number } | "silent"]>([
    ["sealed", { status: 503 }],
    ["refusing the role", { status: 400 }],
    ["refusing the path", { status: 403 }],
    ["silent", "silent"],
  ])(
    "%s: with a token in memory reads go on while it is fresh, without one nothing does",
    async (_name, how) => {
      const { gate, broken, reached } = await start();
      broken(how);
      expect(await seen(await gate.ask("/repos/acme/api"))).toBe("503 token-unavailable");
      expect(reached()).toBe(0);
      expect(await alerts.of("gate.token-unavailable")).toMatchObject({ signed: true });
      broken(undefined);
      expect(await seen(await gate.ask("/repos/acme/api"))).toBe("200");
      broken(how);
      expect([
        await seen(await gate.ask("/repos/acme/api")),
        await seen(await gate.ask("/repos/acme/api/issues", issue)),
      ]).toEqual(["200", "200"]);
      await gate.disturb({ clock: 60_100 });
      const before = reached();
      expect([await seen(await gate.ask("/repos/acme/api")), reached() - before]).toEqual(["503 token-unavailable", 0]);
      broken(undefined);
      expect(await seen(await gate.ask("/repos/acme/api"))).toBe("200");
    },
    60_000,
  );
});
