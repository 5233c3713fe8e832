import { createHash } from "node:crypto";
import { CodeOwners, EventHooks, MachineUser, OrganizationFence, RepositoryAccess, ReviewFence } from "../../../infra";
import {
  ORGANIZATION_EVENTS,
  branchProtection,
  codeOwnersText,
  organizationRulesets,
  planOwners,
  rulesets,
  type FoundOwners,
} from "../../../infra/plans";
import { environment } from "../../support/environment";
import { deploy, inClear, known } from "../../support/pulumi";

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

describe("CodeOwners", () => {
  const posture = environment();
  const api = posture.repositories[0]!;
  const content = codeOwnersText(posture, api);
  const up = (found?: FoundOwners, demanded = false) =>
    deploy(
      { types },
      (opts) =>
        new CodeOwners(
          "owners-api",
          { organization: "acme", repository: "api", branch: "main", plan: planOwners(posture, api, found, demanded) },
          opts,
        ),
    );
  const ours = (text: string): FoundOwners => ({ path: ".github/CODEOWNERS", text });

  it("writes the one file that outranks all others", async () => {
    const run = await up();
    expect(run.one("owners-api-file").inputs).toEqual({
      repository: "api",
      branch: "main",
      file: ".github/CODEOWNERS",
      content,
      commitMessage: "Set code owners (Gatehouse)",
      overwriteOnCreate: true,
    });
    expect(run.one("owners-api-file").options).toMatchObject({
      ignoreChanges: ["overwriteOnCreate"],
      retainOnDelete: false,
    });
    expect(run.resources).toHaveLength(2);
  });

  it("leaves a file alone that is as it should be, whatever the state remembers of it", async () => {
    expect((await up(ours(content))).one("owners-api-file").options.ignoreChanges).toEqual([
      "overwriteOnCreate",
      "content",
    ]);
  });

  it("outlives the stack where the repository has lines of its own in it", async () => {
    const run = await up(ours("/src/ @alice\n"));
    expect(run.one("owners-api-file").options).toMatchObject({
      ignoreChanges: ["overwriteOnCreate"],
      retainOnDelete: true,
    });
    expect(run.one("owners-api-file").inputs.content).toBe(
      codeOwnersText(posture, api, { text: "/src/ @alice", origin: ".github/CODEOWNERS" }),
    );
  });

  it("proposes a change where the rules demand a pull request, and keeps the file that it has", async () => {
    const run = await up(
      ours(
        codeOwnersText(environment({ "repositories.0.reviewers": ["security"] }), api).replace(
          "@acme/backend",
          "@acme/security",
        ),
      ),
      true,
    );
    expect(run.one("owners-api-file").options.ignoreChanges).toEqual(["overwriteOnCreate", "content"]);
    const branch = run.one("owners-api-proposal-branch");
    expect(branch.inputs).toEqual({
      repository: "api",
      sourceBranch: "main",
      branch: expect.stringMatching(/^gatehouse\/code-owners-[0-9a-f]{8}$/) as string,
    });
    expect(run.one("owners-api-proposal-file").inputs).toMatchObject({
      branch: branch.inputs.branch,
      file: ".github/CODEOWNERS",
      content,
    });
    expect(run.one("owners-api-proposal-pull-request").inputs).toMatchObject({
      owner: "acme",
      baseRepository: "api",
      baseRef: "main",
      headRef: branch.inputs.branch,
    });
    // The real plugin imports a pull request without its owner, and would then replace it.
    expect(run.one("owners-api-proposal-pull-request").options.ignoreChanges).toEqual(["owner"]);
    for (const name of ["branch", "file"])
      expect(run.one(`owners-api-proposal-${name}`).options.retainOnDelete).toBe(true);
  });

  it("never claims a file that came by pull request, neither before nor after it is merged", async () => {
    const proposed = await up(undefined, true);
    expect(proposed.resources.map(({ name }) => name).sort()).toEqual([
      "owners-api",
      "owners-api-proposal-branch",
      "owners-api-proposal-file",
      "owners-api-proposal-pull-request",
    ]);
    const merged = await up(ours(String(proposed.one("owners-api-proposal-file").inputs.content)));
    expect(merged.resources.map(({ name }) => name)).toEqual(["owners-api"]);
  });
});

