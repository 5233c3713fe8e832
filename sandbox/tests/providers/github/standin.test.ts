/**
 * Each resource type's whole life against the GitHub stand-in: no preview shows a change that is none, and nothing is
 * left behind.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHub, type GitHubStandIn } from "../../../github";
import { githubPackage } from "../../../providers/github";
import type { Props, SandboxProvider } from "../../../providers/types";
import { environment } from "../../../../tests/support/environment";

let github: GitHubStandIn;
let provider: SandboxProvider;
let dir = "";
let teamId = "";
let nodeId = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "gatehouse-provider-"));
  github = await startGitHub({ environment: environment(), dataDir: dir });
  provider = await githubPackage.create(
    {},
    { GITHUB_BASE_URL: github.url, GITHUB_OWNER: "acme", GITHUB_TOKEN: github.adminToken, GITHUB_WRITE_DELAY_MS: "0" },
  );
  teamId = String((await look("getTeam", { slug: "backend" })).id);
  nodeId = String((await look("getRepository", { name: "api" })).nodeId);
});
afterAll(async () => {
  await github.stop();
  await rm(dir, { recursive: true, force: true });
});

const token = (type: string): string => `github:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`;
const look = async (name: string, args: Props): Promise<Props> =>
  (await provider.invoke(`github:index/${name}:${name}`, args)).result;

/** What the stand-in holds, without the clock, the counters and the log. */
function picture(): string {
  const plain = (value: unknown): unknown =>
    value instanceof Map
      ? [...value].map(([key, inner]) => [key, plain(inner)])
      : value instanceof Set
        ? [...value]
        : Array.isArray(value)
          ? value.map(plain)
          : typeof value === "object" && value !== null
            ? Object.fromEntries(
                Object.entries(value)
                  .filter(
                    ([name]) =>
                      ![
                        "updatedAt",
                        "pushedAt",
                        "ruleSuites",
                        "signedByGitHub",
                        "pushers",
                        "runs",
                        "checkRuns",
                        "checkSuites",
                        "workflows",
                        "deliveries",
                      ].includes(name),
                  )
                  .map(([name, inner]) => [name, plain(inner)]),
              )
            : value;
  return JSON.stringify(plain([github.world.orgs, github.world.teams, github.world.repos]));
}

type Step = () => Props;
const ref = { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } };
const ruleset = (requiredApprovingReviewCount: number): Props => ({
  name: "main",
  repository: "api",
  target: "branch",
  enforcement: "active",
  conditions: ref,
  bypassActors: [
    { actorId: 1, actorType: "OrganizationAdmin", bypassMode: "always" },
    { actorId: Number(teamId), actorType: "Team", bypassMode: "pull_request" },
  ],
  rules: {
    deletion: true,
    nonFastForward: true,
    update: false,
    pullRequest: {
      requiredApprovingReviewCount,
      requireCodeOwnerReview: true,
      dismissStaleReviewsOnPush: true,
      requireLastPushApproval: true,
      requiredReviewThreadResolution: true,
    },
    requiredStatusChecks: {
      strictRequiredStatusChecksPolicy: true,
      requiredChecks: [{ context: "ci", integrationId: 15368 }, { context: "lint" }],
    },
  },
});
const pushRules = (size: number): Props => ({
  name: "paths",
  repository: "docs",
  target: "push",
  enforcement: "active",
  rules: {
    filePathRestriction: { restrictedFilePaths: [".github/workflows/**/*", "CODEOWNERS"] },
    maxFileSize: { maxFileSize: size },
  },
});
const protection = (requiredApprovingReviewCount: number): Props => ({
  repositoryId: nodeId,
  pattern: "main",
  enforceAdmins: true,
  requireConversationResolution: true,
  requiredPullRequestReviews: [
    {
      requiredApprovingReviewCount,
      requireCodeOwnerReviews: true,
      dismissStaleReviews: true,
      requireLastPushApproval: true,
      restrictDismissals: true,
      dismissalRestrictions: ["acme/security"],
    },
  ],
  requiredStatusChecks: [{ strict: true, contexts: ["ci", "lint"] }],
  restrictPushes: [{ pushAllowances: ["acme/backend", "/acme-admin"] }],
});
const hook = (...events: string[]): Props => ({
  events,
  configuration: { url: "http://127.0.0.1:9/hook", contentType: "json", secret: "example-hook-secret" },
});
const environmentOf = (waitTimer: number): Props => ({
  repository: "api",
  environment: "production/eu",
  waitTimer,
  canAdminsBypass: false,
  preventSelfReview: true,
  reviewers: [{ teams: [Number(teamId)] }],
  deploymentBranchPolicy: { protectedBranches: true, customBranchPolicies: false },
});
const selected = (...patternsAlloweds: string[]): Props => ({
  repository: "api",
  allowedActions: "selected",
  shaPinningRequired: true,
  allowedActionsConfig: { githubOwnedAllowed: true, verifiedAllowed: false, patternsAlloweds },
});

