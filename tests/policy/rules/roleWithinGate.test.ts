import { roleWithinGate } from "../../../policy/rules/roleWithinGate";
import { UNKNOWN } from "../../../policy/library";
import { access, agent, declare, said, worker } from "../support/declare";

const gate = worker("GATEHOUSE_POLICY", {
  repositories: [
    { name: "api", access: "write" },
    { name: "docs", access: "read" },
  ],
});
const collaborator = (username: string, permission: unknown) =>
  declare("github:index/repositoryCollaborator:RepositoryCollaborator", { repository: "docs", username, permission });

describe("role-within-gate", () => {
  it("holds where GitHub grants what the gate opens, or less", () => {
    const fine = [...agent(), access("api", "push"), access("docs", "pull"), access("API", "pull")];
    expect(said(roleWithinGate, gate, ...fine)).toEqual([]);
  });

  it("asks nothing where there is no gate, nor of other people, nor of what is not known yet", () => {
    expect(said(roleWithinGate, ...agent(), access("docs", "push"))).toEqual([]);
    expect(
      said(roleWithinGate, gate, ...agent(), collaborator("alice", "push"), collaborator("claude-bot", UNKNOWN)),
    ).toEqual([]);
  });

  it.each([
    [access("docs", "push"), "GitHub lets the machine user write to docs, which the gate opens for reading."],
    [
      collaborator("Claude-Bot", "push"),
      "GitHub lets the machine user write to docs, which the gate opens for reading.",
    ],
    [access("secrets", "pull"), "GitHub lets the machine user into secrets, which the gate does not open."],
  ])("refuses a grant that only the gate holds back", (grant, message) => {
    expect(said(roleWithinGate, gate, ...agent(), grant)).toEqual([message]);
  });
});
