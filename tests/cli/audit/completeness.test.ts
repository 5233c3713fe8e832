import { findAround } from "../../../cli/audit/completeness";
import { happening, type GitHubEvent } from "../../../cli/audit/github";
import type { AuditEntry, AuditRecord } from "../../../gate/policy/audit";
import { at, entry, TOKEN } from "./support/trail";

const records = (...entries: Partial<AuditEntry>[]): AuditRecord[] =>
  [{ ts: at(-100) }, ...entries].map((one, i) => ({ v: 1, seq: i + 1, prevHash: "", hash: "", ...entry(one) }));
const logged = (second: number, action: string, more: object = {}): GitHubEvent => ({
  source: "audit-log",
  at: at(second),
  id: `audit-log:${second}${action}`,
  event: { action, actor: "claude-bot", repo: "acme/api", hashed_token: TOKEN, ...more },
});
const request = (second: number, method: string, path: string, more: object = {}): GitHubEvent =>
  logged(second, "api.request", { request_method: method, url_path: `/api/v3${path}`, ...more });
const listed = (second: number, type: string, payload: object = {}): GitHubEvent => ({
  source: "events",
  at: at(second),
  id: `events:${second}${type}`,
  event: { type, actor: { login: "claude-bot" }, repo: { name: "acme/api" }, payload },
});
const around = (events: GitHubEvent[], all: AuditRecord[], live = true): string[] =>
  findAround(
    events.flatMap((one) => happening(one) ?? []),
    all,
    { machineUser: "Claude-Bot", live },
  ).map(({ at: when, says }) => `${when} ${says}`);

const push = { method: "POST", path: "/acme/api.git/git-receive-pack", ts: at(10), ms: 400 };

it("says nothing when the gate let each through", () => {
  expect(
    around(
      [
        logged(10, "git.push"),
        listed(11, "PushEvent", { ref: "refs/heads/claude/x" }),
        logged(20, "git.fetch"),
        request(30, "GET", "/repos/acme/api/issues"),
        request(40, "POST", "/repos/acme/api/pulls"),
        listed(40, "PullRequestEvent", { number: 7 }),
        // The gate's own look-up before it decides.
        request(40, "GET", "/repos/acme/api/pulls/3"),
      ],
      records(
        push,
        { method: "POST", path: "/acme/api.git/git-upload-pack", ts: at(19) },
        { path: "/repos/acme/api/issues", ts: at(30) },
        { method: "POST", path: "/repos/acme/api/pulls", ts: at(39) },
      ),
    ),
  ).toEqual([]);
});

it("names what the real token did around the gate, and what to do", () => {
  const found = around(
    [request(300, "GET", "/repos/acme/api/issues"), logged(400, "git.push")],
    records(push, { ts: at(30) }),
  );
  expect(found).toHaveLength(2);
  expect(found[0]).toBe(
    `${at(300)} api.request in acme/api (GET /repos/acme/api/issues) with the token 47DEQpj8HBSa…: the gate has no record of it. Somebody used the token around the gate; run \`gatehouse token revoke --now\``,
  );
  expect(found[1]).toMatch(/^.* git\.push in acme\/api with the token 47DEQpj8HBSa…: the gate has no record/);
});

it("names a token of the machine user that the gate never used, at any time", () => {
  const other = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
  expect(
    around([request(30, "GET", "/repos/acme/api/issues", { hashed_token: other })], records({ ts: at(30) })),
  ).toEqual([expect.stringMatching(/with a token that the gate never used \(n4bQgYhMfWWa…\): .* Revoke it$/)]);
});

it("takes no refused request for the cause, nor one of another repository or kind", () => {
  for (const wrong of [
    { ...push, decision: "deny" as const },
    { ...push, repository: "acme/docs" },
    { ...push, method: "GET", path: "/repos/acme/api/issues" },
    { ...push, ts: at(60) },
  ])
    expect(around([logged(10, "git.push")], records(wrong))).toHaveLength(1);
});

it("takes nothing that an operator asked of the gate for the cause of a write", () => {
  const probes = records(
    ...["/_gate/probe", "/_gate/refresh"].map((path) => ({
      method: "POST",
      path,
      agent: "operator",
      repository: "",
      ts: at(8),
    })),
  );
  expect(around([listed(10, "PushEvent", { ref: "refs/heads/claude/x" })], probes)).toHaveLength(1);
  expect(around([listed(10, "IssueCommentEvent")], probes)).toHaveLength(1);
  // What a probe asks GitHub is its cause.
  expect(around([request(8, "GET", "/user", { repo: "" })], probes)).toEqual([]);
});

it("lets one request account for one event of each kind, and one push for all its references", () => {
  expect(around([listed(10, "PushEvent"), listed(11, "PushEvent"), listed(10, "CreateEvent")], records(push))).toEqual(
    [],
  );
  expect(around([listed(10, "PushEvent"), listed(18, "PushEvent")], records(push))).toHaveLength(1);
  const comment = { method: "POST", path: "/repos/acme/api/issues/1/comments", ts: at(10) };
  expect(around([listed(10, "IssueCommentEvent"), listed(11, "IssueCommentEvent")], records(comment))).toHaveLength(1);
  expect(around([listed(10, "IssueCommentEvent"), listed(11, "IssueCommentEvent")], records(comment, comment))).toEqual(
    [],
  );
});

it("judges nothing before the trail, nothing that is not pulled yet, and nobody else", () => {
  expect(around([logged(-500, "git.push")], records(push))).toEqual([]);
  expect(around([logged(500, "git.push")], records(push), false)).toEqual([]);
  expect(around([logged(500, "git.push", { actor: "somebody" })], records(push))).toEqual([]);
  expect(around([logged(300, "team.add_member", { hashed_token: null, repo: undefined })], records(push))).toEqual([]);
});

it("reads the repository's number in GitHub's paths as its name", () => {
  expect(
    around(
      [request(10, "DELETE", "/repositories/42/issues/1/lock")],
      records({ method: "DELETE", path: "/repos/acme/api/issues/1/lock", ts: at(10) }),
    ),
  ).toEqual([]);
});
