import * as fc from "fast-check";
import { decide } from "../../../gate/policy";
import { policyFor } from "../support/policy";

const policy = policyFor();
const sent = (method: string, target: string): string => {
  const decision = decide(policy, { method, target });
  return decision.allow ? (decision.rewritten?.path ?? target) : (decision.rule ?? "");
};
const R = "/repos/acme/api";

describe("one thing, two spellings", () => {
  it.each([
    [`${R}/branches/claude/x`, `${R}/branches/claude%2Fx`],
    [`${R}/branches/claude/a/b/c`, `${R}/branches/claude%2Fa%2Fb%2Fc`],
    [`${R}/rules/branches/claude/x?page=2`, `${R}/rules/branches/claude%2Fx?page=2`],
    [`${R}/commits/claude/x`, `${R}/commits/claude%2Fx`],
    [`${R}/commits/heads/claude/x/check-runs?per_page=100`, `${R}/commits/heads%2Fclaude%2Fx/check-runs?per_page=100`],
    [`${R}/commits/refs/heads/claude/x/status`, `${R}/commits/refs%2Fheads%2Fclaude%2Fx/status`],
    [`${R}/commits/claude/x/pulls`, `${R}/commits/claude%2Fx/pulls`],
    [`${R}/commits/claude/pulls`, `${R}/commits/claude/pulls`],
    [`${R}/git/trees/claude/x?recursive=1`, `${R}/git/trees/claude%2Fx?recursive=1`],
    [`${R}/labels/kind/bug`, `${R}/labels/kind%2Fbug`],
    [`${R}/git/ref/heads/claude/x`, `${R}/git/ref/heads/claude/x`],
    [`${R}/git/refs/heads/claude/x`, `${R}/git/ref/heads/claude/x`],
    [`${R}/git/matching-refs/heads/claude/x`, `${R}/git/matching-refs/heads/claude/x`],
    [`${R}/statuses/${"a".repeat(40)}`, `${R}/commits/${"a".repeat(40)}/statuses`],
    [`${R}/compare/main...claude/x`, `${R}/compare/main...claude/x`],
    [`${R}/compare/claude/a...claude/b/c`, `${R}/compare/claude/a...claude/b/c`],
    [`${R}/contents/`, `${R}/contents`],
    [`${R}/contents/?ref=main`, `${R}/contents?ref=main`],
    [`${R}/contents/src/lib/?ref=claude/x`, `${R}/contents/src/lib?ref=claude/x`],
    [`/api/v3${R}/contents/`, `${R}/contents`],
    ["/repositories/101/contents/", `${R}/contents`],
    ["/repositories/101/branches/claude/x", `${R}/branches/claude%2Fx`],
    [`/api/v3${R}/branches/claude/x`, `${R}/branches/claude%2Fx`],
  ])("%s is %s", (target, usual) => {
    expect([sent("GET", target), sent("HEAD", target)]).toEqual([usual, usual]);
  });

  it.each<[string, string, string]>([
    ["GET", `${R}/contents//`, "path-empty-segment"],
    ["GET", `${R}/contents/a//`, "path-empty-segment"],
    ["GET", `${R}/branches/`, "path-empty-segment"],
    ["GET", `${R}/branches/claude/x/`, "path-empty-segment"],
    ["GET", `${R}/branches/claude//x`, "path-empty-segment"],
    ["GET", `${R}/branches/claude/../main`, "path-dot-segment"],
    ["GET", `${R}/branches/claude/.x`, "parameter-value"],
    ["GET", `${R}/branches/main/protection`, "route-not-allowed"],
    ["GET", `${R}/branches/claude/x/protection`, "route-not-allowed"],
    ["GET", `${R}/branches/claude/x/protection/restrictions`, "route-not-allowed"],
    ["PUT", `${R}/branches/claude/x/protection`, "route-not-allowed"],
    ["POST", `${R}/branches/claude/x/rename`, "route-not-allowed"],
    ["POST", `${R}/statuses/${"a".repeat(40)}`, "route-closed"],
    ["DELETE", `${R}/git/refs/heads/claude/x`, "ref-delete"],
    ["PUT", `${R}/contents/src/`, "path-empty-segment"],
    ["DELETE", `${R}/contents/src/`, "path-empty-segment"],
    ["GET", `/repos/acme/secrets/branches/claude/x`, "repository-not-listed"],
    ["GET", `/repos/acme/secrets/contents/`, "repository-not-listed"],
    ["GET", `/repos/other/api/commits/heads/x/status`, "owner-not-allowed"],
    ["GET", "/repositories/999/contents/", "repository-not-listed"],
    ["GET", `${R}/`, "path-empty-segment"],
    ["GET", `${R}/hooks/x/contents/`, "path-empty-segment"],
  ])("%s %s is refused", (method, target, rule) => {
    expect(sent(method, target)).toBe(rule);
  });

  it("whatever the name: with raw slashes what is sent is what the encoded spelling sends, or both are refused", () => {
    const part = fc.oneof(
      fc.constantFrom(
        "heads",
        "claude",
        "status",
        "statuses",
        "pulls",
        "check-runs",
        "protection",
        "refs",
        "a.lock",
        "x@y",
      ),
      fc.stringMatching(/^[A-Za-z0-9._-]{1,6}$/),
    );
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 2, maxLength: 5 }),
        fc.constantFrom("branches/", "commits/", "git/trees/", "rules/branches/", "labels/"),
        fc.constantFrom("", "?page=2"),
        (parts, place, query) => {
          const raw = sent("GET", `${R}/${place}${parts.join("/")}${query}`);
          const spellings = [parts.length, parts.length - 1].map((n) =>
            sent(
              "GET",
              `${R}/${place}${parts.slice(0, n).join("%2F")}${n < parts.length ? `/${parts.slice(n).join("/")}` : ""}${query}`,
            ),
          );
          // One reading of it, of which each part is judged as if it had been written so.
          expect([raw, spellings.includes(raw) || !raw.startsWith("/")]).toEqual([raw, true]);
          expect(raw.split("?")[0]?.split("/").length ?? 0).toBeLessThanOrEqual(8);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe("git's addresses without .git", () => {
  const kind = (method: string, target: string): string => {
    const decision = decide(policy, { method, target });
    return `${decision.kind} ${decision.allow ? decision.route : (decision.rule ?? "")}`;
  };
  it.each<[string, string, string]>([
    ["GET", "/acme/api/info/refs?service=git-upload-pack", "git git.fetch"],
    ["GET", "/ACME/Api/info/refs?service=git-receive-pack", "git git.push"],
    ["POST", "/acme/api/git-upload-pack", "git git.fetch"],
    ["POST", "/acme/api/git-receive-pack", "git git.push"],
    ["GET", "/acme/docs/info/refs?service=git-receive-pack", "git access-read-only"],
    ["POST", "/acme/docs/git-receive-pack", "git access-read-only"],
    ["GET", "/acme/secrets/info/refs?service=git-upload-pack", "git repository-not-listed"],
    ["GET", "/acme/api.wiki/info/refs?service=git-upload-pack", "git repository-not-listed"],
    ["GET", "/acme/api.git.git/info/refs?service=git-upload-pack", "git repository-not-listed"],
    ["GET", "/other/api/info/refs?service=git-upload-pack", "git owner-not-allowed"],
    ["GET", "/acme/api/info/refs", "git git-service"],
    ["GET", "/acme/api/info/refs?service=git-upload-archive", "git git-service"],
    ["GET", "/acme/api/info/refs?service=git-upload-pack&x=1", "git git-service"],
    ["GET", "/acme/api/git-receive-pack", "git git-service"],
    ["POST", "/acme/api/info/lfs/objects/batch", "git lfs-refused"],
    ["GET", "/acme/api/HEAD", "rest route-not-allowed"],
    ["GET", "/acme/api/objects/info/packs", "rest route-not-allowed"],
    ["GET", "/repos/acme/info/refs", "rest repository-not-listed"],
    ["GET", "/api/v3/info/refs?service=git-upload-pack", "rest route-not-allowed"],
    ["GET", "/repositories/101/info/refs?service=git-upload-pack", "rest route-not-allowed"],
  ])("%s %s: %s", (method, target, expected) => {
    expect(kind(method, target)).toBe(expected);
  });
});
