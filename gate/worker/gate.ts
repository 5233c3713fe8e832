import { compile, type CompiledPolicy } from "../policy/compiled";
import type { GatePolicy } from "../policy/policy";
import { Alerts } from "./alerts";
import { AddressRewriter } from "./answer/addresses";
import { TokenRedactor } from "./answer/tokenRedactor";
import { Authenticator } from "./auth/authenticator";
import { SessionKeys } from "./auth/sessionKeys";
import { UnauthenticatedLimit } from "./auth/unauthenticatedLimit";
import type { GateEnv } from "./env";
import { RefusedObjects } from "./interfaces/refusedObjects";
import { archive } from "./ledger/archive";
import { LedgerClient } from "./ledger/client";
import { ConcurrencyLimit } from "./upstream/concurrency";
import { RequestHeaders } from "./upstream/requestHeaders";
import { TokenSource, type Token } from "./upstream/token";

/** Everything that one isolate makes once and all of its requests use. */
export class Gate {
  readonly id: string;
  readonly policy: CompiledPolicy;
  readonly authenticator: Authenticator;
  /** Absent where the posture has no keys of sessions. */
  readonly sessionKeys: SessionKeys | undefined;
  readonly unauthenticated = new UnauthenticatedLimit();
  readonly tokens: TokenSource;
  readonly ledger: LedgerClient;
  readonly alerts: Alerts;
  readonly addresses: AddressRewriter;
  readonly requestHeaders = new RequestHeaders();
  readonly reads: ConcurrencyLimit;
  readonly writes: ConcurrencyLimit;
  readonly refusedObjects = new RefusedObjects();
  /** Until when GitHub refuses a kind of request, in milliseconds, by GitHub's resource name. */
  readonly blocked = new Map<string, number>();
  private redactor: { readonly token: Token; readonly made: TokenRedactor } | undefined;
  private count = 0;

  constructor(readonly env: GateEnv) {
    const random = crypto.getRandomValues(new Uint8Array(9));
    this.id = Array.from(random, (b) => b.toString(36).padStart(2, "0")).join("");
    this.policy = compile(policyOf(env));
    const { limits } = this.policy;
    const holdMs = limits.upstreamTimeoutSeconds * 1000 + 5000;
    this.sessionKeys = this.policy.sessionKeys === undefined ? undefined : new SessionKeys(env);
    this.authenticator = new Authenticator(env.GATE_KEYS, env.OPERATOR_KEYS, env.SESSION_ISSUERS, this.sessionKeys);
    this.tokens = new TokenSource(env, limits.tokenCacheSeconds);
    this.alerts = new Alerts(env);
    this.ledger = new LedgerClient(env, this.id, limits, (background) =>
      background.waitUntil(archive(env, this.alerts, background)),
    );
    this.addresses = new AddressRewriter(this.policy);
    this.reads = new ConcurrencyLimit(64, holdMs, 512, 20_000);
    this.writes = new ConcurrencyLimit(8, holdMs, 128, 20_000);
  }

  requestId(): string {
    return `${this.id}-${(++this.count).toString(36)}`;
  }

  redactorFor(token: Token): TokenRedactor {
    if (this.redactor?.token !== token) this.redactor = { token, made: new TokenRedactor(token) };
    return this.redactor.made;
  }
}

/**
 * The policy that the stack put in front of this module (gate/policy/embed.ts). It is not declared if the policy is a
 * binding.
 */
declare const GATEHOUSE_POLICY: GatePolicy | undefined;

/**
 * A binding takes precedence, so that one module can be tested with any policy. Without either, the policy is empty,
 * compiling it fails, and the gate stays closed.
 */
function policyOf(env: GateEnv): GatePolicy {
  return env.POLICY ?? (typeof GATEHOUSE_POLICY === "undefined" ? ({} as GatePolicy) : GATEHOUSE_POLICY);
}

let current: { readonly env: GateEnv; readonly gate: Gate } | undefined;

/**
 * The gate of this isolate. It is made by the first request, because the runtime makes no random values before. Throws
 * if the bindings are invalid.
 */
export function gateOf(env: GateEnv): Gate {
  if (current?.env.POLICY !== env.POLICY || current === undefined) current = { env, gate: new Gate(env) };
  return current.gate;
}
