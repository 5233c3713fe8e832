import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";
import { GatehouseComponent } from "../component";
import { CODEOWNERS_PATH } from "../posture";

export interface CodeOwnersArgs {
  readonly repository: pulumi.Input<string>;
  readonly branch: pulumi.Input<string>;
  /** The whole file. */
  readonly content: pulumi.Input<string>;
  /**
   * Places the file once and leaves later changes to pull requests. Needed where nobody may pass the review of the default
   * branch, this deployment included. Default: false.
   */
  readonly placeOnce?: boolean;
}

/**
 * Who owns the code, in the one place that GitHub reads before all others. It is written straight to the default branch, so the
 * review fence must come after it: pass this component in the fence's `dependsOn`.
 */
export class CodeOwners extends GatehouseComponent {
  readonly path: pulumi.Output<string>;

  constructor(name: string, args: CodeOwnersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gatehouse:github:CodeOwners", name, opts);
    const file = new github.RepositoryFile(`${name}-file`, {
      repository: args.repository,
      branch: args.branch,
      file: CODEOWNERS_PATH,
      content: args.content,
      commitMessage: "Set code owners (Gatehouse)",
      overwriteOnCreate: true,
    }, { parent: this, ignoreChanges: args.placeOnce ? ["content"] : [] });
    this.path = file.file;
    this.registerOutputs({ path: this.path });
  }
}