const lives: [string, Step, Step?][] = [
  ["Membership", () => ({ username: "claude-bot" })],
  [
    "Team",
    () => ({ name: "Claude Agents", privacy: "closed", description: "agents" }),
    () => ({ name: "Claude Agents", privacy: "closed", description: "agents, all of them" }),
  ],
  [
    "TeamMembership",
    () => ({ teamId, username: "security-one" }),
    () => ({ teamId, username: "security-one", role: "maintainer" }),
  ],
  [
    "TeamRepository",
    () => ({ teamId, repository: "docs", permission: "push" }),
    () => ({ teamId, repository: "docs", permission: "pull" }),
  ],
  ["BranchProtection", () => protection(2), () => protection(1)],
  ["RepositoryRuleset", () => ruleset(2), () => ruleset(1)],
  ["RepositoryRuleset", () => pushRules(10), () => pushRules(5)],
  [
    "OrganizationRuleset",
    () => ({
      name: "org",
      target: "branch",
      enforcement: "active",
      conditions: { ...ref, repositoryName: { includes: ["~ALL"], excludes: [], protected: false } },
      rules: { deletion: true },
    }),
    () => ({
      name: "org",
      target: "branch",
      enforcement: "disabled",
      conditions: { ...ref, repositoryName: { includes: ["~ALL"], excludes: [], protected: false } },
      rules: { deletion: true },
    }),
  ],
  [
    "RepositoryFile",
    () => ({
      repository: "docs",
      file: ".github/CODEOWNERS",
      content: "* @acme/security\n",
      branch: "main",
      commitMessage: "Name the owners",
    }),
    () => ({
      repository: "docs",
      file: ".github/CODEOWNERS",
      content: "* @acme/security @acme/backend\n",
      branch: "main",
      commitMessage: "Name the owners",
    }),
  ],
  [
    "WorkflowRepositoryPermissions",
    () => ({ repository: "api", defaultWorkflowPermissions: "write" }),
    () => ({ repository: "api", defaultWorkflowPermissions: "read" }),
  ],
  ["ActionsRepositoryPermissions", () => selected("acme/*"), () => selected("acme/*", "actions/checkout@*")],
  [
    "RepositoryWebhook",
    () => ({ repository: "api", ...hook("push") }),
    () => ({ repository: "api", ...hook("push", "pull_request") }),
  ],
  ["OrganizationWebhook", () => hook("push", "member"), () => hook("push")],
  ["RepositoryCollaborator", () => ({ repository: "api", username: "claude-bot", permission: "pull" })],
  ["RepositoryEnvironment", () => environmentOf(10), () => environmentOf(30)],
  [
    "IssueLabel",
    () => ({ repository: "api", name: "agent", color: "0e8a16", description: "by an agent" }),
    () => ({ repository: "api", name: "agent: claude", color: "0e8a16" }),
  ],
  [
    "Repository",
    () => ({
      name: "svc",
      visibility: "private",
      description: "one",
      autoInit: true,
      hasIssues: true,
      topics: ["agent"],
    }),
    () => ({ name: "svc", visibility: "private", description: "two", autoInit: true, topics: ["agent", "new"] }),
  ],
  [
    "Branch",
    () => ({ repository: "api", branch: "gatehouse/owners" }),
    () => ({ repository: "api", branch: "gatehouse/owners-2" }),
  ],
  ["RepositoryVulnerabilityAlerts", () => ({ repository: "api" }), () => ({ repository: "api", enabled: false })],
];

/** Settings that every repository has: their end is a default, not an absence. */
const RESET = new Set([
  "ActionsRepositoryPermissions",
  "WorkflowRepositoryPermissions",
  "RepositoryVulnerabilityAlerts",
]);

