import fc from "fast-check";
import {
  CHANGE_RULES,
  isAgentPull,
  judgeChange,
  type ChangeFacts,
  type ChangeRule,
  type ChangeVerdict,
} from "../../../cli/check/agentChange";
import { PROTECTED_PATHS } from "../../../gate/policy/policy";
import { environment } from "../../support/environment";

const SHA = "a".repeat(40);
const posture = environment({
  repositories: [
    { name: "api", access: "write", reviewers: ["backend"], protectedPaths: ["/infra/", "*.tf"] },
    { name: "docs", access: "read" },
  ],
});

/** A change that passes; every test spoils one part of it. */
const good: ChangeFacts = {
  pull: {
    author: "claude-bot",
    branch: "claude/fix",
    base: "main",
    fork: false,
    labels: ["agent"],
    body: "What and why.\n\nGatehouse-Request: 0f9c1a2b-77aa",
  },
  commits: [
    {
      sha: SHA,
      authorEmail: "123+claude-bot@users.noreply.github.com",
      committerEmail: "noreply@github.com",
      plainMerge: false,
    },
  ],
  files: [{ path: "src/a.ts", kind: "file", lines: 12, executable: false }],
  touched: [{ path: "src/a.ts", commit: SHA }],
  secrets: [],
  unseen: [],
};
type Judged = Extract<ChangeVerdict, { agent: true }>;
const judge = (change: Partial<ChangeFacts>, options = {}, repository = "api"): Judged => {
  const verdict = judgeChange(posture, repository, { ...good, ...change }, options);
  if (!verdict.agent) throw new Error(`not judged: ${verdict.why}`);
  return verdict;
};
const rules = (verdict: Judged): ChangeRule[] =>
  verdict.findings.filter(({ severity }) => severity === "refuse").map(({ rule }) => rule);
const commit = { ...good.commits[0]! };

describe("credentials that the environment file allows", () => {
  const allowing = environment({
    "gate.allowedSecrets": [
      { sha256: "ab".repeat(32), reason: "demo account", until: "2026-12-31" },
      { repository: "api", path: "/tests/fixtures/", reason: "made-up keys", until: "2026-12-31" },
    ],
  });
  const found = { path: "src/a.ts", line: 1, rule: "x", commit: SHA };
  const judged = (secret: object, now: number | undefined, repository = "api") => {
    const secrets = [{ ...found, ...secret }];
    const verdict = judgeChange(allowing, repository, { ...good, secrets }, now === undefined ? {} : { now });
    return verdict.agent ? verdict.findings.filter(({ rule }) => rule === "secret") : [];
  };
  const now = Date.parse("2026-12-31T23:59:58Z");

  it("are shown with the reason until their day is over", () => {
    expect(judged({ sha256: "ab".repeat(32) }, now)).toMatchObject([
      { severity: "notice", says: "x at line 1, allowed: demo account" },
    ]);
    expect(judged({ path: "tests/fixtures/a" }, now)).toMatchObject([{ severity: "notice" }]);
    for (const [secret, at, repository] of [
      [{ sha256: "ab".repeat(32) }, now + 2_000],
      [{ sha256: "ab".repeat(32) }, undefined],
      [{ sha256: "cd".repeat(32) }, now],
      [{ path: "tests/fixtures/a" }, now + 2_000],
      [{ path: "src/tests/fixtures/a" }, now],
      [{ path: "tests/fixtures/a" }, now, "docs"],
    ] as const)
      expect(judged(secret, at, repository)).toMatchObject([{ severity: "refuse" }]);
  });
});

describe("kinds of secrets", () => {
  const softer = environment({
    "gate.alertOnlySecrets": ["twilio-key"],
    "gate.allowedSecrets": [{ repository: "api", path: "/src/", reason: "made-up keys", until: "2026-12-31" }],
  });
  const judged = (rule: string, path: string) => {
    const facts = { ...good, secrets: [{ path, line: 1, rule, commit: SHA, sha256: "ab".repeat(32) }] };
    const verdict = judgeChange(softer, "api", facts, { now: 0 });
    return verdict.agent ? verdict.findings.filter((finding) => finding.rule === "secret") : [];
  };

  it("are notices where the gate only raises an alert, and a canary token is none anywhere", () => {
    expect(judged("twilio-key", "a.ts")).toMatchObject([{ severity: "notice" }]);
    expect(judged("npm-token", "a.ts")).toMatchObject([{ severity: "refuse" }]);
    expect(judged("canary-token", "src/a.ts")).toMatchObject([{ severity: "refuse" }]);
  });
});

