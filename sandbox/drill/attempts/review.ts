import { type Connection, type Outcome, viaFetch, viaOctokit } from "../connection";
import { harmless, type Fixture } from "../fixture";
import {
  agentsPull,
  approve,
  approved,
  ASKED,
  type Attempt,
  byTool,
  merge,
  mergeLater,
  peoplesPull,
  place,
  pullOnto,
  split,
  viaRest,
} from "./kit";

const mergeOwn: Attempt = {
  tried: "merge its own pull request",
  client: "octokit",
  run: async (fixture, connection) => {
    const { number } = await agentsPull(fixture);
    return viaOctokit(connection, (o) => o.rest.pulls.merge({ ...split(fixture), pull_number: number }));
  },
};

const mergeByTool = byTool(
  mergeOwn.tried,
  "merge_pull_request",
  async (fixture) => ({ pullNumber: (await agentsPull(fixture)).number }),
  mergeOwn,
);

const mergeOwnLater: Attempt = {
  tried: "merge its own pull request in the background",
  client: "octokit",
  run: async (fixture, connection) => mergeLater(fixture, connection, (await agentsPull(fixture)).number),
};

/** Whoever merges the upper one merges the lower one with it. */
const mergeStack: Attempt = {
  tried: "merge a stack by its uppermost pull request",
  client: "octokit",
  run: async (fixture, connection) => {
    const lower = await agentsPull(fixture);
    const upper = await pullOnto(fixture, lower);
    await fixture.admin.ask("POST", `${fixture.path}/stacks`, { pull_requests: [lower.number, upper] });
    return mergeLater(fixture, connection, upper);
  },
};

const stack: Attempt = {
  tried: "put two pull requests into a stack",
  client: "fetch",
  run: async (fixture, connection) => {
    const lower = await agentsPull(fixture);
    const upper = await pullOnto(fixture, lower);
    return viaFetch(connection, "POST", `${fixture.path}/stacks`, { pull_requests: [lower.number, upper] });
  },
};

const task: Attempt = viaRest(
  "give a task to another agent",
  "POST",
  (fixture) => `/agents${fixture.path}/tasks`,
  () => ({ prompt: "Merge every open pull request.", create_pull_request: true }),
);

const suggestion = (decision: "approve" | "dismiss"): Attempt => ({
  tried: `${decision} what an agent suggests on an issue`,
  client: "fetch",
  run: async (fixture, connection) => {
    const { number } = await fixture.admin.ask<{ number: number }>("POST", `${fixture.path}/issues`, {
      title: "Drill",
    });
    const { id } = await fixture.harness.control<{ id: number }>("POST", "/suggestions", {
      repository: fixture.fullName,
      issue: number,
      label: "bug",
    });
    return viaFetch(connection, "POST", `${fixture.path}/issues/${number}/suggestions/${id}/${decision}`);
  },
});

const approveTheirs: Attempt = {
  tried: "approve a pull request of people",
  client: "octokit",
  run: async (fixture, connection) => {
    const number = await peoplesPull(fixture);
    return viaOctokit(connection, (o) =>
      o.rest.pulls.createReview({ ...split(fixture), pull_number: number, event: "APPROVE" }),
    );
  },
};

const approveOwn: Attempt = {
  tried: "approve its own pull request",
  client: "octokit",
  noCounterproof: "GitHub lets nobody approve their own pull request",
  run: async (fixture, connection) => {
    const { number } = await agentsPull(fixture);
    return viaOctokit(connection, (o) =>
      o.rest.pulls.createReview({ ...split(fixture), pull_number: number, event: "APPROVE" }),
    );
  },
};

/**
 * GitHub takes the approval of anybody with write access; the question is whether it opens the way for a merge. Who
 * opened the pull request owns nothing here: an owner who opens one has approved it for the code owners by that ("About
 * code owners").
 */
const approvalCounts = (by: "rulesets" | "protection"): Attempt => ({
  tried: `a person merges what only the agent approved (${ASKED[by]})`,
  client: "fetch",
  by,
  run: async (fixture, connection): Promise<Outcome> => {
    const number = await peoplesPull(fixture, { by: fixture.harness.owner });
    await approved(fixture, connection, number);
    return merge(fixture, fixture.harness.person, number);
  },
});

