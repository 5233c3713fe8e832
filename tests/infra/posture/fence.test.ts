import fc from "fast-check";
import { MAX_RESTRICTED_PATHS, branchProtection, fnmatchPatterns, isFenced, restrictedPaths, rulesets, type Environment } from "../../../infra/posture";
import { environment } from "../../support/environment";

/** Ruby's File.fnmatch with FNM_PATHNAME, as GitHub uses it: `**` followed by a slash crosses folders, `*` never does, and neither meets a leading dot. */
function fnmatch(pattern: string, path: string): boolean {
  const source = pattern.split("/").map((segment, i, all) => {
    if (segment === "**" && i < all.length - 1) return "(?:(?!\\.)[^/]+/)*";
    const text = segment.replace(/[.+^${}()|]/g, "\\$&").replace(/\*+/g, "[^/]*").replace(/\?/g, "[^/]");
    return `${/^[*?]/.test(segment) ? "(?!\\.)" : ""}${text}${i < all.length - 1 ? "/" : ""}`;
  }).join("");
  return new RegExp(`^${source}$`).test(path);
}
const restricted = (pattern: string, path: string): boolean => fnmatchPatterns(pattern).some((one) => fnmatch(one, path));
const api = (posture: Environment) => posture.repositories[0]!;

describe("the reference used here", () => {
  it.each([
    ["refs/heads/claude/**", "refs/heads/claude/a", true], ["refs/heads/claude/**", "refs/heads/claude/a/b", false],
    ["refs/heads/claude/**/*", "refs/heads/claude/a", true], ["refs/heads/claude/**/*", "refs/heads/claude/a/b/c", true],
    [".github/workflows/**", ".github/workflows/a/b", false], ["**/CODEOWNERS", ".github/CODEOWNERS", false], [".github/**/*", ".github/.hidden", false],
  ])("reads %s against %s as Ruby does: %s", (pattern, path, expected) => {
    expect(fnmatch(pattern, path)).toBe(expected);
  });
});

describe("the rulesets", () => {
  it("of a repository with write access fence all branches but the agent's", () => {
    const posture = environment();
    const plans = rulesets(posture, api(posture));
    expect(plans.map(({ key, target }) => [key, target])).toEqual([["branches", "branch"], ["tags", "tag"], ["review", "branch"], ["history", "branch"], ["paths", "push"]]);
    const fence = plans[0]!.refs!;
    const held = (ref: string) => !fence.excludes.some((pattern) => fnmatch(pattern, ref));
    for (const ref of ["refs/heads/main", "refs/heads/claude", "refs/heads/claude-fix", "refs/heads/Claude/x", "refs/heads/x/claude/y", "refs/tags/claude/x"]) expect([ref, held(ref)]).toEqual([ref, true]);
    for (const ref of ["refs/heads/claude/x", "refs/heads/claude/a/b/c"]) expect([ref, held(ref)]).toEqual([ref, false]);
  });

  it("never let the machine user's team pass, and let nobody rewrite the default branch", () => {
    const posture = environment({ "repositories.0.contributors": ["mobile"] });
    for (const { key, bypass } of rulesets(posture, api(posture))) {
      expect([key, bypass.teams.includes("agents")]).toEqual([key, false]);
      if (key === "history") expect(bypass).toEqual({ teams: [], organizationAdmins: false });
      if (key === "branches") expect(bypass.teams).toEqual(["agent-reviewers", "backend", "mobile", "security"]);
      if (key === "paths") expect(bypass.teams).toEqual(["security"]);
    }
    expect(branchProtection(posture, api(posture)).pushers).toEqual(["acme/agent-reviewers", "acme/backend", "acme/mobile", "acme/security"]);
  });

  it("guard paths by push only where GitHub can: private repositories, paid plans", () => {
    const posture = environment();
    expect(rulesets(posture, api(posture), false).map(({ key }) => key)).not.toContain("paths");
    expect(rulesets({ ...posture, plan: "free" }, api(posture)).map(({ key }) => key)).not.toContain("paths");
  });

  it("close a repository with read access only to an App, which has no role that could", () => {
    const app = environment({ "agent.credential": { kind: "app-installation", appId: 1, installationId: 2 } });
    const docs = app.repositories[1]!;
    expect(isFenced(app, docs)).toBe(true);
    expect(rulesets(app, docs).map(({ key, refs }) => [key, refs?.excludes])).toEqual([["branches", []], ["tags", []]]);
    const user = environment();
    expect(isFenced(user, user.repositories[1]!)).toBe(false);
    const readOnly = environment({ "agent.credential": { kind: "app-installation", appId: 1, installationId: 2 }, repositories: [{ name: "docs", access: "read" }] });
    expect(isFenced(readOnly, readOnly.repositories[0]!)).toBe(false);
  });
});

const below = (folder: string) => [`${folder}/**/*`, `${folder}/**/.*`, `${folder}/**/.*/**/*`];

describe("protected paths as the push ruleset writes them", () => {
  it("are this list", () => {
    const posture = environment({ "repositories.0.protectedPaths": ["/migrations/", "*.tf", "/config/prod.json"] });
    expect(restrictedPaths(api(posture))).toEqual([
      "**/*.tf", "*.tf", ".github/CODEOWNERS", ...below(".github/CODEOWNERS"), ...below(".github/actions"), ...below(".github/workflows"), "CODEOWNERS", ...below("CODEOWNERS"),
      "config/prod.json", ...below("config/prod.json"), "docs/CODEOWNERS", ...below("docs/CODEOWNERS"), ...below("migrations"),
    ]);
  });

  it("hold the files that they name", () => {
    for (const [pattern, path] of [
      ["/migrations/", "migrations/1.sql"], ["/migrations/", "migrations/a/b.sql"], ["/migrations/", "migrations/.env"], ["/migrations/", "migrations/a/.hidden/b.sql"], ["migrations/", "x/migrations/a.sql"], ["*.tf", "main.tf"], ["*.tf", "a/b/main.tf"],
      ["/config/prod.json", "config/prod.json"], ["secrets", "secrets"], ["secrets", "a/secrets/key.pem"], ["/.github/workflows/**", ".github/workflows/a/b.yml"],
    ] as const) expect([pattern, path, restricted(pattern, path)]).toEqual([pattern, path, true]);
    for (const [pattern, path] of [["/migrations/", "x/migrations/1.sql"], ["/migrations/", "migrations"], ["*.tf", "main.tfvars"], ["secrets", "secrets.md"]] as const) {
      expect([pattern, path, restricted(pattern, path)]).toEqual([pattern, path, false]);
    }
  });

  it("hold every file of a protected folder, whatever its depth", () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}$/);
    fc.assert(fc.property(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.array(segment, { minLength: 1, maxLength: 4 }), (folder, rest) => {
      const path = [...folder, ...rest].join("/");
      expect(restricted(`/${folder.join("/")}/`, path)).toBe(true);
      expect(restricted(`/${folder.join("/")}`, path)).toBe(true);
    }));
  });

  it("are few enough for GitHub", () => {
    const many = (length: number) => environment({ "repositories.0.protectedPaths": Array.from({ length }, (_, i) => `/path-${i}`) });
    expect(restrictedPaths(api(many(40))).length).toBeLessThanOrEqual(MAX_RESTRICTED_PATHS);
    expect(() => many(60)).toThrow("gatehouse:repositories[0].protectedPaths: 60 entries become 258 paths of a push ruleset, which takes 200");
  });
});
