import { agentNoPackageRegistries } from "../../../policy/rules/agentNoPackageRegistries";
import { declare, said } from "../support/declare";

const sandbox = (allowPackageManagers?: boolean) =>
  declare("claude:index:Environment", {
    config: { type: "cloud", networking: { type: "limited", allowedHosts: [], allowPackageManagers } },
  });

describe("agent-no-package-registries", () => {
  it("holds where they are closed", () => {
    expect(said(agentNoPackageRegistries, sandbox(false), sandbox())).toEqual([]);
  });

  it("tells where they are open", () => {
    expect(said(agentNoPackageRegistries, sandbox(true))).toEqual([
      "The sandbox reaches the public package registries: whoever can publish there has a way out.",
    ]);
  });
});
