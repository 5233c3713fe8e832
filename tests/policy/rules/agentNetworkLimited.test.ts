import { agentNetworkLimited } from "../../../policy/rules/agentNetworkLimited";
import { UNKNOWN } from "../../../policy/library";
import { declare, said } from "../support/declare";

const sandbox = (networking: unknown, type = "cloud") =>
  declare("claude:index:Environment", { config: { type, networking } });

describe("agent-network-limited", () => {
  it("holds for named hosts, for what is not known yet, and where one's own network decides", () => {
    expect(
      said(
        agentNetworkLimited,
        sandbox({ type: "limited", allowedHosts: ["gate.acme.dev"], allowMcpServers: false }),
        sandbox({ type: "limited", allowedHosts: [UNKNOWN] }),
        sandbox(UNKNOWN),
        sandbox(undefined, "self_hosted"),
        declare("claude:index:Environment", { config: UNKNOWN }),
      ),
    ).toEqual([]);
  });

  it.each<[unknown, string]>([
    [{ type: "unrestricted" }, "The sandbox reaches every host: GitHub around the gate, and everybody else."],
    [undefined, "The sandbox reaches every host: GitHub around the gate, and everybody else."],
    [{ type: "limited", allowedHosts: ["github.com"] }, "The sandbox reaches github.com, which goes around the gate."],
    [
      { type: "limited", allowedHosts: ["*.acme.dev"] },
      "The sandbox reaches *.acme.dev, which stands for hosts that nobody has looked at.",
    ],
    [{ type: "limited", allowMcpServers: true }, "Every MCP server that a session names opens its host."],
  ])("refuses %j", (networking, sentence) => {
    expect(said(agentNetworkLimited, sandbox(networking))).toEqual([sentence]);
  });
});
