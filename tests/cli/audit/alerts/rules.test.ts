import fc from "fast-check";
import { ALERT_RULES, findAlerts, type Alert, type Evidence } from "../../../../cli/audit/alerts/rules";
import type { AuditEntry, AuditRecord } from "../../../../gate/policy/audit";
import { around, at, entry } from "../support/trail";

const DAY = 86_400;
const quiet: Evidence = {
  github: [],
  around: [],
  problems: [],
  sessions: [],
  pulledAt: Date.parse(at(60)),
  live: true,
  machineUser: "claude-bot",
};
const records = (entries: readonly Partial<AuditEntry>[]): AuditRecord[] =>
  entries.map((one, i) => ({
    ...entry({ requestId: `r-${i}`, ...one }),
    v: 1,
    seq: i + 1,
    prevHash: "",
    hash: "",
  }));
const alerts = (
  entries: readonly Partial<AuditEntry>[],
  evidence: Partial<Evidence> = {},
  thresholds: Readonly<Record<string, number>> = {},
): Alert[] => findAlerts(records(entries), { ...quiet, ...evidence }, thresholds);
const rules = (...given: Parameters<typeof alerts>): string[] => alerts(...given).map(({ rule }) => rule);
const many = (count: number, one: (i: number) => Partial<AuditEntry>): Partial<AuditEntry>[] =>
  Array.from({ length: count }, (_, i) => one(i));

it("alerts of nothing in an ordinary day", () => {
  expect(alerts(many(100, (i) => ({ ts: at(i) })))).toEqual([]);
  expect(alerts([])).toEqual([]);
});

it("names each rule once, with what to do first", () => {
  expect(new Set(ALERT_RULES.map(({ id }) => id)).size).toBe(ALERT_RULES.length);
  for (const { first, looksAt } of ALERT_RULES) expect([first, looksAt].join()).not.toMatch(/undefined|^,/);
});

/** A case of each rule: what raises it, and the nearest that does not. */
const refusal = (i: number): Partial<AuditEntry> => ({ ts: at(i), decision: "deny", reason: "route-closed" });
const CASES: readonly (readonly [string, Parameters<typeof alerts>, Parameters<typeof alerts>])[] = [
  ["around-the-gate", [[], { around: [around(5, "somebody pushed")] }], [[]]],
  [
    "record-missing",
    [[], { problems: [{ place: "audit/gate.ndjson:4", problem: "records 4 to 9 are missing" }] }],
    [
      [],
      {
        problems: ["GitHub, now", "the agent, now"].map((place) => ({ place, problem: "another rule has it" })),
      },
    ],
  ],
  ["session-differs", [[], { sessions: [{ id: "agent-overridden:s1", at: at(1), says: "own tools" }] }], [[]]],
  [
    "posture-changed",
    [
      [],
      {
        github: [
          { source: "audit-log", at: at(1), id: "1", event: { action: "repository_ruleset.update", actor: "eve" } },
        ],
      },
    ],
    [[], { github: [{ source: "audit-log", at: at(1), id: "1", event: { action: "git.push", actor: "claude-bot" } }] }],
  ],
  [
    "posture-changed",
    [[], { github: [{ source: "rule-suites", at: at(1), id: "1", event: { result: "bypass", actor_name: "eve" } }] }],
    [[], { github: [{ source: "rule-suites", at: at(1), id: "1", event: { result: "pass", actor_name: "eve" } }] }],
  ],
  [
    "secrets-found",
    [[{ findings: [{ rule: "github-token", offset: 3 }] }]],
    [[{ findings: [{ rule: "allowed-secret", offset: 3, kind: "github-token", reason: "made up" }] }]],
  ],
  ["refusals-burst", [many(20, refusal)], [many(19, refusal)]],
  ["refusals-burst", [many(3, refusal), {}, { "refusals-burst": 3 }], [many(20, (i) => refusal(i * 300))]],
  [
    "bulk-reads",
    [many(500, (i) => ({ ts: at(i), path: `/repos/acme/api/contents/${i}` }))],
    [many(600, (i) => ({ ts: at(i), path: "/repos/acme/api/issues" }))],
  ],
  [
    "large-push",
    [[{ method: "POST", path: "/acme/api.git/git-receive-pack", bytesIn: 5_000_000 }]],
    [[{ method: "POST", path: "/acme/api.git/git-upload-pack", bytesIn: 5_000_000 }]],
  ],
  [
    "new-address",
    [[{ clientIp: "192.0.2.1" }, { ts: at(3 * DAY), clientIp: "192.0.2.2" }], { pulledAt: Date.parse(at(3 * DAY)) }],
    [
      [{ clientIp: "192.0.2.1" }, { ts: at(DAY), clientIp: "192.0.2.2" }, { ts: at(3 * DAY), clientIp: "192.0.2.2" }],
      { pulledAt: Date.parse(at(3 * DAY)) },
    ],
  ],
  [
    "rotation-overdue",
    [[{}, { ts: at(40 * DAY) }], { pulledAt: Date.parse(at(40 * DAY)) }],
    [[{}, { ts: at(40 * DAY), tokenSha256: "another" }], { pulledAt: Date.parse(at(40 * DAY)) }],
  ],
  [
    "silence",
    [[{}], { pulledAt: Date.parse(at(4 * DAY)) }],
    [[{}], { pulledAt: Date.parse(at(4 * DAY)), live: false }],
  ],
];

it.each(CASES)("%s is raised by its case, and not by the nearest other", (rule, raises, does) => {
  expect(rules(...raises)).toContain(rule);
  expect(rules(...does)).not.toContain(rule);
});

it.each(["membership.added", "organization.member_added", "team.removed_from_repository", "repository.publicized"])(
  "posture-changed is raised by the webhook %s, and by no other act on the same",
  (name) => {
    const told = (event: string, action: string): string[] =>
      rules([], {
        github: [
          { source: "webhooks", at: at(1), id: "1", event: { event, payload: { action, sender: { login: "e" } } } },
        ],
      });
    const [event = "", action = ""] = name.split(".");
    expect(told(event, action)).toEqual(["posture-changed"]);
    expect(told("pull_request", action)).toEqual([]);
  },
);

it("has a case for each rule", () => {
  expect(new Set(CASES.map(([rule]) => rule))).toEqual(new Set(ALERT_RULES.map(({ id }) => id)));
});

it("gives an alert the same id in every later run, however much the trail has grown", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          gap: fc.integer({ min: 0, max: 20_000 }),
          decision: fc.constantFrom("allow" as const, "deny" as const),
          bytesIn: fc.constantFrom(0, 6_000_000),
          clientIp: fc.constantFrom("192.0.2.1", "192.0.2.2"),
          method: fc.constantFrom("GET", "POST"),
        }),
        { maxLength: 60 },
      ),
      fc.nat({ max: 60 }),
      (steps, cut) => {
        let second = 0;
        const all = steps.map(({ gap, ...one }) => ({ ...one, ts: at((second += gap)) }));
        const ids = (entries: readonly Partial<AuditEntry>[]): string[] =>
          alerts(entries, { pulledAt: 0 }, { "refusals-burst": 2 }).map(({ id }) => id);
        const later = ids(all);
        expect(new Set(later).size).toBe(later.length);
        expect(later).toEqual(expect.arrayContaining(ids(all.slice(0, cut))));
      },
    ),
    { numRuns: 200 },
  );
});
