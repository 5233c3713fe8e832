import { answered, attack, each, raw, GET_API, twin } from "./build";
import type { Ask, Attack, CaseFile } from "../support/types";

const API = { target: "/repos/acme/api" };
const AUDIT: Ask = { target: "/_gate/audit?limit=10000", authorization: "Bearer {operatorKey}" };

/** Answers of GitHub that are not HTTP as they should be. */
const ANSWERS: Readonly<Record<string, string>> = {
  "no-status": "garbage\r\n\r\n",
  "status-text": "HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\n{}",
  "status-huge": "HTTP/1.1 99999 OK\r\nContent-Length: 2\r\n\r\n{}",
  "status-zero": "HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\n{}",
  "no-colon": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon here\r\n\r\n{}",
  "two-lengths": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 60\r\n\r\n{}",
  "bad-chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
  closed: "",
};

/** Header values that would split an answer or a log line. */
const VALUES: Readonly<Record<string, string>> = {
  "line-feed":
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "a\nSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\n{}',
  "carriage-return":
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "a\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\n{}',
  fold: 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "a\r\n Set-Cookie: evil=1\r\nContent-Length: 2\r\n\r\n{}',
};

/** Requests whose record must stay one line of harmless text. */
const LOGGED: Readonly<Record<string, readonly [ask: Ask, forbid: readonly string[]]>> = {
  "path-line": [{ target: "/repos/acme/api%0a{%22v%22:1,%22seq%22:1}" }, ['\n{"v":1,"seq":1}']],
  "path-escape": [{ target: "/repos/acme/api/contents/%1b[31mred" }, ["\u001b"]],
  "path-bidi": [{ target: "/repos/acme/api/contents/%E2%80%AEtxt.exe" }, ["\u202e"]],
  "path-zero-width": [{ target: "/repos/acme/a%E2%80%8Bpi" }, ["\u200b"]],
  "path-long": [{ target: `/repos/acme/${"a".repeat(4000)}` }, ["a".repeat(1100)]],
  "path-quote": [{ target: "/repos/acme/api/%22,%22decision%22:%22forged" }, ['","decision":"forged']],
  "user-agent": [
    { target: "/repos/acme/secrets", headers: [["User-Agent", "evil-agent\x1b[2J"]] },
    ["evil-agent", "\u001b"],
  ],
  "client-address": [
    { target: "/repos/acme/secrets", headers: [["CF-Connecting-IP", '203.0.113.9","decision":"allow']] },
    ['203.0.113.9","decision":"allow'],
  ],
  "client-address-escape": [
    { target: "/repos/acme/secrets", headers: [["CF-Connecting-IP", "x\x1b[2Jy"]] },
    ["\u001b"],
  ],
  "request-id": [
    {
      target: "/repos/acme/secrets",
      headers: [
        ["X-Gatehouse-Request-Id", "forged-request-id"],
        ["X-Request-Id", "forged-request-id"],
      ],
    },
    ["forged-request-id"],
  ],
  method: [{ method: "GET", target: "/repos/acme/secrets?token=query-secret-value" }, ["query-secret-value"]],
  body: [
    { method: "POST", target: "/repos/acme/api/issues", json: { title: "body-secret-value", x: 1 } },
    ["body-secret-value"],
  ],
  key: [
    { target: "/repos/acme/api", authorization: "Bearer ghk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    ["ghk_AAAAAAAA"],
  ],
};

export const splitting: CaseFile = {
  class: 15,
  attacks: [
    ...each(ANSWERS, (text, name): Attack =>
      answered(
        `15.answer-${name}`,
        `GitHub's answer is broken: ${name.replaceAll("-", " ")}`,
        "upstream-error",
        API,
        [{ raw: text }],
        { orElse: ["upstream-timeout", "gate-error"], atMost: 3 },
      ),
    ),
    ...each(VALUES, (text, name): Attack =>
      answered(
        `15.value-${name}`,
        `a header of GitHub's holds a ${name.replaceAll("-", " ")}`,
        "filter:answer-headers",
        API,
        [{ raw: text }],
        { forbidHeaders: ["set-cookie"], atMost: 3 },
      ),
    ),
    answered(
      "15.reason",
      "GitHub's reason phrase holds a header",
      "filter:answer-headers",
      API,
      [{ raw: "HTTP/1.1 200 evil-reason\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" }],
      { status: 200, forbid: ["evil-reason"] },
    ),
    answered(
      "15.html",
      "an answer in HTML is not run",
      "filter:answer-headers",
      API,
      [{ headers: { "content-type": "text/html" }, body: "<script>" }],
      { status: 200, demandHeaders: { "x-content-type-options": "nosniff" } },
    ),
    answered(
      "15.body-headers",
      "a body that looks like an answer",
      "filter:answer-headers",
      API,
      [{ body: "\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n" }],
      { status: 200, forbidHeaders: ["set-cookie"] },
    ),
    ...each(LOGGED, ([ask, forbid], name): Attack => ({
      id: `15.log-${name}`,
      title: `the record of ${name.replaceAll("-", " ")}`,
      guard: "filter:audit-record",
      asks: [ask],
      ask: AUDIT,
      reaches: /never/,
      atMost: 0,
      status: 200,
      forbid,
    })),
    raw(
      "15.user-agent",
      "a User-Agent with a terminal's escape",
      "header-value",
      [...GET_API, "User-Agent: a\x1b[31mb", "", ""],
      { orElse: ["runtime"] },
    ),
    raw(
      "15.user-agent-8-bit",
      "a User-Agent with control characters of eight bits",
      "header-value",
      [...GET_API, "User-Agent: a\x9bb", "", ""],
      { orElse: ["runtime"] },
    ),
    attack("15.title-control", "a title with control characters", "body-value", {
      method: "POST",
      target: "/repos/acme/api/issues",
      json: { title: "a\u0007b" },
    }),
    attack("15.title-line", "a title of two lines", "body-value", {
      method: "POST",
      target: "/repos/acme/api/issues",
      json: { title: "a\r\nb" },
    }),
    attack("15.title-bidi", "a title that reads backwards", "body-value", {
      method: "POST",
      target: "/repos/acme/api/issues",
      json: { title: "a\u202eb" },
    }),
    attack("15.label-bidi", "a label that reads backwards", "body-value", {
      method: "POST",
      target: "/repos/acme/api/issues/{issue}/labels",
      json: { labels: ["a\u2066b"] },
    }),
    attack("15.path-bidi", "a file name that reads backwards", "body-value", {
      method: "POST",
      target: "/repos/acme/api/git/trees",
      json: { base_tree: "{root}", tree: [{ path: "src/\u202etxt.js", mode: "100644", content: "x" }] },
    }),
    attack("15.ref-control", "a reference with a control character", "ref-outside-agent-space", {
      method: "POST",
      target: "/repos/acme/api/git/refs",
      json: { ref: "refs/heads/claude/a\u0001b", sha: "{main}" },
    }),
    attack("15.ref-zero-width", "a reference with an invisible character", "ref-outside-agent-space", {
      method: "POST",
      target: "/repos/acme/api/git/refs",
      json: { ref: "refs/heads/claude/a\u200bb", sha: "{main}" },
    }),
    attack("15.body-nul", "a text with a NUL", "body-value", {
      method: "POST",
      target: "/repos/acme/api/issues/{issue}/comments",
      json: { body: "a\u0000b" },
    }),
    attack("15.query-escape", "a query with an escape", "query-malformed", {
      target: "/repos/acme/api/commits?author=%1b[31m",
    }),
    attack("15.query-bidi", "a query that reads backwards", "query-value", {
      target: "/repos/acme/api/commits?author=%E2%80%AEx",
    }),
  ],
  twins: [
    twin("15.twin-unicode", "a title in another script", 201, {
      method: "POST",
      target: "/repos/acme/api/issues",
      json: { title: "Grüße 世界" },
    }),
    { id: "15.twin-audit", title: "the operator's reading of the trail", ask: AUDIT, status: 200, sent: null },
  ],
};
