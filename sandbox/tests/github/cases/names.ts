/** Names and patterns, as data: `[pattern, name, whether it matches, reference]`. */
export type NameCase = readonly [pattern: string, name: string, matches: boolean, see: string];

const GITHUB = "Creating rulesets for a repository: Using fnmatch syntax";
const RUBY = "Ruby: File.fnmatch with File::FNM_PATHNAME, to which GitHub's page refers";
const PATHS = "About rulesets: Push rulesets, Restrict file paths";

/**
 * Patterns of branches in a ruleset; each is asked with GET …/rules/branches/{branch}, for branches that do not exist.
 */
export const BRANCHES: readonly NameCase[] = [
  ["qa/*", "qa/foo", true, GITHUB],
  ["qa/*", "qa/foo/bar", false, GITHUB],
  ["qa/**/*", "qa/foo/bar/foobar/hello-world", true, GITHUB],
  ["qa/**/*", "qa/foo", true, GITHUB],
  ["qa/**/*", "qa", false, GITHUB],
  ["qa**/**/*", "qa/foo", true, GITHUB],
  ["qa**/**/*", "qa-next/foo/bar", true, GITHUB],
  ["qa**/**/*", "not-qa/foo", false, GITHUB],
  ["releases/**/*", "releases/2026/11", true, "About rulesets: Branch and tag rulesets"],
  ["releases/**/*", "releases-next", false, "About rulesets: Branch and tag rulesets"],
  ["claude/**", "claude/a", true, RUBY],
  ["claude/**", "claude/a/b", false, RUBY],
  ["claude/**/*", "claude/a/b/c", true, RUBY],
  ["claude/**/*", "claude", false, RUBY],
  ["claude/**/*", "claude-evil/a", false, RUBY],
  ["**/claude/*", "x/y/claude/z", true, RUBY],
  ["**", "a", true, RUBY],
  ["**", "a/b", false, RUBY],
  ["*", "a/b", false, RUBY],
  ["c?t", "cat", true, RUBY],
  ["c??t", "cat", false, RUBY],
  ["c*", "cats", true, RUBY],
  ["Main", "main", false, RUBY],
  ["ca[a-z]", "cat", true, RUBY],
  ["ca[^t]", "cat", false, RUBY],
  ["a?b", "a/b", false, RUBY],
  ["a[/]b", "a/b", false, RUBY],
  ["a[^x]b", "a/b", false, RUBY],
  ["{main,dev}", "main", false, RUBY],
  ["release/v[0-9].[0-9]", "release/v1.2", true, RUBY],
  ["release/v[0-9].[0-9]", "release/v1x2", false, RUBY],
];

/** Patterns of paths in a push ruleset; each is tried by making a tree with the path. */
export const FILES: readonly NameCase[] = [
  ["test/demo/**/*", "test/demo/a.txt", true, PATHS],
  ["test/demo/**/*", "test/demo/deep/er/a.txt", true, PATHS],
  ["test/demo/**/*", "test/other/a.txt", false, PATHS],
  ["test/docs/pushrules.md", "test/docs/pushrules.md", true, PATHS],
  ["test/docs/pushrules.md", "test/docs/pushrules.md.txt", false, PATHS],
  [".github/workflows/**", ".github/workflows/ci.yml", true, RUBY],
  [".github/workflows/**", ".github/workflows/nested/ci.yml", false, RUBY],
  [".github/workflows/**/*", ".github/workflows/nested/ci.yml", true, RUBY],
  ["**/CODEOWNERS", "docs/CODEOWNERS", true, RUBY],
  ["**/CODEOWNERS", "CODEOWNERS", true, RUBY],
  ["**/CODEOWNERS", ".github/CODEOWNERS", false, RUBY],
  [".github/**/*", ".github/.hidden", false, RUBY],
  [".github/**/*", ".github/.dir/a", false, RUBY],
  [".github/**/.*", ".github/a/.hidden", true, RUBY],
  ["**.rb", "lib/song.rb", false, RUBY],
  ["**/*.rb", "lib/deep/song.rb", true, RUBY],
  ["**/*", ".env", false, RUBY],
  [".*", ".env", true, RUBY],
];
