/** Each resource type's whole life against the GitHub stand-in: no preview shows a change that is none, and nothing is left behind. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHub, type GitHubStandIn } from "../../../../sandbox/github";
import { githubPackage } from "../../../../sandbox/providers/github";
import type { Props, SandboxProvider } from "../../../../sandbox/providers/types";
import { environment } from "../../../support/environment";

let github: GitHubStandIn;
let provider: SandboxProvider;
let dir = "";
let teamId = "";
let nodeId = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "gatehouse-provider-"));
  github = await startGitHub({ environment: environment(), dataDir: dir });
  provider = await githubPackage.create({}, { GITHUB_BASE_URL: github.url, GITHUB_OWNER: "acme", GITHUB_TOKEN: github.adminToken, GITHUB_WRITE_DELAY_MS: "0" });
  teamId = String((await look("getTeam", { slug: "backend" })).id);
  nodeId = String((await look("getRepository", { name: "api" })).nodeId);
});
afterAll(async () => {
  await github.stop();
  await rm(dir, { recursive: true, force: true });
});

const token = (type: string): string => `github:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`;
const look = async (name: string, args: Props): Promise<Props> => (await provider.invoke(`github:index/${name}:${name}`, args)).result;

/** What the stand-in holds, without the clock, the counters and the log. */
function picture(): string {
  const plain = (value: unknown): unknown => (value instanceof Map ? [...value].map(([key, inner]) => [key, plain(inner)]) : value instanceof Set ? [...value]
    : Array.isArray(value) ? value.map(plain) : typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).filter(([name]) =>
      !["updatedAt", "pushedAt", "ruleSuites", "signedByGitHub", "runs", "checkRuns", "checkSuites", "workflows", "deliveries"].includes(name)).map(([name, inner]) => [name, plain(inner)])) : value);
  return JSON.stringify(plain([github.world.orgs, github.world.teams, github.world.repos]));
}

type Step = () => Props;
const ref = { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } };
const ruleset = (requiredApprovingReviewCount: number): Props => ({
  name: "main", repository: "api", target: "branch", enforcement: "active", conditions: ref,
  bypassActors: [{ actorId: 1, actorType: "OrganizationAdmin", bypassMode: "always" }, { actorId: Number(teamId), actorType: "Team", bypassMode: "pull_request" }],
  rules: {
    deletion: true, nonFastForward: true, update: false,
    pullRequest: { requiredApprovingReviewCount, requireCodeOwnerReview: true, dismissStaleReviewsOnPush: true, requireLastPushApproval: true, requiredReviewThreadResolution: true },
    requiredStatusChecks: { strictRequiredStatusChecksPolicy: true, requiredChecks: [{ context: "ci", integrationId: 15368 }, { context: "lint" }] },
  },
});
const pushRules = (size: number): Props => ({
  name: "paths", repository: "docs", target: "push", enforcement: "active",
  rules: { filePathRestriction: { restrictedFilePaths: [".github/workflows/**/*", "CODEOWNERS"] }, maxFileSize: { maxFileSize: size } },
});
const protection = (requiredApprovingReviewCount: number): Props => ({
  repositoryId: nodeId, pattern: "main", enforceAdmins: true, requireConversationResolution: true,
  requiredPullRequestReviews: [{ requiredApprovingReviewCount, requireCodeOwnerReviews: true, dismissStaleReviews: true, requireLastPushApproval: true, restrictDismissals: true, dismissalRestrictions: ["acme/security"] }],
  requiredStatusChecks: [{ strict: true, contexts: ["ci", "lint"] }],
  restrictPushes: [{ pushAllowances: ["acme/backend", "/acme-admin"] }],
});
const hook = (...events: string[]): Props => ({ events, configuration: { url: "http://127.0.0.1:9/hook", contentType: "json", secret: "example-hook-secret" } });
const environmentOf = (waitTimer: number): Props => ({
  repository: "api", environment: "production/eu", waitTimer, canAdminsBypass: false, preventSelfReview: true, reviewers: [{ teams: [Number(teamId)] }],
  deploymentBranchPolicy: { protectedBranches: true, customBranchPolicies: false },
});
const selected = (...patternsAlloweds: string[]): Props => ({
  repository: "api", allowedActions: "selected", shaPinningRequired: true, allowedActionsConfig: { githubOwnedAllowed: true, verifiedAllowed: false, patternsAlloweds },
});

