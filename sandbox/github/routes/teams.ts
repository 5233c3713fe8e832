import { noContent, ok, page, type Context } from "../http/context";
import { forbidden, HttpError, invalid, notFound } from "../http/errors";
import type { Need, Router } from "../http/router";
import { nodeId } from "../ids";
import { orgRole, roleOn } from "../permissions";
import { presentTeam, presentTeamFull, presentTeamMembership, presentUser } from "../present/accounts";
import { presentPermissions, presentRepository, roleFromPermission, ROLE_TO_PERMISSION } from "../present/repositories";
import type { Repository, Role, Team } from "../state";
import { atLeast } from "../world";

const READ: Need = { org: "none", permission: "members=read" };
const WRITE: Need = { permission: "members=write" };

/** Teams of an organization: by slug, and (through the router) by `/organizations/{id}/team/{id}`. */
export function teamRoutes(router: Router): void {
  router.on("GET", "/orgs/{org}/teams", { org: "member", permission: "members=read" }, (c) =>
    page(
      c,
      c.world
        .teamsOf(c.org.id)
        .filter(
          (t) => t.privacy === "closed" || orgRole(c.world, c.auth, c.org) !== "member" || t.members.has(c.me.id),
        ),
      (t) => presentTeam(c.world, t),
    ),
  );
  router.on("POST", "/orgs/{org}/teams", { ...WRITE, org: "member", scopes: ["admin:org", "write:org"] }, (c) => {
    const name = c.string("name", true);
    const slug = slugOf(name);
    if (c.world.teamBySlug(c.org.id, slug))
      throw new HttpError(422, "Validation Failed", {
        errors: [{ resource: "Team", code: "already_exists", field: "name" }],
      });
    const parentId = parentOf(c);
    const id = c.world.ids.next();
    const now = c.world.clock.iso();
    const team: Team = {
      id,
      nodeId: nodeId("team", c.org.id, id),
      orgId: c.org.id,
      name,
      slug,
      description: c.string("description") ?? null,
      privacy: c.oneOf("privacy", ["secret", "closed"] as const) ?? (parentId === null ? "secret" : "closed"),
      notificationSetting:
        c.oneOf("notification_setting", ["notifications_enabled", "notifications_disabled"] as const) ??
        "notifications_enabled",
      permission: c.oneOf("permission", ["pull", "push"] as const) ?? "pull",
      parentId,
      members: new Map(),
      repos: new Map(),
      createdAt: now,
      updatedAt: now,
    };
    if (parentId !== null && team.privacy === "secret")
      throw new HttpError(422, "Validation Failed", { errors: ["A nested team can't be secret"] });
    // Whoever makes a team is in it, unless it is an owner who named maintainers; an App is never.
    const maintainers = c.strings("maintainers") ?? [];
    for (const login of maintainers) {
      const user = c.world.userByLogin(login);
      if (user) team.members.set(user.id, { userId: user.id, role: "maintainer" });
    }
    if (maintainers.length === 0 && c.auth.token?.kind !== "app-installation")
      team.members.set(c.me.id, { userId: c.me.id, role: "maintainer" });
    for (const full of c.strings("repo_names") ?? []) {
      const [o, r] = full.split("/");
      const repo = c.world.repoByName(o ?? "", r ?? "");
      if (repo) team.repos.set(repo.id, team.permission === "push" ? "write" : "read");
    }
    c.world.teams.set(id, team);
    c.world.webhooks.emit("team", "created", {
      org: c.org,
      senderId: c.auth.user?.id ?? null,
      payload: { team: presentTeam(c.world, team) },
    });
    return { status: 201, body: presentTeamFull(c.world, team) };
  });

  router.on("GET", "/orgs/{org}/teams/{team_slug}", READ, (c) => ok(presentTeamFull(c.world, c.team)));
  router.on("PATCH", "/orgs/{org}/teams/{team_slug}", WRITE, (c) => {
    const { team } = c;
    const name = c.string("name");
    if (name !== undefined && name !== team.name) {
      const slug = slugOf(name);
      const other = c.world.teamBySlug(c.org.id, slug);
      if (other && other !== team) throw invalid("Team", "name", "already_exists");
      Object.assign(team, { name, slug });
    }
    if (c.sent("description")) team.description = c.string("description") ?? null;
    team.privacy = c.oneOf("privacy", ["secret", "closed"] as const) ?? team.privacy;
    team.notificationSetting =
      c.oneOf("notification_setting", ["notifications_enabled", "notifications_disabled"] as const) ??
      team.notificationSetting;
    team.permission = c.oneOf("permission", ["pull", "push", "admin"] as const) ?? team.permission;
    if (c.sent("parent_team_id")) {
      const parentId = parentOf(c);
      if (parentId !== null && c.world.lineage(c.world.teams.get(parentId)!).includes(team))
        throw new HttpError(422, "Validation Failed", { errors: ["A team can't be its own ancestor"] });
      team.parentId = parentId;
    }
    team.updatedAt = c.world.clock.iso();
    c.world.webhooks.emit("team", "edited", {
      org: c.org,
      senderId: c.auth.user?.id ?? null,
      payload: { team: presentTeam(c.world, team) },
    });
    return ok(presentTeamFull(c.world, team));
  });
  router.on("DELETE", "/orgs/{org}/teams/{team_slug}", WRITE, (c) => {
    const payload = { team: presentTeam(c.world, c.team) };
    for (const child of c.world.teamsOf(c.org.id)) if (child.parentId === c.team.id) child.parentId = c.team.parentId;
    c.world.teams.delete(c.team.id);
    c.world.webhooks.emit("team", "deleted", { org: c.org, senderId: c.auth.user?.id ?? null, payload });
    return noContent();
  });
  router.on("GET", "/orgs/{org}/teams/{team_slug}/teams", READ, (c) =>
    page(
      c,
      c.world.teamsOf(c.org.id).filter((t) => t.parentId === c.team.id),
      (t) => presentTeam(c.world, t),
    ),
  );

  router.on("GET", "/orgs/{org}/teams/{team_slug}/members", READ, (c) => {
    const role = c.query.get("role");
    const below = c.world.teamsOf(c.org.id).filter((t) => c.world.lineage(t).includes(c.team));
    const ids = new Set(
      below.flatMap((t) =>
        [...t.members.values()].filter((m) => !role || role === "all" || m.role === role).map((m) => m.userId),
      ),
    );
    return page(
      c,
      [...ids].filter((id) => c.org.memberships.get(id)?.state === "active"),
      (id) => presentUser(c.world, c.world.user(id)),
    );
  });
  router.on("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", READ, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    if (!user || !c.team.members.has(user.id)) throw notFound();
    return ok(presentTeamMembership(c.world, c.team, user.id));
  });
  router.on("PUT", "/orgs/{org}/teams/{team_slug}/memberships/{username}", WRITE, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    if (!user) throw notFound();
    if (user.type !== "User") throw new HttpError(422, "Cannot add an organization or a bot as a member");
    const role = c.oneOf("role", ["member", "maintainer"] as const) ?? "member";
    const now = c.world.clock.iso();
    // Somebody from outside is invited to the organization on the way.
    if (!c.org.memberships.has(user.id))
      c.org.memberships.set(user.id, {
        userId: user.id,
        role: "member",
        state: "pending",
        invitedBy: c.auth.user?.id ?? null,
        createdAt: now,
        updatedAt: now,
      });
    c.team.members.set(user.id, {
      userId: user.id,
      role: c.org.memberships.get(user.id)!.role === "admin" ? "maintainer" : role,
    });
    c.team.updatedAt = now;
    c.world.webhooks.emit("membership", "added", {
      org: c.org,
      senderId: c.auth.user?.id ?? null,
      payload: { scope: "team", team: presentTeam(c.world, c.team), member: presentUser(c.world, user) },
    });
    return ok(presentTeamMembership(c.world, c.team, user.id));
  });
  router.on("DELETE", "/orgs/{org}/teams/{team_slug}/memberships/{username}", WRITE, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    if (!user || !c.team.members.delete(user.id)) throw notFound();
    c.team.updatedAt = c.world.clock.iso();
    c.world.webhooks.emit("membership", "removed", {
      org: c.org,
      senderId: c.auth.user?.id ?? null,
      payload: { scope: "team", team: presentTeam(c.world, c.team), member: presentUser(c.world, user) },
    });
    return noContent();
  });
  router.on("GET", "/orgs/{org}/teams/{team_slug}/invitations", READ, (c) => page(c, [], (x) => x));

  router.on("GET", "/orgs/{org}/teams/{team_slug}/repos", READ, (c) => {
    const ids = new Set(c.world.lineage(c.team).flatMap((t) => [...t.repos.keys()]));
    return page(
      c,
      [...ids]
        .map((id) => c.world.repos.get(id))
        .filter((r): r is Repository => r !== undefined && roleOn(c.world, c.auth, r) !== undefined),
      (r) => presentTeamRepository(c, r, c.world.teamRole(c.team, r.id)!),
    );
  });
  router.on("GET", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", READ, (c) => {
    const { repo, role } = repoOfTeam(c);
    if (!role) throw notFound();
    // The bare question is answered by a status; the repository itself is given to those who ask for that media type.
    return c.accept.includes("repository") ? ok(presentTeamRepository(c, repo, role)) : noContent();
  });
  router.on(
    "PUT",
    "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}",
    { org: "member", permission: "members=write", scopes: ["admin:org", "write:org"] },
    (c) => {
      const { repo } = repoOfTeam(c);
      const permission = c.string("permission") ?? ROLE_TO_PERMISSION[c.team.permission === "push" ? "write" : "read"];
      const role = roleFromPermission(permission);
      if (!role || ["read", "write"].includes(permission))
        throw new HttpError(422, "Validation Failed", {
          errors: [{ resource: "TeamRepository", code: "invalid", field: "permission" }],
        });
      if (!atLeast(roleOn(c.world, c.auth, repo), "admin")) throw forbidden("Must have admin rights to Repository.");
      if (repo.owner.id !== c.org.id)
        throw new HttpError(422, "Validation Failed", { errors: ["The repository is not of this organization"] });
      c.team.repos.set(repo.id, role);
      c.team.updatedAt = c.world.clock.iso();
      c.world.webhooks.emit("team", "added_to_repository", {
        org: c.org,
        repo,
        senderId: c.auth.user?.id ?? null,
        payload: { team: presentTeam(c.world, c.team) },
      });
      return noContent();
    },
  );
  router.on(
    "DELETE",
    "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}",
    { org: "member", permission: "members=write", scopes: ["admin:org", "write:org"] },
    (c) => {
      const { repo } = repoOfTeam(c);
      if (orgRole(c.world, c.auth, c.org) === "member" && !atLeast(roleOn(c.world, c.auth, repo), "admin"))
        throw forbidden("Must have admin rights to Repository.");
      c.team.repos.delete(repo.id);
      c.team.updatedAt = c.world.clock.iso();
      c.world.webhooks.emit("team", "removed_from_repository", {
        org: c.org,
        repo,
        senderId: c.auth.user?.id ?? null,
        payload: { team: presentTeam(c.world, c.team) },
      });
      return noContent();
    },
  );
  router.on("GET", "/user/teams", { scopes: ["admin:org", "write:org", "read:org", "user", "repo"] }, (c) =>
    page(c, c.world.teamsOfUser(c.me.id), (t) => presentTeamFull(c.world, t)),
  );
}

function slugOf(name: string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (slug === "") throw invalid("Team", "name", "invalid");
  return slug;
}

function parentOf(c: Context): number | null {
  const id = c.number("parent_team_id");
  if (id === undefined) return null;
  const parent = c.world.teams.get(id);
  if (!parent || parent.orgId !== c.org.id) throw invalid("Team", "parent_team_id", "invalid");
  return id;
}

function repoOfTeam(c: Context): { repo: Repository; role: Role | undefined } {
  const repo = c.world.repoByName(c.param("owner"), c.param("repo"));
  if (!repo || roleOn(c.world, c.auth, repo) === undefined) throw notFound();
  return { repo, role: c.world.teamRole(c.team, repo.id) };
}

const presentTeamRepository = (c: Context, repo: Repository, role: Role) => ({
  ...presentRepository(c.world, repo),
  permissions: presentPermissions(role),
  role_name: role,
});
