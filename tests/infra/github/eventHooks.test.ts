import { createHash } from "node:crypto";
import { EventHooks } from "../../../infra";
import { ORGANIZATION_EVENTS } from "../../../infra/plans";
import { deploy, inClear } from "../../support/pulumi";

const PASSWORD = "raw-password-of-the-test";
const HEX = createHash("sha256").update(PASSWORD).digest("hex");
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

describe("EventHooks", () => {
  it("signs with a secret that is never in clear", async () => {
    const run = await deploy(
      { types },
      (opts) => new EventHooks("events", { url: "https://alerts.acme.dev/hook", events: ORGANIZATION_EVENTS }, opts),
    );
    const hook = run.one("events-organization");
    expect(hook.inputs).toEqual({
      active: true,
      events: [...ORGANIZATION_EVENTS],
      configuration: { url: "https://alerts.acme.dev/hook", contentType: "json", insecureSsl: false, secret: HEX },
    });
    expect(hook.secrets).toEqual(["configuration"]);
    expect(inClear(run, HEX)).toEqual([]);
  });
});
