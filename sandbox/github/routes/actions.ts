import { gitOf } from "../domain/refs";
import { runWorkflows } from "../domain/actions";
import { noContent, ok, page, redirect, type Context } from "../http/context";
import { HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { presentUserId } from "../present/accounts";
import { presentSimpleCommit } from "../present/commits";
import { presentMinimalRepository } from "../present/repositories";
import type { Artifact, Workflow, WorkflowJob, WorkflowRun } from "../state";
import { zip } from "../zip";

const read = { permission: "actions=read" };
const write = { permission: "actions=write" };

/**
 * Files of a run's log: each job whole, and each of its steps by number and name, which is where clients look for
 * `--log` (cli/cli, run/view/logs.go).
 */
function logFiles(run: WorkflowRun): { name: string; content: Buffer }[] {
  const plain = (name: string): string => name.replace(/[/:<>|*?\\"]/g, "");
  return run.jobs.flatMap((job, index) => [
    { name: `${index}_${plain(job.name)}.txt`, content: Buffer.from(run.log) },
    ...job.steps.map((step, at) => ({
      name: `${plain(job.name)}/${step.number}_${plain(step.name)}.txt`,
      // The stand-in keeps one log a run; it stands in the first step.
      content: Buffer.from(at === 0 ? run.log : ""),
    })),
  ]);
}

/** GitHub Actions: runs, jobs, logs and artifacts. Logs and artifacts are redirects to another host. */
export function actionsRoutes(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/actions/workflows", read, (c) =>
    page(
      c,
      [...c.repo.workflows.values()],
      (w) => workflow(c, w),
      (workflows, total_count) => ({ total_count, workflows }),
    ),
  );
  router.on("GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}", read, (c) =>
    ok(workflow(c, workflowById(c))),
  );
  router.on("GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", read, (c) => {
    const w = workflowById(c);
    return runs(
      c,
      [...c.repo.runs.values()].filter((r) => r.workflowId === w.id),
    );
  });
  router.on("PUT", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/disable", write, (c) => {
    workflowById(c).state = "disabled_manually";
    return noContent();
  });
  router.on("PUT", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable", write, (c) => {
    workflowById(c).state = "active";
    return noContent();
  });
  router.on("POST", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", write, async (c) => {
    const ref = c.string("ref", true);
    const git = gitOf(c.repo);
    const sha = await git.resolve(ref);
    if (!sha) throw new HttpError(422, `No ref found for: ${ref}`);
    await runWorkflows(c.world, c.repo, git, {
      event: "workflow_dispatch",
      branch: ref,
      sha,
      actorId: c.me.id,
      workflowId: workflowById(c).id,
    });
    return noContent();
  });

  router.on("GET", "/repos/{owner}/{repo}/actions/runs", read, (c) => runs(c, [...c.repo.runs.values()]));
  router.on("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}", read, async (c) => ok(await run(c, runById(c))));
  router.on("DELETE", "/repos/{owner}/{repo}/actions/runs/{run_id}", write, (c) => {
    c.repo.runs.delete(runById(c).id);
    return noContent();
  });
  router.on("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", read, (c) => {
    const r = runById(c);
    return page(
      c,
      r.jobs,
      (j) => job(c, r, j),
      (jobs, total_count) => ({ total_count, jobs }),
    );
  });
  router.on("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/logs", read, (c) => {
    const r = runById(c);
    return redirect(
      302,
      c.world.blobs.offer(`actions/runs/${r.id}/logs.zip`, {
        contentType: "application/zip",
        filename: `logs_${r.id}.zip`,
        content: zip(logFiles(r)),
      }),
    );
  });
  router.on("DELETE", "/repos/{owner}/{repo}/actions/runs/{run_id}/logs", write, (c) => {
    runById(c).log = "";
    return noContent();
  });
  for (const again of ["rerun", "rerun-failed-jobs"]) {
    router.on("POST", `/repos/{owner}/{repo}/actions/runs/{run_id}/${again}`, write, (c) => {
      const r = runById(c);
      r.attempt += 1;
      r.updatedAt = c.world.clock.iso();
      return { status: 201, body: {} };
    });
  }
  router.on("POST", "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel", write, (c) => {
    if (runById(c).status === "completed") throw new HttpError(409, "Cannot cancel a workflow run that is completed.");
    return { status: 202, body: {} };
  });
  router.on("POST", "/repos/{owner}/{repo}/actions/runs/{run_id}/approve", write, (c) => {
    runById(c);
    return { status: 201, body: {} };
  });
  router.on("GET", "/repos/{owner}/{repo}/actions/jobs/{job_id}", read, (c) => {
    const [r, j] = jobById(c);
    return ok(job(c, r, j));
  });
  router.on("GET", "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs", read, (c) => {
    const [r, j] = jobById(c);
    return redirect(
      302,
      c.world.blobs.offer(`actions/jobs/${j.id}/logs.txt`, {
        contentType: "text/plain; charset=utf-8",
        content: Buffer.from(r.log),
      }),
    );
  });
  router.on("GET", "/repos/{owner}/{repo}/actions/artifacts", read, (c) =>
    page(
      c,
      [...c.repo.runs.values()].flatMap((r) => r.artifacts.map((a) => [r, a] as const)),
      ([r, a]) => artifact(c, r, a),
      (artifacts, total_count) => ({ total_count, artifacts }),
    ),
  );
  router.on("GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts", read, (c) => {
    const r = runById(c);
    return page(
      c,
      r.artifacts,
      (a) => artifact(c, r, a),
      (artifacts, total_count) => ({ total_count, artifacts }),
    );
  });
  router.on("GET", "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}", read, (c) => {
    const [r, a] = artifactById(c);
    return ok(artifact(c, r, a));
  });
  router.on("GET", "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}", read, (c) => {
    const [, a] = artifactById(c);
    return redirect(
      302,
      c.world.blobs.offer(`actions/artifacts/${a.id}.zip`, {
        contentType: "application/zip",
        filename: `${a.name}.zip`,
        content: zip([{ name: a.name, content: a.content }]),
      }),
    );
  });

  settings(router);
}

