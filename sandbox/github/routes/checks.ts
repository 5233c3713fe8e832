import { newCheckRun, newCheckSuite } from "../domain/actions";
import { gitOf } from "../domain/refs";
import { created, ok, page, type Context } from "../http/context";
import { forbidden, HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { nodeId } from "../ids";
import { presentApp, presentUserId } from "../present/accounts";
import { presentSimpleCommit } from "../present/commits";
import { presentMinimalRepository } from "../present/repositories";
import type { CheckRun, CheckSuite, CommitStatus } from "../state";

const STATUSES = { permission: "statuses=read" };
const CHECKS = { permission: "checks=read" };

/** Commit statuses, which anybody with push access can set, and check runs, which only Apps can. */
export function checkRoutes(router: Router): void {
  router.on("POST", "/repos/{owner}/{repo}/statuses/{sha}", { permission: "statuses=write" }, async (c) => {
    const sha = c.param("sha");
    if (!(await gitOf(c.repo).commit(sha))) throw new HttpError(422, `No commit found for SHA: ${sha}`);
    const state = c.oneOf("state", ["error", "failure", "pending", "success"] as const);
    if (!state) throw new HttpError(422, 'Invalid request.\n\n"state" wasn\'t supplied.');
    const id = c.world.ids.next();
    const now = c.world.clock.iso();
    const made: CommitStatus = {
      id,
      nodeId: nodeId("status", c.repo.id, id),
      appId: c.auth.token?.kind === "app-installation" ? (c.auth.app?.id ?? null) : null,
      sha,
      state,
      context: c.string("context") ?? "default",
      description: c.string("description") ?? null,
      targetUrl: c.string("target_url") ?? null,
      creatorId: c.me.id,
      createdAt: now,
      updatedAt: now,
    };
    c.repo.statuses.push(made);
    c.world.webhooks.emit("status", null, {
      repo: c.repo,
      senderId: c.me.id,
      payload: { sha, state, context: made.context },
    });
    return created(status(c, made));
  });
  const statusesOf = async (c: Context): Promise<{ sha: string; list: CommitStatus[] }> => {
    const sha = await gitOf(c.repo).resolve(c.param("ref"));
    if (!sha) throw new HttpError(422, `No commit found for SHA: ${c.param("ref")}`);
    return { sha, list: c.repo.statuses.filter((s) => s.sha === sha).reverse() };
  };
  router.on("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", STATUSES, async (c) =>
    page(c, (await statusesOf(c)).list, (s) => status(c, s)),
  );
  router.on("GET", "/repos/{owner}/{repo}/commits/{ref}/status", STATUSES, async (c) => {
    const { sha, list } = await statusesOf(c);
    const latest = [
      ...new Map(
        list
          .slice()
          .reverse()
          .map((s) => [s.context, s]),
      ).values(),
    ];
    const state = latest.some((s) => s.state === "failure" || s.state === "error")
      ? "failure"
      : latest.length > 0 && latest.every((s) => s.state === "success")
        ? "success"
        : "pending";
    const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/commits/${sha}`;
    return ok({
      state,
      statuses: latest.map((s) => {
        const { creator: _c, ...short } = status(c, s);
        return short;
      }),
      sha,
      total_count: latest.length,
      repository: presentMinimalRepository(c.world, c.repo),
      commit_url: url,
      url: `${url}/status`,
    });
  });

  router.on("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", CHECKS, async (c) => {
    const sha = await gitOf(c.repo).resolve(c.param("ref"));
    if (!sha) throw new HttpError(422, `No commit found for SHA: ${c.param("ref")}`);
    const q = (name: string): string | null => c.query.get(name);
    const all = [...c.repo.checkRuns.values()].filter(
      (r) =>
        r.headSha === sha &&
        (!q("check_name") || r.name === q("check_name")) &&
        (!q("status") || r.status === q("status")) &&
        (!q("app_id") || r.appId === Number(q("app_id"))),
    );
    const shown = q("filter") === "all" ? all : [...new Map(all.map((r) => [`${r.appId} ${r.name}`, r])).values()];
    return page(
      c,
      shown,
      (r) => run(c, r),
      (check_runs, total_count) => ({ total_count, check_runs }),
    );
  });
  router.on("GET", "/repos/{owner}/{repo}/commits/{ref}/check-suites", CHECKS, async (c) => {
    const git = gitOf(c.repo);
    const sha = await git.resolve(c.param("ref"));
    const commit = sha ? await git.commit(sha) : undefined;
    if (!sha || !commit) throw new HttpError(422, `No commit found for SHA: ${c.param("ref")}`);
    return page(
      c,
      [...c.repo.checkSuites.values()].filter((s) => s.headSha === sha),
      (s) => suite(c, s, presentSimpleCommit(commit)),
      (check_suites, total_count) => ({ total_count, check_suites }),
    );
  });
  router.on("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}", CHECKS, async (c) => {
    const s = c.repo.checkSuites.get(c.id("check_suite_id"));
    const commit = s ? await gitOf(c.repo).commit(s.headSha) : undefined;
    if (!s || !commit) throw notFound();
    return ok(suite(c, s, presentSimpleCommit(commit)));
  });
  router.on("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs", CHECKS, (c) =>
    page(
      c,
      [...c.repo.checkRuns.values()].filter((r) => r.suiteId === c.id("check_suite_id")),
      (r) => run(c, r),
      (check_runs, total_count) => ({ total_count, check_runs }),
    ),
  );
  router.on("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", CHECKS, (c) => ok(run(c, find(c))));
  router.on("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", CHECKS, (c) => {
    find(c);
    return page(c, [], (x) => x);
  });
  router.on("POST", "/repos/{owner}/{repo}/check-runs", { permission: "checks=write" }, async (c) => {
    if (c.auth.token?.kind !== "app-installation") throw forbidden("You must authenticate via a GitHub App.");
    const sha = c.string("head_sha", true);
    if (!(await gitOf(c.repo).commit(sha))) throw new HttpError(422, `No commit found for SHA: ${sha}`);
    return created(
      run(
        c,
        newCheckRun(
          c.world,
          c.repo,
          newCheckSuite(c.world, c.repo, c.auth.app!.id, sha, null),
          c.string("name", true),
          values(c),
        ),
      ),
    );
  });
  router.on("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", { permission: "checks=write" }, (c) => {
    const r = find(c);
    if (c.auth.token?.kind !== "app-installation" || c.auth.app?.id !== r.appId)
      throw forbidden("Resource not accessible by integration");
    Object.assign(r, values(c));
    return ok(run(c, r));
  });
}

function values(c: Context): Partial<CheckRun> {
  const conclusion = c.string("conclusion");
  const state = conclusion
    ? ("completed" as const)
    : c.oneOf("status", ["queued", "in_progress", "completed"] as const);
  const output = c.body["output"] as { title?: string; summary?: string; text?: string } | undefined;
  return {
    ...(state ? { status: state } : {}),
    ...(conclusion ? { conclusion, completedAt: c.string("completed_at") ?? c.world.clock.iso() } : {}),
    ...(c.string("external_id") ? { externalId: c.string("external_id")! } : {}),
    ...(c.string("details_url") ? { detailsUrl: c.string("details_url")! } : {}),
    ...(output
      ? { output: { title: output.title ?? null, summary: output.summary ?? null, text: output.text ?? null } }
      : {}),
  };
}
function find(c: Context): CheckRun {
  const r = c.repo.checkRuns.get(c.id("check_run_id"));
  if (!r) throw notFound();
  return r;
}

function status(c: Context, s: CommitStatus) {
  return {
    url: `${c.world.api}/repos/${c.world.fullName(c.repo)}/statuses/${s.sha}`,
    avatar_url: null,
    id: s.id,
    node_id: s.nodeId,
    state: s.state,
    description: s.description,
    target_url: s.targetUrl,
    context: s.context,
    created_at: s.createdAt,
    updated_at: s.updatedAt,
    creator: presentUserId(c.world, s.creatorId),
  };
}
function run(c: Context, r: CheckRun) {
  const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/check-runs/${r.id}`;
  const app = c.world.apps.get(r.appId);
  return {
    id: r.id,
    head_sha: r.headSha,
    node_id: r.nodeId,
    external_id: r.externalId,
    url,
    html_url: `${c.world.origin}/${c.world.fullName(c.repo)}/runs/${r.id}`,
    details_url: r.detailsUrl,
    status: r.status,
    conclusion: r.conclusion,
    started_at: r.startedAt,
    completed_at: r.completedAt,
    output: { ...r.output, annotations_count: 0, annotations_url: `${url}/annotations` },
    name: r.name,
    check_suite: { id: r.suiteId },
    app: app ? presentApp(c.world, app) : null,
    pull_requests: [],
  };
}
function suite(c: Context, s: CheckSuite, commit: ReturnType<typeof presentSimpleCommit>) {
  const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/check-suites/${s.id}`;
  const runs = [...c.repo.checkRuns.values()].filter((r) => r.suiteId === s.id);
  const done = runs.length > 0 && runs.every((r) => r.status === "completed");
  const app = c.world.apps.get(s.appId);
  return {
    id: s.id,
    node_id: s.nodeId,
    head_branch: s.headBranch,
    head_sha: s.headSha,
    status: done ? "completed" : "queued",
    conclusion: done ? (runs.some((r) => r.conclusion === "failure") ? "failure" : "success") : null,
    url,
    before: null,
    after: s.headSha,
    pull_requests: [],
    app: app ? presentApp(c.world, app) : null,
    repository: presentMinimalRepository(c.world, c.repo),
    created_at: s.createdAt,
    updated_at: s.updatedAt,
    head_commit: commit,
    latest_check_runs_count: runs.length,
    check_runs_url: `${url}/check-runs`,
  };
}
