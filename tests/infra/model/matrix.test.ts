import {
  CATALOGUE,
  ENFORCERS,
  LOCKS,
  LOCKS_NEEDED,
  accessMatrix,
  accessOf,
  action,
  enforcers,
  lockProblems,
  missingLocks,
  oneLockIsEnough,
  readableMatrix,
  verdict,
  type LockId,
  type Place,
} from "../../../infra/model";
import { CLOSED, ROUTES } from "../../../gate/policy/rest/routes";
import { environment } from "../../support/environment";

const PLACES: readonly Place[] = ["write", "read", "unlisted", "account"];
const KINDS = {
  "personal-access-token": {},
  "app-user-token": { "agent.credential": { kind: "app-user-token", clientId: "Iv1.example" } },
  "app-installation": { "agent.credential": { kind: "app-installation", appId: 1, installationId: 2 } },
  "ghes-impersonation": { "agent.credential": { kind: "ghes-impersonation" }, githubUrl: "https://ghe.acme.dev" },
} as const;
const STORES = { vault: {}, kv: { tokenStore: { kind: "kv" } } } as const;

describe("the catalogue", () => {
  it("has each action once, each forbidden one with its danger, and only locks that exist", () => {
    expect(new Set(CATALOGUE.map(({ id }) => id)).size).toBe(CATALOGUE.length);
    for (const { id, danger, at } of CATALOGUE) {
      const standings = Object.values(at);
      expect([id, standings.length > 0]).toEqual([id, true]);
      if (!standings.includes("allowed")) expect([id, danger !== ""]).toEqual([id, true]);
      for (const standing of standings)
        if (standing !== "allowed") for (const lock of standing.locks) expect(Object.keys(LOCKS)).toContain(lock);
    }
  });

  it("uses every lock and every enforcer that it knows", () => {
    const used = new Set(
      CATALOGUE.flatMap(({ at }) =>
        Object.values(at).flatMap((standing) => (standing === "allowed" ? [] : standing.locks)),
      ),
    );
    expect(Object.keys(LOCKS).filter((id) => !used.has(id as LockId))).toEqual([]);
    expect(new Set(enforcers([...used]))).toEqual(new Set(Object.keys(ENFORCERS)));
  });

  it("knows the action of every route that the gate opens, and allows it where the route is open", () => {
    for (const route of ROUTES) {
      const { at } = action(route.action);
      expect([route.id, at.account === "allowed" || at[route.access] === "allowed"]).toEqual([route.id, true]);
    }
  });

  it("knows the action of every route that the gate closes by name, and allows it nowhere", () => {
    for (const closed of CLOSED) {
      const { at } = action(closed.action);
      expect([closed.path, Object.values(at).includes("allowed")]).toEqual([closed.path, false]);
    }
  });
});

describe.each(Object.entries(KINDS))("with a %s", (_kind, changes) => {
  describe.each(Object.entries(STORES))("in %s", (_store, store) => {
    const posture = environment({ ...changes, ...store });

    it("every dangerous action is stopped by two enforcers at least", () => {
      for (const entry of CATALOGUE) {
        for (const place of PLACES) {
          const judged = verdict(posture, entry, place);
          if (judged === undefined || judged.allowed || oneLockIsEnough(entry, place) !== undefined) continue;
          expect([entry.id, place, enforcers(judged.locks).length >= LOCKS_NEEDED]).toEqual([entry.id, place, true]);
        }
      }
      expect(lockProblems(posture)).toEqual([]);
    });

    it("the gate alone stops every forbidden action, and what remains stops it without the gate", () => {
      for (const entry of CATALOGUE) {
        for (const place of PLACES) {
          const judged = verdict(posture, entry, place);
          if (judged === undefined || judged.allowed || oneLockIsEnough(entry, place) !== undefined) continue;
          const by = enforcers(judged.locks);
          expect([entry.id, place, by.includes("gate"), by.some((enforcer) => enforcer !== "gate")]).toEqual([
            entry.id,
            place,
            true,
            true,
          ]);
        }
      }
    });
  });
});

