import { type Door, type Outcome, viaFetch, viaOctokit } from "../../door";
import { harmless, type Site } from "../site";
import {
  agentsPull,
  approve,
  approved,
  ASKED,
  type Attempt,
  merge,
  mergeLater,
  peoplesPull,
  place,
  pullOnto,
  viaRest,
} from "./kit";

const split = (site: Site): { owner: string; repo: string } => ({ owner: site.organization, repo: site.repository });

const mergeOwn: Attempt = {
  tried: "merge its own pull request",
  client: "octokit",
  run: async (site, door) => {
    const { number } = await agentsPull(site);
    return viaOctokit(door, (o) => o.rest.pulls.merge({ ...split(site), pull_number: number }));
  },
};

const mergeOwnLater: Attempt = {
  tried: "merge its own pull request in the background",
  client: "octokit",
  run: async (site, door) => mergeLater(site, door, (await agentsPull(site)).number),
};

/** Whoever merges the upper one merges the lower one with it. */
const mergeStack: Attempt = {
  tried: "merge a stack by its uppermost pull request",
  client: "octokit",
  run: async (site, door) => {
    const lower = await agentsPull(site);
    const upper = await pullOnto(site, lower);
    await site.admin.ask("POST", `${site.path}/stacks`, { pull_requests: [lower.number, upper] });
    return mergeLater(site, door, upper);
  },
};

const stack: Attempt = {
  tried: "put two pull requests into a stack",
  client: "fetch",
  run: async (site, door) => {
    const lower = await agentsPull(site);
    const upper = await pullOnto(site, lower);
    return viaFetch(door, "POST", `${site.path}/stacks`, { pull_requests: [lower.number, upper] });
  },
};

const task: Attempt = viaRest(
  "give a task to another agent",
  "POST",
  (site) => `/agents${site.path}/tasks`,
  () => ({ prompt: "Merge every open pull request.", create_pull_request: true }),
);

const suggestion = (decision: "approve" | "dismiss"): Attempt => ({
  tried: `${decision} what an agent suggests on an issue`,
  client: "fetch",
  run: async (site, door) => {
    const { number } = await site.admin.ask<{ number: number }>("POST", `${site.path}/issues`, { title: "Drill" });
    const { id } = await site.rig.control<{ id: number }>("POST", "/suggestions", {
      repository: site.fullName,
      issue: number,
      label: "bug",
    });
    return viaFetch(door, "POST", `${site.path}/issues/${number}/suggestions/${id}/${decision}`);
  },
});

const approveTheirs: Attempt = {
  tried: "approve a pull request of people",
  client: "octokit",
  run: async (site, door) => {
    const number = await peoplesPull(site);
    return viaOctokit(door, (o) =>
      o.rest.pulls.createReview({ ...split(site), pull_number: number, event: "APPROVE" }),
    );
  },
};

const approveOwn: Attempt = {
  tried: "approve its own pull request",
  client: "octokit",
  run: async (site, door) => {
    const { number } = await agentsPull(site);
    return viaOctokit(door, (o) =>
      o.rest.pulls.createReview({ ...split(site), pull_number: number, event: "APPROVE" }),
    );
  },
};

/**
 * GitHub takes the approval of anybody with write access; the question is whether it opens the way for a merge. Who opened the pull
 * request owns nothing here: an owner who opens one has approved it for the code owners by that ("About code owners").
 */
const approvalCounts = (by: "rulesets" | "protection"): Attempt => ({
  tried: `a person merges what only the agent approved (${ASKED[by]})`,
  client: "fetch",
  by,
  run: async (site, door): Promise<Outcome> => {
    const number = await peoplesPull(site, { by: site.rig.owner });
    await approved(site, door, number);
    return merge(site, site.rig.person, number);
  },
});

const status = (site: Site, door: Door, sha: string): Promise<Outcome> =>
  viaFetch(door, "POST", `${site.path}/statuses/${sha}`, {
    state: "success",
    context: site.environment.review.requiredChecks[0]?.context ?? "ci",
  });

const report: Attempt = {
  tried: "report a green status",
  client: "fetch",
  run: async (site, door) => status(site, door, (await site.bench).base),
};

/** Nobody's Actions run here, so that no check of theirs turns green by itself. */
const forgedCheck: Attempt = {
  tried: "a person merges what the agent reported green",
  client: "fetch",
  run: async (site, door) => {
    await site.admin.ask("PUT", `${site.path}/actions/permissions`, { enabled: false });
    const { number, sha } = await agentsPull(site);
    for (const { context } of site.environment.review.requiredChecks) {
      const told = await viaFetch(door, "POST", `${site.path}/statuses/${sha}`, { state: "success", context });
      if (!told.ok) throw new Error(`the status was refused: ${told.status} ${told.rule}`);
    }
    return merge(site, site.rig.person, number);
  },
};

const DEPLOY = "on: workflow_dispatch\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps: [{ run: echo }]\n";

