import { ReviewFence } from "../../../infra";
import { environment } from "../../support/environment";
import { deploy } from "../../support/pulumi";
import { types } from "./support/mocks";

describe("ReviewFence", () => {
  const posture = environment({ "review.linearHistory": true, "review.signedCommits": true });
  const teamIds = { "agent-reviewers": 31, backend: 30, security: 12 };
  const github = { repositories: [{ name: "api", id: 1, nodeId: "R_api", demandsPullRequest: false }], teamIds };
  const up = (args = { teamIds }) =>
    deploy(
      { types },
      (opts) =>
        new ReviewFence(
          "fence-api",
          {
            environment: posture,
            repository: "api",
            github: { ...github, ...args },
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
            environment: bound,
            repository: "api",
            github,
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
      (opts) => new ReviewFence("fence-api", { environment: open, repository: "api", github }, opts),
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
