import fc from "fast-check";
import { type Environment } from "../../../infra/model";
import {
  MAX_RESTRICTED_PATHS,
  branchProtection,
  fnmatchPatterns,
  hasBranchRules,
  organizationRulesets,
  repositoryRulesets,
  restrictedPaths,
  rulesets,
} from "../../../infra/plans";
import { environment } from "../../support/environment";
import { fnmatch } from "./support/fnmatch";

const restricted = (pattern: string, path: string): boolean =>
  fnmatchPatterns(pattern).some((one) => fnmatch(one, path));
const api = (posture: Environment) => posture.repositories[0]!;

describe("the reference used here", () => {
  it.each([
    ["refs/heads/claude/**", "refs/heads/claude/a", true],
    ["refs/heads/claude/**", "refs/heads/claude/a/b", false],
    ["refs/heads/claude/**/*", "refs/heads/claude/a", true],
    ["refs/heads/claude/**/*", "refs/heads/claude/a/b/c", true],
    [".github/workflows/**", ".github/workflows/a/b", false],
    ["**/CODEOWNERS", ".github/CODEOWNERS", false],
    [".github/**/*", ".github/.hidden", false],
  ])("reads %s against %s as Ruby does: %s", (pattern, path, expected) => {
    expect(fnmatch(pattern, path)).toBe(expected);
  });
});

describe("the rulesets", () => {
  it("of a repository with write access fence all branches but the agent's", () => {
    const posture = environment();
    const plans = rulesets(posture, api(posture));
    expect(plans.map(({ key, target }) => [key, target])).toEqual([
      ["branches", "branch"],
      ["tags", "tag"],
      ["review", "branch"],
      ["history", "branch"],
      ["paths", "push"],
    ]);
    const fence = plans[0]!.refs!;
    const held = (ref: string) => !fence.excludes.some((pattern) => fnmatch(pattern, ref));
    for (const ref of [
      "refs/heads/main",
      "refs/heads/claude",
      "refs/heads/claude-fix",
      "refs/heads/Claude/x",
      "refs/heads/x/claude/y",
      "refs/tags/claude/x",
    ])
      expect([ref, held(ref)]).toEqual([ref, true]);
    for (const ref of ["refs/heads/claude/x", "refs/heads/claude/a/b/c"])
      expect([ref, held(ref)]).toEqual([ref, false]);
  });

  it("never let the machine user's team pass, and let nobody rewrite the default branch", () => {
    const posture = environment({ "repositories.0.contributors": ["mobile"] });
    for (const { key, bypass } of rulesets(posture, api(posture))) {
      expect([key, bypass.teams.includes("agents")]).toEqual([key, false]);
      if (key === "history") expect(bypass).toEqual({ teams: [], organizationAdmins: false });
      if (key === "branches") expect(bypass.teams).toEqual(["agent-reviewers", "backend", "mobile", "security"]);
      if (key === "paths") expect(bypass.teams).toEqual(["security"]);
    }
    expect(branchProtection(posture, api(posture)).pushers).toEqual([
      "acme/agent-reviewers",
      "acme/backend",
      "acme/mobile",
      "acme/security",
    ]);
  });

  it("guard paths by push only where GitHub can: private repositories, paid plans", () => {
    const reviewers = (posture: Environment) =>
      rulesets(posture, api(posture)).find(({ key }) => key === "review")?.rules.pullRequest?.requiredReviewers;
    for (const [visibility, plan, offered] of [
      ["private", "team", true],
      ["internal", "enterprise", true],
      ["public", "team", false],
      ["public", "free", false],
    ] as const) {
      const posture = environment({
        plan,
        "repositories.0.visibility": visibility,
        "repositories.1.visibility": visibility,
      });
      expect([visibility, plan, rulesets(posture, api(posture)).some(({ key }) => key === "paths")]).toEqual([
        visibility,
        plan,
        offered,
      ]);
      expect([visibility, plan, reviewers(posture) === undefined]).toEqual([visibility, plan, offered]);
    }
  });

  it("close a repository with read access only to an App, which has no role that could", () => {
    const app = environment({ "agent.credential": { kind: "app-installation", appId: 1, installationId: 2 } });
    const docs = app.repositories[1]!;
    expect(hasBranchRules(app, docs)).toBe(true);
    expect(rulesets(app, docs).map(({ key, refs }) => [key, refs?.excludes])).toEqual([
      ["branches", []],
      ["tags", []],
    ]);
    const user = environment();
    expect(hasBranchRules(user, user.repositories[1]!)).toBe(false);
    const readOnly = environment({
      "agent.credential": { kind: "app-installation", appId: 1, installationId: 2 },
      repositories: [{ name: "docs", access: "read" }],
    });
    expect(hasBranchRules(readOnly, readOnly.repositories[0]!)).toBe(false);
  });
});

