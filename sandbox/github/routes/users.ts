import { noContent, ok, page, type Context } from "../http/context";
import { forbidden, HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { hasScope, permissionsOf, permits } from "../permissions";
import { presentPrivateUser, presentPublicUser } from "../present/accounts";
import { presentInvitation } from "../present/repositories";
import type { Invitation, Organization, PublicKey, Repository } from "../state";

/** The asker's own account, other people's public side, and what a person may be invited to. */
export function userRoutes(router: Router): void {
  router.on("GET", "/user", { auth: "user" }, (c) => {
    if (c.auth.token?.kind === "app-installation") throw forbidden("Resource not accessible by integration");
    return ok(
      hasScope(c.auth, "read:user") && c.auth.token?.scopes
        ? presentPrivateUser(c.world, c.me)
        : presentPublicUser(c.world, c.me),
    );
  });
  router.on("PATCH", "/user", { permission: "profile=write", scopes: ["user"] }, (c) => {
    account(c, "profile=write");
    if (c.sent("name")) c.me.name = c.string("name") ?? null;
    return ok(presentPrivateUser(c.world, c.me));
  });
  router.on("GET", "/users/{username}", { auth: "optional" }, (c) => {
    const user = c.world.userByLogin(c.param("username"));
    if (user) return ok(presentPublicUser(c.world, user));
    const org = c.world.orgByLogin(c.param("username"));
    if (!org) throw notFound();
    const bot = {
      login: org.login,
      id: org.id,
      nodeId: org.nodeId,
      type: "User" as const,
      name: org.name,
      email: "",
      siteAdmin: false,
      createdAt: org.createdAt,
      updatedAt: org.updatedAt,
      keys: [],
      gpgKeys: [],
    };
    return ok({ ...presentPublicUser(c.world, bot), type: "Organization" });
  });
  router.on("GET", "/users", { auth: "optional" }, (c) =>
    page(c, [...c.world.users.values()], (u) => {
      const { login, id, node_id, type } = presentPublicUser(c.world, u);
      return { ...presentPublicUser(c.world, u), login, id, node_id, type };
    }),
  );
  router.on("GET", "/users/{username}/gpg_keys", { auth: "optional" }, (c) => page(c, other(c).gpgKeys, gpgKey));
  router.on("GET", "/users/{username}/keys", { auth: "optional" }, (c) =>
    page(c, other(c).keys, (k) => ({ id: k.id, key: k.key })),
  );
  router.on("GET", "/users/{username}/hovercard", { auth: "user" }, (c) => {
    other(c);
    return ok({ contexts: [] });
  });

  router.on("GET", "/user/emails", { permission: "email_addresses=read", scopes: ["user", "user:email"] }, (c) => {
    account(c, "email_addresses=read");
    return ok([{ email: c.me.email, primary: true, verified: true, visibility: "private" }]);
  });
  router.on(
    "GET",
    "/user/keys",
    { permission: "git_ssh_keys=read", scopes: ["admin:public_key", "read:public_key"] },
    (c) => {
      account(c, "git_ssh_keys=read");
      return page(c, c.me.keys, (k) => userKey(c, k));
    },
  );
  router.on(
    "POST",
    "/user/keys",
    { permission: "git_ssh_keys=write", scopes: ["admin:public_key", "write:public_key"] },
    (c) => {
      account(c, "git_ssh_keys=write");
      const key: PublicKey = {
        id: c.world.ids.next(),
        key: c.string("key", true),
        title: c.string("title") ?? "",
        createdAt: c.world.clock.iso(),
        readOnly: false,
        addedBy: c.me.id,
      };
      if (!/^(ssh-|ecdsa-|sk-)\S* \S+/.test(key.key))
        throw new HttpError(422, "Validation Failed", {
          errors: [
            {
              resource: "PublicKey",
              code: "custom",
              field: "key",
              message: "key is invalid. You must supply a key in OpenSSH public key format",
            },
          ],
        });
      c.me.keys.push(key);
      return { status: 201, body: userKey(c, key) };
    },
  );
  router.on(
    "DELETE",
    "/user/keys/{key_id}",
    { permission: "git_ssh_keys=write", scopes: ["admin:public_key"] },
    (c) => {
      account(c, "git_ssh_keys=write");
      const at = c.me.keys.findIndex((k) => k.id === c.id("key_id"));
      if (at < 0) throw notFound();
      c.me.keys.splice(at, 1);
      return noContent();
    },
  );
  router.on(
    "GET",
    "/user/gpg_keys",
    { permission: "gpg_keys=read", scopes: ["admin:gpg_key", "read:gpg_key"] },
    (c) => {
      account(c, "gpg_keys=read");
      return page(c, c.me.gpgKeys, gpgKey);
    },
  );
  router.on(
    "POST",
    "/user/gpg_keys",
    { permission: "gpg_keys=write", scopes: ["admin:gpg_key", "write:gpg_key"] },
    (c) => {
      account(c, "gpg_keys=write");
      const id = c.world.ids.next();
      const key = {
        id,
        keyId: id.toString(16).toUpperCase().padStart(16, "0"),
        publicKey: c.string("armored_public_key", true),
        createdAt: c.world.clock.iso(),
      };
      c.me.gpgKeys.push(key);
      return { status: 201, body: gpgKey(key) };
    },
  );

  router.on("GET", "/user/repository_invitations", { auth: "user" }, (c) =>
    page(c, invitations(c), ({ repo, invitation }) => presentInvitation(c.world, repo, invitation.id)),
  );
  router.on("PATCH", "/user/repository_invitations/{invitation_id}", { scopes: ["repo", "repo:invite"] }, (c) => {
    const { repo, invitation } = invitationById(c);
    repo.invitations.delete(invitation.id);
    repo.collaborators.set(c.me.id, invitation.role);
    c.world.webhooks.emit("member", "added", {
      repo,
      senderId: c.me.id,
      payload: { member: presentPublicUser(c.world, c.me) },
    });
    return noContent();
  });
  router.on("DELETE", "/user/repository_invitations/{invitation_id}", { scopes: ["repo", "repo:invite"] }, (c) => {
    const { repo, invitation } = invitationById(c);
    repo.invitations.delete(invitation.id);
    return noContent();
  });
  router.on("GET", "/notifications", { scopes: ["notifications", "repo"] }, (c) => page(c, [], (x) => x));
  router.on("GET", "/user/starred", { auth: "user" }, (c) => page(c, [], (x) => x));
  router.on("PUT", "/user/starred/{owner}/{repo}", { auth: "user", permission: "starring=write" }, (c) => {
    account(c, "starring=write");
    return noContent();
  });
  router.on(
    "PUT",
    "/user/following/{username}",
    { auth: "user", permission: "followers=write", scopes: ["user", "user:follow"] },
    (c) => {
      account(c, "followers=write");
      other(c);
      return noContent();
    },
  );
}

export const orgsOf = (c: Context): Organization[] =>
  [...c.world.orgs.values()].filter((o) => o.memberships.get(c.me.id)?.state === "active");

/** Permissions on the account itself, which only fine-grained tokens and App user tokens have. */
export function account(c: Context, requirement: string): void {
  const permissions = permissionsOf(c.auth);
  if (permissions && !permits(permissions, requirement))
    throw forbidden(
      c.auth.token?.kind === "personal-access-token"
        ? "Resource not accessible by personal access token"
        : "Resource not accessible by integration",
      { "x-accepted-github-permissions": requirement },
    );
}

function other(c: Context) {
  const user = c.world.userByLogin(c.param("username"));
  if (!user) throw notFound();
  return user;
}
const userKey = (c: Context, k: PublicKey) => ({
  key: k.key,
  id: k.id,
  url: `${c.world.api}/user/keys/${k.id}`,
  title: k.title,
  created_at: k.createdAt,
  verified: true,
  read_only: false,
  last_used: null,
});
const gpgKey = (k: { id: number; keyId: string; publicKey: string; createdAt: string }) => ({
  id: k.id,
  name: null,
  primary_key_id: null,
  key_id: k.keyId,
  public_key: k.publicKey,
  emails: [],
  subkeys: [],
  can_sign: true,
  can_encrypt_comms: false,
  can_encrypt_storage: false,
  can_certify: true,
  created_at: k.createdAt,
  expires_at: null,
  revoked: false,
  raw_key: k.publicKey,
});

const invitations = (c: Context): { repo: Repository; invitation: Invitation }[] =>
  [...c.world.repos.values()].flatMap((repo) =>
    [...repo.invitations.values()].filter((i) => i.inviteeId === c.me.id).map((invitation) => ({ repo, invitation })),
  );
function invitationById(c: Context): { repo: Repository; invitation: Invitation } {
  const found = invitations(c).find(({ invitation }) => invitation.id === c.id("invitation_id"));
  if (!found) throw notFound();
  return found;
}
