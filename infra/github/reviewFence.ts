import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import type { Bypass, ProtectionPlan, RulesetPlan } from "../posture";

export interface ReviewFenceArgs {
  readonly repository: pulumi.Input<string>;
  /** GraphQL node id of the repository; its name would cost two look-ups in every update. */
  readonly repositoryNodeId: pulumi.Input<string>;
  /** Rulesets as `rulesets()` derives them. */
  readonly rulesets: readonly RulesetPlan[];
  /** Classic protection as `branchProtection()` derives it; only where the agent may write. */
  readonly protection?: ProtectionPlan;
  /** Numeric ids of the teams that the plans name, by slug. */
  readonly teamIds: Readonly<Record<string, number>>;
}

/**
 * What holds the agent to its own branches: rulesets, and where it may write also the older branch protection as an independent
 * second, and workflows that can neither write nor approve by themselves.
 */
export class ReviewFence extends GatehouseComponent {
  /** Ids of the rulesets by key. */
  readonly rulesetIds: Readonly<Record<string, pulumi.Output<number>>>;

  constructor(name: string, args: ReviewFenceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:ReviewFence", name, opts);
    this.rulesetIds = Object.fromEntries(args.rulesets.map((plan) => {
      const ruleset = new github.RepositoryRuleset(`${name}-${plan.key}`, rulesetArgs(plan, args), { parent: this });
      return [plan.key, ruleset.rulesetId];
    }));
    if (args.protection) {
      new github.BranchProtection(`${name}-protection`, protectionArgs(args.repositoryNodeId, args.protection), { parent: this });
      new github.WorkflowRepositoryPermissions(`${name}-workflows`, {
        repository: args.repository, defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false,
      }, { parent: this });
    }
    this.registerOutputs({ rulesetIds: this.rulesetIds });
  }
}

function rulesetArgs(plan: RulesetPlan, { repository, teamIds }: ReviewFenceArgs): github.RepositoryRulesetArgs {
  const { pullRequest, requiredStatusChecks, filePathRestriction, ...switches } = plan.rules;
  return {
    name: plan.name,
    repository,
    target: plan.target,
    enforcement: "active",
    bypassActors: bypassActors(plan.bypass, teamIds),
    ...(plan.refs ? { conditions: { refName: { includes: [...plan.refs.includes], excludes: [...plan.refs.excludes] } } } : {}),
    rules: {
      ...switches,
      ...(pullRequest ? { pullRequest: { ...pullRequest } } : {}),
      ...(requiredStatusChecks ? { requiredStatusChecks: { ...requiredStatusChecks, requiredChecks: requiredStatusChecks.requiredChecks.map((check) => ({ ...check })) } } : {}),
      ...(filePathRestriction ? { filePathRestriction: { restrictedFilePaths: [...filePathRestriction.restrictedFilePaths] } } : {}),
    },
  };
}

/** GitHub's fixed id for "organization owners" in a bypass list. */
const ORGANIZATION_ADMIN = { actorType: "OrganizationAdmin", actorId: 1, bypassMode: "always" };

function bypassActors(bypass: Bypass, teamIds: Readonly<Record<string, number>>) {
  const teams = bypass.teams.map((slug) => {
    const actorId = teamIds[slug];
    if (actorId === undefined) throw new Error(`ReviewFence: no id for the team ${slug}`);
    return { actorType: "Team", actorId, bypassMode: "always" };
  });
  // In the order in which GitHub lists them, so that reading back shows no change.
  return [...(bypass.organizationAdmins ? [ORGANIZATION_ADMIN] : []), ...teams.sort((a, b) => a.actorId - b.actorId)];
}

function protectionArgs(repositoryNodeId: pulumi.Input<string>, protection: ProtectionPlan): github.BranchProtectionArgs {
  return {
    repositoryId: repositoryNodeId,
    pattern: protection.pattern,
    enforceAdmins: protection.enforceAdmins,
    allowsDeletions: false,
    allowsForcePushes: false,
    requireConversationResolution: true,
    requiredLinearHistory: protection.linearHistory,
    requireSignedCommits: protection.signedCommits,
    requiredPullRequestReviews: [{
      requiredApprovingReviewCount: protection.approvals,
      requireCodeOwnerReviews: true,
      dismissStaleReviews: true,
      requireLastPushApproval: true,
      restrictDismissals: true,
      dismissalRestrictions: [...protection.dismissers],
    }],
    ...(protection.checks.length > 0 ? { requiredStatusChecks: [{ strict: true, contexts: [...protection.checks] }] } : {}),
    // Merging is a push: whoever is not named here cannot merge, approvals or not.
    restrictPushes: [{ blocksCreations: true, pushAllowances: [...protection.pushers] }],
  };
}
