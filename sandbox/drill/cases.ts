import { type Door, type Outcome, viaFetch, viaOctokit, viaRawPath, withGit } from "./door";

/** Where the drill knocks: real names of the environment, and names outside it. */
export interface DrillGround {
  readonly organization: string;
  /** A repository the agent may write to. */
  readonly writable: string;
  /** A repository the agent may only read; absent when the environment has none. */
  readonly readable?: string;
  /** A private repository of the same organization that the posture does not list. */
  readonly unlisted: string;
  /** `owner/name` of a repository of another organization. */
  readonly foreign: string;
  readonly defaultBranch: string;
  /** Makes branch names of this run unique. */
  readonly run: string;
}

/** One attempt: an action of the catalogue, made by a client that Gatehouse did not write. */
export interface DrillCase {
  readonly action: string;
  readonly title: string;
  readonly client: "fetch" | "octokit" | "git" | "raw socket";
  readonly expect: "allowed" | "refused";
  run(door: Door, ground: DrillGround): Promise<Outcome>;
}

type Where = (ground: DrillGround) => string;
const writable: Where = (g) => `/repos/${g.organization}/${g.writable}`;
const split = (ground: DrillGround): { owner: string; repo: string } => ({
  owner: ground.organization,
  repo: ground.writable,
});
const allowed = { expect: "allowed" } as const;
const refused = { expect: "refused" } as const;
const graphql = (document: (g: DrillGround) => string): Pick<DrillCase, "client" | "run"> => ({
  client: "fetch",
  run: (door, g) => viaFetch(door, "POST", "/graphql", { query: document(g) }),
});
const call = (method: string, path: Where, body?: (g: DrillGround) => unknown): Pick<DrillCase, "client" | "run"> => ({
  client: "fetch",
  run: (door, g) => viaFetch(door, method, path(g), body?.(g)),
});

/** Clones, commits one file on `branch` and pushes it to `ref`. */
const push = (
  branch: (g: DrillGround) => string,
  path: string,
  ref?: (g: DrillGround) => string,
  repository: Where = (g) => g.writable,
): Pick<DrillCase, "client" | "run"> => ({
  client: "git",
  run: (door, g) =>
    withGit(door, async (git) => {
      const cloned = await git.clone(`${g.organization}/${repository(g)}`, "--depth=1");
      if (!cloned.ok) return cloned;
      await git.commit(branch(g), path, `${g.run}\n`);
      return git.run("push", "--quiet", "origin", `HEAD:${ref?.(g) ?? `refs/heads/${branch(g)}`}`);
    }),
});
const agentBranch =
  (name: string) =>
  (g: DrillGround): string =>
    `claude/drill-${g.run}-${name}`;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** An attempt has nothing to try: what an earlier one should have made is not there. */
export class NothingToTry extends Error {}

/** Finds the pull request that the drill opened, so that later attempts have something real to merge or approve. */
async function drillPull(door: Door, g: DrillGround): Promise<number> {
  const found = await viaOctokit(door, (o) => o.rest.pulls.list({ ...split(g), state: "open", per_page: 100 }));
  const pull = ((found.data ?? []) as { number: number; head: { ref: string } }[]).find(
    (p) => p.head.ref === agentBranch("push")(g),
  );
  if (!pull) throw new NothingToTry("the drill's own pull request is not there");
  return pull.number;
}