/** What may run at all, and with which rights. */
function settings(router: Router): void {
  const R = { role: "admin" as const, permission: "administration=read" };
  const W = { role: "admin" as const, permission: "administration=write" };
  const BASE = "/repos/{owner}/{repo}/actions/permissions";
  router.on("GET", BASE, R, (c) => {
    const a = c.repo.actions;
    // A repository without Actions says only that.
    return ok(
      a.enabled
        ? {
            enabled: true,
            allowed_actions: a.allowedActions,
            ...(a.allowedActions === "selected"
              ? {
                  selected_actions_url: `${c.world.api}/repositories/${c.repo.id}/actions/permissions/selected-actions`,
                }
              : {}),
            sha_pinning_required: a.shaPinningRequired,
          }
        : { enabled: false },
    );
  });
  router.on("PUT", BASE, W, (c) => {
    const enabled = c.bool("enabled");
    if (enabled === undefined) throw new HttpError(422, 'Invalid request.\n\n"enabled" wasn\'t supplied.');
    Object.assign(c.repo.actions, {
      enabled,
      allowedActions:
        c.oneOf("allowed_actions", ["all", "local_only", "selected"] as const) ?? c.repo.actions.allowedActions,
      shaPinningRequired: c.bool("sha_pinning_required") ?? c.repo.actions.shaPinningRequired,
    });
    return noContent();
  });
  router.on("GET", `${BASE}/selected-actions`, R, (c) => {
    if (c.repo.actions.allowedActions !== "selected") throw new HttpError(409, "Conflict");
    return ok(c.repo.actions.selected);
  });
  router.on("PUT", `${BASE}/selected-actions`, W, (c) => {
    if (c.repo.actions.allowedActions !== "selected") throw new HttpError(409, "Conflict");
    Object.assign(c.repo.actions.selected, {
      github_owned_allowed: c.bool("github_owned_allowed") ?? false,
      verified_allowed: c.bool("verified_allowed") ?? false,
      patterns_allowed: c.strings("patterns_allowed") ?? [],
    });
    return noContent();
  });
  router.on("GET", `${BASE}/workflow`, R, (c) =>
    ok({
      default_workflow_permissions: c.repo.workflow.defaultWorkflowPermissions,
      can_approve_pull_request_reviews: c.repo.workflow.canApprovePullRequestReviews,
    }),
  );
  router.on("PUT", `${BASE}/workflow`, W, (c) => {
    Object.assign(c.repo.workflow, {
      defaultWorkflowPermissions:
        c.oneOf("default_workflow_permissions", ["read", "write"] as const) ??
        c.repo.workflow.defaultWorkflowPermissions,
      canApprovePullRequestReviews:
        c.bool("can_approve_pull_request_reviews") ?? c.repo.workflow.canApprovePullRequestReviews,
    });
    return noContent();
  });
  const OR = { org: "admin" as const, permission: "organization_administration=read" };
  const OW = { org: "admin" as const, permission: "organization_administration=write" };
  router.on("GET", "/orgs/{org}/actions/permissions", OR, (c) =>
    ok({
      enabled_repositories: c.org.actions.enabledRepositories,
      selected_repositories_url: `${c.world.api}/organizations/${c.org.id}/actions/permissions/repositories`,
      allowed_actions: c.org.actions.allowedActions,
      selected_actions_url: `${c.world.api}/organizations/${c.org.id}/actions/permissions/selected-actions`,
      sha_pinning_required: c.org.actions.shaPinningRequired,
    }),
  );
  router.on("PUT", "/orgs/{org}/actions/permissions", OW, (c) => {
    Object.assign(c.org.actions, {
      enabledRepositories: c.oneOf("enabled_repositories", ["all", "none", "selected"] as const) ?? "all",
      allowedActions:
        c.oneOf("allowed_actions", ["all", "local_only", "selected"] as const) ?? c.org.actions.allowedActions,
    });
    return noContent();
  });
  router.on("GET", "/orgs/{org}/actions/permissions/workflow", OR, (c) =>
    ok({
      default_workflow_permissions: c.org.workflow.defaultWorkflowPermissions,
      can_approve_pull_request_reviews: c.org.workflow.canApprovePullRequestReviews,
    }),
  );
  router.on("PUT", "/orgs/{org}/actions/permissions/workflow", OW, (c) => {
    Object.assign(c.org.workflow, {
      defaultWorkflowPermissions: c.oneOf("default_workflow_permissions", ["read", "write"] as const) ?? "read",
      canApprovePullRequestReviews: c.bool("can_approve_pull_request_reviews") ?? false,
    });
    return noContent();
  });
}

