import { noMountedRepository } from "../../../policy/rules/noMountedRepository";
import { declare, said } from "../support/declare";

const mounting = (type: string, ...resources: unknown[]) => declare(type, { resources });

describe("no-mounted-repository", () => {
  it("holds for files, and where nothing is mounted", () => {
    expect(
      said(
        noMountedRepository,
        mounting("claude:index:Deployment", { type: "file", fileId: "file_1" }),
        mounting("claude:index:Deployment"),
        declare("github:index/team:Team", { name: "agents" }),
      ),
    ).toEqual([]);
  });

  it.each(["claude:index:Deployment", "anthropic:index/deployment:Deployment"])("refuses it in a %s", (type) => {
    const url = "https://github.com/acme/api";
    expect(said(noMountedRepository, mounting(type, { type: "github_repository", url }))).toEqual([
      "A repository is mounted from github.com, with a token and without the gate.",
    ]);
  });
});
