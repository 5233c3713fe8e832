import { defaultBranchKept } from "../../../policy/rules/defaultBranchKept";
import { declare, said } from "../support/declare";

const protection = (inputs: Record<string, unknown>) =>
  declare("github:index/branchProtection:BranchProtection", inputs);

describe("default-branch-kept", () => {
  it("holds without force pushes and deletions", () => {
    expect(said(defaultBranchKept, protection({ allowsForcePushes: false }), protection({}))).toEqual([]);
  });

  it("refuses both", () => {
    expect(said(defaultBranchKept, protection({ allowsForcePushes: true, allowsDeletions: true }))).toEqual([
      "The branch takes force pushes.",
      "The branch can be deleted.",
    ]);
  });
});
