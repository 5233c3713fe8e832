import fc from "fast-check";
import { CODEOWNERS_MAX_BYTES, codeOwnersText, ownerRules, parseEnvironment, type Environment } from "../../../infra/posture";
import { TODAY, environment, rawEnvironment } from "../../support/environment";

/** GitHub's reading of CODEOWNERS, written for these tests: gitignore matching, the last match wins, a match without owners un-owns. */
function ownersOf(text: string, path: string): string[] {
  let owners: string[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [pattern = "", ...handles] = line.split(/\s+/);
    if (matches(pattern, path)) owners = handles;
  }
  return owners;
}

function matches(pattern: string, path: string): boolean {
  const anchored = pattern.slice(0, -1).includes("/");
  const folder = pattern.endsWith("/");
  const body = pattern.replace(/^\//, "").replace(/\/$/, "").split("/").map((segment) => (segment === "**" ? ".*" : segment.replace(/[.+^${}()|]/g, "\\$&").replace(/\*/g, "[^/]*").replace(/\?/g, "[^/]"))).join("/");
  return new RegExp(`^${anchored ? "" : "(?:.*/)?"}${body}${folder ? "/.+" : "(?:/.*)?"}$`).test(path);
}

const posture = environment({ "repositories.0.protectedPaths": ["/migrations/", "*.tf"] });
const text = codeOwnersText(posture, posture.repositories[0]!);

it("is this text", () => {
  expect(text).toBe([
    "# Made by Gatehouse from the environment file; a change made here is undone by the next update.",
    "* @acme/backend",
    "*.tf @acme/security",
    "/.github/actions/ @acme/security",
    "/.github/workflows/ @acme/security",
    "/CODEOWNERS @acme/security",
    "/docs/CODEOWNERS @acme/security",
    "/migrations/ @acme/security",
    "/.github/CODEOWNERS @acme/security",
    "",
  ].join("\n"));
});

it("gives code to the repository's team, and what decides over security to the security team", () => {
  expect(ownersOf(text, "src/index.ts")).toEqual(["@acme/backend"]);
  for (const path of [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".github/workflows/ci.yml", ".github/workflows/deep/er.yml", ".github/actions/x/action.yml", "migrations/1.sql", "infra/main.tf"]) {
    expect([path, ownersOf(text, path)]).toEqual([path, ["@acme/security"]]);
  }
});

it("falls back to the reviewers of last resort", () => {
  const plain = environment({ repositories: [{ name: "api", access: "write" }], "review.securityTeam": undefined });
  expect(ownersOf(codeOwnersText(plain, plain.repositories[0]!), "README.md")).toEqual(["@acme/agent-reviewers"]);
  expect(ownersOf(codeOwnersText(plain, plain.repositories[0]!), ".github/CODEOWNERS")).toEqual(["@acme/agent-reviewers"]);
});

const slug = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/).filter((s) => s !== "agents" && s !== "claude-bot");
const protectedPath = fc.stringMatching(/^\/?[A-Za-z0-9._*-]{1,12}(\/[A-Za-z0-9_*-]{1,12}){0,3}\/?$/).filter((p) => p !== "/" && !/(^|\/)\.{1,2}(\/|$)/.test(p) && !/^[!#]/.test(p));
const anyPosture: fc.Arbitrary<Environment> = fc.record({ reviewers: fc.array(slug, { maxLength: 4 }), protectedPaths: fc.array(protectedPath, { maxLength: 12 }), team: slug, securityTeam: fc.option(slug, { nil: undefined }) })
  .map(({ reviewers, protectedPaths, team, securityTeam }) => {
    const raw = rawEnvironment();
    raw.repositories = [{ name: "api", access: "write", reviewers, protectedPaths }];
    raw.review = { team, securityTeam, requiredChecks: [{ context: "ci" }] };
    raw.rotation = { everyDays: 30 };
    return parseEnvironment(raw, "x", { now: TODAY });
  });
const anyPath = fc.stringMatching(/^[A-Za-z0-9._-]{1,8}(\/[A-Za-z0-9._-]{1,8}){0,4}$/);

it("keeps the stronger of two lines with one pattern: where everything is protected, no line is left for the reviewers", () => {
  const everything = environment({ "repositories.0.protectedPaths": ["*"] });
  expect(ownerRules(everything, everything.repositories[0]!).filter(({ pattern }) => pattern === "*")).toEqual([{ pattern: "*", teams: ["security"] }]);
});

describe("whatever the environment", () => {
  it("every path has owners, none of them the agent's", () => {
    fc.assert(fc.property(anyPosture, anyPath, (any, path) => {
      const owners = ownersOf(codeOwnersText(any, any.repositories[0]!), path);
      expect(owners.length).toBeGreaterThan(0);
      expect(owners).not.toContain("@acme/agents");
      expect(owners).not.toContain("@claude-bot");
    }));
  });

  it("CODEOWNERS itself is owned by the security team, by the last line", () => {
    fc.assert(fc.property(anyPosture, (any) => {
      const out = codeOwnersText(any, any.repositories[0]!);
      const team = `@acme/${any.review.securityTeam ?? any.review.team}`;
      expect(ownersOf(out, ".github/CODEOWNERS")).toEqual([team]);
      expect(out.trimEnd().split("\n").at(-1)).toBe(`/.github/CODEOWNERS ${team}`);
    }));
  });

  it("it has one line for each pattern, is small enough to be read, and depends on no order", () => {
    fc.assert(fc.property(anyPosture, (any) => {
      const repository = any.repositories[0]!;
      const rules = ownerRules(any, repository);
      expect(new Set(rules.map(({ pattern }) => pattern)).size).toBe(rules.length);
      const out = codeOwnersText(any, repository);
      expect(Buffer.byteLength(out)).toBeLessThan(CODEOWNERS_MAX_BYTES);
      expect(codeOwnersText(any, { ...repository, reviewers: [...repository.reviewers].reverse(), protectedPaths: [...repository.protectedPaths].reverse() })).toBe(out);
      for (const line of out.split("\n").slice(1, -1)) expect(line).toMatch(/^\S+( @acme\/[a-z0-9_-]+)+$/);
    }));
  });
});
