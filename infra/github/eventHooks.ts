import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { makeSecret } from "../secret";

export interface EventHooksArgs {
  /** Receives the deliveries, signed by `X-Hub-Signature-256`. */
  readonly url: pulumi.Input<string>;
  /** Names of GitHub's webhook events. */
  readonly events: readonly string[];
}

/**
 * The organization's webhook for the alert receiver. Its deliveries are signed with a secret that is generated here.
 * @example
 * const hooks = new EventHooks("events", { url: "https://alerts.acme.dev/hooks", events: ["member", "repository"] });
 */
export class EventHooks extends GatehouseComponent {
  /** The secret with which the receiver checks the signature. */
  readonly secret: pulumi.Output<string>;

  constructor(name: string, args: EventHooksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:EventHooks", name, opts);
    this.secret = makeSecret(`${name}-secret`, this).hex;
    new github.OrganizationWebhook(
      `${name}-organization`,
      {
        active: true,
        events: [...args.events],
        configuration: { url: args.url, contentType: "json", insecureSsl: false, secret: this.secret },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
