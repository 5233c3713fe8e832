import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { ROTATOR_BINDINGS } from "../../rotation/contract";
import { environmentOf } from "../environment";
import { names, type Environment, type EnvironmentInput } from "../model";
import { ROTATOR_CRON, SCRIPT_SETTINGS, embedRotation, planRotation, rotatorStorePlan } from "../plans";
import type { Surroundings } from "../surroundings";
import { makeSecret } from "../secret";
import { bindingsOf, type AppRoleInputs, type BindingValues } from "./bindings";
import { bundleGate } from "./bundle";
import { closeAddress, schedule } from "./worker";

export interface RotatorArgs extends Surroundings {
  /** The environment, in the shape of the environment file; it says how often the token is replaced, and how. */
  readonly environment: EnvironmentInput;
  /** The bundled Worker. Default: that of this package. */
  readonly script?: string | undefined;
  /** The rotator's own sign-in to Vault, not the gate's; only for that token store. */
  readonly vaultSignIn?: AppRoleInputs | undefined;
  /** The deployed gate: the rotator tells it to load a new token and has it prove that it uses it. */
  readonly gate: {
    readonly scriptName: pulumi.Input<string>;
    readonly operatorKey: pulumi.Input<string>;
    readonly alertSecret: pulumi.Input<string>;
    readonly tokenKey?: pulumi.Input<string> | undefined;
  };
}

/**
 * The Worker that rotates the token on a schedule. It is separate from the gate for two reasons: the gate may only read
 * the token, and an attacker who takes over the gate must not be able to create tokens. It has no public address.
 * @example
 * new Rotator("rotator", {
 *   environment,
 *   vaultAddress: "https://vault.acme.dev:8200",
 *   vaultSignIn: store.rotator,
 *   gate,
 * });
 */
export class Rotator extends GatehouseComponent {
  /**
   * The key that seals journal and minting secret when Workers KV is the store; a secret that the gate does not have.
   */
  readonly rotatorKey: pulumi.Output<string> | undefined;

  private readonly environment: Environment;

  constructor(
    name: string,
    private readonly args: RotatorArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("gatehouse:cloudflare:Rotator", name, opts);
    const environment = environmentOf(args.environment, name);
    this.environment = environment;
    const { gate } = args;
    const accountId = environment.gate.accountId;
    this.rotatorKey = environment.tokenStore.kind === "kv" ? makeSecret(`${name}-key`, this).base64 : undefined;
    const script = new cloudflare.WorkersScript(
      `${name}-script`,
      {
        accountId,
        scriptName: names(environment).rotatorScript,
        mainModule: "rotator.js",
        content: embedRotation(args.script ?? bundleGate().rotator, planRotation(environment, args.githubUrl)),
        bindings: bindingsOf(ROTATOR_BINDINGS, [environment.tokenStore.kind], {
          TOKEN_STORE: this.tokenStore(),
          GATE: { service: gate.scriptName },
          WEBHOOK_SECRET: gate.alertSecret,
          VAULT_SECRET_ID: args.vaultSignIn?.secretId,
          OPERATOR_KEY: gate.operatorKey,
          TOKEN_KEY: gate.tokenKey,
          ROTATOR_KEY: this.rotatorKey,
        }),
        ...SCRIPT_SETTINGS,
      },
      { parent: this },
    );
    closeAddress(name, { accountId, script }, this);
    schedule(name, { accountId, script, cron: ROTATOR_CRON }, this);
    this.registerOutputs({});
  }

  /** Where token and journal are, and who the rotator is there. */
  private tokenStore(): BindingValues<typeof ROTATOR_BINDINGS>["TOKEN_STORE"] {
    const { vaultSignIn, vaultAddress, vaultNamespace } = this.args;
    const tokenStore = rotatorStorePlan(this.environment, vaultAddress, vaultNamespace);
    if (tokenStore.kind === "kv") return tokenStore;
    if (!vaultSignIn) throw new Error("Rotator: the token store is Vault, so vaultSignIn is needed");
    return { ...tokenStore, roleId: vaultSignIn.roleId };
  }
}
