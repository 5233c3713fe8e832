import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { makeSecret } from "../secret";

export interface EventHooksArgs {
  /** Receives the deliveries, signed by `X-Hub-Signature-256`. */
  readonly url: pulumi.Input<string>;
  readonly events: readonly string[];
}

/** Tells the alert receiver what happens in the organization, signed with a secret made here. */
export class EventHooks extends GatehouseComponent {
  /** With which the receiver checks the signature; a secret. */
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
