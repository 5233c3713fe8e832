import { attack, each, twin } from "./build";
import type { CaseFile } from "../support/types";

/* The page that tells an agent what it may do: who may read it, and what must not stand in it. */

const GUIDE = "/_gate/guide";
/** What is none of an agent's business: other repositories, and all that is secret or says where secrets are. */
const NOTHING_OF = [
  "{key}",
  "{oldKey}",
  "{keyHash}",
  "{operatorKey}",
  "{token}",
  "{hostile}",
  "{githubUrl}",
  "acme/secrets",
  "other-org",
  "wiki-decoy",
  "acme-key",
  "case-number",
  "nodeId",
  "{apiNode}",
  "tokenCacheSeconds",
];

export const guide: CaseFile = {
  class: 27,
  attacks: [
    ...each(
      {
        none: null,
        empty: "Bearer ",
        unknown: `Bearer ghk_${"x".repeat(43)}`,
        old: "Bearer {oldKey}",
        operator: "Bearer {operatorKey}",
        token: "Bearer {token}",
        "hash-of-the-key": "Bearer {keyHash}",
      },
      (authorization, name) =>
        attack(
          `27.key-${name}`,
          `no valid key: ${name}`,
          "unauthenticated",
          { target: GUIDE, authorization },
          { orElse: ["limit-unauthenticated"] },
        ),
    ),
    ...["POST", "PUT", "PATCH", "DELETE"].map((method) =>
      attack(`27.method-${method}`, `by ${method}`, "route-not-allowed", { method, target: GUIDE, json: {} }),
    ),
    ...each({ OPTIONS: 1, TRACE: 1, get: 1 }, (_, method) =>
      attack(
        `27.method-${method}`,
        `by ${method}`,
        "method-unknown",
        { method, target: GUIDE },
        { orElse: ["route-not-allowed", "runtime"] },
      ),
    ),
    ...each(
      {
        other: "format=html",
        twice: "format=json&format=markdown",
        agent: "agent=other",
        more: "format=json&repository=secrets",
        capital: "format=JSON",
        encoded: "format=%6Ason",
        address: "origin=https://evil.example",
        empty: "format=",
      },
      (query, name) => attack(`27.query-${name}`, `with ?${query}`, "query-value", { target: `${GUIDE}?${query}` }),
    ),
    ...each(
      {
        slash: `${GUIDE}/`,
        below: `${GUIDE}/secrets`,
        suffix: `${GUIDE}.json`,
        capital: "/_gate/Guide",
        encoded: "/_gate/%67uide",
        doubled: "/_gate//guide",
        "doubled-in-front": "//_gate/guide",
        policy: "/_gate/policy",
        keys: "/_gate/keys",
      },
      (target, name) =>
        attack(
          `27.near-${name}`,
          `near the guide: ${target}`,
          "unauthenticated",
          { target },
          { orElse: ["path-empty-segment", "path-encoding", "route-not-allowed", "not-found"] },
        ),
    ),
    ...each({ markdown: "", json: "?format=json" }, (query, name) =>
      attack(
        `27.content-${name}`,
        "what is none of an agent's business",
        "filter:guide",
        { target: `${GUIDE}${query}` },
        {
          gate: "mcp",
          forbid: NOTHING_OF,
          demand: "acme/api",
          status: 200,
          demandHeaders: { "cache-control": "no-store" },
        },
      ),
    ),
    attack(
      "27.address-of-another",
      "the guide names the address that the client asked, and no other header decides it",
      "filter:guide",
      {
        target: GUIDE,
        headers: [
          ["X-Forwarded-Host", "evil.example"],
          ["Forwarded", "host=evil.example"],
        ],
      },
      { forbid: ["evil.example"] },
    ),
    {
      id: "27.stopped",
      title: "the guide of a stopped gate",
      guard: "token-stopped",
      gate: "stopped",
      asks: [{ method: "POST", target: "/_gate/deny", authorization: "Bearer {operatorKey}", json: { stop: true } }],
      ask: { target: GUIDE },
      reaches: /never/,
      atMost: 0,
    },
  ],
  twins: [
    twin("27.markdown", "the guide as text", 200, { target: GUIDE }, null),
    twin("27.json", "the guide as data", 200, { target: `${GUIDE}?format=json` }, null),
    twin("27.head", "the head of the guide", 200, { method: "HEAD", target: GUIDE }, null),
  ],
};
