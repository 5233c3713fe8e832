import type { Auth } from "../auth";
import { GitRepository, type Person } from "../git/repository";
import { HttpError, invalid } from "../http/errors";
import { nodeId } from "../ids";
import { mayOn, orgRole, roleOn } from "../permissions";
import { noreply } from "../present/commits";
import type { PullFigures } from "../present/pulls";
import { checksProblem } from "../rules/checks";
import { reviewRequirements, type MergeMethod } from "../rules/requirements";
import { reviewProblems } from "../rules/review";
import type { Issue, PullRequest, Repository, User } from "../state";
import { atLeast, type World } from "../world";
import { runWorkflows } from "./actions";
import { eventOf, pullEvent } from "./events";
import { openIssue } from "./issues";
import { askReviewers, dismissStale, gitOf, moveRefs } from "./refs";
import { demandActionsMay } from "./reviews";

export * from "./reviews";

/**
 * Pull requests. Callers have checked that the asker may do this at all; the rules of the base branch are checked here.
 */

export const authorOf = (auth: Auth): { userId: number; viaAppId: number | null } => ({
  userId: auth.user!.id,
  viaAppId:
    auth.token?.kind === "app-user-token" || auth.token?.kind === "app-installation" ? (auth.app?.id ?? null) : null,
});
export const personOf = (world: World, user: User): Person => ({
  name: user.name ?? user.login,
  email: noreply(user),
  date: world.clock.iso(),
});
/** Commits that GitHub makes itself are committed, and signed, by it. */
export const webFlow = (world: World): Person => ({
  name: "GitHub",
  email: "noreply@github.com",
  date: world.clock.iso(),
});

export interface NewPull {
  title: string;
  body: string | null;
  head: string;
  base: string;
  draft?: boolean;
  maintainerCanModify?: boolean;
  headRepository?: string;
}

/**
 * Whether somebody who can read may propose a branch that the repository has already. In public repositories that takes
 * push access, or membership of the organization: https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request
 */
export function mayPropose(world: World, auth: Auth, repo: Repository): boolean {
  const org = world.orgOf(repo);
  return (
    repo.visibility !== "public" ||
    (org !== undefined && orgRole(world, auth, org) !== undefined) ||
    atLeast(roleOn(world, auth, repo), "write")
  );
}

/** @param input `head` is a branch, or `owner:branch` of a fork @throws HttpError 422 in GitHub's words */
export async function createPull(world: World, repo: Repository, auth: Auth, input: NewPull): Promise<Issue> {
  demandActionsMay(repo, auth, "create or approve");
  const { headRepo, headRef } = findHead(world, repo, auth, input);
  const git = gitOf(repo);
  const base = await git.ref(`refs/heads/${input.base}`);
  if (!base) throw invalid("PullRequest", "base", "invalid");
  const head = await gitOf(headRepo).ref(`refs/heads/${headRef}`);
  if (!head) throw invalid("PullRequest", "head", "invalid");
  if (headRepo === repo && headRef === input.base) throw problem(`No commits between ${input.base} and ${headRef}`);
  const already = [...repo.issues.values()].find(
    (i) =>
      i.pull &&
      i.state === "open" &&
      i.pull.headRepositoryId === headRepo.id &&
      i.pull.headRef === headRef &&
      i.pull.baseRef === input.base,
  );
  if (already) throw problem(`A pull request already exists for ${world.ownerLogin(headRepo)}:${headRef}.`);
  if (headRepo !== repo) await git.git(["fetch", "--quiet", headRepo.gitDir, `refs/heads/${headRef}`]);
  if (await git.isAncestor(head.sha, base.sha))
    throw problem(
      `No commits between ${input.base} and ${headRepo === repo ? headRef : `${world.ownerLogin(headRepo)}:${headRef}`}`,
    );
  if (!(await git.mergeBase(head.sha, base.sha)))
    throw problem(`The ${headRef} branch has no history in common with ${input.base}`);

  const id = world.ids.next();
  const pull: PullRequest = {
    id,
    nodeId: nodeId("pullRequest", repo.id, id),
    draft: input.draft ?? false,
    headRepositoryId: headRepo.id,
    headRef,
    headSha: head.sha,
    baseRef: input.base,
    baseSha: base.sha,
    merged: false,
    mergedAt: null,
    mergedById: null,
    mergeCommitSha: null,
    maintainerCanModify: input.maintainerCanModify ?? false,
    autoMerge: null,
    requestedReviewerIds: [],
    requestedTeamIds: [],
    reviews: [],
    reviewComments: [],
    lastPusherId: headRepo.pushers.get(`refs/heads/${headRef}`) ?? auth.user?.id ?? null,
  };
  const issue = openIssue(world, repo, { ...authorOf(auth), title: input.title, body: input.body, pull });
  await git.setRef(`refs/pull/${issue.number}/head`, head.sha);
  if (!pull.draft) await askReviewers(world, repo, issue);
  pullEvent(world, repo, issue, "opened", auth.user?.id ?? null);
  await runWorkflows(world, repo, git, {
    event: "pull_request",
    branch: headRef,
    sha: head.sha,
    actorId: auth.user?.id ?? issue.userId,
  });
  return issue;
}

