import { sarif, type SarifResult, type SarifRule } from "../../support/sarif";
import { policyResults, policyRules } from "../../policy/sarif";
import type { Report } from "../report";

const OWN: readonly SarifRule[] = [
  {
    id: "widened",
    description: "The agent's power grows.",
    help: "Look whether the change is meant. If it is not, take it out of the environment file.",
  },
  {
    id: "granted",
    description: "The agent gets something new.",
    help: "Look whether the change is meant. If it is not, take it out of the environment file.",
  },
  {
    id: "protected-resource-lost",
    description: "A resource that cannot be made again is deleted or replaced.",
    help: "Keep the resource, or take its content elsewhere before the update.",
  },
  {
    id: "drill-does-not-hold",
    description: "An attempt of the drill did not end as declared.",
    help: "Run the drill again. If it fails again, a lock is open: look at the rule that the attempt names.",
  },
];

/**
 * Findings alone, as SARIF 2.1.0: what widens, what is newly granted, what is lost, what a rule forbids, and what the
 * drill found open.
 */
export function renderSarif(report: Report): string {
  const file = report.stack === "" ? "Pulumi.yaml" : `Pulumi.${report.stack}.yaml`;
  const found = report.policy ?? [];
  const rules = [...OWN, ...policyRules(found)];
  const results: SarifResult[] = [
    ...(report.changes ?? []).flatMap(({ kind, id, before, after }): SarifResult[] =>
      kind === "widened"
        ? [{ rule: kind, level: "error", message: `${before ?? "nothing"} → ${after ?? "nothing"}`, file, subject: id }]
        : kind === "granted"
          ? [{ rule: kind, level: "warning", message: after ?? id, file, subject: id }]
          : [],
    ),
    ...report.losses.map(({ urn, name, type, how }): SarifResult => ({
      rule: "protected-resource-lost",
      level: "error",
      message: `${name} (${type}) is ${how}.`,
      file,
      subject: urn,
    })),
    ...policyResults(found, file),
    ...report.drill
      .filter(({ holds }) => !holds)
      .map(({ title, expect, answer }): SarifResult => ({
        rule: "drill-does-not-hold",
        level: "error",
        message: `${title}: expected ${expect}, gate answered ${answer.status}`,
        file,
        subject: title,
      })),
  ];
  return sarif(rules, results);
}