describe("the rule of two locks", () => {
  it("bites: an environment whose second lock is missing is named with what would bring it", () => {
    const posture = environment();
    expect(lockProblems({ ...posture, plan: "free" })).toEqual([
      expect.objectContaining({
        path: "gatehouse:plan",
        wrong: expect.stringContaining("merge-pull-request") as string,
      }),
    ]);
    const impersonating = environment(KINDS["ghes-impersonation"]);
    expect(lockProblems({ ...impersonating, review: { ...impersonating.review, requiredChecks: [] } })).toEqual([
      {
        path: "gatehouse:review.requiredChecks",
        wrong: "fewer than two independent locks would stop: forge-check",
        right: "at least one check with the integrationId of the App that reports it",
      },
    ]);
  });

  it("knows what each plan offers: public repositories have rules on the free plan too, private ones on paid plans alone", () => {
    expect(() => environment({ plan: "free", "repositories.0.visibility": "public" })).not.toThrow();
    expect(() => environment({ plan: "free", "repositories.0.visibility": "private" })).toThrow(
      "gatehouse:plan: fewer than two independent locks",
    );
    expect(() =>
      environment({
        plan: "free",
        repositories: [
          { name: "api", access: "write", visibility: "public" },
          { name: "web", access: "write" },
        ],
        "rotation.repository": undefined,
      }),
    ).toThrow("gatehouse:plan: fewer than two independent locks");
    expect(() =>
      environment({ plan: "free", repositories: [{ name: "api", access: "read" }], "rotation.repository": undefined }),
    ).not.toThrow();
  });

  it("says which locks are missing, and what would bring them", () => {
    expect(missingLocks(environment())).toEqual({});
    const open = environment({ "repositories.0.visibility": "public" });
    expect(Object.keys(missingLocks(open))).toEqual(["ruleset-paths"]);
    expect(missingLocks(open)["ruleset-paths"]).toMatchObject({
      actions: "edit-codeowners, edit-protected-path, edit-workflow",
      right: expect.stringContaining("private or internal") as string,
    });
  });

  it("counts for a place only the locks that each of its repositories has", () => {
    const mixed = environment({
      repositories: [
        { name: "api", access: "write" },
        { name: "site", access: "write", visibility: "public" },
      ],
      "rotation.repository": undefined,
    });
    const of = (name?: string) =>
      verdict(
        mixed,
        action("edit-codeowners"),
        "write",
        mixed.repositories.find((r) => r.name === name),
      );
    expect(of("api")).toEqual({ allowed: false, locks: ["gate-path", "ruleset-paths", "owners-review"] });
    expect(of("site")).toEqual({ allowed: false, locks: ["gate-path", "owners-review", "ruleset-reviewers"] });
    expect(of()).toEqual({ allowed: false, locks: ["gate-path", "owners-review"] });
  });

  it("counts locks of one enforcer as one", () => {
    expect(enforcers(["gate-route", "gate-path", "gate-ref"])).toEqual(["gate"]);
  });
});

describe("the access matrix", () => {
  it("is the same whatever the order of the environment", () => {
    const one = environment({
      repositories: [
        { name: "b", access: "read" },
        { name: "a", access: "write" },
      ],
    });
    const other = environment({
      repositories: [
        { name: "a", access: "write" },
        { name: "b", access: "read" },
      ],
    });
    expect(JSON.stringify(accessMatrix(one))).toBe(JSON.stringify(accessMatrix(other)));
  });

  it("does not change while the kinds of access stay the same; the list of repositories does", () => {
    const two = (access: string) =>
      environment({
        repositories: [
          { name: "a", access },
          { name: "b", access: "write" },
          { name: "c", access: "read" },
        ],
      });
    expect(accessMatrix(two("read"))).toEqual(accessMatrix(two("write")));
    expect(accessOf(two("write"))).toEqual({ a: "write", b: "write", c: "read" });
    expect(accessOf(two("read"))).toEqual({ a: "read", b: "write", c: "read" });
  });

  it("is written with one line for each action", () => {
    const written = readableMatrix(environment());
    expect(written.write?.stopped["push-default-branch"]).toBe("gate-ref + ruleset-branches + protection-push");
    expect(written.read?.allowed).toBe(
      "read-actions, read-checks, read-issues, read-pull-requests, read-releases, read-repository, search",
    );
  });

  it("lets nothing be written with read access", () => {
    const matrix = accessMatrix(environment({ repositories: [{ name: "a", access: "read" }] }));
    expect(matrix.write).toBeUndefined();
    expect(matrix.read?.allowed.every((id) => id.startsWith("read-") || id === "search")).toBe(true);
  });
});