const lives: [string, Step, Step?][] = [
  ["Membership", () => ({ username: "claude-bot" })],
  ["Team", () => ({ name: "Claude Agents", privacy: "closed", description: "agents" }), () => ({ name: "Claude Agents", privacy: "closed", description: "agents, all of them" })],
  ["TeamMembership", () => ({ teamId, username: "security-one" }), () => ({ teamId, username: "security-one", role: "maintainer" })],
  ["TeamRepository", () => ({ teamId, repository: "docs", permission: "push" }), () => ({ teamId, repository: "docs", permission: "pull" })],
  ["BranchProtection", () => protection(2), () => protection(1)],
  ["RepositoryRuleset", () => ruleset(2), () => ruleset(1)],
  ["RepositoryRuleset", () => pushRules(10), () => pushRules(5)],
  ["OrganizationRuleset", () => ({
    name: "org", target: "branch", enforcement: "active", conditions: { ...ref, repositoryName: { includes: ["~ALL"], excludes: [], protected: false } }, rules: { deletion: true },
  }), () => ({
    name: "org", target: "branch", enforcement: "disabled", conditions: { ...ref, repositoryName: { includes: ["~ALL"], excludes: [], protected: false } }, rules: { deletion: true },
  })],
  ["RepositoryFile", () => ({ repository: "docs", file: ".github/CODEOWNERS", content: "* @acme/security\n", branch: "main", commitMessage: "Name the owners" }),
    () => ({ repository: "docs", file: ".github/CODEOWNERS", content: "* @acme/security @acme/backend\n", branch: "main", commitMessage: "Name the owners" })],
  ["WorkflowRepositoryPermissions", () => ({ repository: "api", defaultWorkflowPermissions: "write" }), () => ({ repository: "api", defaultWorkflowPermissions: "read" })],
  ["ActionsRepositoryPermissions", () => selected("acme/*"), () => selected("acme/*", "actions/checkout@*")],
  ["RepositoryWebhook", () => ({ repository: "api", ...hook("push") }), () => ({ repository: "api", ...hook("push", "pull_request") })],
  ["OrganizationWebhook", () => hook("push", "member"), () => hook("push")],
  ["RepositoryCollaborator", () => ({ repository: "api", username: "claude-bot", permission: "pull" })],
  ["RepositoryEnvironment", () => environmentOf(10), () => environmentOf(30)],
  ["IssueLabel", () => ({ repository: "api", name: "agent", color: "0e8a16", description: "by an agent" }), () => ({ repository: "api", name: "agent: claude", color: "0e8a16" })],
  ["Repository", () => ({ name: "svc", visibility: "private", description: "one", autoInit: true, hasIssues: true, topics: ["agent"] }), () => ({ name: "svc", visibility: "private", description: "two", autoInit: true, topics: ["agent", "new"] })],
  ["RepositoryVulnerabilityAlerts", () => ({ repository: "api" }), () => ({ repository: "api", enabled: false })],
];

/** Settings that every repository has: their end is a default, not an absence. */
const RESET = new Set(["ActionsRepositoryPermissions", "WorkflowRepositoryPermissions", "RepositoryVulnerabilityAlerts"]);

describe("against the stand-in", () => {
  it.each(lives.map(([type, create, update]) => ({ type, create, update })))("$type lives and leaves nothing behind", async ({ type, create, update }) => {
    const urn = `urn:pulumi:dev::test::${token(type)}::thing`;
    const before = picture();
    const check = async (olds: Props, news: Props): Promise<Props> => {
      const { inputs, failures } = await provider.check(urn, olds, news);
      expect(failures ?? []).toEqual([]);
      return inputs;
    };
    let inputs = await check({}, create());
    let { id, outs } = await provider.create(urn, inputs, false);
    const quiet = async (): Promise<void> => {
      expect((await provider.diff(id, urn, outs, inputs, inputs)).detailedDiff).toEqual({});
      const read = await provider.read(id, urn, outs, inputs);
      expect(read.id).toBeDefined();
      id = read.id ?? "";
      outs = read.props ?? {};
      expect((await provider.diff(id, urn, outs, inputs, inputs)).detailedDiff).toEqual({});
      expect(read.inputs).toEqual(inputs);
    };
    await quiet();
    if (provider.find && type !== "RepositoryFile") expect(await provider.find(token(type), inputs)).toEqual({ id });
    if (update) {
      const news = await check(inputs, update());
      const diff = await provider.diff(id, urn, outs, inputs, news);
      expect(diff).toMatchObject({ changes: true, replaces: [] });
      ({ outs } = await provider.update(id, urn, outs, inputs, news, false));
      inputs = news;
      await quiet();
    }
    await provider.delete(id, urn, outs);
    if (!RESET.has(type)) expect((await provider.read(id, urn, outs, inputs)).id).toBeUndefined();
    // The plugin gives the permissions of Actions back without the pinning and the list; GitHub keeps both for the next "selected".
    if (type !== "ActionsRepositoryPermissions") expect(picture()).toBe(before);
    // A resource that is gone already is no error.
    if (type !== "BranchProtection" && type !== "TeamMembership") await provider.delete(id, urn, outs);
  });

  it("imports what is there by the id that a person gives", async () => {
    const urn = `urn:pulumi:dev::test::${token("TeamRepository")}::thing`;
    const read = await provider.read(`${teamId}:api`, urn, {});
    expect(read).toMatchObject({ id: `${teamId}:api`, props: { repository: "api", permission: "push" }, inputs: { teamId, repository: "api", permission: "push" } });
  });

  it("answers the look-ups of a program", async () => {
    expect(await look("getRepository", { name: "api" })).toMatchObject({ fullName: "acme/api", visibility: "private", defaultBranch: "main" });
    expect(await look("getMembership", { username: "acme-admin" })).toMatchObject({ role: "admin", state: "active" });
    expect(await look("getUser", { username: "claude-bot" })).toMatchObject({ login: "claude-bot" });
    expect(await look("getBranch", { repository: "api", branch: "main" })).toMatchObject({ ref: "refs/heads/main" });
    expect(await look("getOrganization", { name: "acme" })).toMatchObject({ login: "acme", plan: "team" });
    expect(await look("getBranchProtectionRules", { repository: "api" })).toMatchObject({ rules: [] });
    expect(await look("getRepositoryFile", { repository: "api", file: "README.md", branch: "main" })).toMatchObject({ ref: "main", commitMessage: "Begin" });
    expect(await look("getRestApi", { endpoint: "repos/acme/api/codeowners/errors" })).toMatchObject({ code: 200 });
    await expect(look("getRepository", { name: "no-such" })).rejects.toThrow("404 Not Found");
  });
});
