import { codeOwnersWithWrite } from "../../../policy/rules/codeOwnersWithWrite";
import { UNKNOWN } from "../../../policy/library";
import { access, agent, declare, said } from "../support/declare";

const owners = (content: unknown) =>
  declare("github:index/repositoryFile:RepositoryFile", { repository: "api", file: ".github/CODEOWNERS", content });

describe("code-owners-with-write", () => {
  it("holds where a line owns all paths, and where the agent only reads", () => {
    expect(said(codeOwnersWithWrite, ...agent(), access("api", "push"), owners("# x\n* @acme/backend\n"))).toEqual([]);
    expect(said(codeOwnersWithWrite, ...agent(), access("api", "push"), owners(UNKNOWN))).toEqual([]);
    expect(said(codeOwnersWithWrite, ...agent(), access("api", "pull"))).toEqual([]);
  });

  it("refuses write access without the file", () => {
    expect(said(codeOwnersWithWrite, ...agent(), access("api", "push"))).toEqual([
      "api: the agent may write, and the stack declares no CODEOWNERS.",
    ]);
  });

  it.each(["/src @acme/backend\n", "*\n", "* # @acme/backend\n", "#* @acme/backend\n"])("refuses %j", (content) => {
    expect(said(codeOwnersWithWrite, ...agent(), access("api", "push"), owners(content))).toEqual([
      "api: no line of CODEOWNERS gives all paths an owner.",
    ]);
  });
});
