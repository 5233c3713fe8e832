import { RULES, type PolicyFinding } from "../../policy/library";
import { sarif, type SarifResult, type SarifRule } from "../support/sarif";

const LEVELS = { critical: "error", high: "error", medium: "warning", low: "note" } as const;

/** What is excepted is no alert. */
const open = (findings: readonly PolicyFinding[]): PolicyFinding[] =>
  findings.filter(({ exception }) => exception === undefined);

/** The rules that findings name, in the order of the pack. */
export const policyRules = (findings: readonly PolicyFinding[]): SarifRule[] =>
  RULES.filter(({ id }) => open(findings).some(({ rule }) => rule === id)).map(
    ({ id, description, remediation, controls, severity }) => ({
      id,
      description,
      help: remediation,
      tags: controls,
      severity,
    }),
  );

/** @param file the environment file, relative to the repository's root */
export const policyResults = (findings: readonly PolicyFinding[], file: string): SarifResult[] =>
  open(findings).map(({ rule, severity, message, urn }) => ({
    rule,
    level: LEVELS[severity],
    message,
    file,
    subject: `${urn ?? "the stack"} ${message}`,
  }));

/** Findings alone, as SARIF 2.1.0. */
export const policySarif = (findings: readonly PolicyFinding[], file: string): string =>
  sarif(policyRules(findings), policyResults(findings, file));
