/** Check runs and statuses of a commit, one by one and rolled up. */
import type { CheckRun, CommitStatus, Repository } from "../../state";
import { demandToken } from "../access";
import { connection } from "../connection";
import {
  accountById,
  repositorySource,
  type CheckRunSource,
  type CheckSuiteSource,
  type GraphqlContext,
  type Resolvers,
  type StatusContextSource,
} from "../source";
import { commitAt } from "./git";

type Entry = { kind: "run"; run: CheckRun } | { kind: "status"; status: CommitStatus };

/** The newest of each name, as a page of checks shows them. */
function entriesOf(repo: Repository, sha: string): Entry[] {
  const runs = new Map<string, CheckRun>();
  for (const run of repo.checkRuns.values()) if (run.headSha === sha) runs.set(`${run.appId}:${run.name}`, run);
  const statuses = new Map<string, CommitStatus>();
  for (const status of repo.statuses) if (status.sha === sha) statuses.set(status.context, status);
  return [
    ...[...runs.values()].map((run): Entry => ({ kind: "run", run })),
    ...[...statuses.values()].map((status): Entry => ({ kind: "status", status })),
  ];
}

const PASSING = new Set(["success", "neutral", "skipped"]);

function stateOf(entry: Entry): "SUCCESS" | "PENDING" | "FAILURE" | "ERROR" {
  if (entry.kind === "status") return entry.status.state.toUpperCase() as "SUCCESS" | "PENDING" | "FAILURE" | "ERROR";
  if (entry.run.status !== "completed") return "PENDING";
  return PASSING.has(entry.run.conclusion ?? "") ? "SUCCESS" : "FAILURE";
}

/** All checks of a commit as one; null when there are none. */
export function rollup(context: GraphqlContext, repo: Repository, sha: string): Record<string, unknown> | null {
  demandToken(context, repo, "checks=read;statuses=read");
  const entries = entriesOf(repo, sha);
  if (entries.length === 0) return null;
  const states = entries.map(stateOf);
  const state = states.includes("FAILURE")
    ? "FAILURE"
    : states.includes("ERROR")
      ? "ERROR"
      : states.includes("PENDING")
        ? "PENDING"
        : "SUCCESS";
  return {
    id: Buffer.from(`rollup:${repo.id}:${sha}`).toString("base64url"),
    state,
    commit: () => commitAt(repo, sha),
    contexts: (args: Record<string, unknown>) =>
      connection(
        "contexts",
        args,
        entries,
        (entry): CheckRunSource | StatusContextSource =>
          entry.kind === "run"
            ? { type: "CheckRun", repo, run: entry.run }
            : { type: "StatusContext", repo, status: entry.status },
        {
          extra: {
            checkRunCount: entries.filter((entry) => entry.kind === "run").length,
            statusContextCount: entries.filter((entry) => entry.kind === "status").length,
          },
        },
      ),
  };
}

const checkRun: Resolvers<CheckRunSource> = {
  id: ({ run }) => run.nodeId,
  databaseId: ({ run }) => run.id,
  name: ({ run }) => run.name,
  status: ({ run }) => run.status.toUpperCase(),
  conclusion: ({ run }) => run.conclusion?.toUpperCase() ?? null,
  startedAt: ({ run }) => run.startedAt,
  completedAt: ({ run }) => run.completedAt,
  detailsUrl: ({ run }) => run.detailsUrl,
  externalId: ({ run }) => run.externalId,
  title: ({ run }) => run.output.title,
  summary: ({ run }) => run.output.summary,
  text: ({ run }) => run.output.text,
  permalink: ({ repo, run }, _args, { world }) =>
    run.detailsUrl ?? `${world.origin}/${world.fullName(repo)}/runs/${run.id}`,
  url: ({ repo, run }, _args, { world }) => `${world.origin}/${world.fullName(repo)}/runs/${run.id}`,
  resourcePath: ({ repo, run }, _args, { world }) => `/${world.fullName(repo)}/runs/${run.id}`,
  repository: ({ repo }) => repositorySource(repo),
  checkSuite: ({ repo, run }) => {
    const suite = repo.checkSuites.get(run.suiteId);
    return suite ? { type: "CheckSuite", repo, suite } : null;
  },
};

const checkSuite: Resolvers<CheckSuiteSource> = {
  id: ({ suite }) => suite.nodeId,
  databaseId: ({ suite }) => suite.id,
  createdAt: ({ suite }) => suite.createdAt,
  updatedAt: ({ suite }) => suite.updatedAt,
  repository: ({ repo }) => repositorySource(repo),
  commit: ({ repo, suite }) => commitAt(repo, suite.headSha),
  app: ({ suite }, _args, { world }) => {
    const app = world.apps.get(suite.appId);
    return app ? { type: "App", app } : null;
  },
  checkRuns: ({ repo, suite }, args) =>
    connection(
      "checkRuns",
      args,
      [...repo.checkRuns.values()].filter((run) => run.suiteId === suite.id),
      (run): CheckRunSource => ({ type: "CheckRun", repo, run }),
    ),
  workflowRun: ({ repo, suite }) => {
    const run = [...repo.runs.values()].find((found) => found.suiteId === suite.id);
    const workflow = run && repo.workflows.get(run.workflowId);
    return run && workflow
      ? {
          id: run.nodeId,
          databaseId: run.id,
          runNumber: run.runNumber,
          event: run.event,
          createdAt: run.createdAt,
          updatedAt: run.updatedAt,
          workflow: {
            id: workflow.nodeId,
            databaseId: workflow.id,
            name: workflow.name,
            state: workflow.state.toUpperCase(),
            createdAt: workflow.createdAt,
            updatedAt: workflow.updatedAt,
          },
        }
      : null;
  },
};

const statusContext: Resolvers<StatusContextSource> = {
  id: ({ status }) => status.nodeId,
  context: ({ status }) => status.context,
  state: ({ status }) => status.state.toUpperCase(),
  description: ({ status }) => status.description,
  targetUrl: ({ status }) => status.targetUrl,
  createdAt: ({ status }) => status.createdAt,
  creator: ({ status }, _args, context) => accountById(context, status.creatorId),
  commit: ({ repo, status }) => commitAt(repo, status.sha),
};

export const checkTypes = { CheckRun: checkRun, CheckSuite: checkSuite, StatusContext: statusContext };
