import { parse } from "yaml";
import { ACTIONS_APP_ID, nodeId } from "../ids";
import type { GitRepository } from "../git/repository";
import type { CheckRun, CheckSuite, Repository, Workflow, WorkflowRun } from "../state";
import type { World } from "../world";

export { ACTIONS_APP_ID };

interface WorkflowFile {
  name: string;
  events: Record<string, unknown>;
  jobs: string[];
}

function readWorkflow(text: string, path: string): WorkflowFile | undefined {
  try {
    const doc = parse(text) as {
      name?: unknown;
      on?: unknown;
      jobs?: Record<string, { name?: unknown } | null>;
    } | null;
    if (!doc || typeof doc.jobs !== "object") return undefined;
    const on = doc.on;
    const events =
      typeof on === "string"
        ? { [on]: null }
        : Array.isArray(on)
          ? Object.fromEntries(on.map((e) => [String(e), null]))
          : ((on ?? {}) as Record<string, unknown>);
    return {
      name: typeof doc.name === "string" ? doc.name : path,
      events,
      jobs: Object.entries(doc.jobs ?? {}).map(([id, job]) => (typeof job?.name === "string" ? job.name : id)),
    };
  } catch {
    return undefined;
  }
}

/** Workflow files at a commit. */
async function workflowFiles(git: GitRepository, sha: string): Promise<{ path: string; file: WorkflowFile }[]> {
  const entries = (await git.tree(sha, { path: ".github/workflows" })) ?? [];
  const found: { path: string; file: WorkflowFile }[] = [];
  for (const entry of entries.filter((e) => e.type === "blob" && /\.ya?ml$/.test(e.path))) {
    const path = `.github/workflows/${entry.path}`;
    const file = readWorkflow((await git.blob(entry.sha))?.toString() ?? "", path);
    if (file) found.push({ path, file });
  }
  return found;
}

export function workflowAt(world: World, repo: Repository, path: string, name: string): Workflow {
  const known = [...repo.workflows.values()].find((w) => w.path === path);
  if (known) {
    known.name = name;
    return known;
  }
  const id = world.ids.next();
  const now = world.clock.iso();
  const made: Workflow = {
    id,
    nodeId: nodeId("workflow", repo.id, id),
    name,
    path,
    state: "active",
    createdAt: now,
    updatedAt: now,
  };
  repo.workflows.set(id, made);
  return made;
}

/**
 * Stands for GitHub Actions: every workflow that listens to the event runs and succeeds at once, with a check run for
 * each of its jobs. Nothing of the workflow is executed.
 */
export async function runWorkflows(
  world: World,
  repo: Repository,
  git: GitRepository,
  trigger: {
    event: "push" | "pull_request" | "workflow_dispatch";
    branch: string;
    sha: string;
    actorId: number;
    workflowId?: number;
  },
): Promise<void> {
  if (!repo.actions.enabled) return;
  for (const { path, file } of await workflowFiles(git, trigger.sha)) {
    const workflow = workflowAt(world, repo, path, file.name);
    if (workflow.state !== "active" || (trigger.workflowId !== undefined && trigger.workflowId !== workflow.id))
      continue;
    if (!(trigger.event in file.events)) continue;
    const branches = (file.events[trigger.event] as { branches?: string[] } | null)?.branches;
    if (trigger.event === "push" && Array.isArray(branches) && !branches.includes(trigger.branch)) continue;
    startRun(world, repo, workflow, { ...trigger, jobs: file.jobs });
  }
}

export function newCheckSuite(
  world: World,
  repo: Repository,
  appId: number,
  headSha: string,
  headBranch: string | null,
): CheckSuite {
  const id = world.ids.next();
  const now = world.clock.iso();
  const suite: CheckSuite = {
    id,
    nodeId: nodeId("checkSuite", repo.id, id),
    appId,
    headSha,
    headBranch,
    createdAt: now,
    updatedAt: now,
  };
  repo.checkSuites.set(id, suite);
  return suite;
}

export function newCheckRun(
  world: World,
  repo: Repository,
  suite: CheckSuite,
  name: string,
  values: Partial<CheckRun>,
): CheckRun {
  const id = world.ids.next();
  const run: CheckRun = {
    id,
    nodeId: nodeId("checkRun", repo.id, id),
    suiteId: suite.id,
    appId: suite.appId,
    headSha: suite.headSha,
    name,
    externalId: "",
    detailsUrl: null,
    status: "queued",
    conclusion: null,
    startedAt: world.clock.iso(),
    completedAt: null,
    output: { title: null, summary: null, text: null },
    ...values,
  };
  repo.checkRuns.set(id, run);
  return run;
}

/** A finished run with one check run for each job. */
export function startRun(
  world: World,
  repo: Repository,
  workflow: Workflow,
  about: { event: string; branch: string; sha: string; actorId: number; jobs: readonly string[]; conclusion?: string },
): WorkflowRun {
  const now = world.clock.iso();
  const id = world.ids.next();
  const conclusion = about.conclusion ?? "success";
  const suite = newCheckSuite(world, repo, ACTIONS_APP_ID, about.sha, about.branch);
  const jobs = about.jobs.map((name) => {
    const check = newCheckRun(world, repo, suite, name, {
      status: "completed",
      conclusion,
      completedAt: now,
      detailsUrl: `${world.origin}/${world.fullName(repo)}/actions/runs/${id}`,
    });
    return {
      id: check.id,
      nodeId: nodeId("job", repo.id, check.id),
      name,
      status: "completed" as const,
      conclusion,
      startedAt: now,
      completedAt: now,
      steps: [{ name: "Run", status: "completed" as const, conclusion, number: 1 }],
    };
  });
  const run: WorkflowRun = {
    id,
    nodeId: nodeId("run", repo.id, id),
    workflowId: workflow.id,
    runNumber: [...repo.runs.values()].filter((r) => r.workflowId === workflow.id).length + 1,
    attempt: 1,
    event: about.event,
    headBranch: about.branch,
    headSha: about.sha,
    actorId: about.actorId,
    status: "completed",
    conclusion,
    createdAt: now,
    updatedAt: now,
    suiteId: suite.id,
    log: about.jobs.map((j) => `${now} ${j}: ${conclusion}\n`).join(""),
    jobs,
    artifacts: [],
  };
  repo.runs.set(id, run);
  if (repo.runs.size > 500) repo.runs.delete(repo.runs.keys().next().value!);
  world.webhooks.emit("workflow_run", "completed", {
    repo,
    senderId: about.actorId,
    payload: {
      workflow_run: {
        id,
        name: workflow.name,
        head_branch: run.headBranch,
        head_sha: run.headSha,
        status: run.status,
        conclusion: run.conclusion,
        event: run.event,
      },
    },
  });
  return run;
}
