import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A rule as GitHub's code scanning shows it. */
export interface SarifRule {
  readonly id: string;
  /** One sentence: what the rule finds. */
  readonly description: string;
  /** What to do about a finding. */
  readonly help: string;
  readonly tags?: readonly string[];
  /** How GitHub ranks its alerts; by the level of each result when absent. */
  readonly severity?: keyof typeof SCORE;
}

/** A finding: something that does not hold. What holds is no finding, because GitHub shows every result as an alert. */
export interface SarifResult {
  readonly rule: string;
  readonly level: "error" | "warning" | "note";
  readonly message: string;
  /** File in the repository, relative to its root; the environment file as a rule. */
  readonly file: string;
  /** First line that it is about, from 1. */
  readonly line?: number;
  /**
   * What it is about, such as a repository or a URN: with rule and file it makes the finding the same from run to run.
   */
  readonly subject: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

const { name, version, homepage } = JSON.parse(readFileSync(join(__dirname, "..", "..", "package.json"), "utf8")) as {
  name: string;
  version: string;
  homepage?: string;
};

/** GitHub's `security-severity`: from 9.0 it shows an alert as critical, from 7.0 as high, from 4.0 as medium. */
const SCORE = { critical: "9.5", high: "8.0", medium: "5.5", low: "2.0" } as const;

/**
 * SARIF 2.1.0 as GitHub takes it: physical locations with a region, rules with description and help, fingerprints that
 * stay the same ("SARIF support for code scanning"). The same input gives the same bytes.
 */
export function sarif(rules: readonly SarifRule[], results: readonly SarifResult[]): string {
  const index = new Map(rules.map(({ id }, i) => [id, i]));
  const document = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "gatehouse",
            version,
            semanticVersion: version,
            informationUri: homepage ?? `https://www.npmjs.com/package/${name}`,
            rules: rules.map(({ id, description, help, tags = [], severity }) => ({
              id,
              shortDescription: { text: description },
              fullDescription: { text: description },
              help: { text: help, markdown: help },
              properties: {
                tags: ["security", ...tags],
                ...(severity ? { "security-severity": SCORE[severity] } : {}),
              },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: results.map(({ rule, level, message, file, line = 1, subject, properties }) => ({
          ruleId: rule,
          ruleIndex: index.get(rule) ?? -1,
          level,
          message: { text: message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: file, uriBaseId: "%SRCROOT%" },
                region: { startLine: line },
              },
              logicalLocations: [{ fullyQualifiedName: subject }],
            },
          ],
          partialFingerprints: {
            primaryLocationLineHash: `${createHash("sha256").update(`${rule}\0${subject}`).digest("hex").slice(0, 16)}:1`,
          },
          ...(properties ? { properties } : {}),
        })),
      },
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
