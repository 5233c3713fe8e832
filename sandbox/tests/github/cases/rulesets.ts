import { bypass, pullRequest, pushRules, restrictedPaths, type Case } from "./case";

const RULES = "Available rules for rulesets";
const BYPASS = "Creating rulesets for a repository: Granting bypass permissions for your ruleset; REST: bypass_actors";
const MODES = "REST: Create a repository ruleset, bypass_mode";
const LAYERS = "About rulesets: About rule layering";
const PUSH = "About rulesets: Push rulesets";
const TROUBLE = "Troubleshooting rules: Troubleshooting rulesets";
const SIGNED = "Available rules for rulesets: Require signed commits";
const PROTECTED = "About protected branches";
const RESTRICT = "About protected branches: Restrict who can push to matching branches";

const GUARD = [{ type: "creation" }, { type: "update" }, { type: "deletion" }];
const space = (pattern: string, rules: readonly Readonly<Record<string, unknown>>[], ...bypass_actors: unknown[]) => ({
  rules,
  bypass_actors,
  conditions: { ref_name: { include: [pattern], exclude: [] } },
});
/** The fence of an agent: everything below `c{n}/` but what is below `c{n}/agent/`. */
const fence = (...bypass_actors: unknown[]) => ({
  rules: [...GUARD, { type: "non_fast_forward" }],
  bypass_actors,
  conditions: { ref_name: { include: ["refs/heads/c{n}/**/*"], exclude: ["refs/heads/c{n}/agent/**/*"] } },
});
const UPDATE = /Cannot update this protected ref/;
const CREATE = /creations being restricted/;
const PATHS = /Changes to restricted paths/;
const updates = (...bypass_actors: unknown[]) => ({ rules: [{ type: "update" }], bypass_actors });
const workflows = restrictedPaths(".github/workflows/**/*", ".github/CODEOWNERS");

/** Whether who is named gets past a ruleset that restricts updates of the base, with these bypass actors. */
const passes = (title: string, who: string, passed: boolean, actor: unknown, see = BYPASS): Case => ({
  title,
  see,
  rulesets: [updates(actor)],
  steps: [passed ? `${who} commits a.c to {base}` : [`${who} commits a.c to {base}`, UPDATE]],
});

