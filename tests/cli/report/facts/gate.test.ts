import { facts } from "../../../../cli/report/facts";
import { compare } from "../../../../cli/report/facts/compare";
import { embedRotation, type RotationPlan } from "../../../../infra/plans";

const POLICY = {
  mode: { kind: "enforce" },
  limits: { requestsPerMinute: 120 },
  repositories: [{ name: "api", access: "write", protectedPaths: ["/deploy/**"] }],
  routes: { read: ["repos/get"], write: ["pulls/create"] },
  protectedPaths: ["/CODEOWNERS"],
  upstream: { api: "https://api.github.com" },
  downloadHosts: ["codeload.github.com"],
  lfsHosts: [],
  branchPrefix: "claude/",
};
const TEAM = "github:index/teamRepository:TeamRepository";
/** Locks of a repository come and go unseen where the agent may not write. */
const WRITES = {
  urn: `urn:pulumi:dev::gatehouse::${TEAM}::x`,
  type: TEAM,
  name: "x",
  inputs: { repository: "api", permission: "push" },
};
const kinds = (before: object, after: object): string[] => {
  const state = (more: object) =>
    facts({ source: "export", resources: [WRITES], outputs: { gatePolicy: { ...POLICY, ...more } } });
  return compare(state(before), state(after)).map(({ kind, id }) => `${kind} ${id}`);
};

it.each<[title: string, after: object, expected: string[]]>([
  [
    "a route that opens",
    { routes: { read: ["repos/get", "gists/list"], write: ["pulls/create"] } },
    ["widened gate/routes/read"],
  ],
  ["keys of sessions", { sessionKeys: { maxHours: 8, maxSessions: 20 } }, ["granted gate/session-keys"]],
  [
    "the first route of a kind",
    { routes: { ...POLICY.routes, admin: ["repos/delete"] } },
    ["granted gate/routes/admin"],
  ],
  [
    "a path that is kept no longer",
    { repositories: [{ name: "api", access: "write" }] },
    ["widened gate/protected-paths/api"],
  ],
  ["no protected path at all", { protectedPaths: [] }, ["widened gate/protected-paths"]],
  [
    "a host more for downloads",
    { downloadHosts: ["codeload.github.com", "evil.example"] },
    ["widened gate/download-hosts"],
  ],
  ["LFS", { lfsHosts: ["lfs.github.com"] }, ["granted gate/lfs-hosts"]],
  [
    "another upstream",
    { upstream: { api: "https://evil.example" } },
    ["widened gate/upstream", "narrowed gate/upstream"],
  ],
  ["other branches", { branchPrefix: "bot/" }, ["widened gate/branches", "narrowed gate/branches"]],
  ["observing alone", { mode: { kind: "observe", until: "2027-01-01" } }, ["widened gate/mode"]],
])("%s", (_title, after, expected) => {
  expect(kinds({}, after)).toEqual(expected);
});

describe("the rotation", () => {
  const plan = (more: Partial<RotationPlan>): string =>
    embedRotation("export default {};", {
      kind: "personal-access-token",
      everyDays: 30,
      expiryDays: 30,
      graceMinutes: 10,
      ...more,
    } as RotationPlan);
  const state = (content: string | undefined, cron: boolean) =>
    facts({
      source: "export",
      resources: [
        ...(content === undefined
          ? []
          : [
              {
                urn: "urn:pulumi:dev::gatehouse::gatehouse:cloudflare:Rotator$cloudflare:index/workersScript:WorkersScript::x",
                type: "cloudflare:index/workersScript:WorkersScript",
                name: "x",
                inputs: { content },
              },
            ]),
        ...(cron
          ? [
              {
                urn: "urn:pulumi:dev::gatehouse::gatehouse:cloudflare:Rotator$cloudflare:index/workersCronTrigger:WorkersCronTrigger::y",
                type: "cloudflare:index/workersCronTrigger:WorkersCronTrigger",
                name: "y",
                inputs: { schedules: [{ cron: "*/5 * * * *" }] },
              },
            ]
          : []),
      ],
      outputs: {},
    });
  const told = (before: ReturnType<typeof state>, after: ReturnType<typeof state>): string[] =>
    compare(before, after).map(({ kind, id, details }) => `${kind} ${id} ${details?.join(", ") ?? ""}`);

  it("widens when it goes, when nothing wakes it, and when a token lives longer", () => {
    expect(told(state(plan({}), true), state(undefined, false))).toEqual([
      "widened rotation/plan ",
      "widened rotation/schedule ",
    ]);
    expect(told(state(plan({}), true), state(plan({}), false))).toEqual(["widened rotation/schedule "]);
    expect(told(state(plan({}), true), state(plan({ expiryDays: 366 }), true))).toEqual([
      "widened rotation/plan expiryDays 30 → 366",
    ]);
    expect(told(state(plan({ everyDays: 90 }), true), state(plan({}), true))).toEqual([
      "narrowed rotation/plan everyDays 90 → 30",
    ]);
  });
});

it("sees more keys of sessions, and keys that live longer, each by itself", () => {
  const keys = (maxHours: number, maxSessions: number) => ({ sessionKeys: { maxHours, maxSessions } });
  expect(kinds(keys(2, 5), keys(2, 6))).toEqual(["widened gate/session-keys"]);
  expect(kinds(keys(2, 5), keys(1, 5))).toEqual(["narrowed gate/session-keys"]);
  expect(kinds(keys(2, 5), keys(3, 4)).sort()).toEqual(["narrowed gate/session-keys", "widened gate/session-keys"]);
  expect(kinds(keys(2, 5), {})).toEqual(["withdrawn gate/session-keys"]);
});
