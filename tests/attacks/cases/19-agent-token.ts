import { attack, each, raw, twin } from "./build";
import type { Attack, CaseFile } from "../support/types";

const API = { target: "/repos/acme/api" };

/** Authorization values that are no valid key. */
const VALUES: Readonly<Record<string, string | null>> = {
  none: null,
  empty: "",
  "scheme-only": "Bearer",
  "scheme-space": "Bearer ",
  bare: "{key}",
  "wrong-scheme": "Digest {key}",
  "unknown-scheme": "Key {key}",
  negotiate: "Negotiate {key}",
  quoted: 'Bearer "{key}"',
  parameter: "Bearer token={key}",
  list: "Bearer {key},",
  "two-in-one": "Bearer {key} {key}",
  longer: "Bearer {key}x",
  "longer-space": "Bearer {key} x",
  prefix: "Bearer x{key}",
  wrong: "Bearer ghk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "other-prefix": "Bearer ghp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "github-token": "Bearer {token}",
  "github-token-word": "token {token}",
  "github-basic": "Basic {token:basic}",
  "admin-token": "Bearer {adminToken}",
  operator: "Bearer {operatorKey}",
  "session-key": "Bearer gsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  expired: "Bearer {oldKey}",
  "expired-word": "token {oldKey}",
  "expired-basic": "Basic {oldKey:basic}",
  reversed: "Bearer {key:reversed}",
  percent: "Bearer {key:percent-all}",
  hex: "Bearer {key:hex}",
  hash: "Bearer {keyHash}",
  "hash-hex": "Bearer {keyHashHex}",
  "basic-as-user": "Basic {keyAsUser}",
  "basic-no-colon": "Basic {key:base64}",
  "basic-broken": "Basic !!!",
  "basic-twice": "Basic {basicTwice}",
  "basic-empty": "Basic Og==",
  tab: "Bearer\t{key}",
  "upper-key": "Bearer {keyUpper}",
  jwt: "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZ2VudCJ9.",
  undefined: "Bearer undefined",
  null: "Bearer null",
  star: "Bearer *",
  percentage: "Bearer %",
  sql: "Bearer ' OR 1=1 --",
  "nul-end": "Bearer {key}%00",
};

/** Ways to show a key that are none. */
const ELSEWHERE: Readonly<
  Record<string, { readonly target?: string; readonly headers?: readonly (readonly [string, string])[] }>
> = {
  "query-access-token": { target: "/repos/acme/api?access_token={key}" },
  "query-token": { target: "/repos/acme/api?token={key}" },
  "query-key": { target: "/repos/acme/api?key={key}" },
  path: { target: "/{key}/repos/acme/api" },
  cookie: { headers: [["Cookie", "token={key}"]] },
  "x-api-key": { headers: [["X-Api-Key", "{key}"]] },
  "x-gatehouse-key": { headers: [["X-Gatehouse-Key", "{key}"]] },
  "proxy-authorization": { headers: [["Proxy-Authorization", "Bearer {key}"]] },
  "private-token": { headers: [["Private-Token", "{key}"]] },
  "x-forwarded-authorization": { headers: [["X-Forwarded-Authorization", "Bearer {key}"]] },
  "cf-access": { headers: [["CF-Access-Jwt-Assertion", "{key}"]] },
  "x-forwarded-user": {
    headers: [
      ["X-Forwarded-User", "agent"],
      ["X-Remote-User", "agent"],
    ],
  },
  "user-in-host": { headers: [["Host", "agent:{key}@127.0.0.1"]] },
};

