import { personOf, webFlow } from "../domain/pulls";
import { gitOf, moveRefs } from "../domain/refs";
import { created, noContent, ok, page, redirect, type Context } from "../http/context";
import { HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { gitNodeId, nodeId } from "../ids";
import type { GitRepository } from "../git/repository";
import { association, presentUser, presentUserId } from "../present/accounts";
import { presentCommit, presentCommitWithFiles, presentFile } from "../present/commits";
import { presentPull } from "../present/pulls";
import { presentReactions } from "../present/issues";
import { roleOn } from "../permissions";
import { protectionOf } from "../rules/protection";
import { activeRules } from "../rules/rulesets";
import type { Repository } from "../state";
import { branchProtectionSummary } from "./protection";

const read = { permission: "contents=read" };

/** Commits, comparisons, branches and tags. */
export function commitRoutes(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/commits", read, async (c) => {
    const git = gitOf(c.repo);
    const start = await git.resolve(c.query.get("sha") ?? c.repo.defaultBranch);
    if (!start) throw c.query.has("sha") ? notFound() : new HttpError(409, "Git Repository is empty.");
    const q = (name: string): string | undefined => c.query.get(name) ?? undefined;
    const by = q("author") ? (c.world.userByLogin(q("author")!)?.login ?? q("author")!) : undefined;
    const shas = await git.log([start], {
      ...(q("path") ? { path: q("path")! } : {}),
      ...(q("since") ? { since: q("since")! } : {}),
      ...(q("until") ? { until: q("until")! } : {}),
      ...(by ? { author: by } : {}),
    });
    const reply = page(c, shas, (sha) => sha);
    return {
      ...reply,
      body: (await git.commits(reply.body as string[])).map((commit) => presentCommit(c.world, c.repo, commit)),
    };
  });
  router.on("GET", "/repos/{owner}/{repo}/commits/{ref}", read, async (c) => {
    const git = gitOf(c.repo);
    const sha = await git.resolve(c.param("ref"));
    const commit = sha ? await git.commit(sha) : undefined;
    if (!commit) throw new HttpError(422, `No commit found for SHA: ${c.param("ref")}`);
    if (/application\/vnd\.github(?:\.v3)?\.sha/.test(c.accept))
      return {
        status: 200,
        raw: Buffer.from(commit.sha),
        headers: { "content-type": "application/vnd.github.sha; charset=utf-8" },
      };
    if (/application\/vnd\.github(?:\.v3)?\.(?:diff|patch)/.test(c.accept))
      return text(c, (await git.git(["show", "--format=", "--no-color", commit.sha])).stdout);
    return ok(presentCommitWithFiles(c.world, c.repo, commit, await git.diff(commit.parents[0] ?? null, commit.sha)));
  });
  router.on(
    "GET",
    "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    { permission: "pull_requests=read" },
    async (c) => {
      const git = gitOf(c.repo);
      const sha = await git.resolve(c.param("commit_sha"));
      const found = [];
      for (const issue of c.repo.issues.values())
        if (
          issue.pull &&
          sha &&
          (issue.pull.headSha === sha ||
            issue.pull.mergeCommitSha === sha ||
            ((await git.typeOf(issue.pull.headSha)) &&
              (await git.isAncestor(sha, issue.pull.headSha)) &&
              !(await git.isAncestor(sha, issue.pull.baseSha))))
        )
          found.push(issue);
      return page(c, found, (i) => presentPull(c.world, c.repo, i));
    },
  );
  router.on("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/branches-where-head", read, async (c) =>
    page(
      c,
      (await gitOf(c.repo).refs("refs/heads")).filter((r) => r.sha === c.param("commit_sha")),
      (r) => ({
        name: r.name.slice(11),
        commit: { sha: r.sha, url: `${c.world.api}/repos/${c.world.fullName(c.repo)}/commits/${r.sha}` },
        protected: isProtected(c, r.name.slice(11)),
      }),
    ),
  );
  router.on("GET", "/repos/{owner}/{repo}/compare/{basehead}", read, compare);

  router.on("GET", "/repos/{owner}/{repo}/branches", read, async (c) => {
    const wanted = c.query.get("protected");
    const refs = (await gitOf(c.repo).refs("refs/heads"))
      .map((r) => ({ name: r.name.slice("refs/heads/".length), sha: r.sha }))
      .filter((b) => wanted === null || (wanted === "true") === isProtected(c, b.name));
    return page(c, refs, (b) => ({
      name: b.name,
      commit: { sha: b.sha, url: `${c.world.api}/repos/${c.world.fullName(c.repo)}/commits/${b.sha}` },
      protected: isProtected(c, b.name),
    }));
  });
  router.on("GET", "/repos/{owner}/{repo}/branches/{branch}", read, async (c) => {
    const git = gitOf(c.repo);
    const branch = c.param("branch");
    const ref = await git.ref(`refs/heads/${branch}`);
    if (!ref) throw new HttpError(404, "Branch not found");
    const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/branches/${encodeURIComponent(branch)}`;
    return ok({
      name: branch,
      commit: presentCommit(c.world, c.repo, (await git.commit(ref.sha))!),
      _links: { self: url, html: `${c.world.origin}/${c.world.fullName(c.repo)}/tree/${branch}` },
      protected: isProtected(c, branch),
      protection: branchProtectionSummary(protectionOf(c.world, c.repo, branch)),
      protection_url: `${url}/protection`,
    });
  });
  router.on("POST", "/repos/{owner}/{repo}/branches/{branch}/rename", { permission: "contents=write" }, async (c) => {
    const git = gitOf(c.repo);
    const [from, to] = [c.param("branch"), c.string("new_name", true)];
    const ref = await git.ref(`refs/heads/${from}`);
    if (!ref) throw notFound();
    if (from === c.repo.defaultBranch && c.role !== "admin")
      throw new HttpError(403, "Must have admin rights to Repository.");
    await moveRefs(
      c.world,
      { repo: c.repo, git, auth: c.auth, via: "api" },
      [
        { ref: `refs/heads/${to}`, old: "0".repeat(40), new: ref.sha },
        { ref: ref.name, old: ref.sha, new: "0".repeat(40) },
      ],
      403,
    );
    if (from === c.repo.defaultBranch) {
      c.repo.defaultBranch = to;
      await git.setHead(to);
    }
    const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/branches/${encodeURIComponent(to)}`;
    return created({
      name: to,
      commit: presentCommit(c.world, c.repo, (await git.commit(ref.sha))!),
      _links: { self: url, html: `${c.world.origin}/${c.world.fullName(c.repo)}/tree/${to}` },
      protected: isProtected(c, to),
      protection: branchProtectionSummary(protectionOf(c.world, c.repo, to)),
      protection_url: `${url}/protection`,
    });
  });
  router.on("POST", "/repos/{owner}/{repo}/merges", { permission: "contents=write" }, async (c) => {
    const git = gitOf(c.repo);
    const base = await git.ref(`refs/heads/${c.string("base", true)}`);
    if (!base) throw new HttpError(404, "Base does not exist");
    const head = await git.resolve(c.string("head", true));
    if (!head) throw new HttpError(404, "Head does not exist");
    if (await git.isAncestor(head, base.sha)) return noContent();
    const tree = await git.mergeTree(base.sha, head);
    if (!tree) throw new HttpError(409, "Merge conflict");
    const sha = await git.writeCommit({
      tree,
      parents: [base.sha, head],
      author: personOf(c.world, c.me),
      committer: webFlow(c.world),
      message: c.string("commit_message") ?? `Merge ${c.string("head")} into ${c.string("base")}`,
    });
    c.repo.signedByGitHub.add(sha);
    await moveRefs(
      c.world,
      { repo: c.repo, git, auth: c.auth, via: "api" },
      [{ ref: base.name, old: base.sha, new: sha }],
      403,
    );
    return created(presentCommit(c.world, c.repo, (await git.commit(sha))!));
  });
  router.on("POST", "/repos/{owner}/{repo}/merge-upstream", { permission: "contents=write" }, async (c) => {
    const upstream = c.repo.forkOf === null ? undefined : c.world.repos.get(c.repo.forkOf);
    if (!upstream) throw new HttpError(422, "This repository is not a fork");
    const git = gitOf(c.repo);
    const branch = c.string("branch", true);
    const head = await git.ref(`refs/heads/${branch}`);
    const theirs = await gitOf(upstream).ref(`refs/heads/${branch}`);
    if (!theirs || !head) throw new HttpError(422, "The branch does not exist");
    await git.git(["fetch", "--quiet", upstream.gitDir, `refs/heads/${branch}`]);
    if (head.sha === theirs.sha)
      return ok({
        message: "This branch is not behind the upstream",
        merge_type: "none",
        base_branch: `${c.world.ownerLogin(upstream)}:${branch}`,
      });
    if (!(await git.isAncestor(head.sha, theirs.sha))) throw new HttpError(409, "merge conflict");
    await moveRefs(
      c.world,
      { repo: c.repo, git, auth: c.auth, via: "api" },
      [{ ref: head.name, old: head.sha, new: theirs.sha }],
      422,
    );
    return ok({
      message: "Successfully fetched and fast-forwarded from upstream",
      merge_type: "fast-forward",
      base_branch: `${c.world.ownerLogin(upstream)}:${branch}`,
    });
  });

  router.on("GET", "/repos/{owner}/{repo}/tags", read, async (c) => {
    const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}`;
    return page(c, (await gitOf(c.repo).refs("refs/tags")).reverse(), (r) => {
      const name = r.name.slice("refs/tags/".length);
      const sha = r.peeled ?? r.sha;
      return {
        name,
        zipball_url: `${url}/zipball/${r.name}`,
        tarball_url: `${url}/tarball/${r.name}`,
        commit: { sha, url: `${url}/commits/${sha}` },
        node_id: gitNodeId("ref", c.repo.id, r.name),
      };
    });
  });
  router.on("GET", "/repos/{owner}/{repo}/contributors", { permission: "metadata=read" }, async (c) => {
    const git = gitOf(c.repo);
    const head = await git.resolve(c.repo.defaultBranch);
    const counts = new Map<number, number>();
    for (const commit of head ? await git.commits(await git.log([head])) : []) {
      const shown = presentCommit(c.world, c.repo, commit).author;
      if (shown) counts.set(shown.id, (counts.get(shown.id) ?? 0) + 1);
    }
    return page(c, [...counts], ([id, contributions]) => ({
      ...presentUser(c.world, c.world.user(id)),
      contributions,
    }));
  });

  router.on("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/comments", read, (c) =>
    page(
      c,
      c.repo.commitComments.filter((x) => x.sha === c.param("commit_sha")),
      (x) => commitComment(c, c.repo, x),
    ),
  );
  router.on(
    "POST",
    "/repos/{owner}/{repo}/commits/{commit_sha}/comments",
    { role: "read", permission: "contents=write" },
    async (c) => {
      if (!(await gitOf(c.repo).commit(c.param("commit_sha")))) throw notFound();
      const id = c.world.ids.next();
      const now = c.world.clock.iso();
      const comment = {
        id,
        nodeId: nodeId("commitComment", c.repo.id, id),
        sha: c.param("commit_sha"),
        userId: c.me.id,
        body: c.string("body", true),
        path: c.string("path") ?? null,
        position: c.number("position") ?? null,
        line: c.number("line") ?? null,
        createdAt: now,
        updatedAt: now,
      };
      c.repo.commitComments.push(comment);
      return created(commitComment(c, c.repo, comment));
    },
  );
  // Old links by the short form of a branch still work.
  router.on("GET", "/repos/{owner}/{repo}/git/refs/{ref}", read, (c) =>
    redirect(301, `${c.world.api}/repositories/${c.repo.id}/git/matching-refs/${c.param("ref")}`),
  );
}

const isProtected = (c: Context, branch: string): boolean =>
  protectionOf(c.world, c.repo, branch) !== undefined || activeRules(c.world, c.repo, branch).length > 0;
const text = (c: Context, raw: Buffer) => ({
  status: 200,
  raw,
  headers: { "content-type": `application/vnd.github.v3.${/patch/.test(c.accept) ? "patch" : "diff"}; charset=utf-8` },
});

/** `base...head`, either of which may be `owner:branch` of the same fork network. */
async function compare(c: Context) {
  const [baseName, headName] = c.param("basehead").split(/\.\.\.?/, 2);
  if (!baseName || !headName) throw notFound();
  const git = gitOf(c.repo);
  const [base, head] = [await endOf(c, git, baseName), await endOf(c, git, headName)];
  const mergeBase = await git.mergeBase(base, head);
  if (!mergeBase) throw new HttpError(404, `No common ancestor between ${baseName} and ${headName}.`);
  if (/application\/vnd\.github(?:\.v3)?\.(?:diff|patch)/.test(c.accept))
    return text(c, (await git.git(["diff", "--no-color", mergeBase, head])).stdout);
  const ahead = await git.log([`${base}..${head}`]);
  const behind = await git.count(`${head}..${base}`);
  const changes = await git.diff(mergeBase, head);
  const [b, m] = [(await git.commit(base))!, (await git.commit(mergeBase))!];
  const shown = page(c, ahead.slice().reverse(), (sha) => sha);
  const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/compare/${baseName}...${headName}`;
  const html = `${c.world.origin}/${c.world.fullName(c.repo)}/compare/${baseName}...${headName}`;
  return {
    ...shown,
    body: {
      url,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: presentCommit(c.world, c.repo, b),
      merge_base_commit: presentCommit(c.world, c.repo, m),
      status: ahead.length === 0 ? (behind === 0 ? "identical" : "behind") : behind === 0 ? "ahead" : "diverged",
      ahead_by: ahead.length,
      behind_by: behind,
      total_commits: ahead.length,
      commits: (await git.commits(shown.body as string[])).map((x) => presentCommit(c.world, c.repo, x)),
      files: changes.slice(0, 300).map((f) => presentFile(c.world, c.repo, head, f)),
    },
  };
}

