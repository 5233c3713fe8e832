import { workflowsReadOnly } from "../../../policy/rules/workflowsReadOnly";
import { declare, said } from "../support/declare";

const permissions = (inputs: Record<string, unknown>) =>
  declare("github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions", inputs);

describe("workflows-read-only", () => {
  it("holds for a token that reads alone", () => {
    const inputs = { defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false };
    expect(said(workflowsReadOnly, permissions(inputs))).toEqual([]);
  });

  it("refuses one that writes or approves", () => {
    const inputs = { defaultWorkflowPermissions: "write", canApprovePullRequestReviews: true };
    expect(said(workflowsReadOnly, permissions(inputs))).toEqual([
      "The token of a workflow may write.",
      "A workflow may approve pull requests.",
    ]);
  });
});
