import { RepositoryAccess } from "../../../infra";
import { deploy } from "../../support/pulumi";
import { types } from "./support/mocks";

describe("RepositoryAccess", () => {
  it.each([
    ["read", "pull"],
    ["write", "push"],
  ] as const)("gives %s as %s", async (access, permission) => {
    const run = await deploy(
      { types },
      (opts) => new RepositoryAccess("access-api", { repository: "api", teamId: "77", access }, opts),
    );
    expect(run.one("access-api-team").inputs).toEqual({ teamId: "77", repository: "api", permission });
    expect(run.resources).toHaveLength(2);
  });
});
