import { type Door, type Outcome, viaFetch, viaOctokit } from "../../door";
import { harmless, type Site } from "../site";
import { agentsPull, approve, approved, type Attempt, merge, peoplesPull, place, viaRest } from "./kit";

const split = (site: Site): { owner: string; repo: string } => ({ owner: site.organization, repo: site.repository });

const mergeOwn: Attempt = { tried: "merge its own pull request", client: "octokit", run: async (site, door) => {
  const { number } = await agentsPull(site);
  return viaOctokit(door, (o) => o.rest.pulls.merge({ ...split(site), pull_number: number }));
} };

const approveTheirs: Attempt = { tried: "approve a pull request of people", client: "octokit", run: async (site, door) => {
  const number = await peoplesPull(site);
  return viaOctokit(door, (o) => o.rest.pulls.createReview({ ...split(site), pull_number: number, event: "APPROVE" }));
} };

const approveOwn: Attempt = { tried: "approve its own pull request", client: "octokit", run: async (site, door) => {
  const { number } = await agentsPull(site);
  return viaOctokit(door, (o) => o.rest.pulls.createReview({ ...split(site), pull_number: number, event: "APPROVE" }));
} };

/** GitHub takes the approval of anybody with write access; the question is whether it opens the way for a merge. */
const approvalCounts = (by: "rulesets" | "protection"): Attempt => ({
  tried: "a person merges what only the agent approved", client: "fetch", by, run: async (site, door): Promise<Outcome> => {
    const number = await peoplesPull(site);
    await approved(site, door, number);
    return merge(site, site.rig.person, number);
  },
});

const status = (site: Site, door: Door, sha: string): Promise<Outcome> =>
  viaFetch(door, "POST", `${site.path}/statuses/${sha}`, { state: "success", context: site.environment.review.requiredChecks[0]?.context ?? "ci" });

const report: Attempt = { tried: "report a green status", client: "fetch", run: async (site, door) => status(site, door, (await site.bench).base) };

/** Nobody's Actions run here, so that no check of theirs turns green by itself. */
const forgedCheck: Attempt = { tried: "a person merges what the agent reported green", client: "fetch", run: async (site, door) => {
  await site.admin.ask("PUT", `${site.path}/actions/permissions`, { enabled: false });
  const { number, sha } = await agentsPull(site);
  for (const { context } of site.environment.review.requiredChecks) {
    const told = await viaFetch(door, "POST", `${site.path}/statuses/${sha}`, { state: "success", context });
    if (!told.ok) throw new Error(`the status was refused: ${told.status} ${told.rule}`);
  }
  return merge(site, site.rig.person, number);
} };

const DEPLOY = "on: workflow_dispatch\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps: [{ run: echo }]\n";

const dispatch: Attempt = { tried: "start a workflow", client: "octokit", run: async (site, door) => {
  const file = `${site.fresh("drill-")}.yml`;
  await place(site, `.github/workflows/${file}`, DEPLOY);
  return viaOctokit(door, (o) => o.rest.actions.createWorkflowDispatch({ ...split(site), workflow_id: file, ref: site.defaultBranch }));
} };

const rerun: Attempt = { tried: "run a workflow again", client: "octokit", run: async (site, door) => {
  const { workflow_runs: [run] } = await site.admin.ask<{ workflow_runs: { id: number }[] }>("GET", `${site.path}/actions/runs`);
  return viaOctokit(door, (o) => o.rest.actions.reRunWorkflow({ ...split(site), run_id: run?.id ?? 0 }));
} };

const repositoryDispatch = viaRest("send an event that workflows listen to", "POST", (site) => `${site.path}/dispatches`, () => ({ event_type: "drill" }));

/** What a workflow that the agent has started can do with the token that GitHub gives it. */
async function workflowDoor(site: Site, door: Door): Promise<Door> {
  const started = await dispatch.run(site, door);
  if (!started.ok) throw new Error(`the workflow was not started: ${started.status} ${started.rule}`);
  return { ...door, credential: (await site.rig.control<{ token: string }>("POST", "/tokens", { kind: "actions", repository: site.repository })).token };
}

const workflowWrites: Attempt = { tried: "a started workflow writes to the repository", client: "fetch", run: async (site, door) => {
  const workflow = await workflowDoor(site, door);
  return viaFetch(workflow, "PUT", `${site.path}/contents/drill/${site.fresh("by-workflow-")}.md`, { message: "drill", content: "ZHJpbGwK" });
} };

const workflowApproves: Attempt = { tried: "a started workflow approves a pull request", client: "fetch", says: /not permitted to approve|not accessible by integration/, run: async (site, door) => {
  const { number } = await agentsPull(site);
  const answer = await approve(site, await workflowDoor(site, door), number);
  return answer.status === 200 && !answer.ok ? harmless(answer.status, answer.rule ?? "") : answer;
} };

export const REVIEW: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "merge-pull-request": { any: [mergeOwn] },
  "approve-review": {
    any: [approveTheirs],
    "github-self-approval": [approveOwn],
    "owners-review": [approvalCounts("rulesets"), approvalCounts("protection")],
  },
  "forge-check": { any: [report], "ruleset-checks": [forgedCheck] },
  "run-workflow": { any: [dispatch, rerun], "gate-route": [dispatch, rerun, repositoryDispatch], "workflows-read": [workflowWrites, workflowApproves] },
};
