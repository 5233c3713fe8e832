import { AGENT_CHANGE_CHECK, CHANGE_RULES, type ChangeFinding, type ChangeVerdict } from "./agentChange";
import { plain } from "../support/plainText";

const place = ({ path, line, commit }: ChangeFinding): string =>
  [
    path === undefined ? "" : `${plain(path)}${line === undefined ? "" : `:${line}`}`,
    commit === undefined ? "" : `commit ${commit.slice(0, 12)}`,
  ]
    .filter(Boolean)
    .join(", ");

const SHOWN = 100;

/** What a person reads. */
export function changeText(verdict: ChangeVerdict): string {
  if (!verdict.agent) return `${AGENT_CHANGE_CHECK}: passes, ${plain(verdict.why)}.\n`;
  const { findings, files, lines, passes } = verdict;
  const refused = findings.filter(({ severity }) => severity === "refuse").length;
  const rows = findings
    .slice(0, SHOWN)
    .map(
      (one) =>
        `  ${one.severity.padEnd(7)} ${one.rule.padEnd(23)} ${[place(one), plain(one.says)].filter(Boolean).join(": ")}`,
    );
  return [
    `${AGENT_CHANGE_CHECK}: ${passes ? "passes" : `refused, ${refused} ${refused === 1 ? "finding" : "findings"}`} (${files} files, ${lines} lines).`,
    ...rows,
    ...(findings.length > SHOWN ? [`  and ${findings.length - SHOWN} more`] : []),
    "",
  ].join("\n");
}

/** Commands that put findings beside the lines of the change, as GitHub Actions reads them from standard output. */
export function annotations(verdict: ChangeVerdict): string {
  if (!verdict.agent) return "";
  const value = (text: string): string => plain(text).replace(/%/g, "%25").replace(/:/g, "%3A").replace(/,/g, "%2C");
  return verdict.findings
    .slice(0, 50)
    .map(({ severity, rule, says, path, line }) => {
      const at = [
        ...(path === undefined ? [] : [`file=${value(path)}`]),
        ...(line === undefined ? [] : [`line=${line}`]),
        `title=${value(`${AGENT_CHANGE_CHECK} ${rule}`)}`,
      ];
      return `::${severity === "refuse" ? "error" : "notice"} ${at.join(",")}::${plain(`${CHANGE_RULES[rule]} ${says}`, 400).replace(/%/g, "%25")}\n`;
    })
    .join("");
}

/** The page that GitHub shows of the run. */
export function summary(verdict: ChangeVerdict): string {
  const cell = (text: string): string =>
    plain(text).replace(/[\\`*_{}[\]<>|#!&~@:/.]/g, (char) => `&#${char.charCodeAt(0)};`);
  if (!verdict.agent) return `### ${AGENT_CHANGE_CHECK}\n\nPasses: ${cell(verdict.why)}.\n`;
  const rows = verdict.findings
    .slice(0, SHOWN)
    .map((one) => `| ${one.severity} | ${one.rule} | ${cell(place(one))} | ${cell(one.says)} |\n`)
    .join("");
  const table = rows === "" ? "Nothing was found.\n" : `| | rule | where | what |\n| --- | --- | --- | --- |\n${rows}`;
  return `### ${AGENT_CHANGE_CHECK}: ${verdict.passes ? "passes" : "refused"}\n\n${verdict.files} files, ${verdict.lines} lines.\n\n${table}`;
}