function findHead(
  world: World,
  repo: Repository,
  auth: Auth,
  input: NewPull,
): { headRepo: Repository; headRef: string } {
  const cut = input.head.indexOf(":");
  const owner = cut < 0 ? undefined : input.head.slice(0, cut);
  const headRef = cut < 0 ? input.head : input.head.slice(cut + 1);
  if (owner === undefined || (owner.toLowerCase() === world.ownerLogin(repo).toLowerCase() && !input.headRepository))
    return { headRepo: repo, headRef };
  const named = input.headRepository ? world.repoByName(owner, input.headRepository.split("/").at(-1)!) : undefined;
  const headRepo =
    named ??
    [...world.repos.values()].find(
      (r) =>
        (r.forkOf === repo.id || repo.forkOf === r.id) && world.ownerLogin(r).toLowerCase() === owner.toLowerCase(),
    );
  if (!headRepo || !mayOn(world, auth, headRepo, "read", "contents=read"))
    throw invalid("PullRequest", "head", "invalid");
  return { headRepo, headRef };
}

/**
 * The base may move to another branch; nothing else of the two ends changes. What was approved was approved for the old
 * base.
 */
export async function retarget(world: World, repo: Repository, auth: Auth, issue: Issue, base: string): Promise<void> {
  if (base === issue.pull!.baseRef) return;
  if (issue.state !== "open") throw problem("Cannot change the base branch of a closed pull request.");
  const ref = await gitOf(repo).ref(`refs/heads/${base}`);
  if (!ref) throw invalid("PullRequest", "base", "invalid");
  Object.assign(issue.pull!, { baseRef: base, baseSha: ref.sha });
  issue.updatedAt = world.clock.iso();
  if (!mayOn(world, auth, repo, "write", "pull_requests=write")) issue.pull!.autoMerge = null;
  await dismissStale(world, repo, issue, auth);
  if (!issue.pull!.draft) await askReviewers(world, repo, issue);
}

export async function setDraft(
  world: World,
  repo: Repository,
  issue: Issue,
  draft: boolean,
  actorId: number,
): Promise<void> {
  const pull = issue.pull!;
  if (pull.draft === draft) return;
  pull.draft = draft;
  issue.updatedAt = world.clock.iso();
  eventOf(world, repo, issue, draft ? "convert_to_draft" : "ready_for_review", actorId);
  if (!draft) await askReviewers(world, repo, issue);
  pullEvent(world, repo, issue, draft ? "converted_to_draft" : "ready_for_review", actorId);
}

/** What GET /pulls/{number} shows of the state of a merge. */
export async function pullFigures(world: World, repo: Repository, issue: Issue): Promise<PullFigures> {
  const pull = issue.pull!;
  const git = gitOf(repo);
  const base = (await git.resolve(`refs/heads/${pull.baseRef}`)) ?? pull.baseSha;
  const from = pull.merged ? pull.baseSha : ((await git.mergeBase(base, pull.headSha)) ?? pull.baseSha);
  const changes = await git.diff(from, pull.headSha, false);
  const commits = await git.count(pull.headSha, `^${from}`);
  const clean =
    pull.merged || issue.state === "closed" ? null : (await git.mergeTree(base, pull.headSha)) !== undefined;
  return {
    mergeable: clean,
    mergeableState:
      pull.merged || issue.state === "closed"
        ? "unknown"
        : await mergeState(world, repo, git, issue, base, clean === true),
    commits,
    additions: sum(changes, "additions"),
    deletions: sum(changes, "deletions"),
    changedFiles: changes.length,
  };
}
const sum = (list: readonly { additions: number; deletions: number }[], key: "additions" | "deletions"): number =>
  list.reduce((n, c) => n + c[key], 0);

