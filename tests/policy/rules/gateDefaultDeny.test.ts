import { gateDefaultDeny } from "../../../policy/rules/gateDefaultDeny";
import { agentPolicy } from "../support/gatePolicy";
import { said, worker } from "../support/declare";

const gate = (change: object) => worker("GATEHOUSE_POLICY", { ...agentPolicy(), ...change });

describe("gate-default-deny", () => {
  it("holds for the policy that the stack compiles, and says nothing about other Workers", () => {
    expect(said(gateDefaultDeny, gate({}), worker("OTHER", {}))).toEqual([]);
  });

  it.each([
    [{ routes: { read: ["everything"], write: [] } }, ["The route everything is open, and the gate does not know it."]],
    [{ repositories: [{ name: "*" }] }, ["A repository is named by a pattern."]],
    [{ mode: { kind: "observe", until: "2027-01-01" } }, ["The gate observes and does not enforce."]],
  ])("refuses %j", (change, messages) => {
    expect(said(gateDefaultDeny, gate(change))).toEqual(messages);
  });

  it("refuses a policy without limits", () => {
    expect(said(gateDefaultDeny, gate({ limits: {} }))).toContain("The limit requestsPerMinute is not set.");
  });
});