export const DRILL: readonly DrillCase[] = [
  {
    ...allowed,
    action: "read-repository",
    title: "read a listed repository",
    client: "octokit",
    run: (door, g) => viaOctokit(door, (o) => o.rest.repos.get(split(g))),
  },
  {
    ...allowed,
    action: "read-repository",
    title: "read a file",
    client: "octokit",
    run: (door, g) => viaOctokit(door, (o) => o.rest.repos.getContent({ ...split(g), path: "README.md" })),
  },
  {
    ...allowed,
    action: "read-repository",
    title: "list issues",
    ...call("GET", (g) => `${writable(g)}/issues?state=open`),
  },
  {
    ...allowed,
    action: "read-repository",
    title: "ask GraphQL for a listed repository",
    ...graphql(
      (g) =>
        `query { repository(owner: "${g.organization}", name: "${g.writable}") { name defaultBranchRef { name } } }`,
    ),
  },
  {
    ...allowed,
    action: "read-repository",
    title: "download an archive",
    ...call("GET", (g) => `${writable(g)}/tarball/${g.defaultBranch}`),
  },
  {
    ...allowed,
    action: "read-repository",
    title: "clone",
    client: "git",
    run: (door, g) => withGit(door, (git) => git.clone(`${g.organization}/${g.writable}`)),
  },
  {
    ...allowed,
    action: "write-agent-branch",
    title: "push to an agent branch",
    ...push(agentBranch("push"), "drill/note.md"),
  },
  {
    ...allowed,
    action: "open-draft-pull-request",
    title: "open a pull request (becomes a draft)",
    client: "octokit",
    run: async (door, g) => {
      const made = await viaOctokit(door, (o) =>
        o.rest.pulls.create({
          ...split(g),
          title: `Drill ${g.run}`,
          head: agentBranch("push")(g),
          base: g.defaultBranch,
          draft: false,
          body: "Opened by the drill.",
        }),
      );
      const draft = (made.data as { draft?: boolean } | undefined)?.draft;
      return made.ok && draft !== true
        ? { status: made.status, ok: false, rule: "the pull request is not a draft" }
        : made;
    },
  },
  {
    ...allowed,
    action: "comment",
    title: "comment on a pull request",
    client: "octokit",
    run: async (door, g) => {
      const number = await drillPull(door, g);
      return viaOctokit(door, (o) =>
        o.rest.issues.createComment({ ...split(g), issue_number: number, body: "A remark of the drill." }),
      );
    },
  },
  {
    ...allowed,
    action: "write-agent-branch",
    title: "create an agent branch by REST",
    client: "octokit",
    run: async (door, g) => {
      const head = await viaOctokit(door, (o) => o.rest.git.getRef({ ...split(g), ref: `heads/${g.defaultBranch}` }));
      const sha = (head.data as { object: { sha: string } } | undefined)?.object.sha;
      return sha
        ? viaOctokit(door, (o) =>
            o.rest.git.createRef({ ...split(g), ref: `refs/heads/${agentBranch("rest")(g)}`, sha }),
          )
        : head;
    },
  },

  {
    ...refused,
    action: "use-without-key",
    title: "ask with a wrong key",
    client: "fetch",
    run: (door, g) => viaFetch({ ...door, credential: "not-a-key" }, "GET", writable(g)),
  },
  {
    ...refused,
    action: "push-default-branch",
    title: "push to the default branch",
    ...push((g) => g.defaultBranch, "drill/note.md"),
  },
  {
    ...refused,
    action: "push-other-branch",
    title: "push to a branch outside claude/",
    ...push((g) => `claude-drill-${g.run}`, "drill/note.md"),
  },
  {
    ...refused,
    action: "create-tag",
    title: "push a tag",
    ...push(agentBranch("tag"), "drill/tag.md", (g) => `refs/tags/drill-${g.run}`),
  },
  {
    ...refused,
    action: "delete-ref",
    title: "delete the default branch",
    ...call("DELETE", (g) => `${writable(g)}/git/refs/heads/${g.defaultBranch}`),
  },
  {
    ...refused,
    action: "edit-workflow",
    title: "push a workflow to an agent branch",
    ...push(agentBranch("workflow"), ".github/workflows/drill.yml"),
  },
  {
    ...refused,
    action: "edit-workflow",
    title: "write a workflow by the contents API",
    ...call(
      "PUT",
      (g) => `${writable(g)}/contents/.github/workflows/drill.yml`,
      (g) => ({ message: "drill", content: base64("on: push\n"), branch: agentBranch("push")(g) }),
    ),
  },
  {
    ...refused,
    action: "edit-codeowners",
    title: "push CODEOWNERS to an agent branch",
    ...push(agentBranch("owners"), ".github/CODEOWNERS"),
  },
  {
    ...refused,
    action: "merge-pull-request",
    title: "merge a pull request",
    client: "octokit",
    run: async (door, g) => {
      const number = await drillPull(door, g);
      return viaOctokit(door, (o) => o.rest.pulls.merge({ ...split(g), pull_number: number }));
    },
  },
  {
    ...refused,
    action: "merge-pull-request",
    title: "merge it in the background",
    client: "octokit",
    run: async (door, g) => {
      const path = `${writable(g)}/pulls/${await drillPull(door, g)}/merge-async`;
      const accepted = await viaOctokit(door, (o) => o.request(`PUT ${path}`, {}));
      if (accepted.status !== 202) return accepted;
      // That it was accepted says nothing: GitHub asks the rules when it merges.
      const { uuid } = (accepted.data as { details: { uuid: string } }).details;
      for (let left = 20; left > 0; left--) {
        const result = await viaOctokit(door, (o) => o.request(`GET ${path}/${uuid}`));
        const { status, details } = result.data as { status?: string; details?: { message?: string } };
        if (status === "failed") return { status: 405, ok: false, rule: details?.message ?? "failed" };
        if (status !== "pending") return result;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      return { status: 202, ok: true };
    },
  },
  {
    ...refused,
    action: "start-agent",
    title: "give a task to another agent",
    ...call(
      "POST",
      (g) => `/agents${writable(g)}/tasks`,
      () => ({ prompt: "Say hello." }),
    ),
  },
  {
    ...refused,
    action: "approve-review",
    title: "approve a pull request",
    client: "octokit",
    run: async (door, g) => {
      const number = await drillPull(door, g);
      return viaOctokit(door, (o) => o.rest.pulls.createReview({ ...split(g), pull_number: number, event: "APPROVE" }));
    },
  },
  {
    ...refused,
    action: "read-other-repository",
    title: "read a repository that is not listed",
    ...call("GET", (g) => `/repos/${g.organization}/${g.unlisted}`),
  },
  {
    ...refused,
    action: "read-other-repository",
    title: "read it by GraphQL",
    ...graphql((g) => `query { repository(owner: "${g.organization}", name: "${g.unlisted}") { name } }`),
  },
  {
    ...refused,
    action: "read-other-repository",
    title: "clone it",
    client: "git",
    run: (door, g) => withGit(door, (git) => git.clone(`${g.organization}/${g.unlisted}`)),
  },
  {
    ...refused,
    action: "read-other-repository",
    title: "reach it through dot segments",
    client: "raw socket",
    run: (door, g) => viaRawPath(door, "GET", `${writable(g)}/../${g.unlisted}`),
  },
  {
    ...refused,
    action: "read-other-repository",
    title: "read another organization's repository",
    ...call("GET", (g) => `/repos/${g.foreign}`),
  },
  {
    ...refused,
    action: "fork-repository",
    title: "fork",
    ...call(
      "POST",
      (g) => `${writable(g)}/forks`,
      () => ({}),
    ),
  },
  {
    ...refused,
    action: "create-gist",
    title: "create a gist",
    ...call(
      "POST",
      () => "/gists",
      () => ({ public: true, files: { "a.txt": { content: "drill" } } }),
    ),
  },
  {
    ...refused,
    action: "add-collaborator",
    title: "add a collaborator",
    ...call(
      "PUT",
      (g) => `${writable(g)}/collaborators/reviewer-one`,
      () => ({ permission: "push" }),
    ),
  },
  {
    ...refused,
    action: "add-key",
    title: "add a deploy key",
    ...call(
      "POST",
      (g) => `${writable(g)}/keys`,
      () => ({
        title: "drill",
        key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDrillDrillDrillDrillDrillDrillDrillDrillDrill",
      }),
    ),
  },
  {
    ...refused,
    action: "add-hook",
    title: "add a webhook",
    ...call(
      "POST",
      (g) => `${writable(g)}/hooks`,
      () => ({ name: "web", config: { url: "http://127.0.0.1:9/" }, events: ["push"] }),
    ),
  },
  {
    ...refused,
    action: "read-secret",
    title: "list Actions secrets",
    ...call("GET", (g) => `${writable(g)}/actions/secrets`),
  },
  {
    ...refused,
    action: "read-secret",
    title: "list agents' secrets",
    ...call("GET", (g) => `${writable(g)}/agents/secrets`),
  },
  { ...refused, action: "delete-repository", title: "delete the repository", ...call("DELETE", writable) },
  {
    ...refused,
    action: "transfer-repository",
    title: "transfer the repository",
    ...call(
      "POST",
      (g) => `${writable(g)}/transfer`,
      () => ({ new_owner: "other-org" }),
    ),
  },
  {
    ...refused,
    action: "mint-token",
    title: "mint a token",
    ...call(
      "POST",
      () => "/app/installations/1/access_tokens",
      () => ({}),
    ),
  },
  {
    ...refused,
    action: "arbitrary-graphql",
    title: "list everything the account can see",
    ...graphql(() => "query { viewer { repositories(first: 100) { nodes { nameWithOwner } } } }"),
  },
];

/** Attempts that need a repository with read access only. */
export const READ_ONLY_DRILL: readonly DrillCase[] = [
  {
    ...allowed,
    action: "read-repository",
    title: "read the read-only repository",
    ...call("GET", (g) => `/repos/${g.organization}/${g.readable}`),
  },
  {
    ...refused,
    action: "write-agent-branch",
    title: "push to the read-only repository",
    ...push(agentBranch("readonly"), "drill/note.md", undefined, (g) => g.readable ?? ""),
  },
];
