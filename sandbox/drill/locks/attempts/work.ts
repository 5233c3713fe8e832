import { agentsPull, type Attempt, viaRest } from "./kit";

const updateOwn: Attempt = {
  tried: "edit its pull request",
  client: "fetch",
  run: async (site, door) => {
    const { number } = await agentsPull(site);
    return viaRest(
      "",
      "PATCH",
      () => `${site.path}/pulls/${number}`,
      () => ({ title: "Drill, edited" }),
    ).run(site, door);
  },
};

const proposal: Attempt = {
  tried: "open a draft pull request",
  client: "fetch",
  run: async (site, door) => {
    const branch = site.fresh("claude/drill-");
    const bench = await site.bench;
    const placed = await bench.push(
      site.rig.owner,
      await bench.commit("drill/proposal.md", `${branch}\n`),
      `refs/heads/${branch}`,
    );
    if (!placed.ok) throw new Error(`the drill could not place ${branch}: ${placed.rule}`);
    return viaRest(
      "",
      "POST",
      () => `${site.path}/pulls`,
      () => ({ title: "Drill", head: branch, base: site.defaultBranch, draft: true }),
    ).run(site, door);
  },
};

/** What the agent is there to do where it may write, and must not do where it may read. */
export const WORK: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "open-draft-pull-request": { any: [proposal] },
  "update-pull-request": { any: [updateOwn] },
  comment: {
    any: [
      viaRest(
        "comment on an issue",
        "POST",
        (site) => `${site.path}/issues/1/comments`,
        () => ({ body: "A remark of the drill." }),
      ),
    ],
  },
  "write-issues": {
    any: [
      viaRest(
        "open an issue",
        "POST",
        (site) => `${site.path}/issues`,
        () => ({ title: "Drill" }),
      ),
    ],
  },
};
