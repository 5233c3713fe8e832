import { noContent, ok, page, type Context, type Reply } from "../http/context";
import { forbidden, HttpError, notFound } from "../http/errors";
import type { Router } from "../http/router";
import { presentApp, presentOwner, presentUser } from "../present/accounts";
import { presentMinimalRepository, presentRepository } from "../present/repositories";
import type { Installation, Permissions } from "../state";
import type { Token } from "../tokens";
import type { World } from "../world";

const REVOCABLE = ["classic", "personal-access-token", "ghes-impersonation", "app-user-token", "app-refresh-token"];
const HOUR = 3_600_000;

/**
 * What GitHub lets programs do about tokens: Apps mint theirs, organizations watch and cut off fine-grained ones, and
 * anybody may revoke what they hold.
 */
export function tokenRoutes(router: Router): void {
  router.on("GET", "/app", { auth: "app" }, (c) => ok(presentApp(c.world, c.auth.app!, false)));
  router.on("GET", "/app/installations", { auth: "app" }, (c) =>
    page(
      c,
      [...c.world.installations.values()].filter((i) => i.appId === c.auth.app!.id),
      (i) => presentInstallation(c.world, i),
    ),
  );
  router.on("GET", "/app/installations/{installation_id}", { auth: "app" }, (c) =>
    ok(presentInstallation(c.world, ownInstallation(c))),
  );
  router.on(
    "GET",
    "/orgs/{org}/installations",
    { org: "admin", permission: "organization_administration=read", scopes: ["admin:read", "admin:org", "read:org"] },
    (c) =>
      page(
        c,
        [...c.world.installations.values()].filter((i) => i.account.kind === "org" && i.account.id === c.org.id),
        (i) => presentInstallation(c.world, i),
        (installations, total_count) => ({ total_count, installations }),
      ),
  );
  router.on("GET", "/orgs/{org}/installation", { auth: "app" }, (c) => {
    const i = [...c.world.installations.values()].find(
      (x) => x.appId === c.auth.app!.id && x.account.kind === "org" && x.account.id === c.org.id,
    );
    if (!i) throw notFound();
    return ok(presentInstallation(c.world, i));
  });
  router.on("GET", "/repos/{owner}/{repo}/installation", { auth: "app" }, (c) => {
    const repo = c.world.repoByName(c.param("owner"), c.param("repo"));
    const i = [...c.world.installations.values()].find(
      (x) =>
        repo !== undefined &&
        x.appId === c.auth.app!.id &&
        x.account.kind === repo.owner.kind &&
        x.account.id === repo.owner.id &&
        (x.repositorySelection === "all" || x.repositoryIds.has(repo.id)),
    );
    if (!i) throw notFound();
    return ok(presentInstallation(c.world, i));
  });
  router.on("POST", "/app/installations/{installation_id}/access_tokens", { auth: "app" }, mintInstallationToken);
  router.on("DELETE", "/installation/token", { auth: "user" }, (c) => {
    if (c.auth.token?.kind !== "app-installation") throw forbidden("This endpoint requires an installation token");
    c.world.tokens.revoke(c.auth.token);
    return noContent();
  });
  router.on("GET", "/apps/{app_slug}", { auth: "optional" }, (c) => {
    const app = [...c.world.apps.values()].find((a) => a.slug === c.param("app_slug"));
    if (!app) throw notFound();
    return ok(presentApp(c.world, app));
  });
  router.on("GET", "/user/installations", { auth: "user" }, (c) =>
    page(
      c,
      [...c.world.installations.values()].filter((i) => c.auth.app === undefined || i.appId === c.auth.app.id),
      (i) => presentInstallation(c.world, i),
      (installations, total_count) => ({ total_count, installations }),
    ),
  );
  router.on("GET", "/user/installations/{installation_id}/repositories", { auth: "user" }, (c) => {
    const i = c.world.installations.get(c.id("installation_id"));
    if (!i) throw notFound();
    return page(
      c,
      [...i.repositoryIds].map((id) => c.world.repos.get(id)!),
      (r) => presentRepository(c.world, r),
      (repositories, total_count) => ({ total_count, repositories }),
    );
  });

  router.on("POST", "/credentials/revoke", { auth: "optional" }, revokeCredentials);

  // Impersonation tokens, of an Enterprise Server's site administrators.
  router.on("POST", "/admin/users/{username}/authorizations", { auth: "user", scopes: ["site_admin"] }, (c) => {
    const user = siteAdmin(c);
    const scopes = c.strings("scopes");
    if (!scopes || scopes.length === 0) throw new HttpError(422, 'Invalid request.\n\n"scopes" wasn\'t supplied.');
    // A second call for the same account answers the authorization that exists, whose token is not shown again; here a
    // new one is always made.
    const { token, record } = c.world.tokens.mint({
      kind: "ghes-impersonation",
      userId: user.id,
      login: user.login,
      scopes,
      name: "impersonation",
    });
    return { status: 201, body: authorization(c.world, record, token) };
  });
  router.on("DELETE", "/admin/users/{username}/authorizations", { auth: "user", scopes: ["site_admin"] }, (c) => {
    const user = siteAdmin(c);
    for (const token of c.world.tokens.list())
      if (token.kind === "ghes-impersonation" && token.userId === user.id) c.world.tokens.revoke(token);
    return noContent();
  });
  // Gone since 2020-11-13.
  for (const method of ["GET", "POST"])
    router.on(method, "/authorizations", { auth: "optional" }, () => {
      throw notFound();
    });
  router.on("DELETE", "/authorizations/{authorization_id}", { auth: "optional" }, () => {
    throw notFound();
  });

  grantRoutes(router);
}