async function mergeState(
  world: World,
  repo: Repository,
  git: GitRepository,
  issue: Issue,
  base: string,
  clean: boolean,
): Promise<string> {
  const pull = issue.pull!;
  if (!clean) return "dirty";
  if (pull.draft) return "draft";
  const need = reviewRequirements(world, repo, pull.baseRef);
  if (need.strict && !(await git.isAncestor(base, pull.headSha))) return "behind";
  if (
    (await reviewProblems(world, repo, git, issue, need)).length > 0 ||
    checksProblem(repo, pull.headSha, need.checks) !== undefined
  )
    return "blocked";
  return [...repo.checkRuns.values()].some((r) => r.headSha === pull.headSha && r.conclusion === "failure")
    ? "unstable"
    : "clean";
}

export type { MergeMethod };

/**
 * Merges a pull request into its base branch, if every rule that holds for this asker is satisfied.
 * @throws HttpError 405 when it cannot be merged (draft, conflicts, rules), 409 when the head is not the expected one
 */
export async function mergePull(
  world: World,
  repo: Repository,
  auth: Auth,
  issue: Issue,
  options: { method?: MergeMethod; title?: string; message?: string; sha?: string } = {},
): Promise<string> {
  const pull = issue.pull!;
  const method = options.method ?? "merge";
  if (pull.merged || issue.state === "closed") throw new HttpError(405, "Pull Request is not mergeable");
  if (pull.draft) throw new HttpError(405, "Pull Request is still a draft");
  if (options.sha !== undefined && options.sha !== pull.headSha)
    throw new HttpError(409, "Head branch was modified. Review and try the merge again.");
  const setting = {
    merge: repo.settings.allow_merge_commit,
    squash: repo.settings.allow_squash_merge,
    rebase: repo.settings.allow_rebase_merge,
  }[method];
  if (!setting)
    throw new HttpError(
      405,
      `${{ merge: "Merge commits", squash: "Squash merges", rebase: "Rebase merges" }[method]} are not allowed on this repository.`,
    );
  const git = gitOf(repo);
  const need = reviewRequirements(world, repo, pull.baseRef, auth);
  const problems = [
    ...(await reviewProblems(world, repo, git, issue, need)),
    ...(need.checks.length > 0 ? [checksProblem(repo, pull.headSha, need.checks)].filter((p) => p !== undefined) : []),
  ];
  if (problems.length > 0) throw new HttpError(405, `Repository rule violations found\n\n${problems.join("\n\n")}\n\n`);
  // "You cannot squash and merge a pull request into the branch unless you are the author of the pull request"
  // ("Require signed commits").
  if (need.signatures && method === "squash" && auth.user?.id !== issue.userId)
    throw new HttpError(405, "Repository rule violations found\n\nCommits must have verified signatures.\n\n");
  if (!need.methods.has(method))
    throw new HttpError(
      405,
      `Repository rule violations found\n\nThe ${method} merge method is not allowed for this branch.\n\n`,
    );

  const base = await git.resolve(`refs/heads/${pull.baseRef}`);
  if (!base) throw new HttpError(405, "Base branch does not exist");
  if (need.strict && !(await git.isAncestor(base, pull.headSha)))
    throw new HttpError(405, "Head branch is out of date. Review and try the merge again.");
  const tree = await git.mergeTree(base, pull.headSha);
  if (tree === undefined) throw new HttpError(405, "Pull Request is not mergeable");
  const me = auth.user!;
  let sha: string;
  if (method === "rebase") sha = await rebase(world, git, base, pull.headSha);
  else {
    const headLabel = `${world.ownerLogin(world.repos.get(pull.headRepositoryId) ?? repo)}/${pull.headRef}`;
    const title =
      options.title ??
      (method === "merge"
        ? `Merge pull request #${issue.number} from ${headLabel}`
        : `${issue.title} (#${issue.number})`);
    const body = options.message ?? (method === "merge" ? issue.title : "");
    const author = method === "squash" ? world.user(issue.userId) : me;
    sha = await git.writeCommit({
      tree,
      parents: method === "merge" ? [base, pull.headSha] : [base],
      author: personOf(world, author),
      committer: webFlow(world),
      message: body ? `${title}\n\n${body}` : title,
    });
    repo.signedByGitHub.add(sha);
  }
  await moveRefs(
    world,
    { repo, git, auth, via: "merge", pull: issue },
    [{ ref: `refs/heads/${pull.baseRef}`, old: base, new: sha }],
    405,
  );
  // The merge commit may already have closed it, when the head became part of the base.
  Object.assign(pull, {
    merged: true,
    mergedAt: pull.mergedAt ?? world.clock.iso(),
    mergedById: me.id,
    mergeCommitSha: sha,
    baseSha: base,
    autoMerge: null,
  });
  Object.assign(issue, {
    state: "closed",
    closedAt: issue.closedAt ?? world.clock.iso(),
    closedById: me.id,
    updatedAt: world.clock.iso(),
  });
  eventOf(world, repo, issue, "merged", me.id, { commitId: sha });
  if (repo.settings.delete_branch_on_merge && pull.headRepositoryId === repo.id)
    await moveRefs(world, { repo, git, auth, via: "api" }, [
      { ref: `refs/heads/${pull.headRef}`, old: pull.headSha, new: "0".repeat(40) },
    ]).catch(() => undefined);
  return sha;
}

