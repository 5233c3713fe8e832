import { randomUUID } from "node:crypto";
import { mergePull, type MergeMethod } from "../domain/pulls";
import { created, ok, type Context, type Reply } from "../http/context";
import { HttpError, invalid, notFound } from "../http/errors";
import type { Need, Router } from "../http/router";
import { presentPull } from "../present/pulls";
import type { Issue, Repository } from "../state";

/** Pull requests that lie on one another, bottom first: each has the head of the one below it as its base. */
interface Stack {
  readonly id: number;
  readonly number: number;
  readonly createdAt: string;
  pulls: number[];
}
interface AsyncMerge {
  readonly uuid: string;
  readonly pull: number;
  readonly method: string;
  readonly action: string;
  readonly sha: string;
  /** Why it failed, or the commit; neither while it runs. */
  failed?: string;
  merged?: string;
}
/** By repository; a repository that was put back to an earlier state has none. */
const stacksOf = perRepository<Stack>();
const mergesOf = perRepository<AsyncMerge>();

function perRepository<T>(): (repo: Repository) => T[] {
  const kept = new WeakMap<Repository, T[]>();
  return (repo) => {
    const list = kept.get(repo) ?? [];
    kept.set(repo, list);
    return list;
  };
}

const READ: Need = { permission: "pull_requests=read" };
const WRITE: Need = { role: "write", permission: "pull_requests=write" };
const METHODS = ["merge", "squash", "rebase"] as const satisfies readonly MergeMethod[];
const ACTIONS = ["default", "direct_merge", "merge_queue"] as const;

/** Stacks of pull requests, and merging in the background, which is how a stack is merged. */
export function stackRoutes(router: Router): void {
  const R = "/repos/{owner}/{repo}";
  router.on("PUT", `${R}/pulls/{pull_number}/merge-async`, { role: "write", permission: "contents=write" }, mergeLater);
  router.on("GET", `${R}/pulls/{pull_number}/merge-async/{uuid}`, READ, (c) => {
    const found = mergesOf(c.repo).find(({ uuid, pull }) => uuid === c.param("uuid") && pull === c.id("pull_number"));
    if (!found) throw notFound();
    return ok(presentMerge(found));
  });

  router.on("GET", `${R}/stacks`, READ, (c) => ok(stacksOf(c.repo).map((stack) => presentStack(c, stack))));
  router.on("GET", `${R}/stacks/{stack_number}`, READ, (c) => ok(presentStack(c, stackOf(c))));
  router.on("POST", `${R}/stacks`, WRITE, (c) => {
    const pulls = ordered(c, 2);
    const all = stacksOf(c.repo);
    const stack = { id: c.world.ids.next(), number: all.length + 1, createdAt: c.world.clock.iso(), pulls };
    all.push(stack);
    return created(presentStack(c, stack));
  });
  router.on("POST", `${R}/stacks/{stack_number}/add`, WRITE, (c) => {
    const stack = stackOf(c);
    stack.pulls = [...stack.pulls, ...ordered(c, 1, pullAt(c, stack.pulls.at(-1)!))];
    return ok(presentStack(c, stack));
  });
  router.on("POST", `${R}/stacks/{stack_number}/unstack`, WRITE, (c) => {
    const stack = stackOf(c);
    stacksOf(c.repo).splice(stacksOf(c.repo).indexOf(stack), 1);
    return { status: 204 };
  });
}

/**
 * Accepts a merge after the pull request's own state alone; rules and permissions on the base are asked when it runs.
 */
async function mergeLater(c: Context): Promise<Reply> {
  const issue = pullAt(c, c.id("pull_number"));
  const pull = issue.pull!;
  if (pull.merged)
    return ok({
      status: "merged",
      details: { message: "Pull Request is already merged", sha: pull.mergeCommitSha ?? "" },
    });
  const wrong = issue.state === "closed" ? "closed" : pull.draft ? "still a draft" : undefined;
  if (wrong !== undefined)
    return { status: 400, body: { status: "failed", details: { message: `Pull Request is ${wrong}` } } };
  const method = c.oneOf("merge_method", METHODS);
  const merge: AsyncMerge = {
    uuid: randomUUID(),
    pull: issue.number,
    method: method ?? "default",
    action: c.oneOf("merge_action", ACTIONS) ?? "default",
    sha: c.string("sha") ?? pull.headSha,
  };
  mergesOf(c.repo).push(merge);
  const accepted = presentMerge(merge);
  // What happens in the background at GitHub is over here before anybody can ask for it.
  try {
    for (const one of lower(c, issue))
      merge.merged = await mergePull(c.world, c.repo, c.auth, one, method ? { method } : {});
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    merge.failed = error.message;
  }
  return { status: 202, body: accepted };
}

/**
 * A pull request with all that lies below it, bottom first. Each but the bottom one is moved onto the stack's base when
 * its turn comes.
 */
function* lower(c: Context, issue: Issue): Generator<Issue> {
  const stack = stacksOf(c.repo).find(({ pulls }) => pulls.includes(issue.number));
  const below = stack ? stack.pulls.slice(0, stack.pulls.indexOf(issue.number)) : [];
  const pending = [...below.map((number) => pullAt(c, number)).filter((one) => !one.pull!.merged), issue];
  const base = pending[0]!.pull!.baseRef;
  for (const one of pending) {
    one.pull!.baseRef = base;
    yield one;
  }
}

function ordered(c: Context, least: number, onto?: Issue): number[] {
  const given = c.body["pull_requests"];
  if (!Array.isArray(given) || given.length < least || given.length > 100)
    throw invalid("PullRequestStack", "pull_requests", "invalid");
  let below = onto;
  for (const number of given as unknown[]) {
    const next = c.repo.issues.get(Number(number));
    if (next?.pull == null || next.state !== "open")
      throw invalid("PullRequestStack", "pull_requests", "invalid", `#${String(number)} is no open pull request`);
    if (below && next.pull.baseRef !== below.pull!.headRef)
      throw invalid("PullRequestStack", "pull_requests", "invalid", `#${next.number} is not based on #${below.number}`);
    below = next;
  }
  return given as number[];
}

function pullAt(c: Context, number: number): Issue {
  const issue = c.repo.issues.get(number);
  if (!issue?.pull) throw notFound();
  return issue;
}
function stackOf(c: Context): Stack {
  const found = stacksOf(c.repo).find(({ number }) => number === c.id("stack_number"));
  if (!found) throw notFound();
  return found;
}

function presentMerge({ failed, merged, uuid, method, action, sha }: AsyncMerge) {
  if (failed !== undefined) return { status: "failed", details: { message: failed } };
  if (merged !== undefined)
    return { status: "merged", details: { message: "Pull Request successfully merged", sha: merged } };
  return {
    status: "pending",
    details: {
      message: "Pull Request is queued to be merged",
      uuid,
      merge_method: method,
      merge_action: action,
      expected_head_sha: sha,
    },
  };
}

function presentStack(c: Context, stack: Stack) {
  const pulls = stack.pulls.map((number) => pullAt(c, number));
  return {
    id: stack.id,
    number: stack.number,
    node_id: Buffer.from(`PullRequestStack${stack.id}`).toString("base64"),
    url: `${c.world.api}/repos/${c.world.fullName(c.repo)}/stacks/${stack.number}`,
    base: { ref: pulls[0]!.pull!.baseRef },
    open: pulls.some(({ state }) => state === "open"),
    created_at: stack.createdAt,
    pull_requests: pulls.map((pull) => presentPull(c.world, c.repo, pull)),
  };
}
