/** Check runs and statuses of a commit, one by one and rolled up. */
import type { CheckRun, CommitStatus, Repository } from "../../state";
import { allowedOn } from "../../permissions";
import { reviewRequirements } from "../../rules/requirements";
import { demandToken, inaccessible } from "../access";
import { connection } from "../connection";
import { FieldRefusal, unprocessable, unresolved } from "../errors";
import {
  accountById,
  repositorySource,
  type Args,
  type CheckRunSource,
  type CheckSuiteSource,
  type GraphqlContext,
  type Resolvers,
  type StatusContextSource,
} from "../source";
import { commitAt } from "./commitSource";

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

/**
 * All checks of a commit as one; null when there are none. Their state may be read with either permission. Each check
 * run is refused by itself, at its own place, to a token without `checks`, which no fine-grained token of a person can
 * have (seen on github.com: cli/cli 12597).
 */
export function rollup(context: GraphqlContext, repo: Repository, sha: string): Record<string, unknown> | null {
  demandToken(context, repo, "checks=read;statuses=read");
  const readsRuns = allowedOn(context.world, context.auth, repo, "checks=read");
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
        (entry): CheckRunSource | StatusContextSource | FieldRefusal =>
          entry.kind === "status"
            ? { type: "StatusContext", repo, status: entry.status }
            : readsRuns
              ? { type: "CheckRun", repo, run: entry.run }
              : new FieldRefusal("FORBIDDEN", inaccessible(context)),
        {
          extra: {
            checkRunCount: entries.filter((entry) => entry.kind === "run").length,
            checkRunCountsByState: countsOf(
              entries.flatMap((entry) =>
                entry.kind === "run" ? [(entry.run.conclusion ?? entry.run.status).toUpperCase()] : [],
              ),
            ),
            statusContextCount: entries.filter((entry) => entry.kind === "status").length,
            statusContextCountsByState: countsOf(
              entries.flatMap((entry) => (entry.kind === "status" ? [entry.status.state.toUpperCase()] : [])),
            ),
          },
        },
      ),
  };
}

/** How often each state occurs, in the order of its first occurrence. */
const countsOf = (states: readonly string[]): { state: string; count: number }[] =>
  [...new Set(states)].map((state) => ({ state, count: states.filter((other) => other === state).length }));

/**
 * Whether the base of a pull request, named by id or number, requires a check. @throws FieldRefusal when neither is
 * given or there is none
 */
async function isRequired(context: GraphqlContext, repo: Repository, name: string, args: Args): Promise<boolean> {
  const { pullRequestId: id, pullRequestNumber: number } = args as {
    pullRequestId?: string | null;
    pullRequestNumber?: number | null;
  };
  if (typeof id !== "string" && typeof number !== "number")
    throw unprocessable("Either `pullRequestId` or `pullRequestNumber` must be provided.");
  const pull = [...repo.issues.values()].find((found) =>
    typeof id === "string" ? found.pull?.nodeId === id : found.number === number && found.pull !== null,
  )?.pull;
  if (!pull)
    throw unresolved(
      typeof id === "string" ? `a node with the global id of '${id}'` : `a PullRequest with the number of ${number}`,
    );
  return reviewRequirements(context.world, repo, pull.baseRef).checks.some((check) => check.context === name);
}

const checkRun: Resolvers<CheckRunSource> = {
  isRequired: ({ repo, run }, args, context) => isRequired(context, repo, run.name, args),
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
  isRequired: ({ repo, status }, args, context) => isRequired(context, repo, status.context, args),
  avatarUrl: ({ status }, _args, { world }) => `${world.origin}/avatars/u/${status.creatorId}`,
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
