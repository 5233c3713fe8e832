import { agentShellContained } from "../../../policy/rules/agentShellContained";
import { UNKNOWN } from "../../../policy/library";
import { declare, said } from "../support/declare";

const shell = (type: string, enabled = true) =>
  declare("claude:index:Agent", {
    tools: [
      {
        type: "agent_toolset_20260401",
        defaultConfig: { enabled: false, permissionPolicy: { type: "always_ask" } },
        configs: [{ name: "bash", enabled, permissionPolicy: { type } }],
      },
    ],
  });
const byDefault = declare("claude:index:Agent", { tools: [{ type: "agent_toolset_20260401" }] });
const sandbox = (networking: unknown) => declare("claude:index:Environment", { config: { type: "cloud", networking } });
const GATE = sandbox({ type: "limited", allowedHosts: ["gate.acme.dev"], allowPackageManagers: false });
const SENTENCE = "Nobody confirms shell commands, and a sandbox reaches more than one host.";

describe("agent-shell-contained", () => {
  it("holds where the sandbox reaches one host, or a person confirms, or there is no shell", () => {
    const open = sandbox({ type: "unrestricted" });
    expect(said(agentShellContained, shell("always_allow"), GATE)).toEqual([]);
    expect(said(agentShellContained, shell("always_ask"), open)).toEqual([]);
    expect(said(agentShellContained, shell("always_allow", false), open)).toEqual([]);
    expect(said(agentShellContained, shell("always_allow"), sandbox(UNKNOWN))).toEqual([]);
  });

  it.each([
    [{ type: "unrestricted" }],
    [{ type: "limited", allowedHosts: ["gate.acme.dev", "packages.acme.dev"] }],
    [{ type: "limited", allowedHosts: ["gate.acme.dev"], allowPackageManagers: true }],
  ])("refuses a shell that nobody confirms beside %j", (networking) => {
    expect(said(agentShellContained, shell("always_allow"), GATE, sandbox(networking))).toEqual([SENTENCE]);
    expect(said(agentShellContained, byDefault, sandbox(networking))).toEqual([SENTENCE]);
  });
});
