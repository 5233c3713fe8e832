import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Workbench } from "../support/git";
import { onboard, standIn, type Answer, type Caller, type StandIn } from "../support/standin";
import { BASE, type Case, type Step } from "./case";

type Body = Record<string, unknown>;
const b64 = (text: string): string => Buffer.from(text).toString("base64");

/** The stand-in with the people of the cases on it, who all have tokens that allow whatever they may do. */
export class Stage {
  private number = 0;
  private constructor(
    readonly s: StandIn,
    private readonly git: Workbench,
    private readonly callers: ReadonlyMap<string, Caller>,
    private readonly ids: ReadonlyMap<string, number>,
  ) {}

  static async open(): Promise<Stage> {
    const s = await standIn();
    await onboard(s);
    const { admin } = s;
    for (const [name, privacy, permission] of [
      ["hidden", "secret", "push"],
      ["readers", "closed", "pull"],
    ] as const) {
      await admin("POST", "/orgs/acme/teams", { name, privacy });
      for (const login of ["reviewer-one", "reviewer-two"])
        await admin("PUT", `/orgs/acme/teams/${name}/memberships/${login}`, { role: "member" });
      await admin("PUT", `/orgs/acme/teams/${name}/repos/acme/api`, { permission });
    }
    for (const repository of ["docs", "public-site"]) {
      for (const team of ["agents", "agent-reviewers", "security"])
        await admin("PUT", `/orgs/acme/teams/${team}/repos/acme/${repository}`, { permission: "push" });
    }
    // The cases bring their own code owners.
    const { sha } = (await admin("GET", "/repos/acme/api/contents/CODEOWNERS")).body as { sha: string };
    await admin("DELETE", "/repos/acme/api/contents/CODEOWNERS", { message: "Name no owners", sha });
    // Somebody who is not a member of the organization and may write.
    const stranger = await s.as({ login: "other-admin", kind: "classic", scopes: ["repo", "user"] });
    await admin("PUT", "/repos/acme/api/collaborators/other-admin", { permission: "push" });
    for (const { id } of (await stranger("GET", "/user/repository_invitations")).body as { id: number }[])
      await stranger("PATCH", `/user/repository_invitations/${id}`);
    const callers = new Map<string, Caller>([
      ["acme-admin", admin],
      ["stranger", stranger],
    ]);
    for (const login of ["claude-bot", "reviewer-one", "reviewer-two", "security-one"])
      callers.set(login, await s.as({ login, kind: "classic", scopes: ["repo", "workflow", "read:org"] }));
    callers.set(
      "app",
      await s.as({
        login: "app",
        kind: "app-installation",
        permissions: { contents: "write", pull_requests: "write", metadata: "read" },
      }),
    );
    callers.set(
      "actions",
      await s.as({ kind: "actions", repository: "api", permissions: { contents: "write", pull_requests: "write" } }),
    );
    const ids = new Map<string, number>();
    for (const { id, slug } of (await admin("GET", "/orgs/acme/teams?per_page=100")).body as {
      id: number;
      slug: string;
    }[])
      ids.set(`@${slug}`, id);
    for (const login of ["claude-bot", "reviewer-one", "reviewer-two", "security-one"])
      ids.set(`@@${login}`, (await admin("GET", `/users/${login}`)).body.id as number);
    for (const name of ["api", "docs", "public-site"])
      ids.set(`@/${name}`, (await admin("GET", `/repos/acme/${name}`)).body.id as number);
    return new Stage(s, new Workbench(s.gh.git), callers, ids);
  }

  async close(): Promise<void> {
    this.git.remove();
    await this.s.stop();
  }

  /** Plays one case. @returns what went otherwise than it says; empty when all is as GitHub documents it */
  async play(what: Case): Promise<string[]> {
    const scene = new Scene(this.s, this.git, this.callers, this.ids, what, (this.number += 1));
    try {
      await scene.setUp();
      const wrong: string[] = [];
      for (const step of what.steps) wrong.push(...(await scene.step(step)));
      return wrong;
    } finally {
      await scene.takeDown();
    }
  }
}

/** One case on the stage. */
class Scene {
  private readonly base: string;
  private readonly head: string;
  private readonly repo: string;
  private readonly made: string[] = [];
  private pull = 0;
  private nodeId = "";
  private edits = 0;

