import type { CredentialKind, Environment } from "../infra/posture/schema";

export type Permissions = Readonly<Record<string, "read" | "write">>;

/** What one environment says about its token: everything a rotation needs to know, and no secret. */
export interface RotationPlan {
  readonly organization: string;
  readonly login: string;
  readonly kind: CredentialKind;
  readonly credential: Environment["agent"]["credential"];
  /** Exactly what the token may do; asked for when minting and required when verifying. */
  readonly permissions: Permissions;
  readonly repositories: readonly { readonly name: string; readonly access: "read" | "write" }[];
  readonly endpoints: { readonly origin: string; readonly api: string };
  /** Days after which a token is replaced. */
  readonly everyDays: number;
  /** The longest life a token may have, in days; undefined for kinds whose life GitHub fixes in hours. */
  readonly expiryDays: number | undefined;
  readonly graceMinutes: number;
  /** How long an isolate of the gate may use a token without asking the store. */
  readonly cacheSeconds: number;
  readonly remindDays: number;
  readonly gateKeyOverlapHours: number;
  readonly repository: string | undefined;
  readonly notify: readonly string[];
  readonly alertWebhook: string | undefined;
}

/**
 * @param permissions of the token, from the posture's `tokenPermissions`
 * @param endpoints of GitHub, from the posture's `endpoints`
 */
export function planRotation(environment: Environment, permissions: Permissions, endpoints: { origin: string; api: string }): RotationPlan {
  const { credential } = environment.agent;
  return {
    organization: environment.organization,
    login: environment.agent.machineUser,
    kind: credential.kind,
    credential,
    permissions,
    repositories: environment.repositories.map(({ name, access }) => ({ name, access })),
    endpoints,
    everyDays: environment.rotation.everyDays,
    expiryDays: credential.kind === "personal-access-token" || credential.kind === "ghes-impersonation" ? credential.expiryDays : undefined,
    graceMinutes: environment.rotation.graceMinutes,
    cacheSeconds: environment.gate.tokenCacheSeconds,
    remindDays: environment.rotation.remindDays,
    gateKeyOverlapHours: environment.rotation.gateKeyOverlapHours,
    repository: environment.rotation.repository,
    notify: environment.rotation.notify,
    alertWebhook: environment.audit.alertWebhook,
  };
}

export const DAY_MS = 86_400_000;
