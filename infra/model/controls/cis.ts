import type { Control, Framework } from "./control";

export const CIS = {
  prefix: "CIS",
  title: "CIS Software Supply Chain Security Guide",
  version: "1.0",
  source: "https://www.cisecurity.org/insights/white-papers/cis-software-supply-chain-security-guide",
  note: "Numbers are the guide's. The second column says in our words what a recommendation asks for; the guide has the text.",
} as const satisfies Framework;

const RULESET = "resource:github:index/repositoryRuleset:RepositoryRuleset";
const PROTECTION = "resource:github:index/branchProtection:BranchProtection";
const OWNERS = "resource:github:index/repositoryFile:RepositoryFile";
const A_CHECK = "review.requiredChecks: at least one";

export const CIS_CONTROLS = [
  {
    id: "CIS 1.1.1",
    title: "changes of code are tracked in version control",
    contributes: "The agent changes code by git alone, on branches of its own, and its history is never rewritten.",
    evidence: ["lock:gate-ref", "lock:ruleset-history"],
    limit: "",
  },
  {
    id: "CIS 1.1.3",
    title: "two strongly authenticated approvals",
    contributes: "Ruleset and branch protection count approvals of people who own the code.",
    evidence: ["lock:owners-review", RULESET, PROTECTION],
    limit: "review.approvals: 2 or more; that people sign in with two factors is a setting of the organization",
  },
  {
    id: "CIS 1.1.4",
    title: "approvals are dismissed when the change is updated",
    contributes: "A new push takes earlier approvals away.",
    evidence: [RULESET],
    limit: "",
  },
  {
    id: "CIS 1.1.5",
    title: "who may dismiss reviews is restricted",
    contributes: "The security team alone may.",
    evidence: ["lock:protection-dismissal", PROTECTION],
    limit: "",
  },
  {
    id: "CIS 1.1.6",
    title: "sensitive code has owners",
    contributes: "CODEOWNERS, workflows and protected paths belong to the security team, all else to the reviewers.",
    evidence: ["lock:owners-review", OWNERS],
    limit: "",
  },
  {
    id: "CIS 1.1.7",
    title: "the owners' review is required",
    contributes: "A change is merged only with an approval of a team that owns it.",
    evidence: ["lock:owners-review", RULESET],
    limit: "",
  },
  {
    id: "CIS 1.1.8",
    title: "inactive branches are reviewed and removed",
    contributes: "Nothing.",
    evidence: [],
    limit: "not Gatehouse's: what becomes of the agent's branches is for people to decide, and the agent deletes none",
  },
  {
    id: "CIS 1.1.9",
    title: "all checks pass before a merge",
    contributes: "Required checks count only from the App that is named; the agent reports none.",
    evidence: ["lock:ruleset-checks"],
    limit: A_CHECK,
  },
  {
    id: "CIS 1.1.10",
    title: "the branch is up to date before a merge",
    contributes: "The review's ruleset asks for it.",
    evidence: [RULESET],
    limit: A_CHECK,
  },
  {
    id: "CIS 1.1.11",
    title: "all comments are resolved before a merge",
    contributes: "The review's ruleset asks for it.",
    evidence: [RULESET],
    limit: "",
  },
  {
    id: "CIS 1.1.12",
    title: "commits are signed",
    contributes: "`review.signedCommits` makes GitHub refuse others.",
    evidence: [RULESET, PROTECTION],
    limit:
      "review.signedCommits: true; the agent then needs a signing key of its own, and a squash merge by others is no longer possible",
  },
  {
    id: "CIS 1.1.13",
    title: "linear history",
    contributes: "`review.linearHistory` makes GitHub refuse merge commits.",
    evidence: [RULESET, PROTECTION],
    limit: "review.linearHistory: true",
  },
  {
    id: "CIS 1.1.14",
    title: "the rules hold administrators too",
    contributes: "With `review.administrators: bound` nobody passes them.",
    evidence: [RULESET, PROTECTION],
    limit:
      "review.administrators: bound; with bypass, owners of the organization may pass the review, and GitHub records each pass",
  },
  {
    id: "CIS 1.1.15",
    title: "pushing and merging is restricted to named teams",
    contributes: "Teams of people alone push to and merge into branches outside claude/.",
    evidence: ["lock:protection-push", "lock:ruleset-branches"],
    limit: "",
  },
  {
    id: "CIS 1.1.16",
    title: "no force push",
    contributes: "GitHub refuses it on the default branch, the gate everywhere.",
    evidence: ["lock:ruleset-history", "lock:protection-history", "lock:gate-ref"],
    limit: "",
  },
  {
    id: "CIS 1.1.17",
    title: "no deletion",
    contributes: "GitHub refuses it for the default branch, the gate for every reference.",
    evidence: ["lock:ruleset-history", "lock:protection-history", "lock:gate-ref"],
    limit: "",
  },
  {
    id: "CIS 1.1.18",
    title: "merges are scanned for risks",
    contributes: "The required check looks at the whole change once more: paths, credentials, commits, size.",
    evidence: ["command:check agent-change"],
    limit: "It looks for what an agent must not change. A scanner for vulnerabilities is another check to require.",
  },
  {
    id: "CIS 1.1.19",
    title: "changes of branch protection are audited",
    contributes:
      "GitHub's events about rules go to the alert webhook; the report shows a change of the stack, `assess` any other.",
    evidence: ["resource:github:index/organizationWebhook:OrganizationWebhook", "command:report", "command:assess"],
    limit: "audit.alertWebhook must be set",
  },
  {
    id: "CIS 1.2.2",
    title: "who may create repositories is limited",
    contributes: "The agent may not.",
    evidence: ["lock:gate-route", "lock:token-permission", "lock:role-member"],
    limit: "For people it is a setting of the organization; `assess` shows it.",
  },
  {
    id: "CIS 1.2.3",
    title: "who may delete repositories is limited",
    contributes: "The agent may not.",
    evidence: ["lock:gate-route", "lock:role-no-admin", "lock:token-permission"],
    limit: "For people it is a setting of the organization.",
  },
  {
    id: "CIS 1.2.5",
    title: "forks are accounted for",
    contributes: "The agent can fork nothing.",
    evidence: ["lock:gate-route", "lock:token-permission"],
    limit: "Forks of people are not tracked.",
  },
  {
    id: "CIS 1.3.8",
    title: "base permissions are strict",
    contributes: "The machine user gets access by its team alone; `assess` finds what other grants add.",
    evidence: ["command:assess", "lock:role-none"],
    limit: "The base permission itself is a setting of the organization.",
  },
  {
    id: "CIS 1.4.3",
    title: "an installed App has the least privilege it needs",
    contributes: "Kinds of token that come from an App are narrowed to the declared repositories and permissions.",
    evidence: ["lock:token-repositories", "lock:token-permission", "command:token mint-link"],
    limit: "What the App itself was granted is set on GitHub's pages.",
  },
  {
    id: "CIS 1.5.1",
    title: "scanners keep sensitive data out of code",
    contributes: "The gate refuses content that looks like a credential, and the required check looks again.",
    evidence: ["command:check agent-change", "page:docs/gate.md"],
    limit: "It covers the agent's changes, not those of people.",
  },
  {
    id: "CIS 2.3.5",
    title: "who may start builds is limited",
    contributes: "The agent starts no workflow, and workflows get a read-only token.",
    evidence: ["lock:gate-route", "lock:token-permission", "lock:workflows-read"],
    limit: "A push to an agent branch starts workflows that listen to every branch.",
  },
] as const satisfies readonly Control[];
