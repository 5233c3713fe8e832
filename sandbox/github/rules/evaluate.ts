import type { Auth } from "../auth";
import { ZERO, type GitRepository, type RefUpdate } from "../git/repository";
import { permissionsOf } from "../permissions";
import type { Issue, Repository, Ruleset, RulesetRule, RuleSuite } from "../state";
import type { World } from "../world";
import { checksProblem } from "./checks";
import { fnmatch } from "./fnmatch";
import { isAmong, isExempt, protectionOf } from "./protection";
import { reviewProblems, reviewRequirements } from "./review";
import { bypassOf, rulesetsForRef } from "./rulesets";

/** How refs are about to move: by a push, by another API call, or by merging a pull request that this repository has. */
export interface Movement {
  repo: Repository;
  /** Sees the new objects, also those of a push that still wait in quarantine. */
  git: GitRepository;
  auth: Auth;
  via: "push" | "api" | "merge";
  pull?: Issue;
}
export interface Violation {
  ref: string;
  rule: string;
  message: string;
  source: "ruleset" | "protection" | "token";
}
export interface Verdict {
  violations: Violation[];
  suites: RuleSuite[];
}

/** Judges all updates together. Nothing moves unless `violations` is empty. */
export async function judge(world: World, move: Movement, updates: readonly RefUpdate[]): Promise<Verdict> {
  const verdict: Verdict = { violations: [], suites: [] };
  for (const update of updates) {
    const facts = new Facts(move, update);
    verdict.violations.push(...(await tokenViolations(move, update, facts)));
    verdict.violations.push(...(await protectionViolations(world, move, update, facts)));
    const suite: RuleSuite = {
      id: world.ids.next(),
      actorId: move.auth.user?.id ?? null,
      actorName: move.auth.user?.login ?? null,
      beforeSha: update.old,
      afterSha: update.new,
      ref: update.ref,
      repositoryId: move.repo.id,
      pushedAt: world.clock.iso(),
      result: "pass",
      evaluationResult: null,
      evaluations: [],
    };
    for (const ruleset of rulesetsForRef(world, move.repo, update.ref)) {
      const mode = bypassOf(world, ruleset, move.auth, move.repo);
      if (mode === "exempt") continue;
      if (ruleset.target === "push" && move.via === "merge") continue; // what is merged was pushed before, and judged then
      const bypassed = mode === "always" || (mode === "pull_request" && move.via === "merge");
      for (const rule of ruleset.rules) {
        const details = await ruleProblem(world, move, update, ruleset, rule, facts);
        suite.evaluations.push({
          ruleSource: { type: ruleset.sourceType === "Repository" ? "ruleset" : "Organization", id: ruleset.id, name: ruleset.name },
          enforcement: ruleset.enforcement,
          result: details === undefined ? "pass" : "fail",
          ruleType: rule.type,
          details: details ?? null,
        });
        if (details === undefined) continue;
        if (ruleset.enforcement === "evaluate") suite.evaluationResult = "fail";
        else if (bypassed) {
          if (suite.result === "pass") suite.result = "bypass";
        } else {
          suite.result = "fail";
          verdict.violations.push({ ref: update.ref, rule: rule.type, message: details, source: "ruleset" });
        }
      }
    }
    if (suite.evaluations.length > 0) verdict.suites.push(suite);
  }
  return verdict;
}

