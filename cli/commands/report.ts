import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { buildReport, type Report } from "../report/report";
import { renderHtml } from "../report/render/html";
import { renderJson, renderMarkdown, renderSarif } from "../report/render/text";
import { readSnapshot, type Snapshot } from "../report/snapshot";
import { CouldNotRun } from "../support/exit";
import { withExamples } from "../support/options";

export const FORMATS: Record<string, (report: Report) => string | Promise<string>> = {
  html: renderHtml,
  md: renderMarkdown,
  json: renderJson,
  sarif: renderSarif,
};

/** Reads what a file says of a stack. @throws CouldNotRun when it cannot be read or says nothing of one */
export const read = (file: string): Snapshot => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new CouldNotRun(`${file}: the file cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
  // PowerShell's `>` writes UTF-16 with a mark in front.
  return readSnapshot(bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf16le" : "utf8"), file);
};

/** `gatehouse report --before A --after B --format F`: what a change does to the agent's power, from two states of the stack. */
export function registerReport(program: Command): void {
  const command = program
    .command("report")
    .description("compare two states of a stack: what the agent may do before and after");
  withExamples(
    command,
    "gatehouse report --before export.json --after preview.json --format md",
    "gatehouse report --before export.json --after export-after.json > report.html",
  )
    .requiredOption(
      "--before <file>",
      "the state before: the output of pulumi stack export, or of pulumi preview --json --show-sames",
    )
    .requiredOption(
      "--after <file>",
      "the state after: the output of pulumi stack export, or of pulumi preview --json from the state before",
    )
    .addOption(new Option("--format <format>", "the form of the report").choices(Object.keys(FORMATS)).default("html"))
    .action(async ({ before, after, format }: { before: string; after: string; format: string }) => {
      const report = buildReport({ title: "Gatehouse posture report", before: read(before), after: read(after) });
      process.stdout.write(await (FORMATS[format] ?? renderJson)(report));
    });
}
