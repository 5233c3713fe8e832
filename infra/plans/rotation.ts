import { embed } from "../../gate/policy/embed";
import { endpoints } from "../model/endpoints";
import { byCode } from "../model/text";
import { tokenPermissions, tokenScopes } from "./tokenPermissions";
import type { CredentialKind, Environment } from "../model/schema";

export type Permissions = Readonly<Record<string, "read" | "write">>;

/** What one environment says about its token: everything a rotation needs to know, and no secret. */
export interface RotationPlan {
  readonly organization: string;
  readonly login: string;
  readonly kind: CredentialKind;
  readonly credential: Environment["agent"]["credential"];
  /** Exactly what the token may do; asked for when minting and required when verifying. */
  readonly permissions: Permissions;
  /** For kinds that know scopes instead. */
  readonly scopes: readonly string[];
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
 * Derives the plan from the posture. It is plain data: the stack hands the same object to the rotator Worker as a
 * binding.
 * @param githubUrl used when the environment names no server, as GITHUB_BASE_URL does
 */
export function planRotation(environment: Environment, githubUrl?: string): RotationPlan {
  const { credential } = environment.agent;
  const { origin, api } = endpoints(environment.githubUrl ?? githubUrl);
  return {
    organization: environment.organization,
    login: environment.agent.machineUser,
    kind: credential.kind,
    credential,
    permissions: tokenPermissions(environment),
    scopes: tokenScopes(environment),
    repositories: environment.repositories
      .map(({ name, access }) => ({ name, access }))
      .sort((a, b) => byCode(a.name, b.name)),
    endpoints: { origin, api },
    everyDays: environment.rotation.everyDays,
    expiryDays:
      credential.kind === "personal-access-token" || credential.kind === "ghes-impersonation"
        ? credential.expiryDays
        : undefined,
    graceMinutes: environment.rotation.graceMinutes,
    cacheSeconds: environment.gate.tokenCacheSeconds,
    remindDays: environment.rotation.remindDays,
    gateKeyOverlapHours: environment.rotation.gateKeyOverlapHours,
    repository: environment.rotation.repository,
    notify: environment.rotation.notify,
    alertWebhook: environment.audit.alertWebhook,
  };
}

/** Name under which the rotator's module finds the plan that it carries. */
export const EMBEDDED_ROTATION = "GATEHOUSE_ROTATION";

/**
 * The rotator's module with its plan in front: the plan names every repository, and a binding of a Worker holds 5 KB at
 * most.
 */
export function embedRotation(module: string, plan: RotationPlan): string {
  return embed(module, EMBEDDED_ROTATION, plan);
}
