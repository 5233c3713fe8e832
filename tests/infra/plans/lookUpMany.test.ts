import { lookUpMany } from "../../../infra/plans";
import { scene, type Scene } from "../../../sandbox/tests/github/graphql/harness";
import { environment } from "../../support/environment";

/** The look-up beside the stand-in's state, through GraphQL as GitHub's own schema has it. */
const posture = environment();
let standIn: Scene;
beforeAll(async () => {
  standIn = await scene();
});
afterAll(() => standIn.stop());

const look = async (questions: string[] = [], asked = posture) =>
  lookUpMany(asked, async ({ query, variables }) => {
    questions.push(query);
    return standIn.ask(standIn.as("acme-admin"), query, { ...variables });
  });

it("tells of every repository and team in two questions what the REST API tells one by one", async () => {
  const questions: string[] = [];
  const { repositories, teams } = await look(questions);
  expect(questions).toHaveLength(2);
  for (const { name } of posture.repositories) {
    const repo = standIn.repo(name);
    expect(repositories.get(name)).toMatchObject({
      id: repo.id,
      nodeId: repo.nodeId,
      fullName: `acme/${name}`,
      archived: false,
      defaultBranch: repo.defaultBranch,
      visibility: repo.visibility,
      demands: { byProtection: false, byRulesets: [] },
    });
  }
  expect(repositories.get("api")?.owners?.found).toEqual({
    path: "CODEOWNERS",
    text: "* @acme/agent-reviewers\n",
  });
  const security = standIn.world.teamBySlug(standIn.repo("api").owner.id, "security");
  expect(teams.get("security")).toMatchObject({ id: security?.id, visible: true });
  expect(teams.get("security")?.roles.get("acme/api")).toBe("push");
});

it("leaves out a repository that is not there, and tells of the others", async () => {
  const more = { ...posture, repositories: [...posture.repositories, { ...posture.repositories[0]!, name: "gone" }] };
  const { repositories } = await look([], more);
  expect([...repositories.keys()]).toEqual(["api", "docs"]);
});

it("names the rulesets of the default branch that demand a pull request", async () => {
  const repo = standIn.repo("api");
  repo.rulesets.set(90, {
    id: 90,
    nodeId: "RRS_90",
    name: "review",
    target: "branch",
    sourceType: "Repository",
    sourceId: repo.id,
    enforcement: "active",
    bypassActors: [],
    conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
    rules: [{ type: "pull_request", parameters: {} }, { type: "deletion" }],
    createdAt: "2026-01-01T00:00:00Z",
    updatedAt: "2026-01-01T00:00:00Z",
  });
  try {
    expect((await look()).repositories.get("api")?.demands?.byRulesets).toEqual([90]);
  } finally {
    repo.rulesets.delete(90);
  }
});

it("reads no more pages of a team than there are repositories that it owns here", async () => {
  const questions: string[] = [];
  const endless = await lookUpMany(posture, async ({ query, variables }) => {
    questions.push(query);
    if (query.includes("r0: repository")) return standIn.ask(standIn.as("acme-admin"), query, { ...variables });
    const page = {
      databaseId: 1,
      privacy: "VISIBLE",
      repositories: {
        totalCount: 5_000,
        pageInfo: { hasNextPage: true, endCursor: "more" },
        edges: [{ permission: "ADMIN", node: { nameWithOwner: `acme/other-${questions.length}` } }],
      },
    };
    const count = Object.keys(variables).filter((name) => name.startsWith("s")).length;
    return { data: { organization: Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, page])) } };
  });
  expect(questions).toHaveLength(2);
  expect(endless.teams.get("security")?.roles.has("acme/api")).toBe(false);
});
