import fc from "fast-check";
import { parseEnvironment } from "../../../infra/config";
import { type Environment } from "../../../infra/model";
import {
  CODEOWNERS_MAX_BYTES,
  codeOwnersText,
  keptOwners,
  keptProblems,
  keptTeams,
  updateOf,
  ownerRules,
  ownersDiffer,
  planOwners,
} from "../../../infra/plans";
import { TODAY, environment, rawEnvironment } from "../../support/environment";

/**
 * GitHub's reading of CODEOWNERS, written for these tests: gitignore matching, the last match wins, a match without
 * owners un-owns.
 */
function ownersOf(text: string, path: string): string[] {
  let owners: string[] = [];
  for (const line of text.split("\n")) {
    const bare = line.replace(/(^|\s)#.*$/, "").trim();
    if (bare === "") continue;
    const [pattern = "", ...handles] = bare.split(/(?<!\\)\s+/).map((part) => part.replaceAll("\\ ", " "));
    if (matches(pattern, path)) owners = handles;
  }
  return owners;
}

function matches(pattern: string, path: string): boolean {
  const anchored = pattern.slice(0, -1).includes("/");
  const folder = pattern.endsWith("/");
  const body = pattern
    .replace(/^\//, "")
    .replace(/\/$/, "")
    .split("/")
    .map((segment) =>
      segment === "**"
        ? ".*"
        : segment
            .replace(/[.+^${}()|\\]/g, "\\$&")
            .replace(/\*/g, "[^/]*")
            .replace(/\?/g, "[^/]"),
    )
    .join("/");
  return new RegExp(`^${anchored ? "" : "(?:.*/)?"}${body}${folder ? "/.+" : "(?:/.*)?"}$`).test(path);
}

const posture = environment({ "repositories.0.protectedPaths": ["/migrations/", "*.tf"] });
const text = codeOwnersText(posture, posture.repositories[0]!);

it("is this text", () => {
  expect(text).toBe(
    [
      "# Made by Gatehouse from the environment file. Between the two marks are the repository's own lines; the others are set again by each update.",
      "* @acme/backend",
      "# --- the repository's own lines ---",
      "# --- end of the repository's own lines ---",
      "*.tf @acme/security",
      "*.tf/ @acme/security",
      "/.github/actions/ @acme/security",
      "/.github/workflows/ @acme/security",
      "/CODEOWNERS @acme/security",
      "/docs/CODEOWNERS @acme/security",
      "/migrations/ @acme/security",
      "/.github/CODEOWNERS @acme/security",
      "",
    ].join("\n"),
  );
});

it("gives code to the repository's team, and what decides over security to the security team", () => {
  expect(ownersOf(text, "src/index.ts")).toEqual(["@acme/backend"]);
  for (const path of [
    ".github/CODEOWNERS",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".github/workflows/ci.yml",
    ".github/workflows/deep/er.yml",
    ".github/actions/x/action.yml",
    "migrations/1.sql",
    "infra/main.tf",
  ]) {
    expect([path, ownersOf(text, path)]).toEqual([path, ["@acme/security"]]);
  }
});

it("falls back to the reviewers of last resort", () => {
  const plain = environment({ repositories: [{ name: "api", access: "write" }], "review.securityTeam": undefined });
  expect(ownersOf(codeOwnersText(plain, plain.repositories[0]!), "README.md")).toEqual(["@acme/agent-reviewers"]);
  expect(ownersOf(codeOwnersText(plain, plain.repositories[0]!), ".github/CODEOWNERS")).toEqual([
    "@acme/agent-reviewers",
  ]);
});

const slug = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/).filter((s) => s !== "agents" && s !== "claude-bot");
const protectedPath = fc
  .stringMatching(/^\/?[A-Za-z0-9._*-]{1,12}(\/[A-Za-z0-9_*-]{1,12}){0,3}\/?$/)
  .filter((p) => p !== "/" && !/(^|\/)\.{1,2}(\/|$)/.test(p) && !/^[!#]/.test(p));
const anyPosture: fc.Arbitrary<Environment> = fc
  .record({
    reviewers: fc.array(slug, { maxLength: 4 }),
    protectedPaths: fc.array(protectedPath, { maxLength: 12 }),
    team: slug,
    securityTeam: fc.option(slug, { nil: undefined }),
  })
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
  expect(ownerRules(everything, everything.repositories[0]!).filter(({ pattern }) => pattern === "*")).toEqual([
    { pattern: "*", teams: ["security"] },
  ]);
});

describe("whatever the environment", () => {
  it("every path has owners, none of them the agent's", () => {
    fc.assert(
      fc.property(anyPosture, anyPath, (any, path) => {
        const owners = ownersOf(codeOwnersText(any, any.repositories[0]!), path);
        expect(owners.length).toBeGreaterThan(0);
        expect(owners).not.toContain("@acme/agents");
        expect(owners).not.toContain("@claude-bot");
      }),
    );
  });

  it("CODEOWNERS itself is owned by the security team, by the last line", () => {
    fc.assert(
      fc.property(anyPosture, (any) => {
        const out = codeOwnersText(any, any.repositories[0]!);
        const team = `@acme/${any.review.securityTeam ?? any.review.team}`;
        expect(ownersOf(out, ".github/CODEOWNERS")).toEqual([team]);
        expect(out.trimEnd().split("\n").at(-1)).toBe(`/.github/CODEOWNERS ${team}`);
      }),
    );
  });

  it("it has one line for each pattern, is small enough to be read, and depends on no order", () => {
    fc.assert(
      fc.property(anyPosture, (any) => {
        const repository = any.repositories[0]!;
        const rules = ownerRules(any, repository);
        expect(new Set(rules.map(({ pattern }) => pattern)).size).toBe(rules.length);
        const out = codeOwnersText(any, repository);
        expect(Buffer.byteLength(out)).toBeLessThan(CODEOWNERS_MAX_BYTES);
        expect(
          codeOwnersText(any, {
            ...repository,
            reviewers: [...repository.reviewers].reverse(),
            protectedPaths: [...repository.protectedPaths].reverse(),
          }),
        ).toBe(out);
        for (const line of out
          .split("\n")
          .slice(1, -1)
          .filter((one) => !one.startsWith("#")))
          expect(line).toMatch(/^\S+( @acme\/[a-z0-9_-]+)+$/);
      }),
    );
  });
});

/** Lines as people write them: comments, patterns with and without owners, Windows line ends, empty lines. */
const ownLine = fc.oneof(
  fc.constantFrom(
    "",
    "# a remark",
    "/src/ @acme/backend # theirs",
    "*.md docs@acme.dev",
    "/generated/",
    "apps/** @alice @bob",
    "docs/a\\ b.md @alice",
    "/.github/ @alice",
    "/.github/CODEOWNERS @alice",
    "* @alice",
    "CODEOWNERS",
  ),
  fc.stringMatching(/^[/a-z*.]{1,10}( @[a-z]{1,8}){0,2}$/),
);
const ownFile = fc
  .tuple(fc.array(ownLine, { maxLength: 10 }), fc.constantFrom("\n", "\r\n"))
  .map(([lines, end]) => lines.join(end));

const at = (content: string, path = ".github/CODEOWNERS") => ({ path, text: content });

describe("the repository's own lines", () => {
  const api = posture.repositories[0]!;
  it("are kept, each in its order, and keeping them again changes nothing", () => {
    fc.assert(
      fc.property(
        anyPosture,
        ownFile,
        fc.constantFrom("directly" as const, "by-pull-request" as const),
        (any, own, update) => {
          const kept = keptOwners(at(own));
          const out = codeOwnersText(any, any.repositories[0]!, kept, update);
          const lines = out.split("\n");
          let from = 0;
          for (const line of own
            .split(/\r?\n/)
            .map((one) => one.trimEnd())
            .filter((one) => one !== "")) {
            const at = lines.findIndex((one, i) => i >= from && one.trimEnd() === line);
            expect([line, at >= 0]).toEqual([line, true]);
            from = at + 1;
          }
          expect(keptOwners(at(out))).toEqual(kept);
          expect(updateOf(out)).toBe(update);
          expect(ownersDiffer(any, any.repositories[0]!, at(out))).toBe(false);
        },
      ),
    );
  });

  it("own what they name, but never what decides over review", () => {
    fc.assert(
      fc.property(
        anyPosture,
        ownFile,
        fc.constantFrom(
          ".github/CODEOWNERS",
          "CODEOWNERS",
          "docs/CODEOWNERS",
          ".github/workflows/ci.yml",
          ".github/workflows/a/b.yml",
          ".github/actions/x/action.yml",
        ),
        (any, own, path) => {
          expect(ownersOf(codeOwnersText(any, any.repositories[0]!, keptOwners(at(own))), path)).toEqual([
            `@acme/${any.review.securityTeam ?? any.review.team}`,
          ]);
        },
      ),
    );
    const merged = codeOwnersText(posture, api, { text: "/src/ @alice\n/generated/" });
    expect(ownersOf(merged, "src/a.ts")).toEqual(["@alice"]);
    expect(ownersOf(merged, "generated/a.ts")).toEqual([]);
    expect(ownersOf(merged, "README.md")).toEqual(["@acme/backend"]);
  });

  it.each([
    ["!/src/ @alice", "no negation"],
    ["/src/[ab]/ @alice", "no character ranges"],
    ["\\#x @alice", "no escaped #"],
    ["/src/ alice", "alice is not an owner"],
    ["/src/ @claude-bot", "the agent's own account"],
    ["/src/ @Claude-Bot", "the agent's own account"],
    ["/src/ @acme/agents", "the agent's own team"],
    ["/src/ @ACME/Agents", "the agent's own team"],
    ["/src/ @other/team", "another organization"],
    ["*", "takes the owners' review from everything"],
    ["/**", "takes the owners' review from everything"],
    ["* # @alice", "takes the owners' review from everything"],
  ])("are refused where GitHub would skip them or the agent would own code: %s", (line, wrong) => {
    expect(keptProblems(posture, `# first\n${line}`)).toEqual([
      { line: 2, wrong: expect.stringContaining(wrong) as string, right: expect.any(String) as string },
    ]);
  });

  it.each([
    "# remark",
    "",
    "/src/ @alice",
    "/src/ @acme/backend @alice # why",
    "*.md docs@acme.dev",
    "/generated/",
    "docs/a\\ b.md @alice",
    "*.lock",
    "/vendor/*",
    "src/*.ts\t@alice\t@acme/backend",
    "*.md # no owner needed",
  ])("pass where GitHub reads them: %s", (line) => {
    expect(keptProblems(posture, line)).toEqual([]);
  });

  it.each(["?*", "*?", "**/?*", "*/", "/?*", "????*", "**/*/", "/**/?*/"])(
    "do not take every file from its owners, however the pattern is spelled: %s",
    (pattern) => {
      expect(keptProblems(posture, `${pattern} # nobody`)).toEqual([
        expect.objectContaining({ line: 1, wrong: expect.stringContaining("everything") as string }),
      ]);
      expect(keptProblems(posture, `${pattern} @acme/leads`)).toEqual([]);
    },
  );

  it("do not take every file from its owners together", () => {
    expect(keptProblems(posture, "*.*\n/docs/ @alice\nMakefile\n*kefile")).toEqual([
      expect.objectContaining({ line: 4, wrong: expect.stringContaining("together") as string }),
    ]);
  });

  it.each(["*#x @acme/leads", "a#b @alice", "/src/#generated/ @alice", "/src#"])(
    "hold no # inside a pattern, where readers differ: %s",
    (line) => {
      expect(keptProblems(posture, line)).toEqual([
        expect.objectContaining({ wrong: expect.stringContaining("cut the line at the #") as string }),
      ]);
    },
  );

  it.each([
    "x\u00a0@acme/leads",
    "x\u3000@acme/leads",
    "x @acme/leads\u2003@alice",
    "\ufeff* @acme/leads",
    "x\v@alice",
  ])("are separated by blanks and tabs alone: %j", (line) => {
    expect(keptProblems(posture, line)).toEqual([
      expect.objectContaining({ wrong: expect.stringContaining("neither a blank nor a tab") as string }),
    ]);
    expect(keptTeams(posture, "x\u00a0@acme/leads")).toEqual([]);
  });

  it("name teams of the organization, whatever their case", () => {
    expect(keptTeams(posture, "/a @acme/web @alice # @acme/no\n/b @ACME/Mobile x@acme.dev\n# /c @acme/other")).toEqual([
      "mobile",
      "web",
    ]);
  });
});

describe("the way to the default branch", () => {
  const api = posture.repositories[0]!;
  it("is direct where nothing forbids it", () => {
    expect(planOwners(posture, api, undefined, false)).toEqual({
      text,
      update: "directly",
      write: "set",
      shared: false,
    });
    expect(planOwners(posture, api, at(text), false)).toEqual({
      text,
      update: "directly",
      write: "keep",
      shared: false,
    });
    expect(planOwners(posture, api, at("/src/ @alice"), false)).toMatchObject({
      text: codeOwnersText(posture, api, { text: "/src/ @alice", origin: ".github/CODEOWNERS" }),
      write: "set",
      shared: true,
    });
  });

  it("takes lines along from where the file was before, since its new place outranks the old one", () => {
    const moved = planOwners(posture, api, at("/src/ @alice", "docs/CODEOWNERS"), false);
    expect(moved).toMatchObject({
      text: codeOwnersText(posture, api, { text: "/src/ @alice", origin: "docs/CODEOWNERS" }),
      write: "set",
      shared: false,
    });
    expect(planOwners(posture, api, at(moved.text), false)).toEqual({ ...moved, write: "keep" });
    expect(planOwners(posture, api, at(text, "CODEOWNERS"), false).write).toBe("set");
  });

  it("is a pull request where the rules demand one, and stays one", () => {
    const first = planOwners(posture, api, undefined, true);
    expect(first).toMatchObject({
      update: "by-pull-request",
      write: "keep",
      proposal: expect.stringMatching(/^gatehouse\/code-owners-[0-9a-f]{8}$/) as string,
    });
    expect(planOwners(posture, api, at(first.text), false)).toEqual({
      text: first.text,
      update: "by-pull-request",
      write: "keep",
      shared: false,
    });
    const changed = environment({ "repositories.0.reviewers": ["security"] });
    expect(planOwners(changed, changed.repositories[0]!, at(first.text), false)).toMatchObject({
      update: "by-pull-request",
      write: "keep",
      proposal: expect.not.stringMatching(first.proposal!) as string,
    });
  });

  it("of a file that was written directly becomes a pull request when the rules come to demand one", () => {
    const changed = environment({ "repositories.0.reviewers": ["security"] });
    expect(planOwners(changed, changed.repositories[0]!, at(text), true)).toMatchObject({
      update: "directly",
      write: "keep",
      proposal: expect.any(String) as string,
    });
  });
});