function siteAdmin(c: Context) {
  if (!c.me.siteAdmin) throw notFound();
  const user = c.world.userByLogin(c.param("username"));
  if (!user || user.type !== "User") throw notFound();
  return user;
}

function authorization(world: World, record: Token, token: string) {
  const at = world.clock.iso(record.createdAt);
  return {
    id: record.id,
    url: `${world.api}/authorizations/${record.id}`,
    scopes: [...(record.scopes ?? [])],
    token,
    token_last_eight: token.slice(-8),
    hashed_token: Buffer.from(record.sha256, "base64").toString("hex"),
    app: { client_id: "00000000000000000000", name: "GitHub Site Administrator", url: `${world.origin}/admin` },
    note: null,
    note_url: null,
    updated_at: at,
    created_at: at,
    fingerprint: null,
    expires_at: null,
  };
}

function presentInstallation(world: World, i: Installation) {
  const app = world.apps.get(i.appId)!;
  const url = `${world.api}/app/installations/${i.id}`;
  return {
    id: i.id,
    account: presentOwner(world, i.account),
    access_tokens_url: `${url}/access_tokens`,
    repositories_url: `${world.api}/installation/repositories`,
    html_url: `${world.origin}/organizations/${presentOwner(world, i.account).login}/settings/installations/${i.id}`,
    app_id: app.id,
    app_slug: app.slug,
    client_id: app.clientId,
    target_id: i.account.id,
    target_type: i.account.kind === "org" ? "Organization" : "User",
    permissions: i.permissions,
    events: app.events,
    created_at: i.createdAt,
    updated_at: i.updatedAt,
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    repository_selection: i.repositorySelection,
    suspended_by: null,
    suspended_at: null,
  };
}

function ownInstallation(c: Context): Installation {
  const i = c.world.installations.get(c.id("installation_id"));
  if (!i || i.appId !== c.auth.app!.id) throw notFound();
  return i;
}

function mintInstallationToken(c: Context): Reply {
  const i = ownInstallation(c);
  const app = c.auth.app!;
  const reachable =
    i.repositorySelection === "all"
      ? c.world.reposOf(i.account)
      : [...i.repositoryIds].map((id) => c.world.repos.get(id)).filter((r) => r !== undefined);
  const names = c.strings("repositories");
  const ids = c.body["repository_ids"] as number[] | undefined;
  let chosen: typeof reachable | undefined;
  if (names || ids) {
    chosen = reachable.filter(
      (r) => names?.some((n) => n.toLowerCase() === r.name.toLowerCase()) || ids?.includes(r.id),
    );
    if (chosen.length !== (names?.length ?? 0) + (ids?.length ?? 0))
      throw new HttpError(
        422,
        "There is at least one repository that does not exist or is not accessible to the parent installation.",
      );
  }
  const asked = (c.body["permissions"] ?? i.permissions) as Permissions;
  const level = { read: 0, write: 1, admin: 2 } as const;
  for (const [name, wanted] of Object.entries(asked)) {
    const held = i.permissions[name];
    if (!held || !(wanted in level) || level[wanted] > level[held])
      throw new HttpError(422, "The permissions requested are not granted to this installation.");
  }
  const permissions: Permissions = { metadata: "read", ...asked };
  const bot = c.world.user(app.botUserId);
  const { token, record } = c.world.tokens.mint({
    kind: "app-installation",
    userId: bot.id,
    login: bot.login,
    permissions,
    appId: app.id,
    installationId: i.id,
    repositories: chosen ? chosen.map((r) => r.id) : "all",
  });
  return {
    status: 201,
    body: {
      token,
      expires_at: c.world.clock.iso(record.expiresAt),
      permissions,
      repository_selection: chosen ? "selected" : i.repositorySelection,
      ...(chosen ? { repositories: chosen.map((r) => presentRepository(c.world, r)) } : {}),
    },
  };
}

