import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { teamPermission, type AccessLevel } from "../model";

export interface RepositoryAccessArgs {
  /** Name of an existing repository, without its owner. */
  readonly repository: pulumi.Input<string>;
  /** Numeric id of the machine user's team; a slug would cost a look-up in every run. */
  readonly teamId: pulumi.Input<string>;
  /** `read` or `write`; there is no more. */
  readonly access: AccessLevel;
}

/**
 * What the machine user's team may do in one repository: pull or push, and never more.
 * @example
 * new RepositoryAccess("access-api", { repository: "api", teamId: user.teamId, access: "write" });
 */
export class RepositoryAccess extends GatehouseComponent {
  readonly permission: pulumi.Output<string | undefined>;

  constructor(name: string, args: RepositoryAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:RepositoryAccess", name, opts);
    const grant = new github.TeamRepository(
      `${name}-team`,
      {
        teamId: args.teamId,
        repository: args.repository,
        permission: teamPermission(args.access),
      },
      { parent: this },
    );
    this.permission = grant.permission;
    this.registerOutputs({ permission: this.permission });
  }
}