  constructor(
    private readonly s: StandIn,
    private readonly workbench: Workbench,
    private readonly callers: ReadonlyMap<string, Caller>,
    private readonly ids: ReadonlyMap<string, number>,
    private readonly what: Case,
    private readonly n: number,
  ) {
    this.base = `base-${n}`;
    this.head = `head-${n}`;
    this.repo = `/repos/acme/${what.repository ?? "api"}`;
  }

  async setUp(): Promise<void> {
    const { what } = this;
    // More than the set-up needs can be there before, less only afterwards.
    if (what.plan === "enterprise") await this.s.sandbox("PATCH", "/organization", { plan: what.plan });
    const { sha } = (await this.must("GET", `${this.repo}/git/ref/heads/main`)).body.object as { sha: string };
    await this.must("POST", `${this.repo}/git/refs`, { ref: `refs/heads/${this.base}`, sha });
    for (const [path, text] of Object.entries(what.files ?? {}))
      await this.must("PUT", `${this.repo}/contents/${path}`, await this.content(path, this.base, text));
    if (what.settings) await this.must("PATCH", this.repo, what.settings);
    if (what.workflow) await this.must("PUT", `${this.repo}/actions/permissions/workflow`, what.workflow);
    for (const ruleset of [...(what.rules ? [{ rules: what.rules }] : []), ...(what.rulesets ?? [])])
      await this.add(this.repo, ruleset);
    for (const ruleset of what.organization ?? []) await this.add("/orgs/acme", ruleset);
    if (what.protection)
      await this.must("PUT", `${this.repo}/branches/${this.base}/protection`, protection(this.filled(what.protection)));
    if (what.plan) await this.s.sandbox("PATCH", "/organization", { plan: what.plan });
  }

  async takeDown(): Promise<void> {
    await this.s.sandbox("PATCH", "/organization", { plan: "team" });
    for (const path of this.made) await this.s.admin("DELETE", path);
    await this.s.admin("DELETE", `${this.repo}/branches/${this.base}/protection`);
    if (this.what.settings)
      await this.s.admin("PATCH", this.repo, {
        allow_auto_merge: false,
        allow_squash_merge: true,
        allow_merge_commit: true,
        allow_rebase_merge: true,
      });
    if (this.what.workflow)
      await this.s.admin("PUT", `${this.repo}/actions/permissions/workflow`, {
        default_workflow_permissions: "read",
        can_approve_pull_request_reviews: false,
      });
  }

  /** Plays one step. @returns what went otherwise */
  async step(step: Step): Promise<string[]> {
    const [text, expected] = typeof step === "string" ? [step, undefined] : step;
    const state = /^(merged|open|asked: .*)$/.exec(text);
    if (state) return this.state(text);
    const answer = await this.act(text.replaceAll("{base}", this.base).replaceAll("{n}", String(this.n)));
    const said = `${answer.status} ${JSON.stringify(answer.body ?? answer.text).slice(0, 400)}`;
    if (expected === undefined) return answer.status < 400 && !refused(answer) ? [] : [`${text}: ${said}`];
    if (typeof expected === "number")
      return answer.status === expected ? [] : [`${text}: expected ${expected}, was ${said}`];
    return (answer.status >= 400 || refused(answer) || / gets /.test(text)) &&
      expected.test(JSON.stringify(answer.body))
      ? []
      : [`${text}: expected ${String(expected)}, was ${said}`];
  }

  private async state(text: string): Promise<string[]> {
    const pull = (await this.must("GET", `${this.repo}/pulls/${this.pull}`)).body as {
      merged: boolean;
      state: string;
      requested_reviewers: { login: string }[];
      requested_teams: { slug: string }[];
    };
    if (!text.startsWith("asked: "))
      return (text === "merged") === pull.merged
        ? []
        : [`the pull request is ${pull.merged ? "merged" : pull.state}, not ${text}`];
    const asked = [
      ...pull.requested_reviewers.map(({ login }) => login),
      ...pull.requested_teams.map(({ slug }) => slug),
    ].sort();
    const wanted = text === "asked: nobody" ? [] : text.slice("asked: ".length).split(" ").sort();
    return asked.join() === wanted.join()
      ? []
      : [`asked are ${asked.join(" ") || "nobody"}, not ${wanted.join(" ") || "nobody"}`];
  }

