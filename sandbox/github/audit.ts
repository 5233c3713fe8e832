import { randomBytes } from "node:crypto";
import type { User } from "./state";
import type { Token } from "./tokens";

const KEPT = 20_000;
const PROGRAMMATIC: Record<string, string> = {
  classic: "Personal access token (classic)",
  "personal-access-token": "Fine-grained personal access token",
  "app-user-token": "GitHub App user-to-server token",
  "app-installation": "GitHub App server-to-server token",
  "ghes-impersonation": "OAuth access token",
};

/** One entry of an organization's audit log, with the attribution by token that GitHub Enterprise gives. */
export interface AuditEvent {
  "@timestamp": number;
  created_at: number;
  _document_id: string;
  action: string;
  actor: string | null;
  actor_id: number | null;
  org: string;
  repo?: string;
  hashed_token: string | null;
  programmatic_access_type: string | null;
  token_id: number | null;
  token_scopes: string | null;
  user_agent: string | null;
  [more: string]: unknown;
}

/** Who did something, and with which credential. */
interface Actor {
  readonly user?: Pick<User, "login" | "id">;
  readonly token?: Token;
}

/** What was done in organizations, newest last. Git events are told apart from the others, as the API does. */
export class AuditLog {
  readonly #events: AuditEvent[] = [];

  /** @param now milliseconds, by the stand-in's clock */
  record(now: number, { user, token }: Actor, org: string, action: string, more: Record<string, unknown>): void {
    this.#events.push({
      "@timestamp": now,
      created_at: now,
      _document_id: randomBytes(16).toString("base64url"),
      action,
      actor: user?.login ?? null,
      actor_id: user?.id ?? null,
      org,
      hashed_token: token?.sha256 ?? null,
      programmatic_access_type: token ? (PROGRAMMATIC[token.kind] ?? null) : null,
      token_id: token?.id ?? null,
      token_scopes: token?.scopes?.join(",") ?? null,
      user_agent: null,
      ...more,
    });
    if (this.#events.length > KEPT) this.#events.splice(0, this.#events.length - KEPT);
  }

  /**
   * @param phrase qualifiers such as `action:git.push actor:claude-bot hashed_token:"…" created:>=2026-11-30`; all must
   *   hold
   */
  search(org: string, phrase: string, include: "web" | "git" | "all"): AuditEvent[] {
    const qualifiers = [...phrase.matchAll(/([\w.]+):(?:"([^"]*)"|(\S+))/g)].map(
      (m) => [m[1]!, m[2] ?? m[3]!] as const,
    );
    const since = (value: string): number => Date.parse(/^>=(.+)/.exec(value)?.[1] ?? "");
    return this.#events.filter(
      (e) =>
        e.org === org &&
        (include === "all" || (include === "git") === e.action.startsWith("git.")) &&
        qualifiers.every(([key, value]) =>
          key === "action"
            ? e.action === value || e.action.startsWith(`${value}.`)
            : key === "created"
              ? e.created_at >= since(value)
              : String(e[key]) === value,
        ),
    );
  }
}
