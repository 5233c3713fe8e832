import { execFile } from "node:child_process";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { type AddressInfo, type Server } from "node:net";
import fc from "fast-check";
import { isLoopback, loopbackWithoutProxy } from "../../cli/support/proxy";
import { gatehouse, ROOT } from "../support/sandbox";

jest.setTimeout(120_000);

const DEAD = "http://127.0.0.1:9";
/** Nothing of the machine's own proxies. */
const CLEAN = Object.fromEntries(
  ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "grpc_proxy", "no_grpc_proxy"].flatMap((name) => [
    [name, ""],
    [name.toUpperCase(), ""],
  ]),
);

/**
 * Ways to write a list that names everything but this machine, or this machine otherwise than a program compares it.
 */
const WRITINGS: [title: string, env: Record<string, string>][] = [
  ["nothing", {}],
  ["another host", { no_proxy: "example.com", NO_PROXY: "example.org" }],
  ["an empty list", { no_proxy: "", NO_PROXY: "" }],
  ["spaces between", { NO_PROXY: "example.com  .corp 10.0.0.0/8" }],
  ["this machine for the other case alone", { NO_PROXY: "127.0.0.1", no_proxy: "example.com" }],
  ["everything", { no_proxy: "*" }],
  ["a list of gRPC's own", { no_grpc_proxy: "example.com" }],
];
const PROXIES: [name: string, env: Record<string, string>][] = [
  ["http_proxy", { http_proxy: DEAD }],
  ["every one in capitals", { HTTP_PROXY: DEAD, HTTPS_PROXY: DEAD, ALL_PROXY: DEAD }],
  ["every one in small letters", { http_proxy: DEAD, https_proxy: DEAD, all_proxy: DEAD, grpc_proxy: DEAD }],
];

const run = (command: string, args: string[], env: Record<string, string>): Promise<string> =>
  new Promise((done) => {
    execFile(command, args, { cwd: ROOT, env: { ...process.env, ...env }, timeout: 60_000 }, (error, out, err) =>
      done(`${out}${err}${error ? ` [${error.message}]` : ""}`),
    );
  });
const has = async (command: string): Promise<boolean> => !/ENOENT/.test(await run(command, ["--version"], {}));

const HELLO = "hello from loopback";
const GRPC = `
  const grpc = require("@grpc/grpc-js");
  const text = { path: "/x/y", requestStream: false, responseStream: false,
    requestSerialize: (t) => Buffer.from(t), requestDeserialize: String, responseSerialize: (t) => Buffer.from(t), responseDeserialize: String };
  const server = new grpc.Server();
  server.addService({ y: text }, { y: (call, done) => done(null, ${JSON.stringify(HELLO)}) });
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    const client = new grpc.Client("127.0.0.1:" + port, grpc.credentials.createInsecure());
    client.makeUnaryRequest("/x/y", text.requestSerialize, text.responseDeserialize, "x", { deadline: Date.now() + 5000 },
      (error, answer) => { console.log(error ? error.message : answer); process.exit(); });
  });`;
const CLIENTS: [command: string, args: (url: string) => string[]][] = [
  ["curl", (url) => ["-sS", "--max-time", "5", url]],
  ["python3", (url) => ["-c", `import urllib.request as u; print(u.urlopen("${url}", timeout=5).read())`]],
  ["git", (url) => ["ls-remote", `${url}/x.git`]],
  ["node", () => ["-e", GRPC]],
];

describe("this machine is reached without the proxy", () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createHttp((_request, response) => response.writeHead(418, { "x-hello": HELLO }).end(HELLO));
    await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  // 418 for git and Python, which show the status of a failure alone; whoever asks the dead proxy shows neither.
  it.each(CLIENTS)("by %s, however the list is written", async (command, args) => {
    if (!(await has(command))) throw new Error(`${command} is needed for this test`);
    for (const [, proxy] of PROXIES)
      for (const [, list] of WRITINGS) {
        const env = { ...CLEAN, ...proxy, ...list };
        expect(await run(command, args(url), { ...env, ...loopbackWithoutProxy(env) })).toMatch(
          /hello from loopback|418/,
        );
      }
  });

  it.each(PROXIES)("and with %s a client asks the proxy when nobody says otherwise", async (_title, proxy) => {
    expect(await run("node", ["-e", GRPC], { ...CLEAN, ...proxy })).toMatch(
      proxy.http_proxy ? /ECONNREFUSED|No connection/i : /hello/,
    );
  });
});

