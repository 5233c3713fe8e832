import { OrganizationFence } from "../../../infra/github";
import { organizationRulesets } from "../../../infra/plans";
import { environment } from "../../support/environment";
import { deploy } from "../../support/pulumi";
import { types } from "./support/mocks";

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
