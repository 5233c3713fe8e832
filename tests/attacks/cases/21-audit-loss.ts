import type { Ask, Attack, CaseFile } from "../support/types";

const AUDIT: Ask = { target: "/_gate/audit?limit=10000", authorization: "Bearer {operatorKey}" };
const READ: Ask = { target: "/repos/acme/api" };

/** Requests that must leave a record, each with a mark by which its record is known. */
const RECORDED: Readonly<Record<string, readonly [ask: Ask, demand: string, reaches?: RegExp]>> = {
  stranger: [
    { target: "/repos/acme/mark-stranger", authorization: null },
    '"path":"/repos/acme/mark-stranger","route":"","repository":"","decision":"deny","reason":"unauthenticated"',
  ],
  unlisted: [
    { target: "/repos/acme/mark-unlisted" },
    '"path":"/repos/acme/mark-unlisted","route":"repo.get","repository":"","decision":"deny","reason":"repository-not-listed"',
  ],
  malformed: [
    { target: "/repos/acme//mark-malformed" },
    'mark-malformed","route":"","repository":"","decision":"deny","reason":"path-empty-segment"',
  ],
  closed: [
    { method: "POST", target: "/repos/acme/api/hooks", json: { mark: 1 } },
    '"method":"POST","path":"/repos/acme/api/hooks"',
  ],
  read: [
    { target: "/repos/acme/api/contents/README.md" },
    '"path":"/repos/acme/api/contents/README.md","route":"contents.get","repository":"acme/api","decision":"allow"',
    /^GET \/api\/v3\/repos\/acme\/api\/contents\/README.md$/,
  ],
  "not-found": [
    { target: "/repos/acme/api/contents/mark-not-found" },
    'mark-not-found","route":"contents.get","repository":"acme/api","decision":"allow","reason":"","status":404',
    /^GET /,
  ],
  write: [
    { method: "POST", target: "/repos/acme/api/issues", json: { title: "Recorded" } },
    '"route":"issues.create","repository":"acme/api","decision":"allow","reason":"","status":201',
    /^POST \/api\/v3\/repos\/acme\/api\/issues$/,
  ],
  secret: [
    { method: "POST", target: "/repos/acme/api/issues", json: { title: "{fakeGhp}" } },
    '"findings":[{"rule":"github-classic-token"',
  ],
  clone: [
    { target: "/acme/docs.git/info/refs?service=git-upload-pack" },
    '"path":"/acme/docs.git/info/refs","route":"git.fetch","repository":"acme/docs","decision":"allow"',
    /^GET \/acme\/docs.git/,
  ],
  push: [
    {
      method: "POST",
      target: "/acme/api.git/git-receive-pack",
      headers: [["Content-Type", "application/x-git-receive-pack-request"]],
      body: (kit) => kit.pushChange("refs/heads/main", { "a.txt": "x" }),
    },
    '"route":"git.push","repository":"acme/api","decision":"deny","reason":"ref-outside-agent-space"',
  ],
  graphql: [
    { method: "POST", target: "/graphql", json: { query: 'mutation{deleteRef(input:{refId:"x"}){clientMutationId}}' } },
    '"path":"/graphql"',
  ],
  control: [
    { method: "POST", target: "/_gate/deny", json: { stop: true } },
    '"path":"/_gate/deny","route":"","repository":"","decision":"deny","reason":"not-found"',
  ],
  "token-hash": [READ, '"tokenSha256":"{tokenSha256}"', /^GET \/api\/v3\/repos\/acme\/api$/],
};

const many = (count: number): Ask[] => Array.from({ length: count }, () => ({ target: "/repos/acme/secrets" }));

export const auditLoss: CaseFile = {
  class: 21,
  attacks: [
    ...Object.entries(RECORDED).map(([name, [ask, demand, reaches]]): Attack => ({
      id: `21.recorded-${name}`,
      title: `leaves no record of a ${name} request`,
      guard: "filter:audit-record",
      asks: [ask],
      ask: AUDIT,
      reaches: reaches ?? /never/,
      atMost: reaches === undefined ? 0 : 1,
      status: 200,
      demand,
    })),
    {
      id: "21.archive-lost-read",
      title: "reads on while the archive is lost",
      guard: "audit-unavailable",
      gate: "no-archive",
      asks: many(600),
      atOnce: true,
      pauseMs: 2500,
      ask: READ,
      reaches: /never/,
      atMost: 0,
    },
    {
      id: "21.archive-lost-write",
      title: "writes on while the archive is lost",
      guard: "audit-unavailable",
      gate: "no-archive",
      asks: many(600),
      atOnce: true,
      pauseMs: 2500,
      ask: { method: "POST", target: "/repos/acme/api/issues", json: { title: "Unrecorded" } },
      reaches: /never/,
      atMost: 0,
    },
    {
      id: "21.chain-lost",
      title: "writes while its record cannot be kept, and is told that all is well",
      guard: "audit-unavailable",
      gate: "ledger-losing",
      ask: { method: "POST", target: "/repos/acme/api/issues", json: { title: "Unrecorded" } },
      reaches: /^POST /,
      atMost: 1,
      atLeast: 1,
    },
    {
      id: "21.ledger-lost",
      title: "writes while the chain cannot be written",
      guard: "ledger-unavailable",
      gate: "ledger-throwing",
      ask: { method: "POST", target: "/repos/acme/api/issues", json: { title: "Unrecorded" } },
    },
    {
      id: "21.erase",
      title: "erases the trail",
      guard: "not-found",
      ask: { method: "DELETE", target: "/_gate/audit" },
    },
    {
      id: "21.erase-operator",
      title: "erases the trail as its operator",
      guard: "not-found",
      ask: { method: "DELETE", target: "/_gate/audit", authorization: "Bearer {operatorKey}" },
    },
    {
      id: "21.forge",
      title: "writes a record of its own",
      guard: "not-found",
      ask: { method: "POST", target: "/_gate/audit", json: { v: 1, seq: 1 } },
    },
    { id: "21.read", title: "reads the trail as the agent", guard: "not-found", ask: { target: "/_gate/audit" } },
    {
      id: "21.secrets",
      title: "finds a secret in the trail",
      guard: "filter:audit-record",
      asks: [READ, { target: "/repos/acme/api/issues?creator=mark-query-value" }],
      ask: AUDIT,
      reaches: /^GET /,
      atMost: 2,
      status: 200,
      forbid: ["mark-query-value"],
    },
  ],
  twins: [{ id: "21.twin-audit", title: "the trail read by its operator", ask: AUDIT, status: 200, sent: null }],
};
