import { attack, twin } from "./build";
import type { Ask, Attack, CaseFile, GateName } from "../support/types";

/** Gates whose dependencies are broken, and with what they must refuse. */
const BROKEN: readonly (readonly [
  gate: GateName,
  what: string,
  guard: Attack["guard"],
  ...orElse: NonNullable<Attack["orElse"]>,
])[] = [
  ["no-token", "the token store is empty", "token-unavailable"],
  ["garbled-token", "the token store holds garbage", "token-unavailable"],
  ["wrong-seal", "the token's seal has another key", "token-unavailable"],
  ["no-seal", "the key of the seal is missing", "token-unavailable"],
  ["no-kv", "the token store is not bound", "token-unavailable"],
  ["expired-token", "the token has expired", "token-expired"],
  ["vault-closed", "Vault is not there", "token-unavailable"],
  ["vault-broken", "Vault is sealed", "token-unavailable"],
  ["vault-refusing", "Vault refuses the gate's role", "token-unavailable"],
  ["vault-empty", "Vault holds no token", "token-unavailable"],
  ["vault-garbled", "Vault's token would split a header", "token-unavailable"],
  ["vault-elsewhere", "Vault sends the gate elsewhere", "token-unavailable"],
  ["ledger-throwing", "the ledger fails", "ledger-unavailable"],
  ["ledger-garbled", "the ledger talks nonsense", "ledger-unavailable", "gate-error"],
  ["no-ledger", "the ledger is not bound", "ledger-unavailable", "gate-error"],
  ["no-policy", "there is no policy", "policy-invalid"],
  ["other-policy", "the policy has another version", "policy-invalid"],
  ["empty-policy", "the policy lists nothing", "policy-invalid"],
  ["no-keys", "there are no gate keys", "unauthenticated"],
  ["garbled-keys", "the gate keys are garbage", "unauthenticated", "gate-error"],
];

const READ: Ask = { target: "/repos/acme/api" };
const WRITE: Ask = { method: "POST", target: "/repos/acme/api/issues", json: { title: "While broken" } };
const QUERY: Ask = { method: "POST", target: "/graphql", json: { query: "{viewer{login}}" } };
const CLONE: Ask = { target: "/acme/api.git/info/refs?service=git-upload-pack" };
const PUSH: Ask = {
  method: "POST",
  target: "/acme/api.git/git-receive-pack",
  headers: [["Content-Type", "application/x-git-receive-pack-request"]],
  body: (kit) => kit.pushChange("refs/heads/claude/broken", { "a.txt": "x" }),
};

const cases = (asks: Readonly<Record<string, Ask>>, gates: readonly GateName[] | undefined): Attack[] =>
  BROKEN.filter(([gate]) => (gates === undefined ? gate !== "ledger-garbled" : gates.includes(gate))).flatMap(
    ([gate, what, guard, ...orElse]) =>
      Object.entries(asks).map(([name, ask]) =>
        attack(`20.${gate}-${name}`, `a ${name} while ${what}`, guard, ask, { gate, orElse }),
      ),
  );

/** What stays refused while a gate observes: what no posture could open, and what protects the gate's own reading. */
const OBSERVED: readonly (readonly [name: string, guard: Attack["guard"], ask: Ask])[] = [
  ["merge", "pull-request-merge", { method: "PUT", target: "/repos/acme/api/pulls/{pull}/merge", json: {} }],
  ["hook", "route-closed", { method: "POST", target: "/repos/acme/api/hooks", json: {} }],
  ["other-owner", "owner-not-allowed", { target: "/repos/other-org/vault" }],
  ["fork", "fork-not-allowed", { target: "/repos/acme/api/compare/main...other-org:main" }],
  [
    "workflow",
    "protected-path",
    {
      method: "PUT",
      target: "/repos/acme/api/contents/.github/workflows/x.yml",
      json: { message: "x", content: "eA==", branch: "claude/start" },
    },
  ],
  [
    "main-branch",
    "ref-outside-agent-space",
    { method: "PATCH", target: "/repos/acme/api/git/refs/heads/main", json: { sha: "{head}" } },
  ],
  [
    "approval",
    "review-event",
    { method: "POST", target: "/repos/acme/api/pulls/{pull}/reviews", json: { event: "APPROVE" } },
  ],
  [
    "credential",
    "secret-in-content",
    { method: "POST", target: "/repos/acme/api/issues", json: { title: "{fakeGhp}", unknown: 1 } },
  ],
  [
    "credential-elsewhere",
    "secret-in-content",
    { method: "POST", target: "/repos/acme/secrets/issues", json: { title: "{fakeGhp}" } },
  ],
  [
    "key-twice",
    "body-duplicate-key",
    {
      method: "POST",
      target: "/repos/acme/secrets/issues",
      headers: [["Content-Type", "application/json"]],
      body: '{"title":"a","title":"b"}',
    },
  ],
  [
    "form",
    "media-type",
    {
      method: "POST",
      target: "/repos/acme/secrets/issues",
      headers: [["Content-Type", "application/x-www-form-urlencoded"]],
      body: "title=a",
    },
  ],
  ["override", "header-forbidden", { target: "/repos/acme/secrets", headers: [["X-HTTP-Method-Override", "DELETE"]] }],
  ["double-slash", "path-empty-segment", { target: "/repos/acme//secrets" }],
  [
    "graphql",
    "repository-not-listed",
    { method: "POST", target: "/graphql", json: { query: '{repository(owner:"acme",name:"secrets"){id}}' } },
  ],
  ["git", "repository-not-listed", { target: "/acme/secrets.git/info/refs?service=git-upload-pack" }],
  [
    "push",
    "ref-outside-agent-space",
    {
      method: "POST",
      target: "/acme/api.git/git-receive-pack",
      headers: [["Content-Type", "application/x-git-receive-pack-request"]],
      body: (kit) => kit.pushChange("refs/heads/main", { "a.txt": "x" }),
    },
  ],
  ["stranger", "unauthenticated", { target: "/repos/acme/secrets", authorization: null }],
];