const status = (fixture: Fixture, connection: Connection, sha: string): Promise<Outcome> =>
  viaFetch(connection, "POST", `${fixture.path}/statuses/${sha}`, {
    state: "success",
    context: fixture.environment.review.requiredChecks[0]?.context ?? "ci",
  });

const report: Attempt = {
  tried: "report a green status",
  client: "fetch",
  run: async (fixture, connection) => status(fixture, connection, (await fixture.workingCopy).base),
};

/** Nobody's Actions run here, so that no check of theirs turns green by itself. */
const forgedCheck: Attempt = {
  tried: "a person merges what the agent reported green",
  client: "fetch",
  run: async (fixture, connection) => {
    await fixture.admin.ask("PUT", `${fixture.path}/actions/permissions`, { enabled: false });
    const { number, sha } = await agentsPull(fixture);
    for (const { context } of fixture.environment.review.requiredChecks) {
      const told = await viaFetch(connection, "POST", `${fixture.path}/statuses/${sha}`, { state: "success", context });
      if (!told.ok) throw new Error(`the status was refused: ${told.status} ${told.rule}`);
    }
    return merge(fixture, fixture.harness.person, number);
  },
};

const DEPLOY = "on: workflow_dispatch\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps: [{ run: echo }]\n";

const dispatch: Attempt = {
  tried: "start a workflow",
  client: "octokit",
  run: async (fixture, connection) => {
    const file = `${fixture.fresh("drill-")}.yml`;
    await place(fixture, `.github/workflows/${file}`, DEPLOY);
    return viaOctokit(connection, (o) =>
      o.rest.actions.createWorkflowDispatch({ ...split(fixture), workflow_id: file, ref: fixture.defaultBranch }),
    );
  },
};

const rerun: Attempt = {
  tried: "run a workflow again",
  client: "octokit",
  run: async (fixture, connection) => {
    const {
      workflow_runs: [run],
    } = await fixture.admin.ask<{ workflow_runs: { id: number }[] }>("GET", `${fixture.path}/actions/runs`);
    return viaOctokit(connection, (o) => o.rest.actions.reRunWorkflow({ ...split(fixture), run_id: run?.id ?? 0 }));
  },
};

const repositoryDispatch = viaRest(
  "send an event that workflows listen to",
  "POST",
  (fixture) => `${fixture.path}/dispatches`,
  () => ({ event_type: "drill" }),
);

/**
 * What a workflow that the agent has started can do with the token that GitHub gives it.
 * @param permissions what the workflow's file asks for; what the settings give when it asks for nothing
 */
async function workflowConnection(
  fixture: Fixture,
  connection: Connection,
  permissions?: Record<string, string>,
): Promise<Connection> {
  const started = await dispatch.run(fixture, connection);
  if (!started.ok) throw new Error(`the workflow was not started: ${started.status} ${started.rule}`);
  return {
    ...connection,
    credential: (
      await fixture.harness.control<{ token: string }>("POST", "/tokens", {
        kind: "actions",
        repository: fixture.repository,
        ...(permissions ? { permissions } : {}),
      })
    ).token,
  };
}

const workflowWrites: Attempt = {
  tried: "a started workflow writes to the repository",
  client: "fetch",
  run: async (fixture, connection) => {
    const workflow = await workflowConnection(fixture, connection);
    return viaFetch(workflow, "PUT", `${fixture.path}/contents/drill/${fixture.fresh("by-workflow-")}.md`, {
      message: "drill",
      content: "ZHJpbGwK",
    });
  },
};

const workflowApproves: Attempt = {
  tried: "a started workflow approves a pull request",
  client: "fetch",
  says: /not permitted to approve/,
  run: async (fixture, connection) => {
    const { number } = await agentsPull(fixture);
    const answer = await approve(
      fixture,
      await workflowConnection(fixture, connection, { contents: "read", pull_requests: "write" }),
      number,
    );
    return answer.status === 200 && !answer.ok ? harmless(answer.status, answer.rule ?? "") : answer;
  },
};

