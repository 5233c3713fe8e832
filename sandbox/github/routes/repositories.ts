import { languagesOf } from "../domain/languages";
import { rm } from "node:fs/promises";
import { applySettings, checkName, createRepository, forkRepository } from "../domain/create";
import { gitOf } from "../domain/refs";
import { created, noContent, ok, page } from "../http/context";
import { forbidden, HttpError, invalid, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { hasScope, orgRole, permits, permissionsOf, roleOn } from "../permissions";
import { presentTeam } from "../present/accounts";
import {
  presentFullRepository,
  presentMinimalRepository,
  presentPermissions,
  presentRepository,
  ROLE_TO_PERMISSION,
} from "../present/repositories";
import { CODEOWNERS_PATHS, ownersErrors } from "../rules/codeowners";
import { orgsOf } from "./users";

const ADMIN = { role: "admin" as const, permission: "administration=write" };

/** Repositories themselves: settings, names, forks, topics, alerts. */
export function repositoryRoutes(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}", {}, (c) =>
    ok(presentFullRepository(c.world, c.repo, c.auth.token ? c.role : undefined)),
  );
  router.on("PATCH", "/repos/{owner}/{repo}", { ...ADMIN, archivedOk: true }, async (c) => {
    const { repo, world } = c;
    if (repo.archived && c.bool("archived") !== false) throw forbidden("Repository was archived so is read-only.");
    const name = c.string("name");
    if (name !== undefined && name !== repo.name) {
      if (name.toLowerCase() !== repo.name.toLowerCase()) checkName(world, repo.owner, name);
      world.renamed.set(world.fullName(repo).toLowerCase(), repo.id);
      repo.name = name;
      world.renamed.delete(world.fullName(repo).toLowerCase());
    }
    const visibility =
      c.oneOf("visibility", ["public", "private", "internal"] as const) ??
      (c.bool("private") === undefined ? undefined : c.bool("private") ? "private" : "public");
    if (visibility !== undefined) {
      if (c.sent("visibility") && visibility === repo.visibility)
        throw new HttpError(422, "Validation Failed", {
          errors: [
            {
              resource: "Repository",
              code: "custom",
              field: "visibility",
              message: `Visibility is already ${visibility}.`,
            },
          ],
        });
      if (visibility !== repo.visibility)
        world.webhooks.emit("repository", visibility === "public" ? "publicized" : "privatized", {
          repo,
          senderId: c.auth.user?.id ?? null,
        });
      repo.visibility = visibility;
    }
    const branch = c.string("default_branch");
    if (branch !== undefined && branch !== repo.defaultBranch) {
      if (!(await gitOf(repo).ref(`refs/heads/${branch}`)))
        throw invalid(
          "Repository",
          "default_branch",
          "invalid",
          `The branch ${branch} was not found. Please push that ref first or create it via the Git Data API.`,
        );
      repo.defaultBranch = branch;
      await gitOf(repo).setHead(branch);
    }
    repo.archived = c.bool("archived") ?? repo.archived;
    applySettings(c, repo);
    repo.updatedAt = world.clock.iso();
    world.webhooks.emit("repository", "edited", { repo, senderId: c.auth.user?.id ?? null });
    return ok(presentFullRepository(world, repo, c.role));
  });
  router.on("DELETE", "/repos/{owner}/{repo}", { ...ADMIN, archivedOk: true }, async (c) => {
    if (!hasScope(c.auth, "delete_repo")) throw forbidden("Must have admin rights to Repository.");
    c.world.webhooks.emit("repository", "deleted", { repo: c.repo, senderId: c.auth.user?.id ?? null });
    c.world.repos.delete(c.repo.id);
    for (const team of c.world.teams.values()) team.repos.delete(c.repo.id);
    for (const i of c.world.installations.values()) i.repositoryIds.delete(c.repo.id);
    await rm(c.repo.gitDir, { recursive: true, force: true });
    return noContent();
  });
  router.on("POST", "/repos/{owner}/{repo}/transfer", ADMIN, (c) => {
    const to = c.string("new_owner", true);
    const org = c.world.orgByLogin(to);
    const user = org ? undefined : c.world.userByLogin(to);
    if (!org && !user) throw invalid("Repository", "new_owner", "invalid");
    if (org && orgRole(c.world, c.auth, org) === undefined)
      throw forbidden("You don't have the permission to create public repositories on this account");
    c.world.renamed.set(c.world.fullName(c.repo).toLowerCase(), c.repo.id);
    c.repo.owner = org ? { kind: "org", id: org.id } : { kind: "user", id: user!.id };
    if (c.string("new_name")) c.repo.name = c.string("new_name")!;
    return { status: 202, body: presentMinimalRepository(c.world, c.repo) };
  });

  // https://docs.github.com/en/rest/pages/pages#create-a-github-pages-site: administrators and maintainers; both
  // permissions
  router.on(
    "POST",
    "/repos/{owner}/{repo}/pages",
    { role: "maintain", permission: "administration=write,pages=write" },
    (c) => {
      const { branch, path = "/" } = (c.body["source"] ?? {}) as { branch?: string; path?: string };
      if (!branch) throw new HttpError(422, 'Invalid request.\n\n"source" wasn\'t supplied.');
      const url = `${c.world.api}/repos/${c.world.fullName(c.repo)}/pages`;
      // Nothing is built here: a site exists from the moment it is asked for.
      return created(
        {
          url,
          status: null,
          cname: null,
          custom_404: false,
          html_url: `${c.world.origin}/pages/${c.world.fullName(c.repo)}`,
          build_type: "legacy",
          source: { branch, path },
          public: true,
        },
        url,
      );
    },
  );

  router.on("GET", "/repos/{owner}/{repo}/forks", {}, (c) =>
    page(
      c,
      [...c.world.repos.values()].filter((r) => r.forkOf === c.repo.id && roleOn(c.world, c.auth, r) !== undefined),
      (r) => presentRepository(c.world, r, roleOn(c.world, c.auth, r)),
    ),
  );
  router.on("POST", "/repos/{owner}/{repo}/forks", { role: "read", permission: "contents=read" }, async (c) => {
    const org = c.world.orgOf(c.repo);
    if (
      c.repo.visibility !== "public" &&
      (!c.repo.settings.allow_forking || (org && !org.membersCanForkPrivateRepositories))
    )
      throw forbidden("Forking is disabled for this repository.");
    const permissions = permissionsOf(c.auth);
    if (permissions && !permits(permissions, "administration=write"))
      throw forbidden("Resource not accessible by personal access token");
    const wanted = c.string("organization");
    const target = wanted ? c.world.orgByLogin(wanted) : undefined;
    if (wanted && (!target || orgRole(c.world, c.auth, target) === undefined))
      throw forbidden("You do not have permission to create repositories in this organization.");
    const fork = await forkRepository(
      c.world,
      c.repo,
      target ? { kind: "org", id: target.id } : { kind: "user", id: c.me.id },
      c.string("name") ?? c.repo.name,
    );
    return { status: 202, body: presentFullRepository(c.world, fork, "admin") };
  });
  router.on("POST", "/repos/{template_owner}/{template_repo}/generate", { auth: "user" }, async (c) => {
    const template = c.world.repoByName(c.param("template_owner"), c.param("template_repo"));
    if (!template?.isTemplate || roleOn(c.world, c.auth, template) === undefined) throw notFound();
    const org = c.world.orgByLogin(c.string("owner") ?? c.me.login);
    if (org && orgRole(c.world, c.auth, org) === undefined) throw notFound();
    const made = await forkRepository(
      c.world,
      template,
      org ? { kind: "org", id: org.id } : { kind: "user", id: c.me.id },
      c.string("name", true),
    );
    made.forkOf = null;
    return { status: 201, body: presentFullRepository(c.world, made, "admin") };
  });

  router.on("GET", "/user/repos", { auth: "user" }, (c) => {
    const mine = [...c.world.repos.values()]
      .map((repo) => ({ repo, role: roleOn(c.world, c.auth, repo) }))
      .filter(
        ({ repo, role }) =>
          role !== undefined &&
          (repo.visibility !== "public" ||
            (repo.owner.kind === "user" && repo.owner.id === c.me.id) ||
            orgsOf(c).some((o) => repo.owner.kind === "org" && o.id === repo.owner.id)),
      );
    const visibility = c.query.get("visibility");
    return page(
      c,
      mine.filter(
        ({ repo }) =>
          !visibility || visibility === "all" || (visibility === "public") === (repo.visibility === "public"),
      ),
      ({ repo, role }) => presentRepository(c.world, repo, role),
    );
  });
  router.on(
    "POST",
    "/user/repos",
    { permission: "administration=write", scopes: ["repo", "public_repo"] },
    async (c) => {
      const permissions = permissionsOf(c.auth);
      if (permissions && !(permits(permissions, "administration=write") && c.auth.token?.resourceOwnerId === c.me.id))
        throw forbidden("Resource not accessible by personal access token", {
          "x-accepted-github-permissions": "administration=write",
        });
      const repo = await createRepository(c, { kind: "user", id: c.me.id });
      return {
        status: 201,
        body: presentFullRepository(c.world, repo, "admin"),
        headers: { location: `${c.world.api}/repos/${c.world.fullName(repo)}` },
      };
    },
  );
  router.on("GET", "/users/{username}/repos", { auth: "optional" }, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    const org = c.world.orgByLogin(c.param("username"));
    if (!user && !org) throw notFound();
    const owner = org ? { kind: "org" as const, id: org.id } : { kind: "user" as const, id: user!.id };
    return page(
      c,
      c.world.reposOf(owner).filter((r) => roleOn(c.world, c.auth, r) !== undefined && r.visibility === "public"),
      (r) => presentRepository(c.world, r),
    );
  });

  router.on("GET", "/repos/{owner}/{repo}/topics", {}, (c) => ok({ names: c.repo.topics }));
  router.on("PUT", "/repos/{owner}/{repo}/topics", { role: "admin", permission: "administration=write" }, (c) => {
    c.repo.topics = c.strings("names") ?? [];
    return ok({ names: c.repo.topics });
  });
  router.on(
    "GET",
    "/repos/{owner}/{repo}/vulnerability-alerts",
    { role: "admin", permission: "administration=read" },
    (c) => {
      if (!c.repo.vulnerabilityAlerts) throw new HttpError(404, "Vulnerability alerts are disabled.");
      return noContent();
    },
  );
  router.on("PUT", "/repos/{owner}/{repo}/vulnerability-alerts", ADMIN, (c) => {
    c.repo.vulnerabilityAlerts = true;
    return noContent();
  });
  router.on("DELETE", "/repos/{owner}/{repo}/vulnerability-alerts", ADMIN, (c) => {
    c.repo.vulnerabilityAlerts = false;
    return noContent();
  });
  router.on(
    "GET",
    "/repos/{owner}/{repo}/automated-security-fixes",
    { role: "admin", permission: "administration=read" },
    (c) => ok({ enabled: c.repo.automatedSecurityFixes, paused: false }),
  );
  router.on("PUT", "/repos/{owner}/{repo}/automated-security-fixes", ADMIN, (c) => {
    c.repo.automatedSecurityFixes = true;
    return noContent();
  });
  router.on("DELETE", "/repos/{owner}/{repo}/automated-security-fixes", ADMIN, (c) => {
    c.repo.automatedSecurityFixes = false;
    return noContent();
  });
  router.on("GET", "/repos/{owner}/{repo}/teams", { role: "admin", permission: "administration=read" }, (c) =>
    page(
      c,
      [...c.world.teams.values()].filter((t) => t.repos.has(c.repo.id)),
      (t) => {
        const role = t.repos.get(c.repo.id)!;
        return {
          ...presentTeam(c.world, t),
          permission: ROLE_TO_PERMISSION[role],
          permissions: presentPermissions(role),
        };
      },
    ),
  );
  router.on("GET", "/repos/{owner}/{repo}/languages", { permission: "metadata=read" }, async (c) =>
    ok(await languagesOf(c.repo)),
  );
  router.on("GET", "/repos/{owner}/{repo}/hash-algorithm", { permission: "metadata=read" }, () =>
    ok({ hash_algorithm: "sha1" }),
  );
  router.on("GET", "/repos/{owner}/{repo}/license", { permission: "metadata=read" }, () => {
    throw notFound();
  });
  router.on("GET", "/repos/{owner}/{repo}/codeowners/errors", { permission: "contents=read" }, async (c) => {
    const git = gitOf(c.repo);
    const commit = await git.resolve(c.query.get("ref") ?? c.repo.defaultBranch);
    if (!commit) throw notFound();
    for (const path of CODEOWNERS_PATHS) {
      const file = await git.file(commit, path);
      if (file) return ok({ errors: ownersErrors(c.world, c.repo, path, file.toString()) });
    }
    throw notFound();
  });
  router.on("POST", "/repos/{owner}/{repo}/dispatches", { permission: "contents=write" }, (c) => {
    c.world.webhooks.emit("repository_dispatch", c.string("event_type", true), {
      repo: c.repo,
      senderId: c.auth.user?.id ?? null,
      payload: { branch: c.repo.defaultBranch, client_payload: c.body["client_payload"] ?? {} },
    });
    return noContent();
  });
  router.on("GET", "/repositories", { auth: "optional" }, (c) =>
    page(
      c,
      [...c.world.repos.values()].filter((r) => r.visibility === "public"),
      (r) => presentMinimalRepository(c.world, r),
    ),
  );
  router.on("GET", "/installation/repositories", { auth: "user" }, (c) => {
    if (!c.auth.installation) throw forbidden("This endpoint requires an installation token");
    const list = [...c.world.repos.values()].filter((r) =>
      c.auth.token!.repositories !== "all"
        ? (c.auth.token!.repositories as ReadonlySet<number>).has(r.id)
        : c.auth.installation!.repositorySelection === "selected"
          ? c.auth.installation!.repositoryIds.has(r.id)
          : r.owner.id === c.auth.installation!.account.id,
    );
    return page(
      c,
      list,
      (r) => presentRepository(c.world, r, roleOn(c.world, c.auth, r)),
      (repositories, total_count) => ({
        total_count,
        repository_selection: c.auth.installation!.repositorySelection,
        repositories,
      }),
    );
  });
}
