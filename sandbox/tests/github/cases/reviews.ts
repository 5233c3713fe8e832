import { bypass, checks, pullRequest, type Case } from "./case";

const PULLS = "Available rules for rulesets: Require a pull request before merging";
const STALE = "Available rules for rulesets: Require a pull request before merging, on stale approvals";
const MERGE_BASE = "Available rules for rulesets: Require a pull request before merging, note on the merge base";
const TEAMS = "Available rules for rulesets: Required reviewers";
const CHECKS = "Available rules for rulesets: Require status checks to pass before merging";
const PROTECTED = "About protected branches: Require pull request reviews before merging";
const DISMISS = "Dismissing a pull request review; REST: Dismiss a review for a pull request";
const DRAFTS = "About pull requests: Draft pull requests";
const AUTO = "Automatically merging a pull request";
const ACTIONS =
  "Managing GitHub Actions settings for a repository: Preventing GitHub Actions from creating or approving pull requests";
const AUTHOR = "Approving a pull request with required reviews";

const ONE = /At least 1 approving review/;
const TWO = /At least 2 approving reviews/;
const one = (more: Readonly<Record<string, unknown>> = {}) => [
  pullRequest({ required_approving_review_count: 1, ...more }),
];
const team = (name: string, minimum_approvals: number, ...file_patterns: string[]) => ({
  reviewer: { id: `@${name}`, type: "Team" },
  file_patterns,
  minimum_approvals,
});
const teams = (...required_reviewers: unknown[]) => [pullRequest({ required_reviewers })];
const SECURITY = /approving review from security/;
const reviews = (required: Readonly<Record<string, unknown>>) => ({
  enforce_admins: true,
  required_pull_request_reviews: { required_approving_review_count: 1, ...required },
});

