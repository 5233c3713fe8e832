import { pullRequest, type Case } from "./case";

const SYNTAX = "About code owners: CODEOWNERS syntax";
const EXCEPTIONS = "About code owners: Syntax exceptions";
const LOCATION = "About code owners: CODEOWNERS file location";
const SIZE = "About code owners: CODEOWNERS file size";
const WHO = "About code owners, first paragraphs";
const REVIEW = "About code owners: CODEOWNERS and branch protection";
const ABOUT = "About code owners: About code owners";

/** The example of GitHub's page, with the cases' people in place of its octocats. */
const EXAMPLE = `# This is a comment.
* @reviewer-one @reviewer-two
*.js @security-one # an inline comment
*.go reviewer-two@users.example.com
*.txt @acme/security
/build/logs/ @reviewer-one
docs/*  @reviewer-two
apps/ @reviewer-one
/docs/ @security-one
/apps/ @reviewer-one
/apps/github
`;

const example = (title: string, path: string, asked: string, owners = EXAMPLE): Case => ({
  title,
  see: SYNTAX,
  files: { ".github/CODEOWNERS": owners },
  steps: [`claude-bot opens ${path}`, `asked: ${asked}`],
});
const OWNED = [pullRequest({ require_code_owner_review: true })];
const WAITING = /code owner review/;