function workflowById(c: Context): Workflow {
  const id = c.param("workflow_id");
  const found = [...c.repo.workflows.values()].find((w) => String(w.id) === id || w.path === `.github/workflows/${id}`);
  if (!found) throw notFound();
  return found;
}
function runById(c: Context): WorkflowRun {
  const r = c.repo.runs.get(c.id("run_id"));
  if (!r) throw notFound();
  return r;
}
function jobById(c: Context): [WorkflowRun, WorkflowJob] {
  for (const r of c.repo.runs.values()) {
    const j = r.jobs.find((x) => x.id === c.id("job_id"));
    if (j) return [r, j];
  }
  throw notFound();
}
function artifactById(c: Context): [WorkflowRun, Artifact] {
  for (const r of c.repo.runs.values()) {
    const a = r.artifacts.find((x) => x.id === c.id("artifact_id"));
    if (a) return [r, a];
  }
  throw notFound();
}

const urlOf = (c: Context): string => `${c.world.api}/repos/${c.world.fullName(c.repo)}`;
const htmlOf = (c: Context): string => `${c.world.origin}/${c.world.fullName(c.repo)}`;

function workflow(c: Context, w: Workflow) {
  return {
    id: w.id,
    node_id: w.nodeId,
    name: w.name,
    path: w.path,
    state: w.state,
    created_at: w.createdAt,
    updated_at: w.updatedAt,
    url: `${urlOf(c)}/actions/workflows/${w.id}`,
    html_url: `${htmlOf(c)}/blob/${c.repo.defaultBranch}/${w.path}`,
    badge_url: `${htmlOf(c)}/workflows/${encodeURIComponent(w.name)}/badge.svg`,
  };
}