/**
 * Commit by commit onto the base. To merge one commit's change alone, git is shown a commit that holds what is there
 * already and has the same parent: their common ancestor is then that parent (`merge-tree` takes a base of the caller's
 * choice only since git 2.40).
 */
async function rebase(world: World, git: GitRepository, base: string, head: string): Promise<string> {
  let onto = base;
  for (const commit of await git.commits((await git.log([`${base}..${head}`])).reverse())) {
    if (commit.parents.length !== 1) throw new HttpError(405, "This branch can't be rebased");
    const here = (await git.commit(onto))!.tree;
    const stand = await git.writeCommit({
      tree: here,
      parents: commit.parents,
      author: commit.author,
      committer: commit.committer,
      message: "",
    });
    const tree = await git.mergeTree(stand, commit.sha);
    if (tree === undefined) throw new HttpError(405, "This branch can't be rebased");
    onto = await git.writeCommit({
      tree,
      parents: [onto],
      author: commit.author,
      committer: webFlow(world),
      message: commit.message,
    });
  }
  return onto;
}

/** PUT …/update-branch: the base is merged into the head branch. */
export async function updateBranch(
  world: World,
  repo: Repository,
  auth: Auth,
  issue: Issue,
  expected?: string,
): Promise<void> {
  const pull = issue.pull!;
  if (expected !== undefined && expected !== pull.headSha)
    throw new HttpError(422, `expected head sha didn’t match current head ref.`);
  const headRepo = world.repos.get(pull.headRepositoryId) ?? repo;
  if (!mayOn(world, auth, headRepo, "write", "contents=write"))
    throw new HttpError(403, "You do not have permission to push to the head branch.");
  const git = gitOf(headRepo);
  const base = await gitOf(repo).resolve(`refs/heads/${pull.baseRef}`);
  if (!base) throw new HttpError(422, "The base branch does not exist.");
  if (headRepo !== repo) await git.git(["fetch", "--quiet", repo.gitDir, `refs/heads/${pull.baseRef}`]);
  if (await git.isAncestor(base, pull.headSha))
    throw new HttpError(422, "There are no new commits on the base branch.");
  const tree = await git.mergeTree(pull.headSha, base);
  if (tree === undefined) throw new HttpError(422, "merge conflict between base and head");
  const sha = await git.writeCommit({
    tree,
    parents: [pull.headSha, base],
    author: personOf(world, auth.user!),
    committer: webFlow(world),
    message: `Merge branch '${pull.baseRef}' into ${pull.headRef}`,
  });
  headRepo.signedByGitHub.add(sha);
  await moveRefs(world, { repo: headRepo, git, auth, via: "api" }, [
    { ref: `refs/heads/${pull.headRef}`, old: pull.headSha, new: sha },
  ]);
}

const problem = (message: string): HttpError =>
  new HttpError(422, "Validation Failed", { errors: [{ resource: "PullRequest", code: "custom", message }] });
