import { machineUserNoAdmin } from "../../../policy/rules/machineUserNoAdmin";
import { access, agent, declare, said } from "../support/declare";

const membership = (username: string, role: string) =>
  declare("github:index/membership:Membership", { username, role }, { name: username, parents: ["x"] });

describe("machine-user-no-admin", () => {
  it.each(["pull", "triage", "push"])("lets the agent's team have %s", (permission) => {
    expect(said(machineUserNoAdmin, ...agent(), access("api", permission))).toEqual([]);
  });

  it.each(["maintain", "admin"])("refuses %s", (permission) => {
    expect(said(machineUserNoAdmin, ...agent(), access("api", permission))).toEqual([
      `The machine user has the role ${permission} on api.`,
    ]);
  });

  it("refuses it as an owner of the organization, whatever the case of its login, and as a collaborator", () => {
    const collaborator = declare("github:index/repositoryCollaborator:RepositoryCollaborator", {
      username: "claude-bot",
      repository: "api",
      permission: "admin",
    });
    expect(said(machineUserNoAdmin, ...agent(), membership("Claude-Bot", "admin"), collaborator)).toEqual([
      "The machine user has the role admin on the organization.",
      "The machine user has the role admin on api.",
    ]);
  });

  it("says nothing about people", () => {
    expect(said(machineUserNoAdmin, ...agent(), membership("a-person", "admin"))).toEqual([]);
  });
});
