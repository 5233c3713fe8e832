import { createHash, randomBytes } from "node:crypto";

export interface ModelToken {
  readonly token: string;
  readonly sha256: string;
  readonly kind: string;
  readonly login: string;
  readonly permissions: Record<string, string>;
  readonly repositories: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly pair?: string;
  revokedAt?: number;
}

export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}
export interface Incoming {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const hash = (text: string): string => createHash("sha256").update(text).digest("base64");
const ok = (body: unknown = {}, headers: Record<string, string> = {}): Reply => ({ status: 200, body, headers });
const no = (status: number, message: string): Reply => ({ status, body: { message } });

/** The part of GitHub that a rotation meets, with its own authority over tokens. Time is the caller's. */
export class GitHubModel {
  readonly tokens: ModelToken[] = [];
  readonly organization = "acme";
  readonly privateRepositories = ["api", "docs", "secrets"];
  membership: "active" | "pending" = "active";
  /** Whether a second impersonation token is made, or the existing one returned. */
  impersonation: "one" | "many" = "many";
  /** Whether `/credentials/revoke` takes effect only after this time. */
  revokeDelayMs = 0;
  readonly siteAdmin = `model-${randomBytes(8).toString("hex")}`;

  constructor(private readonly now: () => number) {}

  mint(
    kind: string,
    options: Partial<Pick<ModelToken, "login" | "permissions" | "repositories" | "pair">> & {
      lifetimeMs?: number;
    } = {},
  ): ModelToken {
    const token = `model_${kind}_${randomBytes(12).toString("hex")}`;
    const record: ModelToken = {
      token,
      sha256: hash(token),
      kind,
      login: options.login ?? "claude-bot",
      permissions: options.permissions ?? { contents: "write", pull_requests: "write", metadata: "read" },
      repositories: options.repositories ?? ["api", "docs"],
      createdAt: this.now(),
      expiresAt: this.now() + (options.lifetimeMs ?? 30 * DAY),
      ...(options.pair ? { pair: options.pair } : {}),
    };
    this.tokens.push(record);
    return record;
  }

  mintPair(): { access: ModelToken; refresh: ModelToken } {
    const pair = randomBytes(6).toString("hex");
    return {
      access: this.mint("app-user-token", { pair, lifetimeMs: 8 * HOUR }),
      refresh: this.mint("app-refresh-token", { pair, lifetimeMs: 180 * DAY }),
    };
  }

  isAlive(t: ModelToken): boolean {
    return (t.revokedAt === undefined || t.revokedAt > this.now()) && t.expiresAt > this.now();
  }
  alive(kinds?: readonly string[]): ModelToken[] {
    return this.tokens.filter((t) => this.isAlive(t) && (!kinds || kinds.includes(t.kind)));
  }

  revoke(t: ModelToken, delay = 0): void {
    for (const other of this.tokens.filter((o) => o === t || (t.pair !== undefined && o.pair === t.pair)))
      other.revokedAt = Math.min(other.revokedAt ?? Infinity, this.now() + delay);
  }

  handle(r: Incoming): Reply {
    const bearer = /^Bearer (.+)$/.exec(r.headers.authorization ?? "")?.[1];
    if (r.path === "/login/oauth/access_token") return this.#refresh(r);
    const path = r.path.replace(/^\/api\/v3/, "");
    if (path === "/credentials/revoke") {
      if (bearer && bearer !== this.siteAdmin) return no(403, "must be unauthenticated");
      for (const value of r.body.credentials as string[]) {
        const t = this.tokens.find((o) => o.token === value);
        if (t) this.revoke(t, this.revokeDelayMs);
      }
      return { status: 202 };
    }
    if (bearer === this.siteAdmin && path === "/admin/users/claude-bot/authorizations") return this.#impersonate(r);
    if (/^\/app\/installations\/\d+\/access_tokens$/.test(path)) {
      if (bearer?.split(".").length !== 3) return no(401, "A JSON web token could not be decoded");
      const t = this.mint("app-installation", {
        lifetimeMs: HOUR,
        permissions: r.body.permissions as Record<string, string>,
        repositories: r.body.repositories as string[],
      });
      return {
        status: 201,
        body: {
          token: t.token,
          expires_at: new Date(t.expiresAt).toISOString(),
          permissions: t.permissions,
          repositories: t.repositories.map((name) => ({ name })),
        },
      };
    }
    const t = this.tokens.find((o) => o.token === bearer);
    if (!t || !this.isAlive(t) || t.kind === "app-refresh-token") return no(401, "Bad credentials");
    return this.#as(t, path, r);
  }

