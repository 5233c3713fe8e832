import { noContent, ok, page, type Context } from "../http/context";
import { HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { grantHolds, hasScope, orgRole, roleOn } from "../permissions";
import { presentOrg, presentOrgMembership, presentOrgSimple, presentUser } from "../present/accounts";
import { presentFullRepository, presentRepository } from "../present/repositories";
import type { Organization, OrgMembership } from "../state";
import type { World } from "../world";
import { createRepository } from "../domain/create";

/** Organizations and who belongs to them. */
export function organizationRoutes(router: Router): void {
  router.on("GET", "/orgs/{org}", { auth: "optional" }, (c) =>
    ok(presentOrg(c.world, c.org, orgRole(c.world, c.auth, c.org) === "admin" && hasScope(c.auth, "read:org"))),
  );
  router.on("PATCH", "/orgs/{org}", { permission: "organization_administration=write" }, (c) => {
    const { org } = c;
    if (c.string("description") !== undefined) org.description = c.string("description")!;
    if (c.string("name") !== undefined) org.name = c.string("name")!;
    if (c.string("billing_email") !== undefined) org.billingEmail = c.string("billing_email")!;
    org.defaultRepositoryPermission =
      c.oneOf("default_repository_permission", ["read", "write", "admin", "none"] as const) ??
      org.defaultRepositoryPermission;
    org.membersCanCreateRepositories = c.bool("members_can_create_repositories") ?? org.membersCanCreateRepositories;
    org.membersCanForkPrivateRepositories =
      c.bool("members_can_fork_private_repositories") ?? org.membersCanForkPrivateRepositories;
    org.updatedAt = c.world.clock.iso();
    return ok(presentOrg(c.world, org, true));
  });

  router.on("GET", "/orgs/{org}/repos", { auth: "optional", permission: "metadata=read" }, (c) => {
    const type = c.query.get("type") ?? "all";
    const repos = c.world
      .reposOf({ kind: "org", id: c.org.id })
      .map((repo) => ({ repo, role: roleOn(c.world, c.auth, repo) }))
      .filter(
        ({ repo, role }) =>
          role !== undefined &&
          (type === "all" ||
            (type === "public" && repo.visibility === "public") ||
            (type === "private" && repo.visibility === "private") ||
            (type === "forks" && repo.forkOf !== null) ||
            (type === "sources" && repo.forkOf === null)),
      );
    return page(c, repos, ({ repo, role }) => presentRepository(c.world, repo, role));
  });
  router.on(
    "POST",
    "/orgs/{org}/repos",
    { org: "member", permission: "administration=write", scopes: ["repo", "public_repo"] },
    async (c) => {
      if (orgRole(c.world, c.auth, c.org) === "member" && !c.org.membersCanCreateRepositories)
        throw new HttpError(403, "You need admin access to the organization before adding a repository to it.");
      const repo = await createRepository(c, { kind: "org", id: c.org.id });
      return {
        status: 201,
        body: presentFullRepository(c.world, repo, "admin"),
        headers: { location: `${c.world.api}/repos/${c.world.fullName(repo)}` },
      };
    },
  );

  router.on("GET", "/orgs/{org}/members", { permission: "members=read" }, (c) => {
    const inside = orgRole(c.world, c.auth, c.org) !== undefined && grantHolds(c.world, c.auth, c.org);
    const role = c.query.get("role");
    const active = inside
      ? [...c.org.memberships.values()].filter(
          (m) => m.state === "active" && (!role || role === "all" || m.role === role),
        )
      : [];
    return page(c, active, (m) => presentUser(c.world, c.world.user(m.userId)));
  });
  router.on("GET", "/orgs/{org}/public_members", { auth: "optional" }, (c) => page(c, [], (x) => x));
  router.on("GET", "/orgs/{org}/members/{username}", { permission: "members=read" }, (c) => {
    if (orgRole(c.world, c.auth, c.org) === undefined) throw notFound();
    if (membershipOf(c)?.state !== "active") throw notFound();
    return noContent();
  });
  router.on("DELETE", "/orgs/{org}/members/{username}", { permission: "members=write" }, (c) => removeMember(c));

  router.on("GET", "/orgs/{org}/memberships/{username}", { org: "member", permission: "members=read" }, (c) => {
    const m = membershipOf(c);
    if (!m) throw notFound();
    return ok(presentOrgMembership(c.world, c.org, m.userId));
  });
  router.on("PUT", "/orgs/{org}/memberships/{username}", { permission: "members=write" }, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    if (!user || user.type !== "User") throw notFound();
    const role = c.oneOf("role", ["admin", "member"] as const) ?? "member";
    const now = c.world.clock.iso();
    const before = c.org.memberships.get(user.id);
    if (before?.role === "admin" && role === "member" && before.state === "active" && owners(c.org) === 1)
      throw new HttpError(403, "You can't demote the last owner of the organization.");
    // An invitation waits until the invited account itself accepts it.
    c.org.memberships.set(user.id, {
      userId: user.id,
      role,
      state: before?.state ?? "pending",
      invitedBy: c.auth.user?.id ?? null,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    });
    c.world.webhooks.emit("organization", before ? "member_added" : "member_invited", {
      org: c.org,
      senderId: c.auth.user?.id ?? null,
      payload: { membership: presentOrgMembership(c.world, c.org, user.id) },
    });
    return ok(presentOrgMembership(c.world, c.org, user.id));
  });
  router.on("DELETE", "/orgs/{org}/memberships/{username}", { permission: "members=write" }, (c) => removeMember(c));

  router.on("GET", "/orgs/{org}/invitations", { org: "member", permission: "members=read" }, (c) =>
    page(
      c,
      [...c.org.memberships.values()].filter((m) => m.state === "pending"),
      (m) => presentOrgInvitation(c.world, c.org, m),
    ),
  );

  router.on("GET", "/user/memberships/orgs", { scopes: ["admin:org", "write:org", "read:org", "user"] }, (c) => {
    const state = c.query.get("state");
    return page(
      c,
      [...c.world.orgs.values()].filter((o) => {
        const m = o.memberships.get(c.me.id);
        return m && (!state || m.state === state);
      }),
      (o) => presentOrgMembership(c.world, o, c.me.id),
    );
  });
  router.on(
    "GET",
    "/user/memberships/orgs/{org_name}",
    { scopes: ["admin:org", "write:org", "read:org", "user"] },
    (c) => {
      const o = mine(c);
      return ok(presentOrgMembership(c.world, o, c.me.id));
    },
  );
  router.on(
    "PATCH",
    "/user/memberships/orgs/{org_name}",
    { permission: "members=write", scopes: ["admin:org", "write:org", "user"] },
    (c) => {
      const o = mine(c);
      const membership = o.memberships.get(c.me.id)!;
      if (c.string("state") !== "active")
        throw new HttpError(422, "Validation Failed", { errors: ["state must be active"] });
      membership.state = "active";
      membership.updatedAt = c.world.clock.iso();
      c.world.webhooks.emit("organization", "member_added", {
        org: o,
        senderId: c.me.id,
        payload: { membership: presentOrgMembership(c.world, o, c.me.id) },
      });
      return ok(presentOrgMembership(c.world, o, c.me.id));
    },
  );
  router.on("GET", "/user/orgs", { auth: "user" }, (c) =>
    page(
      c,
      [...c.world.orgs.values()].filter(
        (o) => o.memberships.get(c.me.id)?.state === "active" && hasScope(c.auth, "read:org"),
      ),
      (o) => presentOrgSimple(c.world, o),
    ),
  );
  router.on("GET", "/users/{username}/orgs", { auth: "optional" }, (c) => page(c, [], (x) => x));
  // Enterprise plans only: who did what, by the hash of the token that was used.
  router.on(
    "GET",
    "/orgs/{org}/audit-log",
    {
      org: "admin",
      permission: "organization_administration=read",
      scopes: ["read:audit_log", "audit_log", "admin:org"],
    },
    (c) => {
      if (c.org.plan !== "enterprise") throw notFound();
      const include = c.query.get("include");
      const found = c.world.audit.search(
        c.org.login,
        c.query.get("phrase") ?? "",
        include === "git" || include === "all" ? include : "web",
      );
      return page(c, c.query.get("order") === "asc" ? found : found.reverse(), (e) => e);
    },
  );
  router.on("GET", "/orgs/{org}/outside_collaborators", { org: "member", permission: "members=read" }, (c) => {
    const ids = new Set(
      c.world
        .reposOf({ kind: "org", id: c.org.id })
        .flatMap((r) => [...r.collaborators.keys()])
        .filter((id) => !c.org.memberships.has(id)),
    );
    return page(c, [...ids], (id) => presentUser(c.world, c.world.user(id)));
  });
}