describe("the list", () => {
  it("is left alone where there is no proxy", () => {
    expect(loopbackWithoutProxy({ ...CLEAN, NO_PROXY: "example.com" })).toEqual({});
  });

  it("keeps what is written and names this machine, for whatever is written", () => {
    const entry = fc.stringMatching(/^[a-z0-9.:/[\]-]{1,12}$/);
    const written = fc.array(entry).chain((all) => fc.constantFrom(all.join(","), all.join(" , "), all.join(" ")));
    fc.assert(
      fc.property(written, written, (lower, upper) => {
        const set = loopbackWithoutProxy({ http_proxy: DEAD, no_proxy: lower, NO_PROXY: upper });
        expect(set.no_proxy).toBe(set.NO_PROXY);
        const entries = set.no_proxy!.split(",");
        for (const one of [...`${lower} ${upper}`.split(/[\s,]+/).filter(Boolean), "localhost", "127.0.0.1", "::1"])
          expect(entries).toContain(one);
        expect(loopbackWithoutProxy({ http_proxy: DEAD, ...set })).toEqual(set);
      }),
    );
  });

  it.each(["localhost", "LOCALHOST", "api.localhost", "127.0.0.1", "127.8.9.1", "[::1]", "::1"])(
    "%s is this machine",
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );
  it.each(["localhost.example.com", "127.0.0.1.example.com", "mylocalhost", "128.0.0.1", "[::2]", "example.com"])(
    "%s is not",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe("the commands", () => {
  const PULL = {
    number: 1,
    body: "",
    user: { login: "a-person" },
    labels: [],
    head: { sha: "a".repeat(40), ref: "topic", repo: { full_name: "acme/api" } },
    base: { sha: "b".repeat(40), repo: { full_name: "acme/api" } },
  };
  let proxy: Server;
  let seen: string[];
  let address: string;
  beforeAll(async () => {
    const answering = createHttp((request: IncomingMessage, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(PULL));
    });
    answering.on("connect", (request: IncomingMessage, socket: import("node:stream").Duplex) => {
      seen.push(`CONNECT ${request.url}`);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    proxy = answering;
    await new Promise<void>((up) => proxy.listen(0, "127.0.0.1", up));
    address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    seen = [];
  });
  afterAll(() => {
    proxy.close();
  });
  const command = async (args: string[], env: Record<string, string>) => {
    const running = gatehouse(args, { env: { ...CLEAN, GITHUB_TOKEN: "x", NO_COLOR: "1", ...env } });
    return { code: await running.exited, said: running.stdout() + running.stderr() };
  };
  const PULL_OF = ["check", "agent-change", "--stack", "dev", "--repository", "api", "--pull", "1"];

  it.each([
    ["HTTPS_PROXY", () => `http://${address}`],
    ["https_proxy", () => address],
  ])("check --pull goes through %s", async (name, value) => {
    await command(PULL_OF, { GITHUB_BASE_URL: "https://github.example.test", [name]: value() });
    expect(new Set(seen)).toEqual(new Set(["CONNECT github.example.test:443"]));
  });

  it("check --pull asks for a plain address as a proxy expects it, and judges what it is told", async () => {
    const { code, said } = await command(PULL_OF, {
      GITHUB_BASE_URL: "http://github.example.test",
      HTTP_PROXY: `http://${address}`,
    });
    expect(seen).toEqual(["GET http://github.example.test/api/v3/repos/acme/api/pulls/1"]);
    expect({ code, said }).toMatchObject({ code: 0 });
  });

  it.each(["example.test", ".example.test", "github.example.test", "other.test, github.example.test", "*"])(
    "check --pull goes round the proxy for NO_PROXY=%s",
    async (list) => {
      await command(PULL_OF, {
        GITHUB_BASE_URL: "https://github.example.test",
        HTTPS_PROXY: `http://${address}`,
        NO_PROXY: list,
      });
      expect(seen).toEqual([]);
    },
  );

  it("assess goes through HTTPS_PROXY, and round it for what NO_PROXY names", async () => {
    await command(["assess", "--stack", "dev"], {
      GITHUB_BASE_URL: "https://github.example.test",
      CLOUDFLARE_API_TOKEN: "x",
      CLOUDFLARE_BASE_URL: "https://cloudflare.example.org/client/v4",
      HTTPS_PROXY: `http://${address}`,
      NO_PROXY: "example.org",
    });
    expect(seen).toContain("CONNECT github.example.test:443");
    expect(seen.filter((one) => one.includes("cloudflare"))).toEqual([]);
  });

  it("says what is wrong with an address that is none of a proxy", async () => {
    const { code, said } = await command(PULL_OF, {
      GITHUB_BASE_URL: "https://github.example.test",
      HTTPS_PROXY: "socks5://127.0.0.1:1080",
    });
    expect(code).toBe(2);
    expect(said).toContain("https_proxy (or HTTPS_PROXY) is not the address of an HTTP proxy");
  });
});