describe("whose pull request it is", () => {
  it.each([
    ["the machine user's, from anywhere", { author: "Claude-Bot", branch: "main", fork: true }, true],
    ["a GitHub App's bot", { author: "claude-bot[bot]", branch: "x" }, true],
    ["a person's from an agent branch", { author: "reviewer-one", branch: "claude/x", fork: false }, true],
    ["a person's from their own branch", { author: "reviewer-one", branch: "feature/claude/x", fork: false }, false],
    ["a stranger's fork with a branch of that name", { author: "stranger", branch: "claude/x", fork: true }, false],
  ])("%s", (_, pull, expected) => {
    expect(isAgentPull(posture, pull)).toBe(expected);
  });

  it("passes a person's pull request without looking at it", () => {
    const verdict = judgeChange(posture, "api", {
      ...good,
      pull: { author: "reviewer-one", branch: "feature/x", fork: false },
      unseen: ["anything"],
      secrets: [{ path: "a", line: 1, rule: "x", commit: SHA }],
    });
    expect(verdict).toMatchObject({ agent: false });
  });

  it("judges commits alone, when nothing is known about the pull request", () => {
    expect(judge({ pull: {}, unseen: ["x"] }).passes).toBe(false);
  });
});

describe("a change that passes", () => {
  it("has no finding", () => {
    expect(judge({})).toEqual({ agent: true, passes: true, findings: [], files: 1, lines: 12 });
  });

  it.each(["main", "release/1", "claudette/x", "people/claude/x", "claude"])("onto %s", (base) => {
    expect(judge({ pull: { ...good.pull, base } }).passes).toBe(true);
  });
});

