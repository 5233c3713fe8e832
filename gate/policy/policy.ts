/** What an agent may do with a repository. */
export type AccessLevel = "read" | "write";

/** The constant upstreams of one gate; no request can change where it goes. No trailing slash. */
export interface GateUpstream {
  /** REST base, such as `https://api.github.com` or `https://ghes.example/api/v3`. */
  readonly api: string;
  readonly graphql: string;
  /** Base of git over HTTP, such as `https://github.com`. */
  readonly git: string;
}

export interface GateRepository {
  /** Name without its owner; the owner is always the policy's organization. */
  readonly name: string;
  /** Numeric id, 0 when not known yet (a preview before the first lookup). */
  readonly id: number;
  readonly nodeId: string;
  readonly access: AccessLevel;
  readonly defaultBranch: string;
  /** Globs the agent may not change here, beside the policy's own. */
  readonly protectedPaths: readonly string[];
  /** Teams that the gate asks to review what the agent proposes here; none where it cannot propose. */
  readonly reviewers: readonly string[];
}

export interface GateLimits {
  readonly requestsPerMinute: number;
  readonly requestsPerHour: number;
  readonly writesPerMinute: number;
  readonly bytesPerHour: number;
  readonly maxBodyBytes: number;
  readonly maxPushBytes: number;
  readonly maxPushObjects: number;
  readonly maxChangedLines: number;
  readonly maxChangedFiles: number;
  readonly maxDownloadBytes: number;
  readonly tokenCacheSeconds: number;
  readonly upstreamTimeoutSeconds: number;
}

/**
 * What looks like a credential and may pass until the end of a day (UTC): a value anywhere, or whatever files hold at
 * some paths.
 */
export type AllowedSecret = {
  readonly reason: string;
  readonly until: string;
} & (
  | {
      /** SHA-256 of the exact value, 64 hexadecimal digits. */
      readonly sha256: string;
    }
  | {
      /** Name without its owner. */
      readonly repository: string;
      /** Glob, as of protected paths. */
      readonly path: string;
    }
);

/** A form of secrets that the organization names itself. `expression`: of the subset in text/ownPattern.ts. */
interface SecretPattern {
  readonly name: string;
  readonly expression: string;
}

/** A value that nobody may use. Whoever shows it has read where it was hidden. */
interface CanaryToken {
  readonly name: string;
  /** SHA-256 of the exact value, 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What bounds the keys that are made for single sessions. */
export interface SessionKeyRules {
  /** Longest life of one. */
  readonly maxHours: number;
  /** Most that are open at once. */
  readonly maxSessions: number;
}

/**
 * What one gate allows: JSON, sorted, the same for the same environment, so that a stack diff shows exactly what
 * changes.
 */
export interface GatePolicy {
  readonly v: 1;
  readonly organization: string;
  /** `name` stands in audit records; `login` is the machine user on GitHub. */
  readonly agent: { readonly name: string; readonly login: string };
  readonly upstream: GateUpstream;
  readonly repositories: readonly GateRepository[];
  /** Every branch the agent creates or updates starts with this, below `refs/heads/`. */
  readonly branchPrefix: string;
  /** Globs the agent may not change in any repository. */
  readonly protectedPaths: readonly string[];
  /** Label that the gate puts on the agent's pull requests. */
  readonly label: string;
  /** Ids of the open routes; a route that is not named here is closed even if the Worker knows it. */
  readonly routes: { readonly read: readonly string[]; readonly write: readonly string[] };
  readonly limits: GateLimits;
  /** Hosts to which a redirect of a download may lead; followed inside the gate, without the token. */
  readonly downloadHosts: readonly string[];
  readonly lfs: "refuse" | "proxy";
  /** Whether the gate speaks MCP at `/mcp`; absent where it does not. */
  readonly mcp?: true;
  /** Bounds of the keys of sessions; absent where there are none. */
  readonly sessionKeys?: SessionKeyRules;
  /**
   * Hosts on which GitHub keeps LFS objects; reached by the gate alone, without the token. None when LFS is refused.
   */
  readonly lfsHosts: readonly string[];
  readonly allowedSecrets: readonly AllowedSecret[];
  readonly secretPatterns: readonly SecretPattern[];
  readonly canaryTokens: readonly CanaryToken[];
  /** Kinds of secrets that raise an alert and pass; every other kind is refused. */
  readonly alertOnlySecrets: readonly string[];
  readonly mode: { readonly kind: "enforce" } | { readonly kind: "observe"; readonly until: string };
}

/**
 * Paths that decide what runs and who reviews: the second lock behind the ruleset (GitHub looks for CODEOWNERS in these
 * three places).
 */
export const PROTECTED_PATHS: readonly string[] = [
  "/.github/CODEOWNERS",
  "/.github/actions/**",
  "/.github/workflows/**",
  "/CODEOWNERS",
  "/docs/CODEOWNERS",
];
