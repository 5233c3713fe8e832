import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import { buildSync, transformSync } from "esbuild";
import { bundleGate } from "../../infra/cloudflare/bundle";
import type { DecisionTimes } from "./decisions";
import { READS, WRITE } from "./traffic";
import { benchPolicy, largePolicy } from "./workers";

/** Times of the pure decisions, measured in a fresh Node process on the bundled sources. */
export function decisionTimes(batches: number): DecisionTimes {
  const directory = mkdtempSync(path.join(tmpdir(), "gate-bench-micro-"));
  try {
    buildSync({
      entryPoints: [path.join(__dirname, "decisions.ts")],
      outfile: path.join(directory, "decisions.js"),
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "es2022",
      mainFields: ["module", "main"],
      tsconfigRaw: "{}",
      logLevel: "silent",
    });
    writeFileSync(path.join(directory, "policy.json"), JSON.stringify(benchPolicy("http://127.0.0.1:1")));
    writeFileSync(path.join(directory, "large.json"), JSON.stringify(largePolicy("http://127.0.0.1:1")));
    const call = `console.log(JSON.stringify(require("./decisions.js").measure(require("./policy.json"), require("./large.json"), ${JSON.stringify(READS)}, ${JSON.stringify(WRITE)}, ${batches})))`;
    return JSON.parse(
      execFileSync(process.execPath, ["-e", call], { cwd: directory, encoding: "utf8", timeout: 300_000 }),
    ) as DecisionTimes;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export interface ModuleSizes {
  /** Bytes of the gate's module as it is uploaded, plain and by gzip, which is how Cloudflare counts. */
  readonly bytes: number;
  readonly gzip: number;
  /** By gzip after minifying, for comparison: the gate is uploaded readable. */
  readonly minifiedGzip: number;
  readonly ledgerGzip: number;
}

export function moduleSizes(): ModuleSizes {
  const { gate, ledger } = bundleGate();
  const zipped = (text: string): number => gzipSync(text, { level: 9 }).length;
  return {
    bytes: Buffer.byteLength(gate),
    gzip: zipped(gate),
    minifiedGzip: zipped(transformSync(gate, { minify: true, target: "es2022", format: "esm" }).code),
    ledgerGzip: zipped(ledger),
  };
}
