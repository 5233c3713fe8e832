import fc from "fast-check";
import { codeOwnersText, fnmatchPatterns, ownerPatterns } from "../../../infra/plans";
import { PathMatcher } from "../../../gate/policy/text/globs";
import { environment } from "../../support/environment";
import { fnmatch } from "./support/fnmatch";

/**
 * GitHub's reading of one CODEOWNERS pattern at its narrowest: what is below a folder belongs to it only when the
 * pattern names the folder, with a slash at its end or without a wildcard in its last name ("About code owners":
 * `docs/*` holds no nested file).
 */
function owned(pattern: string, path: string): boolean {
  const folder = pattern.endsWith("/");
  const anchored = pattern.slice(0, -1).includes("/");
  const segments = pattern.split("/").filter((segment) => segment !== "");
  const source = segments
    .map((segment, i) => {
      if (segment === "**" && i < segments.length - 1) return "(?:.*/)?";
      const text = segment
        .replace(/[.+^${}()|]/g, "\\$&")
        .replace(/\*+/g, "[^/]*")
        .replace(/\?/g, "[^/]");
      return i < segments.length - 1 ? `${text}/` : text;
    })
    .join("");
  const below = folder ? "/.+" : pattern !== "*" && /[*?]/.test(segments.at(-1)!) ? "" : "(?:/.*)?";
  return new RegExp(`^${anchored ? "" : "(?:.*/)?"}${source}${below}$`).test(path);
}

/**
 * A folder as everything below it. The gate alone also holds a file that would stand in the folder's own place; where
 * the folder exists, every lock sees its files go.
 */
function belowFolder(pattern: string): string {
  if (!/\/$|(?:^|\/)\*\*$/.test(pattern)) return pattern;
  const bare = pattern.replace(/\/$/, "").replace(/(?:(?:^|\/)\*\*)+$/, "");
  if (bare === "") return "*";
  return pattern.slice(0, -1).includes("/") ? `${bare}/*` : `**/${bare}/*`;
}

const holds = {
  gate: (pattern: string, path: string) => new PathMatcher([belowFolder(pattern)]).matches(path),
  codeOwners: (pattern: string, path: string) => ownerPatterns(pattern).some((one) => owned(one, path)),
  pushRuleset: (pattern: string, path: string) => fnmatchPatterns(pattern).some((one) => fnmatch(one, path)),
};

/** Of one alphabet, so that patterns and paths meet often. */
const segment = fc.stringMatching(/^[ab.*?]{1,4}$/).filter((text) => !/^\.{1,2}$/.test(text));
const pattern = fc
  .tuple(
    fc.constantFrom("", "/"),
    fc.array(fc.oneof(segment, fc.constantFrom("*", "**", "*.a", "infra")), { minLength: 1, maxLength: 4 }),
    fc.constantFrom("", "/"),
  )
  .map(([start, segments, end]) => start + segments.join("/") + end);
const name = fc.stringMatching(/^\.?[ab.]{1,3}$/).filter((text) => !/^\.{1,2}$/.test(text));
const path = fc
  .array(fc.oneof(name, fc.constantFrom("infra", "x.a", ".a")), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join("/"));
/** A push ruleset's patterns spell out one hidden name; what hides deeper is left to the other locks. */
const hiddenNames = (text: string) => text.split("/").filter((part) => part.startsWith(".")).length;

it.each(["codeOwners", "pushRuleset"] as const)("whatever the pattern, %s hold what the gate holds", (lock) => {
  let met = 0;
  fc.assert(
    fc.property(pattern, path, (one, file) => {
      fc.pre(lock === "codeOwners" || hiddenNames(file) <= 1);
      if (!holds.gate(one, file)) return;
      met += 1;
      expect([one, file, holds[lock](one, file)]).toEqual([one, file, true]);
    }),
    { numRuns: 3000 },
  );
  expect(met).toBeGreaterThan(300);
});

it.each([
  ["infra/*", "infra/a/b.tf"],
  ["infra/*", "infra/.env"],
  ["infra/*", "infra/.config/x"],
  ["/*", "README.md"],
  ["/*", "a/b"],
  ["/*", ".env"],
  ["apps/*/*", "apps/web/deploy/x.yml"],
  ["infra/", "infra/.config/.env"],
  ["apps/*/*", "apps/.web/env"],
  ["apps/*/deploy", "apps/.web/deploy/x"],
  ["conf*", "config/production.json"],
  ["conf*", "x/config"],
  ["*.d", "conf.d/10-base"],
  ["*.d", "x/.d"],
  ["*.d", "x/.conf.d/y"],
  ["*.d", ".x/conf.d"],
  ["?onfig", "config/x"],
  ["infra/**", "infra/a/.b"],
  ["**/apps/*/", "x/apps/web/y"],
  ["infra/**/*", "infra/a"],
  ["**/secrets", ".hidden/secrets/key"],
  ["*", "any/thing"],
])("%s holds %s in every lock", (one, file) => {
  expect({
    gate: holds.gate(one, file),
    codeOwners: holds.codeOwners(one, file),
    pushRuleset: holds.pushRuleset(one, file),
  }).toEqual({ gate: true, codeOwners: true, pushRuleset: true });
});

it.each([
  ["infra/*", "infra"],
  ["infra/*", "x/infra/a"],
  ["apps/*/*", "apps/readme"],
  ["/conf*", "x/config"],
  ["*.d", "conf.data"],
  ["secrets/", "secrets"],
])("%s does not hold %s in any lock", (one, file) => {
  expect([holds.gate(one, file), holds.codeOwners(one, file), holds.pushRuleset(one, file)]).toEqual([
    false,
    false,
    false,
  ]);
});

it("writes a folder as a folder into CODEOWNERS, and a name with a wildcard as both", () => {
  const posture = environment({ "repositories.0.protectedPaths": ["infra/*", "*.tf", "apps/*/*", "config/prod"] });
  const lines = codeOwnersText(posture, posture.repositories[0]!)
    .split("\n")
    .filter((line) => line.endsWith("@acme/security"))
    .map((line) => line.split(" ")[0]);
  expect(lines).toEqual(expect.arrayContaining(["/infra/", "*.tf", "*.tf/", "/apps/*/", "config/prod"]));
  expect(lines).not.toContain("infra/*");
});
