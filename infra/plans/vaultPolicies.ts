import type { Environment } from "../model/schema";
import { names, type VaultNames } from "../model/names";
import { byCode, sorted } from "../model/text";

/** The parties that talk to Vault; each has one policy. */
export type VaultParty = "gate" | "rotator" | "auditor" | "deployer";

type Capability = "create" | "read" | "update" | "patch" | "delete" | "list" | "sudo" | "deny";

/** One `path` block: exact unless it ends in `*`. */
export interface VaultRule {
  readonly path: string;
  readonly capabilities: readonly Capability[];
  /** Why the party needs it; stands above the block. */
  readonly reason: string;
}

/**
 * How long what a party gets for its sign-in is good, in seconds. A session that ends under its holder costs one more
 * sign-in.
 */
export const SESSION_SECONDS = { gate: 300, rotator: 600, workflow: 900, workflowMost: 1800 } as const;

/** What an identity token of a workflow must say, exactly; without a repository of its own, no workflow may sign in. */
export function ciClaims(environment: Environment): { readonly repository: string; readonly ref: string } | undefined {
  const { repository } = environment.rotation;
  if (repository === undefined) return undefined;
  const listed = environment.repositories.find(({ name }) => name.toLowerCase() === repository.toLowerCase());
  return {
    repository: `${environment.organization}/${repository}`,
    ref: `refs/heads/${listed?.defaultBranch ?? "main"}`,
  };
}

/** The policies of all four parties, by name. Only for environments whose token store is Vault. */
export function vaultPolicies(
  environment: Environment,
): Record<VaultParty, { readonly name: string; readonly hcl: string; readonly rules: readonly VaultRule[] }> {
  const vault = names(environment).vault;
  if (!vault) throw new Error("vaultPolicies: the token store is not Vault");
  const make = (party: VaultParty, rules: VaultRule[]) => ({
    name: vault.policies[party],
    rules,
    hcl: policyHcl(rules),
  });
  return {
    gate: make("gate", gateRules(vault)),
    rotator: make("rotator", rotatorRules(vault, mintsUnattended(environment))),
    auditor: make("auditor", auditorRules(vault)),
    deployer: make("deployer", deployerRules(vault)),
  };
}

/** Renders rules as Vault's HCL: one block a path, sorted, capabilities sorted. */
export function policyHcl(rules: readonly VaultRule[]): string {
  return [...rules]
    .sort((a, b) => byCode(a.path, b.path))
    .map(
      ({ path, capabilities, reason }) =>
        `# ${reason}\npath ${JSON.stringify(path)} {\n  capabilities = [${sorted(capabilities)
          .map((c) => JSON.stringify(c))
          .join(", ")}]\n}\n`,
    )
    .join("\n");
}

function gateRules(v: VaultNames): VaultRule[] {
  return [{ path: `${v.mount}/data/${v.token}`, capabilities: ["read"], reason: "The token, and nothing else." }];
}

/** Kinds whose tokens are made without a person; what they take lies in the store. */
export const mintsUnattended = ({ agent }: Environment): boolean => agent.credential.kind !== "personal-access-token";

function rotatorRules(v: VaultNames, unattended: boolean): VaultRule[] {
  return [
    {
      path: `${v.mount}/data/${v.token}`,
      capabilities: ["create", "read", "update"],
      reason: "Replaces the token; check-and-set is required by the mount.",
    },
    {
      path: `${v.mount}/metadata/${v.token}`,
      capabilities: ["read", "update", "patch"],
      reason: "Notes expiry and state beside the token.",
    },
    {
      path: `${v.mount}/destroy/${v.token}`,
      capabilities: ["update"],
      reason: "Destroys versions whose token is dead.",
    },
    {
      path: `${v.mount}/data/${v.journal}`,
      capabilities: ["create", "read", "update"],
      reason: "The journal from which any rotator resumes.",
    },
    {
      path: `${v.mount}/metadata/${v.journal}`,
      capabilities: ["read", "update", "patch"],
      reason: "The journal's version, for check-and-set.",
    },
    {
      path: `${v.mount}/destroy/${v.journal}`,
      capabilities: ["update"],
      reason: "Destroys journal entries that held a token on its way.",
    },
    {
      path: `${v.mount}/data/${v.operator}`,
      capabilities: ["read"],
      reason: "Tells the gate to take up the new token.",
    },
    ...(unattended
      ? [
          {
            path: `${v.mount}/data/${v.minter}`,
            capabilities: ["read"],
            reason: "What minting without a person takes.",
          } satisfies VaultRule,
        ]
      : []),
    { path: "auth/token/lookup-self", capabilities: ["read"], reason: "Knows how long its own session lasts." },
    { path: "auth/token/revoke-self", capabilities: ["update"], reason: "Ends its own session." },
  ];
}

