import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderMarkdown } from "../../../cli/report/render/markdown";
import { CHANGES, reportOf } from "./support/changes";

const FOLDER = join(__dirname, "golden");

/**
 * The reports of twelve changes and one more, from what the sandbox's engine wrote, as a reviewer sees them on a pull request, without
 * what stands. `GOLDEN=write` writes them anew: read the difference.
 */
it.each(CHANGES)("%s: the verdict is %s, and every word is the one that was read", (name, verdict) => {
  const report = reportOf(name);
  expect(report.verdict).toBe(verdict);
  const page = renderMarkdown(report).replace(/\n## What stands[\s\S]*/, "");
  const file = join(FOLDER, `${name}.md`);
  if (process.env.GOLDEN === "write") writeFileSync(file, page);
  expect(page).toBe(readFileSync(file, "utf8"));
});