async function runs(c: Context, all: readonly WorkflowRun[]) {
  const q = (name: string): string | null => c.query.get(name);
  const list = all
    .filter(
      (r) =>
        (!q("branch") || r.headBranch === q("branch")) &&
        (!q("event") || r.event === q("event")) &&
        (!q("head_sha") || r.headSha === q("head_sha")) &&
        (!q("status") || r.status === q("status") || r.conclusion === q("status")) &&
        (!q("actor") || c.world.user(r.actorId).login === q("actor")),
    )
    .reverse();
  const reply = page(c, list, (r) => r);
  return {
    ...reply,
    body: {
      total_count: list.length,
      workflow_runs: await Promise.all((reply.body as WorkflowRun[]).map((r) => run(c, r))),
    },
  };
}

async function run(c: Context, r: WorkflowRun) {
  const w = c.repo.workflows.get(r.workflowId)!;
  const url = `${urlOf(c)}/actions/runs/${r.id}`;
  const commit = await gitOf(c.repo).commit(r.headSha);
  return {
    id: r.id,
    name: w.name,
    node_id: r.nodeId,
    head_branch: r.headBranch,
    head_sha: r.headSha,
    path: w.path,
    display_title: commit?.message.split("\n")[0] ?? "",
    run_number: r.runNumber,
    event: r.event,
    status: r.status,
    conclusion: r.conclusion,
    workflow_id: w.id,
    check_suite_id: r.suiteId,
    check_suite_node_id: c.repo.checkSuites.get(r.suiteId)?.nodeId ?? "",
    url,
    html_url: `${htmlOf(c)}/actions/runs/${r.id}`,
    pull_requests: [],
    created_at: r.createdAt,
    updated_at: r.updatedAt,
    actor: presentUserId(c.world, r.actorId),
    run_attempt: r.attempt,
    referenced_workflows: [],
    run_started_at: r.createdAt,
    triggering_actor: presentUserId(c.world, r.actorId),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${urlOf(c)}/check-suites/${r.suiteId}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: null,
    workflow_url: `${urlOf(c)}/actions/workflows/${w.id}`,
    head_commit: commit ? presentSimpleCommit(commit) : null,
    repository: presentMinimalRepository(c.world, c.repo),
    head_repository: presentMinimalRepository(c.world, c.repo),
  };
}

function job(c: Context, r: WorkflowRun, j: WorkflowJob) {
  const w = c.repo.workflows.get(r.workflowId)!;
  return {
    id: j.id,
    run_id: r.id,
    workflow_name: w.name,
    head_branch: r.headBranch,
    run_url: `${urlOf(c)}/actions/runs/${r.id}`,
    run_attempt: r.attempt,
    node_id: j.nodeId,
    head_sha: r.headSha,
    url: `${urlOf(c)}/actions/jobs/${j.id}`,
    html_url: `${htmlOf(c)}/actions/runs/${r.id}/job/${j.id}`,
    status: j.status,
    conclusion: j.conclusion,
    created_at: j.startedAt,
    started_at: j.startedAt,
    completed_at: j.completedAt,
    name: j.name,
    steps: j.steps.map((s) => ({ ...s, started_at: j.startedAt, completed_at: j.completedAt })),
    check_run_url: `${urlOf(c)}/check-runs/${j.id}`,
    labels: ["ubuntu-latest"],
    runner_id: 1,
    runner_name: "GitHub Actions 1",
    runner_group_id: 0,
    runner_group_name: "GitHub Actions",
  };
}

function artifact(c: Context, r: WorkflowRun, a: Artifact) {
  const url = `${urlOf(c)}/actions/artifacts/${a.id}`;
  return {
    id: a.id,
    node_id: a.nodeId,
    name: a.name,
    size_in_bytes: a.content.length,
    url,
    archive_download_url: `${url}/zip`,
    expired: false,
    created_at: a.createdAt,
    updated_at: a.createdAt,
    expires_at: a.expiresAt,
    workflow_run: {
      id: r.id,
      repository_id: c.repo.id,
      head_repository_id: c.repo.id,
      head_branch: r.headBranch,
      head_sha: r.headSha,
    },
  };
}
