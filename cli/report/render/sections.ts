import { evidenceText } from "../../controls/rows";
import { answered } from "../drill";
import { groupByName, groupByRepository } from "../group";
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
      headings: ["Change", "Area", "Before", "After", "What moves"],
      rows: groupByRepository(
        (report.changes ?? []).map(({ kind, area, before = "–", after = "–", details = [], repository }) => ({
          repository,
          words: [kind, area, before, after, details.join("; ") || "–"],
        })),
      ),
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
      rows: groupByName(touched, {
        name: ({ name }) => name,
        words: ({ change, type, keys }) => [change, type, keys.join(", ")],
      }).map(({ names, words: [change = "", type = "", keys = ""] }) => [change, type, names, keys]),
    },
    {
      heading: "What changes in them",
      headings: ["Resource", "Property", "Before", "After"],
      rows: groupByName(
        touched.flatMap(({ name, properties }) => properties.map((property) => ({ name, ...property }))),
        { name: ({ name }) => name, words: ({ path, before = "–", after = "–" }) => [path, before, after] },
      ).map(({ names, words }) => [names, ...words]),
    },
    {
      heading: "What stands",
      headings: ["Area", "Fact"],
      rows: groupByRepository(report.facts.map(({ area, says, repository }) => ({ repository, words: [area, says] }))),
    },
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
    {
      heading: "Made from",
      headings: ["Side", "File", "Pulumi", "Plugins", "Written", "SHA-256"],
      rows: report.inputs.map(({ side, kind, pulumi = "–", plugins, time = "–", sha256 = "–" }) => [
        side,
        kind,
        pulumi,
        Object.entries(plugins)
          .map(([name, version]) => `${name} ${version}`)
          .join(", ") || "–",
        time,
        sha256,
      ]),
    },
  ];
}