/** What the rules ask of a movement, computed at most once. */
class Facts {
  #touched: Promise<{ path: string; size: number | null; deleted: boolean }[]> | undefined;
  #newCommits: Promise<string[]> | undefined;
  #forced: Promise<boolean> | undefined;
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
  touched(): Promise<{ path: string; size: number | null; deleted: boolean }[]> {
    return (this.#touched ??= this.deletes ? Promise.resolve([]) : this.move.git.touchedPaths(this.update.new));
  }
  newCommits(): Promise<string[]> {
    return (this.#newCommits ??= this.deletes ? Promise.resolve([]) : this.move.git.log([this.update.new, "--not", "--all"]));
  }
  forced(): Promise<boolean> {
    return (this.#forced ??=
      this.creates || this.deletes ? Promise.resolve(false) : this.move.git.isAncestor(this.update.old, this.update.new).then((fast) => !fast));
  }
}

/** Workflows may be changed only by tokens that say so, whatever the branch. */
async function tokenViolations(move: Movement, update: RefUpdate, facts: Facts): Promise<Violation[]> {
  const { token } = move.auth;
  if (!token || facts.deletes) return [];
  const permissions = permissionsOf(move.auth);
  if (permissions ? permissions["workflows"] === "write" : token.scopes!.includes("workflow")) return [];
  const path = (await facts.touched()).find((t) => /^\.github\/workflows\/[^/]+$/.test(t.path))?.path;
  if (path === undefined) return [];
  const who = token.kind === "app-installation" || token.kind === "app-user-token" ? "a GitHub App" : "a Personal Access Token";
  return [
    {
      ref: update.ref,
      rule: "workflows",
      source: "token",
      message: `refusing to allow ${who} to create or update workflow \`${path}\` without ${permissions ? "`workflows` permission" : "`workflow` scope"}`,
    },
  ];
}

async function protectionViolations(world: World, move: Movement, update: RefUpdate, facts: Facts): Promise<Violation[]> {
  if (!update.ref.startsWith("refs/heads/")) return [];
  const protection = protectionOf(move.repo, update.ref.slice("refs/heads/".length));
  if (!protection) return [];
  const found: string[] = [];
  const exempt = isExempt(world, protection, move.auth, move.repo);
  if (protection.lockBranch && !exempt) found.push("Cannot change this locked branch");
  if (facts.deletes && !protection.allowsDeletions) found.push("Cannot delete a protected branch");
  if ((await facts.forced()) && !protection.allowsForcePushes && !isAmong(world, protection.bypassForcePushActors, move.auth))
    found.push("Cannot force-push to this protected branch");
  if (!exempt) {
    const mayPush = isAmong(world, protection.pushActors, move.auth);
    if (protection.restrictsPushes && !mayPush && (!facts.creates || protection.blocksCreations) && !facts.deletes)
      found.push("You're not authorized to push to this branch.");
    if (!facts.deletes && !facts.creates) {
      if (protection.requiresApprovingReviews && move.via !== "merge" && !isAmong(world, protection.bypassPullRequestActors, move.auth))
        found.push("Changes must be made through a pull request.");
      if (protection.requiresStatusChecks && move.via !== "merge") {
        const problem = checksProblem(move.repo, update.new, protection.requiredStatusChecks);
        if (problem) found.push(problem);
      }
      if (protection.requiresLinearHistory && (await hasMerges(move, facts))) found.push("This branch must not contain merge commits.");
      if (protection.requiresCommitSignatures && (await hasUnsigned(world, move, facts))) found.push("Commits must have verified signatures.");
    }
  }
  return found.map((message) => ({ ref: update.ref, rule: "protected_branch", message, source: "protection" }));
}

/** Why this rule does not hold for this update; undefined when it does. */
async function ruleProblem(world: World, move: Movement, update: RefUpdate, ruleset: Ruleset, rule: RulesetRule, facts: Facts): Promise<string | undefined> {
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
      return !facts.deletes && (await hasMerges(move, facts)) ? "This branch must not contain merge commits." : undefined;
    case "required_signatures":
      return !facts.deletes && (await hasUnsigned(world, move, facts)) ? "Commits must have verified signatures." : undefined;
    case "pull_request": {
      if (facts.deletes || facts.creates) return undefined;
      if (move.via !== "merge" || !move.pull) return "Changes must be made through a pull request.";
      const problems = await reviewProblems(world, move.repo, move.git, move.pull, onlyFrom(world, move.repo, name, ruleset));
      return problems.length > 0 ? problems.join(" ") : undefined;
    }
    case "required_status_checks": {
      if (facts.deletes || (facts.creates && p["do_not_enforce_on_create"] === true)) return undefined;
      const checks = ((p["required_status_checks"] ?? []) as { context: string; integration_id?: number }[]).map((c) => ({
        context: c.context,
        integrationId: c.integration_id ?? null,
      }));
      const sha = move.pull?.pull?.headSha ?? update.new;
      if (move.via === "merge" && p["strict_required_status_checks_policy"] === true && !(await move.git.isAncestor(update.old, sha)))
        return "The head branch is not up to date with the base branch.";
      return checksProblem(move.repo, sha, checks);
    }
    case "file_path_restriction": {
      const restricted = (p["restricted_file_paths"] ?? []) as string[];
      const paths = (await facts.touched()).map((t) => t.path).filter((path) => restricted.some((pattern) => fnmatch(pattern, path)));
      return paths.length > 0 ? `Changes to restricted paths are not allowed: ${paths.slice(0, 10).join(", ")}.` : undefined;
    }
    case "file_extension_restriction": {
      const extensions = ((p["restricted_file_extensions"] ?? []) as string[]).map((e) => `.${e.replace(/^\*?\./, "")}`.toLowerCase());
      const paths = (await facts.touched()).filter((t) => !t.deleted && extensions.some((e) => t.path.toLowerCase().endsWith(e)));
      return paths.length > 0
        ? `Files with restricted extensions are not allowed: ${paths
            .slice(0, 10)
            .map((t) => t.path)
            .join(", ")}.`
        : undefined;
    }
    case "max_file_path_length": {
      const limit = Number(p["max_file_path_length"] ?? Infinity);
      return (await facts.touched()).some((t) => !t.deleted && t.path.length > limit) ? `File paths must be at most ${limit} characters.` : undefined;
    }
    case "max_file_size": {
      const limit = Number(p["max_file_size"] ?? Infinity);
      return (await facts.touched()).some((t) => (t.size ?? 0) > limit * 1024 * 1024) ? `Files must be at most ${limit} MB.` : undefined;
    }
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
            rule.type === "commit_message_pattern" ? c.message.trimEnd() : rule.type === "commit_author_email_pattern" ? c.author.email : c.committer.email,
          ),
      );
      return bad ? `Commit ${bad.sha.slice(0, 7)}: ${rule.type === "commit_message_pattern" ? "message" : "email"} must ${patternText(p)}.` : undefined;
    }
    case "merge_queue":
      return move.via === "merge" || facts.creates || facts.deletes ? undefined : "Changes must be made through the merge queue.";
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

