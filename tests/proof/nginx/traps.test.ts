import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freshFetch } from "../../support/freshFetch";
import { itWhen } from "../../support/skip";
import { until } from "../../support/until";
import { policyFor } from "../../gate/support/policy";
import { keyHash, Nginx, noNginx } from "./support";

/* What goes wrong with nginx as a proxy that judges: each trap with the setting that closes it, and tried. */

const KEY = `ghk_${randomBytes(32).toString("base64url")}`;
const TOKEN = `ghp_${randomBytes(18).toString("hex")}`;

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly raw: readonly string[];
  readonly socket: number;
}

let upstream: Server;
let nginx: Nginx;
let conf: string;
let seen: Seen[] = [];
let answer: { status?: number; headers?: Record<string, string>; body?: string | Buffer; drop?: boolean } = {};
let sockets = 0;

beforeAll(async () => {
  if (noNginx !== "") return;
  upstream = createServer((request, response) => {
    const socket = request.socket as typeof request.socket & { number?: number };
    socket.number ??= ++sockets;
    seen.push({
      method: request.method ?? "",
      url: request.url ?? "",
      headers: request.headers,
      raw: request.rawHeaders,
      socket: socket.number,
    });
    request.resume();
    request.on("end", () => {
      if (answer.drop === true) {
        request.socket.destroy();
        return;
      }
      response
        .writeHead(answer.status ?? 200, { "content-type": "application/json; charset=utf-8", ...answer.headers })
        .end(answer.body ?? '{"ok":true}');
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const at = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const policy = policyFor(at);
  nginx = await Nginx.start(
    {
      policy: { ...policy, limits: { ...policy.limits, requestsPerMinute: 2000, requestsPerHour: 100_000 } },
      keys: [{ agent: "agent", sha256: keyHash(KEY) }],
      token: TOKEN,
      // Of those without a key few may come at once, so that few show the limit.
    },
    (_name, text) => text.replaceAll("zone=stranger burst=3000", "zone=stranger burst=20"),
  );
  conf = readFileSync(join(nginx.folder, "nginx.conf"), "utf8");
}, 60_000);

afterAll(async () => {
  await nginx?.stop();
  upstream?.closeAllConnections();
  upstream?.close();
});

beforeEach(() => {
  seen = [];
  answer = {};
});

/** Bytes on the wire, and what comes back until the connection ends or falls silent. */
function wire(bytes: string, port = nginx.port): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.from(bytes, "latin1")));
    let text = "";
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    let timer = setTimeout(done, 3000);
    socket.on("data", (part) => {
      text += part.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(done, 300);
    });
    socket.on("close", done);
    socket.on("error", done);
  });
}

const ask = (target: string, headers: readonly string[] = [], method = "GET", key = KEY, body = ""): Promise<string> =>
  wire(
    [`${method} ${target} HTTP/1.1`, "Host: gate.test", `Authorization: Bearer ${key}`, ...headers, "", body].join(
      "\r\n",
    ),
  );
const ruleIn = (text: string): string => /"rule":"([a-z-]+)"/.exec(text)?.[1] ?? "";
const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);
const API = "/repos/acme/api";

interface Trap {
  readonly trap: string;
  /** In nginx.conf. */
  readonly setting: RegExp;
  /** What must not be there. */
  readonly never?: RegExp;
  readonly tried?: () => Promise<void>;
}

const sentAsJudged = async (target: string): Promise<void> => {
  const text = await ask(target);
  expect([statusOf(text), seen.map((s) => s.url)]).toEqual([200, [`/api/v3${target}`]]);
};
const refused = async (
  target: string,
  rule: string,
  headers: readonly string[] = [],
  method = "GET",
  body = "",
): Promise<void> => {
  expect([ruleIn(await ask(target, headers, method, KEY, body)), seen]).toEqual([rule, []]);
};

