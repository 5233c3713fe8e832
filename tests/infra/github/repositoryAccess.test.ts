import { RepositoryAccess } from "../../../infra";
import { deploy } from "../../support/pulumi";

const PASSWORD = "raw-password-of-the-test";
const types = {
  "github:index/membership:Membership": () => ({}),
  "github:index/team:Team": () => ({ id: "77", slug: "agents" }),
  "github:index/teamMembership:TeamMembership": () => ({}),
  "github:index/teamRepository:TeamRepository": () => ({}),
  "github:index/repositoryFile:RepositoryFile": () => ({}),
  "github:index/repositoryRuleset:RepositoryRuleset": () => ({ rulesetId: 9 }),
  "github:index/organizationRuleset:OrganizationRuleset": () => ({ rulesetId: 10 }),
  "github:index/branch:Branch": () => ({}),
  "github:index/repositoryPullRequest:RepositoryPullRequest": () => ({ number: 3 }),
  "github:index/branchProtection:BranchProtection": () => ({}),
  "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions": () => ({}),
  "github:index/organizationWebhook:OrganizationWebhook": () => ({}),
  "random:index/randomPassword:RandomPassword": () => ({ result: PASSWORD }),
};

describe("RepositoryAccess", () => {
  it.each([
    ["read", "pull"],
    ["write", "push"],
  ] as const)("gives %s as %s", async (access, permission) => {
    const run = await deploy(
      { types },
      (opts) => new RepositoryAccess("access-api", { repository: "api", teamId: "77", access }, opts),
    );
    expect(run.one("access-api-team").inputs).toEqual({ teamId: "77", repository: "api", permission });
    expect(run.resources).toHaveLength(2);
  });
});