export const failOpen: CaseFile = {
  class: 20,
  attacks: [
    ...cases({ read: READ, write: WRITE }, undefined),
    ...cases({ query: QUERY, clone: CLONE, push: PUSH }, [
      "no-token",
      "expired-token",
      "ledger-throwing",
      "no-ledger",
      "vault-broken",
    ]),
    ...cases({ read: READ }, ["ledger-garbled"]),
    attack("20.ledger-silent", "a read while the ledger is silent", "ledger-unavailable", READ, {
      gate: "ledger-silent",
    }),
    attack(
      "20.observe-over",
      "a closed route when the time of observing is over",
      "pull-request-merge",
      { method: "PUT", target: "/repos/acme/api/pulls/{pull}/merge", json: {} },
      { gate: "observing" },
    ),
    attack(
      "20.observe-over-unlisted",
      "an unlisted repository when the time of observing is over",
      "repository-not-listed",
      { target: "/repos/acme/secrets" },
      { gate: "observing" },
    ),
    ...OBSERVED.map(([name, guard, ask]) =>
      attack(`20.observing-${name}`, `${name.replaceAll("-", " ")} while observing`, guard, ask, {
        gate: "observing-now",
      }),
    ),
    attack("20.closed-push", "a push where writing is closed", "route-not-allowed", PUSH, { gate: "closed-routes" }),
    attack("20.closed-write", "a write where writing is closed", "route-not-allowed", WRITE, {
      gate: "closed-routes",
      orElse: ["access-read-only"],
    }),
    attack(
      "20.closed-lfs",
      "an upload where writing is closed",
      "route-not-allowed",
      {
        method: "POST",
        target: "/acme/api.git/info/lfs/objects/batch",
        headers: [["Content-Type", "application/vnd.git-lfs+json"]],
        body: JSON.stringify({ operation: "upload", objects: [{ oid: "a".repeat(64), size: 1 }] }),
      },
      { gate: "closed-routes" },
    ),
    {
      id: "20.token-refused",
      title: "a read while GitHub refuses the token",
      guard: "token-refused",
      gate: "hostile",
      ask: READ,
      hostile: [{ status: 401, body: '{"message":"Bad credentials"}' }],
      reaches: /^GET /,
      atMost: 1,
    },
    {
      id: "20.token-refused-twice",
      title: "a read while GitHub refuses every token of a store that changes",
      guard: "token-refused",
      gate: "changing-token",
      ask: READ,
      hostile: [{ status: 401, body: '{"message":"Bad credentials"}' }],
      reaches: /^GET /,
      atMost: 2,
      atLeast: 2,
    },
    {
      id: "20.token-refused-push",
      title: "a push while GitHub refuses the token",
      guard: "token-refused",
      gate: "hostile",
      ask: PUSH,
      hostile: [{ status: 401 }],
      reaches: /^GET /,
      atMost: 1,
    },
    attack(
      "20.ready-stranger",
      "readiness told to a stranger while the ledger fails",
      "not-found",
      { target: "/_gate/ready", authorization: null },
      { gate: "ledger-throwing" },
    ),
  ],
  twins: [
    twin("20.twin-whole", "a read while all is well", 200, READ),
    twin("20.twin-observing", "an allowed read when the time of observing is over", 200, READ, undefined, {
      gate: "observing",
    }),
  ],
};
