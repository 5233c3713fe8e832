import { colors as pc } from "../support/colors";
import { plain } from "../support/plainText";
import type { Diagnosis } from "./doctor";
import { SYSTEMS, type Finding, type Result } from "./finding";

const SIGNS: Readonly<Record<Result, string>> = { ok: pc.green("✓"), note: pc.yellow("!"), problem: pc.red("✗") };

/** One line for each finding, and below it what to do where there is something to do. */
export function renderText({ stack, organization, findings }: Diagnosis): string {
  const width = Math.max(...findings.map(({ check }) => check.length)) + 2;
  const line = ({ check, result, found, wayOut }: Finding): string[] => [
    `  ${SIGNS[result]} ${check.padEnd(width)}${plain(found, 300)}`,
    ...(wayOut === undefined ? [] : [`    ${" ".repeat(width)}${pc.dim(`→ ${plain(wayOut, 300)}`)}`]),
  ];
  const systems = SYSTEMS.flatMap((system) => {
    const own = findings.filter((finding) => finding.system === system);
    return own.length === 0 ? [] : ["", pc.bold(system), ...own.flatMap(line)];
  });
  const count = (result: Result): number => findings.filter((finding) => finding.result === result).length;
  const [problems, notes] = [count("problem"), count("note")];
  return [
    `Stack ${stack}, organization ${organization}. Nothing is changed.`,
    ...systems,
    "",
    problems === 0
      ? `Nothing stands against pulumi up${notes === 0 ? "" : `; ${notes} to know`}.`
      : `${problems} to mend before pulumi up${notes === 0 ? "" : `, ${notes} to know`}.`,
    "",
  ].join("\n");
}