  private async act(text: string): Promise<Answer> {
    const check = /^(\S+) (succeeds|fails)(?: by (\S+))?$/.exec(text);
    if (check) return this.report(check[1]!, check[2]! === "succeeds" ? "success" : "failure", check[3]);
    const [, who = "", doing = ""] = /^(\S+) (.*)$/.exec(text) ?? [];
    const by = this.callers.get(who);
    if (!by) throw new Error(`nobody of the cases is called ${who}`);
    for (const [pattern, act] of this.acts(by)) {
      const match = pattern.exec(doing);
      if (match) return act(...(match.slice(1) as string[]));
    }
    throw new Error(`there is no step "${text}"`);
  }

  private acts(by: Caller): [RegExp, (...found: string[]) => Promise<Answer>][] {
    const at = `${this.repo}/pulls/${this.pull}`;
    const refs = `${this.repo}/git/refs`;
    const short = (ref: string): string => ref.replace(/^refs\//, "");
    return [
      [/^opens (.+)$/, (paths) => this.open(by, paths!, false)],
      [/^drafts (.+)$/, (paths) => this.open(by, paths!, true)],
      [/^prepares (.+)$/, (paths) => this.prepare(by, paths!)],
      [/^proposes it$/, () => this.propose(by, false)],
      [/^approves$/, () => by("POST", `${at}/reviews`, { event: "APPROVE" })],
      [/^asks for changes$/, () => by("POST", `${at}/reviews`, { event: "REQUEST_CHANGES", body: "no" })],
      [/^comments on (\S+)$/, (path) => by("POST", `${at}/comments`, { body: "why?", path, line: 1, side: "RIGHT" })],
      [/^resolves$/, () => this.resolve(by)],
      [/^dismisses (\S+)$/, (login) => this.dismiss(by, login!)],
      [/^marks it ready$/, () => this.mutate(by, "markPullRequestReadyForReview")],
      [/^makes it a draft$/, () => this.mutate(by, "convertPullRequestToDraft")],
      [/^pushes an empty commit$/, () => this.emptyCommit(by)],
      [/^pushes (\S+) with git$/, (ref) => this.pushWithGit(by, ref!)],
      [/^pushes (.+)$/, (paths) => this.commit(by, paths!.split(" "), this.head)],
      [/^updates the branch$/, () => by("PUT", `${at}/update-branch`, {})],
      [/^retargets to (\S+)$/, (base) => by("PATCH", at, { base })],
      [/^merges with git(?: and adds (\S+))?$/, (path) => this.mergeWithGit(by, path)],
      [/^merges(?: by (\S+))?$/, (method) => by("PUT", `${at}/merge`, { merge_method: method ?? "merge" })],
      [/^enables auto-merge$/, () => this.mutate(by, "enablePullRequestAutoMerge", ", mergeMethod: SQUASH")],
      [/^commits (.+) to (\S+)$/, (paths, branch) => this.commit(by, paths!.split(" "), branch!)],
      [/^creates (\S+)$/, async (ref) => by("POST", refs, { ref, sha: await this.sha(this.base) })],
      [/^deletes (\S+)$/, (ref) => by("DELETE", `${refs}/${short(ref!)}`)],
      [
        /^moves (\S+) to (\S+)$/,
        async (ref, branch) => by("PATCH", `${refs}/${short(ref!)}`, { sha: await this.sha(branch!) }),
      ],
      [/^moves (\S+)$/, async (ref) => by("PATCH", `${refs}/${short(ref!)}`, { sha: await this.onTop(by, ref!) })],
      [
        /^forces (\S+)$/,
        async (ref) => by("PATCH", `${refs}/${short(ref!)}`, { sha: await this.parent(ref!), force: true }),
      ],
      [
        /^makes a tree with (\S+)$/,
        async (path) =>
          by("POST", `${this.repo}/git/trees`, {
            base_tree: await this.sha(this.base),
            tree: [{ path, mode: "100644", type: "blob", content: "x\n" }],
          }),
      ],
      [
        /^makes a blob of (\d+) MB$/,
        (size) =>
          by("POST", `${this.repo}/git/blobs`, { content: "x".repeat(Number(size) * 1024 * 1024), encoding: "utf-8" }),
      ],
      [
        /^adds (organization )?ruleset$/,
        (organization) => this.add(organization ? "/orgs/acme" : this.repo, this.what.tried ?? {}, by),
      ],
      [
        /^adds protection$/,
        () =>
          by("PUT", `${this.repo}/branches/${this.base}/protection`, protection(this.filled(this.what.tried ?? {}))),
      ],
      [/^gets (\S+)$/, (path) => by("GET", path!.replace("{repo}", this.repo))],
    ];
  }

  private async must(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.s.admin(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
    return answer;
  }

  private async add(to: string, ruleset: Readonly<Body>, by: Caller = this.s.admin): Promise<Answer> {
    const target = ruleset["target"] ?? "branch";
    const where = target === "push" ? {} : BASE;
    const repositories = to.startsWith("/orgs/") ? { repository_name: { include: ["~ALL"], exclude: [] } } : {};
    const conditions = { ...where, ...repositories };
    const body = this.filled({
      name: `case ${this.n}.${this.made.length}`,
      target,
      enforcement: "active",
      ...(Object.keys(conditions).length > 0 ? { conditions } : {}),
      ...ruleset,
    });
    const answer =
      by === this.s.admin && ruleset !== this.what.tried
        ? await this.must("POST", `${to}/rulesets`, body)
        : await by("POST", `${to}/rulesets`, body);
    if (answer.status === 201) this.made.push(`${to}/rulesets/${answer.body.id as number}`);
    return answer;
  }

  /** Names in place of ids, and the case's own branch. */
  private filled(body: Readonly<Body>): Body {
    return JSON.parse(JSON.stringify(body), (_key, value: unknown) => {
      if (typeof value !== "string") return value;
      return this.ids.get(value) ?? value.replaceAll("{base}", this.base).replaceAll("{n}", String(this.n));
    }) as Body;
  }

  private async sha(branch: string): Promise<string> {
    return (await this.must("GET", `${this.repo}/git/ref/heads/${branch}`)).body.object.sha as string;
  }

  private async content(path: string, branch: string, text: string): Promise<Body> {
    const before = await this.s.admin("GET", `${this.repo}/contents/${encode(path)}?ref=${branch}`);
    return {
      message: `Change ${path}`,
      branch,
      content: b64(text),
      ...(before.status === 200 ? { sha: before.body.sha as string } : {}),
    };
  }

  private async commit(by: Caller, paths: readonly string[], branch: string): Promise<Answer> {
    let answer: Answer | undefined;
    for (const path of paths) {
      if (path.includes("=>")) answer = await this.move(by, path.split("=>") as [string, string], branch);
      else
        answer = await by(
          "PUT",
          `${this.repo}/contents/${encode(path)}`,
          await this.content(path, branch, `case ${this.n}, edit ${(this.edits += 1)}\n`),
        );
      if (answer.status >= 400) return answer;
    }
    return answer!;
  }

  /** A file under another name, in one commit. */
  private async move(by: Caller, [from, to]: [string, string], branch: string): Promise<Answer> {
    const parent = await this.sha(branch);
    const { sha } = (await this.must("GET", `${this.repo}/contents/${from}?ref=${branch}`)).body as { sha: string };
    const entry = { mode: "100644", type: "blob" };
    const tree = await by("POST", `${this.repo}/git/trees`, {
      base_tree: parent,
      tree: [
        { ...entry, path: from, sha: null },
        { ...entry, path: to, sha },
      ],
    });
    const commit = await by("POST", `${this.repo}/git/commits`, {
      message: `Move ${from}`,
      tree: tree.body.sha as string,
      parents: [parent],
    });
    return by("PATCH", `${this.repo}/git/refs/heads/${branch}`, { sha: commit.body.sha as string });
  }

  private async open(by: Caller, paths: string, draft: boolean): Promise<Answer> {
    const made = await this.prepare(by, paths);
    return made.status < 400 ? this.propose(by, draft) : made;
  }
  private async prepare(by: Caller, paths: string): Promise<Answer> {
    await this.must("POST", `${this.repo}/git/refs`, {
      ref: `refs/heads/${this.head}`,
      sha: await this.sha(this.base),
    });
    return this.commit(by, paths.split(" "), this.head);
  }
  private async propose(by: Caller, draft: boolean): Promise<Answer> {
    const pull = await by("POST", `${this.repo}/pulls`, {
      title: this.what.title,
      head: this.head,
      base: this.base,
      draft,
    });
    this.pull = (pull.body.number as number | undefined) ?? 0;
    this.nodeId = (pull.body.node_id as string | undefined) ?? "";
    return pull;
  }

  private async graphql(by: Caller, query: string): Promise<Answer> {
    return by("POST", `${this.s.gh.graphql}`, { query });
  }
  private mutate(by: Caller, mutation: string, more = ""): Promise<Answer> {
    return this.graphql(
      by,
      `mutation { ${mutation}(input: { pullRequestId: "${this.nodeId}"${more} }) { pullRequest { number } } }`,
    );
  }

  private async resolve(by: Caller): Promise<Answer> {
    const asked = await this.graphql(
      by,
      `{ node(id: "${this.nodeId}") { ... on PullRequest { reviewThreads(first: 1) { nodes { id } } } } }`,
    );
    const id = asked.body.data.node.reviewThreads.nodes[0].id as string;
    return this.graphql(by, `mutation { resolveReviewThread(input: { threadId: "${id}" }) { thread { isResolved } } }`);
  }

  private async dismiss(by: Caller, login: string): Promise<Answer> {
    const reviews = (await this.must("GET", `${this.repo}/pulls/${this.pull}/reviews`)).body as {
      id: number;
      user: { login: string };
    }[];
    const review = reviews.filter(({ user }) => user.login === login).at(-1);
    return by("PUT", `${this.repo}/pulls/${this.pull}/reviews/${review?.id ?? 0}/dismissals`, {
      message: "no longer holds",
    });
  }

  private async report(context: string, conclusion: string, app: string | undefined): Promise<Answer> {
    const { sha } = (await this.must("GET", `${this.repo}/pulls/${this.pull}`)).body.head as { sha: string };
    const appId = app === "app" ? this.s.gh.app.id : 15368;
    const made = await this.s.sandbox("POST", "/checks", {
      repo: this.repo.split("/").at(-1),
      sha,
      context,
      conclusion,
      appId,
    });
    return { status: made.status, body: made.body as unknown, headers: new Headers(), text: "" };
  }

  /** A commit with the tree of its parent, as `git commit --allow-empty` makes it. */
  private async emptyCommit(by: Caller): Promise<Answer> {
    return by("PATCH", `${this.repo}/git/refs/heads/${this.head}`, {
      sha: await this.onTop(by, `refs/heads/${this.head}`),
    });
  }
  private async onTop(by: Caller, ref: string): Promise<string> {
    const parent = (await this.must("GET", `${this.repo}/git/ref/${ref.replace(/^refs\//, "")}`)).body.object
      .sha as string;
    const { tree } = (await this.must("GET", `${this.repo}/git/commits/${parent}`)).body as { tree: { sha: string } };
    return (
      await by("POST", `${this.repo}/git/commits`, {
        message: `On top ${this.n}.${(this.edits += 1)}`,
        tree: tree.sha,
        parents: [parent],
      })
    ).body.sha as string;
  }
  private async parent(ref: string): Promise<string> {
    const at = (await this.must("GET", `${this.repo}/git/ref/${ref.replace(/^refs\//, "")}`)).body.object.sha as string;
    return (await this.must("GET", `${this.repo}/git/commits/${at}`)).body.parents[0].sha as string;
  }

  private async pushWithGit(by: Caller, ref: string): Promise<Answer> {
    const { dir } = await this.workbench.clone(this.repo.replace("/repos/", ""), by.token, ["--branch", this.base]);
    await this.workbench.commit(dir, { [`pushed-${this.n}.txt`]: "x\n" });
    return fromGit(await this.workbench.git(["push", "--quiet", "origin", `HEAD:${ref}`], dir));
  }

  /** What a person does who merges on their own machine and pushes the result. */
  private async mergeWithGit(by: Caller, more: string | undefined): Promise<Answer> {
    const { dir } = await this.workbench.clone(this.repo.replace("/repos/", ""), by.token, ["--branch", this.base]);
    await this.workbench.git(["merge", "--no-ff", "--quiet", "-m", "Merge it here", `origin/${this.head}`], dir);
    if (more !== undefined) {
      await writeFile(join(dir, more), "more\n");
      await this.workbench.git(["add", more], dir);
      await this.workbench.git(["commit", "--quiet", "--amend", "--no-edit"], dir);
    }
    return fromGit(await this.workbench.git(["push", "--quiet", "origin", `HEAD:refs/heads/${this.base}`], dir));
  }
}

const encode = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const refused = ({ body }: Answer): boolean =>
  typeof body === "object" &&
  body !== null &&
  "errors" in body &&
  Array.isArray(body.errors) &&
  body.errors.length > 0 &&
  "data" in body;

const fromGit = ({ code, stderr }: { code: number; stderr: string }): Answer => ({
  status: code === 0 ? 200 : 422,
  body: { message: stderr },
  headers: new Headers(),
  text: stderr,
});

const protection = (change: Body): Body => ({
  required_status_checks: null,
  enforce_admins: false,
  required_pull_request_reviews: null,
  restrictions: null,
  ...change,
});
