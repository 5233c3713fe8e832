import { pullRequestReviewed } from "../../../policy/rules/pullRequestReviewed";
import { UNKNOWN } from "../../../policy/library";
import { declare, said } from "../support/declare";

const GOOD = {
  requiredApprovingReviewCount: 1,
  requireCodeOwnerReview: true,
  dismissStaleReviewsOnPush: true,
  requireLastPushApproval: true,
};
const ruleset = (pullRequest: unknown) =>
  declare("github:index/repositoryRuleset:RepositoryRuleset", { rules: { pullRequest } });

describe("pull-request-reviewed", () => {
  it("holds with every switch on, for rulesets about something else, and for what is not known yet", () => {
    expect(said(pullRequestReviewed, ruleset(GOOD), ruleset(UNKNOWN))).toEqual([]);
    expect(
      said(
        pullRequestReviewed,
        declare("github:index/repositoryRuleset:RepositoryRuleset", { rules: { update: true } }),
      ),
    ).toEqual([]);
  });

  it.each([
    ["requiredApprovingReviewCount", 0, "A pull request needs no approval."],
    ["requireCodeOwnerReview", false, "Code owners need not approve."],
    ["dismissStaleReviewsOnPush", false, "An approval outlives a later push."],
    ["requireLastPushApproval", undefined, "Whoever pushed last may approve the push."],
  ])("refuses %s: %s", (key, value, message) => {
    expect(said(pullRequestReviewed, ruleset({ ...GOOD, [key]: value }))).toEqual([message]);
  });
});
