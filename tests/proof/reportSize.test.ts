import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cost, measure } from "../../bench/report/measure";
import { exportOf } from "../../bench/report/state";

jest.setTimeout(300_000);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "gatehouse-report-size-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A change of a tenth of so many repositories, as a page. */
function change(count: number): Promise<Cost> {
  const [before, after] = ["before", "after"].map((name) => join(directory, `${count}-${name}.json`)) as [
    string,
    string,
  ];
  writeFileSync(before, exportOf(count));
  writeFileSync(after, exportOf(count, { widened: count / 10 }));
  return measure(["report", "--before", before, "--after", after, "--format", "html"]);
}

// Its time is measured by bench/report; another machine's speed is no reason to fail.
it("reports a change of 1,000 repositories, 12,000 resources, in 400 MB, on a page below 3 MB", async () => {
  const { peakMb, bytes } = await change(1_000);
  expect(peakMb).toBeLessThan(400);
  expect(bytes).toBeLessThan(3_000_000);
});
