/**
 * Cases from GitHub's documents as data: what is set up, what people then do, and how GitHub answers. `stage.ts` plays
 * them against the stand-in over HTTP; nothing here knows how the stand-in decides.
 *
 * Each case has a base branch of its own (`{base}` in texts, with `{n}` for the case's number), so that cases do not
 * meet.
 */

/** A page of GitHub's documentation and a section of it, or what the pages refer to. */
type Reference = string;

/**
 * What somebody does: `acme-admin`, an owner of the organization; `claude-bot`, `reviewer-one`, `reviewer-two` and
 * `security-one`, members who write; `stranger`, an outside collaborator who writes; `actions`, a workflow's token;
 * `app`, an App that may write contents and pull requests. It must succeed, unless an expectation is beside it: a
 * pattern that the refusal's message has to match, or the status.
 *
 * | step | what |
 * |---|---|
 * | `WHO opens PATH …`, `WHO drafts PATH …` | a branch from the base with these files changed (`OLD=>NEW` moves one), and a pull request |
 * | `WHO prepares PATH …`, `WHO proposes it` | the same in two steps, of two people |
 * | `WHO approves`, `asks for changes`, `comments on PATH`, `resolves`, `dismisses WHO`, `marks it ready`, `makes it a draft` | |
 * | `WHO pushes PATH …`, `pushes an empty commit`, `updates the branch`, `retargets to BRANCH` | to the pull request |
 * | `WHO merges`, `merges by squash`, `merges with git`, `merges with git and adds PATH`, `enables auto-merge` | |
 * | `WHO commits PATH … to BRANCH` | with the contents API |
 * | `WHO creates REF`, `deletes REF`, `forces REF`, `moves REF`, `moves REF to BRANCH` | with the git data API |
 * | `WHO pushes REF with git` | one commit on top of the base, by the real git |
 * | `WHO makes a tree with PATH`, `makes a blob of N MB` | |
 * | `WHO adds ruleset`, `adds organization ruleset`, `adds protection` | the case's `tried` |
 * | `WHO gets PATH` | anything else that can be read; a pattern beside it is for what is read |
 * | `CONTEXT succeeds`, `fails`, `succeeds by APP` | a check run on the head |
 * | `asked: NAME …` | who is asked for review, people and teams, in any order; `asked: nobody` |
 * | `merged`, `open` | the state of the pull request |
 */
export type Step = string | readonly [step: string, expected: RegExp | number];

type Body = Readonly<Record<string, unknown>>;

export interface Case {
  title: string;
  see: Reference;
  /** Default `api`, which is private. */
  repository?: "api" | "docs" | "public-site";
  plan?: "free" | "team" | "enterprise";
  /** Text of files on the base branch, by path. CODEOWNERS files mostly. */
  files?: Readonly<Record<string, string>>;
  /** Rules of a ruleset on the base branch, or whole rulesets (those with `rules`). */
  rules?: readonly Body[];
  rulesets?: readonly Body[];
  organization?: readonly Body[];
  /** As `PUT …/branches/{branch}/protection` takes it; what is left out is off. */
  protection?: Body;
  /** Settings of the repository for the time of the case. */
  settings?: Body;
  /** `PUT …/actions/permissions/workflow` for the time of the case. */
  workflow?: Body;
  /** Body of the ruleset or protection that a step tries to add. */
  tried?: Body;
  steps: readonly Step[];
}

/** Names in bodies that stand for ids: `@team` of the organization, `@@login` of an account. */
export const pullRequest = (parameters: Body): Body => ({ type: "pull_request", parameters });
export const checks = (required_status_checks: readonly Body[], strict = false): Body => ({
  type: "required_status_checks",
  parameters: { required_status_checks, strict_required_status_checks_policy: strict },
});
/** Where a rule is that speaks of the base branch alone. */
export const BASE = { ref_name: { include: ["refs/heads/{base}"], exclude: [] } };
export const bypass = (actor_type: string, actor_id: number | string | null, bypass_mode = "always"): Body => ({
  actor_type,
  actor_id,
  bypass_mode,
});
export const pushRules = (rules: readonly Body[], more: Body = {}): Body => ({ target: "push", rules, ...more });
export const restrictedPaths = (...restricted_file_paths: string[]): Body => ({
  type: "file_path_restriction",
  parameters: { restricted_file_paths },
});
