import { colors as pc } from "../support/colors";
import { plain } from "../support/plainText";
import { sarif } from "../support/sarif";
import type { Assessment } from "./assess";
import { SECTIONS, type Answer, type Result, type Section } from "./question";
import type { Call } from "../live/reader";

const sections = ({ answers }: Assessment): [Section, Answer[]][] =>
  (Object.keys(SECTIONS) as Section[])
    .map((section): [Section, Answer[]] => [section, answers.filter((answer) => answer.section === section)])
    .filter(([, found]) => found.length > 0);

const callText = ({ system, method, path, status }: Call): string =>
  `${system}: ${method} ${path} ${status === 0 ? "no answer" : status}`;

/** The calls that matter to a reader: the last one decides, the others led there. */
function callsText(calls: readonly Call[], most: number): string {
  const shown = calls.slice(0, most).map(callText).join(", ");
  return calls.length > most ? `${shown}, and ${calls.length - most} more` : shown;
}

const sum = ({ counts }: Assessment): string =>
  `${counts.pass} passed, ${counts.fail} failed, ${counts["cannot tell"]} could not be answered`;

const MARKS: Readonly<Record<Result, (text: string) => string>> = {
  pass: pc.green,
  fail: pc.red,
  "cannot tell": pc.yellow,
};
const SIGNS: Readonly<Record<Result, string>> = { pass: "✓", fail: "✗", "cannot tell": "?" };

/** What a person reads: a line for what holds, and the whole story of what does not. */
export function renderText(assessment: Assessment): string {
  const lines = sections(assessment).flatMap(([section, answers]) => {
    const questions = [...new Set(answers.map(({ question }) => question))];
    return [
      "",
      pc.bold(SECTIONS[section]),
      ...questions.flatMap((question) => {
        const own = answers.filter((answer) => answer.question === question);
        const worst: Result = own.some(({ result }) => result === "fail")
          ? "fail"
          : own.some(({ result }) => result === "cannot tell")
            ? "cannot tell"
            : "pass";
        const subjects =
          worst === "pass" ? `: ${pc.dim(own.length === 1 ? plain(own[0]?.reason ?? "") : `${own.length} asked`)}` : "";
        return [
          `  ${MARKS[worst](SIGNS[worst])} ${own[0]?.title ?? question}${subjects}`,
          ...(worst === "pass"
            ? []
            : own
                .filter(({ result }) => result !== "pass")
                .flatMap((answer) => [
                  `      ${MARKS[answer.result](answer.result)}  ${plain(answer.subject)}: ${plain(answer.reason, 600)}`,
                  ...(answer.calls.length > 0
                    ? [
                        pc.dim(
                          `      ${" ".repeat(answer.result.length)}  ${plain(callsText(answer.calls.slice(-3), 3), 600)}`,
                        ),
                      ]
                    : []),
                ])),
        ];
      }),
    ];
  });
  return [
    `Assessment of ${assessment.organization} against the stack ${assessment.stack}, ${assessment.at}`,
    ...lines,
    "",
    `${sum(assessment)}.`,
    "",
  ].join("\n");
}

export const renderJson = (assessment: Assessment): string => `${JSON.stringify(assessment, null, 2)}\n`;

const cell = (text: string): string => plain(text, 1_000).replace(/[\\|<>`]/g, (char) => `&#${char.charCodeAt(0)};`);

export function renderMarkdown(assessment: Assessment): string {
  const tables = sections(assessment).map(([section, answers]) =>
    [
      `## ${SECTIONS[section]}`,
      "",
      "| | question | about | why | asked by | controls |",
      "| --- | --- | --- | --- | --- | --- |",
      ...answers.map(
        (one) =>
          `| ${one.result === "fail" ? "**fail**" : one.result} | ${cell(one.title)} | ${cell(one.subject)} | ${cell(one.reason)} | ${cell(callsText(one.calls, 3))} | ${cell((one.controls ?? []).join(", "))} |`,
      ),
      "",
    ].join("\n"),
  );
  return `# Assessment of ${cell(assessment.organization)} against the stack ${cell(assessment.stack)}\n\n${assessment.at}. ${sum(assessment)}.\n\n${tables.join("\n")}`;
}

/** SARIF 2.1.0: what fails is an error, what cannot be told a note; what holds is no finding. Calls and controls stand in the properties. */
export function renderSarif({ answers, stack }: Assessment): string {
  const found = answers.filter(({ result }) => result !== "pass");
  const questions = [...new Map(found.map((answer) => [answer.question, answer])).values()];
  return sarif(
    questions.map(({ question, title, section, controls = [] }) => ({
      id: question,
      description: `${title}.`,
      help: `Make the live system match the environment file again, or change the file. The question belongs to: ${SECTIONS[section]} (docs/assess.md).`,
      tags: controls,
    })),
    found.map(({ question, subject, reason, result, calls }) => ({
      rule: question,
      level: result === "fail" ? "error" : "note",
      message: `${subject}: ${reason}`,
      file: `Pulumi.${stack}.yaml`,
      subject,
      properties: { calls: calls.map(callText) },
    })),
  );
}
