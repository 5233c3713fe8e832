import type { Auth } from "../auth";
import { GitError, GitRepository, ZERO, type RefUpdate } from "../git/repository";
import { HttpError } from "../http/errors";
import { judge, type Movement, type Verdict, type Violation } from "../rules/evaluate";
import { reviewedState, reviewersToAsk, staleApprovals } from "../rules/review";
import type { Issue, Repository } from "../state";
import { roleOfUser } from "../permissions";
import { atLeast, type World } from "../world";
import { presentCommitForPush } from "../present/commits";
import { presentRepository } from "../present/repositories";
import { runWorkflows } from "./actions";
import { eventOf, pullEvent } from "./events";

/** The git of a repository. */
export const gitOf = (repo: Repository): GitRepository => new GitRepository(repo.gitDir);

/** Rules or protections that stand against a movement of refs; nothing has moved. */
export class RuleViolation extends HttpError {
  constructor(
    readonly violations: readonly Violation[],
    status = 422,
  ) {
    const token = violations.find((v) => v.source === "token");
    const message = token ? token.message : violationText(violations);
    super(token ? 403 : status, message);
    this.name = "RuleViolation";
  }
}

function violationText(violations: readonly Violation[]): string {
  const ruled = violations.filter((v) => v.source === "ruleset");
  if (ruled.length > 0) return `Repository rule violations found\n\n${ruled.map((v) => v.message).join("\n\n")}\n\n`;
  return `Protected branch update failed for ${violations[0]?.ref ?? "the ref"}.\n\n${violations.map((v) => v.message).join("\n\n")}`;
}

export function recordSuites(repo: Repository, verdict: Verdict): void {
  repo.ruleSuites.push(...verdict.suites);
  if (repo.ruleSuites.length > 1000) repo.ruleSuites.splice(0, repo.ruleSuites.length - 1000);
}

/**
 * Moves refs for somebody, all or none: rules first, then one git transaction, then everything that follows from it.
 * @throws RuleViolation (422; `status` for operations that answer otherwise), HttpError 409 when a ref moved meanwhile
 */
export async function moveRefs(
  world: World,
  move: Movement,
  updates: readonly RefUpdate[],
  status?: number,
): Promise<void> {
  const verdict = await judge(world, move, updates);
  recordSuites(move.repo, verdict);
  if (verdict.violations.length > 0) throw new RuleViolation(verdict.violations, status);
  try {
    await move.git.moveRefs(updates);
  } catch (error) {
    if (error instanceof GitError)
      throw new HttpError(
        409,
        `Reference cannot be updated: ${error.stderr.trim().split("\n")[0] ?? ""}`.replace(move.repo.gitDir, ""),
      );
    throw error;
  }
  await afterMove(world, move.repo, move.auth, updates);
}

/** What follows when refs have moved: pull requests take notice, workflows run, hooks are told. */
export async function afterMove(
  world: World,
  repo: Repository,
  auth: Auth,
  updates: readonly RefUpdate[],
): Promise<void> {
  const git = gitOf(repo);
  repo.pushedAt = world.clock.iso();
  repo.updatedAt = repo.pushedAt;
  for (const update of updates) {
    const branch = update.ref.startsWith("refs/heads/") ? update.ref.slice("refs/heads/".length) : undefined;
    if (update.new !== ZERO && auth.user) repo.pushers.set(update.ref, auth.user.id);
    else repo.pushers.delete(update.ref);
    if (branch !== undefined) await followBranch(world, repo, auth, git, branch, update);
    await announce(world, repo, auth, git, update);
    if (branch !== undefined && update.new !== ZERO)
      await runWorkflows(world, repo, git, {
        event: "push",
        branch,
        sha: update.new,
        actorId: auth.user?.id ?? repo.owner.id,
      });
  }
}

/**
 * Open pull requests from a branch take its new head; those into it may turn out to be merged. Both happen across a
 * fork network.
 */
async function followBranch(
  world: World,
  repo: Repository,
  auth: Auth,
  git: GitRepository,
  branch: string,
  update: RefUpdate,
): Promise<void> {
  for (const base of world.repos.values()) {
    for (const issue of base.issues.values()) {
      const pull = issue.pull;
      if (!pull || issue.state !== "open") continue;
      if (pull.headRepositoryId === repo.id && pull.headRef === branch) {
        if (update.new === ZERO) {
          closePull(world, base, issue, auth);
          continue;
        }
        await headMoved(world, base, issue, auth, update.new, git);
      }
      if (base.id === repo.id && pull.baseRef === branch && update.new !== ZERO)
        await dismissStale(world, base, issue, auth);
      if (
        base.id === repo.id &&
        pull.baseRef === branch &&
        update.new !== ZERO &&
        (await git.isAncestor(pull.headSha, update.new).catch(() => false))
      ) {
        Object.assign(pull, {
          merged: true,
          mergedAt: world.clock.iso(),
          mergedById: auth.user?.id ?? null,
          mergeCommitSha: update.new,
        });
        closePull(world, base, issue, auth);
      }
    }
  }
}