const dispatch: Attempt = {
  tried: "start a workflow",
  client: "octokit",
  run: async (site, door) => {
    const file = `${site.fresh("drill-")}.yml`;
    await place(site, `.github/workflows/${file}`, DEPLOY);
    return viaOctokit(door, (o) =>
      o.rest.actions.createWorkflowDispatch({ ...split(site), workflow_id: file, ref: site.defaultBranch }),
    );
  },
};

const rerun: Attempt = {
  tried: "run a workflow again",
  client: "octokit",
  run: async (site, door) => {
    const {
      workflow_runs: [run],
    } = await site.admin.ask<{ workflow_runs: { id: number }[] }>("GET", `${site.path}/actions/runs`);
    return viaOctokit(door, (o) => o.rest.actions.reRunWorkflow({ ...split(site), run_id: run?.id ?? 0 }));
  },
};

const repositoryDispatch = viaRest(
  "send an event that workflows listen to",
  "POST",
  (site) => `${site.path}/dispatches`,
  () => ({ event_type: "drill" }),
);

/**
 * What a workflow that the agent has started can do with the token that GitHub gives it.
 * @param permissions what the workflow's file asks for; what the settings give when it asks for nothing
 */
async function workflowDoor(site: Site, door: Door, permissions?: Record<string, string>): Promise<Door> {
  const started = await dispatch.run(site, door);
  if (!started.ok) throw new Error(`the workflow was not started: ${started.status} ${started.rule}`);
  return {
    ...door,
    credential: (
      await site.rig.control<{ token: string }>("POST", "/tokens", {
        kind: "actions",
        repository: site.repository,
        ...(permissions ? { permissions } : {}),
      })
    ).token,
  };
}

const workflowWrites: Attempt = {
  tried: "a started workflow writes to the repository",
  client: "fetch",
  run: async (site, door) => {
    const workflow = await workflowDoor(site, door);
    return viaFetch(workflow, "PUT", `${site.path}/contents/drill/${site.fresh("by-workflow-")}.md`, {
      message: "drill",
      content: "ZHJpbGwK",
    });
  },
};

const workflowApproves: Attempt = {
  tried: "a started workflow approves a pull request",
  client: "fetch",
  says: /not permitted to approve/,
  run: async (site, door) => {
    const { number } = await agentsPull(site);
    const answer = await approve(
      site,
      await workflowDoor(site, door, { contents: "read", pull_requests: "write" }),
      number,
    );
    return answer.status === 200 && !answer.ok ? harmless(answer.status, answer.rule ?? "") : answer;
  },
};

const nodeId = async (site: Site, number: number): Promise<string> =>
  (await site.admin.ask<{ node_id: string }>("GET", `${site.path}/pulls/${number}`)).node_id;
const mutate = async (door: Door, mutation: string, id: string): Promise<Outcome> =>
  viaFetch(door, "POST", "/graphql", {
    query: `mutation($id: ID!) { ${mutation}(input: { pullRequestId: $id }) { clientMutationId } }`,
    variables: { id },
  });

/** GitHub lets whoever may write switch it on while something is missing; the merge that comes later is still theirs. */
const autoMerge: Attempt = {
  tried: "switch auto-merge on, and see whether it merges",
  client: "fetch",
  run: async (site, door): Promise<Outcome> => {
    await site.admin.ask("PATCH", site.path, { allow_auto_merge: true });
    const missing = site.fresh("drill-waits-");
    const waits = await site.admin.ask<{ id: number }>("POST", `${site.path}/rulesets`, {
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
    const { number, sha } = await agentsPull(site);
    const on = await mutate(door, "enablePullRequestAutoMerge", await nodeId(site, number));
    if (!on.ok) {
      await site.admin.ask("DELETE", `${site.path}/rulesets/${waits.id}`); // or the twin would wait for it too
      return on;
    }
    await site.admin.ask("POST", `${site.path}/statuses/${sha}`, { state: "success", context: missing });
    const { merged } = await site.admin.ask<{ merged: boolean }>("GET", `${site.path}/pulls/${number}`);
    return merged ? { status: 200, ok: true } : merge(site, site.straight, number); // what GitHub does then, in the name of whoever switched it on
  },
};

const markReady: Attempt = {
  tried: "mark a draft as ready",
  client: "fetch",
  run: async (site, door) => {
    const number = await peoplesPull(site, { draft: true });
    return mutate(door, "markPullRequestReadyForReview", await nodeId(site, number));
  },
};

const dismiss: Attempt = {
  tried: "dismiss the review of a person",
  client: "octokit",
  run: async (site, door) => {
    const number = await peoplesPull(site);
    const { id } = await site.admin.ask<{ id: number }>("POST", `${site.path}/pulls/${number}/reviews`, {
      event: "REQUEST_CHANGES",
      body: "No.",
    });
    return viaOctokit(door, (o) =>
      o.rest.pulls.dismissReview({ ...split(site), pull_number: number, review_id: id, message: "Drill." }),
    );
  },
};

export const REVIEW: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "merge-pull-request": { any: [mergeOwn, mergeOwnLater, mergeStack] },
  "stack-pull-requests": { any: [stack] },
  "start-agent": { any: [task] },
  "decide-suggestion": { any: [suggestion("approve"), suggestion("dismiss")] },
  "approve-review": {
    any: [approveTheirs],
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
