import { answered, attack, each, raw, GET_API, twin, followed } from "./build";
import type { Attack, CaseFile } from "../support/types";

const SWITCHES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  websocket: [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Version", "13"],
  ],
  "websocket-case": [
    ["connection", "upgrade"],
    ["upgrade", "WebSocket"],
    ["sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["sec-websocket-version", "13"],
  ],
  "websocket-keep-alive": [
    ["Connection", "keep-alive, Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Version", "13"],
  ],
  "websocket-protocol": [
    ["Connection", "Upgrade"],
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Protocol", "{key}"],
  ],
  h2c: [
    ["Connection", "Upgrade, HTTP2-Settings"],
    ["Upgrade", "h2c"],
    ["HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"],
  ],
  tls: [
    ["Connection", "Upgrade"],
    ["Upgrade", "TLS/1.0"],
  ],
  "connect-udp": [
    ["Connection", "Upgrade"],
    ["Upgrade", "connect-udp"],
  ],
  list: [
    ["Connection", "Upgrade"],
    ["Upgrade", "h2c, websocket"],
  ],
  unknown: [
    ["Connection", "Upgrade"],
    ["Upgrade", "x"],
  ],
  "without-connection": [["Upgrade", "websocket"]],
};

const SWITCHED =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

export const protocolSwitch: CaseFile = {
  class: 12,
  attacks: [
    ...each(SWITCHES, (headers, name): Attack =>
      attack(
        `12.${name}`,
        `asks to switch to ${headers.find(([n]) => /^upgrade$/i.test(n))?.[1] ?? ""}`,
        "upgrade-refused",
        { target: "/repos/acme/api", headers },
        { orElse: ["runtime"] },
      ),
    ),
    attack(
      "12.git",
      "asks git to switch",
      "upgrade-refused",
      {
        target: "/acme/api.git/info/refs?service=git-upload-pack",
        headers: [
          ["Connection", "Upgrade"],
          ["Upgrade", "h2c"],
        ],
      },
      { orElse: ["runtime"] },
    ),
    attack(
      "12.graphql",
      "asks GraphQL to switch",
      "upgrade-refused",
      {
        method: "POST",
        target: "/graphql",
        headers: [
          ["Connection", "Upgrade"],
          ["Upgrade", "websocket"],
        ],
        json: { query: "{viewer{login}}" },
      },
      { orElse: ["runtime"] },
    ),
    attack("12.stranger", "asks to switch without a key", "unauthenticated", {
      target: "/repos/acme/api",
      authorization: null,
      headers: [
        ["Connection", "Upgrade"],
        ["Upgrade", "websocket"],
        ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
        ["Sec-WebSocket-Version", "13"],
      ],
    }),
    raw("12.preface", "speaks HTTP/2 at once", "runtime", ["PRI * HTTP/2.0", "", "SM", "", ""], {
      orElse: ["unauthenticated"],
    }),
    raw(
      "12.http-2-version",
      "claims HTTP/2 in its first line",
      "runtime",
      ["GET /repos/acme/secrets HTTP/2.0", ...GET_API.slice(1), "", ""],
      { orElse: ["repository-not-listed"] },
    ),
    raw("12.tls-hello", "begins with a TLS greeting", "runtime", ["\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "", ""]),
    answered("12.answer-101", "GitHub switches unasked", "upstream-error", { target: "/repos/acme/api" }, [
      { raw: SWITCHED },
    ]),
    answered(
      "12.answer-101-write",
      "GitHub switches unasked at a write",
      "upstream-error",
      { method: "POST", target: "/repos/acme/api/issues", json: { title: "x" } },
      [{ raw: SWITCHED }],
    ),
    answered(
      "12.answer-101-git",
      "GitHub switches unasked at git",
      "upstream-error",
      { target: "/acme/api.git/info/refs?service=git-upload-pack" },
      [{ raw: SWITCHED }],
    ),
    followed(
      "12.answer-101-download",
      "a download host switches unasked",
      "upstream-error",
      { target: "/repos/acme/api/tarball/main" },
      [
        { at: "/api/", status: 302, headers: { location: "{hostile}/codeload/x" } },
        { at: "/codeload", raw: SWITCHED },
      ],
      { atMost: 2 },
    ),
    answered(
      "12.answer-upgrade",
      "GitHub offers another protocol",
      "filter:answer-headers",
      { target: "/repos/acme/api" },
      [{ headers: { upgrade: "h2c", "alt-svc": 'h3=":443"' } }],
      { status: 200, forbidHeaders: ["upgrade", "alt-svc"] },
    ),
    answered(
      "12.answer-426",
      "GitHub demands another protocol",
      "filter:answer-headers",
      { target: "/repos/acme/api" },
      [{ status: 426, headers: { upgrade: "h2c" } }],
      { status: 426, forbidHeaders: ["upgrade"] },
    ),
  ],
  twins: [
    twin("12.twin-keep-alive", "a connection that is kept", 200, {
      target: "/repos/acme/api",
      headers: [["Connection", "keep-alive"]],
    }),
    twin("12.twin-close", "a connection that is closed", 200, {
      target: "/repos/acme/api",
      headers: [["Connection", "close"]],
    }),
  ],
};