function closePull(world: World, repo: Repository, issue: Issue, auth: Auth): void {
  Object.assign(issue, {
    state: "closed",
    closedAt: world.clock.iso(),
    closedById: auth.user?.id ?? null,
    updatedAt: world.clock.iso(),
  });
  eventOf(world, repo, issue, "closed", auth.user?.id ?? issue.userId);
  pullEvent(world, repo, issue, "closed", auth.user?.id ?? null);
}

async function headMoved(
  world: World,
  base: Repository,
  issue: Issue,
  auth: Auth,
  sha: string,
  git: GitRepository,
): Promise<void> {
  const pull = issue.pull!;
  if (pull.headSha === sha) return;
  if (base.gitDir !== git.dir)
    await gitOf(base).git(["fetch", "--quiet", git.dir, `${sha}:refs/pull/${issue.number}/head`, "--force"]);
  else await git.setRef(`refs/pull/${issue.number}/head`, sha);
  const before = await reviewedState(gitOf(base), pull);
  pull.headSha = sha;
  const after = await reviewedState(gitOf(base), pull);
  if (after.tree !== before.tree || after.mergeBase !== before.mergeBase) pull.lastPusherId = auth.user?.id ?? null;
  issue.updatedAt = world.clock.iso();
  await dismissStale(world, base, issue, auth);
  // Whoever may not write takes back with a push what a person with more rights has agreed to ("About auto-merge").
  if (!auth.user || !atLeast(roleOfUser(world, auth.user, base), "write")) pull.autoMerge = null;
  if (!pull.draft) await askReviewers(world, base, issue);
  pullEvent(world, base, issue, "synchronize", auth.user?.id ?? null);
  await runWorkflows(world, base, gitOf(base), {
    event: "pull_request",
    branch: pull.headRef,
    sha,
    actorId: auth.user?.id ?? issue.userId,
  });
}

/** Approvals of what is no longer there are dismissed, where a rule asks for that. */
export async function dismissStale(world: World, repo: Repository, issue: Issue, auth: Auth): Promise<void> {
  for (const review of await staleApprovals(world, repo, gitOf(repo), issue.pull!)) {
    review.state = "DISMISSED";
    eventOf(world, repo, issue, "review_dismissed", auth.user?.id ?? issue.userId);
  }
}

/** Asks the owners of changed files, and required teams, for the review that they have not given yet. */
export async function askReviewers(world: World, repo: Repository, issue: Issue): Promise<void> {
  const { userIds, teamIds } = await reviewersToAsk(world, repo, gitOf(repo), issue);
  const pull = issue.pull!;
  const heard = new Set(pull.reviews.filter((review) => review.state !== "PENDING").map((review) => review.userId));
  const teamsHeard = new Set([...heard].flatMap((id) => world.teamsOfUser(id)).map((team) => team.id));
  pull.requestedReviewerIds = [...new Set([...pull.requestedReviewerIds, ...userIds.filter((id) => !heard.has(id))])];
  pull.requestedTeamIds = [...new Set([...pull.requestedTeamIds, ...teamIds.filter((id) => !teamsHeard.has(id))])];
}

async function announce(
  world: World,
  repo: Repository,
  auth: Auth,
  git: GitRepository,
  update: RefUpdate,
): Promise<void> {
  const kind = update.ref.startsWith("refs/tags/") ? "tag" : "branch";
  const short = update.ref.replace(/^refs\/(?:heads|tags)\//, "");
  const senderId = auth.user?.id ?? null;
  if (update.old === ZERO)
    world.webhooks.emit("create", null, {
      repo,
      senderId,
      payload: {
        ref: short,
        ref_type: kind,
        master_branch: repo.defaultBranch,
        description: repo.description,
        pusher_type: "user",
      },
    });
  if (update.new === ZERO)
    world.webhooks.emit("delete", null, {
      repo,
      senderId,
      payload: { ref: short, ref_type: kind, pusher_type: "user" },
    });
  const shas =
    update.new === ZERO
      ? []
      : await git
          .log(
            update.old === ZERO
              ? [update.new, "--not", `refs/heads/${repo.defaultBranch}`]
              : [`${update.old}..${update.new}`],
            { max: 20 },
          )
          .catch(() => []);
  const commits = (await git.commits(shas)).reverse().map((c) => presentCommitForPush(world, repo, c));
  const forced =
    update.old !== ZERO && update.new !== ZERO && !(await git.isAncestor(update.old, update.new).catch(() => true));
  world.webhooks.emit("push", null, {
    repo,
    senderId,
    payload: {
      ref: update.ref,
      before: update.old,
      after: update.new,
      base_ref: null,
      created: update.old === ZERO,
      deleted: update.new === ZERO,
      forced,
      compare: `${world.origin}/${world.fullName(repo)}/compare/${update.old.slice(0, 12)}...${update.new.slice(0, 12)}`,
      commits,
      head_commit: commits.at(-1) ?? null,
      pusher: { name: auth.user?.login ?? "unknown", email: auth.user?.email ?? null },
      repository: presentRepository(world, repo),
    },
  });
}