describe("against the stand-in", () => {
  it.each(lives.map(([type, create, update]) => ({ type, create, update })))(
    "$type lives and leaves nothing behind",
    async ({ type, create, update }) => {
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
      // The plugin gives the permissions of Actions back without the pinning and the list; GitHub keeps both for the
      // next "selected".
      if (type !== "ActionsRepositoryPermissions") expect(picture()).toBe(before);
      // A resource that is gone already is no error.
      if (!["BranchProtection", "TeamMembership", "Branch"].includes(type)) await provider.delete(id, urn, outs);
    },
  );

  it("imports what is there by the id that a person gives", async () => {
    const urn = `urn:pulumi:dev::test::${token("TeamRepository")}::thing`;
    const read = await provider.read(`${teamId}:api`, urn, {});
    expect(read).toMatchObject({
      id: `${teamId}:api`,
      props: { repository: "api", permission: "push" },
      inputs: { teamId, repository: "api", permission: "push" },
    });
  });

  it("answers the look-ups of a program", async () => {
    expect(await look("getRepository", { name: "api" })).toMatchObject({
      fullName: "acme/api",
      visibility: "private",
      defaultBranch: "main",
    });
    expect(await look("getMembership", { username: "acme-admin" })).toMatchObject({ role: "admin", state: "active" });
    expect(await look("getUser", { username: "claude-bot" })).toMatchObject({ login: "claude-bot" });
    expect(await look("getBranch", { repository: "api", branch: "main" })).toMatchObject({ ref: "refs/heads/main" });
    expect(await look("getOrganization", { name: "acme" })).toMatchObject({ login: "acme", plan: "team" });
    expect(await look("getBranchProtectionRules", { repository: "api" })).toMatchObject({ rules: [] });
    expect(await look("getRepositoryFile", { repository: "api", file: "README.md", branch: "main" })).toMatchObject({
      ref: "main",
      commitMessage: "Begin",
    });
    expect(await look("getRestApi", { endpoint: "repos/acme/api/codeowners/errors" })).toMatchObject({ code: 200 });
    await expect(look("getRepository", { name: "no-such" })).rejects.toThrow("404 Not Found");
    expect(await look("getRepositoryTeams", { name: "api" })).toMatchObject({
      id: "api",
      teams: expect.arrayContaining([{ name: "backend", slug: "backend", permission: "push" }]),
    });
    expect(await look("getRepositoryTeams", { fullName: "acme/secrets" })).toMatchObject({ id: "secrets", teams: [] });
  });

  it("answers nothing, and no error, for a branch or a file that is not there; a raw call tells its 404 with its body", async () => {
    expect(await look("getBranch", { repository: "api", branch: "no/such" })).toEqual({});
    expect(await look("getRepositoryFile", { repository: "api", file: ".github/CODEOWNERS" })).toEqual({});
    expect(await look("getRepositoryFile", { repository: "api", file: "src" })).toEqual({
      id: "api/src",
      repository: "api",
      file: "src",
    });
    const missing = await look("getRestApi", { endpoint: "repos/acme/api/contents/docs/CODEOWNERS" });
    expect([missing.code, missing.status, JSON.parse(String(missing.body))]).toEqual([
      404,
      "404 Not Found",
      expect.objectContaining({ message: "Not Found" }),
    ]);
    await expect(look("getMembership", { username: "nobody-here" })).rejects.toThrow("404 Not Found");
  });
});

