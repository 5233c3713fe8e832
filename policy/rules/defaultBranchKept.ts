import { BRANCH_PROTECTION, known } from "../read";
import { resourceRule } from "../rule";

/** GitHub: "About protected branches", force pushes and deletions. */
export const defaultBranchKept = resourceRule({
  id: "default-branch-kept",
  severity: "high",
  description: "A protected branch takes no force push and is not deleted.",
  remediation: "Set allowsForcePushes and allowsDeletions of the branch protection to false.",
  controls: ["CIS 1.1.16", "CIS 1.1.17", "SLSA Source L2"],
  types: [BRANCH_PROTECTION],
  check: ({ inputs: { allowsForcePushes, allowsDeletions } }) => [
    ...(known(allowsForcePushes) && allowsForcePushes === true ? ["The branch takes force pushes."] : []),
    ...(known(allowsDeletions) && allowsDeletions === true ? ["The branch can be deleted."] : []),
  ],
});