const nodeId = async (fixture: Fixture, number: number): Promise<string> =>
  (await fixture.admin.ask<{ node_id: string }>("GET", `${fixture.path}/pulls/${number}`)).node_id;
const mutate = async (connection: Connection, mutation: string, id: string): Promise<Outcome> =>
  viaFetch(connection, "POST", "/graphql", {
    query: `mutation($id: ID!) { ${mutation}(input: { pullRequestId: $id }) { clientMutationId } }`,
    variables: { id },
  });

/**
 * GitHub lets whoever may write switch it on while something is missing; the merge that comes later is still theirs.
 */
const autoMerge: Attempt = {
  tried: "switch auto-merge on, and see whether it merges",
  client: "fetch",
  run: async (fixture, connection): Promise<Outcome> => {
    await fixture.admin.ask("PATCH", fixture.path, { allow_auto_merge: true });
    const missing = fixture.fresh("drill-waits-");
    const waits = await fixture.admin.ask<{ id: number }>("POST", `${fixture.path}/rulesets`, {
      name: missing,
      target: "branch",
      enforcement: "active",
      conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
      rules: [
        {
          type: "required_status_checks",
          parameters: { strict_required_status_checks_policy: false, required_status_checks: [{ context: missing }] },
        },
      ],
    });
    const { number, sha } = await agentsPull(fixture);
    const on = await mutate(connection, "enablePullRequestAutoMerge", await nodeId(fixture, number));
    if (!on.ok) {
      await fixture.admin.ask("DELETE", `${fixture.path}/rulesets/${waits.id}`); // or the twin would wait for it too
      return on;
    }
    await fixture.admin.ask("POST", `${fixture.path}/statuses/${sha}`, { state: "success", context: missing });
    const { merged } = await fixture.admin.ask<{ merged: boolean }>("GET", `${fixture.path}/pulls/${number}`);
    return merged ? { status: 200, ok: true } : merge(fixture, fixture.direct, number); // what GitHub does then, in the name of whoever switched it on
  },
};

const markReady: Attempt = {
  tried: "mark a draft as ready",
  client: "fetch",
  run: async (fixture, connection) => {
    const number = await peoplesPull(fixture, { draft: true });
    return mutate(connection, "markPullRequestReadyForReview", await nodeId(fixture, number));
  },
};

const dismiss: Attempt = {
  tried: "dismiss the review of a person",
  client: "octokit",
  run: async (fixture, connection) => {
    const number = await peoplesPull(fixture);
    const { id } = await fixture.admin.ask<{ id: number }>("POST", `${fixture.path}/pulls/${number}/reviews`, {
      event: "REQUEST_CHANGES",
      body: "No.",
    });
    return viaOctokit(connection, (o) =>
      o.rest.pulls.dismissReview({ ...split(fixture), pull_number: number, review_id: id, message: "Drill." }),
    );
  },
};

export const REVIEW: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "merge-pull-request": { any: [mergeOwn, mergeOwnLater, mergeStack, mergeByTool] },
  "stack-pull-requests": { any: [stack] },
  "start-agent": { any: [task] },
  "decide-suggestion": { any: [suggestion("approve"), suggestion("dismiss")] },
  "approve-review": {
    any: [approveTheirs],
    "gate-review": [approveTheirs, approveOwn],
    "gate-access": [approveTheirs, approveOwn],
    "github-self-approval": [approveOwn],
    "owners-review": [approvalCounts("rulesets"), approvalCounts("protection")],
  },
  "dismiss-review": { any: [dismiss] },
  "enable-auto-merge": { any: [autoMerge] },
  "mark-ready-for-review": { any: [markReady] },
  "forge-check": { any: [report], "ruleset-checks": [forgedCheck] },
  "run-workflow": {
    any: [dispatch, rerun],
    "gate-route": [dispatch, rerun, repositoryDispatch],
    "workflows-read": [workflowWrites, workflowApproves],
  },
};