const spoiled: [ChangeRule, string, Partial<ChangeFacts>, string?][] = [
  ["not-inspectable", "something could not be seen", { unseen: ["too large"] }],
  ["no-write-access", "the repository gives read access", {}, "docs"],
  ["no-write-access", "the repository is not listed", {}, "secrets"],
  [
    "outside-agent-branches",
    "the machine user proposes from another branch",
    { pull: { ...good.pull, branch: "claudette/x" } },
  ],
  ["from-a-fork", "the machine user proposes from a fork", { pull: { ...good.pull, fork: true } }],
  ["onto-agent-branch", "it lies on another agent branch", { pull: { ...good.pull, base: "claude/other" } }],
  ["onto-agent-branch", "it lies on one of many parts", { pull: { ...good.pull, base: "claude/team/other" } }],
  [
    "onto-agent-branch",
    "a person opens it there from an agent branch",
    { pull: { ...good.pull, author: "reviewer-one", base: "claude/other" } },
  ],
  [
    "too-many-files",
    "one file too many",
    {
      files: Array.from({ length: 101 }, (_, i) => ({
        path: `f${i}`,
        kind: "file" as const,
        lines: 1,
        executable: false,
      })),
    },
  ],
  ["too-many-lines", "one line too many", { files: [{ path: "a", kind: "file", lines: 2001, executable: false }] }],
  [
    "protected-path",
    "a workflow changes",
    { files: [{ path: ".github/workflows/ci.yml", kind: "file", lines: 1, executable: false }] },
  ],
  [
    "protected-path",
    "a workflow in other letters",
    { files: [{ path: ".GitHub/Workflows/CI.yml", kind: "file", lines: 1, executable: false }] },
  ],
  [
    "protected-path",
    "a path that the environment protects",
    { files: [{ path: "deep/main.tf", kind: "file", lines: 1, executable: false }] },
  ],
  [
    "protected-path",
    "a protected file moves away",
    { files: [{ path: "old.yml", from: ".github/workflows/ci.yml", kind: "file", lines: 0, executable: false }] },
  ],
  [
    "protected-path",
    "a link takes the place of a protected folder",
    { files: [{ path: ".github", kind: "symlink", target: "other", lines: 1, executable: false }] },
  ],
  [
    "protected-path",
    "a commit touches one and a later one takes it back",
    { touched: [{ path: "docs/CODEOWNERS", commit: SHA }] },
  ],
  ["secret", "a credential", { secrets: [{ path: "src/a.ts", line: 3, rule: "github-classic-token", commit: SHA }] }],
  ["commit-by-other", "another author", { commits: [{ ...commit, authorEmail: "reviewer@acme.dev" }] }],
  ["commit-by-other", "another committer", { commits: [{ ...commit, committerEmail: "reviewer@acme.dev" }] }],
  [
    "commit-by-other",
    "an account with a similar name",
    { commits: [{ ...commit, authorEmail: "1+claude-bot2@users.noreply.github.com" }] },
  ],
  [
    "commit-by-other",
    "the right name at another host",
    { commits: [{ ...commit, authorEmail: "claude-bot@users.noreply.github.com.evil.dev" }] },
  ],
  [
    "commit-by-other",
    "an address that GitHub gives to another account",
    { commits: [{ ...commit, authorLogin: "reviewer-one" }] },
  ],
  [
    "commit-by-other",
    "a login's commit that another one made",
    { commits: [{ ...commit, authorLogin: "claude-bot", committerLogin: "reviewer-one" }] },
  ],
  ["submodule", "a submodule moves", { files: [{ path: "vendor/x", kind: "submodule", executable: false }] }],
  [
    "link-outside",
    "a link to the machine",
    { files: [{ path: "a/b", kind: "symlink", target: "/etc/passwd", executable: false }] },
  ],
  [
    "link-outside",
    "a link above the repository",
    { files: [{ path: "a/b", kind: "symlink", target: "x/../../../y", executable: false }] },
  ],
  ["label-missing", "no label", { pull: { ...good.pull, labels: ["bug"] } }],
  ["request-missing", "no request id", { pull: { ...good.pull, body: "Gatehouse-Request:" } }],
];

describe("what refuses a change", () => {
  it.each(spoiled.map(([rule, title, change, repository = "api"]) => ({ rule, title, change, repository })))(
    "$rule: $title",
    ({ rule, change, repository }) => {
      const verdict = judge(change, {}, repository);
      expect(rules(verdict)).toEqual([rule]);
      expect(verdict.passes).toBe(false);
    },
  );

  it("has a case for every rule that refuses", () => {
    const shownOnly = ["executable"];
    expect([...new Set(spoiled.map(([rule]) => rule))].sort()).toEqual(
      Object.keys(CHANGE_RULES)
        .filter((rule) => !shownOnly.includes(rule))
        .sort(),
    );
  });
});

describe("near twins that pass", () => {
  it.each<[string, Partial<ChangeFacts>]>([
    [
      "as many files as are allowed",
      {
        files: Array.from({ length: 100 }, (_, i) => ({
          path: `f${i}`,
          kind: "file" as const,
          lines: 20,
          executable: false,
        })),
      },
    ],
    [
      "a file beside a protected folder",
      { files: [{ path: ".github/workflows.md", kind: "file", lines: 1, executable: false }] },
    ],
    [
      "a link inside the repository",
      { files: [{ path: "a/b/c", kind: "symlink", target: "../../d", executable: false }] },
    ],
    [
      "a merge that adds nothing, by a person",
      {
        commits: [
          commit,
          {
            sha: "b".repeat(40),
            authorEmail: "reviewer@acme.dev",
            committerEmail: "noreply@github.com",
            plainMerge: true,
          },
        ],
      },
    ],
    ["a label in other letters", { pull: { ...good.pull, labels: ["Agent"] } }],
    [
      "GitHub's own commit for the machine user",
      { commits: [{ ...commit, authorEmail: "x@y", authorLogin: "claude-bot", committerLogin: "web-flow" }] },
    ],
    [
      "a person's pull request from an agent branch lacks label and request, which is only shown",
      { pull: { author: "reviewer-one", branch: "claude/x", fork: false, labels: [], body: "" } },
    ],
  ])("%s", (_, change) => {
    expect(rules(judge(change))).toEqual([]);
  });

  it("a declared address of the machine user", () => {
    const change = { commits: [{ ...commit, authorEmail: "Bot@acme.dev", committerEmail: "bot@acme.dev" }] };
    expect(rules(judge(change))).toEqual(["commit-by-other"]);
    expect(rules(judge(change, { emails: ["bot@acme.dev"] }))).toEqual([]);
  });

  it("shows a file that becomes executable", () => {
    expect(judge({ files: [{ path: "run.sh", kind: "file", lines: 1, executable: true }] })).toMatchObject({
      passes: true,
      findings: [{ rule: "executable", severity: "notice" }],
    });
  });
});

