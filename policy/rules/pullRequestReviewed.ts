import { ORGANIZATION_RULESET, REPOSITORY_RULESET, known, object } from "../read";
import { resourceRule } from "../rule";

/** GitHub: "Available rules for rulesets", require a pull request before merging. */
export const pullRequestReviewed = resourceRule({
  id: "pull-request-reviewed",
  severity: "high",
  description:
    "A rule about pull requests asks for an approval, for code owners, for the last push, and drops stale approvals.",
  remediation: "Set review.approvals to 1 or more in the environment file; the other switches follow from it.",
  controls: ["NIST SP 800-53 CM-3(2)", "CIS 1.1.3", "CIS 1.1.4", "CIS 1.1.7", "SLSA Source L4"],
  types: [REPOSITORY_RULESET, ORGANIZATION_RULESET],
  check: ({ inputs }) => {
    const rules = object(inputs.rules);
    if (!("pullRequest" in rules) || !known(rules.pullRequest)) return [];
    const rule = object(rules.pullRequest);
    const approvals = rule.requiredApprovingReviewCount;
    return [
      ...(known(approvals) && !(Number(approvals) >= 1) ? ["A pull request needs no approval."] : []),
      ...(rule.requireCodeOwnerReview === false || rule.requireCodeOwnerReview === undefined
        ? ["Code owners need not approve."]
        : []),
      ...(rule.dismissStaleReviewsOnPush === true || !known(rule.dismissStaleReviewsOnPush)
        ? []
        : ["An approval outlives a later push."]),
      ...(rule.requireLastPushApproval === true || !known(rule.requireLastPushApproval)
        ? []
        : ["Whoever pushed last may approve the push."]),
    ];
  },
});
