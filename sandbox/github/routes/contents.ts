import { commitToBranch } from "../domain/commits";
import { gitOf } from "../domain/refs";
import { personOf } from "../domain/pulls";
import { ok, redirect, type Context, type Reply } from "../http/context";
import { HttpError, invalid, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { apiVersion } from "../http/versions";
import type { GitRepository, Person, TreeEntry } from "../git/repository";
import { startGit } from "../git/run";
import { presentGitCommit } from "../present/commits";

/** Files by path: read, write, delete; and archives, which are redirects to another host. */
export function contentRoutes(router: Router): void {
  const read = { permission: "contents=read" };
  const write = { permission: "contents=write" };
  router.on("GET", "/repos/{owner}/{repo}/contents", read, (c) => contents(c, ""));
  router.on("GET", "/repos/{owner}/{repo}/contents/{path}", read, (c) => contents(c, c.param("path")));
  router.on("PUT", "/repos/{owner}/{repo}/contents/{path}", write, (c) => put(c));
  router.on("DELETE", "/repos/{owner}/{repo}/contents/{path}", write, (c) => remove(c));
  router.on("GET", "/repos/{owner}/{repo}/readme", read, async (c) => {
    const { git, commit, ref } = await at(c);
    const entry = (await git.tree(commit))?.find((e) => e.type === "blob" && /^readme(\.\w+)?$/i.test(e.path));
    if (!entry) throw notFound();
    return file(c, git, entry, ref);
  });
  for (const [format, extension, type] of [
    ["tarball", "tar.gz", "application/x-gzip"],
    ["zipball", "zip", "application/zip"],
  ] as const) {
    const archive = async (c: Context): Promise<Reply> => {
      const git = gitOf(c.repo);
      const name = c.param("ref") || c.repo.defaultBranch;
      const commit = await git.resolve(name);
      if (!commit) throw notFound();
      const prefix = `${c.world.ownerLogin(c.repo)}-${c.repo.name}-${commit.slice(0, 7)}`;
      return redirect(
        302,
        c.world.blobs.offer(`${c.world.fullName(c.repo)}/legacy.${extension}/${encodeURIComponent(name)}`, {
          contentType: type,
          filename: `${prefix}.${extension}`,
          content: () => {
            const child = startGit([
              "--git-dir",
              c.repo.gitDir,
              "archive",
              `--format=${extension}`,
              `--prefix=${prefix}/`,
              commit,
            ]);
            child.stdin.end();
            child.stderr.resume();
            return child.stdout;
          },
        }),
      );
    };
    router.on("GET", `/repos/{owner}/{repo}/${format}`, read, archive);
    router.on("GET", `/repos/{owner}/{repo}/${format}/{ref}`, read, archive);
  }
}

async function at(c: Context): Promise<{ git: GitRepository; commit: string; ref: string }> {
  const git = gitOf(c.repo);
  const ref = c.query.get("ref") ?? c.repo.defaultBranch;
  const commit = await git.resolve(ref);
  if (!commit)
    throw new HttpError(404, c.query.has("ref") ? `No commit found for the ref ${ref}` : "This repository is empty.");
  return { git, commit, ref };
}

async function contents(c: Context, raw: string): Promise<Reply> {
  const path = raw.replace(/^\/+|\/+$/g, "");
  const { git, commit, ref } = await at(c);
  if (path === "") return listing(c, git, commit, "", ref);
  const entry = await git.entry(commit, path);
  if (!entry) throw notFound();
  return entry.type === "tree" ? listing(c, git, commit, path, ref) : file(c, git, entry, ref);
}

async function listing(c: Context, git: GitRepository, commit: string, path: string, ref: string): Promise<Reply> {
  const entries = ((await git.tree(commit, path ? { path } : {})) ?? []).map((e) => ({
    ...e,
    path: path ? `${path}/${e.path}` : e.path,
  }));
  if (/application\/vnd\.github\.object/.test(c.accept))
    return ok({
      ...describe(
        c,
        { mode: "040000", type: "tree", sha: (await git.resolve(commit, "^{tree}"))!, size: null, path },
        ref,
      ),
      entries: entries.map((e) => listed(c, e, ref)),
    });
  return ok(entries.map((e) => listed(c, e, ref)));
}

/** An entry of a directory: in the older version of the API a submodule calls itself a file there. */
function listed(c: Context, entry: TreeEntry, ref: string) {
  const described = describe(c, entry, ref);
  const old = apiVersion(c.request.headers["x-github-api-version"]) === "2022-11-28";
  return old && described.type === "submodule" ? { ...described, type: "file" } : described;
}

async function file(c: Context, git: GitRepository, entry: TreeEntry, ref: string): Promise<Reply> {
  if (entry.type === "commit") return ok({ ...describe(c, entry, ref), type: "submodule", submodule_git_url: null });
  const content = (await git.blob(entry.sha))!;
  if (/application\/vnd\.github(?:\.v3)?\.raw/.test(c.accept))
    return { status: 200, raw: content, headers: { "content-type": "application/vnd.github.raw+json; charset=utf-8" } };
  if (content.length > 100_000_000) throw new HttpError(403, "This API returns blobs up to 100 MB in size.");
  // Between 1 and 100 MB the object comes without its content.
  const large = content.length > 1_000_000;
  return ok({ ...describe(c, entry, ref), content: large ? "" : wrap64(content), encoding: large ? "none" : "base64" });
}

/** Base64 in lines of 60, as GitHub prints it. */
export const wrap64 = (content: Buffer): string => {
  const text = content.toString("base64");
  return text === "" ? "" : `${text.match(/.{1,60}/g)!.join("\n")}\n`;
};

/** @param ref branch or commit, which every URL of the answer carries */
function describe(c: Context, entry: TreeEntry, ref: string) {
  const encoded = entry.path.split("/").map(encodeURIComponent).join("/");
  const repo = c.world.fullName(c.repo);
  const url = `${c.world.api}/repos/${repo}/contents/${encoded}?ref=${encodeURIComponent(ref)}`;
  const type =
    entry.type === "tree"
      ? "dir"
      : entry.type === "commit"
        ? "submodule"
        : entry.mode === "120000"
          ? "symlink"
          : "file";
  const gitUrl = `${c.world.api}/repos/${repo}/git/${entry.type === "tree" ? "trees" : "blobs"}/${entry.sha}`;
  const html = `${c.world.origin}/${repo}/${type === "dir" ? "tree" : "blob"}/${ref}/${encoded}`;
  return {
    name: entry.path.split("/").at(-1)!,
    path: entry.path,
    sha: entry.sha,
    size: entry.size ?? 0,
    url,
    html_url: html,
    git_url: gitUrl,
    download_url: type === "file" ? `${c.world.origin}/${repo}/raw/${ref}/${encoded}` : null,
    type,
    _links: { self: url, git: gitUrl, html },
  };
}

/**
 * Who commits: the account itself, unless the body names others. An App's commits, when it names nobody, are signed by
 * GitHub.
 */
function people(c: Context): { author: Person; committer: Person; signed: boolean } {
  const me = personOf(c.world, c.me);
  const named = (key: string): Person | undefined => {
    const p = c.body[key];
    if (typeof p !== "object" || p === null) return undefined;
    const { name, email, date } = p as Partial<Person>;
    if (typeof name !== "string" || typeof email !== "string")
      throw new HttpError(422, `Invalid request.\n\n"name", "email" weren't supplied.`);
    return { name, email, date: typeof date === "string" ? date : me.date };
  };
  const committer = named("committer");
  const author = named("author");
  const signed = !author && !committer && c.auth.token?.kind === "app-installation";
  return {
    author: author ?? committer ?? me,
    committer: committer ?? (signed ? { ...me, name: "GitHub", email: "noreply@github.com" } : (author ?? me)),
    signed,
  };
}

async function branchHead(c: Context, git: GitRepository): Promise<{ branch: string; head: string | null }> {
  const branch = c.string("branch") ?? c.repo.defaultBranch;
  const head = (await git.ref(`refs/heads/${branch}`))?.sha ?? null;
  if (head === null && (await git.refs("refs/heads")).length > 0)
    throw new HttpError(404, `Branch ${branch} not found`);
  return { branch, head };
}

async function put(c: Context): Promise<Reply> {
  const path = c.param("path").replace(/^\/+/, "");
  const message = c.string("message");
  const encoded = c.string("content");
  if (message === undefined) throw new HttpError(422, 'Invalid request.\n\n"message" wasn\'t supplied.');
  if (encoded === undefined) throw new HttpError(422, 'Invalid request.\n\n"content" wasn\'t supplied.');
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded)) throw new HttpError(422, "content is not valid Base64");
  const content = Buffer.from(encoded, "base64");
  const git = gitOf(c.repo);
  const { branch, head } = await branchHead(c, git);
  const before = head ? await git.entry(head, path) : undefined;
  const sha = c.string("sha");
  if (before?.type === "blob" && sha === undefined)
    throw new HttpError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
  if (sha !== undefined && before?.sha !== sha) throw new HttpError(409, `${path} does not match ${sha}`);
  if (before && before.type !== "blob") throw invalid("Commit", "path", "invalid", "path is a directory");
  const who = people(c);
  const commit = await commitToBranch(c.world, c.repo, git, c.auth, branch, head, [{ path, content }], {
    message,
    ...who,
  });
  const entry = (await git.entry(commit, path))!;
  return {
    status: before ? 200 : 201,
    body: {
      content: describe(c, entry, branch),
      commit: presentGitCommit(c.world, c.repo, (await git.commit(commit))!),
    },
  };
}

async function remove(c: Context): Promise<Reply> {
  const path = c.param("path").replace(/^\/+/, "");
  // Clients without a body send these as query parameters.
  const given = (name: string): string | undefined => c.string(name) ?? c.query.get(name) ?? undefined;
  const message = given("message");
  const sha = given("sha");
  if (message === undefined || sha === undefined)
    throw new HttpError(422, `Invalid request.\n\n"${message === undefined ? "message" : "sha"}" wasn't supplied.`);
  const git = gitOf(c.repo);
  const branch = given("branch") ?? c.repo.defaultBranch;
  const head = (await git.ref(`refs/heads/${branch}`))?.sha;
  const before = head ? await git.entry(head, path) : undefined;
  if (!head || !before || before.type !== "blob") throw notFound();
  if (before.sha !== sha) throw new HttpError(409, `${path} does not match ${sha}`);
  const commit = await commitToBranch(c.world, c.repo, git, c.auth, branch, head, [{ path, content: null }], {
    message,
    ...people(c),
  });
  return ok({ content: null, commit: presentGitCommit(c.world, c.repo, (await git.commit(commit))!) });
}
