/**
 * What a report costs: seconds and memory of `gatehouse report`, and the size of what it writes, for a posture and for
 * a change that widens a tenth of the repositories. An environment holds 1,000 repositories at most.
 *
 *   npm run bench:report [-- 100 1000]
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cost, measure } from "./measure";
import { exportOf } from "./state";

const SIZES = process.argv.slice(2).map(Number);

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  try {
    await measureAll(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureAll(directory: string): Promise<void> {
  process.stdout.write(
    `Node ${process.version}; seconds, of them computing, memory at its peak, what is written\n\n| repositories | resources | input | format | posture | change |\n|---|---|---|---|---|---|\n`,
  );
  for (const count of SIZES.length > 0 ? SIZES : [100, 1_000]) {
    const [before, after] = ["before", "after"].map((name) => join(directory, `${name}.json`)) as [string, string];
    const text = exportOf(count);
    writeFileSync(before, text);
    writeFileSync(after, exportOf(count, { widened: Math.ceil(count / 10) }));
    const resources = text.split('"urn":').length - 1;
    for (const format of ["html", "md", "json", "sarif"]) {
      const cell = ({ seconds, cpuSeconds, peakMb, bytes }: Cost): string =>
        `${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)}), ${peakMb.toFixed(0)} MB, ${(bytes / 1e6).toFixed(2)} MB`;
      const posture = await measure(["report", "--after", before, "--format", format]);
      const change = await measure(["report", "--before", before, "--after", after, "--format", format]);
      process.stdout.write(
        `| ${count} | ${resources} | ${(statSync(before).size / 1e6).toFixed(1)} MB | ${format} | ${cell(posture)} | ${cell(change)} |\n`,
      );
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
