import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import type { AppRole } from "../../edge/vault";
import { GatehouseComponent } from "../component";
import { environmentOf } from "../environment";
import { endpoints, names, type Environment, type EnvironmentInput, type VaultNames } from "../model";
import { SESSION_SECONDS, ciClaims, vaultPolicies, type VaultParty } from "../plans";

export interface TokenStoreArgs {
  /** The environment, in the shape of the environment file; its token store must be Vault. */
  readonly environment: EnvironmentInput;
  /** Issuer of the identity tokens of CI. Default: the environment's GitHub. */
  readonly oidcIssuer?: string | undefined;
  /** The namespace that holds all of it. Default: the root namespace. */
  readonly namespace?: string | undefined;
}

/** How a Worker signs in; `secretId` is a secret. */
export type WorkerSignIn = { readonly [Half in keyof AppRole]: pulumi.Output<AppRole[Half]> };

const PARTIES: readonly VaultParty[] = ["gate", "rotator", "auditor", "deployer"];

/**
 * The place of the GitHub token in Vault or OpenBao: mount, policies and sign-ins. The rotator writes the token itself;
 * it never passes through this stack, because a resource that held it would one day write an old token back.
 * @example
 * const store = new TokenStore("store", { environment });
 * export const signIn = { roleId: store.roleId, secretId: store.secretId };
 */
export class TokenStore extends GatehouseComponent {
  readonly mountPath: pulumi.Output<string>;
  readonly roleId: pulumi.Output<string>;
  /** The secret id with which the gate signs in; a secret, useless without the role id. */
  readonly secretId: pulumi.Output<string>;
  /** The rotator's own sign-in, with its own policy. */
  readonly rotator: WorkerSignIn;

  private readonly protect: boolean;
  private readonly mount: vault.Mount;
  private readonly config: vault.kv.SecretBackendV2;

  constructor(
    private readonly name: string,
    args: TokenStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("gatehouse:vault:TokenStore", name, opts);
    const environment = environmentOf(args.environment, name);
    this.protect = environment.protect;
    const plan = names(environment).vault;
    if (!plan || environment.tokenStore.kind !== "vault")
      throw new Error("TokenStore: the environment's token store is not Vault");

    this.mount = new vault.Mount(
      `${name}-mount`,
      {
        path: plan.mount,
        type: "kv",
        options: { version: "2" },
        description: "Credentials of coding agents (Gatehouse)",
      },
      { parent: this, protect: environment.protect },
    );
    this.config = new vault.kv.SecretBackendV2(
      `${name}-config`,
      {
        mount: this.mount.path,
        casRequired: true,
        maxVersions: environment.tokenStore.maxVersions,
      },
      { parent: this },
    );

    this.createPolicies(environment);
    const workers = this.createWorkersSignIn(plan, args.namespace);
    const gate = this.createRole("gate", plan, plan.appRole.role, plan.policies.gate, SESSION_SECONDS.gate, workers);
    this.roleId = gate.roleId;
    this.secretId = gate.secretId;
    this.rotator = this.createRole(
      "rotator",
      plan,
      plan.appRole.rotator,
      plan.policies.rotator,
      SESSION_SECONDS.rotator,
      workers,
    );
    this.createCiSignIn(environment, plan, args.oidcIssuer ?? endpoints(environment.githubUrl).oidcIssuer);
    this.mountPath = this.mount.path;
    this.registerOutputs({ mountPath: this.mountPath, roleId: this.roleId });
  }

  /**
   * Places a secret once, for people; afterwards nobody's change is undone, and nothing is ever read back. Deleting it
   * removes all of its versions: a version that is only marked as deleted would refuse the next creation, which is
   * create-only.
   * @param data Becomes a JSON object of texts; treated as a secret.
   */
  placeOnce(suffix: string, path: string, data: pulumi.Input<Record<string, pulumi.Input<string>>>): vault.kv.SecretV2 {
    return new vault.kv.SecretV2(
      `${this.name}-${suffix}`,
      { ...this.secretArgs(path, data), deleteAllVersions: true },
      { parent: this, dependsOn: [this.config], ignoreChanges: ["*"], protect: this.protect },
    );
  }