const revocations = new WeakMap<World, Map<string, number[]>>();

/** Unauthenticated on purpose: whoever finds a token can end it. 60 calls an hour for each address. */
function revokeCredentials(c: Context): Reply {
  if (c.request.headers.authorization !== undefined)
    throw new HttpError(403, "This endpoint must be called without authentication.");
  const address = c.request.socket.remoteAddress ?? "";
  const now = c.world.clock.now();
  const seen = revocations.get(c.world) ?? new Map<string, number[]>();
  revocations.set(c.world, seen);
  const recent = (seen.get(address) ?? []).filter((at) => at > now - HOUR);
  const { revocations: limit } = c.world.limits;
  const reset = (recent[0] ?? now) + HOUR;
  const headers = (used: number) => ({
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(Math.max(0, limit - used)),
    "x-ratelimit-used": String(used),
    "x-ratelimit-reset": String(Math.ceil(reset / 1000)),
    "x-ratelimit-resource": "credential_revocation",
  });
  if (recent.length >= limit)
    throw new HttpError(403, `API rate limit exceeded for ${address}.`, {
      headers: { ...headers(recent.length), "retry-after": String(Math.ceil((reset - now) / 1000)) },
    });
  const credentials = c.strings("credentials");
  if (!credentials || credentials.length === 0 || credentials.length > 1000)
    throw new HttpError(422, "Validation Failed", {
      errors: [
        {
          resource: "CredentialRevocation",
          code: "invalid",
          field: "credentials",
          message: "credentials: from 1 to 1000",
        },
      ],
    });
  recent.push(now);
  seen.set(address, recent);
  for (const credential of credentials) {
    const token = c.world.tokens.find(credential);
    if (token && REVOCABLE.includes(token.kind)) c.world.tokens.revoke(token, c.world.limits.revocationDelayMs);
  }
  return { status: 202, body: {}, headers: headers(recent.length) };
}