const TRAPS: readonly Trap[] = [
  {
    trap: "location judges the decoded path, and the raw one is sent",
    setting: /map "\$request_method \$gate_rest" \$gate_repository_route \{/,
    tried: async () => {
      await sentAsJudged(`${API}/contents/a%20b%2Fc.txt?ref=claude%2Fx`);
      seen = [];
      await refused(`${API}/contents/%2e%2e/secrets`, "path-encoding");
      await refused("/repos/acme/%61pi", "path-encoding");
    },
  },
  {
    trap: "$uri, rewrite or a URI part send the decoded path",
    setting: /proxy_pass http:\/\/github\/api\/v3\$gate_target;/,
    never: /\$uri\b|rewrite |\$document_uri/,
  },
  {
    trap: "merge_slashes",
    setting: /merge_slashes off;/,
    tried: () => refused(`//repos/acme/api`, "path-empty-segment"),
  },
  {
    trap: "a # in the target",
    setting: /map \$request_uri \$gate_why/,
    tried: () => refused(`${API}#x`, "path-character"),
  },
  {
    trap: "an absolute target brings a host of its own",
    setting: /proxy_set_header Host 127\.0\.0\.1:\d+;/,
    tried: async () => {
      const text = await ask(`http://evil.example${API}`);
      expect(statusOf(text)).toBe(200);
      expect(seen.map((s) => [s.url, s.headers.host])).toEqual([
        [`/api/v3${API}`, `127.0.0.1:${(upstream.address() as AddressInfo).port}`],
      ]);
    },
  },
  {
    trap: "of a repeated header the first is judged and all are sent",
    setting: /proxy_pass_request_headers off;/,
    tried: async () => {
      await ask(API, ["Accept: application/json", "Accept: text/html"]);
      expect(seen.map((s) => s.raw.filter((_, i) => s.raw[i - 1]?.toLowerCase() === "accept"))).toEqual([
        ["application/json"],
      ]);
    },
  },
  {
    trap: "unknown headers are sent on",
    setting: /proxy_pass_request_headers off;/,
    tried: async () => {
      await ask(API, ["Cookie: a=b", "X-Forwarded-For: 1.2.3.4", "X-Evil: 1"]);
      expect(Object.keys(seen[0]?.headers ?? {}).sort()).toEqual([
        "accept",
        "authorization",
        "host",
        "user-agent",
        "x-github-api-version",
      ]);
      seen = [];
      await refused(API, "header-forbidden", ["X-HTTP-Method-Override: DELETE"]);
    },
  },
  {
    trap: "proxy_set_header in a location drops the server's: the key would be sent",
    setting: /proxy_set_header Authorization "Bearer \$github_token";/,
    tried: async () => {
      await ask(API);
      expect(seen.map((s) => s.headers.authorization)).toEqual([`Bearer ${TOKEN}`]);
      const ways = conf.split(/\n {4}location /).filter((block) => /proxy_pass http:\/\/github/.test(block));
      expect(ways).toHaveLength(1);
      expect(ways[0]).toMatch(/proxy_set_header Authorization/);
    },
  },
  {
    trap: "add_header, proxy_hide_header and error_page are inherited in the same way",
    setting: /js_header_filter gate\.headers;/,
    never: /proxy_hide_header/,
    tried: async () => {
      answer = { headers: { "set-cookie": "a=b", "x-oauth-scopes": "repo", "x-new-header": "1", etag: '"x"' } };
      const text = await ask(API);
      expect(text).not.toMatch(/set-cookie|x-oauth-scopes|x-new-header/i);
      expect(text).toMatch(/etag: W\/"x"/i);
    },
  },
  {
    trap: "a map compares a plain key in any case",
    setting: /js_set \$gate_agent gate\.agent;/,
    tried: async () => {
      expect(ruleIn(await ask(API, [], "GET", KEY.toUpperCase()))).toBe("unauthenticated");
      expect(seen).toEqual([]);
    },
  },
  { trap: "a long key does not fit into a map", setting: /map_hash_bucket_size 256;/ },
  {
    trap: "a blank after a header's value is cut, a tab is not",
    setting: /gate\.agent/,
    tried: async () => {
      expect(ruleIn(await ask(API, [], "GET", `${KEY}\tx`))).toBe("unauthenticated");
      expect(seen).toEqual([]);
    },
  },
  {
    trap: "underscores in header names",
    setting: /underscores_in_headers off;/,
    tried: async () => {
      await ask(API, ["X_GitHub_Api_Version: 1999-01-01"]);
      expect(seen[0]?.headers["x-github-api-version"]).toBe("2022-11-28");
    },
  },
  {
    trap: "HEAD counts as GET, and may become it",
    setting: /\^\(\?:GET\|HEAD\) /,
    never: /limit_except|proxy_method/,
    tried: async () => {
      await ask(API, [], "HEAD");
      expect(seen.map((s) => s.method)).toEqual(["HEAD"]);
      seen = [];
      await refused(API, "method-unknown", [], "PROPFIND");
    },
  },
  {
    trap: "a body of a GET is sent unjudged",
    setting: /proxy_pass_request_body off;/,
    tried: () => refused(API, "body-unexpected", ["Content-Length: 4"], "GET", "body"),
  },
  {
    trap: "chunks become a length, and an encoded body passes",
    setting: /map "\$content_length\|\$http_transfer_encoding" \$gate_rule_body/,
    tried: () => refused(API, "body-unexpected", ["Transfer-Encoding: chunked"], "GET", "4\r\nbody\r\n0\r\n\r\n"),
  },
  {
    trap: "with proxy_request_buffering off GitHub has bytes before the verdict",
    setting: /proxy_pass_request_body off;/,
    never: /proxy_request_buffering off/,
  },
  {
    trap: "client_max_body_size",
    setting: /client_max_body_size 16k;/,
    tried: () => refused(`${API}/issues`, "body-too-large", ["Content-Length: 99999999"], "POST"),
  },
  {
    trap: "Expect: 100-continue is answered by nginx",
    setting: /proxy_pass_request_headers off;/,
    tried: async () => {
      await ask(`${API}/issues`, ["Expect: 100-continue", "Content-Length: 4"], "POST");
      expect(seen).toEqual([]);
    },
  },
  {
    trap: "what stands in an if replaces what stands outside",
    setting: /if \(\$gate_elsewhere = refuse\) \{ return 418; \}/,
    tried: () => {
      for (const [, inside = ""] of conf.matchAll(/if \([^\n]*?\) \{([^}]*)\}/g))
        expect(inside.trim()).toMatch(/^return \d+;$/);
      return Promise.resolve();
    },
  },
  {
    trap: "return comes before limit_req: wrong keys could be tried without a limit",
    setting: /location @refused \{\n +limit_req zone=stranger/,
    tried: async () => {
      const line = `GET ${API} HTTP/1.1\r\nHost: gate.test\r\nAuthorization: Bearer ghk_wrong\r\n\r\n`;
      const texts = await Promise.all(Array.from({ length: 4 }, () => wire(line.repeat(30))));
      const all = texts.join("");
      expect(all).toContain('"rule":"unauthenticated"');
      expect(all).toContain('"rule":"limit-unauthenticated"');
      expect(seen).toEqual([]);
    },
  },
  {
    trap: "an empty key of limit_req is not limited",
    setting: /limit_req_zone \$gate_stranger [^\n]+\n\s+limit_req_zone \$gate_agent /,
  },
  {
    trap: "limit_req answers 503 in HTML, without Retry-After",
    setting: /limit_req_status 429;/,
    tried: async () => {
      const line = `GET ${API} HTTP/1.1\r\nHost: gate.test\r\nAuthorization: Bearer ghk_wrong\r\n\r\n`;
      const all = await wire(line.repeat(90));
      expect(all).toMatch(/HTTP\/1\.1 429 [^]*?Retry-After: \d+/);
    },
  },
  {
    trap: "nginx's own errors are HTML, and a named location fails for an unreadable line",
    setting: /error_page 400 [^\n]*\/_gate\/refused\/target-malformed;/,
    tried: async () => {
      const text = await wire("NONSENSE\r\n\r\n");
      expect([statusOf(text), ruleIn(text)]).toEqual([400, "target-malformed"]);
      expect(text).toMatch(/X-Gatehouse-Request-Id: [0-9a-f]{32}/);
    },
  },
  {
    trap: "add_header leaves errors out",
    setting: /js_content gate\.refuse;/,
    never: /add_header (?![^\n]* always;)/,
    tried: async () => expect(await ask("/repos/acme/secrets")).toMatch(/X-Gatehouse-Request-Id: [0-9a-f]{32}/),
  },
  {
    trap: "X-Accel-Redirect of an answer leads past the judgement; Link and Location lead to GitHub",
    setting: /proxy_ignore_headers X-Accel-Redirect [^\n]*;/,
    tried: async () => {
      const at = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/api/v3`;
      answer = {
        headers: {
          "x-accel-redirect": "/_gate/docs",
          link: `<${at}/repositories/101/issues?page=2>; rel="next", <https://evil.example/x>; rel="last"`,
          location: "https://evil.example/",
        },
      };
      const text = await ask(`${API}/issues`);
      expect(text).toContain('{"ok":true}');
      expect(text).toMatch(new RegExp(`Link: <${nginx.url}/repos/acme/api/issues\\?page=2>; rel="next"\r\n`));
      expect(text).not.toContain("evil.example");
    },
  },
  {
    trap: "proxy_ssl_verify is off by default",
    setting: /proxy_pass http:\/\/github/,
    tried: () =>
      Promise.resolve(
        void expect(tlsConf()).toMatch(
          /proxy_ssl_verify on;[^]*proxy_ssl_verify_depth 4;[^]*proxy_ssl_trusted_certificate \/etc\/ssl/,
        ),
      ),
  },
  {
    trap: "no name is sent and another one verified",
    setting: /proxy_pass http:\/\/github/,
    tried: () =>
      Promise.resolve(void expect(tlsConf()).toMatch(/proxy_ssl_server_name on;[^]*proxy_ssl_name api\.github\.com;/)),
  },
  {
    trap: "a variable in proxy_pass needs a resolver",
    setting: /upstream github \{ server 127\.0\.0\.1:\d+; keepalive 64; \}/,
  },
  {
    trap: "after a broken connection a request is sent again",
    setting: /proxy_next_upstream off;/,
    tried: async () => {
      answer = { drop: true };
      expect(ruleIn(await ask(API))).toBe("upstream-error");
      expect(seen).toHaveLength(1);
    },
  },
  {
    trap: "without HTTP/1.1 and an empty Connection each request opens a connection",
    setting: /proxy_http_version 1\.1;\n +proxy_set_header Connection "";/,
    tried: async () => {
      await ask(API);
      await ask(API);
      await ask(API);
      // One for each worker of nginx at the most.
      expect(seen).toHaveLength(3);
    },
  },
  {
    trap: "escape=json leaves bytes that are no UTF-8",
    setting: /log_format audit escape=json/,
    tried: async () => {
      await ask("/repos/acme/\xff\xfe");
      const record = await recordWith({ path: "" });
      expect(readFileSync(join(nginx.folder, "logs", "audit.log"), "latin1")).not.toMatch(/[^\n -~]/);
      expect(record).toMatchObject({ decision: "deny" });
    },
  },
  {
    trap: "a request without a readable line has an empty target in the log",
    setting: /"path":"\$gate_path"/,
    tried: async () => {
      await wire("\x01\x02\r\n\r\n");
      const record = await recordWith({ reason: "target-malformed" });
      expect(record).toMatchObject({ status: 400, decision: "deny" });
    },
  },
];

