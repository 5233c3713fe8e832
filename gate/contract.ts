import { binding, json, only, type ConditionOf } from "../edge/bindings";
import type { GateTokenStore } from "../edge/tokenStore";
import type { Sink } from "./forwarder/sinks";
import type { GatePolicy } from "./policy/policy";

/** What whoever deploys the gate must know of it. */

/** The Worker runtime's behaviour is fixed to this day; redirects drop Authorization from 2025-09-01 on. */
export const COMPATIBILITY_DATE = "2026-03-01";
/** What the name of every branch of the agent starts with. */
export const AGENT_BRANCH_PREFIX = "claude/";
/** Class of the Durable Object that counts, revokes and orders. */
export const LEDGER_CLASS = "Ledger";

/** A key's hash: base64url SHA-256 of the whole key. After `notAfter` (ISO 8601) the key is refused. */
export interface KeyHash {
  readonly sha256: string;
  readonly notAfter?: string;
}

export interface GateKeyHash extends KeyHash {
  readonly agent: string;
}

/** The key of one session, as the ledger holds it. */
export interface SessionKey extends GateKeyHash {
  /** Id of the session, as its runtime gives it. */
  readonly session: string;
  readonly notAfter: string;
}

/**
 * The gate's bindings: the stack and the self-hosted configuration make them, the assessment compares, the Worker
 * reads.
 */
export const GATE_BINDINGS = {
  /**
   * Only where there is room for it; the stack puts the policy into the module, because a binding holds 5 KB at most.
   */
  POLICY: only("self-hosted", json<GatePolicy>()),
  GATE_KEYS: json<readonly GateKeyHash[]>(),
  OPERATOR_KEYS: json<readonly KeyHash[]>(),
  /** Who may make keys of sessions; only where the posture has them. */
  SESSION_ISSUERS: only("session-keys", json<readonly KeyHash[]>()),
  TOKEN_STORE: json<GateTokenStore>(),
  ALERTS: json<{ readonly webhook?: string }>(),
  /**
   * Where clients reach this gate, such as `https://gate.acme.dev`. Absent only where the posture gives neither a host
   * name nor the account's name on workers.dev: then it is the host that they ask, which Cloudflare's edge vouches for.
   */
  PUBLIC_URL: only("public-url", binding("plain_text")),
  /**
   * The header in which a trusted proxy names the client's address; on Cloudflare CF-Connecting-IP, and elsewhere none
   * when absent.
   */
  CLIENT_IP_HEADER: only(["self-hosted", "client-ip-header"], binding("plain_text")),
  /** AppRole secret id. */
  VAULT_SECRET_ID: only("vault", binding("secret_text")),
  /** Base64 of the 32 bytes that seal the token record. */
  TOKEN_KEY: only("kv", binding("secret_text")),
  /** `whsec_…`, the Standard Webhooks secret of the alerts. */
  ALERT_SECRET: binding("secret_text"),
  /** Base64 of 32 bytes: the private half (Ed25519) of the key that signs the checkpoints of the audit trail. */
  CHECKPOINT_KEY: binding("secret_text"),
  /** Signs GitHub's deliveries; only where the gate keeps them for the audit trail. */
  GITHUB_WEBHOOK_SECRET: only("github-webhook", binding("secret_text")),
  LEDGER: binding("durable_object_namespace"),
  TOKENS: only("cloudflare", binding("kv_namespace")),
  AUDIT: only("cloudflare", binding("r2_bucket")),
  /** Instead of AUDIT where there is no R2: a directory (see selfHost.ts). */
  AUDIT_FILES: only("self-hosted", binding("service")),
} as const;

export type GateCondition = ConditionOf<typeof GATE_BINDINGS>;

export type { Sink, SinkSecrets } from "./forwarder/sinks";

/** What the forwarder is given, which copies the trail to the sinks of `audit.sinks`. */
export const FORWARDER_BINDINGS = {
  SINKS: json<readonly Sink[]>(),
  /** JSON of each sink's secret by its name. */
  SINK_SECRETS: binding("secret_text"),
  ALERTS: GATE_BINDINGS.ALERTS,
  ALERT_SECRET: GATE_BINDINGS.ALERT_SECRET,
  LEDGER: GATE_BINDINGS.LEDGER,
  AUDIT: GATE_BINDINGS.AUDIT,
  AUDIT_FILES: GATE_BINDINGS.AUDIT_FILES,
} as const;
