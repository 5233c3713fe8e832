import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { environmentOf } from "../environment";
import type { EnvironmentInput } from "../model";
import { branchProtection, repositoryRulesets, type ProtectionPlan } from "../plans";
import type { GitHubFacts } from "./lookUp";
import { rulesetInputs } from "./rulesetInputs";

export interface ReviewFenceArgs {
  /** The environment, in the shape of the environment file; who may do what in the repository follows from it. */
  readonly environment: EnvironmentInput;
  /** Name of the repository, as the environment lists it. */
  readonly repository: string;
  /** What `lookUpGitHub()` found: ids of the repository and of the teams that the rules name. */
  readonly github: GitHubFacts;
}

/**
 * The branch rules of one repository, which keep the agent on its own branches: rulesets and, where the agent may
 * write, also classic branch protection as a second, independent lock and a read-only token for workflows. Declares no
 * ruleset where the organization's rulesets hold the repository.
 * @example
 * const github = await lookUpGitHub(environment);
 * const fence = new ReviewFence("fence-api", { environment, repository: "api", github });
 * export const rulesets = fence.rulesetIds;
 */
export class ReviewFence extends GatehouseComponent {
  /** Ids of the rulesets by key. */
  readonly rulesetIds: Readonly<Record<string, pulumi.Output<number>>>;

  constructor(name: string, args: ReviewFenceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:ReviewFence", name, opts);
    const environment = environmentOf(args.environment, name);
    const { repositories, teamIds } = args.github;
    const repository = environment.repositories.find((listed) => listed.name === args.repository);
    const found = repositories.find((facts) => facts.name === args.repository);
    if (!repository || !found)
      throw new pulumi.RunError(`${name}: the environment does not list the repository ${args.repository}`);
    this.rulesetIds = Object.fromEntries(
      repositoryRulesets(environment, repository).map((plan) => {
        const ruleset = new github.RepositoryRuleset(
          `${name}-${plan.key}`,
          { repository: args.repository, ...rulesetInputs(plan, teamIds) },
          { parent: this },
        );
        return [plan.key, ruleset.rulesetId];
      }),
    );
    if (repository.access === "write") {
      new github.BranchProtection(
        `${name}-protection`,
        protectionArgs(found.nodeId, branchProtection(environment, repository)),
        { parent: this },
      );
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

/** The repository is named by its GraphQL node id: its name would cost two look-ups in every update. */
function protectionArgs(repositoryNodeId: string, protection: ProtectionPlan): github.BranchProtectionArgs {
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
