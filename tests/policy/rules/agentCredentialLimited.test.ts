import { agentCredentialLimited } from "../../../policy/rules/agentCredentialLimited";
import { UNKNOWN } from "../../../policy/library";
import { declare, said } from "../support/declare";

const HEADER = { header: true, body: false };
const limited = (...allowedHosts: unknown[]) => ({ type: "limited", allowedHosts });
const credential = (networking: unknown, injectionLocation: unknown = HEADER) =>
  declare("claude:index:VaultCredential", {
    auth: { type: "environment_variable", secretName: "KEY", networking, injectionLocation },
  });

describe("agent-credential-limited", () => {
  it("holds for one host and headers alone, for what is not known yet, and for credentials of MCP servers", () => {
    expect(
      said(
        agentCredentialLimited,
        credential(limited("gate.acme.dev")),
        credential(UNKNOWN, UNKNOWN),
        credential(limited(UNKNOWN)),
        declare("claude:index:VaultCredential", { auth: UNKNOWN }),
        declare("claude:index:VaultCredential", { auth: { type: "static_bearer", mcpServerUrl: "https://x" } }),
      ),
    ).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["unrestricted", { type: "unrestricted" }, "The secret goes to every host that the sandbox asks."],
    ["left out", undefined, "The secret goes to every host that the sandbox asks."],
    ["GitHub", limited("api.github.com"), "The secret goes to api.github.com, which goes around the gate."],
    [
      "a wildcard",
      limited("gate.acme.dev", "*.workers.dev"),
      "The secret goes to *.workers.dev, which stands for every stranger's Worker.",
    ],
  ])("refuses a credential whose network is %s", (_, networking, sentence) => {
    expect(said(agentCredentialLimited, credential(networking))).toEqual([sentence]);
  });

  it.each([[{ header: true, body: true }], [{ body: true }], [undefined]])("refuses it in bodies: %j", (place) => {
    expect(said(agentCredentialLimited, credential(limited("gate.acme.dev"), place ?? null))).toEqual([
      "The secret is not held to headers: in a body it can be stored and read again.",
    ]);
  });
});
