import { MachineUser } from "../../../infra";
import { deploy, inClear, known } from "../../support/pulumi";

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

describe("MachineUser", () => {
  const up = (protect?: boolean) =>
    deploy(
      { types },
      (opts) => new MachineUser("user", { login: "claude-bot", team: "agents", agent: "agent", protect }, opts),
    );

  it("is a plain member, in one visible team", async () => {
    const run = await up();
    expect(run.one("user-membership").inputs).toEqual({ username: "claude-bot", role: "member" });
    expect(run.one("user-team").inputs).toEqual({
      name: "agents",
      description: 'Repository access of the agent "agent". Managed by Gatehouse; people do not belong here.',
      privacy: "closed",
      notificationSetting: "notifications_disabled",
    });
    expect(run.one("user-team-membership").inputs).toEqual({ teamId: "77", username: "claude-bot", role: "member" });
    expect(run.resources).toHaveLength(5);
  });

  it("has a password that is never in clear", async () => {
    const run = await up();
    expect(run.one("user-password").inputs).toMatchObject({ length: 48 });
    expect(await known((run.value.password as unknown as { isSecret: Promise<boolean> }).isSecret)).toBe(true);
    expect(inClear(run, PASSWORD)).toEqual([]);
  });

  it("keeps its membership when it is protected", async () => {
    expect((await up(true)).one("user-membership").options.protect).toBe(true);
    expect((await up()).one("user-membership").options.protect).toBeUndefined();
  });
});
