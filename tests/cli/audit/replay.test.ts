import { replay } from "../../../cli/audit/replay";
import { endpoints } from "../../../infra/model";
import { compilePolicy } from "../../../infra/plans";
import type { AuditEntry, AuditRecord } from "../../../gate/policy/audit";
import { environment } from "../../support/environment";
import { at, entry } from "./support/trail";

const records = (...entries: Partial<AuditEntry>[]): AuditRecord[] =>
  entries.map((one, i) => ({ v: 1, seq: i + 1, prevHash: "", hash: "", ...entry(one) }));
const policyOf = (access: "read" | "write") =>
  compilePolicy(environment({ repositories: [{ name: "api", access, reviewers: ["backend"] }] }), {
    repositories: [],
    endpoints: endpoints(),
  });
const read = { path: "/repos/acme/api/issues", route: "issues.list" };
const open = { method: "POST", path: "/repos/acme/api/pulls", route: "pulls.create", status: 201 };
const push = { method: "POST", path: "/acme/api.git/git-receive-pack", route: "git.push" };
const advertised = { path: "/acme/api.git/info/refs", route: "git.push" };

it("finds nothing under the posture that the records were made with", () => {
  expect(replay(policyOf("write"), records(read, open, push, advertised))).toEqual({
    records: 4,
    differences: [],
    untold: 0,
  });
});

it("says what a narrower posture would refuse, and counts it", () => {
  const { differences } = replay(policyOf("read"), records(read, open, { ...open, ts: at(9) }, push, advertised));
  expect(differences.map(({ change, method, count, rule }) => [change, method, count, rule])).toEqual([
    ["would be refused", "POST", 2, "route-not-allowed"],
    ["would be refused", "POST", 1, "route-not-allowed"],
    ["would be refused", "GET", 1, "route-not-allowed"],
  ]);
  expect(differences[0]).toMatchObject({ route: "pulls.create", last: at(9), example: "/repos/acme/api/pulls" });
});

it("says what a wider posture would let through, and claims it of no refusal for another reason", () => {
  const refused = { decision: "deny" as const, status: 403 };
  const { differences } = replay(
    policyOf("write"),
    records(
      { ...open, ...refused, reason: "access-read-only" },
      { ...open, ...refused, reason: "body-value" },
      { ...read, ...refused, reason: "limit-requests-minute" },
      { path: "/repos/acme/other/issues", ...refused, reason: "repository-not-listed" },
    ),
  );
  expect(differences).toMatchObject([{ change: "would be allowed", rule: "access-read-only", count: 1 }]);
});

it("leaves open what hangs on a body or a query, and skips who was no agent", () => {
  expect(
    replay(
      policyOf("write"),
      records(
        { method: "POST", path: "/graphql" },
        { path: "/repositories/7/issues" },
        { path: "/search/issues" },
        { agent: "" },
        { agent: "operator", path: "/_gate/audit" },
        { decision: "gap", method: "", path: "" },
      ),
    ),
  ).toEqual({ records: 3, differences: [], untold: 3 });
});