export const REVIEW_CASES: readonly Case[] = [
  // Who counts.
  {
    title: "a pull request is enough where no approval is asked for",
    see: PULLS,
    rules: [pullRequest({})],
    steps: ["claude-bot opens a.c", "acme-admin merges"],
  },
  {
    title: "without a pull request nothing moves the branch",
    see: PULLS,
    rules: [pullRequest({})],
    steps: [
      ["acme-admin commits a.c to {base}", /through a pull request/],
      ["reviewer-one pushes {base} with git", /through a pull request/],
    ],
  },
  {
    title: "an approval of somebody with write access counts",
    see: PULLS,
    rules: one(),
    steps: ["claude-bot opens a.c", ["acme-admin merges", ONE], "reviewer-one approves", "acme-admin merges"],
  },
  {
    title: "authors cannot approve their own pull requests",
    see: AUTHOR,
    rules: one(),
    steps: ["claude-bot opens a.c", ["claude-bot approves", /Can not approve your own/], ["acme-admin merges", ONE]],
  },
  {
    title: "the machine user's approval of somebody else's pull request counts, as any writer's",
    see: PULLS,
    rules: one(),
    steps: ["reviewer-one opens a.c", "claude-bot approves", "acme-admin merges"],
  },
  {
    title: "an outside collaborator with write access counts",
    see: PULLS,
    rules: one(),
    steps: ["claude-bot opens a.c", "stranger approves", "acme-admin merges"],
  },
  {
    title: "two approvals of one person are one",
    see: PULLS,
    rules: [pullRequest({ required_approving_review_count: 2 })],
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "reviewer-one approves",
      ["acme-admin merges", TWO],
      "reviewer-two approves",
      "acme-admin merges",
    ],
  },
  {
    title: "who asks for changes must approve",
    see: PULLS,
    rules: one(),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one asks for changes",
      "reviewer-two approves",
      ["acme-admin merges", /Changes have been requested/],
      "reviewer-one approves",
      "acme-admin merges",
    ],
  },
  {
    title: "or somebody with write access dismisses the request",
    see: PULLS,
    rules: one(),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one asks for changes",
      "reviewer-two approves",
      "reviewer-two dismisses reviewer-one",
      "acme-admin merges",
    ],
  },
  {
    title: "a dismissed approval no longer counts",
    see: DISMISS,
    rules: one(),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "reviewer-two dismisses reviewer-one",
      ["acme-admin merges", ONE],
    ],
  },
  {
    title: "an approval of an App that may write contents counts, which the documents leave open",
    see: "Reports of users; GitHub's documents do not say",
    rules: one(),
    steps: ["claude-bot opens a.c", "app approves", "acme-admin merges"],
  },

  // Layers.
  {
    title: "of two rulesets the more restrictive number holds",
    see: "About rulesets: About rule layering",
    rulesets: [{ rules: one() }, { rules: [pullRequest({ required_approving_review_count: 2 })] }],
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      ["acme-admin merges", TWO],
      "reviewer-two approves",
      "acme-admin merges",
    ],
  },
  {
    title: "in whatever order",
    see: "About rulesets: About rule layering",
    rulesets: [{ rules: [pullRequest({ required_approving_review_count: 2 })] }, { rules: one() }],
    steps: ["claude-bot opens a.c", "reviewer-one approves", ["acme-admin merges", TWO]],
  },
  {
    title: "rulesets add to branch protection: three reviews from one, a linear history from the other",
    see: "About rulesets: About rule layering, example",
    rules: [pullRequest({ required_approving_review_count: 2 })],
    protection: { ...reviews({}), required_linear_history: true },
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      ["acme-admin merges by squash", TWO],
      "reviewer-two approves",
      ["acme-admin merges by merge", /merge merge method is not allowed/],
      "acme-admin merges by squash",
    ],
  },
  {
    title: "a ruleset of the organization adds to those of the repository",
    see: "About rulesets: About rule layering, example",
    rules: one(),
    organization: [{ rules: [pullRequest({ required_approving_review_count: 2 })] }],
    steps: ["claude-bot opens a.c", "reviewer-one approves", ["acme-admin merges", TWO]],
  },
  {
    title: "an organization's ruleset for other repositories adds nothing",
    see: "Creating rulesets for repositories in your organization",
    organization: [
      {
        rules: one(),
        conditions: {
          ref_name: { include: ["refs/heads/{base}"], exclude: [] },
          repository_name: { include: ["doc*"], exclude: [] },
        },
      },
    ],
    steps: ["claude-bot opens a.c", "acme-admin merges"],
  },
  {
    title: "an organization's ruleset may exclude repositories by pattern",
    see: "Creating rulesets for repositories in your organization",
    organization: [
      {
        rules: one(),
        conditions: {
          ref_name: { include: ["refs/heads/{base}"], exclude: [] },
          repository_name: { include: ["~ALL"], exclude: ["a*"] },
        },
      },
    ],
    steps: ["claude-bot opens a.c", "acme-admin merges"],
  },
  {
    title: "an organization's ruleset may name repositories by id",
    see: "REST: Create an organization repository ruleset",
    organization: [
      {
        rules: one(),
        conditions: {
          ref_name: { include: ["refs/heads/{base}"], exclude: [] },
          repository_id: { repository_ids: ["@/api"] },
        },
      },
    ],
    steps: ["claude-bot opens a.c", ["acme-admin merges", ONE]],
  },
  {
    title: "a disabled ruleset asks for nothing",
    see: "About rulesets: Using ruleset enforcement statuses",
    rulesets: [{ rules: one(), enforcement: "disabled" }],
    steps: ["claude-bot opens a.c", "acme-admin merges"],
  },
  {
    title: "an evaluated ruleset asks for nothing",
    see: "About rulesets: Using ruleset enforcement statuses",
    plan: "enterprise",
    rulesets: [{ rules: one(), enforcement: "evaluate" }],
    steps: ["claude-bot opens a.c", "acme-admin merges"],
  },

  // Stale approvals.
  {
    title: "a push dismisses approvals where that is asked for",
    see: STALE,
    rules: one({ dismiss_stale_reviews_on_push: true }),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "claude-bot pushes b.c",
      ["acme-admin merges", ONE],
      "reviewer-one approves",
      "acme-admin merges",
    ],
  },
  {
    title: "a push that leaves the difference as it is dismisses nothing",
    see: STALE,
    rules: one({ dismiss_stale_reviews_on_push: true }),
    steps: ["claude-bot opens a.c", "reviewer-one approves", "claude-bot pushes an empty commit", "acme-admin merges"],
  },
  {
    title: "without the option approvals outlive pushes",
    see: STALE,
    rules: one(),
    steps: ["claude-bot opens a.c", "reviewer-one approves", "claude-bot pushes b.c", "acme-admin merges"],
  },
  {
    title: "updating the branch dismisses approvals, for the merge base brings changes in",
    see: MERGE_BASE,
    rulesets: [
      { rules: one({ dismiss_stale_reviews_on_push: true }), bypass_actors: [bypass("OrganizationAdmin", 1)] },
    ],
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "acme-admin commits other.c to {base}",
      "claude-bot updates the branch",
      ["reviewer-one merges", ONE],
    ],
  },
  {
    title: "the same with the approval of the most recent push alone",
    see: MERGE_BASE,
    rulesets: [{ rules: one({ require_last_push_approval: true }), bypass_actors: [bypass("OrganizationAdmin", 1)] }],
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "acme-admin commits other.c to {base}",
      "claude-bot updates the branch",
      ["reviewer-one merges", ONE],
    ],
  },
  {
    title: "a commit on the base that the branch does not take in dismisses nothing",
    see: MERGE_BASE,
    rulesets: [
      { rules: one({ dismiss_stale_reviews_on_push: true }), bypass_actors: [bypass("OrganizationAdmin", 1)] },
    ],
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "acme-admin commits other.c to {base}",
      "reviewer-one merges",
    ],
  },
  {
    title: "approvals given for another base do not hold for this one",
    see: STALE,
    rules: one({ dismiss_stale_reviews_on_push: true }),
    steps: [
      "acme-admin creates refs/heads/other-{n}",
      "acme-admin commits x.c to other-{n}",
      "claude-bot opens a.c",
      "claude-bot retargets to other-{n}",
      "claude-bot updates the branch",
      "reviewer-one approves",
      "claude-bot retargets to {base}",
      ["acme-admin merges", ONE],
    ],
  },
  {
    title: "branch protection dismisses stale approvals too",
    see: PROTECTED,
    protection: reviews({ dismiss_stale_reviews: true }),
    steps: ["claude-bot opens a.c", "reviewer-one approves", "claude-bot pushes b.c", ["acme-admin merges", ONE]],
  },

  // The last push.
  {
    title: "the approval of the last pusher does not suffice",
    see: PULLS,
    rules: one({ require_last_push_approval: true }),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one pushes b.c",
      "reviewer-one approves",
      ["acme-admin merges", /someone other than the last pusher/],
      "reviewer-two approves",
      "acme-admin merges",
    ],
  },
  {
    title: "an approval from before the last push does not suffice, and its giver can approve again",
    see: PULLS,
    rules: one({ require_last_push_approval: true }),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "claude-bot pushes b.c",
      ["acme-admin merges", /someone other than the last pusher/],
      "reviewer-one approves",
      "acme-admin merges",
    ],
  },

  {
    title: "a push that changes nothing is not a reviewable one",
    see: PULLS,
    rules: one({ require_last_push_approval: true }),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "reviewer-one pushes an empty commit",
      "acme-admin merges",
    ],
  },
  {
    title: "who pushed the branch is the last pusher, whoever opens the pull request",
    see: PULLS,
    rules: one({ require_last_push_approval: true }),
    steps: [
      "claude-bot prepares a.c",
      "reviewer-one proposes it",
      "claude-bot approves",
      ["acme-admin merges", /someone other than the last pusher/],
      "reviewer-two approves",
      "acme-admin merges",
    ],
  },

  // Threads, merge methods.
  {
    title: "comments must be resolved",
    see: PULLS,
    rules: [pullRequest({ required_review_thread_resolution: true })],
    steps: [
      "claude-bot opens a.c",
      "reviewer-one comments on a.c",
      ["acme-admin merges", /conversation must be resolved/],
      "reviewer-one resolves",
      "acme-admin merges",
    ],
  },
  {
    title: "branch protection asks for it with a setting of its own",
    see: "About protected branches: Require conversation resolution before merging",
    protection: { enforce_admins: true, required_conversation_resolution: true },
    steps: [
      "claude-bot opens a.c",
      "reviewer-one comments on a.c",
      ["acme-admin merges", /conversation must be resolved/],
    ],
  },
  {
    title: "two rulesets leave the merge methods that both allow",
    see: PULLS,
    rulesets: [
      { rules: [pullRequest({ allowed_merge_methods: ["merge", "squash"] })] },
      { rules: [pullRequest({ allowed_merge_methods: ["squash", "rebase"] })] },
    ],
    steps: [
      "claude-bot opens a.c",
      ["acme-admin merges by merge", /merge method is not allowed/],
      ["acme-admin merges by rebase", /merge method is not allowed/],
      "acme-admin merges by squash",
    ],
  },
  {
    title: "where the repository forbids the one method that the rule allows, nothing merges",
    see: PULLS,
    settings: { allow_squash_merge: false },
    rules: [pullRequest({ allowed_merge_methods: ["squash"] })],
    steps: ["claude-bot opens a.c", ["acme-admin merges by squash", 405], ["acme-admin merges by merge", 405]],
  },

  // Required reviewers.
  {
    title: "a team must approve changes of its files",
    see: TEAMS,
    rules: teams(team("security", 1, "keys/**")),
    steps: [
      "claude-bot opens keys/k",
      ["acme-admin merges", SECURITY],
      "reviewer-one approves",
      ["acme-admin merges", SECURITY],
      "security-one approves",
      "acme-admin merges",
    ],
  },
  {
    title: "other files need no approval of it",
    see: TEAMS,
    rules: teams(team("security", 1, "keys/**")),
    steps: ["claude-bot opens src/a.c", "acme-admin merges"],
  },
  {
    title: "a file among many is enough",
    see: TEAMS,
    rules: teams(team("security", 1, "keys/**")),
    steps: ["claude-bot opens src/a.c keys/k", ["acme-admin merges", SECURITY]],
  },
  {
    title: "the team is asked for review",
    see: TEAMS,
    rules: teams(team("security", 1, "keys/**")),
    steps: ["claude-bot opens keys/k", "asked: security"],
  },
  {
    title: "with zero approvals it is asked and not needed",
    see: TEAMS,
    rules: teams(team("security", 0, "keys/**")),
    steps: ["claude-bot opens keys/k", "asked: security", "acme-admin merges"],
  },
  {
    title: "! takes out what earlier patterns took in",
    see: TEAMS,
    rules: teams(team("security", 1, "keys/**", "!keys/public/**")),
    steps: ["claude-bot opens keys/public/k", "acme-admin merges"],
  },
  {
    title: "patterns are matched in order: a later one takes in again",
    see: TEAMS,
    rules: teams(team("security", 1, "keys/**", "!keys/public/**", "keys/public/root")),
    steps: ["claude-bot opens keys/public/root", ["acme-admin merges", SECURITY]],
  },
  {
    title: "a ! before what it would take out does nothing",
    see: TEAMS,
    rules: teams(team("security", 1, "!keys/public/**", "keys/**")),
    steps: ["claude-bot opens keys/public/k", ["acme-admin merges", SECURITY]],
  },
  {
    title: "a name without slash matches at any depth, as in .gitignore",
    see: TEAMS,
    rules: teams(team("security", 1, "*.pem")),
    steps: ["claude-bot opens a/b/c.pem", ["acme-admin merges", SECURITY]],
  },
  {
    title: "a dot begins no exception here: patterns are .gitignore's, not fnmatch's",
    see: TEAMS,
    rules: teams(team("security", 1, ".github/**")),
    steps: ["claude-bot opens .github/.hidden/x", ["acme-admin merges", SECURITY]],
  },
  {
    title: "a directory takes in all below it",
    see: TEAMS,
    rules: teams(team("security", 1, ".github/")),
    steps: ["claude-bot opens .github/CODEOWNERS", ["acme-admin merges", SECURITY]],
  },
  {
    title: "as many approvals of the team are needed as the rule says",
    see: TEAMS,
    rules: teams(team("backend", 2, "*")),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "security-one approves",
      ["acme-admin merges", /2 approving reviews from backend/],
      "reviewer-two approves",
      "acme-admin merges",
    ],
  },
  {
    title: "approvals count only while the team may write, whatever its members may",
    see: TEAMS,
    rules: teams(team("readers", 1, "*")),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one approves",
      "reviewer-two approves",
      ["acme-admin merges", /approving review from readers/],
    ],
  },
  {
    title: "each of several teams must approve",
    see: TEAMS,
    rules: teams(team("security", 1, "*"), team("backend", 1, "*")),
    steps: [
      "claude-bot opens a.c",
      "security-one approves",
      ["acme-admin merges", /from backend/],
      "reviewer-one approves",
      "acme-admin merges",
    ],
  },
  {
    title: "it works on public repositories",
    see: TEAMS,
    repository: "public-site",
    rules: teams(team("security", 1, ".github/**")),
    steps: ["claude-bot opens .github/workflows/new.yml", ["acme-admin merges", SECURITY]],
  },

  // Dismissals.
  {
    title: "branch protection may say who dismisses: others may not",
    see: DISMISS,
    protection: reviews({ dismissal_restrictions: { users: ["security-one"], teams: [] } }),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one asks for changes",
      ["claude-bot dismisses reviewer-one", 403],
      ["reviewer-two dismisses reviewer-one", 403],
      "security-one dismisses reviewer-one",
    ],
  },
  {
    title: "those of a named team may",
    see: DISMISS,
    protection: reviews({ dismissal_restrictions: { users: [], teams: ["security"] } }),
    steps: [
      "claude-bot opens a.c",
      "reviewer-one asks for changes",
      ["reviewer-two dismisses reviewer-one", 403],
      "security-one dismisses reviewer-one",
    ],
  },
  {
    title: "administrators may always",
    see: DISMISS,
    protection: reviews({ dismissal_restrictions: { users: ["security-one"], teams: [] } }),
    steps: ["claude-bot opens a.c", "reviewer-one asks for changes", "acme-admin dismisses reviewer-one"],
  },
  {
    title: "a ruleset may say who dismisses as well",
    see: "REST: Create a repository ruleset, dismissal_restriction",
    rules: [
      pullRequest({ dismissal_restriction: { enabled: true, allowed_actors: [{ id: "@security", type: "Team" }] } }),
    ],
    steps: [
      "claude-bot opens a.c",
      "reviewer-one asks for changes",
      ["claude-bot dismisses reviewer-one", 403],
      "security-one dismisses reviewer-one",
    ],
  },

  // Checks.
  {
    title: "a check pinned to an App takes no other App's word",
    see: CHECKS,
    rules: [checks([{ context: "gate", integration_id: 15368 }])],
    steps: [
      "claude-bot opens a.c",
      ["acme-admin merges", /\\"gate\\" is expected/],
      "gate succeeds by app",
      ["acme-admin merges", /\\"gate\\" is expected/],
      "gate succeeds",
      "acme-admin merges",
    ],
  },
  {
    title: "a check that is not pinned takes anybody's",
    see: CHECKS,
    rules: [checks([{ context: "gate" }])],
    steps: ["claude-bot opens a.c", "gate succeeds by app", "acme-admin merges"],
  },
  {
    title: "a failing check refuses",
    see: CHECKS,
    rules: [checks([{ context: "gate" }])],
    steps: ["claude-bot opens a.c", "gate fails", ["acme-admin merges", /\\"gate\\" is failing/]],
  },
  {
    title: "a check of an older commit says nothing about a newer one",
    see: CHECKS,
    rules: [checks([{ context: "gate" }])],
    steps: [
      "claude-bot opens a.c",
      "gate succeeds",
      "claude-bot pushes b.c",
      ["acme-admin merges", /\\"gate\\" is expected/],
    ],
  },
  {
    title: "strict: the branch must be up to date",
    see: CHECKS,
    rulesets: [{ rules: [checks([{ context: "gate" }], true)], bypass_actors: [bypass("OrganizationAdmin", 1)] }],
    steps: [
      "claude-bot opens a.c",
      "gate succeeds",
      "acme-admin commits other.c to {base}",
      ["reviewer-one merges", /out of date/],
      "claude-bot updates the branch",
      "gate succeeds",
      "reviewer-one merges",
    ],
  },
  {
    title: "loose: it need not",
    see: CHECKS,
    rulesets: [{ rules: [checks([{ context: "gate" }])], bypass_actors: [bypass("OrganizationAdmin", 1)] }],
    steps: ["claude-bot opens a.c", "gate succeeds", "acme-admin commits other.c to {base}", "reviewer-one merges"],
  },

  // Drafts and auto-merge.
  {
    title: "drafts cannot be merged; marked as ready, they can",
    see: DRAFTS,
    steps: [
      "claude-bot drafts a.c",
      ["acme-admin merges", /still a draft/],
      "claude-bot marks it ready",
      "acme-admin merges",
    ],
  },
  {
    title: "a pull request can become a draft again",
    see: DRAFTS,
    steps: ["claude-bot opens a.c", "claude-bot makes it a draft", ["acme-admin merges", /still a draft/]],
  },
  {
    title: "auto-merge must be allowed in the repository",
    see: AUTO,
    rules: one(),
    steps: ["claude-bot opens a.c", ["claude-bot enables auto-merge", /not allowed/]],
  },
  {
    title: "it merges when the last requirement is met",
    see: AUTO,
    settings: { allow_auto_merge: true },
    rules: one(),
    steps: ["claude-bot opens a.c", "claude-bot enables auto-merge", "open", "reviewer-one approves", "merged"],
  },
  {
    title: "it waits for checks as well",
    see: AUTO,
    settings: { allow_auto_merge: true },
    rules: [checks([{ context: "gate" }])],
    steps: ["claude-bot opens a.c", "claude-bot enables auto-merge", "gate fails", "open", "gate succeeds", "merged"],
  },
  {
    title: "it merges nothing that who enabled it may not merge",
    see: "Available rules for rulesets: Restrict updates",
    settings: { allow_auto_merge: true },
    rules: [...one(), { type: "update" }],
    steps: ["claude-bot opens a.c", "claude-bot enables auto-merge", "reviewer-one approves", "open"],
  },
  {
    title: "what can be merged at once is not for auto-merge",
    see: AUTO,
    settings: { allow_auto_merge: true },
    steps: ["claude-bot opens a.c", ["claude-bot enables auto-merge", /clean status/]],
  },

  // Actions.
  {
    title: "workflows may not open pull requests unless the repository lets them",
    see: ACTIONS,
    steps: [["actions opens a.c", /not permitted to create or approve/]],
  },
  {
    title: "workflows may not approve unless the repository lets them",
    see: ACTIONS,
    rules: one(),
    steps: ["claude-bot opens a.c", ["actions approves", /not permitted to approve/], ["acme-admin merges", ONE]],
  },
  {
    title: "where it lets them, their approval counts",
    see: ACTIONS,
    workflow: { can_approve_pull_request_reviews: true },
    rules: one(),
    steps: ["claude-bot opens a.c", "actions approves", "acme-admin merges"],
  },
];
