import { noContent, ok, page } from "../http/context";
import { HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { nodeId } from "../ids";
import { roleOfUser } from "../permissions";
import {
  presentCollaborator,
  presentInvitation,
  roleFromPermission,
  ROLE_TO_PERMISSION,
} from "../present/repositories";
import { presentUser } from "../present/accounts";
import type { Role, User } from "../state";

const ADMIN = { role: "admin" as const, permission: "administration=write" };

/** People with access to one repository, and those who are asked to have it. */
export function collaboratorRoutes(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/collaborators", { role: "write", permission: "metadata=read" }, (c) => {
    const affiliation = c.query.get("affiliation") ?? "all";
    const org = c.world.orgOf(c.repo);
    const everyone = [...c.world.users.values()]
      .filter((u) => u.type === "User")
      .map((user) => ({ user, role: roleOfUser(c.world, user, c.repo) }))
      .filter((e): e is { user: User; role: Role } => e.role !== undefined);
    const list = everyone.filter(({ user, role }) => {
      const direct = c.repo.collaborators.has(user.id);
      if (affiliation === "direct") return direct || (org === undefined && role === "admin");
      if (affiliation === "outside") return direct && !org?.memberships.has(user.id);
      return direct || org?.memberships.get(user.id)?.state === "active" || role === "admin";
    });
    const wanted = c.query.get("permission");
    return page(
      c,
      list.filter(({ role }) => !wanted || ROLE_TO_PERMISSION[role] === wanted),
      ({ user, role }) => presentCollaborator(c.world, user.id, role),
    );
  });
  router.on("GET", "/repos/{owner}/{repo}/collaborators/{username}", { role: "read" }, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    if (
      !user ||
      !(c.repo.collaborators.has(user.id) || c.world.orgOf(c.repo)?.memberships.get(user.id)?.state === "active") ||
      roleOfUser(c.world, user, c.repo) === undefined
    )
      throw notFound();
    return noContent();
  });
  router.on("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", { role: "read" }, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    if (!user) throw notFound();
    const role = roleOfUser(c.world, user, c.repo);
    return ok({
      permission: role === undefined ? "none" : role === "maintain" ? "write" : role === "triage" ? "read" : role,
      role_name: role ?? "none",
      user: role
        ? presentCollaborator(c.world, user.id, role)
        : {
            ...presentUser(c.world, user),
            permissions: { admin: false, maintain: false, push: false, triage: false, pull: false },
            role_name: "none",
          },
    });
  });
  router.on("PUT", "/repos/{owner}/{repo}/collaborators/{username}", ADMIN, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    if (!user) throw notFound();
    const role = roleFromPermission(c.string("permission") ?? "push");
    if (!role)
      throw new HttpError(422, "Validation Failed", {
        errors: [{ resource: "Repository", code: "invalid", field: "permission" }],
      });
    const org = c.world.orgOf(c.repo);
    if (c.repo.collaborators.has(user.id) || org?.memberships.get(user.id)?.state === "active") {
      c.repo.collaborators.set(user.id, role);
      c.world.webhooks.emit("member", "edited", {
        repo: c.repo,
        senderId: c.auth.user?.id ?? null,
        payload: { member: presentUser(c.world, user) },
      });
      return noContent();
    }
    const before = [...c.repo.invitations.values()].find((i) => i.inviteeId === user.id);
    const id = before?.id ?? c.world.ids.next();
    c.repo.invitations.set(id, {
      id,
      nodeId: nodeId("invitation", id),
      repositoryId: c.repo.id,
      inviteeId: user.id,
      inviterId: c.auth.user?.id ?? c.repo.owner.id,
      role,
      createdAt: before?.createdAt ?? c.world.clock.iso(),
    });
    return { status: 201, body: presentInvitation(c.world, c.repo, id) };
  });
  router.on(
    "DELETE",
    "/repos/{owner}/{repo}/collaborators/{username}",
    { role: "read", permission: "administration=write" },
    (c) => {
      const user = c.world.userByLogin(c.param("username"));
      if (!user) throw notFound();
      if (c.role !== "admin" && user.id !== c.auth.user?.id)
        throw new HttpError(403, "Must have admin rights to Repository.");
      if (c.repo.collaborators.delete(user.id))
        c.world.webhooks.emit("member", "removed", {
          repo: c.repo,
          senderId: c.auth.user?.id ?? null,
          payload: { member: presentUser(c.world, user) },
        });
      return noContent();
    },
  );
  router.on("GET", "/repos/{owner}/{repo}/invitations", { role: "admin", permission: "administration=read" }, (c) =>
    page(c, [...c.repo.invitations.values()], (i) => presentInvitation(c.world, c.repo, i.id)),
  );
  router.on("PATCH", "/repos/{owner}/{repo}/invitations/{invitation_id}", ADMIN, (c) => {
    const invitation = c.repo.invitations.get(c.id("invitation_id"));
    if (!invitation) throw notFound();
    invitation.role = roleFromPermission(c.string("permissions") ?? "read") ?? invitation.role;
    return ok(presentInvitation(c.world, c.repo, invitation.id));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/invitations/{invitation_id}", ADMIN, (c) => {
    if (!c.repo.invitations.delete(c.id("invitation_id"))) throw notFound();
    return noContent();
  });
  router.on("GET", "/repos/{owner}/{repo}/assignees", {}, (c) =>
    page(
      c,
      [...c.world.users.values()].filter(
        (u) =>
          u.type === "User" &&
          c.world.orgOf(c.repo)?.memberships.get(u.id)?.state === "active" &&
          roleOfUser(c.world, u, c.repo) !== undefined,
      ),
      (u) => presentUser(c.world, u),
    ),
  );
  router.on("GET", "/repos/{owner}/{repo}/keys", { role: "admin", permission: "administration=read" }, (c) =>
    page(c, [...c.repo.deployKeys.values()], (k) => deployKey(c.world.api, c.world.fullName(c.repo), k)),
  );
  router.on("POST", "/repos/{owner}/{repo}/keys", ADMIN, (c) => {
    const key = c.string("key", true);
    const id = c.world.ids.next();
    const made = {
      id,
      key,
      title: c.string("title") ?? "",
      createdAt: c.world.clock.iso(),
      readOnly: c.bool("read_only") ?? false,
      addedBy: c.auth.user?.id ?? null,
    };
    c.repo.deployKeys.set(id, made);
    c.world.webhooks.emit("deploy_key", "created", {
      repo: c.repo,
      senderId: c.auth.user?.id ?? null,
      payload: { key: { id, title: made.title, read_only: made.readOnly } },
    });
    return { status: 201, body: deployKey(c.world.api, c.world.fullName(c.repo), made) };
  });
  router.on("GET", "/repos/{owner}/{repo}/keys/{key_id}", { role: "admin", permission: "administration=read" }, (c) => {
    const k = c.repo.deployKeys.get(c.id("key_id"));
    if (!k) throw notFound();
    return ok(deployKey(c.world.api, c.world.fullName(c.repo), k));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/keys/{key_id}", ADMIN, (c) => {
    if (!c.repo.deployKeys.delete(c.id("key_id"))) throw notFound();
    return noContent();
  });
}

function deployKey(
  api: string,
  fullName: string,
  k: { id: number; key: string; title: string; createdAt: string; readOnly: boolean },
) {
  return {
    id: k.id,
    key: k.key,
    url: `${api}/repos/${fullName}/keys/${k.id}`,
    title: k.title,
    verified: true,
    created_at: k.createdAt,
    read_only: k.readOnly,
    added_by: null,
    last_used: null,
    enabled: true,
  };
}
