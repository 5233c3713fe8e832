import type { Control, Framework } from "./control";

export const SCORECARD = {
  prefix: "Scorecard",
  title: "OpenSSF Scorecard, checks Branch-Protection and Token-Permissions",
  version: "5",
  source: "https://github.com/ossf/scorecard/blob/main/docs/checks.md",
  note:
    "A tier counts only on top of the tier before it. Scorecard sees stale reviews, administrators, the last push and " +
    "status checks only with an administrator's token; with a lesser token it reports a lower tier than the branch has.",
} as const satisfies Framework;

export const SCORECARD_CONTROLS = [
  {
    id: "Scorecard tier 1",
    title: "no force push, no deletion, administrators included",
    contributes: "A ruleset and branch protection keep the default branch's history.",
    evidence: ["lock:ruleset-history", "lock:protection-history"],
    limit:
      "review.administrators: bound; with bypass, owners of the organization may pass the review, and GitHub records each pass",
  },
  {
    id: "Scorecard tier 2",
    title: "an approval, an up-to-date branch, approval of the last push",
    contributes: "The review's ruleset asks for all three.",
    evidence: ["lock:owners-review", "resource:github:index/repositoryRuleset:RepositoryRuleset"],
    limit: "review.requiredChecks: at least one",
  },
  {
    id: "Scorecard tier 3",
    title: "a status check",
    contributes: "Required checks count only from the App that is named.",
    evidence: ["lock:ruleset-checks"],
    limit: "review.requiredChecks: at least one",
  },
  {
    id: "Scorecard tier 4",
    title: "two approvals, and the code owners' review",
    contributes: "CODEOWNERS gives each path an owner, and their review is required.",
    evidence: ["lock:owners-review", "resource:github:index/repositoryFile:RepositoryFile"],
    limit: "review.approvals: 2 or more",
  },
  {
    id: "Scorecard tier 5",
    title: "stale reviews are dismissed",
    contributes: "A new push takes earlier approvals away.",
    evidence: ["resource:github:index/repositoryRuleset:RepositoryRuleset"],
    limit: "",
  },
  {
    id: "Scorecard Token-Permissions",
    title: "a workflow's token may only read, unless the workflow says more",
    contributes: "The repository's default is a read-only token that approves no pull request.",
    evidence: [
      "lock:workflows-read",
      "resource:github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions",
    ],
    limit: "Workflow files can ask for more; they are protected paths.",
  },
] as const satisfies readonly Control[];
