import fc from "fast-check";
import type { Fact } from "../../../cli/report/facts/fact";
import { compare, facts } from "../../../cli/report/facts";
import { readPolicyHcl } from "../../../cli/support/policyHcl";
import { buildReport } from "../../../cli/report/report";
import { renderHtml } from "../../../cli/report/render/html";
import { renderJson } from "../../../cli/report/render/json";
import { renderMarkdown } from "../../../cli/report/render/markdown";
import { renderSarif } from "../../../cli/report/render/sarif";
import { mask, readSnapshot } from "../../../cli/report/snapshot";
import { SECRET } from "../../../policy/library";

const URN = "urn:pulumi:dev::gatehouse::";
const CIPHER = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc:def" };

const exported = (permission: string, approvals: number): string =>
  JSON.stringify({
    version: 3,
    deployment: {
      resources: [
        {
          urn: `${URN}pulumi:pulumi:Stack::gatehouse-dev`,
          type: "pulumi:pulumi:Stack",
          outputs: {
            gateKey: CIPHER,
            gatePolicy: {
              limits: { requestsPerMinute: 120 },
              mode: { kind: "enforce" },
              repositories: [{ name: "api", access: "write" }],
            },
          },
        },
        {
          urn: `${URN}github:index/teamRepository:TeamRepository::access-api`,
          type: "github:index/teamRepository:TeamRepository",
          inputs: { repository: "api", permission },
        },
        {
          urn: `${URN}github:index/branchProtection:BranchProtection::fence-api`,
          type: "github:index/branchProtection:BranchProtection",
          inputs: {
            pattern: "main",
            enforceAdmins: true,
            requiredPullRequestReviews: [{ requiredApprovingReviewCount: approvals, requireCodeOwnerReviews: true }],
          },
        },
        {
          urn: `${URN}random:index/randomPassword:RandomPassword::key`,
          type: "random:index/randomPassword:RandomPassword",
          inputs: { length: 43 },
          outputs: { result: CIPHER },
        },
      ],
    },
  });
const snapshot = (permission = "push", approvals = 2): ReturnType<typeof readSnapshot> =>
  readSnapshot(exported(permission, approvals), "a.json");

describe("what a state says", () => {
  it("masks every secret, ciphertext included", () => {
    expect(mask({ a: [CIPHER], b: { c: CIPHER } })).toEqual({ a: [SECRET], b: { c: SECRET } });
    expect(JSON.stringify(snapshot())).not.toContain("v1:abc:def");
  });

  it("reads permission, approvals and the gate's limits", () => {
    const said = facts(snapshot()).map((fact) => fact.says);
    expect(said).toEqual(
      expect.arrayContaining([
        "the agent's team has push on api",
        expect.stringContaining("2 approvals, code owners among them"),
        "gate limit requestsPerMinute: 120",
      ]),
    );
  });

  it("reads a preview and leaves out what it would delete", () => {
    const step = (op: string, name: string): object => ({
      op,
      urn: `${URN}t::${name}`,
      newState: op === "delete" ? undefined : { urn: `${URN}t::${name}`, type: "t", inputs: {} },
      oldState: { urn: `${URN}t::${name}`, type: "t", inputs: {} },
    });
    const read = readSnapshot(
      JSON.stringify({ steps: [step("create", "a"), step("delete", "b"), step("same", "c")] }),
      "p.json",
    );
    expect(read.source).toBe("preview");
    expect(read.resources.map((r) => r.name)).toEqual(["a", "c"]);
  });

  it("refuses what is neither, and names the file", () => {
    expect(() => readSnapshot("{}", "x.json")).toThrow(/^x\.json: neither a stack export nor a preview/);
    expect(() => readSnapshot("nonsense", "x.json")).toThrow(/^x\.json: not JSON/);
  });

  it("reads the blocks of a Vault policy", () => {
    expect(readPolicyHcl('path "agents/data/github/bot" {\n  capabilities = ["read", "update"]\n}\n')).toEqual([
      { path: "agents/data/github/bot", capabilities: ["read", "update"] },
    ]);
  });
});