/** Fine-grained tokens of members, as an organization's App sees them. Only Apps may use these. */
function grantRoutes(router: Router): void {
  const onlyApps = (c: Context): void => {
    if (c.auth.token?.kind !== "app-installation" && c.auth.token?.kind !== "app-user-token")
      throw forbidden("Only GitHub Apps may use this endpoint");
  };
  const need = (permission: string) => ({ org: "admin" as const, permission });
  const tokensOf = (c: Context, states: readonly Token["grant"][]): Token[] => {
    onlyApps(c);
    const owners = c.query.getAll("owner[]").concat(c.query.getAll("owner"));
    const ids = c.query.getAll("token_id[]").concat(c.query.getAll("token_id")).map(Number);
    return c.world.tokens
      .list()
      .filter(
        (t) =>
          t.kind === "personal-access-token" &&
          t.resourceOwnerId === c.org.id &&
          t.revokedAt === undefined &&
          states.includes(t.grant) &&
          (owners.length === 0 || owners.includes(t.login)) &&
          (ids.length === 0 || ids.includes(t.id)),
      );
  };
  const one = (c: Context, name: string, states: readonly Token["grant"][]): Token => {
    const t = tokensOf(c, states).find((x) => x.id === c.id(name));
    if (!t) throw notFound();
    return t;
  };
  const repositories = (c: Context, t: Token): Reply =>
    page(
      c,
      t.repositories === "all"
        ? []
        : [...t.repositories].map((id) => c.world.repos.get(id)).filter((r) => r !== undefined),
      (r) => presentMinimalRepository(c.world, r),
    );
  const R = "organization_personal_access_token_requests";
  const G = "organization_personal_access_tokens";

  router.on("GET", `/orgs/{org}/personal-access-token-requests`, need(`${R}=read`), (c) =>
    page(c, tokensOf(c, ["pending"]), (t) => ({
      ...grant(c, t),
      reason: t.grantReason,
      created_at: c.world.clock.iso(t.createdAt),
    })),
  );
  router.on("GET", `/orgs/{org}/personal-access-token-requests/{pat_request_id}/repositories`, need(`${R}=read`), (c) =>
    repositories(c, one(c, "pat_request_id", ["pending"])),
  );
  const review = (c: Context, t: Token): void => {
    const action = c.oneOf("action", ["approve", "deny"] as const);
    if (!action) throw new HttpError(422, 'Invalid request.\n\n"action" wasn\'t supplied.');
    Object.assign(t, {
      grant: action === "approve" ? "approved" : "denied",
      grantReason: c.string("reason") ?? null,
      grantedAt: c.world.clock.now(),
    });
    c.world.webhooks.emit("personal_access_token_request", action === "approve" ? "approved" : "denied", {
      org: c.org,
      senderId: c.auth.user?.id ?? null,
      payload: { personal_access_token_request: { id: t.id, owner: { login: t.login }, token_id: t.id } },
    });
  };
  router.on("POST", `/orgs/{org}/personal-access-token-requests/{pat_request_id}`, need(`${R}=write`), (c) => {
    review(c, one(c, "pat_request_id", ["pending"]));
    return noContent();
  });
  router.on("POST", `/orgs/{org}/personal-access-token-requests`, need(`${R}=write`), (c) => {
    const ids = (c.body["pat_request_ids"] ?? []) as number[];
    for (const t of tokensOf(c, ["pending"])) if (ids.includes(t.id)) review(c, t);
    return { status: 202, body: {} };
  });

  router.on("GET", `/orgs/{org}/personal-access-tokens`, need(`${G}=read`), (c) =>
    page(c, tokensOf(c, ["approved"]), (t) => ({ ...grant(c, t), access_granted_at: c.world.clock.iso(t.grantedAt) })),
  );
  router.on("GET", `/orgs/{org}/personal-access-tokens/{pat_id}/repositories`, need(`${G}=read`), (c) =>
    repositories(c, one(c, "pat_id", ["approved"])),
  );
  const cut = (c: Context, t: Token): void => {
    if (c.string("action") !== "revoke") throw new HttpError(422, 'Invalid request.\n\n"action" must be revoke.');
    // The token itself lives on; it has lost this organization.
    t.grant = "revoked";
  };
  router.on("POST", `/orgs/{org}/personal-access-tokens/{pat_id}`, need(`${G}=write`), (c) => {
    cut(c, one(c, "pat_id", ["approved"]));
    return noContent();
  });
  router.on("POST", `/orgs/{org}/personal-access-tokens`, need(`${G}=write`), (c) => {
    const ids = (c.body["pat_ids"] ?? []) as number[];
    for (const t of tokensOf(c, ["approved"])) if (ids.includes(t.id)) cut(c, t);
    return { status: 202, body: {} };
  });
}

const ORGANIZATION_PERMISSION = /^(?:organization_|members$|team_)/;
function grant(c: Context, t: Token) {
  const url = `${c.world.api}/organizations/${c.org.id}/personal-access-tokens/${t.id}`;
  const split = (organization: boolean) =>
    Object.fromEntries(
      Object.entries(t.permissions).filter(([name]) => ORGANIZATION_PERMISSION.test(name) === organization),
    );
  return {
    id: t.id,
    owner: presentUser(c.world, c.world.user(t.userId)),
    repository_selection: t.repositories === "all" ? "all" : t.repositories.size === 0 ? "none" : "subset",
    repositories_url: `${url}/repositories`,
    permissions: { organization: split(true), repository: split(false), other: {} },
    token_id: t.id,
    token_name: t.name,
    token_expired: t.expiresAt !== undefined && t.expiresAt <= c.world.clock.now(),
    token_expires_at: t.expiresAt === undefined ? null : c.world.clock.iso(t.expiresAt),
    token_last_used_at: t.lastUsedAt === undefined ? null : c.world.clock.iso(t.lastUsedAt),
  };
}