  /** Keeps a generated secret at a path: when it changes, the old versions are destroyed with it. */
  keep(suffix: string, path: string, data: pulumi.Input<Record<string, pulumi.Input<string>>>): vault.kv.SecretV2 {
    return new vault.kv.SecretV2(
      `${this.name}-${suffix}`,
      { ...this.secretArgs(path, data), deleteAllVersions: true },
      {
        parent: this,
        dependsOn: [this.config],
        replaceOnChanges: ["dataJson"],
        deleteBeforeReplace: true,
      },
    );
  }

  private secretArgs(path: string, data: pulumi.Input<Record<string, pulumi.Input<string>>>): vault.kv.SecretV2Args {
    return {
      mount: this.mount.path,
      name: path,
      dataJson: pulumi.secret(pulumi.jsonStringify(data)),
      // The provider's own `cas` never reaches the server; this does, and it makes the write create-only.
      options: { cas: "0" },
      // Reading back would hand the deployment the value on every refresh.
      disableRead: true,
    };
  }

  private createPolicies(environment: Environment): void {
    const policies = vaultPolicies(environment);
    for (const party of PARTIES) {
      new vault.Policy(
        `${this.name}-policy-${party}`,
        { name: policies[party].name, policy: policies[party].hcl },
        { parent: this },
      );
    }
  }

  /**
   * Workers cannot show an identity of their own, so each holds a role id and a secret id, and gets a short batch token
   * for them.
   */
  private createWorkersSignIn(plan: VaultNames, namespace: string | undefined): vault.AuthBackend {
    const backend = new vault.AuthBackend(
      `${this.name}-gate-auth`,
      {
        type: "approle",
        path: plan.appRole.mount,
        description: "The gate and the rotator (Gatehouse)",
      },
      { parent: this },
    );
    // Quotas can be set from the root namespace alone, whatever path they are for; a namespace's deployer has no
    // business there.
    if (namespace !== undefined) return backend;
    new vault.QuotaRateLimit(
      `${this.name}-gate-quota`,
      {
        name: plan.quota,
        path: `auth/${plan.appRole.mount}/`,
        rate: 50,
        interval: 1, // the server adds the slash: without it every preview would replace the quota
      },
      { parent: this, dependsOn: [backend] },
    );
    return backend;
  }

  private createRole(
    worker: "gate" | "rotator",
    plan: VaultNames,
    roleName: string,
    policy: string,
    ttl: number,
    backend: vault.AuthBackend,
  ): WorkerSignIn {
    const role = new vault.approle.AuthBackendRole(
      `${this.name}-${worker}-role`,
      {
        backend: plan.appRole.mount,
        roleName,
        bindSecretId: true,
        tokenPolicies: [policy],
        tokenNoDefaultPolicy: true,
        tokenType: "batch",
        tokenTtl: ttl,
        tokenMaxTtl: ttl,
      },
      { parent: this, dependsOn: [backend] },
    );
    const secretId = new vault.approle.AuthBackendRoleSecretId(
      `${this.name}-${worker}-secret`,
      {
        backend: plan.appRole.mount,
        roleName: role.roleName,
      },
      { parent: this },
    );
    return { roleId: role.roleId, secretId: pulumi.secret(secretId.secretId) };
  }

  /**
   * Workflows sign in with the identity token that GitHub gives them: only the declared repository, its default branch,
   * its workflow.
   */
  private createCiSignIn(environment: Environment, plan: VaultNames, issuer: string): void {
    const bound = ciClaims(environment);
    if (!bound) return;
    const backend = new vault.jwt.AuthBackend(
      `${this.name}-ci-auth`,
      {
        path: plan.ci.mount,
        type: "jwt",
        oidcDiscoveryUrl: issuer,
        boundIssuer: issuer,
        description: "Workflows of this organization (Gatehouse)",
      },
      { parent: this },
    );
    for (const party of ["rotator", "auditor"] as const) {
      new vault.jwt.AuthBackendRole(
        `${this.name}-ci-${party}`,
        {
          backend: plan.ci.mount,
          roleName: party === "rotator" ? plan.ci.rotatorRole : plan.ci.auditorRole,
          roleType: "jwt",
          userClaim: "sub",
          boundAudiences: [plan.ci.audience],
          boundClaims: { ...bound },
          boundClaimsType: "string",
          tokenPolicies: [plan.policies[party]],
          tokenNoDefaultPolicy: true,
          tokenType: "service",
          tokenTtl: SESSION_SECONDS.workflow,
          tokenMaxTtl: SESSION_SECONDS.workflowMost,
        },
        { parent: this, dependsOn: [backend] },
      );
    }
  }
}
