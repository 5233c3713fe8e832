import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import type { ProtectionPlan, RulesetPlan } from "../plans";
import { rulesetInputs, type TeamIds } from "./rulesetInputs";

export interface ReviewFenceArgs {
  readonly repository: pulumi.Input<string>;
  /** GraphQL node id of the repository; its name would cost two look-ups in every update. */
  readonly repositoryNodeId: pulumi.Input<string>;
  /** Rulesets as `repositoryRulesets()` derives them: none where the organization's hold the repository. */
  readonly rulesets: readonly RulesetPlan[];
  /** Classic protection as `branchProtection()` derives it; only where the agent may write. */
  readonly protection?: ProtectionPlan | undefined;
  /** Numeric ids of the teams that the plans name, by slug. */
  readonly teamIds: TeamIds;
}

/**
 * The branch rules of one repository, which keep the agent on its own branches: rulesets and, where the agent may
 * write, also classic branch protection as a second, independent lock and a read-only token for workflows.
 * @example
 * new ReviewFence("fence-api", {
 *   repository: "api",
 *   repositoryNodeId: "R_kgDOA",
 *   rulesets: repositoryRulesets(environment, api),
 *   protection: branchProtection(environment, api),
 *   teamIds: github.teamIds,
 * });
 */
export class ReviewFence extends GatehouseComponent {
  /** Ids of the rulesets by key. */
  readonly rulesetIds: Readonly<Record<string, pulumi.Output<number>>>;

  constructor(name: string, args: ReviewFenceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:ReviewFence", name, opts);
    this.rulesetIds = Object.fromEntries(
      args.rulesets.map((plan) => {
        const ruleset = new github.RepositoryRuleset(
          `${name}-${plan.key}`,
          { repository: args.repository, ...rulesetInputs(plan, args.teamIds) },
          { parent: this },
        );
        return [plan.key, ruleset.rulesetId];
      }),
    );
    if (args.protection) {
      new github.BranchProtection(`${name}-protection`, protectionArgs(args.repositoryNodeId, args.protection), {
        parent: this,
      });
      new github.WorkflowRepositoryPermissions(
        `${name}-workflows`,
        {
          repository: args.repository,
          defaultWorkflowPermissions: "read",
          canApprovePullRequestReviews: false,
        },
        { parent: this },
      );
    }
    this.registerOutputs({ rulesetIds: this.rulesetIds });
  }
}

function protectionArgs(
  repositoryNodeId: pulumi.Input<string>,
  protection: ProtectionPlan,
): github.BranchProtectionArgs {
  return {
    repositoryId: repositoryNodeId,
    pattern: protection.pattern,
    enforceAdmins: protection.enforceAdmins,
    allowsDeletions: false,
    allowsForcePushes: false,
    requireConversationResolution: true,
    requiredLinearHistory: protection.linearHistory,
    requireSignedCommits: protection.signedCommits,
    requiredPullRequestReviews: [
      {
        requiredApprovingReviewCount: protection.approvals,
        requireCodeOwnerReviews: true,
        dismissStaleReviews: true,
        requireLastPushApproval: true,
        restrictDismissals: true,
        dismissalRestrictions: [...protection.dismissers],
      },
    ],
    ...(protection.checks.length > 0
      ? { requiredStatusChecks: [{ strict: true, contexts: [...protection.checks] }] }
      : {}),
    // Merging is a push: whoever is not named here cannot merge, approvals or not.
    restrictPushes: [{ blocksCreations: true, pushAllowances: [...protection.pushers] }],
  };
}
