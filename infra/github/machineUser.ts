import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { GatehouseComponent } from "../component";

export interface MachineUserArgs {
  /** Login of the account that acts for the agent; it must exist. */
  readonly login: pulumi.Input<string>;
  /** Slug of the team that carries its permissions; made here. */
  readonly team: pulumi.Input<string>;
  /** Name of the agent, for the team's description. */
  readonly agent: pulumi.Input<string>;
  /** Protects the membership and the password from accidental deletion. Default: false. */
  readonly protect?: boolean | undefined;
  /** Resources that the password depends on, so that it is deleted before them. Default: none. */
  readonly passwordAfter?: Promise<pulumi.Resource[]> | undefined;
}

/**
 * The agent's own account: a plain member of the organization, in one team, with a strong password that nobody knows.
 * The invitation stays pending until the account accepts it; `gatehouse token put` does that.
 * @example
 * const user = new MachineUser("user", { login: "claude-bot", team: "agents", agent: "claude" });
 * user.teamId; // for RepositoryAccess
 */
export class MachineUser extends GatehouseComponent {
  /** Numeric id of the team. */
  readonly teamId: pulumi.Output<string>;
  readonly teamSlug: pulumi.Output<string>;
  /** Kept for break-glass; a secret. */
  readonly password: pulumi.Output<string>;
  /** The resource that generates the password. */
  readonly passwordSource: pulumi.Resource;

  constructor(name: string, args: MachineUserArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:MachineUser", name, opts);
    const protection = args.protect === undefined ? {} : { protect: args.protect };
    const membership = new github.Membership(
      `${name}-membership`,
      { username: args.login, role: "member" },
      { parent: this, ...protection },
    );
    // `closed`: a secret team could own no code and would be invisible to the people who review.
    const team = new github.Team(
      `${name}-team`,
      {
        name: args.team,
        description: pulumi.concat(
          `Repository access of the agent "`,
          args.agent,
          `". Managed by Gatehouse; people do not belong here.`,
        ),
        privacy: "closed",
        notificationSetting: "notifications_disabled",
      },
      { parent: this },
    );
    new github.TeamMembership(
      `${name}-team-membership`,
      { teamId: team.id, username: args.login, role: "member" },
      { parent: this, dependsOn: [membership] },
    );
    const password = new random.RandomPassword(
      `${name}-password`,
      {
        length: 48,
        minLower: 4,
        minUpper: 4,
        minNumeric: 4,
        minSpecial: 4,
        overrideSpecial: "!#$%&*+-=?@^_~",
      },
      { parent: this, ...protection, ...(args.passwordAfter ? { dependsOn: args.passwordAfter } : {}) },
    );
    this.teamId = team.id;
    this.teamSlug = team.slug;
    this.password = pulumi.secret(password.result);
    this.passwordSource = password;
    this.registerOutputs({ teamId: this.teamId, teamSlug: this.teamSlug });
  }
}
