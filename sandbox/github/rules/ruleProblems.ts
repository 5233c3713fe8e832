import { ZERO, type GitRepository, type RefUpdate } from "../git/repository";
import type { Auth } from "../auth";
import type { Issue, Repository, Ruleset, RulesetRule } from "../state";
import type { World } from "../world";
import { checksProblem } from "./checks";
import { pushRuleProblem, type TouchedFile } from "./pushRules";
import { requirementsOf } from "./requirements";
import { reviewProblems } from "./review";

/**
 * How refs are about to move: by a push, by another API call, or by merging a pull request that this repository has.
 */
export interface Movement {
  repo: Repository;
  /** Sees the new objects, also those of a push that still wait in quarantine. */
  git: GitRepository;
  auth: Auth;
  via: "push" | "api" | "merge";
  pull?: Issue;
}

/** What the rules ask of a movement, computed at most once. */
export class Facts {
  #touched: Promise<TouchedFile[]> | undefined;
  #newCommits: Promise<string[]> | undefined;
  #forced: Promise<boolean> | undefined;
  #pull: Promise<Issue | undefined> | undefined;
  constructor(
    private readonly move: Movement,
    private readonly update: RefUpdate,
  ) {}

  get creates(): boolean {
    return this.update.old === ZERO;
  }
  get deletes(): boolean {
    return this.update.new === ZERO;
  }
  touched(): Promise<TouchedFile[]> {
    return (this.#touched ??= this.deletes ? Promise.resolve([]) : this.move.git.touchedPaths(this.update.new));
  }
  /**
   * Commits that a rule about commits looks at: on an update all that the ref gains, also those that other refs reach;
   * on a creation those that no other ref reaches ("Require signed commits").
   */
  newCommits(): Promise<string[]> {
    const { old, new: now } = this.update;
    return (this.#newCommits ??= this.deletes
      ? Promise.resolve([])
      : this.move.git.log(this.creates ? [now, "--not", "--all"] : [now, `^${old}`]));
  }
  /**
   * The pull request that the update merges: the one being merged, or one whose merge somebody made and pushes. Such a
   * push counts when what it brings is exactly the merge that GitHub would make (note of "Require a pull request before
   * merging").
   */
  pull(): Promise<Issue | undefined> {
    return (this.#pull ??= this.move.via === "merge" ? Promise.resolve(this.move.pull) : this.pushedPull());
  }
  private async pushedPull(): Promise<Issue | undefined> {
    const { git, repo } = this.move;
    const { old, new: now, ref } = this.update;
    for (const issue of repo.issues.values()) {
      const { pull } = issue;
      if (!pull || issue.state !== "open" || pull.draft || `refs/heads/${pull.baseRef}` !== ref) continue;
      if (!(await git.isAncestor(pull.headSha, now)) || !(await git.isAncestor(old, now))) continue;
      if ((await git.mergeTree(old, pull.headSha)) !== (await git.resolve(now, "^{tree}"))) continue;
      const commits = await git.commits(await git.log([now, `^${old}`, `^${pull.headSha}`]));
      if (commits.every((commit) => commit.parents.length > 1)) return issue;
    }
    return undefined;
  }
  forced(): Promise<boolean> {
    return (this.#forced ??=
      this.creates || this.deletes
        ? Promise.resolve(false)
        : this.move.git.isAncestor(this.update.old, this.update.new).then((fast) => !fast));
  }
}

/** Why a rule does not hold for this update; undefined when it does. */
export async function ruleProblem(
  world: World,
  move: Movement,
  update: RefUpdate,
  ruleset: Ruleset,
  rule: RulesetRule,
  facts: Facts,
): Promise<string | undefined> {
  const p = rule.parameters ?? {};
  const name = update.ref.replace(/^refs\/(?:heads|tags)\//, "");
  switch (rule.type) {
    case "creation":
      return facts.creates ? "Cannot create ref due to creations being restricted." : undefined;
    case "update":
      return !facts.creates && !facts.deletes ? "Cannot update this protected ref." : undefined;
    case "deletion":
      return facts.deletes ? "Cannot delete this protected ref." : undefined;
    case "non_fast_forward":
      return (await facts.forced()) ? "Cannot force-push to this branch." : undefined;
    case "required_linear_history":
      return !facts.deletes && (await hasMerges(move, facts))
        ? "This branch must not contain merge commits."
        : undefined;
    case "required_signatures":
      return !facts.deletes && (await hasUnsigned(world, move, facts))
        ? "Commits must have verified signatures."
        : undefined;
    case "pull_request": {
      if (facts.deletes || facts.creates) return undefined;
      const pull = await facts.pull();
      if (!pull) return "Changes must be made through a pull request.";
      const problems = await reviewProblems(world, move.repo, move.git, pull, requirementsOf([{ ruleset, rule }]));
      return problems.length > 0 ? problems.join(" ") : undefined;
    }
    case "required_status_checks": {
      if (facts.deletes || (facts.creates && p["do_not_enforce_on_create"] === true)) return undefined;
      const checks = ((p["required_status_checks"] ?? []) as { context: string; integration_id?: number }[]).map(
        (c) => ({
          context: c.context,
          integrationId: c.integration_id ?? null,
        }),
      );
      const sha = (await facts.pull())?.pull?.headSha ?? update.new;
      if (
        move.via === "merge" &&
        p["strict_required_status_checks_policy"] === true &&
        !(await move.git.isAncestor(update.old, sha))
      )
        return "The head branch is not up to date with the base branch.";
      return checksProblem(move.repo, sha, checks);
    }
    case "file_path_restriction":
    case "file_extension_restriction":
    case "max_file_path_length":
    case "max_file_size":
      return pushRuleProblem(rule, await facts.touched());
    case "branch_name_pattern":
    case "tag_name_pattern":
      return !facts.deletes && !patternHolds(p, name) ? `Name must ${patternText(p)}.` : undefined;
    case "commit_message_pattern":
    case "commit_author_email_pattern":
    case "committer_email_pattern": {
      const commits = await move.git.commits(await facts.newCommits());
      const bad = commits.find(
        (c) =>
          !patternHolds(
            p,
            rule.type === "commit_message_pattern"
              ? c.message.trimEnd()
              : rule.type === "commit_author_email_pattern"
                ? c.author.email
                : c.committer.email,
          ),
      );
      return bad
        ? `Commit ${bad.sha.slice(0, 7)}: ${rule.type === "commit_message_pattern" ? "message" : "email"} must ${patternText(p)}.`
        : undefined;
    }
    case "merge_queue":
      return move.via === "merge" || facts.creates || facts.deletes
        ? undefined
        : "Changes must be made through the merge queue.";
    case "required_deployments":
      return facts.deletes ? undefined : "Required deployments have not succeeded.";
    case "workflows":
      return facts.deletes || facts.creates ? undefined : "Required workflow is expected.";
    case "code_scanning":
      return facts.deletes || facts.creates ? undefined : "Code scanning is waiting for results.";
    default:
      return undefined; // copilot_code_review asks for a review and refuses nothing
  }
}

export async function hasMerges(move: Movement, facts: Facts): Promise<boolean> {
  return (await move.git.commits(await facts.newCommits())).some((c) => c.parents.length > 1);
}

export async function hasUnsigned(world: World, move: Movement, facts: Facts): Promise<boolean> {
  return (await move.git.commits(await facts.newCommits())).some((c) => !isVerified(world, move.repo, c));
}

/**
 * GitHub signs what it commits itself; other signatures count when their author has a key on file. The signature's
 * mathematics is not checked here.
 */
export function isVerified(
  world: World,
  repo: Repository,
  commit: { sha: string; signature: string | null; committer: { email: string } },
): boolean {
  if (repo.signedByGitHub.has(commit.sha)) return true;
  if (commit.signature === null) return false;
  const user = [...world.users.values()].find((u) => u.email === commit.committer.email);
  return (
    user !== undefined && (commit.signature.includes("SSH SIGNATURE") ? user.keys.length > 0 : user.gpgKeys.length > 0)
  );
}

function patternHolds(p: Record<string, unknown>, text: string): boolean {
  const pattern = String(p["pattern"] ?? "");
  const holds =
    p["operator"] === "starts_with"
      ? text.startsWith(pattern)
      : p["operator"] === "ends_with"
        ? text.endsWith(pattern)
        : p["operator"] === "contains"
          ? text.includes(pattern)
          : regexHolds(pattern, text);
  return p["negate"] === true ? !holds : holds;
}
function regexHolds(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "m").test(text);
  } catch {
    return false;
  }
}
const patternText = (p: Record<string, unknown>): string =>
  `${p["negate"] === true ? "not " : ""}${String(p["operator"]).replace("_", " ")} ${JSON.stringify(p["pattern"])}`;
