import { reviewFenceComplete } from "../../../policy/rules/reviewFenceComplete";
import { access, agent, declare, said } from "../support/declare";

const ruleset = (target: string, rules: object) =>
  declare("github:index/repositoryRuleset:RepositoryRuleset", { repository: "api", target, rules }, { name: "x" });
const BRANCHES = ruleset("branch", { update: true, creation: true });
const TAGS = ruleset("tag", { creation: true });
const REVIEW = ruleset("branch", { pullRequest: {} });
const HISTORY = ruleset("branch", { nonFastForward: true, deletion: true });
const PROTECTION = declare(
  "github:index/branchProtection:BranchProtection",
  {},
  { name: "gatehouse-fence-api-protection" },
);
const WHOLE = [BRANCHES, TAGS, REVIEW, HISTORY, PROTECTION];

describe("review-fence-complete", () => {
  it("holds with all of them, and asks for none where the agent only reads", () => {
    expect(said(reviewFenceComplete, ...agent(), access("api", "push"), ...WHOLE)).toEqual([]);
    expect(said(reviewFenceComplete, ...agent(), access("docs", "pull"))).toEqual([]);
  });

  it.each([
    ["keeps the agent on its own branches", BRANCHES],
    ["lets the agent make no tags", TAGS],
    ["asks for a reviewed pull request", REVIEW],
    ["keeps the history of the default branch", HISTORY],
  ])("notices that no ruleset %s", (what, left) => {
    const rest = WHOLE.filter((one) => one !== left);
    expect(said(reviewFenceComplete, ...agent(), access("api", "push"), ...rest)).toEqual([
      `api: the agent may write, and no ruleset ${what}.`,
    ]);
  });

  it("notices that branch protection is missing", () => {
    expect(said(reviewFenceComplete, ...agent(), access("api", "push"), ...WHOLE.slice(0, 4))).toEqual([
      "api: the agent may write, and no branch protection.",
    ]);
  });
});
