import { CodeOwners, EventHooks, MachineUser, RepositoryAccess, ReviewFence } from "../../../infra";
import { ORGANIZATION_EVENTS, branchProtection, codeOwnersText, rulesets } from "../../../infra/posture";
import { environment } from "../../support/environment";
import { deploy, inClear, known } from "../../support/pulumi";

const PASSWORD = "raw-password-of-the-test";
const HEX = "ab".repeat(32);
const types = {
  "github:index/membership:Membership": () => ({}),
  "github:index/team:Team": () => ({ id: "77", slug: "agents" }),
  "github:index/teamMembership:TeamMembership": () => ({}),
  "github:index/teamRepository:TeamRepository": () => ({}),
  "github:index/repositoryFile:RepositoryFile": () => ({}),
  "github:index/repositoryRuleset:RepositoryRuleset": () => ({ rulesetId: 9 }),
  "github:index/branchProtection:BranchProtection": () => ({}),
  "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions": () => ({}),
  "github:index/organizationWebhook:OrganizationWebhook": () => ({}),
  "random:index/randomPassword:RandomPassword": () => ({ result: PASSWORD }),
  "random:index/randomBytes:RandomBytes": () => ({ hex: HEX, base64: "q".repeat(44) }),
};

describe("MachineUser", () => {
  const up = (protect?: boolean) => deploy({ types }, (opts) => new MachineUser("user", { login: "claude-bot", team: "agents", agent: "agent", protect }, opts));

  it("is a plain member, in one visible team", async () => {
    const run = await up();
    expect(run.one("user-membership").inputs).toEqual({ username: "claude-bot", role: "member" });
    expect(run.one("user-team").inputs).toEqual({
      name: "agents", description: 'Repository access of the agent "agent". Managed by Gatehouse; people do not belong here.', privacy: "closed", notificationSetting: "notifications_disabled",
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

describe("RepositoryAccess", () => {
  it.each([["read", "pull"], ["write", "push"]] as const)("gives %s as %s", async (access, permission) => {
    const run = await deploy({ types }, (opts) => new RepositoryAccess("access-api", { repository: "api", teamId: "77", access }, opts));
    expect(run.one("access-api-team").inputs).toEqual({ teamId: "77", repository: "api", permission });
    expect(run.resources).toHaveLength(2);
  });
});

describe("CodeOwners", () => {
  const posture = environment();
  const content = codeOwnersText(posture, posture.repositories[0]!);
  const up = (placeOnce?: boolean) => deploy({ types }, (opts) => new CodeOwners("owners-api", { repository: "api", branch: "main", content, placeOnce }, opts));

  it("writes the one file that outranks all others", async () => {
    expect((await up()).one("owners-api-file").inputs).toEqual({
      repository: "api", branch: "main", file: ".github/CODEOWNERS", content, commitMessage: "Set code owners (Gatehouse)", overwriteOnCreate: true,
    });
  });

  it("leaves later changes to pull requests where nobody may pass the review", async () => {
    expect((await up(true)).one("owners-api-file").options.ignoreChanges).toEqual(["content"]);
    expect((await up(false)).one("owners-api-file").options.ignoreChanges).toEqual([]);
  });
});

describe("ReviewFence", () => {
  const posture = environment({ "review.linearHistory": true, "review.signedCommits": true });
  const api = posture.repositories[0]!;
  const teamIds = { "agent-reviewers": 31, backend: 30, security: 12 };
  const up = (args = { teamIds }) => deploy({ types }, (opts) => new ReviewFence("fence-api", {
    repository: "api", repositoryNodeId: "R_api", rulesets: rulesets(posture, api), protection: branchProtection(posture, api), ...args,
  }, opts));
  const people = [
    { actorType: "OrganizationAdmin", actorId: 1, bypassMode: "always" },
    { actorType: "Team", actorId: 12, bypassMode: "always" },
    { actorType: "Team", actorId: 30, bypassMode: "always" },
    { actorType: "Team", actorId: 31, bypassMode: "always" },
  ];

  it("holds the agent to its branches, and lets people pass", async () => {
    expect((await up()).one("fence-api-branches").inputs).toEqual({
      name: "gatehouse: agent stays on its branches", repository: "api", target: "branch", enforcement: "active", bypassActors: people,
      conditions: { refName: { includes: ["~ALL"], excludes: ["refs/heads/claude/**/*"] } },
      rules: { creation: true, update: true, deletion: true, nonFastForward: true },
    });
  });

  it("makes people review the default branch, with checks that only their App can report", async () => {
    expect((await up()).one("fence-api-review").inputs).toEqual({
      name: "gatehouse: people review the default branch", repository: "api", target: "branch", enforcement: "active",
      bypassActors: [{ actorType: "OrganizationAdmin", actorId: 1, bypassMode: "always" }],
      conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
      rules: {
        pullRequest: { requiredApprovingReviewCount: 2, requireCodeOwnerReview: true, dismissStaleReviewsOnPush: true, requireLastPushApproval: true, requiredReviewThreadResolution: true },
        requiredStatusChecks: { strictRequiredStatusChecksPolicy: true, requiredChecks: [{ context: "ci", integrationId: 15368 }] },
        requiredSignatures: true,
      },
    });
  });

  it("keeps the history without exception, closes tags, and guards paths on every branch", async () => {
    const run = await up();
    expect(run.one("fence-api-history").inputs).toMatchObject({ bypassActors: [], rules: { deletion: true, nonFastForward: true, requiredLinearHistory: true } });
    expect(run.one("fence-api-tags").inputs).toMatchObject({ target: "tag", bypassActors: people, rules: { creation: true, update: true, deletion: true } });
    const paths = run.one("fence-api-paths").inputs;
    expect(paths).toMatchObject({ target: "push", bypassActors: [people[0], people[1]] });
    expect(paths).not.toHaveProperty("conditions");
    expect((paths.rules as { filePathRestriction: { restrictedFilePaths: string[] } }).filePathRestriction.restrictedFilePaths).toContain(".github/workflows/**/*");
  });

  it("sets the older protection beside it", async () => {
    expect((await up()).one("fence-api-protection").inputs).toEqual({
      repositoryId: "R_api", pattern: "main", enforceAdmins: false, allowsDeletions: false, allowsForcePushes: false, requireConversationResolution: true,
      requiredLinearHistory: true, requireSignedCommits: true,
      requiredPullRequestReviews: [{
        requiredApprovingReviewCount: 2, requireCodeOwnerReviews: true, dismissStaleReviews: true, requireLastPushApproval: true,
        restrictDismissals: true, dismissalRestrictions: ["acme/security"],
      }],
      requiredStatusChecks: [{ strict: true, contexts: ["ci"] }],
      restrictPushes: [{ blocksCreations: true, pushAllowances: ["acme/agent-reviewers", "acme/backend", "acme/security"] }],
    });
  });

  it("lets workflows neither write nor approve", async () => {
    expect((await up()).one("fence-api-workflows").inputs).toEqual({ repository: "api", defaultWorkflowPermissions: "read", canApprovePullRequestReviews: false });
  });

  it("binds owners of the organization where the environment says so", async () => {
    const bound = environment({ "review.administrators": "bound" });
    const run = await deploy({ types }, (opts) => new ReviewFence("fence-api", {
      repository: "api", repositoryNodeId: "R_api", rulesets: rulesets(bound, api), protection: branchProtection(bound, api), teamIds,
    }, opts));
    expect(run.one("fence-api-review").inputs.bypassActors).toEqual([]);
    expect(run.one("fence-api-paths").inputs.bypassActors).toEqual([people[1]]);
    expect(run.one("fence-api-protection").inputs.enforceAdmins).toBe(true);
  });

  it("refuses to leave out a team whose id is not known", async () => {
    await expect(up({ teamIds: { security: 12 } as never })).rejects.toThrow("no id for the team agent-reviewers");
  });
});

describe("EventHooks", () => {
  it("signs with a secret that is never in clear", async () => {
    const run = await deploy({ types }, (opts) => new EventHooks("events", { url: "https://alerts.acme.dev/hook", events: ORGANIZATION_EVENTS }, opts));
    const hook = run.one("events-organization");
    expect(hook.inputs).toEqual({
      active: true, events: [...ORGANIZATION_EVENTS], configuration: { url: "https://alerts.acme.dev/hook", contentType: "json", insecureSsl: false, secret: HEX },
    });
    expect(hook.secrets).toEqual(["configuration"]);
    expect(inClear(run, HEX)).toEqual([]);
  });
});