describe("ReviewFence", () => {
  const posture = environment({ "review.linearHistory": true, "review.signedCommits": true });
  const api = posture.repositories[0]!;
  const teamIds = { "agent-reviewers": 31, backend: 30, security: 12 };
  const up = (args = { teamIds }) =>
    deploy(
      { types },
      (opts) =>
        new ReviewFence(
          "fence-api",
          {
            repository: "api",
            repositoryNodeId: "R_api",
            rulesets: rulesets(posture, api),
            protection: branchProtection(posture, api),
            ...args,
          },
          opts,
        ),
    );
  const people = [
    { actorType: "OrganizationAdmin", actorId: 1, bypassMode: "always" },
    { actorType: "Team", actorId: 12, bypassMode: "always" },
    { actorType: "Team", actorId: 30, bypassMode: "always" },
    { actorType: "Team", actorId: 31, bypassMode: "always" },
  ];

  it("holds the agent to its branches, and lets people pass", async () => {
    expect((await up()).one("fence-api-branches").inputs).toEqual({
      name: "gatehouse: agent stays on its branches",
      repository: "api",
      target: "branch",
      enforcement: "active",
      bypassActors: people,
      conditions: { refName: { includes: ["~ALL"], excludes: ["refs/heads/claude/**/*"] } },
      rules: { creation: true, update: true, deletion: true, nonFastForward: true },
    });
  });

  it("makes people review the default branch, with checks that only their App can report", async () => {
    expect((await up()).one("fence-api-review").inputs).toEqual({
      name: "gatehouse: people review the default branch",
      repository: "api",
      target: "branch",
      enforcement: "active",
      bypassActors: [{ actorType: "OrganizationAdmin", actorId: 1, bypassMode: "always" }],
      conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
      rules: {
        pullRequest: {
          requiredApprovingReviewCount: 2,
          requireCodeOwnerReview: true,
          dismissStaleReviewsOnPush: true,
          requireLastPushApproval: true,
          requiredReviewThreadResolution: true,
        },
        requiredStatusChecks: {
          strictRequiredStatusChecksPolicy: true,
          requiredChecks: [{ context: "ci", integrationId: 15368 }],
        },
        requiredSignatures: true,
      },
    });
  });

  it("keeps the history without exception, closes tags, and guards paths on every branch", async () => {
    const run = await up();
    expect(run.one("fence-api-history").inputs).toMatchObject({
      bypassActors: [],
      rules: { deletion: true, nonFastForward: true, requiredLinearHistory: true },
    });
    expect(run.one("fence-api-tags").inputs).toMatchObject({
      target: "tag",
      bypassActors: people,
      rules: { creation: true, update: true, deletion: true },
    });
    const paths = run.one("fence-api-paths").inputs;
    expect(paths).toMatchObject({ target: "push", bypassActors: [people[0], people[1]] });
    expect(paths).not.toHaveProperty("conditions");
    expect(
      (paths.rules as { filePathRestriction: { restrictedFilePaths: string[] } }).filePathRestriction
        .restrictedFilePaths,
    ).toContain(".github/workflows/**/*");
  });

  it("sets the older protection beside it", async () => {
    expect((await up()).one("fence-api-protection").inputs).toEqual({
      repositoryId: "R_api",
      pattern: "main",
      enforceAdmins: false,
      allowsDeletions: false,
      allowsForcePushes: false,
      requireConversationResolution: true,
      requiredLinearHistory: true,
      requireSignedCommits: true,
      requiredPullRequestReviews: [
        {
          requiredApprovingReviewCount: 2,
          requireCodeOwnerReviews: true,
          dismissStaleReviews: true,
          requireLastPushApproval: true,
          restrictDismissals: true,
          dismissalRestrictions: ["acme/security"],
        },
      ],
      requiredStatusChecks: [{ strict: true, contexts: ["ci"] }],
      restrictPushes: [
        { blocksCreations: true, pushAllowances: ["acme/agent-reviewers", "acme/backend", "acme/security"] },
      ],
    });
  });

  it("lets workflows neither write nor approve", async () => {
    expect((await up()).one("fence-api-workflows").inputs).toEqual({
      repository: "api",
      defaultWorkflowPermissions: "read",
      canApprovePullRequestReviews: false,
    });
  });

  it("binds owners of the organization where the environment says so", async () => {
    const bound = environment({ "review.administrators": "bound" });
    const run = await deploy(
      { types },
      (opts) =>
        new ReviewFence(
          "fence-api",
          {
            repository: "api",
            repositoryNodeId: "R_api",
            rulesets: rulesets(bound, api),
            protection: branchProtection(bound, api),
            teamIds,
          },
          opts,
        ),
    );
    expect(run.one("fence-api-review").inputs.bypassActors).toEqual([]);
    expect(run.one("fence-api-paths").inputs.bypassActors).toEqual([people[0], people[1]]);
    expect(run.one("fence-api-protection").inputs.enforceAdmins).toBe(true);
  });

  it("asks the security team by ruleset where GitHub has no push rules", async () => {
    const open = environment({ "repositories.0.visibility": "public" });
    const run = await deploy(
      { types },
      (opts) =>
        new ReviewFence(
          "fence-api",
          { repository: "api", repositoryNodeId: "R_api", rulesets: rulesets(open, open.repositories[0]!), teamIds },
          opts,
        ),
    );
    expect(run.one("fence-api-review").inputs.rules).toMatchObject({
      pullRequest: {
        requiredReviewers: [
          {
            reviewer: { id: 12, type: "Team" },
            minimumApprovals: 1,
            filePatterns: [
              "/.github/CODEOWNERS",
              "/.github/actions/",
              "/.github/workflows/",
              "/CODEOWNERS",
              "/docs/CODEOWNERS",
            ],
          },
        ],
      },
    });
    expect(run.resources.map(({ name }) => name)).not.toContain("fence-api-paths");
  });

  it("refuses to leave out a team whose id is not known", async () => {
    await expect(up({ teamIds: { security: 12 } as never })).rejects.toThrow("no id for the team agent-reviewers");
  });
});

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
