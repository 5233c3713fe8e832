import { ORGANIZATION_RULESET, REPOSITORY_RULESET, known, text } from "../read";
import { resourceRule } from "../rule";

/** GitHub: a ruleset with the enforcement "evaluate" or "disabled" stops nothing. */
export const rulesetActive = resourceRule({
  id: "ruleset-active",
  severity: "critical",
  description: "Every ruleset is enforced.",
  remediation: "Set the ruleset's enforcement to active.",
  controls: ["NIST SP 800-53 CM-3", "SLSA Source L3"],
  types: [REPOSITORY_RULESET, ORGANIZATION_RULESET],
  check: ({ inputs: { enforcement } }) =>
    !known(enforcement) || enforcement === "active"
      ? []
      : [`The ruleset is ${text(enforcement) || "not set"}, not active.`],
});
