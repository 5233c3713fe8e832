import { randomBytes } from "node:crypto";
import { created, noContent, ok, page, type Context } from "../http/context";
import { HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { presentUser } from "../present/accounts";
import type { Gist } from "../state";
import { account } from "./users";

/** Gists: a place outside every repository to which code could leave. */
export function gistRoutes(router: Router): void {
  router.on("GET", "/gists", { auth: "user" }, (c) =>
    page(c, [...c.world.gists.values()].filter((g) => g.ownerId === c.me.id).reverse(), (g) => gist(c, g, false)),
  );
  router.on("GET", "/gists/public", { auth: "optional" }, (c) =>
    page(c, [...c.world.gists.values()].filter((g) => g.public).reverse(), (g) => gist(c, g, false)),
  );
  router.on("POST", "/gists", { permission: "gists=write", scopes: ["gist"] }, (c) => {
    account(c, "gists=write");
    const id = randomBytes(16).toString("hex");
    const now = c.world.clock.iso();
    const files = filesOf(c);
    if (Object.keys(files).length === 0)
      throw new HttpError(422, "Validation Failed", {
        errors: [{ resource: "Gist", code: "missing_field", field: "files" }],
      });
    const made: Gist = {
      id,
      nodeId: `G_${Buffer.from(id).toString("base64url")}`,
      ownerId: c.me.id,
      public: c.body["public"] === true || c.body["public"] === "true",
      description: c.string("description") ?? null,
      files,
      createdAt: now,
      updatedAt: now,
    };
    c.world.gists.set(id, made);
    const body = gist(c, made, true);
    return created(body, body.url);
  });
  // A secret gist is unlisted, not protected: whoever has the address reads it.
  router.on("GET", "/gists/{gist_id}", { auth: "optional" }, (c) => ok(gist(c, find(c), true)));
  router.on("PATCH", "/gists/{gist_id}", { permission: "gists=write", scopes: ["gist"] }, (c) => {
    account(c, "gists=write");
    const g = own(c);
    for (const [name, file] of Object.entries(
      (c.body["files"] ?? {}) as Record<string, { content?: string; filename?: string } | null>,
    )) {
      if (file === null) {
        delete g.files[name];
        continue;
      }
      const content = file.content ?? g.files[name] ?? "";
      if (file.filename && file.filename !== name) delete g.files[name];
      g.files[file.filename ?? name] = content;
    }
    g.description = c.string("description") ?? g.description;
    g.updatedAt = c.world.clock.iso();
    return ok(gist(c, g, true));
  });
  router.on("DELETE", "/gists/{gist_id}", { permission: "gists=write", scopes: ["gist"] }, (c) => {
    account(c, "gists=write");
    c.world.gists.delete(own(c).id);
    return noContent();
  });
  router.on("GET", "/users/{username}/gists", { auth: "optional" }, (c) => {
    const u = c.world.userByLogin(c.param("username"));
    if (!u) throw notFound();
    return page(
      c,
      [...c.world.gists.values()].filter((g) => g.public && g.ownerId === u.id),
      (g) => gist(c, g, false),
    );
  });
}

function filesOf(c: Context): Record<string, string> {
  const files = c.body["files"];
  if (typeof files !== "object" || files === null)
    throw new HttpError(422, 'Invalid request.\n\n"files" wasn\'t supplied.');
  return Object.fromEntries(
    Object.entries(files as Record<string, { content?: unknown }>).map(([name, f]) => [name, String(f?.content ?? "")]),
  );
}
function find(c: Context): Gist {
  const g = c.world.gists.get(c.param("gist_id"));
  if (!g) throw notFound();
  return g;
}
function own(c: Context): Gist {
  const g = find(c);
  if (g.ownerId !== c.me.id) throw notFound();
  return g;
}

function gist(c: Context, g: Gist, full: boolean) {
  const url = `${c.world.api}/gists/${g.id}`;
  const html = `${c.world.origin}/gist/${g.id}`;
  const owner = presentUser(c.world, c.world.user(g.ownerId));
  const files = Object.fromEntries(
    Object.entries(g.files).map(([name, content]) => [
      name,
      {
        filename: name,
        type: "text/plain",
        language: "Text",
        raw_url: `${html}/raw/${encodeURIComponent(name)}`,
        size: Buffer.byteLength(content),
        ...(full ? { truncated: false, content, encoding: "utf-8" } : {}),
      },
    ]),
  );
  return {
    url,
    forks_url: `${url}/forks`,
    commits_url: `${url}/commits`,
    id: g.id,
    node_id: g.nodeId,
    git_pull_url: `${html}.git`,
    git_push_url: `${html}.git`,
    html_url: html,
    files,
    public: g.public,
    created_at: g.createdAt,
    updated_at: g.updatedAt,
    description: g.description,
    comments: 0,
    comments_enabled: true,
    user: null,
    comments_url: `${url}/comments`,
    owner,
    truncated: false,
    ...(full ? { forks: [], history: [] } : {}),
  };
}
