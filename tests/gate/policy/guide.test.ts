import { guideOf, guideSkill, guideText } from "../../../gate/policy/guide";
import { decide } from "../../../gate/policy";
import { REFUSALS } from "../../../gate/policy/refusals";
import { policyFor } from "../support/policy";

const ORIGIN = "https://gate.acme.example";
const policy = policyFor();
const guide = guideOf(policy, ORIGIN);

describe("the guide", () => {
  it("names every repository with its access and address, and no other", () => {
    expect(guide.repositories.map(({ name, access, clone }) => [name, access, clone])).toEqual([
      ["acme/api", "write", `${ORIGIN}/acme/api.git`],
      ["acme/docs", "read", `${ORIGIN}/acme/docs.git`],
    ]);
  });

  it("says of branches and paths what the policy decides", () => {
    const put = (path: string, branch: string): string | undefined =>
      decide(policy, {
        method: "PUT",
        target: `/repos/acme/api/contents/${path}`,
        body: JSON.stringify({ message: "x", content: "eA==", branch }),
      }).rule;
    expect(put("src/a.txt", `${guide.branches.prefix}x`)).toBeUndefined();
    expect(put("src/a.txt", guide.repositories[0]?.defaultBranch ?? "")).toBe("ref-outside-agent-space");
    for (const path of guide.repositories[0]?.protectedPaths ?? [])
      expect(put(path.replace(/^\//, "").replace("**", "a/b").replace("*", "a"), `${guide.branches.prefix}x`)).toBe(
        "protected-path",
      );
    expect(guide.repositories[0]?.protectedPaths).toContain("deploy/**");
  });

  it("says what to do instead in the words of the refusals", () => {
    expect(guide.whenRefused.length).toBeGreaterThan(10);
    for (const { rule, instead } of guide.whenRefused) expect(instead).toBe(REFUSALS[rule][1]);
    expect(guideText(guide)).toContain(`- \`pull-request-merge\`: ${REFUSALS["pull-request-merge"][1]}`);
  });

  it("says nothing of proposals where everything may only be read", () => {
    const repositories = policy.repositories.map((r) => ({ ...r, access: "read" as const, reviewers: [] }));
    const text = guideText(guideOf({ ...policy, repositories }, ORIGIN));
    expect(text).not.toContain("How to propose a change");
    expect(text).not.toContain("deploy/**");
    expect(guideText(guide)).toContain("How to propose a change");
  });

  it("follows LFS and observing", () => {
    const other = guideOf({ ...policy, lfs: "proxy", mode: { kind: "observe", until: "2027-01-02" } }, ORIGIN);
    expect(other.whenRefused.map(({ rule }) => rule)).not.toContain("lfs-refused");
    expect(guideText(other)).toContain("works through the gate");
    expect(guideText(other)).toContain("Until 2027-01-02");
  });

  it("is a skill with the same text", () => {
    const skill = guideSkill(guide);
    expect(skill).toMatch(/^---\nname: gatehouse\ndescription: .{1,1024}\n---\n\n# What you may do/);
    expect(skill.endsWith(guideText(guide))).toBe(true);
  });
});