export const RULESET_CASES: readonly Case[] = [
  // Refs.
  {
    title: "restricted creations",
    see: `${RULES}: Restrict creations`,
    rulesets: [space("refs/heads/c{n}/*", [{ type: "creation" }])],
    steps: [
      ["reviewer-one creates refs/heads/c{n}/x", CREATE],
      ["reviewer-one pushes refs/heads/c{n}/x with git", CREATE],
      "reviewer-one creates refs/heads/d{n}/x",
    ],
  },
  {
    title: "restricted updates",
    see: `${RULES}: Restrict updates`,
    rules: [{ type: "update" }],
    steps: [
      ["reviewer-one commits a.c to {base}", UPDATE],
      ["reviewer-one pushes {base} with git", UPDATE],
    ],
  },
  {
    title: "restricted updates refuse merging too",
    see: `${RULES}: Restrict updates`,
    rules: [{ type: "update" }],
    steps: ["claude-bot opens a.c", ["reviewer-one merges", UPDATE]],
  },
  {
    title: "restricted deletions",
    see: `${RULES}: Restrict deletions`,
    rules: [{ type: "deletion" }],
    steps: [["reviewer-one deletes refs/heads/{base}", /Cannot delete this protected ref/]],
  },
  {
    title: "blocked force pushes",
    see: `${RULES}: Block force pushes`,
    rules: [{ type: "non_fast_forward" }],
    steps: [["reviewer-one forces refs/heads/{base}", /Cannot force-push/], "reviewer-one commits a.c to {base}"],
  },
  {
    title: "tags by a ruleset of their own; it says nothing about branches",
    see: "About rulesets: Branch and tag rulesets",
    rulesets: [{ ...space("refs/tags/c{n}-*", GUARD), target: "tag" }],
    steps: [
      ["reviewer-one creates refs/tags/c{n}-v1", CREATE],
      "reviewer-one creates refs/tags/d{n}-v1",
      "reviewer-one creates refs/heads/c{n}-v1",
    ],
  },
  {
    title: "the fence of an agent: only its own space can be created and moved",
    see: "Creating rulesets for a repository: Choosing which branches or tags to target",
    rulesets: [fence()],
    steps: [
      "claude-bot creates refs/heads/c{n}/agent/x",
      "claude-bot creates refs/heads/c{n}/agent/deep/er/x",
      "claude-bot moves refs/heads/c{n}/agent/x",
      ["claude-bot creates refs/heads/c{n}/other", CREATE],
      ["claude-bot creates refs/heads/c{n}/agent-evil", CREATE],
      ["claude-bot pushes refs/heads/c{n}/other with git", CREATE],
    ],
  },
  {
    title: "a linear history takes no merge commits, also of commits that are on other branches",
    see: `${RULES}: Require linear history`,
    rules: [{ type: "required_linear_history" }],
    steps: [
      "claude-bot opens a.c",
      ["reviewer-one merges with git", /must not contain merge commits/],
      "reviewer-one merges by squash",
    ],
  },
  {
    title: "signed commits: an unsigned one that another branch already has is refused all the same",
    see: SIGNED,
    rules: [{ type: "required_signatures" }],
    steps: [
      "claude-bot pushes refs/heads/c{n}/unsigned with git",
      ["claude-bot moves refs/heads/{base} to c{n}/unsigned", /verified signatures/],
    ],
  },
  {
    title: "signed commits: an App's commits over the API are signed by GitHub, a person's are not",
    see: "About commit signature verification: Signature verification for bots",
    rules: [{ type: "required_signatures" }],
    steps: ["actions commits a.c to {base}", ["reviewer-one commits b.c to {base}", /verified signatures/]],
  },
  {
    title: "signed commits: a pull request is squashed by its author alone",
    see: SIGNED,
    rules: [{ type: "required_signatures" }],
    steps: [
      "reviewer-one opens a.c",
      ["reviewer-two merges by squash", /verified signatures/],
      "reviewer-one merges by squash",
    ],
  },
  {
    title: "a merge made by hand is pushed when the pull request is approved, and is exactly its merge",
    see: `${RULES}: Require a pull request before merging, note on merge commits`,
    rules: [pullRequest({ required_approving_review_count: 1 })],
    steps: [
      "claude-bot opens a.c",
      ["reviewer-one merges with git", /At least 1 approving review/],
      "reviewer-two approves",
      "reviewer-one merges with git",
      "merged",
    ],
  },
  {
    title: "a merge made by hand that brings more than the pull request is refused",
    see: `${RULES}: Require a pull request before merging, note on merge commits`,
    rules: [pullRequest({ required_approving_review_count: 1 })],
    steps: [
      "claude-bot opens a.c",
      "reviewer-two approves",
      ["reviewer-one merges with git and adds evil.c", /through a pull request/],
      "open",
    ],
  },

  // Who bypasses.
  {
    title: "nobody bypasses what names nobody, owners of the organization included",
    see: BYPASS,
    rulesets: [updates()],
    steps: [["acme-admin commits a.c to {base}", UPDATE]],
  },
  passes("owners of the organization", "acme-admin", true, bypass("OrganizationAdmin", 1)),
  passes("owners, and not those who merely write", "reviewer-one", false, bypass("OrganizationAdmin", 1)),
  passes("a team's members", "security-one", true, bypass("Team", "@security")),
  passes("a team's members, and not others", "reviewer-one", false, bypass("Team", "@security")),
  passes("one account", "reviewer-one", true, bypass("User", "@@reviewer-one")),
  passes("one account, and not another", "reviewer-two", false, bypass("User", "@@reviewer-one")),
  passes("the role admin (5)", "acme-admin", true, bypass("RepositoryRole", 5)),
  passes("the role admin (5) does not include write", "reviewer-one", false, bypass("RepositoryRole", 5)),
  passes("the role maintain (2) does not include write", "reviewer-one", false, bypass("RepositoryRole", 2)),
  passes(
    "the role write (4) includes everybody who writes, a machine user too",
    "claude-bot",
    true,
    bypass("RepositoryRole", 4),
  ),
  passes("an App, when it acts as itself", "actions", true, bypass("Integration", 15368)),
  passes("an App, and not a person", "reviewer-one", false, bypass("Integration", 15368)),
  passes("an App, and not another", "app", false, bypass("Integration", 15368)),
  passes("deploy keys, and nobody with a token", "acme-admin", false, bypass("DeployKey", null)),
  passes("exempt", "security-one", true, bypass("Team", "@security", "exempt"), MODES),
  passes(
    "for pull requests only: not a push",
    "security-one",
    false,
    bypass("Team", "@security", "pull_request"),
    MODES,
  ),
  {
    title: "for pull requests only: but merging one",
    see: MODES,
    rulesets: [updates(bypass("Team", "@security", "pull_request"))],
    steps: ["claude-bot opens a.c", ["reviewer-one merges", UPDATE], "security-one merges"],
  },
  {
    title: "always: required reviews too",
    see: MODES,
    rulesets: [
      { rules: [pullRequest({ required_approving_review_count: 1 })], bypass_actors: [bypass("Team", "@security")] },
    ],
    steps: ["claude-bot opens a.c", ["reviewer-one merges", /At least 1/], "security-one merges"],
  },
  {
    title: "bypass is of one ruleset: another that names nobody still holds",
    see: LAYERS,
    rulesets: [
      updates(bypass("OrganizationAdmin", 1)),
      { rules: [pullRequest({ required_approving_review_count: 1 })] },
    ],
    steps: [
      ["acme-admin commits a.c to {base}", /through a pull request/],
      "claude-bot opens a.c",
      ["acme-admin merges", /At least 1/],
      "reviewer-one approves",
      ["reviewer-one merges", UPDATE],
      "acme-admin merges",
    ],
  },
  {
    title: "bypass of a ruleset is not bypass of a branch protection",
    see: LAYERS,
    rulesets: [updates(bypass("Team", "@security"))],
    protection: { enforce_admins: true, required_pull_request_reviews: { required_approving_review_count: 1 } },
    steps: [["security-one commits a.c to {base}", /through a pull request/]],
  },
  {
    title: "who may bypass reads so, and who may not reads never",
    see: "REST: Get a repository ruleset, current_user_can_bypass",
    rulesets: [updates(bypass("Team", "@security", "pull_request"), bypass("OrganizationAdmin", 1))],
    steps: [
      ["security-one gets {repo}/rulesets", /"name":"case \d+/],
      ["reviewer-one gets {repo}/rules/branches/{base}", /"type":"update"/],
    ],
  },
  {
    title: "roles below write cannot be given bypass",
    see: BYPASS,
    tried: { rules: [{ type: "update" }], bypass_actors: [bypass("RepositoryRole", 1)] },
    steps: [["acme-admin adds ruleset", /Actor must be part/]],
  },
  {
    title: "secret teams cannot",
    see: BYPASS,
    tried: { rules: [{ type: "update" }], bypass_actors: [bypass("Team", "@hidden")] },
    steps: [["acme-admin adds ruleset", /Actor must be part/]],
  },
  {
    title: "teams of nowhere cannot",
    see: BYPASS,
    tried: { rules: [{ type: "update" }], bypass_actors: [bypass("Team", 999_999)] },
    steps: [["acme-admin adds ruleset", /Actor must be part/]],
  },
  {
    title: "deploy keys have no mode for pull requests",
    see: MODES,
    tried: { rules: [{ type: "update" }], bypass_actors: [bypass("DeployKey", null, "pull_request")] },
    steps: [["acme-admin adds ruleset", /pull_request is not applicable/]],
  },
  {
    title: "nor have rulesets of tags",
    see: MODES,
    tried: { target: "tag", rules: [{ type: "update" }], bypass_actors: [bypass("Team", "@security", "pull_request")] },
    steps: [["acme-admin adds ruleset", /pull_request is not applicable/]],
  },

  // Push rules.
  {
    title: "restricted paths are refused on every branch",
    see: PUSH,
    rulesets: [pushRules([workflows])],
    steps: [
      ["reviewer-one commits .github/workflows/x.yml to {base}", PATHS],
      "reviewer-one creates refs/heads/c{n}/x",
      ["reviewer-one commits .github/workflows/x.yml to c{n}/x", PATHS],
      "reviewer-one commits a.c to c{n}/x",
    ],
  },
  {
    title: "owners of the organization are refused too, unless they may bypass",
    see: PUSH,
    rulesets: [pushRules([workflows])],
    steps: [["acme-admin commits .github/CODEOWNERS to {base}", PATHS]],
  },
  {
    title: "who may bypass may push",
    see: PUSH,
    rulesets: [pushRules([workflows], { bypass_actors: [bypass("Team", "@security")] })],
    steps: [
      "security-one commits .github/CODEOWNERS to {base}",
      ["reviewer-one commits .github/CODEOWNERS to {base}", PATHS],
    ],
  },
  {
    title: "file path length",
    see: `${RULES}: Restrict file path length`,
    rulesets: [pushRules([{ type: "max_file_path_length", parameters: { max_file_path_length: 10 } }])],
    steps: [
      ["reviewer-one commits a/long/path.c to {base}", /at most 10 characters/],
      "reviewer-one commits short.c to {base}",
    ],
  },
  {
    title: "file extensions",
    see: `${RULES}: Restrict file extensions`,
    rulesets: [
      pushRules([{ type: "file_extension_restriction", parameters: { restricted_file_extensions: ["*.exe"] } }]),
    ],
    steps: [["reviewer-one commits a.exe to {base}", /restricted extensions/], "reviewer-one commits a.c to {base}"],
  },
  {
    title: "creating a tree",
    see: TROUBLE,
    rulesets: [pushRules([workflows])],
    steps: [["reviewer-one makes a tree with .github/workflows/x.yml", PATHS], "reviewer-one makes a tree with a.c"],
  },
  {
    title: "creating a blob",
    see: TROUBLE,
    rulesets: [pushRules([{ type: "max_file_size", parameters: { max_file_size: 1 } }])],
    steps: [["reviewer-one makes a blob of 2 MB", /at most 1 MB/], "reviewer-one makes a blob of 1 MB"],
  },
  {
    title: "a push ruleset of the organization",
    see: "Creating rulesets for repositories in your organization",
    organization: [pushRules([workflows])],
    steps: [["reviewer-one commits .github/CODEOWNERS to {base}", PATHS]],
  },
  {
    title: "a push ruleset of the organization leaves public repositories alone",
    see: PUSH,
    repository: "public-site",
    organization: [pushRules([workflows])],
    steps: ["acme-admin commits .github/CODEOWNERS to {base}"],
  },
  {
    title: "a push ruleset has no conditions about refs",
    see: "REST: Create a repository ruleset",
    tried: pushRules([workflows], { conditions: { ref_name: { include: ["~ALL"], exclude: [] } } }),
    steps: [["acme-admin adds ruleset", /ref_name is not supported/]],
  },
  {
    title: "rules for pushes are for push rulesets alone",
    see: `${RULES}, first paragraphs`,
    tried: { rules: [workflows] },
    steps: [["acme-admin adds ruleset", /not valid for target branch/]],
  },
  {
    title: "at most 200 paths",
    see: `${RULES}: Restrict file paths`,
    tried: pushRules([restrictedPaths(...Array.from({ length: 201 }, (_, i) => `f${i}`))]),
    steps: [["acme-admin adds ruleset", /at most 200 entries/]],
  },
  {
    title: "of at most 200 characters",
    see: `${RULES}: Restrict file paths`,
    tried: pushRules([restrictedPaths("x".repeat(201))]),
    steps: [["acme-admin adds ruleset", /at most 200 characters/]],
  },
  {
    title: "at most ten approvals",
    see: "REST: Create a repository ruleset",
    tried: { rules: [pullRequest({ required_approving_review_count: 11 })] },
    steps: [["acme-admin adds ruleset", /0 to 10/]],
  },
  {
    title: "required reviewers are teams of the organization",
    see: `${RULES}: Required reviewers`,
    tried: {
      rules: [
        pullRequest({
          required_reviewers: [{ reviewer: { id: 999_999, type: "Team" }, file_patterns: ["*"], minimum_approvals: 1 }],
        }),
      ],
    },
    steps: [["acme-admin adds ruleset", /team of the organization/]],
  },
  {
    title: "the merge queue is for rulesets of a repository",
    see: `${RULES}: Require merge queue`,
    tried: { rules: [{ type: "merge_queue" }] },
    steps: [["acme-admin adds organization ruleset", /not valid for rulesets of an organization/]],
  },
  {
    title: "only administrators add rulesets",
    see: "About rulesets: who can use this feature",
    tried: { rules: [{ type: "update" }] },
    steps: [
      ["reviewer-one adds ruleset", /admin rights/],
      ["claude-bot adds organization ruleset", 403],
    ],
  },

  // Branch protection.
  {
    title: "only those named may push",
    see: RESTRICT,
    protection: { enforce_admins: true, restrictions: { users: ["reviewer-one"], teams: [] } },
    steps: [
      "reviewer-one commits a.c to {base}",
      ["claude-bot commits a.c to {base}", /not authorized to push/],
      ["claude-bot pushes {base} with git", /not authorized to push/],
    ],
  },
  {
    title: "administrators may always push, also where the protection is enforced on them",
    see: RESTRICT,
    protection: { enforce_admins: true, restrictions: { users: [], teams: [] } },
    steps: ["acme-admin commits a.c to {base}"],
  },
  {
    title: "those who may push still need a pull request",
    see: RESTRICT,
    protection: {
      enforce_admins: true,
      restrictions: { users: ["reviewer-one"], teams: [] },
      required_pull_request_reviews: { required_approving_review_count: 1 },
    },
    steps: [["reviewer-one commits a.c to {base}", /through a pull request/]],
  },
  {
    title: "a protected branch is neither deleted nor force-pushed, by default",
    see: `${PROTECTED}: About branch protection rules`,
    protection: {},
    steps: [
      ["acme-admin deletes refs/heads/{base}", /Cannot delete a protected branch/],
      ["acme-admin forces refs/heads/{base}", /Cannot force-push/],
    ],
  },
  {
    title: "administrators are above the rest, by default",
    see: `${PROTECTED}: Do not allow bypassing the above settings`,
    protection: { required_pull_request_reviews: { required_approving_review_count: 1 } },
    steps: ["acme-admin commits a.c to {base}", ["reviewer-one commits a.c to {base}", /through a pull request/]],
  },
  {
    title: "a locked branch is not deleted, even where deletions are allowed",
    see: `${PROTECTED}: Allow deletions, note`,
    protection: { enforce_admins: true, lock_branch: true, allow_deletions: true },
    steps: [
      ["acme-admin deletes refs/heads/{base}", /locked branch/],
      ["acme-admin commits a.c to {base}", /locked branch/],
    ],
  },
  {
    title: "some may push without the pull request that others need",
    see: "Managing a branch protection rule: Creating a branch protection rule",
    protection: {
      enforce_admins: true,
      required_pull_request_reviews: {
        required_approving_review_count: 1,
        bypass_pull_request_allowances: { users: ["reviewer-one"], teams: [] },
      },
    },
    steps: ["reviewer-one commits a.c to {base}", ["reviewer-two commits b.c to {base}", /through a pull request/]],
  },
];

const PRO = /Upgrade to GitHub Pro or make this repository public/;
const TEAM = /Upgrade to GitHub Team/;
const PLANS = "About rulesets: who can use this feature";

export const PLAN_CASES: readonly Case[] = [
  {
    title: "free: no rulesets in private repositories",
    see: PLANS,
    plan: "free",
    tried: { rules: [{ type: "update" }] },
    steps: [
      ["acme-admin adds ruleset", PRO],
      ["acme-admin gets {repo}/rulesets", PRO],
      ["claude-bot gets {repo}/rules/branches/{base}", PRO],
    ],
  },
  {
    title: "free: no branch protection in private repositories",
    see: `${PROTECTED}: who can use this feature`,
    plan: "free",
    tried: {},
    steps: [
      ["acme-admin adds protection", PRO],
      ["acme-admin gets {repo}/branches/{base}/protection", PRO],
    ],
  },
  {
    title: "free: both in public repositories",
    see: PLANS,
    plan: "free",
    repository: "public-site",
    rules: [{ type: "deletion" }],
    tried: { enforce_admins: true },
    steps: ["acme-admin adds protection", ["reviewer-one deletes refs/heads/{base}", /Cannot delete/]],
  },
  {
    title: "free: no push rulesets in public repositories",
    see: PLANS,
    plan: "free",
    repository: "public-site",
    tried: pushRules([workflows]),
    steps: [["acme-admin adds ruleset", /not available on public repositories/]],
  },
  {
    title: "free: no rulesets of the organization",
    see: PLANS,
    plan: "free",
    tried: { rules: [{ type: "update" }] },
    steps: [
      ["acme-admin adds organization ruleset", TEAM],
      ["acme-admin gets /orgs/acme/rulesets", TEAM],
    ],
  },
  {
    title: "free: rulesets from better days are not enforced in private repositories",
    see: "About rulesets: who can use this feature; the note on private repositories in the settings",
    plan: "free",
    rules: [{ type: "update" }],
    steps: ["reviewer-one commits a.c to {base}"],
  },
  {
    title: "team: rulesets in private repositories",
    see: PLANS,
    tried: { rules: [{ type: "update" }] },
    steps: ["acme-admin adds ruleset"],
  },
  {
    title: "team: push rulesets in private repositories",
    see: PLANS,
    tried: pushRules([workflows]),
    steps: ["acme-admin adds ruleset"],
  },
  {
    title: "team: no push rulesets in public repositories",
    see: PLANS,
    repository: "public-site",
    tried: pushRules([workflows]),
    steps: [["acme-admin adds ruleset", /not available on public repositories/]],
  },
  {
    title: "team: rulesets of the organization (until 2025 on GitHub Enterprise alone)",
    see: "About rulesets: About rulesets",
    tried: { rules: [{ type: "update" }] },
    steps: ["acme-admin adds organization ruleset"],
  },
  {
    title: "team: no evaluation without enforcement",
    see: "About rulesets: Using ruleset enforcement statuses",
    tried: { rules: [{ type: "update" }], enforcement: "evaluate" },
    steps: [["acme-admin adds ruleset", /evaluate is not supported/]],
  },
  {
    title: "team: no rules about commit metadata",
    see: `${RULES}: Metadata restrictions`,
    tried: { rules: [{ type: "commit_message_pattern", parameters: { operator: "starts_with", pattern: "x" } }] },
    steps: [["acme-admin adds ruleset", /not available on your plan/]],
  },
  {
    title: "enterprise: rules about commit metadata",
    see: `${RULES}: Metadata restrictions`,
    plan: "enterprise",
    rules: [{ type: "commit_message_pattern", parameters: { operator: "starts_with", pattern: "JIRA-" } }],
    steps: [["reviewer-one commits a.c to {base}", /message must starts with/]],
  },
  {
    title: "enterprise: no push rulesets in public repositories either",
    see: PLANS,
    plan: "enterprise",
    repository: "public-site",
    tried: pushRules([workflows]),
    steps: [["acme-admin adds ruleset", /not available on public repositories/]],
  },
  {
    title: "an organization's ruleset says which repositories it is for",
    see: "REST: Create an organization repository ruleset",
    tried: { rules: [{ type: "update" }], conditions: { ref_name: { include: ["~ALL"], exclude: [] } } },
    steps: [["acme-admin adds organization ruleset", /must say which repositories/]],
  },
];
