import { viaOctokit } from "../connection";
import type { Fixture } from "../fixture";
import { agentsPull, type Attempt, byTool, split, viaRest } from "./kit";

const updateOwn: Attempt = {
  tried: "edit its pull request",
  client: "fetch",
  run: async (fixture, connection) => {
    const { number } = await agentsPull(fixture);
    return viaRest(
      "",
      "PATCH",
      () => `${fixture.path}/pulls/${number}`,
      () => ({ title: "Drill, edited" }),
    ).run(fixture, connection);
  },
};

/** A branch of the agent's with one commit, placed by an owner. */
async function proposalBranch(fixture: Fixture): Promise<string> {
  const branch = fixture.fresh("claude/drill-");
  const workingCopy = await fixture.workingCopy;
  const placed = await workingCopy.push(
    fixture.harness.owner,
    await workingCopy.commit("drill/proposal.md", `${branch}\n`),
    `refs/heads/${branch}`,
  );
  if (!placed.ok) throw new Error(`the drill could not place ${branch}: ${placed.rule}`);
  return branch;
}

const proposal: Attempt = {
  tried: "open a draft pull request",
  client: "fetch",
  run: async (fixture, connection) => {
    const branch = await proposalBranch(fixture);
    return viaRest(
      "",
      "POST",
      () => `${fixture.path}/pulls`,
      () => ({ title: "Drill", head: branch, base: fixture.defaultBranch, draft: true }),
    ).run(fixture, connection);
  },
};

const proposalByTool = byTool(
  proposal.tried,
  "create_pull_request",
  async (fixture) => ({ title: "Drill", head: await proposalBranch(fixture), base: fixture.defaultBranch }),
  proposal,
);

/** Asked for as ready; the gate makes it a draft, GitHub alone would not. */
const becomesDraft: Attempt = {
  tried: "open a pull request, which becomes a draft",
  client: "octokit",
  run: async (fixture, connection) => {
    const head = await proposalBranch(fixture);
    const made = await viaOctokit(connection, (o) =>
      o.rest.pulls.create({ ...split(fixture), title: "Drill", head, base: fixture.defaultBranch, draft: false }),
    );
    const isDraft = (made.data as { draft?: boolean } | undefined)?.draft === true;
    return made.ok && connection.kind === "gate" && !isDraft
      ? { status: made.status, ok: false, rule: "the pull request is not a draft" }
      : made;
  },
};

const commentOnPull: Attempt = {
  tried: "comment on a pull request",
  client: "octokit",
  run: async (fixture, connection) => {
    const { number } = await agentsPull(fixture);
    return viaOctokit(connection, (o) =>
      o.rest.issues.createComment({ ...split(fixture), issue_number: number, body: "A remark of the drill." }),
    );
  },
};

/** What the agent is there to do where it may write, and must not do where it may read. */
export const WORK: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "open-draft-pull-request": { any: [proposal, becomesDraft, proposalByTool] },
  "update-pull-request": { any: [updateOwn] },
  comment: {
    any: [
      viaRest(
        "comment on an issue",
        "POST",
        (fixture) => `${fixture.path}/issues/1/comments`,
        () => ({ body: "A remark of the drill." }),
      ),
      commentOnPull,
    ],
  },
  "write-issues": {
    any: [
      viaRest(
        "open an issue",
        "POST",
        (fixture) => `${fixture.path}/issues`,
        () => ({ title: "Drill" }),
      ),
    ],
  },
};
