import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { FORWARDER_BINDINGS, LEDGER_CLASS } from "../../gate/contract";
import { GatehouseComponent } from "../component";
import { environmentOf } from "../environment";
import { names, type EnvironmentInput } from "../model";
import { FORWARDER_CRON, SCRIPT_SETTINGS, forwardedSinks } from "../plans";
import { bindingsOf } from "./bindings";
import { bundleGate } from "./bundle";
import { closeAddress, schedule } from "./worker";

export interface ForwarderArgs {
  /** The environment, in the shape of the environment file; it lists the sinks. */
  readonly environment: EnvironmentInput;
  /** The bundled Worker. Default: that of this package. */
  readonly script?: string | undefined;
  /** The deployed gate: its ledger keeps how far each sink is. */
  readonly gate: { readonly ledgerScript: pulumi.Input<string>; readonly alertSecret: pulumi.Input<string> };
  /** Bucket of the audit records. */
  readonly auditBucket: pulumi.Input<string>;
}

/**
 * The Worker that copies the audit trail to the sinks of `audit.sinks`, other than the bucket and Logpush. It is
 * separate from the gate, which so never holds the sinks' credentials, and no request waits for a sink. It has no
 * public address.
 * @example
 * new Forwarder("forwarder", { environment, gate, auditBucket: audit.bucket });
 */
export class Forwarder extends GatehouseComponent {
  constructor(name: string, args: ForwarderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:cloudflare:Forwarder", name, opts);
    const environment = environmentOf(args.environment, name);
    const accountId = environment.gate.accountId;
    const { sinks, secrets } = forwardedSinks(environment);
    const { alertWebhook } = environment.audit;
    const script = new cloudflare.WorkersScript(
      `${name}-script`,
      {
        accountId,
        scriptName: names(environment).forwarderScript ?? `${environment.gate.name}-forwarder`,
        mainModule: "forwarder.js",
        content: args.script ?? bundleGate().forwarder,
        bindings: bindingsOf(FORWARDER_BINDINGS, ["cloudflare"], {
          SINKS: [...sinks],
          SINK_SECRETS: JSON.stringify(secrets),
          ALERTS: alertWebhook ? { webhook: alertWebhook } : {},
          ALERT_SECRET: args.gate.alertSecret,
          LEDGER: { className: LEDGER_CLASS, scriptName: args.gate.ledgerScript },
          AUDIT: { bucketName: args.auditBucket },
        }),
        ...SCRIPT_SETTINGS,
      },
      { parent: this },
    );
    closeAddress(name, { accountId, script }, this);
    schedule(name, { accountId, script, cron: FORWARDER_CRON }, this);
    this.registerOutputs({});
  }
}