describe("what a change does", () => {
  it("calls more permission and fewer approvals a widening, and their reverse a narrowing", () => {
    const widened = compare(facts(snapshot("pull", 2)), facts(snapshot("push", 1)));
    expect(widened.map((c) => c.kind)).toEqual(["widened", "widened"]);
    const narrowed = compare(facts(snapshot("push", 1)), facts(snapshot("pull", 2)));
    expect(narrowed.map((c) => c.kind)).toEqual(["narrowed", "narrowed"]);
  });

  it("calls an exception of the search for credentials a widening, and names its reason and its last day", () => {
    const withSecrets = (...allowedSecrets: object[]) => {
      const text = exported("pull", 2).replace('"mode":', `"allowedSecrets":${JSON.stringify(allowedSecrets)},"mode":`);
      return facts(readSnapshot(text, "x.json"));
    };
    const entry = { repository: "api", path: "/tests/fixtures/", reason: "made-up keys", until: "2026-12-31" };
    const [added, ...more] = compare(facts(snapshot("pull", 2)), withSecrets(entry));
    expect(more).toEqual([]);
    expect(added).toMatchObject({ kind: "granted" });
    expect(JSON.stringify(added)).toContain(
      "the gate lets credentials in api at /tests/fixtures/ through until 2026-12-31: made-up keys",
    );
    expect(compare(withSecrets(entry), withSecrets()).map((c) => c.kind)).toEqual(["withdrawn"]);
    const longer = compare(withSecrets(entry), withSecrets({ ...entry, until: "2027-03-01" }));
    expect(longer.map((c) => c.kind).sort()).toEqual(["granted", "withdrawn"]);
    const value = { sha256: "ab".repeat(32), reason: "demo", until: "2026-12-31" };
    expect(compare(withSecrets(), withSecrets(value)).map((c) => c.kind)).toEqual(["granted"]);
  });

  it("calls a lock that goes away a widening", () => {
    const lock: Fact = { id: "ruleset/x", area: "review", says: "x", power: 0 };
    expect(compare([lock], [])).toEqual([expect.objectContaining({ kind: "widened" })]);
    expect(compare([], [lock])).toEqual([expect.objectContaining({ kind: "narrowed" })]);
  });

  describe("to rulesets", () => {
    const rules = {
      creation: true,
      pullRequest: { requiredApprovingReviewCount: 2, requireCodeOwnerReview: true },
      filePathRestriction: { restrictedFilePaths: ["a", "b"] },
    };
    const base = {
      target: "branch",
      enforcement: "active",
      bypassActors: [{ actorId: 1 }],
      rules,
      conditions: { refName: { includes: ["~ALL"], excludes: ["refs/heads/claude/**/*"] } },
    };
    const state = (resources: { type: string; inputs: object }[], permission = "push") =>
      facts(
        readSnapshot(
          JSON.stringify({
            deployment: {
              resources: [
                {
                  urn: `${URN}pulumi:pulumi:Stack::gatehouse-dev`,
                  type: "pulumi:pulumi:Stack",
                  outputs: { gatePolicy: { repositories: [{ name: "api", id: 7, nodeId: "R_7", access: "write" }] } },
                },
                {
                  urn: `${URN}github:index/teamRepository:TeamRepository::access-api`,
                  type: "github:index/teamRepository:TeamRepository",
                  inputs: { repository: "api", permission },
                },
                ...resources.map(({ type, inputs }, i) => ({ urn: `${URN}${type}::r${i}`, type, inputs })),
              ],
            },
          }),
          "s.json",
        ),
      );
    const own = (changes: object = {}, permission?: string) =>
      state(
        [
          {
            type: "github:index/repositoryRuleset:RepositoryRuleset",
            inputs: { repository: "api", ...base, ...changes },
          },
        ],
        permission,
      );
    const shared = (ids: number[]) =>
      state([
        {
          type: "github:index/organizationRuleset:OrganizationRuleset",
          inputs: { ...base, conditions: { ...base.conditions, repositoryIds: ids } },
        },
      ]);
    const kinds = (after: Fact[], from = own()) => [...new Set(compare(from, after).map((c) => c.kind))];

    it.each([
      ["one more may bypass", { bypassActors: [{ actorId: 1 }, { actorId: 2 }] }],
      [
        "another branch is left out",
        { conditions: { refName: { includes: ["~ALL"], excludes: ["refs/heads/claude/**/*", "refs/heads/main"] } } },
      ],
      ["a rule is gone", { rules: { ...rules, creation: false } }],
      [
        "fewer approvals",
        { rules: { ...rules, pullRequest: { requiredApprovingReviewCount: 1, requireCodeOwnerReview: true } } },
      ],
      [
        "no code owners",
        { rules: { ...rules, pullRequest: { requiredApprovingReviewCount: 2, requireCodeOwnerReview: false } } },
      ],
      ["a path less", { rules: { ...rules, filePathRestriction: { restrictedFilePaths: ["a"] } } }],
      ["it only evaluates", { enforcement: "evaluate" }],
    ])("is a widening when %s", (_title, changes) => {
      expect(kinds(own(changes))).toEqual(["widened"]);
      expect(kinds(own(), own(changes))).toEqual(["narrowed"]);
    });

    it("is nothing when the organization takes it over, and a widening when it leaves the repository out", () => {
      expect(
        kinds(shared([7, 9]).filter(({ repository }) => repository === "api" || repository === undefined)),
      ).toEqual([]);
      expect(kinds(shared([9]), shared([7, 9]))).toEqual(["widened"]);
    });

    it("is no widening when the agent cannot write there any more", () => {
      expect(new Set(compare(own(), state([], "pull")).map((c) => `${c.kind} ${c.area}`))).toEqual(
        new Set(["narrowed access", "changed review"]),
      );
    });

    it("tells of a control that is no longer met", () => {
      const with_ = (says: string) =>
        facts({ source: "export", resources: [], outputs: { controls: { "CIS 1.1.14": says } } });
      expect(compare(with_("met: x"), with_("not met: x (why)"))).toEqual([
        expect.objectContaining({ kind: "widened", id: "control/CIS 1.1.14" }),
      ]);
    });
  });

  it("finds nothing between a state and itself, and mirrors when the sides are swapped", () => {
    const AREAS: Record<string, Fact["area"]> = { a: "access", b: "token", c: "gate", d: "access" };
    const fact = fc
      .record({
        id: fc.constantFrom("a", "b", "c", "d"),
        says: fc.constantFrom("1", "2", "3"),
        power: fc.integer({ min: 0, max: 3 }),
      })
      .map((f): Fact => ({ ...f, area: AREAS[f.id] ?? "access" }));
    const state = fc.uniqueArray(fact, { selector: (f) => f.id });
    const mirror = {
      widened: "narrowed",
      narrowed: "widened",
      granted: "withdrawn",
      withdrawn: "granted",
      changed: "changed",
    } as const;
    fc.assert(
      fc.property(state, state, (a, b) => {
        expect(compare(a, a)).toEqual([]);
        const there = compare(a, b)
          .map((c) => [c.id, mirror[c.kind]])
          .sort();
        const back = compare(b, a)
          .map((c) => [c.id, c.kind])
          .sort();
        expect(back).toEqual(there);
      }),
    );
  });
});

