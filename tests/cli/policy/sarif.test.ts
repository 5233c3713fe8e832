import { policyResults, policyRules } from "../../../cli/policy/sarif";
import type { PolicyFinding } from "../../../policy/library";

const finding = (more: Partial<PolicyFinding>): PolicyFinding => ({
  rule: "ruleset-active",
  severity: "critical",
  message: "The ruleset is disabled, not active.",
  remediation: "Set the ruleset's enforcement to active.",
  controls: [],
  urn: "urn:pulumi:dev::gatehouse::t::r",
  ...more,
});
const EXCEPTION = { id: "E", rule: "ruleset-active", target: "*", owner: "o", reason: "r", until: "2027-01-01" };

it("names the rules that are broken, with their severity, in the order of the pack", () => {
  const rules = policyRules([
    finding({}),
    finding({ rule: "audit-retention", severity: "high" }),
    finding({ rule: "workers-not-forced", exception: EXCEPTION }),
  ]);
  expect(rules.map(({ id, severity }) => [id, severity])).toEqual([
    ["audit-retention", "high"],
    ["ruleset-active", "critical"],
  ]);
});

it("makes an alert of each finding that has no exception, at its level", () => {
  const results = policyResults(
    [finding({}), finding({ severity: "medium" }), finding({ severity: "low" }), finding({ exception: EXCEPTION })],
    "Pulumi.dev.yaml",
  );
  expect(results.map(({ level, file }) => [level, file])).toEqual([
    ["error", "Pulumi.dev.yaml"],
    ["warning", "Pulumi.dev.yaml"],
    ["note", "Pulumi.dev.yaml"],
  ]);
});
