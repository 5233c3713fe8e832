import { OrganizationFence } from "../../../infra";
import { organizationRulesets } from "../../../infra/plans";
import { environment } from "../../support/environment";
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

describe("OrganizationFence", () => {
  const posture = environment({
    plan: "enterprise",
    repositories: [
      { name: "web", access: "write", reviewers: ["backend"] },
      { name: "api", access: "write", reviewers: ["backend"] },
      { name: "docs", access: "read" },
    ],
  });
  const teamIds = { "agent-reviewers": 31, backend: 30, security: 12 };
  const up = (repositoryIds: Record<string, number>) =>
    deploy(
      { types },
      (opts) =>
        new OrganizationFence("fence", { rulesets: organizationRulesets(posture), repositoryIds, teamIds }, opts),
    );

  it("holds all repositories by their ids, and paths on every ref", async () => {
    const run = await up({ api: 9, web: 4 });
    expect(run.resources.map(({ type }) => type).filter((type) => type.includes("organizationRuleset"))).toHaveLength(
      5,
    );
    const byKey = (key: string) => run.resources.find(({ name }) => name.startsWith(`fence-${key}-`))!.inputs;
    expect(byKey("branches")).toMatchObject({
      target: "branch",
      conditions: { refName: { includes: ["~ALL"], excludes: ["refs/heads/claude/**/*"] }, repositoryIds: [4, 9] },
    });
    expect(byKey("paths").conditions).toEqual({ repositoryIds: [4, 9] });
    expect(byKey("history").bypassActors).toEqual([]);
  });

  it("refuses to leave out a repository whose id is not known", async () => {
    await expect(up({ api: 9 })).rejects.toThrow("no id for the repository web");
  });
});
