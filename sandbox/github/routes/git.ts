import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { pathHolds } from "../domain/commits";
import { personOf } from "../domain/pulls";
import { gitOf, moveRefs, RuleViolation } from "../domain/refs";
import { objectProblems } from "../rules/evaluate";
import type { TouchedFile } from "../rules/pushRules";
import { created, noContent, ok, page, type Context } from "../http/context";
import { HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { ZERO, type Commit, type Person } from "../git/repository";
import { gitNodeId } from "../ids";
import { presentGitCommit, presentRef } from "../present/commits";
import { wrap64 } from "./contents";
import { rm } from "node:fs/promises";

const REF =
  /^refs\/(?:heads|tags|notes|[\w-]+)\/(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)|[\s~^:?*[\\]))(?!.*\/\.)[^/].*[^/.]$/;
const read = { permission: "contents=read" };
const write = { permission: "contents=write" };

/** The git data API: objects as they are, and refs that move under the same rules as pushes. */
export function gitRoutes(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/git/ref/{ref}", read, async (c) => {
    const ref = await gitOf(c.repo).ref(`refs/${c.param("ref")}`);
    if (!ref) throw notFound();
    return ok(presentRef(c.world, c.repo, ref));
  });
  router.on("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", read, async (c) =>
    page(
      c,
      (await gitOf(c.repo).refs()).filter((r) => r.name.startsWith(`refs/${c.param("ref")}`)),
      (r) => presentRef(c.world, c.repo, r),
    ),
  );
  router.on("POST", "/repos/{owner}/{repo}/git/refs", write, async (c) => {
    const name = c.string("ref", true);
    const sha = c.string("sha", true);
    const git = gitOf(c.repo);
    if (!REF.test(name))
      throw new HttpError(422, "Reference name must start with 'refs/' and contain at least two slashes.");
    if (/^refs\/pull\//.test(name)) throw new HttpError(422, "Reference cannot be created: refs/pull is reserved");
    if (!/^[0-9a-f]{40}$/.test(sha))
      throw new HttpError(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].");
    const type = await git.typeOf(sha);
    if (!type || (name.startsWith("refs/heads/") && type !== "commit"))
      throw new HttpError(422, "Object does not exist");
    if (await git.ref(name)) throw new HttpError(422, "Reference already exists");
    await moveRefs(c.world, { repo: c.repo, git, auth: c.auth, via: "api" }, [{ ref: name, old: ZERO, new: sha }]);
    return created(
      presentRef(c.world, c.repo, (await git.ref(name))!),
      `${c.world.api}/repos/${c.world.fullName(c.repo)}/git/${name}`,
    );
  });
  router.on("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", write, async (c) => {
    const name = `refs/${c.param("ref")}`;
    const sha = c.string("sha", true);
    const git = gitOf(c.repo);
    const before = await git.ref(name);
    if (!before || name.startsWith("refs/pull/")) throw new HttpError(422, "Reference does not exist");
    if (!/^[0-9a-f]{40}$/.test(sha) || !(await git.typeOf(sha))) throw new HttpError(422, "Object does not exist");
    if (!c.bool("force") && name.startsWith("refs/heads/") && !(await git.isAncestor(before.sha, sha)))
      throw new HttpError(422, "Update is not a fast forward");
    await moveRefs(c.world, { repo: c.repo, git, auth: c.auth, via: "api" }, [
      { ref: name, old: before.sha, new: sha },
    ]);
    return ok(presentRef(c.world, c.repo, (await git.ref(name))!));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", write, async (c) => {
    const name = `refs/${c.param("ref")}`;
    const git = gitOf(c.repo);
    const before = await git.ref(name);
    if (!before || name.startsWith("refs/pull/")) throw new HttpError(422, "Reference does not exist");
    if (name === `refs/heads/${c.repo.defaultBranch}`) throw new HttpError(422, "Cannot delete the default branch");
    await moveRefs(c.world, { repo: c.repo, git, auth: c.auth, via: "api" }, [
      { ref: name, old: before.sha, new: ZERO },
    ]);
    return noContent();
  });

  router.on("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", read, async (c) => {
    const sha = c.param("file_sha");
    const content = /^[0-9a-f]{40}$/.test(sha) ? await gitOf(c.repo).blob(sha) : undefined;
    if (!content) throw notFound();
    if (/application\/vnd\.github(?:\.v3)?\.raw/.test(c.accept))
      return { status: 200, raw: content, headers: { "content-type": "application/vnd.github.raw; charset=utf-8" } };
    return ok({
      sha,
      node_id: gitNodeId("blob", c.repo.id, sha),
      size: content.length,
      url: `${c.world.api}/repos/${c.world.fullName(c.repo)}/git/blobs/${sha}`,
      content: wrap64(content),
      encoding: "base64",
    });
  });
  router.on("POST", "/repos/{owner}/{repo}/git/blobs", write, async (c) => {
    const encoding = c.oneOf("encoding", ["utf-8", "base64"] as const) ?? "utf-8";
    const content = Buffer.from(c.string("content", true), encoding === "base64" ? "base64" : "utf8");
    underPushRules(c, [{ path: "", size: content.length, deleted: false }]);
    const sha = await gitOf(c.repo).writeBlob(content);
    const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/git/blobs/${sha}`;
    return created({ url, sha }, url);
  });

  router.on("GET", "/repos/{owner}/{repo}/git/trees/{ref}", read, async (c) => {
    const git = gitOf(c.repo);
    const sha = await git.resolve(c.param("ref"), "^{tree}");
    const entries = sha ? await git.tree(sha, { recursive: c.query.has("recursive") }) : undefined;
    if (!sha || !entries) throw notFound();
    return ok(tree(c, sha, entries));
  });
  router.on("POST", "/repos/{owner}/{repo}/git/trees", write, async (c) => {
    const git = gitOf(c.repo);
    const items = c.body["tree"];
    if (!Array.isArray(items) || items.length === 0) throw new HttpError(422, "Invalid tree info");
    const base = c.string("base_tree");
    const baseTree = base === undefined ? null : await git.resolve(base, "^{tree}");
    if (base !== undefined && !baseTree) throw new HttpError(422, "base_tree is not a valid tree oid");
    const changes: { path: string; mode: string; sha: string | null }[] = [];
    for (const item of items as {
      path?: string;
      mode?: string;
      type?: string;
      sha?: string | null;
      content?: string;
    }[]) {
      if (!item.path || !pathHolds(item.path))
        throw new HttpError(422, "tree.path contains a malformed path component");
      if (!["100644", "100755", "040000", "160000", "120000"].includes(item.mode ?? ""))
        throw new HttpError(422, "tree.mode is not valid");
      const sha =
        item.content !== undefined
          ? await git.writeBlob(Buffer.from(item.content))
          : item.sha === undefined
            ? undefined
            : item.sha;
      if (sha === undefined) throw new HttpError(422, "Must supply either tree.sha or tree.content");
      if (sha !== null && item.mode !== "160000" && !(await git.typeOf(sha)))
        throw new HttpError(422, `tree.sha ${sha} is not a valid blob`);
      if (item.mode === "040000" && sha !== null)
        for (const inner of ((await git.tree(sha, { recursive: true })) ?? []).filter((e) => e.type !== "tree"))
          changes.push({ path: `${item.path}/${inner.path}`, mode: inner.mode, sha: inner.sha });
      else changes.push({ path: item.path, mode: item.mode!, sha });
    }
    underPushRules(
      c,
      changes.map(({ path, sha }) => ({ path, size: null, deleted: sha === null })),
    );
    const index = join(c.repo.gitDir, `index-${randomBytes(8).toString("hex")}`);
    try {
      const sha = await git.editTree(baseTree ?? null, changes, index);
      return created(
        tree(c, sha, (await git.tree(sha)) ?? []),
        `${c.world.api}/repos/${c.world.fullName(c.repo)}/git/trees/${sha}`,
      );
    } finally {
      await rm(index, { force: true });
    }
  });

  router.on("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", read, async (c) => {
    const commit = await gitOf(c.repo).commit(c.param("commit_sha"));
    if (!commit) throw notFound();
    return ok(presentGitCommit(c.world, c.repo, commit));
  });
  router.on("POST", "/repos/{owner}/{repo}/git/commits", write, async (c) => {
    const git = gitOf(c.repo);
    const message = c.string("message", true);
    const tree_ = c.string("tree", true);
    const parents = c.strings("parents") ?? [];
    if ((await git.typeOf(tree_)) !== "tree") throw new HttpError(422, "Tree SHA does not exist");
    for (const p of parents)
      if (!/^[0-9a-f]{40}$/.test(p) || (await git.typeOf(p)) !== "commit")
        throw new HttpError(422, "Parent SHA does not exist or is not a commit object");
    const me = personOf(c.world, c.me);
    const named = (key: string): Person | undefined => {
      const p = c.body[key] as Partial<Person> | undefined;
      return p?.name && p.email ? { name: p.name, email: p.email, date: p.date ?? me.date } : undefined;
    };
    const signature = c.string("signature");
    const author = named("author");
    const byGitHub = c.auth.token?.kind === "app-installation" && !author && !named("committer") && !signature;
    const sha = await git.writeCommit({
      tree: tree_,
      parents,
      author: author ?? me,
      committer:
        named("committer") ?? (byGitHub ? { ...me, name: "GitHub", email: "noreply@github.com" } : (author ?? me)),
      message,
      signature,
    });
    if (byGitHub) c.repo.signedByGitHub.add(sha);
    return created(
      presentGitCommit(c.world, c.repo, (await git.commit(sha)) as Commit),
      `${c.world.api}/repos/${c.world.fullName(c.repo)}/git/commits/${sha}`,
    );
  });

  router.on("POST", "/repos/{owner}/{repo}/git/tags", write, async (c) => {
    const git = gitOf(c.repo);
    const object = c.string("object", true);
    const type = c.oneOf("type", ["commit", "tree", "blob"] as const) ?? "commit";
    if ((await git.typeOf(object)) !== type) throw new HttpError(422, "Object does not exist");
    const tagger = { ...personOf(c.world, c.me), ...(c.body["tagger"] as Partial<Person> | undefined) };
    const sha = await git.writeTag({
      object,
      type,
      tag: c.string("tag", true),
      tagger,
      message: c.string("message", true),
    });
    return created(await tag(c, sha), `${c.world.api}/repos/${c.world.fullName(c.repo)}/git/tags/${sha}`);
  });
  router.on("GET", "/repos/{owner}/{repo}/git/tags/{tag_sha}", read, async (c) => {
    if ((await gitOf(c.repo).typeOf(c.param("tag_sha"))) !== "tag") throw notFound();
    return ok(await tag(c, c.param("tag_sha")));
  });
}

/** @throws RuleViolation for objects that a push ruleset would not let in */
function underPushRules(c: Context, files: readonly TouchedFile[]): void {
  const problems = objectProblems(c.world, c, files);
  if (problems.length > 0)
    throw new RuleViolation(problems.map((message) => ({ ref: "", rule: "push", message, source: "ruleset" })));
}

function tree(
  c: Context,
  sha: string,
  entries: readonly { path: string; mode: string; type: string; sha: string; size: number | null }[],
) {
  const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/git`;
  return {
    sha,
    url: `${url}/trees/${sha}`,
    tree: entries.slice(0, 100_000).map((e) => ({
      path: e.path,
      mode: e.mode,
      type: e.type,
      sha: e.sha,
      ...(e.size === null ? {} : { size: e.size }),
      ...(e.type === "commit" ? {} : { url: `${url}/${e.type}s/${e.sha}` }),
    })),
    truncated: entries.length > 100_000,
  };
}

async function tag(c: Context, sha: string) {
  const text = (await gitOf(c.repo).git(["cat-file", "tag", sha])).stdout.toString();
  const header = (name: string): string => new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1] ?? "";
  const who = /^(.*) <([^>]*)> (\d+)/.exec(header("tagger"));
  const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/git`;
  return {
    node_id: gitNodeId("tag", c.repo.id, sha),
    sha,
    url: `${url}/tags/${sha}`,
    tag: header("tag"),
    message: text.slice(text.indexOf("\n\n") + 2).trimEnd(),
    tagger: { name: who?.[1] ?? "", email: who?.[2] ?? "", date: c.world.clock.iso(Number(who?.[3] ?? 0) * 1000) },
    object: { type: header("type"), sha: header("object"), url: `${url}/${header("type")}s/${header("object")}` },
    verification: { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null },
  };
}
