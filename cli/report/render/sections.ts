import { evidenceText } from "../../controls/rows";
import { answered } from "../drill";
import type { Report } from "../report";

/** A part of the page: its heading and a table of rows; nothing when there are none. */
export interface Section {
  readonly heading: string;
  readonly text?: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What matters most stands first: a page that is cut loses its end. */
export function sections(report: Report): Section[] {
  const compared = report.changes !== undefined;
  const controls = compared ? report.controls.filter(({ before }) => before !== undefined) : report.controls;
  const touched = report.resources.filter(({ change }) => change !== "same");
  return [
    {
      heading: "What changes for the agent",
      headings: ["Change", "Area", "Before", "After"],
      rows: (report.changes ?? []).map((c) => [c.kind, c.area, c.before ?? "–", c.after ?? "–"]),
    },
    {
      heading: "Guarded resources that are lost",
      headings: ["Resource", "Type", "How"],
      rows: report.losses.map(({ name, type, how }) => [name, type, how]),
    },
    {
      heading: "Policies",
      text: report.policy?.length === 0 ? "Every rule holds." : "",
      headings: ["Severity", "Rule", "Finding", "About", "Exception"],
      rows: (report.policy ?? []).map(({ severity, rule, message, urn, exception }) => [
        severity,
        rule,
        message,
        urn?.split("::").at(-1) ?? "the stack",
        exception ? `${exception.id}: ${exception.reason} (${exception.owner}, until ${exception.until})` : "–",
      ]),
    },
    {
      heading: "The drill",
      headings: ["Tried", "With", "Expected", "Gate", "GitHub alone", "Holds"],
      rows: report.drill.map((r) => [
        r.title,
        r.client,
        r.expect,
        `${answered(r.answer)} ${r.answer.rule ?? ""}`,
        r.second ? `${answered(r.second)} ${r.second.rule ?? ""}` : "–",
        r.holds ? "yes" : "NO",
      ]),
    },
    {
      heading: "Resources that change",
      headings: ["Change", "Type", "Name", "Keys"],
      rows: touched.map((r) => [r.change, r.type, r.name, r.keys.join(", ")]),
    },
    { heading: "What stands", headings: ["Area", "Fact"], rows: report.facts.map((f) => [f.area, f.says]) },
    {
      heading: "Who may use the token at Vault",
      headings: ["Policy", "May", "Path"],
      rows: report.overview.token.map(({ party, may, path }) => [party, may, path]),
    },
    {
      heading: "Hosts",
      headings: ["From", "To"],
      rows: report.overview.hosts.map(({ from, host }) => [from, host]),
    },
    {
      heading: "Actions and the locks that stop them",
      headings: ["Where", "Action", "Stopped by"],
      rows: report.overview.matrix.map(({ place, action, locks }) => [place, action, locks === "" ? "allowed" : locks]),
    },
    {
      heading: compared ? "Controls that change" : "Controls",
      headings: ["Control", "Asks for", "Posture", "Evidence", "What remains"],
      rows: controls.map(({ id, title, status, evidence, before, limit }) => [
        id,
        title,
        before && before.status !== status ? `${before.status} → ${status}` : status,
        evidenceText(evidence, (text) => text),
        limit,
      ]),
    },
  ];
}
