import { type Command, Option } from "commander";
import { exceptionsIn, judge, refuseStopped } from "../policy/judge";
import { readFile } from "../report/readFile";
import { renderHtml } from "../report/render/html";
import { renderJson } from "../report/render/json";
import { renderMarkdown } from "../report/render/markdown";
import { renderSarif } from "../report/render/sarif";
import { buildReport, type Report } from "../report/report";
import { withExamples } from "../support/options";

const FORMATS: Record<string, (report: Report) => string | Promise<string>> = {
  html: renderHtml,
  md: renderMarkdown,
  json: renderJson,
  sarif: renderSarif,
};

interface ReportOptions {
  readonly before?: string;
  readonly after: string;
  readonly format: string;
  readonly policy?: boolean;
  readonly exceptions?: string;
}

/**
 * `gatehouse report --after B [--before A] --format F`: what a change does to the agent's power, from two states of the
 * stack; with one state, what the agent may do. With `--policy` the rules of `policy/` judge the state after: exit code
 * 1 when one stops the update.
 */
export function registerReport(program: Command): void {
  const command = program
    .command("report")
    .description(
      "what a change does to the agent's power, from two states of a stack; with one, what the agent may do",
    );
  withExamples(
    command,
    "gatehouse report --before export.json --after preview.json --format md",
    "gatehouse report --before export.json --after preview.json --policy > report.html",
    "gatehouse report --after export.json > posture.html",
  )
    .option(
      "--before <file>",
      "the state before: the output of pulumi stack export, or of pulumi preview --json --show-sames",
    )
    .requiredOption(
      "--after <file>",
      "the state after: the output of pulumi stack export, or of pulumi preview --json from the state before",
    )
    .addOption(new Option("--format <format>", "the form of the report").choices(Object.keys(FORMATS)).default("html"))
    .option("--policy", "judge the state after by the rules of the policy pack too (docs/policy.md)")
    .option("--exceptions <file>", "exceptions from these rules, as YAML")
    .action(async ({ before, after, format, policy, exceptions }: ReportOptions) => {
      const excepted = exceptionsIn(exceptions);
      const report = buildReport({
        title: "Gatehouse posture report",
        ...(before === undefined ? {} : { before: readFile(before) }),
        after: readFile(after),
        ...(policy === true ? { judge: (state) => judge(state, excepted) } : {}),
      });
      process.stdout.write(await (FORMATS[format] ?? renderJson)(report));
      refuseStopped(report.policy ?? [], "strict");
    });
}