/** What `review.administrators: bound` makes of a change of CODEOWNERS: a branch, the file on it, a pull request. */
describe("a change that is proposed", () => {
  const BRANCH = token("Branch");
  const FILE = token("RepositoryFile");
  const PULL = token("RepositoryPullRequest");
  const urnOf = (type: string): string => `urn:pulumi:dev::test::${type}::proposal`;
  interface Made {
    type: string;
    id: string;
    inputs: Props;
    outs: Props;
  }
  const make = async (type: string, news: Props): Promise<Made> => {
    const { inputs, failures } = await provider.check(urnOf(type), {}, news);
    expect(failures ?? []).toEqual([]);
    return { type, inputs, ...(await provider.create(urnOf(type), inputs, false)) };
  };
  const refresh = async (made: Made): Promise<Made | undefined> => {
    const read = await provider.read(made.id, urnOf(made.type), made.outs, made.inputs);
    return read.id ? { ...made, id: read.id, outs: read.props ?? {} } : undefined;
  };
  const changes = async (made: Made): Promise<string[]> =>
    Object.keys((await provider.diff(made.id, urnOf(made.type), made.outs, made.inputs, made.inputs)).detailedDiff);
  const control = async (method: string): Promise<{ method: string; path: string }[]> => {
    const answer = await fetch(`${github.api}/_sandbox/requests`, { method });
    return method === "GET" ? ((await answer.json()) as { method: string; path: string }[]) : [];
  };
  const calls = async (): Promise<string[]> => {
    const seen = await control("GET");
    await control("DELETE");
    return seen.map(({ method, path }) => `${method} ${path.replace("/api/v3/repos/acme/docs/", "")}`);
  };
  const admin = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${github.api}${path}`, {
      method,
      headers: { authorization: `Bearer ${github.adminToken}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const propose = async (name: string): Promise<{ branch: Made; file: Made; pull: Made }> => ({
    branch: await make(BRANCH, { repository: "docs", branch: name }),
    file: await make(FILE, {
      repository: "docs",
      file: ".github/CODEOWNERS",
      content: `* @acme/security # ${name}\n`,
      branch: name,
      overwriteOnCreate: true,
    }),
    pull: await make(PULL, {
      baseRepository: "docs",
      baseRef: "main",
      headRef: name,
      title: "Owners",
      body: "As the posture has them.",
    }),
  });

  it("makes the calls of the real plugin, and no preview shows a change", async () => {
    await control("DELETE");
    const { branch, file, pull } = await propose("gatehouse/owners");
    expect((await calls()).filter((call) => !call.includes("contents") && !call.includes("commits/"))).toEqual([
      "GET git/ref/heads/main",
      "POST git/refs",
      "GET git/ref/heads/gatehouse/owners",
      "GET /api/v3/repos/acme/docs",
      "GET branches/gatehouse/owners",
      "POST pulls",
      `GET pulls/${String(pull.outs.number)}`,
    ]);
    expect(pull.id).toBe(`acme:docs:${String(pull.outs.number)}`);
    expect(pull.outs).toMatchObject({
      state: "open",
      draft: false,
      openedBy: "acme-admin",
      headRef: "gatehouse/owners",
      labels: [],
    });
    for (const made of [branch, file, pull]) {
      expect(await changes(made)).toEqual([]);
      expect(await changes((await refresh(made))!)).toEqual([]);
    }
    const found = await look("getRepositoryPullRequests", { baseRepository: "docs", headRef: "acme:gatehouse/owners" });
    expect(found).toMatchObject({
      id: "acme/docs/open/acme:gatehouse/owners//created/asc",
      results: [{ number: pull.outs.number, headOwner: "acme", headRepository: "docs" }],
    });
    await control("DELETE");
    const news = { ...pull.inputs, title: "Owners, all of them" };
    const { outs } = await provider.update(pull.id, urnOf(PULL), pull.outs, pull.inputs, news, false);
    expect([await calls(), outs.title]).toEqual([
      [`PATCH pulls/${String(pull.outs.number)}`, `GET pulls/${String(pull.outs.number)}`],
      "Owners, all of them",
    ]);
    expect(await provider.find?.(PULL, pull.inputs)).toEqual({ id: pull.id });
    await provider.delete(pull.id, urnOf(PULL), outs);
    expect(await calls()).toContain(`PATCH pulls/${String(pull.outs.number)}`);
    expect((await refresh(pull))?.outs).toMatchObject({ state: "closed" });
  });

  it("leaves a merged pull request alone, shows no change for it, and forgets the branch and the file with the branch", async () => {
    const { branch, file, pull } = await propose("gatehouse/merged");
    expect((await admin("PUT", `/repos/acme/docs/pulls/${String(pull.outs.number)}/merge`, {})).status).toBe(200);
    expect((await admin("DELETE", "/repos/acme/docs/git/refs/heads/gatehouse/merged")).status).toBe(204);
    const merged = (await refresh(pull))!;
    expect([merged.outs.state, await changes(merged)]).toEqual(["closed", []]);
    await control("DELETE");
    await provider.delete(merged.id, urnOf(PULL), merged.outs);
    expect(await calls()).toEqual([]);
    expect(await refresh(branch)).toBeUndefined();
    expect(await refresh(file)).toBeUndefined();
    // Without a refresh before, the plugin asks GitHub to delete what is gone, and reports what it hears.
    await expect(provider.delete(branch.id, urnOf(BRANCH), branch.outs)).rejects.toThrow(
      "422 Reference does not exist",
    );
  });

  it("takes over a branch that is there already, and imports both by their ids", async () => {
    const first = await make(BRANCH, { repository: "docs", branch: "gatehouse/twice", sourceBranch: "main" });
    const again = await make(BRANCH, { repository: "docs", branch: "gatehouse/twice", sourceBranch: "main" });
    expect([again.id, again.outs.sha]).toEqual([first.id, first.outs.sha]);
    expect(await provider.read("docs:gatehouse/twice:main", urnOf(BRANCH), {})).toMatchObject({
      id: "docs:gatehouse/twice",
      inputs: { repository: "docs", branch: "gatehouse/twice" },
    });
    const pulls = (await look("getRepositoryPullRequests", { baseRepository: "docs", state: "closed" }))
      .results as Props[];
    const read = await provider.read(`acme:docs:${String(pulls[0]!.number)}`, urnOf(PULL), {});
    expect(read.inputs).toMatchObject({ baseRepository: "docs", baseRef: "main", headRef: "gatehouse/owners" });
    await expect(provider.read("docs:1", urnOf(PULL), {})).rejects.toThrow("owner:repository:number");
  });
});
