import { binding, json, only } from "../edge/bindings";
import type { RotatorTokenStore } from "../edge/tokenStore";

/**
 * The rotator's bindings: the stack makes them, the assessment compares, the Worker reads. What a Worker does not hold
 * it cannot lose.
 */
export const ROTATOR_BINDINGS = {
  TOKEN_STORE: json<RotatorTokenStore>(),
  /** The gate's script. */
  GATE: binding("service"),
  /** `whsec_…`: signs what is sent to `rotation.notify` and to the alert webhook. */
  WEBHOOK_SECRET: binding("secret_text"),
  /** AppRole secret id. */
  VAULT_SECRET_ID: only("vault", binding("secret_text")),
  /** With Workers KV there is no other place for keys than the bindings. */
  OPERATOR_KEY: only("kv", binding("secret_text")),
  /** Base64 of the 32 bytes that seal the token record; the gate's own. */
  TOKEN_KEY: only("kv", binding("secret_text")),
  /** As that, of journal and minting secret; the gate does not have it. */
  ROTATOR_KEY: only("kv", binding("secret_text")),
} as const;