/** The review requirements of one ruleset alone, so that each rule fails or passes by itself. */
function onlyFrom(world: World, repo: Repository, branch: string, ruleset: Ruleset) {
  const alone: Repository = {
    ...repo,
    protections: new Map(),
    rulesets: new Map([[ruleset.id, { ...ruleset, sourceType: "Repository" }]]),
    owner: { kind: "user", id: repo.owner.id },
  };
  return reviewRequirements(world, alone, branch);
}

async function hasMerges(move: Movement, facts: Facts): Promise<boolean> {
  return (await move.git.commits(await facts.newCommits())).some((c) => c.parents.length > 1);
}

async function hasUnsigned(world: World, move: Movement, facts: Facts): Promise<boolean> {
  return (await move.git.commits(await facts.newCommits())).some((c) => !isVerified(world, move.repo, c));
}

/** GitHub signs what it commits itself; other signatures count when their author has a key on file. The signature's mathematics is not checked here. */
export function isVerified(world: World, repo: Repository, commit: { sha: string; signature: string | null; committer: { email: string } }): boolean {
  if (repo.signedByGitHub.has(commit.sha)) return true;
  if (commit.signature === null) return false;
  const user = [...world.users.values()].find((u) => u.email === commit.committer.email);
  return user !== undefined && (commit.signature.includes("SSH SIGNATURE") ? user.keys.length > 0 : user.gpgKeys.length > 0);
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
