import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "./clock";
import type { IdSource } from "./ids";
import type { Permissions } from "./state";

/**
 * `classic` is a personal access token with scopes; `personal-access-token` is the fine-grained kind. The other names
 * are the posture's.
 */
export const TOKEN_KINDS = [
  "classic",
  "personal-access-token",
  "app-user-token",
  "app-refresh-token",
  "app-installation",
  "ghes-impersonation",
] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface Token {
  readonly id: number;
  /** Base64 SHA-256, as `hashed_token` of GitHub's audit log. The token itself is not kept. */
  readonly sha256: string;
  readonly kind: TokenKind;
  /** Account it acts as: a user's, or the App's bot for an installation token. */
  readonly userId: number;
  readonly login: string;
  readonly name: string;
  /** Of classic and impersonation tokens; undefined for kinds with permissions. */
  readonly scopes: readonly string[] | undefined;
  readonly permissions: Permissions;
  /** Account whose resources it reaches: fine-grained tokens have exactly one. */
  readonly resourceOwnerId: number | undefined;
  readonly repositories: "all" | ReadonlySet<number>;
  readonly appId: number | undefined;
  readonly installationId: number | undefined;
  readonly createdAt: number;
  expiresAt: number | undefined;
  revokedAt: number | undefined;
  /** Fine-grained tokens reach an organization that asks for approval only once granted. */
  grant: "approved" | "pending" | "denied" | "revoked";
  grantReason: string | null;
  grantedAt: number;
  lastUsedAt: number | undefined;
  /** The other half of a user token and its refresh token: they die together. */
  pairId: string | undefined;
  /** Authorized by device flow: refreshing needs no client secret. */
  readonly deviceFlow: boolean;
}

export interface MintRequest {
  kind: TokenKind;
  userId: number;
  login: string;
  name?: string;
  scopes?: readonly string[];
  permissions?: Permissions;
  resourceOwnerId?: number;
  repositories?: "all" | Iterable<number>;
  appId?: number;
  installationId?: number;
  /** Milliseconds; absent: what the kind has by default, which is never for classic and impersonation tokens. */
  lifetimeMs?: number | undefined;
  grant?: Token["grant"];
  pairId?: string;
  deviceFlow?: boolean;
}

const PREFIX: Record<TokenKind, string> = {
  classic: "ghp_",
  "personal-access-token": "github_pat_",
  "app-user-token": "ghu_",
  "app-refresh-token": "ghr_",
  "app-installation": "ghs_",
  "ghes-impersonation": "gho_",
};
const LIFETIME: Partial<Record<TokenKind, number>> = {
  "personal-access-token": 30 * DAY,
  "app-user-token": 8 * HOUR,
  "app-refresh-token": 180 * DAY,
  "app-installation": HOUR,
};

/** Base64 SHA-256 of a credential, the only form in which one is ever shown or logged. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** Letters and digits only, without bias worth speaking of. */
export function randomText(length: number): string {
  return [...randomBytes(length)].map((b) => ALPHABET[b % ALPHABET.length]).join("");
}

/** Issues tokens and decides whether one is alive. What a token may do is decided by `permissions.ts`. */
export class TokenAuthority {
  readonly #bySha = new Map<string, Token>();

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {}

  /** Every token ever issued, oldest first, dead ones included. */
  list(): Token[] {
    return [...this.#bySha.values()];
  }
  byId(id: number): Token | undefined {
    return this.list().find((t) => t.id === id);
  }
  bySha(sha256: string): Token | undefined {
    return this.#bySha.get(sha256);
  }
  find(token: string): Token | undefined {
    return this.#bySha.get(hashToken(token));
  }
  isAlive(token: Token): boolean {
    const now = this.clock.now();
    return (
      (token.revokedAt === undefined || token.revokedAt > now) &&
      (token.expiresAt === undefined || token.expiresAt > now)
    );
  }

  /** @param given a token chosen by the caller, for the administrator's token of a rehearsal */
  mint(request: MintRequest, given?: string): { token: string; record: Token } {
    const token =
      given ??
      PREFIX[request.kind] +
        (request.kind === "personal-access-token"
          ? `${randomText(22)}_${randomText(59)}`
          : request.kind === "app-installation"
            ? randomText(72)
            : randomText(36));
    const now = this.clock.now();
    const lifetime = request.lifetimeMs ?? LIFETIME[request.kind];
    const record: Token = {
      id: this.ids.next(),
      sha256: hashToken(token),
      kind: request.kind,
      userId: request.userId,
      login: request.login,
      name: request.name ?? request.kind,
      scopes: request.scopes ? [...request.scopes] : undefined,
      permissions: { ...request.permissions },
      resourceOwnerId: request.resourceOwnerId,
      repositories:
        request.repositories === undefined || request.repositories === "all" ? "all" : new Set(request.repositories),
      appId: request.appId,
      installationId: request.installationId,
      createdAt: now,
      expiresAt: lifetime === undefined ? undefined : now + lifetime,
      revokedAt: undefined,
      grant: request.grant ?? "approved",
      grantReason: null,
      grantedAt: now,
      lastUsedAt: undefined,
      pairId: request.pairId,
      deviceFlow: request.deviceFlow ?? false,
    };
    this.#bySha.set(record.sha256, record);
    return { token, record };
  }

  /** A user token and its refresh token. */
  mintPair(request: Omit<MintRequest, "kind" | "pairId">): {
    token: string;
    refreshToken: string;
    record: Token;
    refreshRecord: Token;
  } {
    const pairId = randomText(16);
    const access = this.mint({ ...request, kind: "app-user-token", pairId });
    const refresh = this.mint({ ...request, lifetimeMs: undefined, kind: "app-refresh-token", pairId });
    return { token: access.token, refreshToken: refresh.token, record: access.record, refreshRecord: refresh.record };
  }

  /** Ends a token, and the other half of a pair, at once or after a delay. A dead token stays as dead as it was. */
  revoke(token: Token, delayMs = 0): void {
    const at = this.clock.now() + delayMs;
    for (const t of token.pairId === undefined
      ? [token]
      : this.list().filter((other) => other.pairId === token.pairId)) {
      if (t.revokedAt === undefined || t.revokedAt > at) t.revokedAt = at;
    }
  }
}