function auditorRules(v: VaultNames): VaultRule[] {
  return [
    ...[v.token, v.journal].map((path): VaultRule => ({
      path: `${v.mount}/metadata/${path}`,
      capabilities: ["read"],
      reason: "Age, versions and state; never a value.",
    })),
    ...Object.values(v.policies).map((name): VaultRule => ({
      path: `sys/policies/acl/${name}`,
      capabilities: ["read"],
      reason: "Who may do what.",
    })),
    { path: `sys/mounts/${v.mount}`, capabilities: ["read"], reason: "The store's settings." },
    { path: `${v.mount}/config`, capabilities: ["read"], reason: "Check-and-set and the number of versions." },
    {
      path: `auth/${v.appRole.mount}/role/${v.appRole.role}`,
      capabilities: ["read"],
      reason: "How the gate signs in.",
    },
    {
      path: `auth/${v.appRole.mount}/role/${v.appRole.rotator}`,
      capabilities: ["read"],
      reason: "How the rotator signs in.",
    },
    { path: `auth/${v.ci.mount}/config`, capabilities: ["read"], reason: "Whose identity tokens are accepted." },
    ...[v.ci.rotatorRole, v.ci.auditorRole].map((role): VaultRule => ({
      path: `auth/${v.ci.mount}/role/${role}`,
      capabilities: ["read"],
      reason: "Which workflows may sign in.",
    })),
    { path: "auth/token/lookup-self", capabilities: ["read"], reason: "Knows how long its own session lasts." },
    { path: "auth/token/revoke-self", capabilities: ["update"], reason: "Ends its own session." },
  ];
}

function deployerRules(v: VaultNames): VaultRule[] {
  const owned: readonly Capability[] = ["create", "read", "update", "delete"];
  const rule = (path: string, capabilities: readonly Capability[], reason: string): VaultRule => ({
    path,
    capabilities,
    reason,
  });
  return [
    rule(`sys/mounts/${v.mount}`, owned, "Makes the store."),
    rule(`sys/mounts/${v.mount}/tune`, ["read", "update"], "Sets the store's options."),
    rule(`${v.mount}/config`, ["create", "read", "update"], "Requires check-and-set, limits versions."),
    ...Object.values(v.policies).map((name) =>
      rule(`sys/policies/acl/${name}`, owned, "Writes Gatehouse's own policies, no others."),
    ),
    ...[v.appRole.mount, v.ci.mount].flatMap((mount) => [
      rule(`sys/auth/${mount}`, [...owned, "sudo"], "Makes the sign-in."),
      rule(`sys/mounts/auth/${mount}`, ["read"], "Reads the sign-in back."),
      rule(`sys/mounts/auth/${mount}/tune`, ["read", "update"], "Sets the sign-in's options."),
    ]),
    ...(
      [
        ["gate", v.appRole.role],
        ["rotator", v.appRole.rotator],
      ] as const
    ).flatMap(([who, role]) => [
      rule(`auth/${v.appRole.mount}/role/${role}`, owned, `The ${who}'s role.`),
      rule(`auth/${v.appRole.mount}/role/${role}/role-id`, ["read", "update"], `The ${who}'s role id.`),
      rule(`auth/${v.appRole.mount}/role/${role}/secret-id`, ["create", "update"], `Hands the ${who} its secret id.`),
      rule(
        `auth/${v.appRole.mount}/role/${role}/secret-id-accessor/+`,
        ["create", "update"],
        "Looks up and destroys secret ids by accessor.",
      ),
    ]),
    rule(`auth/${v.ci.mount}/config`, ["create", "read", "update"], "Trusts GitHub's issuer."),
    ...[v.ci.rotatorRole, v.ci.auditorRole].map((role) =>
      rule(`auth/${v.ci.mount}/role/${role}`, owned, "Roles for workflows."),
    ),
    rule(`sys/quotas/rate-limit/${v.quota}`, [...owned, "sudo"], "Slows down guessing."),
    ...[v.operator, v.breakGlass].flatMap((path) => [
      rule(
        `${v.mount}/data/${path}`,
        ["create", "update", "delete"],
        "Places what the stack generates; cannot read it back.",
      ),
      rule(`${v.mount}/metadata/${path}`, ["delete"], "Removes it with the stack."),
    ]),
    rule(`${v.mount}/data/${v.token}`, ["deny"], "Never the token, whatever other policies say."),
    rule(`${v.mount}/data/${v.journal}`, ["deny"], "Never the journal."),
    rule(`${v.mount}/data/${v.minter}`, ["deny"], "Never what mints a token."),
    rule("auth/token/create", ["update"], "The provider works with a short-lived child token."),
    rule("auth/token/lookup-self", ["read"], "The provider checks its own token."),
  ];
}