describe("the formats", () => {
  const hostile = '<script>alert("x")</script>|`\n';
  const report = buildReport({
    title: "Posture",
    before: snapshot("pull"),
    after: snapshot("push"),
    drill: [
      {
        action: "merge",
        title: hostile,
        client: "fetch",
        expect: "refused",
        answer: { status: 200, ok: true },
        holds: false,
      },
    ],
  });

  it("escapes what comes from outside in HTML", async () => {
    const html = await renderHtml(report);
    expect(html).not.toContain("<script>");
    expect(html).toContain("&lt;script&gt;");
    expect(html).not.toMatch(/(?:src|href)=/);
  });

  it("keeps Markdown tables whole", () => {
    const rows = renderMarkdown(report)
      .split("\n")
      .filter((line) => line.includes("alert"));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain("\\|");
  });

  it("says the same in every run", async () => {
    expect(await renderHtml(report)).toBe(await renderHtml(report));
    expect(JSON.parse(renderJson(report))).toMatchObject({
      changes: [{ kind: "widened", after: "the agent's team has push on api" }],
    });
  });

  it("cuts a comment that GitHub would refuse, from its end, and says what is missing", () => {
    const many = Array.from({ length: 3_000 }, (_, i) => ({
      id: `gate/repository/r${i}`,
      area: "gate" as const,
      says: `the gate lets the agent read a-repository-with-a-long-name-${i}`,
      power: 1,
    }));
    const page = renderMarkdown({ ...report, facts: many });
    expect(page.length).toBeLessThan(64_000);
    expect(page).toMatch(/This page is cut: it leaves out \d+ of 3000 rows of "What stands"/);
    expect(page.startsWith("# Access widened")).toBe(true);
  });

  it("notifies no team that it names", () => {
    expect(renderMarkdown({ ...report, headline: ["@acme/backend loses its review."] })).not.toMatch(/@acme/);
  });

  it("lists widenings and open locks as SARIF errors", () => {
    const sarif = JSON.parse(renderSarif(report)) as { runs: { results: { ruleId: string; level: string }[] }[] };
    expect(sarif.runs[0]?.results.map((r) => [r.ruleId, r.level])).toEqual([
      ["widened", "error"],
      ["drill-does-not-hold", "error"],
    ]);
  });
});
