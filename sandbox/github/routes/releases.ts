import { gitOf, moveRefs } from "../domain/refs";
import { created, noContent, ok, page, redirect, type Context } from "../http/context";
import { HttpError, invalid, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { ZERO } from "../git/repository";
import { nodeId } from "../ids";
import { presentUserId } from "../present/accounts";
import type { Release, ReleaseAsset } from "../state";
import { atLeast } from "../world";
import { createHash } from "node:crypto";

const read = { permission: "contents=read" };
const write = { permission: "contents=write" };

/**
 * Releases and their assets. A release of a tag that does not exist makes it, under the rules for tags. Downloads are
 * redirects to another host.
 */
export function releaseRoutes(router: Router): void {
  const visible = (c: Context): Release[] =>
    [...c.repo.releases.values()].filter((r) => !r.draft || atLeast(c.role, "write")).reverse();
  router.on("GET", "/repos/{owner}/{repo}/releases", read, (c) => page(c, visible(c), (r) => release(c, r)));
  router.on("POST", "/repos/{owner}/{repo}/releases", write, async (c) => {
    const tagName = c.string("tag_name", true);
    const draft = c.bool("draft") ?? false;
    if ([...c.repo.releases.values()].some((r) => r.tagName === tagName && !r.draft))
      throw invalid("Release", "tag_name", "already_exists");
    const target = c.string("target_commitish") ?? c.repo.defaultBranch;
    if (!draft) await makeTag(c, tagName, target);
    const id = c.world.ids.next();
    const now = c.world.clock.iso();
    const made: Release = {
      id,
      nodeId: nodeId("release", c.repo.id, id),
      tagName,
      target,
      name: c.string("name") ?? null,
      body: c.string("body") ?? null,
      draft,
      prerelease: c.bool("prerelease") ?? false,
      authorId: c.me.id,
      createdAt: now,
      publishedAt: draft ? null : now,
      assets: [],
    };
    c.repo.releases.set(id, made);
    if (!draft)
      c.world.webhooks.emit("release", "published", {
        repo: c.repo,
        senderId: c.me.id,
        payload: { release: release(c, made) },
      });
    const body = release(c, made);
    return created(body, body.url);
  });
  router.on("GET", "/repos/{owner}/{repo}/releases/latest", read, (c) => {
    const r = visible(c).find((x) => !x.draft && !x.prerelease);
    if (!r) throw notFound();
    return ok(release(c, r));
  });
  router.on("GET", "/repos/{owner}/{repo}/releases/tags/{tag}", read, (c) => {
    const r = visible(c).find((x) => x.tagName === c.param("tag") && !x.draft);
    if (!r) throw notFound();
    return ok(release(c, r));
  });
  router.on("GET", "/repos/{owner}/{repo}/releases/{release_id}", read, (c) => ok(release(c, find(c))));
  router.on("PATCH", "/repos/{owner}/{repo}/releases/{release_id}", write, async (c) => {
    const r = find(c);
    const draft = c.bool("draft") ?? r.draft;
    if (r.draft && !draft) {
      await makeTag(c, c.string("tag_name") ?? r.tagName, r.target);
      r.publishedAt = c.world.clock.iso();
    }
    Object.assign(r, {
      tagName: c.string("tag_name") ?? r.tagName,
      name: c.string("name") ?? r.name,
      body: c.string("body") ?? r.body,
      draft,
      prerelease: c.bool("prerelease") ?? r.prerelease,
    });
    return ok(release(c, r));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/releases/{release_id}", write, (c) => {
    c.repo.releases.delete(find(c).id);
    return noContent();
  });
  router.on("GET", "/repos/{owner}/{repo}/releases/{release_id}/assets", read, (c) => {
    const r = find(c);
    return page(c, r.assets, (a) => asset(c, r, a));
  });
  router.on("GET", "/repos/{owner}/{repo}/releases/assets/{asset_id}", read, (c) => {
    const [r, a] = findAsset(c);
    if (!c.accept.includes("application/octet-stream")) return ok(asset(c, r, a));
    a.downloads += 1;
    return redirect(
      302,
      c.world.blobs.offer(`release-assets/${a.id}/${encodeURIComponent(a.name)}`, {
        contentType: a.contentType,
        filename: a.name,
        content: a.content,
      }),
    );
  });
  router.on("PATCH", "/repos/{owner}/{repo}/releases/assets/{asset_id}", write, (c) => {
    const [r, a] = findAsset(c);
    Object.assign(a, {
      name: c.string("name") ?? a.name,
      label: c.string("label") ?? a.label,
      updatedAt: c.world.clock.iso(),
    });
    return ok(asset(c, r, a));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/releases/assets/{asset_id}", write, (c) => {
    const [r, a] = findAsset(c);
    r.assets.splice(r.assets.indexOf(a), 1);
    return noContent();
  });
  // Uploads have a host, on an Enterprise Server a path, of their own.
  router.on("UPLOAD POST", "/repos/{owner}/{repo}/releases/{release_id}/assets", write, (c) => {
    const r = find(c);
    const name = c.query.get("name");
    if (!name)
      throw new HttpError(422, "Validation Failed", {
        errors: [{ resource: "ReleaseAsset", code: "missing_field", field: "name" }],
      });
    if (r.assets.some((a) => a.name === name)) throw invalid("ReleaseAsset", "name", "already_exists");
    const id = c.world.ids.next();
    const now = c.world.clock.iso();
    const made: ReleaseAsset = {
      id,
      nodeId: nodeId("asset", c.repo.id, id),
      name,
      label: c.query.get("label"),
      contentType: c.request.headers["content-type"] ?? "application/octet-stream",
      content: c.rawBody,
      uploaderId: c.me.id,
      downloads: 0,
      createdAt: now,
      updatedAt: now,
    };
    r.assets.push(made);
    return created(asset(c, r, made));
  });
}

async function makeTag(c: Context, tag: string, target: string): Promise<void> {
  const git = gitOf(c.repo);
  if (await git.ref(`refs/tags/${tag}`)) return;
  const sha = await git.resolve(target);
  if (!sha) throw invalid("Release", "target_commitish", "invalid");
  await moveRefs(
    c.world,
    { repo: c.repo, git, auth: c.auth, via: "api" },
    [{ ref: `refs/tags/${tag}`, old: ZERO, new: sha }],
    422,
  );
}

function find(c: Context): Release {
  const r = c.repo.releases.get(c.id("release_id"));
  if (!r || (r.draft && !atLeast(c.role, "write"))) throw notFound();
  return r;
}
function findAsset(c: Context): [Release, ReleaseAsset] {
  for (const r of c.repo.releases.values()) {
    const a = r.assets.find((x) => x.id === c.id("asset_id"));
    if (a) return [r, a];
  }
  throw notFound();
}

function asset(c: Context, r: Release, a: ReleaseAsset) {
  return {
    url: `${c.world.api}/repos/${c.world.fullName(c.repo)}/releases/assets/${a.id}`,
    id: a.id,
    node_id: a.nodeId,
    name: a.name,
    label: a.label,
    uploader: presentUserId(c.world, a.uploaderId),
    content_type: a.contentType,
    state: "uploaded",
    size: a.content.length,
    digest: `sha256:${createHash("sha256").update(a.content).digest("hex")}`,
    download_count: a.downloads,
    created_at: a.createdAt,
    updated_at: a.updatedAt,
    browser_download_url: `${c.world.origin}/${c.world.fullName(c.repo)}/releases/download/${encodeURIComponent(r.tagName)}/${encodeURIComponent(a.name)}`,
  };
}
function release(c: Context, r: Release) {
  const base = `${c.world.api}/repos/${c.world.fullName(c.repo)}`;
  const url = `${base}/releases/${r.id}`;
  return {
    url,
    assets_url: `${url}/assets`,
    upload_url: `${c.world.origin}/api/uploads/repos/${c.world.fullName(c.repo)}/releases/${r.id}/assets{?name,label}`,
    html_url: `${c.world.origin}/${c.world.fullName(c.repo)}/releases/tag/${encodeURIComponent(r.tagName)}`,
    id: r.id,
    author: presentUserId(c.world, r.authorId),
    node_id: r.nodeId,
    tag_name: r.tagName,
    target_commitish: r.target,
    name: r.name,
    draft: r.draft,
    immutable: false,
    prerelease: r.prerelease,
    created_at: r.createdAt,
    updated_at: r.createdAt,
    published_at: r.publishedAt,
    assets: r.assets.map((a) => asset(c, r, a)),
    tarball_url: `${base}/tarball/${r.tagName}`,
    zipball_url: `${base}/zipball/${r.tagName}`,
    ...(r.body === null ? {} : { body: r.body }),
  };
}
