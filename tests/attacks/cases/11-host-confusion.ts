import { attack, each, HEAD, raw, twin } from "./build";
import type { Attack, CaseFile } from "../support/types";

const SAME = /^GET \/api\/v3\/repos\/acme\/api$/;
const KEY = "Authorization: Bearer {key}";

/** Host headers that must change nothing about where a request goes. */
const HOSTS = {
  foreign: "evil.example",
  "foreign-port": "evil.example:8080",
  upstream: "api.github.com",
  internal: "169.254.169.254",
  loopback: "127.0.0.1:1",
  ipv6: "[::1]:1",
  dotted: "evil.example.",
  number: "2130706433",
  "port-zero": "gate.acme.example:0",
};
/** Host headers that are none. */
const BROKEN = {
  path: "evil.example/repos/acme/secrets",
  query: "evil.example?x=",
  fragment: "evil.example#",
  "user-info": "user@evil.example",
  empty: "",
  space: "evil example",
  "secrets-path": "x/repos/acme/secrets?",
  backslash: "x\\repos",
  control: "x/_gate/health?",
  percent: "evil%2eexample",
  colons: "evil.example:1:2",
  bracket: "[::1",
  "port-long": "evil.example:123456",
};
/** Two hosts in one line. */
const LISTS = { list: "{host}, evil.example", "list-first": "evil.example,{host}", "list-same": "{host}, {host}" };

type Input = readonly [line: string, guard: Attack["guard"], ...orElse: NonNullable<Attack["orElse"]>];
const LINES: Readonly<Record<string, Input>> = {
  absolute: [
    "GET http://evil.example/repos/acme/secrets HTTP/1.1",
    "runtime",
    "repository-not-listed",
    "target-malformed",
  ],
  "absolute-https": [
    "GET https://api.github.com/repos/acme/secrets HTTP/1.1",
    "runtime",
    "repository-not-listed",
    "target-malformed",
  ],
  "absolute-user-info": [
    "GET http://user:pass@evil.example/repos/acme/secrets HTTP/1.1",
    "runtime",
    "repository-not-listed",
    "target-malformed",
  ],
  "absolute-gopher": ["GET gopher://127.0.0.1/x HTTP/1.1", "runtime", "route-not-allowed", "target-malformed"],
  "absolute-file": ["GET file:///etc/passwd HTTP/1.1", "runtime", "route-not-allowed", "target-malformed"],
  "authority-path": ["GET evil.example:80/repos/acme/api HTTP/1.1", "runtime", "target-malformed"],
  asterisk: ["OPTIONS * HTTP/1.1", "runtime", "method-unknown", "target-malformed"],
  "asterisk-get": ["GET * HTTP/1.1", "runtime", "route-not-allowed", "target-malformed"],
  connect: ["CONNECT evil.example:443 HTTP/1.1", "runtime", "method-unknown"],
  "connect-path": ["CONNECT /repos/acme/api HTTP/1.1", "runtime", "method-unknown"],
  "no-slash": ["GET repos/acme/secrets HTTP/1.1", "runtime", "repository-not-listed", "target-malformed"],
  "query-only": [
    "GET ?x=1 HTTP/1.1",
    "runtime",
    "target-malformed",
    "route-not-allowed",
    "query-malformed",
    "query-not-allowed",
  ],
  "double-slash-host": [
    "GET //evil.example/repos/acme/secrets HTTP/1.1",
    "path-empty-segment",
    "runtime",
    "target-malformed",
  ],
  "triple-slash-host": ["GET ///evil.example/ HTTP/1.1", "path-empty-segment", "runtime", "target-malformed"],
  "backslash-host": [
    "GET /\\evil.example/repos HTTP/1.1",
    "path-empty-segment",
    "path-character",
    "runtime",
    "path-encoding",
    "route-not-allowed",
  ],
  "at-host": ["GET /@evil.example/repos/acme/secrets HTTP/1.1", "route-not-allowed"],
  "at-in-path": ["GET /repos/acme@evil.example/api HTTP/1.1", "owner-not-allowed"],
  "colon-port": ["GET /:80/repos/acme/secrets HTTP/1.1", "route-not-allowed"],
  "scheme-in-path": ["GET /http://evil.example/x HTTP/1.1", "path-empty-segment"],
  "scheme-in-owner": ["GET /repos/http:/evil.example HTTP/1.1", "owner-not-allowed"],
  "tab-separated": ["GET\t/repos/acme/secrets\tHTTP/1.1", "runtime", "repository-not-listed"],
  "bare-lf-line": ["GET /repos/acme/secrets\n HTTP/1.1", "runtime", "repository-not-listed"],
  "url-parameter": ["GET /repos/acme/api?url=http://evil.example HTTP/1.1", "query-not-allowed"],
  "callback-parameter": ["GET /repos/acme/api?callback=evil HTTP/1.1", "query-not-allowed"],
  "import-url": ["PUT /repos/acme/api/import HTTP/1.1", "route-not-allowed", "runtime"],
};