const membershipOf = (c: Context): OrgMembership | undefined => {
  const user = c.world.userByLogin(c.param("username"));
  return user && c.org.memberships.get(user.id);
};
const owners = (org: Organization): number =>
  [...org.memberships.values()].filter((m) => m.role === "admin" && m.state === "active").length;

function mine(c: Context): Organization {
  const org = c.world.orgByLogin(c.param("org_name"));
  if (!org?.memberships.has(c.me.id)) throw notFound();
  return org;
}

/**
 * Leaving takes everything along that came through the organization: teams and direct access to its private
 * repositories.
 */
function removeMember(c: Context) {
  const m = membershipOf(c);
  if (!m) throw notFound();
  if (m.role === "admin" && m.state === "active" && owners(c.org) === 1)
    throw new HttpError(403, "You can't remove the last owner");
  const payload = { membership: presentOrgMembership(c.world, c.org, m.userId) };
  c.org.memberships.delete(m.userId);
  for (const team of c.world.teamsOf(c.org.id)) team.members.delete(m.userId);
  for (const repo of c.world.reposOf({ kind: "org", id: c.org.id })) repo.collaborators.delete(m.userId);
  c.world.webhooks.emit("organization", "member_removed", { org: c.org, senderId: c.auth.user?.id ?? null, payload });
  return noContent();
}

function presentOrgInvitation(world: World, org: Organization, m: OrgMembership) {
  return {
    id: m.userId,
    login: world.user(m.userId).login,
    email: null,
    role: m.role === "admin" ? "admin" : "direct_member",
    created_at: m.createdAt,
    inviter: presentUser(world, world.user(m.invitedBy ?? m.userId)),
    team_count: 0,
    node_id: world.user(m.userId).nodeId,
    invitation_teams_url: `${world.api}/orgs/${org.login}/invitations/${m.userId}/teams`,
    invitation_source: "member",
  };
}