describe("softening", () => {
  it("shows a missing label without refusing, and no other rule", () => {
    const change = { pull: { ...good.pull, labels: [] }, secrets: [{ path: "a", line: 1, rule: "x", commit: SHA }] };
    expect(rules(judge(change, { noticeOnly: ["label-missing", "secret"] }))).toEqual(["secret"]);
  });
});

const anyPath = fc
  .array(fc.stringMatching(/^[a-zA-Z.]{1,8}$/), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"));

describe("properties", () => {
  it("never passes a change with a path that stands in the list of protected ones, wherever it stands", () => {
    const named = PROTECTED_PATHS.map((glob) => glob.replace(/^\//, "").replace("**", "x.yml"));
    fc.assert(
      fc.property(
        fc.array(anyPath, { maxLength: 5 }),
        fc.constantFrom(...named),
        fc.nat(5),
        fc.constantFrom("file", "from", "touched"),
        (paths, path, at, where) => {
          const files = paths.map((one) => ({ path: one, kind: "file" as const, lines: 1, executable: false }));
          const bad =
            where === "from"
              ? { path: "elsewhere", from: path, kind: "file" as const, executable: false }
              : { path, kind: "file" as const, executable: false };
          if (where !== "touched") files.splice(at, 0, bad as (typeof files)[number]);
          expect(
            rules(judge({ files, ...(where === "touched" ? { touched: [{ path, commit: SHA }] } : {}) })),
          ).toContain("protected-path");
        },
      ),
    );
  });

  it("more of anything never turns a refusal into a pass", () => {
    const part = fc.record({
      unseen: fc.array(fc.string(), { maxLength: 1 }),
      secrets: fc.array(fc.constant({ path: "a", line: 1, rule: "x", commit: SHA }), { maxLength: 1 }),
      files: fc.array(
        fc.record({
          path: anyPath,
          kind: fc.constantFrom("file" as const, "symlink" as const, "submodule" as const),
          lines: fc.nat(1500),
          executable: fc.boolean(),
          target: fc.oneof(anyPath, fc.constant("../../x")),
        }),
        { maxLength: 60 },
      ),
      commits: fc.array(
        fc.record({
          sha: fc.constant(SHA),
          authorEmail: fc.constantFrom("claude-bot@users.noreply.github.com", "x@y.z"),
          committerEmail: fc.constantFrom("noreply@github.com", "x@y.z"),
          plainMerge: fc.boolean(),
        }),
        { maxLength: 3 },
      ),
      touched: fc.array(fc.record({ path: anyPath, commit: fc.constant(SHA) }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(part, part, (a, b) => {
        const both = {
          unseen: [...a.unseen, ...b.unseen],
          secrets: [...a.secrets, ...b.secrets],
          files: [...a.files, ...b.files],
          commits: [...a.commits, ...b.commits],
          touched: [...a.touched, ...b.touched],
        };
        if (!judge(a).passes) expect(judge(both).passes).toBe(false);
      }),
    );
  });

  it("an address is the machine user's only as GitHub writes it", () => {
    fc.assert(
      fc.property(fc.emailAddress(), (email) => {
        expect(rules(judge({ commits: [{ ...commit, authorEmail: email }] }))).toEqual(["commit-by-other"]);
      }),
    );
  });
});