  #as(t: ModelToken, path: string, r: Incoming): Reply {
    const expiry: Record<string, string> =
      t.kind === "ghes-impersonation"
        ? {}
        : {
            "github-authentication-token-expiration": `${new Date(t.expiresAt).toISOString().slice(0, 19).replace("T", " ")} UTC`,
          };
    const lacks = no(403, "Resource not accessible by personal access token");
    if (path === "/user")
      return t.kind === "app-installation"
        ? no(403, "Resource not accessible by integration")
        : ok(
            { login: t.login },
            {
              ...expiry,
              ...(t.kind === "ghes-impersonation" || t.kind === "classic" ? { "x-oauth-scopes": "repo" } : {}),
            },
          );
    if (path === "/installation/repositories") return ok({ repositories: [] });
    if (path === "/installation/token" && r.method === "DELETE") {
      this.revoke(t);
      return { status: 204 };
    }
    if (path === `/user/memberships/orgs/${this.organization}`) {
      if (r.method === "PATCH") this.membership = "active";
      return ok({ state: this.membership });
    }
    if (this.membership === "pending") return no(404, "Not Found");
    if (path === "/user/repos")
      return ok(t.repositories.map((name) => ({ name, private: true, owner: { login: this.organization } })));
    const m = new RegExp(`^/repos/${this.organization}/([^/]+)(/.*)?$`).exec(path);
    if (!m?.[1] || !t.repositories.includes(m[1])) return no(404, "Not Found");
    const rest = m[2] ?? "";
    const needs: [RegExp, string][] = [
      [/^$/, "metadata"],
      [/^\/commits\/HEAD\/statuses/, "statuses"],
      [/^\/(commits|git)/, "contents"],
      [/^\/pulls/, "pull_requests"],
      [/^\/issues/, "issues"],
      [/^\/actions\/secrets/, "secrets"],
      [/^\/actions/, "actions"],
      [/^\/hooks/, "repository_hooks"],
      [/^\/deployments/, "deployments"],
      [/^\/keys/, "administration"],
      [/^\/statuses/, "statuses"],
    ];
    const permission = needs.find(([pattern]) => pattern.test(rest))?.[1];
    if (!permission) return no(404, "Not Found");
    const level = t.kind === "ghes-impersonation" ? "write" : t.permissions[permission];
    if (!level || (r.method === "POST" && level === "read")) return lacks;
    return r.method === "POST" ? no(422, "Invalid request") : ok([]);
  }

  #refresh(r: Incoming): Reply {
    const given = this.tokens.find((o) => o.kind === "app-refresh-token" && o.token === r.body.refresh_token);
    if (!given || !this.isAlive(given))
      return ok({ error: "bad_refresh_token", error_description: "The refresh token passed is incorrect or expired." });
    this.revoke(given);
    const { access, refresh } = this.mintPair();
    return ok({
      access_token: access.token,
      expires_in: 28_800,
      refresh_token: refresh.token,
      refresh_token_expires_in: 15_552_000,
      token_type: "bearer",
      scope: "",
    });
  }

  #impersonate(r: Incoming): Reply {
    const mine = this.tokens.filter((o) => o.kind === "ghes-impersonation" && this.isAlive(o));
    if (r.method === "DELETE") {
      mine.forEach((t) => this.revoke(t));
      return { status: 204 };
    }
    const existing = mine[0];
    if (existing && this.impersonation === "one") return ok({ token: existing.token });
    return { status: 201, body: { token: this.mint("ghes-impersonation", { lifetimeMs: 3650 * DAY }).token } };
  }
}