/** Who makes no keys of sessions. */
const MAKERS: Readonly<Record<string, string | null>> = {
  nobody: null,
  operator: "Bearer {operatorKey}",
  agent: "Bearer {key}",
  stranger: "Bearer gsi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};
/** The end is in a year, and the gate's sessions live for an hour: nothing here is ever made. */
const SESSION_KEY = {
  session: "sesn_1",
  sha256: "{keyHash}",
  notAfter: new Date(Date.now() + 365 * 86_400_000).toISOString(),
};
const SOON = { notAfter: new Date(Date.now() + 1_800_000).toISOString() };
const NO_SESSION_KEYS: Readonly<Record<string, object>> = {
  "a-late-end": {},
  "no-end": { notAfter: null },
  "a-path": { ...SOON, session: "a/b" },
  "the-key": { ...SOON, sha256: "{key}" },
};

const CONTROL: Readonly<Record<string, readonly [method: string, target: string, authorization?: string | null]>> = {
  ready: ["GET", "/_gate/ready"],
  refresh: ["POST", "/_gate/refresh"],
  probe: ["POST", "/_gate/probe"],
  deny: ["POST", "/_gate/deny"],
  audit: ["GET", "/_gate/audit"],
  "audit-stranger": ["GET", "/_gate/audit", null],
  "audit-wrong": ["GET", "/_gate/audit", "Bearer gop_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
  "audit-token": ["GET", "/_gate/audit", "token {operatorKey}"],
  "audit-basic": ["GET", "/_gate/audit", "Basic {operatorKey:basic}"],
  "audit-two": ["GET", "/_gate/audit", "Bearer {operatorKey}, Bearer {key}"],
  "store-read": ["GET", "/_gate/store/token"],
  "store-write": ["PUT", "/_gate/store/token"],
  unknown: ["GET", "/_gate/env"],
  "health-post": ["POST", "/_gate/health"],
  "github-token": ["POST", "/_gate/probe", "Bearer {token}"],
  "query-key": ["GET", "/_gate/audit?key={operatorKey}", null],
};

export const agentToken: CaseFile = {
  class: 19,
  attacks: [
    ...each(VALUES, (authorization, name): Attack =>
      attack(
        `19.${name}`,
        `shows ${authorization ?? "nothing"}`,
        "unauthenticated",
        { ...API, authorization },
        { orElse: ["header-duplicate"] },
      ),
    ),
    ...each(ELSEWHERE, ({ target, headers }, name): Attack =>
      attack(
        `19.elsewhere-${name}`,
        `shows the key by ${name.replaceAll("-", " ")}`,
        "unauthenticated",
        { target: target ?? API.target, authorization: null, ...(headers === undefined ? {} : { headers }) },
        { orElse: ["runtime"] },
      ),
    ),
    ...each(CONTROL, ([method, target, authorization], name): Attack =>
      attack(`19.control-${name}`, `${method} ${target} without the operator's key`, "not-found", {
        method,
        target,
        ...(authorization === undefined ? {} : { authorization }),
        ...(method === "POST" || method === "PUT" ? { json: { stop: true, value: "x", cas: 0 } } : {}),
      }),
    ),
    attack("19.operator-deny-nothing", "an operator who denies nothing", "body-malformed", {
      method: "POST",
      target: "/_gate/deny",
      authorization: "Bearer {operatorKey}",
      json: {},
    }),
    attack("19.operator-deny-garbage", "an operator who denies garbage", "body-malformed", {
      method: "POST",
      target: "/_gate/deny",
      authorization: "Bearer {operatorKey}",
      headers: [["Content-Type", "application/json"]],
      body: "{",
    }),
    attack("19.operator-deny-short", "an operator who denies what is no hash", "body-malformed", {
      method: "POST",
      target: "/_gate/deny",
      authorization: "Bearer {operatorKey}",
      json: { tokenSha256: "x" },
    }),
    attack("19.operator-store", "an operator who stores garbage", "body-value", {
      method: "PUT",
      target: "/_gate/store/token",
      authorization: "Bearer {operatorKey}",
      json: { cas: "1", value: 2 },
    }),
    {
      id: "19.denied",
      title: "the token goes on after it was denied",
      guard: "token-denied",
      gate: "denied",
      asks: [
        API,
        {
          method: "POST",
          target: "/_gate/deny",
          authorization: "Bearer {operatorKey}",
          json: { tokenSha256: "{tokenSha256}" },
        },
      ],
      pauseMs: 2200,
      ask: API,
      hostile: [{}],
      reaches: /^GET /,
      atMost: 1,
    },
    {
      id: "19.denied-lfs",
      title: "an object's address goes on after the token was denied",
      guard: "token-denied",
      gate: "denied",
      asks: [
        {
          method: "POST",
          target: "/_gate/deny",
          authorization: "Bearer {operatorKey}",
          json: { tokenSha256: "{tokenSha256}" },
        },
      ],
      pauseMs: 2200,
      ask: { target: `/acme/api.git/info/lfs/objects/${"a".repeat(64)}` },
      hostile: [{}],
      reaches: /never/,
      atMost: 0,
    },
    ...each(MAKERS, (authorization, name): Attack =>
      attack(
        `19.session-by-${name}`,
        `makes a session's key as ${name}`,
        "not-found",
        { method: "POST", target: "/_gate/sessions", authorization, json: SESSION_KEY },
        { gate: "sessions" },
      ),
    ),
    ...each(NO_SESSION_KEYS, (change, name): Attack =>
      attack(
        `19.session-with-${name}`,
        `an issuer makes a session's key with ${name}`,
        "body-value",
        {
          method: "POST",
          target: "/_gate/sessions",
          authorization: "Bearer {issuerKey}",
          json: { ...SESSION_KEY, ...change },
        },
        { gate: "sessions" },
      ),
    ),
    attack(
      "19.session-listed",
      "lists the sessions' keys without a key",
      "not-found",
      { target: "/_gate/sessions", authorization: null },
      { gate: "sessions" },
    ),
    attack(
      "19.session-ended",
      "ends a session's key with the agent's key",
      "not-found",
      { method: "DELETE", target: "/_gate/sessions/sesn_1" },
      { gate: "sessions" },
    ),
    attack(
      "19.session-unknown",
      "a session's key that nobody made",
      "unauthenticated",
      { ...API, authorization: "Bearer gsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
      { gate: "sessions" },
    ),
    attack(
      "19.session-issuer",
      "asks GitHub with the key that makes sessions' keys",
      "unauthenticated",
      { ...API, authorization: "Bearer {issuerKey}" },
      { gate: "sessions" },
    ),
    {
      id: "19.ended-key",
      title: "a gate key goes on after an operator ended it",
      guard: "unauthenticated",
      gate: "ended-key",
      asks: [
        {
          method: "POST",
          target: "/_gate/deny",
          authorization: "Bearer {operatorKey}",
          json: { gateKeySha256: "{keyHash}" },
        },
      ],
      pauseMs: 2200,
      ask: API,
      reaches: /never/,
      atMost: 0,
    },
    {
      id: "19.stopped",
      title: "the gate goes on after it was stopped",
      guard: "token-stopped",
      gate: "stopped",
      asks: [{ method: "POST", target: "/_gate/deny", authorization: "Bearer {operatorKey}", json: { stop: true } }],
      ask: API,
      reaches: /never/,
      atMost: 0,
    },
    attack("19.graphql", "asks GraphQL without a key", "unauthenticated", {
      method: "POST",
      target: "/graphql",
      authorization: null,
      json: { query: "{viewer{login}}" },
    }),
    attack("19.git", "asks git without a key", "unauthenticated", {
      target: "/acme/api.git/info/refs?service=git-upload-pack",
      authorization: null,
    }),
    attack("19.git-user", "asks git with the key as the user", "unauthenticated", {
      target: "/acme/api.git/info/refs?service=git-upload-pack",
      authorization: "Basic {keyAsUser}",
    }),
    attack("19.push", "pushes with an expired key", "unauthenticated", {
      method: "POST",
      target: "/acme/api.git/git-receive-pack",
      authorization: "Basic {oldKey:basic}",
      headers: [["Content-Type", "application/x-git-receive-pack-request"]],
      body: "0000",
    }),
    attack("19.operator-at-github", "goes to GitHub with the operator's key", "unauthenticated", {
      method: "POST",
      target: "/repos/acme/api/issues",
      authorization: "Bearer {operatorKey}",
      json: { title: "x" },
    }),
    attack("19.unknown-route", "learns without a key which routes exist", "unauthenticated", {
      target: "/no/such/route",
      authorization: null,
    }),
    attack("19.malformed", "learns without a key what is malformed", "unauthenticated", {
      target: "/repos//x%zz",
      authorization: null,
    }),
    attack("19.unlisted", "learns without a key which repositories are listed", "unauthenticated", {
      target: "/repos/acme/secrets",
      authorization: null,
    }),
    raw(
      "19.two-lines",
      "puts the key on a line of its own",
      "unauthenticated",
      ["GET /repos/acme/api HTTP/1.1", "Host: {host}", "Authorization: Bearer", "\t{key}", "", ""],
      { orElse: ["runtime"] },
    ),
    {
      id: "19.after-good",
      title: "a wrong key right after a good one",
      guard: "filter:authentication",
      asks: [API],
      ask: { ...API, authorization: "Bearer {key}x" },
      reaches: /^GET \/api\/v3\/repos\/acme\/api$/,
      atMost: 1,
      status: 401,
    },
    {
      id: "19.health",
      title: "health tells a stranger nothing",
      guard: "filter:authentication",
      ask: { target: "/_gate/health", authorization: null },
      reaches: /never/,
      atMost: 0,
      status: 204,
      forbid: ["acme", "claude-bot"],
      forbidHeaders: ["server", "x-powered-by"],
    },
  ],
  twins: [
    twin("19.twin-bearer", "the key as a bearer's", 200, API),
    twin("19.twin-token", "the key as REST clients send it", 200, { ...API, authorization: "token {key}" }),
    twin("19.twin-basic", "the key as git sends it", 200, { ...API, authorization: "Basic {key:basic}" }),
    twin(
      "19.twin-operator",
      "the operator's probe",
      200,
      { method: "POST", target: "/_gate/probe", authorization: "Bearer {operatorKey}" },
      "GET /api/v3/user",
    ),
  ],
};
