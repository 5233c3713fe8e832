import { DAY_SECONDS } from "../../edge/time";
import type { GateTokenStore, Planned, RotatorTokenStore } from "../../edge/tokenStore";
import type { Environment } from "../model/schema";
import { COMPATIBILITY_DATE, type GateCondition, type Sink, type SinkSecrets } from "../../gate/contract";
import { names } from "../model/names";

/** How often the gate checks the token's age and its own health. */
export const CRON = "*/10 * * * *";
/** How often the rotator checks. After a failed run, a token that lives one hour leaves time for three more. */
export const ROTATOR_CRON = "*/5 * * * *";

/** How often the trail is copied to the sinks. */
export const FORWARDER_CRON = "* * * * *";

/** The sinks that the forwarder serves: what a Worker may show of them, and what it may not. */
export function forwardedSinks({ audit }: Pick<Environment, "audit">): {
  readonly sinks: readonly Sink[];
  readonly secrets: SinkSecrets;
} {
  const sinks: Sink[] = [];
  const secrets: Record<string, string> = {};
  for (const sink of audit.sinks) {
    if (sink.kind === "r2" || sink.kind === "logpush") continue;
    const { token, apiKey, secretAccessKey, ...shown } = {
      token: undefined,
      apiKey: undefined,
      secretAccessKey: undefined,
      ...sink,
    };
    const secret = token ?? apiKey ?? secretAccessKey;
    sinks.push(shown);
    if (secret !== undefined) secrets[sink.name] = secret;
  }
  return { sinks, secrets };
}

/** How the gate is reached, and what must be declared for it. */
export type Exposure =
  | { readonly kind: "custom-domain"; readonly hostname: string; readonly zoneId: string }
  | { readonly kind: "route"; readonly pattern: string; readonly zoneId: string }
  | { readonly kind: "workers-dev" };

export function exposure(environment: Environment): Exposure {
  const { hostname, zoneId, attach } = environment.gate;
  if (!hostname || !zoneId) return { kind: "workers-dev" };
  return attach === "route"
    ? { kind: "route", pattern: `${hostname}/*`, zoneId }
    : { kind: "custom-domain", hostname, zoneId };
}

/**
 * The gate's public address without a trailing slash; unknown on workers.dev unless the account's name there is given.
 */
export function gateUrl(environment: Environment): string | undefined {
  const { hostname, workersDev, name } = environment.gate;
  if (hostname) return `https://${hostname}`;
  return workersDev ? `https://${name}.${workersDev}.workers.dev` : undefined;
}

/** Which of the bindings in its contract a deployed gate has. */
export const gateConditions = (environment: Environment): readonly GateCondition[] => [
  "cloudflare",
  environment.tokenStore.kind,
  ...(gateUrl(environment) === undefined ? [] : (["public-url"] as const)),
  ...(environment.audit.githubEvents && environment.audit.githubEventsUrl === undefined
    ? (["github-webhook"] as const)
    : []),
  ...(environment.gate.sessionKeys ? (["session-keys"] as const) : []),
];

/** Hosts that the agent's environment must be able to reach for GitHub: the gate, and none of GitHub's own. */
export function agentHosts(environment: Environment): string[] {
  const url = gateUrl(environment);
  return url === undefined ? [] : [url.replace(/^https:\/\//, "")];
}

/** The gate's TOKEN_STORE binding, without the ids that exist only after the update. */
export type TokenStorePlan = Planned<GateTokenStore>;

/**
 * The namespace of Vault or OpenBao, without slashes around it; undefined for the root. @param ambient VAULT_NAMESPACE
 */
export function vaultNamespace({ tokenStore }: Environment, ambient: string | undefined): string | undefined {
  if (tokenStore.kind !== "vault") return undefined;
  return tokenStore.namespace ?? (ambient?.replace(/^\/+|\/+$/g, "") || undefined);
}

/** Where the environment does not say where Vault is, and in which namespace, VAULT_ADDR and VAULT_NAMESPACE do. */
export function tokenStorePlan(
  environment: Environment,
  vaultAddress: string | undefined,
  ambientNamespace?: string,
): TokenStorePlan {
  const vault = names(environment).vault;
  if (environment.tokenStore.kind === "kv" || !vault) return { kind: "kv" };
  const address = (environment.tokenStore.address ?? vaultAddress ?? "").replace(/\/+$/, "");
  const namespace = vaultNamespace(environment, ambientNamespace);
  return {
    kind: "vault",
    address,
    ...(namespace === undefined ? {} : { namespace }),
    mount: vault.mount,
    path: vault.token,
    authMount: vault.appRole.mount,
  };
}

/** The rotator's TOKEN_STORE binding, without the ids. */
export type RotatorStorePlan = Planned<RotatorTokenStore>;

/** The other parameters are as for the gate. */
export function rotatorStorePlan(
  environment: Environment,
  vaultAddress: string | undefined,
  ambientNamespace?: string,
): RotatorStorePlan {
  const plan = tokenStorePlan(environment, vaultAddress, ambientNamespace);
  const vault = names(environment).vault;
  return plan.kind === "vault" && vault ? { ...plan, operator: vault.operator, minter: vault.minter } : { kind: "kv" };
}

/**
 * What every Gatehouse Worker has in common. Logs carry what the script writes itself, never request headers or URLs.
 */
export const SCRIPT_SETTINGS = {
  compatibilityDate: COMPATIBILITY_DATE,
  observability: {
    enabled: true,
    headSamplingRate: 1,
    logs: { enabled: true, headSamplingRate: 1, invocationLogs: false },
  },
} as const;

/** Retention of the audit bucket: nobody deletes a record before, and no record stays much longer. */
export function retention(environment: Environment): { readonly lockSeconds: number; readonly deleteSeconds: number } {
  const lockSeconds = environment.audit.retentionDays * DAY_SECONDS;
  return { lockSeconds, deleteSeconds: lockSeconds + DAY_SECONDS };
}

/**
 * Migrations of a script that only holds Durable Objects, so that every update of it is accepted: Cloudflare refuses a
 * migration whose old tag is not the deployed one, and the same migration sent twice.
 * @param wanted Tag of the script to be deployed.
 * @param deployed Tag of the deployed script; undefined when there is none.
 * @returns undefined when the deployed script is the wanted one and nothing may be sent.
 */
export function migrations(
  wanted: string,
  deployed: string | undefined,
  className: string,
): { newTag: string; oldTag?: string; newSqliteClasses?: string[] } | undefined {
  if (deployed === wanted) return undefined;
  return deployed ? { oldTag: deployed, newTag: wanted } : { newTag: wanted, newSqliteClasses: [className] };
}
