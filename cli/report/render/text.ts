import { answered } from "../drill";
import type { Report } from "../report";

const cell = (text: string): string => text.replace(/\|/g, "\\|").replace(/\s*\n\s*/g, " ");
const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headings, headings.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

/** The same report as a pull request comment. */
export function renderMarkdown(report: Report): string {
  const changes = !report.changes
    ? ""
    : `## What changes for the agent\n\n${
        report.changes.length === 0
          ? "Nothing changes what the agent may do."
          : table(
              ["Change", "Area", "Before", "After"],
              report.changes.map((c) => [c.kind, c.area, c.before ?? "–", c.after ?? "–"]),
            )
      }\n`;
  const drill =
    report.drill.length === 0
      ? ""
      : `\n## The drill\n\n${table(
          ["Tried", "With", "Expected", "Gate", "GitHub alone", "Holds"],
          report.drill.map((r) => [
            r.title,
            r.client,
            r.expect,
            `${answered(r.answer)} ${r.answer.rule ?? ""}`,
            r.second ? `${answered(r.second)} ${r.second.rule ?? ""}` : "–",
            r.holds ? "yes" : "**NO**",
          ]),
        )}\n`;
  const touched = report.resources.filter((r) => r.change !== "same");
  return `# ${report.title}\n\n${report.notes.map((note) => `${note}\n\n`).join("")}${changes}${drill}\n## What stands\n\n${table(
    ["Area", "Fact"],
    report.facts.map((f) => [f.area, f.says]),
  )}\n\n## Resources\n\n${report.resources.length} in all, ${touched.length} touched.\n\n${
    touched.length === 0
      ? ""
      : `${table(
          ["Change", "Type", "Name", "Keys"],
          touched.map((r) => [r.change, r.type, r.name, r.keys.join(", ")]),
        )}\n`
  }`;
}

export const renderJson = (report: Report): string => `${JSON.stringify(report, null, 2)}\n`;

const RULES = {
  widened: "The agent's power grows.",
  granted: "Something new is granted.",
  "drill-does-not-hold": "An attempt of the drill did not end as declared.",
} as const;

/** Findings alone, as SARIF 2.1.0: what widens, what is newly granted, and what the drill found open. */
export function renderSarif(report: Report): string {
  const found = (ruleId: keyof typeof RULES, level: "error" | "warning", text: string): object => ({
    ruleId,
    level,
    message: { text },
    locations: [{ logicalLocations: [{ fullyQualifiedName: report.title }] }],
  });
  const results = [
    ...(report.changes ?? []).flatMap((c) =>
      c.kind === "widened"
        ? [found("widened", "error", `${c.before ?? "nothing"} → ${c.after ?? "nothing"}`)]
        : c.kind === "granted"
          ? [found("granted", "warning", c.after ?? c.id)]
          : [],
    ),
    ...report.drill
      .filter((r) => !r.holds)
      .map((r) =>
        found("drill-does-not-hold", "error", `${r.title}: expected ${r.expect}, gate answered ${r.answer.status}`),
      ),
  ];
  const rules = Object.entries(RULES).map(([id, text]) => ({ id, shortDescription: { text } }));
  return `${JSON.stringify({ $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [{ tool: { driver: { name: "gatehouse", rules } }, results }] }, null, 2)}\n`;
}
