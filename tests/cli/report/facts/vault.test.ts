import { facts } from "../../../../cli/report/facts";
import { compare } from "../../../../cli/report/facts/compare";

const kinds = (type: string, before: object, after: object): string[] => {
  const state = (inputs: object) =>
    facts({
      source: "export",
      resources: [{ urn: "urn:pulumi:dev::p::t::x", type, name: "x", inputs: { ...inputs } }],
      outputs: {},
    });
  return compare(state(before), state(after)).map(({ kind, details }) => `${kind}: ${details?.join(", ") ?? ""}`);
};
const POLICY = "vault:index/policy:Policy";
const policy = (...capabilities: string[]): object => ({
  name: "gate",
  policy: `path "agents/data/x" {\n  capabilities = [${capabilities.map((one) => `"${one}"`).join(", ")}]\n}\n`,
});
const ROLE = "vault:appRole/authBackendRole:AuthBackendRole";
const role = (more: object): object => ({
  backend: "gate",
  roleName: "bot",
  bindSecretId: true,
  tokenPolicies: ["gate"],
  tokenMaxTtl: 300,
  tokenNoDefaultPolicy: true,
  ...more,
});

it.each<[title: string, type: string, before: object, after: object, expected: string[]]>([
  ["a capability more", POLICY, policy("read"), policy("read", "list"), ["widened: now list"]],
  ["a denial that goes", POLICY, policy("read", "deny"), policy("read"), ["widened: no longer deny"]],
  ["the same in another order", POLICY, policy("read", "list"), policy("list", "read"), ["changed: "]],
  ["a longer session", ROLE, role({}), role({ tokenMaxTtl: 3600 }), ["widened: session seconds 300 → 3600"]],
  ["a policy more", ROLE, role({}), role({ tokenPolicies: ["gate", "admin"] }), ["widened: now policy admin"]],
  ["no secret id", ROLE, role({}), role({ bindSecretId: false }), ["widened: no longer asks for a secret id"]],
  ["a claim more", ROLE, role({}), role({ boundClaims: { ref: "main" } }), ["narrowed: now asks for ref main"]],
])("%s", (_title, type, before, after, expected) => {
  expect(kinds(type, before, after)).toEqual(expected);
});
