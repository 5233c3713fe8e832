import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderSarif as renderAssessment } from "../../cli/assess/render";
import type { Assessment } from "../../cli/assess/assess";
import { judge } from "../../cli/policy/judge";
import { policySarif } from "../../cli/policy/sarif";
import { readFile } from "../../cli/report/readFile";
import { renderSarif as renderReport } from "../../cli/report/render/sarif";
import { buildReport } from "../../cli/report/report";
import { wholeState } from "../../cli/report/state";
import { ROOT } from "./sandbox";

const recorded = (name: string): string => join(ROOT, "tests/fixtures/real-run", name);

/** An assessment with one answer of each kind. */
const ASSESSMENT: Assessment = {
  organization: "acme",
  stack: "dev",
  at: "2026-11-30T12:00:00.000Z",
  holds: false,
  counts: { pass: 1, fail: 1, "cannot tell": 1 },
  answers: (["pass", "fail", "cannot tell"] as const).map((result) => ({
    question: `rulesets-${result.replace(" ", "-")}`,
    section: "review",
    title: "The rulesets are in force",
    subject: "acme/api",
    result,
    reason: "the ruleset is disabled",
    calls: [{ system: "GitHub", method: "GET", path: "/repos/acme/api/rulesets", status: 200 }],
    controls: ["CIS 1.1.3"],
  })),
};

/**
 * What each command that writes SARIF writes: of a change that widens, of drift that a rule forbids, of a state that it
 * forbids, of nothing at all, and of live systems.
 */
export function everySarif(): Record<string, string> {
  const export1 = readFile(recorded("1-create.export.json"));
  const drift = {
    before: readFile(recorded("4-narrow.export.json")),
    after: readFile(recorded("5-drift.refresh.json")),
  };
  const title = "Gatehouse posture report";
  return {
    "report of a change": renderReport(
      buildReport({ title, before: export1, after: readFile(recorded("3-widen.preview.json")) }),
    ),
    "report of drift": renderReport(buildReport({ title, ...drift, judge: (state) => judge(state, []) })),
    "policy check": policySarif(judge(wholeState(drift.after, wholeState(drift.before)), []), "Pulumi.dev.yaml"),
    "policy check that finds nothing": policySarif(judge(export1, []), "Pulumi.dev.yaml"),
    assess: renderAssessment(ASSESSMENT),
  };
}

export const SARIF_SCHEMA = JSON.parse(
  readFileSync(join(ROOT, "tests/fixtures/sarif/sarif-2.1.0.json"), "utf8"),
) as object;