export const hostConfusion: CaseFile = {
  class: 11,
  attacks: [
    ...each(HOSTS, (host, name): Attack =>
      raw(
        `11.host-${name}`,
        `calls itself ${host}`,
        "filter:constant-origin",
        ["GET /repos/acme/api HTTP/1.1", `Host: ${host}`, KEY, "", ""],
        { reaches: SAME },
      ),
    ),
    ...each(BROKEN, (host, name): Attack =>
      raw(
        `11.broken-${name}`,
        `calls itself ${JSON.stringify(host)}`,
        "header-value",
        ["GET /repos/acme/api HTTP/1.1", `Host: ${host}`, KEY, "", ""],
        { orElse: ["runtime"] },
      ),
    ),
    ...each(LISTS, (host, name): Attack =>
      raw(
        `11.host-${name}`,
        `calls itself ${host}`,
        "header-duplicate",
        ["GET /repos/acme/api HTTP/1.1", `Host: ${host}`, KEY, "", ""],
        { orElse: ["runtime"] },
      ),
    ),
    ...each(LINES, ([line, guard, ...orElse], name) =>
      raw(`11.${name}`, line, guard, [line, ...HEAD, "", ""], { orElse }),
    ),
    raw(
      "11.authority",
      "GET evil.example:80 HTTP/1.1",
      "runtime",
      ["GET evil.example:80 HTTP/1.1", ...HEAD, "", ""],
      // Without a path it is the gate's own root there, and neither host nor port of it is used.
      {
        newer: { guard: "filter:constant-origin", reaches: /^GET \/api\/v3\/$/, status: 200, forbid: ["evil.example"] },
      },
    ),
    raw(
      "11.two-hosts",
      "has two hosts",
      "runtime",
      ["GET /repos/acme/api HTTP/1.1", "Host: {host}", "Host: evil.example", KEY, "", ""],
      { orElse: ["header-duplicate"] },
    ),
    raw("11.no-host", "has no host", "runtime", ["GET /repos/acme/api HTTP/1.1", KEY, "", ""], {
      orElse: ["target-malformed"],
    }),
    raw(
      "11.forwarded-host",
      "is forwarded for another host",
      "filter:constant-origin",
      [
        "GET /repos/acme/api HTTP/1.1",
        ...HEAD,
        "X-Forwarded-Host: evil.example",
        "Forwarded: host=evil.example",
        "X-Host: evil.example",
        "",
        "",
      ],
      { reaches: SAME, forbid: ["evil.example"] },
    ),
    raw(
      "11.space-in-target",
      "has two targets in one line",
      "filter:constant-origin",
      ["GET /repos/acme/api /repos/acme/secrets HTTP/1.1", ...HEAD, "", ""],
      { reaches: SAME },
    ),
    attack(
      "11.fragment",
      "hides the rest behind a fragment",
      "filter:constant-origin",
      { target: "/repos/acme/api#/../secrets" },
      { orElse: ["path-character"], reaches: SAME },
    ),
  ],
  twins: [
    twin("11.twin-host", "the gate by its own name", 200, {
      target: "/repos/acme/api",
      headers: [["Host", "github-gate.acme.dev"]],
    }),
    {
      id: "11.twin-upper",
      title: "a header name in capitals",
      status: 200,
      raw: ["GET /repos/acme/api HTTP/1.1", "HOST: {host}", "AUTHORIZATION: Bearer {key}", "", ""].join("\r\n"),
      sent: "GET /api/v3/repos/acme/api",
    },
  ],
};
