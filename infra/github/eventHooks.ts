import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { makeSecret } from "../secret";

export interface EventHooksArgs {
  /** Receives the deliveries, signed by `X-Hub-Signature-256`. */
  readonly url: pulumi.Input<string>;
  /** Names of GitHub's webhook events; a repository has fewer of them than an organization. */
  readonly events: readonly string[];
  /**
   * Names of repositories that get a webhook each, in place of the organization's one: where the owner is a user, or
   * where the deployment may not have the organization's.
   */
  readonly repositories?: readonly string[] | undefined;
}

/**
 * The webhooks for a receiver of GitHub's events: the organization's one, or one of each repository. Their deliveries
 * are signed with one secret, which is generated here.
 * @example
 * const hooks = new EventHooks("events", { url: "https://alerts.acme.dev/hooks", events: ["member", "repository"] });
 * const own = new EventHooks("own", { url: "https://alerts.acme.dev/own", events: ["push"], repositories: ["api"] });
 */
export class EventHooks extends GatehouseComponent {
  /** The secret with which the receiver checks the signature. */
  readonly secret: pulumi.Output<string>;

  constructor(name: string, args: EventHooksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:EventHooks", name, opts);
    this.secret = makeSecret(`${name}-secret`, this).hex;
    const hook = {
      active: true,
      events: [...args.events],
      configuration: { url: args.url, contentType: "json", insecureSsl: false, secret: this.secret },
    };
    if (args.repositories === undefined) new github.OrganizationWebhook(`${name}-organization`, hook, { parent: this });
    else
      for (const repository of args.repositories)
        new github.RepositoryWebhook(`${name}-repository-${repository}`, { ...hook, repository }, { parent: this });
    this.registerOutputs({});
  }
}
