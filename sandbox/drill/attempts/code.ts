import type { Environment } from "../../../infra/model";
import { type Connection, type Outcome, viaOctokit } from "../connection";
import type { Fixture } from "../fixture";
import { agentsPull, approved, ASKED, type Attempt, byTool, merge, NOTE, split, viaRest } from "./kit";

type Ref = (fixture: Fixture) => string | Promise<string>;
const heads = (name: string): string => `refs/heads/${name}`;
export const agentBranch: Ref = (fixture) => heads(fixture.fresh("claude/drill-"));

/** Pushes a commit that changes one file. */
export function push(tried: string, ref: Ref, path: (fixture: Fixture) => string = () => NOTE): Attempt {
  return {
    tried,
    client: "git",
    run: async (fixture, connection) => {
      const workingCopy = await fixture.workingCopy;
      const to = await ref(fixture);
      return workingCopy.push(connection, await workingCopy.commit(path(fixture), `${fixture.fresh("drill ")}\n`), to);
    },
  };
}

/** A branch of the agent's that an owner has made, and the commit that it ends in. */
async function readyBranch(fixture: Fixture): Promise<{ branch: string; sha: string }> {
  const branch = fixture.fresh("claude/drill-");
  const sha = (await fixture.workingCopy).base;
  await fixture.admin.ask("POST", `${fixture.path}/git/refs`, { ref: heads(branch), sha });
  return { branch, sha };
}

/** Two files in one commit by a tool: a harmless one, and the one in question. */
const byPushFiles = (tried: string, path: string, without: Attempt): Attempt =>
  byTool(
    tried,
    "push_files",
    async (fixture) => ({
      ...(await readyBranch(fixture)),
      message: "drill",
      files: [NOTE, path].map((each) => ({ path: each, content: "# drill\n" })),
    }),
    without,
  );

/** Writes a file by the contents API to a branch of the agent's that an owner has made. */
const viaContents = (tried: string, path: string): Attempt => ({
  tried,
  client: "fetch",
  run: async (fixture, connection) => {
    const { branch } = await readyBranch(fixture);
    return viaRest(
      tried,
      "PUT",
      () => `${fixture.path}/contents/${path}`,
      () => ({ message: "drill", branch, content: Buffer.from("# drill\n").toString("base64") }),
    ).run(fixture, connection);
  },
});

const branchByRest: Attempt = {
  tried: "make a branch below claude/ by REST",
  client: "octokit",
  run: async (fixture, connection) => {
    const sha = (await fixture.workingCopy).base;
    const ref = await agentBranch(fixture);
    return viaOctokit(connection, (o) => o.rest.git.createRef({ ...split(fixture), ref, sha }));
  },
};

/** Moves a reference that is there already to a commit beside its history. */
const rewrite = (tried: string, ref: Ref): Attempt => ({
  tried,
  client: "git",
  run: async (fixture, connection) => {
    const workingCopy = await fixture.workingCopy;
    const to = await ref(fixture);
    return workingCopy.push(
      connection,
      await workingCopy.rewritten(NOTE, `${fixture.fresh("drill ")}\n`),
      to,
      "--force",
    );
  },
});

const remove = (tried: string, ref: Ref): Attempt => ({
  tried,
  client: "git",
  run: async (fixture, connection) => {
    const to = await ref(fixture);
    return (await fixture.workingCopy).push(connection, "", to);
  },
});

/** Without git: the gate does not even tell git that references can be deleted, so git never asks. */
const removeByRest = (tried: string, ref: Ref): Attempt => ({
  tried,
  client: "fetch",
  run: async (fixture, connection) => {
    const to = await ref(fixture);
    return viaRest(tried, "DELETE", () => `${fixture.path}/git/${to}`).run(fixture, connection);
  },
});

const defaultBranch: Ref = (fixture) => heads(fixture.defaultBranch);
const theirs: Ref = async (fixture) => {
  const name = heads(fixture.fresh("people/drill-"));
  await fixture.admin.ask("POST", `${fixture.path}/git/refs`, { ref: name, sha: (await fixture.workingCopy).base });
  return name;
};
const tag = async (fixture: Fixture): Promise<string> => {
  const name = `refs/tags/${fixture.fresh("drill-")}`;
  await fixture.admin.ask("POST", `${fixture.path}/git/refs`, { ref: name, sha: (await fixture.workingCopy).base });
  return name;
};

