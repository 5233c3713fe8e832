import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import type { OrganizationRulesetPlan } from "../plans";
import { rulesetInputs, type TeamIds } from "./rulesetInputs";

export interface OrganizationFenceArgs {
  /** Rulesets as `organizationRulesets()` derives them. */
  readonly rulesets: readonly OrganizationRulesetPlan[];
  /** Numeric ids of the repositories that the plans name, by name: a renamed repository stays held. */
  readonly repositoryIds: Readonly<Record<string, number>>;
  readonly teamIds: TeamIds;
}

/**
 * The branch rules as rulesets of the organization, shared by all repositories with the same rules. A new repository
 * changes a list, not the number of rulesets. Only owners of the organization can change them; administrators of a
 * repository cannot.
 * @example
 * new OrganizationFence("fence", {
 *   rulesets: organizationRulesets(environment),
 *   repositoryIds: { api: 1296269 },
 *   teamIds: github.teamIds,
 * });
 */
export class OrganizationFence extends GatehouseComponent {
  /** Ids of the rulesets by the id of their plan. */
  readonly rulesetIds: Readonly<Record<string, pulumi.Output<number>>>;

  constructor(name: string, args: OrganizationFenceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:OrganizationFence", name, opts);
    this.rulesetIds = Object.fromEntries(
      args.rulesets.map((plan) => {
        const { conditions, ...inputs } = rulesetInputs(plan, args.teamIds);
        const ruleset = new github.OrganizationRuleset(
          `${name}-${plan.id}`,
          {
            ...inputs,
            conditions: { ...conditions, repositoryIds: repositoryIds(plan, args.repositoryIds) },
          },
          { parent: this },
        );
        return [plan.id, ruleset.rulesetId];
      }),
    );
    this.registerOutputs({ rulesetIds: this.rulesetIds });
  }
}

/** In ascending order, as GitHub lists them. */
function repositoryIds({ repositories }: OrganizationRulesetPlan, known: Readonly<Record<string, number>>): number[] {
  return repositories
    .map((name) => {
      const id = known[name];
      if (id === undefined) throw new Error(`no id for the repository ${name}`);
      return id;
    })
    .sort((a, b) => a - b);
}
