import type { GateTokenStore } from "../../edge/tokenStore";
import type { GatePolicy } from "../policy/policy";
import type { Ledger } from "./ledger";

/** A key's hash: base64url SHA-256 of the whole key. After `notAfter` (ISO 8601) the key is refused. */
export interface KeyHash {
  readonly sha256: string;
  readonly notAfter?: string;
}

export interface GateKeyHash extends KeyHash {
  readonly agent: string;
}

/** The gate's bindings, as the stack declares them. */
export interface GateEnv {
  /** Only where there is room for it; the stack puts the policy into the module, because a binding holds 5 KB at most. */
  readonly POLICY?: GatePolicy;
  readonly GATE_KEYS: readonly GateKeyHash[];
  readonly OPERATOR_KEYS: readonly KeyHash[];
  readonly TOKEN_STORE: GateTokenStore;
  /** AppRole secret id; Vault only. */
  readonly VAULT_SECRET_ID?: string;
  /** Base64 of the 32 bytes that seal the token record; KV only. */
  readonly TOKEN_KEY?: string;
  readonly LEDGER: DurableObjectNamespace<Ledger>;
  readonly TOKENS: KVNamespace;
  readonly AUDIT: R2Bucket;
  /** Instead of AUDIT where there is no R2: a directory (see selfhost.ts). */
  readonly AUDIT_FILES?: Fetcher;
  /**
   * Where clients reach this gate, such as `https://gate.acme.dev`. Absent only where the posture gives neither a host name nor the account's name on
   * workers.dev: then it is the host that they ask, which Cloudflare's edge vouches for.
   */
  readonly PUBLIC_URL?: string;
  /** The header in which a trusted proxy names the client's address; on Cloudflare CF-Connecting-IP, and elsewhere none when absent. */
  readonly CLIENT_IP_HEADER?: string;
  readonly ALERTS?: { readonly webhook?: string };
  /** `whsec_…`, the Standard Webhooks secret of the alerts. */
  readonly ALERT_SECRET?: string;
}

/** What keeps work alive after the answer. */
export type Background = Pick<ExecutionContext, "waitUntil">;