/** GitHub does it for nobody, so no lock of the model is proven by it; but the gate must not even ask. */
const removeDefault: Attempt = {
  ...removeByRest("delete the default branch", defaultBranch),
  noCounterproof: "GitHub deletes no default branch, whoever asks",
};

/** A file that falls under one of the environment's patterns, or under those that every environment has. */
function protectedFile(environment: Environment, repository: string): string {
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

/**
 * The agent's pull request, approved by somebody who does not own this, and merged: does the change get in without its
 * owners?
 */
export const mergeUnowned = (
  what: string,
  path: (fixture: Fixture) => string,
  by: "rulesets" | "protection",
): Attempt => ({
  tried: `merge ${what} that no owner approved (${ASKED[by]})`,
  client: "fetch",
  by,
  run: async (fixture, connection): Promise<Outcome> => {
    const { number } = await agentsPull(fixture, path(fixture));
    // Whoever owns the code but not this; where one team owns both, somebody who owns nothing.
    const { team, securityTeam } = fixture.environment.review;
    await approved(
      fixture,
      securityTeam === undefined || securityTeam === team ? fixture.harness.owner : fixture.harness.person,
      number,
    );
    return merge(fixture, connection, number);
  },
});
const unowned = (what: string, path: (fixture: Fixture) => string): Readonly<Record<string, Attempt[]>> => ({
  "owners-review": [mergeUnowned(what, path, "rulesets"), mergeUnowned(what, path, "protection")],
  "ruleset-reviewers": [mergeUnowned(what, path, "rulesets")],
});

const CODEOWNERS = (): string => ".github/CODEOWNERS";
const guarded = (fixture: Fixture): string => protectedFile(fixture.environment, fixture.repository);

const release = (fixture: Fixture, connection: Connection): Promise<Outcome> =>
  viaRest(
    "",
    "POST",
    () => `${fixture.path}/releases`,
    () => ({ tag_name: fixture.fresh("v-drill-"), name: "Drill" }),
  ).run(fixture, connection);

const rewriteTheirs = rewrite("rewrite a branch of people", theirs);
const newTag = push("push a new tag", (fixture) => `refs/tags/${fixture.fresh("drill-")}`);
const moveTag = rewrite("move a tag", tag);
const workflow = push("push a workflow", agentBranch, () => ".github/workflows/drill.yml");
const workflowByRest = viaContents("write a workflow by REST", ".github/workflows/drill.yml");
const workflowByTool = byPushFiles("write a workflow", ".github/workflows/drill.yml", workflowByRest);
const files = byPushFiles("write files", "drill/other.md", viaContents("write a file", "drill/other.md"));
const localAction = push("push a local action", agentBranch, () => ".github/actions/drill/action.yml");

/** Attempts by action; where one lock needs its own, its id leads to it. */
export const CODE: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "write-agent-branch": { any: [push("push to a branch below claude/", agentBranch), branchByRest, files] },
  "push-default-branch": { any: [push("push to the default branch", defaultBranch)] },
  "push-other-branch": {
    any: [
      push("push to a branch of people", theirs),
      push("make a branch outside claude/", (fixture) => heads(fixture.fresh("drill-outside-"))),
    ],
  },
  "delete-ref": {
    any: [remove("delete a branch of people", theirs), rewriteTheirs],
    "gate-ref": [removeByRest("delete a branch of people", theirs), removeDefault, rewriteTheirs],
    "ruleset-history": [rewrite("rewrite the default branch", defaultBranch)],
    "protection-history": [rewrite("rewrite the default branch", defaultBranch)],
  },
  "create-tag": {
    any: [newTag, moveTag, remove("delete a tag", tag)],
    "gate-ref": [newTag, moveTag, removeByRest("delete a tag", tag)],
  },
  "create-release": { any: [{ tried: "publish a release under a new tag", client: "fetch", run: release }] },
  "edit-workflow": {
    any: [workflow, workflowByRest],
    "ruleset-paths": [workflow, localAction],
    "gate-path": [workflow, localAction, workflowByRest, workflowByTool],
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