async function endOf(c: Context, git: GitRepository, name: string): Promise<string> {
  const cut = name.indexOf(":");
  let sha: string | undefined;
  if (cut < 0 || name.slice(0, cut).toLowerCase() === c.world.ownerLogin(c.repo).toLowerCase())
    sha = await git.resolve(name.slice(cut + 1));
  else {
    const fork = [...c.world.repos.values()].find(
      (r) =>
        (r.forkOf === c.repo.id || c.repo.forkOf === r.id) &&
        c.world.ownerLogin(r).toLowerCase() === name.slice(0, cut).toLowerCase(),
    );
    const theirs = fork && roleOn(c.world, c.auth, fork) ? await gitOf(fork).resolve(name.slice(cut + 1)) : undefined;
    if (fork && theirs) {
      await git.git(["fetch", "--quiet", fork.gitDir, theirs]);
      sha = theirs;
    }
  }
  if (!sha) throw notFound();
  return sha;
}

function commitComment(c: Context, repo: Repository, x: Repository["commitComments"][number]) {
  const url = `${c.world.api}/repos/${c.world.fullName(repo)}/comments/${x.id}`;
  return {
    url,
    html_url: `${c.world.origin}/${c.world.fullName(repo)}/commit/${x.sha}#commitcomment-${x.id}`,
    id: x.id,
    node_id: x.nodeId,
    user: presentUserId(c.world, x.userId),
    position: x.position,
    line: x.line,
    path: x.path,
    commit_id: x.sha,
    created_at: x.createdAt,
    updated_at: x.updatedAt,
    author_association: association(c.world, repo, x.userId),
    body: x.body,
    reactions: presentReactions(url, []),
  };
}