describe("the rulesets of the organization", () => {
  const many = (count: number, of: (i: number) => object, plan = "enterprise") =>
    environment({
      plan,
      repositories: Array.from({ length: count }, (_, i) => ({
        name: `r${i}`,
        access: "write",
        reviewers: ["backend"],
        ...of(i),
      })),
      "rotation.repository": undefined,
    });

  it("are five for any number of repositories with the same people and paths, and no repository has any of its own", () => {
    for (const count of [1, 10, 1000]) {
      const posture = many(count, () => ({}));
      const shared = organizationRulesets(posture);
      expect(shared.map(({ key }) => key).sort()).toEqual(["branches", "history", "paths", "review", "tags"]);
      for (const { repositories } of shared) expect(repositories).toHaveLength(count);
      expect(repositoryRulesets(posture, posture.repositories[0]!)).toEqual([]);
    }
  });

  it("say for each repository what its own would have said", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            access: fc.constantFrom("read" as const, "write" as const),
            reviewers: fc.subarray(["backend", "mobile"]),
            protectedPaths: fc.subarray(["/migrations/", "*.tf"]),
            visibility: fc.constantFrom("private" as const, "public" as const),
          }),
          { minLength: 1, maxLength: 8 },
        ),
        (repositories) => {
          const posture = many(repositories.length, (i) => repositories[i]!);
          const shared = organizationRulesets(posture);
          for (const repository of posture.repositories) {
            const mine = shared.filter((plan) => plan.repositories.includes(repository.name));
            const bare = mine
              .map(({ key, target, refs, bypass, rules }) => ({ key, target, refs, bypass, rules }))
              .sort((a, b) => (a.key < b.key ? -1 : 1));
            const own = hasBranchRules(posture, repository) ? rulesets(posture, repository) : [];
            expect(bare).toEqual(
              own
                .map(({ key, target, refs, bypass, rules }) => ({ key, target, refs, bypass, rules }))
                .sort((a, b) => (a.key < b.key ? -1 : 1)),
            );
          }
          expect(new Set(shared.map(({ id }) => id)).size).toBe(shared.length);
          expect(new Set(shared.map(({ name }) => name)).size).toBe(shared.length);
        },
      ),
    );
  });

  it("keep their ids when rules change for all, so that they are changed in place", () => {
    const ids = (changes: object) =>
      organizationRulesets(environment({ plan: "enterprise", ...changes })).map(({ id }) => id);
    expect(ids({ "review.approvals": 3, "review.linearHistory": true })).toEqual(ids({}));
    expect(ids({ "repositories.0.reviewers": ["mobile"] })).not.toEqual(ids({}));
  });

  it("are the organization's choice on the team plan, and not to be had on the free one", () => {
    expect(organizationRulesets(environment())).toEqual([]);
    expect(organizationRulesets(environment({ "review.organizationRulesets": true }))).toHaveLength(5);
    expect(organizationRulesets(environment({ plan: "enterprise", "review.organizationRulesets": false }))).toEqual([]);
    expect(() =>
      environment({ plan: "free", "review.organizationRulesets": true, "repositories.0.visibility": "public" }),
    ).toThrow("gatehouse:review.organizationRulesets");
  });

  it("are refused when they would be more than GitHub keeps", () => {
    expect(() => many(20, (i) => ({ protectedPaths: [`/p${i}/`], reviewers: [`t${i}`] }))).not.toThrow();
    expect(() => many(30, (i) => ({ protectedPaths: [`/p${i}/`], reviewers: [`t${i}`] }))).toThrow(
      /gatehouse:review.organizationRulesets: .* 92 rulesets/,
    );
  });
});

const below = (folder: string) => ["**/*", "**/.*", "**/.*/**/*", "**/.*/**/.*"].map((rest) => `${folder}/${rest}`);

describe("protected paths as the push ruleset writes them", () => {
  it("are this list", () => {
    const posture = environment({ "repositories.0.protectedPaths": ["/migrations/", "*.tf", "/config/prod.json"] });
    expect(restrictedPaths(api(posture))).toEqual([
      "**/*.tf",
      ...below("**/*.tf"),
      "**/.*.tf",
      "**/.*.tf/**/*",
      "**/.*/**/*.tf",
      "**/.*/**/*.tf/**/*",
      "**/.tf",
      "**/.tf/**/*",
      ".github/CODEOWNERS",
      ...below(".github/CODEOWNERS"),
      ...below(".github/actions"),
      ...below(".github/workflows"),
      "CODEOWNERS",
      ...below("CODEOWNERS"),
      "config/prod.json",
      ...below("config/prod.json"),
      "docs/CODEOWNERS",
      ...below("docs/CODEOWNERS"),
      ...below("migrations"),
    ]);
  });

  it("hold the files that they name", () => {
    for (const [pattern, path] of [
      ["/migrations/", "migrations/1.sql"],
      ["/migrations/", "migrations/a/b.sql"],
      ["/migrations/", "migrations/.env"],
      ["/migrations/", "migrations/a/.hidden/b.sql"],
      ["migrations/", "x/migrations/a.sql"],
      ["*.tf", "main.tf"],
      ["*.tf", "a/b/main.tf"],
      ["/config/prod.json", "config/prod.json"],
      ["secrets", "secrets"],
      ["secrets", "a/secrets/key.pem"],
      ["/.github/workflows/**", ".github/workflows/a/b.yml"],
    ] as const)
      expect([pattern, path, restricted(pattern, path)]).toEqual([pattern, path, true]);
    for (const [pattern, path] of [
      ["/migrations/", "x/migrations/1.sql"],
      ["/migrations/", "migrations"],
      ["*.tf", "main.tfvars"],
      ["secrets", "secrets.md"],
    ] as const) {
      expect([pattern, path, restricted(pattern, path)]).toEqual([pattern, path, false]);
    }
  });

  it("hold every file of a protected folder, whatever its depth", () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}$/);
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        fc.array(segment, { minLength: 1, maxLength: 4 }),
        (folder, rest) => {
          const path = [...folder, ...rest].join("/");
          expect(restricted(`/${folder.join("/")}/`, path)).toBe(true);
          expect(restricted(`/${folder.join("/")}`, path)).toBe(true);
        },
      ),
    );
  });

  it("are few enough for GitHub", () => {
    const many = (length: number) =>
      environment({ "repositories.0.protectedPaths": Array.from({ length }, (_, i) => `/path-${i}`) });
    expect(restrictedPaths(api(many(35))).length).toBeLessThanOrEqual(MAX_RESTRICTED_PATHS);
    expect(() => many(60)).toThrow(
      "gatehouse:repositories[0].protectedPaths: 60 entries become 323 paths of a push ruleset, which takes 200",
    );
  });
});
