import { attemptsFor } from "../../drill/attempts";
import { UNLOCK } from "../../drill/unlock";
import { chosen, pairsOf } from "../../drill/pairs";
import { isRefusalBy, sentence } from "../../drill/refusalPatterns";
import { protectionOfLock, rulesOfLock, type Ruleset } from "../../drill/isolate";
import { CATALOGUE, LOCKS, type LockId } from "../../../infra/model";
import { environment } from "../../../tests/support/environment";

const claims = CATALOGUE.flatMap((action) =>
  Object.values(action.at).flatMap((standing) =>
    standing === "allowed" ? [] : standing.locks.map((lock) => ({ action, lock })),
  ),
);

it("has an attempt for every action and every lock of the catalogue, whatever the environment", () => {
  expect(
    claims.filter((claim) => attemptsFor(claim).length === 0).map(({ action, lock }) => `${action.id} by ${lock}`),
  ).toEqual([]);
});

it("knows how to open every lock, or says why nobody can: only what GitHub refuses to everyone", () => {
  const fixed = (Object.keys(LOCKS) as LockId[]).filter((lock) => "fixed" in UNLOCK[lock]);
  expect(fixed.map((lock) => LOCKS[lock].enforcer)).toEqual(fixed.map(() => "github"));
});

it("claims no lock that stops nothing", () => {
  expect((Object.keys(LOCKS) as LockId[]).filter((lock) => !claims.some((claim) => claim.lock === lock))).toEqual([]);
});

it("makes one pair of each action, ground and lock", () => {
  const names = pairsOf(environment()).map(({ action, place, lock, repository }) =>
    [action.id, place, lock, repository?.name].join(" "),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain("merge-pull-request write protection-push api");
});

it("tries a repository of each visibility: GitHub offers them other locks", () => {
  const grounds = (visibility: string): string[] =>
    pairsOf(
      environment({
        repositories: [
          { name: "api", access: "write", visibility },
          { name: "docs", access: "read" },
        ],
      }),
    ).map(({ action, lock }) => `${action.id} ${lock}`);
  expect(grounds("public")).toContain("edit-codeowners ruleset-reviewers");
  expect(grounds("private")).not.toContain("edit-codeowners ruleset-reviewers");
});

it("chooses by any of the words, and by all that one filter joins", () => {
  const pair = pairsOf(environment()).find(
    ({ action, place, lock }) => action.id === "merge-pull-request" && place === "write" && lock === "protection-push",
  );
  if (!pair) throw new Error("no such pair");
  expect(
    [[], ["merge"], ["nothing", "protection"], ["merge/write/protection"], ["merge/read"], ["nothing"]].map((filters) =>
      chosen(filters, pair),
    ),
  ).toEqual([true, true, true, true, false, false]);
});

describe("a lock stands alone", () => {
  const review: Ruleset = {
    id: 1,
    name: "any name",
    target: "branch",
    enforcement: "active",
    rules: [
      {
        type: "pull_request",
        parameters: {
          required_approving_review_count: 2,
          require_code_owner_review: true,
          require_last_push_approval: true,
          required_reviewers: [{ minimum_approvals: 1 }],
        },
      },
      {
        type: "required_status_checks",
        parameters: { required_status_checks: [{ context: "ci", integration_id: 15368 }] },
      },
    ],
  };
  const fence: Ruleset = {
    id: 2,
    name: "another",
    target: "branch",
    enforcement: "active",
    rules: [{ type: "creation" }, { type: "update" }, { type: "deletion" }],
  };
  const history: Ruleset = {
    id: 3,
    name: "third",
    target: "branch",
    enforcement: "active",
    rules: [{ type: "deletion" }, { type: "non_fast_forward" }],
  };

  it("with its own rules and no others", () => {
    expect(rulesOfLock("ruleset-checks", review).map(({ type }) => type)).toEqual(["required_status_checks"]);
    expect([review, fence, history].map((one) => rulesOfLock("ruleset-branches", one).length)).toEqual([0, 3, 0]);
    expect([review, fence, history].map((one) => rulesOfLock("ruleset-history", one).length)).toEqual([0, 0, 2]);
    expect([review, fence, history].flatMap((one) => rulesOfLock("gate-route", one))).toEqual([]);
  });

  it("without what else the same rule asks, which would stop the attempt as well", () => {
    expect(rulesOfLock("owners-review", review)[0]?.parameters).toMatchObject({
      require_code_owner_review: true,
      require_last_push_approval: false,
      required_approving_review_count: 1,
    });
    expect(rulesOfLock("ruleset-reviewers", review)[0]?.parameters).toMatchObject({
      require_code_owner_review: false,
      required_reviewers: [{ minimum_approvals: 1 }],
    });
  });

  it("without adding what the posture has not declared", () => {
    const lax = { ...review, rules: [{ type: "pull_request", parameters: { require_code_owner_review: false } }] };
    expect(rulesOfLock("owners-review", lax)[0]?.parameters).toMatchObject({ require_code_owner_review: false });
    expect(protectionOfLock("protection-push", "rulesets", {})).toMatchObject({ restrictions: null });
    expect(protectionOfLock("owners-review", "protection", { required_pull_request_reviews: {} })).toMatchObject({
      required_pull_request_reviews: { require_code_owner_reviews: false },
    });
  });
});

describe("a refusal is a lock's own", () => {
  const refused = (status: number, rule: string, text = ""): Parameters<typeof isRefusalBy>[1] => ({
    status,
    ok: false,
    rule,
    text,
  });

  it("only in its own words", () => {
    expect(isRefusalBy("gate-route", refused(403, "route-closed"))).toBe(true);
    expect(isRefusalBy("gate-route", refused(403, "limit-writes-minute"))).toBe(false);
    expect(isRefusalBy("role-pull", refused(403, "Permission to acme/docs.git denied to claude-bot."))).toBe(true);
    expect(
      isRefusalBy(
        "ruleset-branches",
        refused(
          0,
          "GH006: Protected branch update failed",
          "remote: error: You're not authorized to push to this branch.",
        ),
      ),
    ).toBe(false);
    expect(
      isRefusalBy(
        "protection-push",
        refused(
          0,
          "GH006: Protected branch update failed",
          "remote: error: You're not authorized to push to this branch.",
        ),
      ),
    ).toBe(true);
  });

  it("never when the system broke", () => {
    for (const lock of Object.keys(LOCKS) as LockId[])
      for (const answer of [
        refused(500, "Server Error"),
        refused(503, "gate-error"),
        refused(0, "unable to access: Connection refused"),
      ])
        expect([lock, isRefusalBy(lock, answer)]).toEqual([lock, false]);
  });

  it("in one line, of the many that git prints", () => {
    expect(
      sentence(
        refused(
          0,
          "error: GH013: Repository rule violations found for refs/heads/main.",
          "remote: error: GH013: …\nremote: Review all repository rules at http://x\nremote: \nremote: - Cannot update this protected ref.",
        ),
      ),
    ).toBe("Cannot update this protected ref.");
  });
});