export const OWNER_CASES: readonly Case[] = [
  example("the owners of everything own what nobody else does", "Makefile", "reviewer-one reviewer-two"),
  example("the last pattern that matches takes precedence over the owners of everything", "src/a.js", "security-one"),
  example("an email address stands for its account", "cmd/a.go", "reviewer-two"),
  example("a team owns files", "notes.txt", "security"),
  example("a directory at the root owns all below it", "build/logs/x/y.log", "reviewer-one"),
  example("a directory at the root owns nothing elsewhere", "x/build/logs/y.log", "reviewer-one reviewer-two"),
  example(
    "an owner is named for a directory anywhere",
    "x/apps/y.c",
    "reviewer-one",
    "* @reviewer-two\napps/ @reviewer-one\n",
  ),
  example("docs/* owns the files of docs", "docs/a.md", "reviewer-two", "* @reviewer-one\ndocs/* @reviewer-two\n"),
  example(
    "docs/* does not own what lies deeper",
    "docs/build/a.md",
    "reviewer-one",
    "* @reviewer-one\ndocs/* @reviewer-two\n",
  ),
  example("a later line for the same path replaces an earlier one", "docs/a.md", "security-one"),
  example("a pattern without owners takes a subdirectory out", "apps/github/a.c", "nobody"),
  example("what is beside a subdirectory without owners keeps its owners", "apps/other/a.c", "reviewer-one"),
  example("one change of many files asks the owners of each", "src/a.js cmd/a.go", "security-one reviewer-two"),
  example(
    "owners of one pattern stand on one line: a second line with the pattern replaces the first",
    "src/a.c",
    "reviewer-two",
    "* @reviewer-one\n* @reviewer-two\n",
  ),
  example("names differ by case", "readme", "reviewer-one", "* @reviewer-one\nREADME @reviewer-two\n"),
  example(
    "**/logs owns below every directory of that name",
    "a/b/logs/x",
    "reviewer-two",
    "* @reviewer-one\n**/logs @reviewer-two\n",
  ),
  {
    ...example(
      "! does not negate: the line is left out",
      "keep/a.c !keep/a.c",
      "reviewer-one",
      "* @reviewer-one\n!keep/ @reviewer-two\n",
    ),
    see: EXCEPTIONS,
  },
  {
    ...example(
      "[ ] makes no range: the line is left out",
      "a.c [ab].c",
      "reviewer-one",
      "* @reviewer-one\n[ab].c @reviewer-two\n",
    ),
    see: EXCEPTIONS,
  },
  {
    ...example(
      "\\# is not a pattern: the line is left out",
      "#notes",
      "reviewer-one",
      "* @reviewer-one\n\\#notes @reviewer-two\n",
    ),
    see: EXCEPTIONS,
  },
  {
    ...example(
      "a line that names something that is no owner: the line is left out, the others hold",
      "src/a.c",
      "reviewer-one",
      "* @reviewer-one\n/src/ not-an-owner\n",
    ),
    see: "About code owners: CODEOWNERS syntax, on invalid lines",
  },
  {
    title: "invalid lines and unknown owners are reported with their number and kind",
    see: "REST: List CODEOWNERS errors",
    files: { ".github/CODEOWNERS": "* @reviewer-one\n[ab].c @reviewer-two\n/x/ @acme/hidden\n" },
    steps: [
      ["reviewer-one gets {repo}/codeowners/errors?ref={base}", /"line":2,.*Invalid pattern.*"line":3,.*Unknown owner/],
    ],
  },
  {
    title: "a valid file has no errors",
    see: "REST: List CODEOWNERS errors",
    files: { ".github/CODEOWNERS": EXAMPLE },
    steps: [["reviewer-one gets {repo}/codeowners/errors?ref={base}", /^\{"errors":\[\]\}$/]],
  },
  {
    title: ".github is looked into first",
    see: LOCATION,
    files: {
      ".github/CODEOWNERS": "* @reviewer-one\n",
      CODEOWNERS: "* @reviewer-two\n",
      "docs/CODEOWNERS": "* @security-one\n",
    },
    steps: ["claude-bot opens a.c", "asked: reviewer-one"],
  },
  {
    title: "the root is looked into before docs",
    see: LOCATION,
    files: { CODEOWNERS: "* @reviewer-two\n", "docs/CODEOWNERS": "* @security-one\n" },
    steps: ["claude-bot opens a.c", "asked: reviewer-two"],
  },
  {
    title: "the file of the base branch is in force, not the one that the pull request brings",
    see: LOCATION,
    files: { ".github/CODEOWNERS": "* @security-one\n" },
    rules: OWNED,
    steps: [
      "claude-bot opens .github/CODEOWNERS a.c",
      "asked: security-one",
      "reviewer-one approves",
      ["acme-admin merges", WAITING],
      "security-one approves",
      "acme-admin merges",
    ],
  },
  {
    title: "a file that the pull request puts where it would take precedence changes nothing for that pull request",
    see: LOCATION,
    files: { "docs/CODEOWNERS": "* @security-one\n" },
    rules: OWNED,
    steps: ["claude-bot opens CODEOWNERS a.c", "reviewer-one approves", ["acme-admin merges", WAITING]],
  },
  {
    title: "a file of 3 MB or more is not loaded",
    see: SIZE,
    files: { ".github/CODEOWNERS": `* @security-one\n${`# ${"x".repeat(1021)}\n`.repeat(3 * 1024)}` },
    rules: OWNED,
    steps: ["claude-bot opens a.c", "asked: nobody", "acme-admin merges"],
  },
  {
    title: "a file just below 3 MB is",
    see: SIZE,
    files: { ".github/CODEOWNERS": `* @security-one\n${`# ${"x".repeat(1021)}\n`.repeat(3 * 1024 - 1)}` },
    rules: OWNED,
    steps: ["claude-bot opens a.c", "asked: security-one", ["acme-admin merges", WAITING]],
  },
  {
    title: "a secret team owns nothing",
    see: WHO,
    files: { ".github/CODEOWNERS": "* @acme/hidden\n" },
    rules: OWNED,
    steps: ["claude-bot opens a.c", "asked: nobody", "acme-admin merges"],
  },
  {
    title: "a team without write access owns nothing, whatever its members have",
    see: WHO,
    files: { ".github/CODEOWNERS": "* @acme/readers\n" },
    rules: OWNED,
    steps: ["claude-bot opens a.c", "asked: nobody", "acme-admin merges"],
  },
  {
    title: "a person without access owns nothing",
    see: WHO,
    files: { ".github/CODEOWNERS": "* @nobody-here\n" },
    rules: OWNED,
    steps: ["claude-bot opens a.c", "asked: nobody", "acme-admin merges"],
  },
  {
    title: "a line whose only owner is none still replaces the lines above it",
    see: WHO,
    files: { ".github/CODEOWNERS": "* @security-one\n/src/ @acme/hidden\n" },
    rules: OWNED,
    steps: ["claude-bot opens src/a.c", "acme-admin merges"],
  },
  {
    title: "an approval of any of several owners suffices",
    see: "Available rules for rulesets: Require a pull request before merging",
    files: { ".github/CODEOWNERS": "* @reviewer-two @security-one\n" },
    rules: OWNED,
    steps: ["claude-bot opens a.c", ["acme-admin merges", WAITING], "security-one approves", "acme-admin merges"],
  },
  {
    title: "each changed file needs an approval of its own owners",
    see: REVIEW,
    files: { ".github/CODEOWNERS": "* @reviewer-one\n/keys/ @acme/security\n" },
    rules: OWNED,
    steps: [
      "claude-bot opens a.c keys/k",
      "reviewer-one approves",
      ["acme-admin merges", WAITING],
      "security-one approves",
      "acme-admin merges",
    ],
  },
  {
    title: "a moved file needs the owners of the place that it leaves",
    see: REVIEW,
    files: { ".github/CODEOWNERS": "/docs/ @acme/security\n" },
    rules: OWNED,
    steps: ["claude-bot opens docs/contributing.md=>moved.md", ["acme-admin merges", WAITING]],
  },
  {
    title: "who opens the pull request and is in the owning team has approved by that",
    see: "About code owners: Example of a CODEOWNERS file, last entry",
    files: { ".github/CODEOWNERS": "* @acme/backend\n" },
    rules: OWNED,
    steps: ["reviewer-one opens a.c", "acme-admin merges"],
  },
  {
    title: "an approval of somebody who owns nothing does not stand for an owner's",
    see: REVIEW,
    files: { ".github/CODEOWNERS": "* @security-one\n" },
    rules: OWNED,
    steps: ["claude-bot opens a.c", "reviewer-one approves", "reviewer-two approves", ["acme-admin merges", WAITING]],
  },
  {
    title: "without the rule, owners are asked and not needed",
    see: REVIEW,
    files: { ".github/CODEOWNERS": "* @security-one\n" },
    steps: ["claude-bot opens a.c", "asked: security-one", "acme-admin merges"],
  },
  {
    title: "branch protection asks for owners too",
    see: REVIEW,
    files: { ".github/CODEOWNERS": "* @security-one\n" },
    protection: {
      enforce_admins: true,
      required_pull_request_reviews: { require_code_owner_reviews: true, required_approving_review_count: 1 },
    },
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      ["acme-admin merges", WAITING],
      "security-one approves",
      "acme-admin merges",
    ],
  },
  {
    title: "drafts ask no owners; marked as ready, they do",
    see: ABOUT,
    files: { ".github/CODEOWNERS": "* @security-one\n" },
    steps: ["claude-bot drafts a.c", "asked: nobody", "claude-bot marks it ready", "asked: security-one"],
  },
  {
    title: "owners of files that come later are asked when they come",
    see: ABOUT,
    files: { ".github/CODEOWNERS": "/keys/ @security-one\n" },
    steps: ["claude-bot opens a.c", "asked: nobody", "claude-bot pushes keys/k", "asked: security-one"],
  },
  {
    title: "an organization without a paid plan has no code owners in private repositories",
    see: "About code owners: who can use this feature",
    plan: "free",
    files: { ".github/CODEOWNERS": "* @security-one\n" },
    steps: ["claude-bot opens a.c", "asked: nobody"],
  },
];
