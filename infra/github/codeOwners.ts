import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { CODEOWNERS_PATH } from "../model";
import { type OwnersPlan } from "../plans";

export interface CodeOwnersArgs {
  readonly organization: string;
  readonly repository: string;
  /** The default branch. */
  readonly branch: string;
  /** As `planOwners()` derives it from what the repository has. */
  readonly plan: OwnersPlan;
}

/**
 * CODEOWNERS of one repository, in the place that GitHub reads first. Where the rules allow it, the deployment writes
 * the file to the default branch, so the branch rules must be declared after it: pass this component in their
 * `dependsOn`. Where nobody may write to the branch, it opens a pull request for people to approve.
 * @example
 * const owners = new CodeOwners("owners-api", {
 *   organization: "acme",
 *   repository: "api",
 *   branch: "main",
 *   plan: planOwners(environment, api, found, false),
 * });
 */
export class CodeOwners extends GatehouseComponent {
  readonly path = CODEOWNERS_PATH;
  /** Number of the pull request that waits for approval; undefined when there is nothing to propose. */
  readonly proposal: pulumi.Output<number> | undefined;

  constructor(name: string, args: CodeOwnersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:CodeOwners", name, opts);
    const { repository, branch, plan } = args;
    if (plan.update === "directly") {
      new github.RepositoryFile(
        `${name}-file`,
        {
          repository,
          branch,
          file: CODEOWNERS_PATH,
          content: plan.text,
          commitMessage: "Set code owners (Gatehouse)",
          overwriteOnCreate: true,
        },
        {
          parent: this,
          // It counts at creation alone. An imported file has `false`, and the update to `true` would be a push that
          // the rules refuse.
          ignoreChanges: ["overwriteOnCreate", ...(plan.write === "keep" ? ["content"] : [])],
          retainOnDelete: plan.shared,
        },
      );
    }
    this.proposal = plan.proposal === undefined ? undefined : this.propose(`${name}-proposal`, plan.proposal, args);
    this.registerOutputs({ path: this.path, proposal: this.proposal });
  }

  /**
   * When it is merged, the next update finds nothing to propose and drops these; a pull request that is still open is
   * closed.
   */
  private propose(
    name: string,
    branchName: string,
    { organization, repository, branch, plan }: CodeOwnersArgs,
  ): pulumi.Output<number> {
    const parent = { parent: this };
    // GitHub may delete a merged branch by itself, and a deletion that finds nothing fails: what is left of the branch
    // stays.
    const stays = { ...parent, retainOnDelete: true };
    const head = new github.Branch(`${name}-branch`, { repository, branch: branchName, sourceBranch: branch }, stays);
    const file = new github.RepositoryFile(
      `${name}-file`,
      {
        repository,
        branch: head.branch,
        file: CODEOWNERS_PATH,
        content: plan.text,
        commitMessage: "Set code owners (Gatehouse)",
        overwriteOnCreate: true,
      },
      stays,
    );
    const pull = new github.RepositoryPullRequest(
      `${name}-pull-request`,
      {
        owner: organization,
        baseRepository: repository,
        baseRef: branch,
        headRef: head.branch,
        title: "Set code owners (Gatehouse)",
        body:
          "The environment file of Gatehouse has changed, and with it who owns what. " +
          "It takes effect when people approve and merge it.",
      },
      // An imported pull request has no owner in its state: it would be replaced, which GitHub refuses
      // (docs/recovery.md).
      { ...parent, dependsOn: [file], ignoreChanges: ["owner"] },
    );
    return pull.number;
  }
}