/** What a client gets for an answer's body: every byte of it. */
async function bytesOf(body: string | Buffer): Promise<Buffer> {
  answer = { body };
  const got = await freshFetch(nginx.url + API, { headers: { authorization: `Bearer ${KEY}` } });
  return Buffer.from(await got.arrayBuffer());
}
/** Longer than any of nginx's buffers, so that pieces end within letters of two, three and four bytes. */
const LETTERS = "é€😀x".repeat(30_000);
const NO_UTF8 = Buffer.from([0x22, 0xff, 0xfe, 0xc3, 0x28, 0x80, 0x00, 0xe2, 0x82, 0x22]);
const LISTED = '{"full_name":"acme/api"}';

/** The last record with these fields. nginx writes a record after its answer: those of earlier requests may still come. */
const recordWith = (fields: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> =>
  until(`a record with ${JSON.stringify(fields)}`, () =>
    nginx
      .records()
      .filter((record) => Object.entries(fields).every(([key, value]) => record[key] === value))
      .at(-1),
  );

/** For GitHub itself, which needs TLS; read, not started, since its name must be found at start. */
function tlsConf(): string {
  // oxlint-disable-next-line typescript/no-require-imports -- read where it is needed
  const { nginxConfig } = require("../../../gate/nginx/config") as typeof import("../../../gate/nginx/config");
  const policy = policyFor("https://github.example");
  return nginxConfig({
    policy: { ...policy, upstream: { ...policy.upstream, api: "https://api.github.com" } },
    listen: "127.0.0.1:1",
    publicUrl: "http://127.0.0.1:1",
    unjudged: { kind: "refuse" },
    trustedCertificates: "/etc/ssl/certs/ca-certificates.crt",
    modules: "/usr/lib/nginx/modules",
  });
}

describe("traps of nginx", () => {
  for (const { trap, setting, never, tried } of TRAPS)
    itWhen(noNginx === "", noNginx)(trap, async () => {
      expect(conf).toMatch(setting);
      if (never !== undefined) expect(conf.replace(/#.*/g, "")).not.toMatch(never);
      await tried?.();
    });

  for (const [what, body] of [
    ["letters of several bytes", Buffer.from(`"${LETTERS}"`)],
    ["letters of several bytes at other places", Buffer.from(`"aé${LETTERS}"`)],
    ["bytes that are no UTF-8", Buffer.concat(Array.from({ length: 5_000 }, () => NO_UTF8))],
    ["a name of a listed repository before letters", Buffer.from(`[${LISTED},"${LETTERS}"]`)],
    ["a name of a listed repository behind letters", Buffer.from(`["${LETTERS}",${LISTED}]`)],
    [
      "a name of a listed repository among bytes that are no UTF-8",
      Buffer.concat([NO_UTF8, Buffer.from(LISTED), NO_UTF8]),
    ],
    ["an escape among letters", Buffer.from(`["${LETTERS}\\u0041${LETTERS}"]`)],
    ["nothing", Buffer.alloc(0)],
  ] as const)
    itWhen(noNginx === "", noNginx)(`an answer arrives as it was sent: ${what}`, async () => {
      expect((await bytesOf(body)).equals(body)).toBe(true);
    });

  for (const [where, body] of [
    ["behind letters", Buffer.from(`["${LETTERS}",{"full_name":"acme/secret"}]`)],
    ["before letters", Buffer.from(`[{"full_name":"acme/secret"},"${LETTERS}"]`)],
    ["among bytes that are no UTF-8", Buffer.concat([NO_UTF8, Buffer.from('{"full_name":"acme/secret"}'), NO_UTF8])],
    ...[1, 2, 5, 9, 11].map((before): [string, Buffer] => [
      `cut in two, ${before} bytes on`,
      Buffer.from(`["${"x".repeat(16_384 - before)}",{"full_name":"acme/secret"}]`),
    ]),
  ] as [string, Buffer][])
    itWhen(noNginx === "", noNginx)(
      `an answer with a repository that is not listed is broken off: ${where}`,
      async () => {
        const got = await bytesOf(body).catch(() => Buffer.alloc(0));
        expect(got.includes("acme/secret")).toBe(false);
        await recordWith({ reason: "answer-refused" });
      },
    );

  itWhen(noNginx === "", noNginx)("a record has the trail's words, the token's hash and no secret", async () => {
    await ask(`${API}/issues?labels=private`);
    const record = await recordWith({ route: "issues.list" });
    expect(Object.keys(record)).toEqual(
      "ts agent requestId clientIp method path route repository decision reason status bytesIn bytesOut ms tokenSha256 gateKeySha256 findings".split(
        " ",
      ),
    );
    expect(record).toMatchObject({
      agent: "agent",
      method: "GET",
      path: `${API}/issues`,
      route: "issues.list",
      repository: "acme/api",
      decision: "allow",
      reason: "",
      status: 200,
      findings: [],
    });
    expect(record["tokenSha256"]).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(record["gateKeySha256"]).toBe(keyHash(KEY));
    const all = readFileSync(join(nginx.folder, "logs", "audit.log"), "utf8") + nginx.errors();
    for (const secret of [KEY, TOKEN, "labels=private"])
      expect(all.replace(/request: "[^"]*"/g, "")).not.toContain(secret);
    for (const file of ["nginx.conf", "gate.js"])
      expect(readFileSync(join(nginx.folder, file), "utf8")).not.toContain(KEY);
  });
});
