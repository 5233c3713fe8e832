import { facts } from "../../../../cli/report/facts";
import { compare } from "../../../../cli/report/facts/compare";
import { ownersByPattern } from "../../../../cli/report/facts/github";

const resource = (type: string, inputs: object) => ({
  urn: `urn:pulumi:dev::gatehouse::${type}::x`,
  type,
  name: "x",
  inputs: { ...inputs },
});
const WRITES = resource("github:index/teamRepository:TeamRepository", { repository: "api", permission: "push" });
const kinds = (type: string, before: object | undefined, after: object | undefined): string[] => {
  const state = (inputs: object | undefined) =>
    facts({ source: "export", resources: [WRITES, ...(inputs ? [resource(type, inputs)] : [])], outputs: {} });
  return compare(state(before), state(after)).map(({ kind, id }) => `${kind} ${id}`);
};

const FILE = "github:index/repositoryFile:RepositoryFile";
const owners = (content: string): object => ({ repository: "api", file: ".github/CODEOWNERS", content });

describe("code owners by pattern", () => {
  it("are read as GitHub reads them: the last line of a pattern counts, comments and lines without owners do not", () => {
    expect(
      ownersByPattern("CODEOWNERS", "# all\n* @acme/a @acme/b # both\n/x/\\ y @acme/c\n/docs/\n* @acme/z @acme/a\n"),
    ).toEqual([
      ["*", ["@acme/a", "@acme/z"]],
      ["/x/\\ y", ["@acme/c"]],
    ]);
    expect(ownersByPattern("README.md", "* @acme/a")).toEqual([]);
  });

  it.each<[title: string, before: string, after: string, expected: string[]]>([
    ["an owner more may approve", "* @a", "* @a @b", ["widened owners/api/*"]],
    ["an owner less", "* @a @b", "* @a", ["narrowed owners/api/*"]],
    ["another owner", "* @a", "* @b", ["widened owners/api/*", "narrowed owners/api/*"]],
    ["nobody owns it any more", "* @a\n/x/ @b", "* @a\n/x/", ["widened owners/api//x/"]],
    ["lines in another order of names", "* @a @b", "* @b @a", []],
  ])("%s", (_title, before, after, expected) => {
    expect(kinds(FILE, owners(before), owners(after))).toEqual(expected);
  });
});

describe("what else of GitHub tells of power", () => {
  const protection = (more: object): object => ({
    repositoryId: "R_1",
    pattern: "main",
    requiredPullRequestReviews: [{ requiredApprovingReviewCount: 1, restrictDismissals: true }],
    restrictPushes: [{ pushAllowances: ["acme/people"] }],
    ...more,
  });
  it.each<[title: string, type: string, before: object, after: object]>([
    [
      "force pushes",
      "github:index/branchProtection:BranchProtection",
      protection({}),
      protection({ allowsForcePushes: true }),
    ],
    [
      "a team more that may push",
      "github:index/branchProtection:BranchProtection",
      protection({}),
      protection({ restrictPushes: [{ pushAllowances: ["acme/people", "acme/agents"] }] }),
    ],
    [
      "pushes without restriction",
      "github:index/branchProtection:BranchProtection",
      protection({ restrictPushes: [{ pushAllowances: [] }] }),
      protection({ restrictPushes: [] }),
    ],
    [
      "workflows that write",
      "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions",
      { repository: "api", defaultWorkflowPermissions: "read" },
      { repository: "api", defaultWorkflowPermissions: "write" },
    ],
    [
      "an event less that GitHub reports",
      "github:index/organizationWebhook:OrganizationWebhook",
      { events: ["push", "member"], configuration: {} },
      { events: ["push"], configuration: {} },
    ],
    [
      "a maintainer of the team",
      "github:index/teamMembership:TeamMembership",
      { username: "bot", role: "member" },
      { username: "bot", role: "maintainer" },
    ],
  ])("widens: %s", (_title, type, before, after) => {
    expect(kinds(type, before, after)).toEqual([expect.stringMatching(/^widened /)]);
    expect(kinds(type, after, before)).toEqual([expect.stringMatching(/^narrowed /)]);
  });

  it("grants: a collaborator", () => {
    const type = "github:index/repositoryCollaborator:RepositoryCollaborator";
    expect(kinds(type, undefined, { repository: "api", username: "bot" })).toEqual(["granted collaborator/api/bot"]);
  });
});
