import { vaultPoliciesExact } from "../../../policy/rules/vaultPoliciesExact";
import { UNKNOWN } from "../../../policy/library";
import { declare, said } from "../support/declare";

const policy = (text: unknown) => declare("vault:index/policy:Policy", { policy: text });
const path = (name: string, ...capabilities: string[]) =>
  `path "${name}" {\n  capabilities = ${JSON.stringify(capabilities)}\n}\n`;

describe("vault-policies-exact", () => {
  it("holds for paths in full, an accessor that Vault draws, and sudo where Vault demands it", () => {
    const text = [
      path("agents/data/github/claude-bot", "read"),
      path("auth/gate/role/claude-bot/secret-id-accessor/+", "update"),
      path("sys/auth/gate", "create", "sudo"),
    ].join("\n");
    expect(said(vaultPoliciesExact, policy(text), policy(UNKNOWN))).toEqual([]);
  });

  it.each([
    [path("agents/*", "read"), "The path agents/* has a wildcard."],
    [path("agents/+/github", "read"), "The path agents/+/github has a wildcard."],
    [path("sys/raw/x", "read", "sudo"), "The path sys/raw/x grants sudo."],
    [path("sys/x", "root"), "The path sys/x grants root."],
  ])("refuses %j", (text, message) => {
    expect(said(vaultPoliciesExact, policy(text))).toEqual([message]);
  });
});
