import { reportedControls } from "../../../cli/report/controls";
import { buildReport } from "../../../cli/report/report";
import { renderMarkdown } from "../../../cli/report/render/markdown";
import { readSnapshot, type Snapshot } from "../../../cli/report/snapshot";
import { claimsOf } from "../../../cli/documents/posture";
import { controlRows } from "../../../cli/controls/rows";
import { parseStackFile } from "../../../infra/config";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../support/sandbox";
import { recorded } from "./support/recorded";

const state = (name: string): Snapshot => readSnapshot(recorded(name), name);
const created = state("1-create.export.json");
const narrowed = state("4-narrow.export.json");
const empty: Snapshot = { source: "export", resources: [], outputs: {} };

it("says of a deployed stack what its environment file says", () => {
  // The recorded stack is that of Pulumi.dev.yaml.
  const dev = parseStackFile(readFileSync(join(ROOT, "Pulumi.dev.yaml"), "utf8"), "Pulumi.dev.yaml");
  const expected = controlRows(claimsOf(dev)).flatMap(({ rows }) => rows);
  const found = reportedControls(created);
  expect(found.map(({ id, status }) => [id, status])).toEqual(expected.map(({ id, status }) => [id, status]));
  expect(found.map(({ evidence }) => evidence.locks)).toEqual(expected.map(({ evidence }) => evidence.locks));
});

it("shows of two states the controls that change, with what they were before", () => {
  const changed = reportedControls(narrowed, created).filter(({ before }) => before !== undefined);
  expect(changed.map(({ id, before, status }) => `${id}: ${before?.status} → ${status}`)).toEqual([
    "CIS 1.1.3: not met → met",
  ]);
  const page = renderMarkdown(buildReport({ title: "t", before: created, after: narrowed }));
  expect(page).toContain("## Controls that change");
  expect(page).toContain("not met → met");
  expect(page).not.toContain("OWASP ASI10");
  expect(renderMarkdown(buildReport({ title: "t", before: created, after: created }))).not.toContain("## Controls");
});

it("shows of one state every control, and of an empty one none", () => {
  const page = renderMarkdown(buildReport({ title: "t", after: created }));
  expect(page).toContain("## Controls\n");
  expect(page).toContain("| OWASP ASI10 |");
  expect(reportedControls(empty)).toEqual([]);
  expect(reportedControls(empty, created)).toEqual([]);
});
