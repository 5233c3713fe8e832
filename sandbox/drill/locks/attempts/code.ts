import type { Environment } from "../../../../infra/model";
import type { Door, Outcome } from "../../door";
import type { Site } from "../site";
import { agentsPull, approved, ASKED, type Attempt, merge, NOTE, viaRest } from "./kit";

type Ref = (site: Site) => string | Promise<string>;
const heads = (name: string): string => `refs/heads/${name}`;
export const agentBranch: Ref = (site) => heads(site.fresh("claude/drill-"));

/** Pushes a commit that changes one file. */
export function push(tried: string, ref: Ref, path: (site: Site) => string = () => NOTE): Attempt {
  return {
    tried,
    client: "git",
    run: async (site, door) => {
      const bench = await site.bench;
      const to = await ref(site);
      return bench.push(door, await bench.commit(path(site), `${site.fresh("drill ")}\n`), to);
    },
  };
}

/** Writes a file by the contents API to a branch of the agent's that an owner has made. */
const viaContents = (tried: string, path: string): Attempt => ({
  tried,
  client: "fetch",
  run: async (site, door) => {
    const branch = site.fresh("claude/drill-");
    await site.admin.ask("POST", `${site.path}/git/refs`, { ref: heads(branch), sha: (await site.bench).base });
    return viaRest(
      tried,
      "PUT",
      () => `${site.path}/contents/${path}`,
      () => ({ message: "drill", branch, content: Buffer.from("# drill\n").toString("base64") }),
    ).run(site, door);
  },
});

/** Moves a reference that is there already to a commit beside its history. */
const rewrite = (tried: string, ref: Ref): Attempt => ({
  tried,
  client: "git",
  run: async (site, door) => {
    const bench = await site.bench;
    const to = await ref(site);
    return bench.push(door, await bench.rewritten(NOTE, `${site.fresh("drill ")}\n`), to, "--force");
  },
});

const remove = (tried: string, ref: Ref): Attempt => ({
  tried,
  client: "git",
  run: async (site, door) => {
    const to = await ref(site);
    return (await site.bench).push(door, "", to);
  },
});

/** Without git: the gate does not even tell git that references can be deleted, so git never asks. */
const removeByRest = (tried: string, ref: Ref): Attempt => ({
  tried,
  client: "fetch",
  run: async (site, door) => {
    const to = await ref(site);
    return viaRest(tried, "DELETE", () => `${site.path}/git/${to}`).run(site, door);
  },
});

const defaultBranch: Ref = (site) => heads(site.defaultBranch);
const theirs: Ref = async (site) => {
  const name = heads(site.fresh("people/drill-"));
  await site.admin.ask("POST", `${site.path}/git/refs`, { ref: name, sha: (await site.bench).base });
  return name;
};
const tag = async (site: Site): Promise<string> => {
  const name = `refs/tags/${site.fresh("drill-")}`;
  await site.admin.ask("POST", `${site.path}/git/refs`, { ref: name, sha: (await site.bench).base });
  return name;
};

/** A file that falls under one of the environment's patterns, or under those that every environment has. */
export function protectedFile(environment: Environment, repository: string): string {
  return fileUnder(
    environment.repositories.find(({ name }) => name === repository)?.protectedPaths[0] ?? "/.github/actions/**",
  );
}

/** Some file that a pattern matches. */
export function fileUnder(pattern: string): string {
  const bare = pattern
    .replace(/^\//, "")
    .replaceAll("**", "drill")
    .replaceAll(/(^|\/)\.\*/g, "$1.drill")
    .replaceAll("*", "drill")
    .replaceAll("?", "d");
  return bare.endsWith("/") ? `${bare}drill.md` : bare;
}

/** The agent's pull request, approved by somebody who does not own this, and merged: does the change get in without its owners? */
export const mergeUnowned = (what: string, path: (site: Site) => string, by: "rulesets" | "protection"): Attempt => ({
  tried: `merge ${what} that no owner approved (${ASKED[by]})`,
  client: "fetch",
  by,
  run: async (site, door): Promise<Outcome> => {
    const { number } = await agentsPull(site, path(site));
    // Whoever owns the code but not this; where one team owns both, somebody who owns nothing.
    const { team, securityTeam } = site.environment.review;
    await approved(
      site,
      securityTeam === undefined || securityTeam === team ? site.rig.owner : site.rig.person,
      number,
    );
    return merge(site, door, number);
  },
});
const unowned = (what: string, path: (site: Site) => string): Readonly<Record<string, Attempt[]>> => ({
  "owners-review": [mergeUnowned(what, path, "rulesets"), mergeUnowned(what, path, "protection")],
  "ruleset-reviewers": [mergeUnowned(what, path, "rulesets")],
});

const CODEOWNERS = (): string => ".github/CODEOWNERS";
const guarded = (site: Site): string => protectedFile(site.environment, site.repository);

const release = (site: Site, door: Door): Promise<Outcome> =>
  viaRest(
    "",
    "POST",
    () => `${site.path}/releases`,
    () => ({ tag_name: site.fresh("v-drill-"), name: "Drill" }),
  ).run(site, door);

/** Attempts by action; where one lock needs its own, its id leads to it. */
export const CODE: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "write-agent-branch": { any: [push("push to a branch below claude/", agentBranch)] },
  "push-default-branch": { any: [push("push to the default branch", defaultBranch)] },
  "push-other-branch": {
    any: [
      push("push to a branch of people", theirs),
      push("make a branch outside claude/", (site) => heads(site.fresh("drill-outside-"))),
    ],
  },
  "delete-ref": {
    any: [remove("delete a branch of people", theirs), rewrite("rewrite a branch of people", theirs)],
    "gate-ref": [removeByRest("delete a branch of people", theirs), rewrite("rewrite a branch of people", theirs)],
    "ruleset-history": [rewrite("rewrite the default branch", defaultBranch)],
    "protection-history": [rewrite("rewrite the default branch", defaultBranch)],
  },
  "create-tag": {
    any: [
      push("push a new tag", (site) => `refs/tags/${site.fresh("drill-")}`),
      rewrite("move a tag", tag),
      remove("delete a tag", tag),
    ],
    "gate-ref": [
      push("push a new tag", (site) => `refs/tags/${site.fresh("drill-")}`),
      rewrite("move a tag", tag),
      removeByRest("delete a tag", tag),
    ],
  },
  "create-release": { any: [{ tried: "publish a release under a new tag", client: "fetch", run: release }] },
  "edit-workflow": {
    any: [
      push("push a workflow", agentBranch, () => ".github/workflows/drill.yml"),
      viaContents("write a workflow by REST", ".github/workflows/drill.yml"),
    ],
    "ruleset-paths": [
      push("push a workflow", agentBranch, () => ".github/workflows/drill.yml"),
      push("push a local action", agentBranch, () => ".github/actions/drill/action.yml"),
    ],
    "gate-path": [
      push("push a workflow", agentBranch, () => ".github/workflows/drill.yml"),
      push("push a local action", agentBranch, () => ".github/actions/drill/action.yml"),
      viaContents("write a workflow by REST", ".github/workflows/drill.yml"),
    ],
  },
  "edit-codeowners": {
    any: [
      push("push CODEOWNERS", agentBranch, CODEOWNERS),
      push("push a CODEOWNERS of lower rank", agentBranch, () => "docs/CODEOWNERS"),
    ],
    ...unowned("CODEOWNERS", CODEOWNERS),
  },
  "edit-protected-path": {
    any: [push("push a protected path", agentBranch, guarded)],
    ...unowned("a protected path", guarded),
  },
};
