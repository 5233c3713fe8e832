import { alarmEvent, gitHubEvent, lockEvent, OCSF_VERSION, recordEvent } from "../../../cli/audit/ocsf";
import type { GitHubEvent, GitHubSource } from "../../../cli/audit/github";
import type { AuditEntry, AuditRecord } from "../../../gate/policy/audit";
import { around, at, entry, TOKEN } from "./support/trail";
import { ocsfProblems } from "./support/schema";

const record = (changes: Partial<AuditEntry> = {}): AuditRecord => ({
  v: 1,
  seq: 7,
  prevHash: "a".repeat(64),
  hash: "b".repeat(64),
  ...entry(changes),
});
const line = (source: GitHubSource, event: object): GitHubEvent => ({
  source,
  at: at(5),
  id: `${source}:1`,
  event: event as GitHubEvent["event"],
});

it("checks what it checks: the official schema refuses an unknown key, a wrong class, a missing actor", () => {
  const good = recordEvent(record(), "claude-bot");
  expect(ocsfProblems(good)).toEqual([]);
  expect(ocsfProblems({ ...good, surprise: 1 })).not.toEqual([]);
  expect(ocsfProblems({ ...good, activity_id: 77 })).not.toEqual([]);
  expect(ocsfProblems({ ...good, actor: {} })).not.toEqual([]);
  expect(ocsfProblems({ ...good, time: 1_700_000_000 })).toEqual(["time is not in milliseconds"]);
});

it("maps the gate's records, whatever they decide", () => {
  const shown = (changes: Partial<AuditEntry>) => {
    const event = recordEvent(record(changes), "claude-bot");
    expect(ocsfProblems(event)).toEqual([]);
    return event;
  };
  expect(shown({})).toMatchObject({
    class_uid: 6003,
    activity_id: 2,
    type_uid: 600302,
    action_id: 1,
    metadata: { version: OCSF_VERSION, uid: "abc-1", sequence: 7, profiles: ["security_control"] },
    actor: { user: { name: "agent", uid: "claude-bot", credential_uid: TOKEN } },
    src_endpoint: { ip: "203.0.113.7" },
    raw_data_hash: { value: "b".repeat(64) },
    resources: [{ name: "acme/api" }],
  });
  expect(shown({ gateKeySha256: "k".repeat(43) })).toMatchObject({
    actor: { user: { credential_uid: TOKEN }, session: { credential_uid: "k".repeat(43) } },
  });
  expect(shown({ gateKeySha256: "k".repeat(43), session: "sesn_1" })).toMatchObject({
    actor: { session: { uid: "sesn_1", credential_uid: "k".repeat(43) } },
  });
  expect(shown({}).actor).not.toHaveProperty("session");
  expect(shown({ decision: "deny", reason: "route-closed", status: 403, tokenSha256: "" })).toMatchObject({
    action_id: 2,
    disposition_id: 2,
    firewall_rule: { name: "route-closed" },
    status_id: 2,
  });
  expect(shown({ decision: "observe", reason: "route-closed" })).toMatchObject({ action_id: 3, severity_id: 3 });
  expect(
    shown({ decision: "gap", method: "", path: "", agent: "", clientIp: "", reason: "at most 3 requests" }),
  ).toMatchObject({
    class_uid: 2004,
    finding_info: { desc: "at most 3 requests" },
  });
  expect(shown({ agent: "", clientIp: "", route: "", repository: "", method: "BREW", path: "" })).toMatchObject({
    activity_id: 99,
    actor: { user: { name: "unauthenticated" } },
    src_endpoint: { name: "not recorded" },
  });
  for (const [method, path, activity] of [
    ["POST", "/repos/acme/api/pulls", 1],
    ["PATCH", "/repos/acme/api/pulls/1", 3],
    ["DELETE", "/repos/acme/api/git/refs/heads/x", 4],
    ["POST", "/graphql", 99],
    ["POST", "/acme/api.git/git-upload-pack", 2],
    ["POST", "/acme/api.git/git-receive-pack", 3],
  ] as const)
    expect([path, shown({ method, path }).activity_id]).toEqual([path, activity]);
  expect(shown({ clientIp: "2001:db8::7" })).toMatchObject({ src_endpoint: { ip: "2001:db8::7" } });
});

it("maps GitHub's events: requests, changes of rules, grants", () => {
  const log = { actor: "claude-bot", hashed_token: TOKEN, repo: "acme/api" };
  const shown = (one: GitHubEvent) => {
    const event = gitHubEvent(one)!;
    expect(ocsfProblems(event)).toEqual([]);
    return event;
  };
  expect(
    shown(
      line("audit-log", {
        ...log,
        action: "api.request",
        request_method: "GET",
        url_path: "/repos/acme/api?x=1",
        status_code: 404,
        user_agent: "curl",
      }),
    ),
  ).toMatchObject({
    class_uid: 6003,
    activity_id: 2,
    status_id: 2,
    http_request: { url: { path: "/repos/acme/api" } },
  });
  expect(shown(line("audit-log", { ...log, action: "git.push" }))).toMatchObject({ activity_id: 3 });
  expect(
    shown(line("audit-log", { actor: "boss", action: "repository_ruleset.destroy", ruleset_name: "fence" })),
  ).toMatchObject({
    class_uid: 3004,
    activity_id: 4,
    entity: { name: "fence" },
    severity_id: 4,
  });
  expect(shown(line("audit-log", { actor: "boss", action: "team.add_member", user: "claude-bot" }))).toMatchObject({
    class_uid: 3005,
    activity_id: 1,
    user: { name: "claude-bot" },
  });
  expect(
    shown(
      line("events", {
        type: "PullRequestEvent",
        actor: { login: "claude-bot" },
        repo: { name: "acme/api" },
        payload: { action: "opened", number: 3 },
      }),
    ),
  ).toMatchObject({ class_uid: 6003, activity_id: 1, message: "PullRequestEvent: opened #3" });
  expect(
    shown(
      line("rule-suites", { actor_name: "claude-bot", repository: "acme/api", ref: "refs/heads/main", result: "fail" }),
    ),
  ).toMatchObject({
    action_id: 2,
    status_id: 2,
  });
  expect(
    shown(
      line("rule-suites", {
        actor_name: "claude-bot",
        repository: "acme/api",
        ref: "refs/heads/main",
        result: "bypass",
      }),
    ),
  ).toMatchObject({
    severity_id: 4,
    policy: { is_applied: false },
  });
  expect(
    shown(
      line("grants", {
        owner: { login: "claude-bot" },
        token_id: 9,
        token_name: "gate",
        permissions: { repository: { contents: "write" } },
      }),
    ),
  ).toMatchObject({ class_uid: 3005, privileges: ["contents=write"] });
});

it("maps what the trail itself finds", () => {
  const alarm = alarmEvent(around(3, "somebody used the token"), Date.parse(at(9)));
  expect([ocsfProblems(alarm), alarm.class_uid]).toEqual([[], 2004]);
  for (const [lock, status] of [
    [{ declared: 9, found: 9 }, 1],
    [{ declared: 9, found: 3 }, 3],
  ] as const) {
    const event = lockEvent(lock, Date.parse(at(9)));
    expect([ocsfProblems(event), event]).toMatchObject([[], { class_uid: 2003, compliance: { status_id: status } }]);
  }
});
