/**
 * What the audit trail costs whoever reads it, each command beside a plain tool over the same bytes in the same round:
 * `audit verify` beside `sha256sum`, `audit pull` beside `cat`, `audit query` beside DuckDB alone.
 *
 *   npm run bench:audit -- [--records 1000000] [--rounds 5] [--only verify,pull,query] [--in DIR] [--json]
 *
 * 10000000 records are about 5 GB, which lie in --in (default: the system's folder for temporary files) and are deleted
 * in the end. A pull writes three times what it reads, so it has at most a million. All files are made first and lie in
 * the page cache for everybody. Ratios are taken within a round; processor time says more than time on a busy machine.
 * Exits 0 when it ran: this is a measurement, not a test.
 */
import { spawnSync } from "node:child_process";
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readState, trailFiles } from "../../cli/audit/trail";
import { NAMED } from "../../cli/audit/query";
import { spread } from "../gate/stats";
import { measure, type Cost } from "./measure";
import { makeArchive, makeTrail, writeFolderState, type MadeTrail } from "./trail";

const PARTS = ["verify", "pull", "query"] as const;
type Part = (typeof PARTS)[number];

interface Options {
  readonly records: number;
  readonly rounds: number;
  readonly only: readonly Part[];
  readonly in: string;
  readonly json: boolean;
}

/** Two that read the same bytes. */
interface Comparison {
  readonly part: Part;
  readonly what: string;
  readonly records: number;
  readonly bytes: number;
  readonly theirs: Contender;
  readonly ours: Contender;
}

interface Contender {
  readonly name: string;
  run(): Promise<Cost>;
}

interface Result extends Omit<Comparison, "theirs" | "ours"> {
  readonly theirs: string;
  readonly ours: string;
  readonly rounds: readonly { readonly theirs: Cost; readonly ours: Cost }[];
}

const BIN = join(__dirname, "..", "..", "cli", "bin.js");
const PULL_RECORDS = 1_000_000;
/** Of a record, at most. */
const LINE_BYTES = 600;

const gatehouse = (...args: readonly string[]): Promise<Cost> => measure(process.execPath, [BIN, "audit", ...args]);

function read(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        records: { type: "string", default: "1000000" },
        rounds: { type: "string", default: "5" },
        only: { type: "string", default: PARTS.join(",") },
        in: { type: "string", default: tmpdir() },
        json: { type: "boolean", default: false },
      },
    });
    for (const name of ["records", "rounds"] as const)
      if (!/^[1-9][0-9]{0,8}$/.test(values[name])) return `--${name} wants a whole number, not "${values[name]}".`;
    const only = values.only.split(",");
    const unknown = only.find((part) => !PARTS.includes(part as Part));
    if (unknown !== undefined) return `--only wants some of ${PARTS.join(", ")}, not "${unknown}".`;
    const records = Number(values.records);
    if (!existsSync(values.in)) return `--in wants a folder that exists, not "${values.in}".`;
    const { bavail, bsize } = statfsSync(values.in);
    const needed = records * LINE_BYTES + Math.min(records, PULL_RECORDS) * 8 * LINE_BYTES;
    if (bavail * bsize < needed)
      return `${values.in} has ${gb(bavail * bsize)} left, and ${records} records need ${gb(needed)}; give another folder with --in.`;
    return { records, rounds: Number(values.rounds), only: only as Part[], in: values.in, json: values.json };
  } catch (error) {
    return `${(error as Error).message} Known: --records N, --rounds N, --only PART,…, --in DIR, --json.`;
  }
}

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

async function main(): Promise<number> {
  const options = read(process.argv.slice(2));
  if (typeof options === "string") {
    process.stderr.write(`${options}\n`);
    return 2;
  }
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const dir = mkdtempSync(join(options.in, "gatehouse-bench-audit-"));
  try {
    const comparisons = prepare(dir, options, say);
    const results: Result[] = [];
    for (const comparison of comparisons) results.push(await compare(comparison, options.rounds, say));
    process.stdout.write(options.json ? `${JSON.stringify({ machine: machine(), results })}\n` : text(results));
    return 0;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function prepare(dir: string, { records, only }: Options, say: (line: string) => void): Comparison[] {
  const comparisons: Comparison[] = [];
  if (only.includes("verify") || only.includes("query")) {
    say(`making ${records} records …`);
    const trail = makeTrail(join(dir, "trail"), records, true);
    if (only.includes("verify")) comparisons.push(...verifications(dir, records, trail));
    if (only.includes("query")) comparisons.push(...queries(records, trail));
  }
  if (only.includes("pull")) {
    const count = Math.min(records, PULL_RECORDS);
    say(`making an archive of ${count} records …`);
    comparisons.push(pulls(dir, count));
  }
  return comparisons;
}

/** The chain alone, and with what GitHub saw. */
function verifications(dir: string, records: number, { files, bytes }: MadeTrail): Comparison[] {
  if (spawnSync("sha256sum", ["--version"]).status !== 0) throw new Error("there is no sha256sum to measure against");
  const alone = trailFiles(join(dir, "alone"));
  mkdirSync(alone.dir);
  linkSync(files.gate, alone.gate);
  writeFileSync(alone.checkpoints, "");
  writeFolderState(alone, readState(files).cursor, false);
  const theirs = { name: "sha256sum", run: () => measure("sha256sum", [files.gate]) };
  const verify = (folder: string): Contender => ({
    name: "audit verify",
    run: () => gatehouse("verify", "--dir", folder, "--unsigned"),
  });
  const both = { part: "verify", records, bytes, theirs } as const;
  return [
    { ...both, what: "the chain", ours: verify(alone.dir) },
    { ...both, what: "the chain, and GitHub's side", ours: verify(files.dir) },
  ];
}

/** One question by name that reads many columns, and the least that one can ask. */
function queries(records: number, { files, bytes }: MadeTrail): Comparison[] {
  const asked = { count: "SELECT count(*) AS records FROM gate", refusals: NAMED["refusals-by-rule"]?.sql ?? "" };
  return Object.entries(asked).map(([what, sql]) => ({
    part: "query",
    what,
    records,
    bytes,
    theirs: {
      name: "DuckDB alone",
      run: () => measure(process.execPath, [join(__dirname, "duckdb.js"), files.gate, sql]),
    },
    ours: { name: "audit query", run: () => gatehouse("query", sql, "--dir", files.dir) },
  }));
}

/** The archive of a self-hosted gate. A pull notes each piece, links it to the one before, and writes the same as OCSF. */
function pulls(dir: string, records: number): Comparison {
  const archive = join(dir, "archive");
  const { names, bytes } = makeArchive(archive, records);
  const out = join(dir, "pulled");
  const stack = ["--stack", "dev", "--from", "bucket"];
  return {
    part: "pull",
    what: `${names.length} objects of an archive folder`,
    records,
    bytes,
    theirs: {
      name: "cat",
      run: () =>
        measure(
          "cat",
          names.map((name) => join(archive, name)),
          join(dir, "cat"),
        ),
    },
    ours: {
      name: "audit pull",
      run: () => {
        rmSync(out, { recursive: true, force: true });
        return gatehouse("pull", ...stack, "--archive", archive, "--out", out);
      },
    },
  };
}

async function compare(
  { theirs, ours, ...rest }: Comparison,
  count: number,
  say: (line: string) => void,
): Promise<Result> {
  say(`${rest.part}: ${rest.what} …`);
  await ours.run(); // makes the threads' bundle, once for an installation
  const rounds: { theirs: Cost; ours: Cost }[] = [];
  for (let i = 0; i < count; i++) {
    // They take turns in being the first.
    const first = i % 2 === 0 ? await theirs.run() : undefined;
    const own = await ours.run();
    rounds.push({ theirs: first ?? (await theirs.run()), ours: own });
  }
  return { ...rest, theirs: theirs.name, ours: ours.name, rounds };
}

const machine = (): string =>
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? ""}, load ${loadavg()
    .map((one) => one.toFixed(1))
    .join(" ")}`;

function text(results: readonly Result[]): string {
  const shown = (all: readonly number[]): string => {
    const { min, median, max } = spread(all);
    return `${digits(median)} (${digits(min)} to ${digits(max)})`;
  };
  const blocks = results.map(({ part, what, records, bytes, theirs, ours, rounds }) => {
    const of = (who: "theirs" | "ours", key: keyof Cost): string => shown(rounds.map((round) => round[who][key]));
    const ratio = (key: keyof Cost): string => shown(rounds.map((round) => round.ours[key] / round.theirs[key]));
    return [
      `${part}: ${what}; ${records} records, ${(bytes / 1e6).toFixed(0)} MB, ${rounds.length} rounds; median (lowest to highest)`,
      `| | ${theirs} | ${ours} | ratio |`,
      "|---|---|---|---|",
      `| seconds | ${of("theirs", "seconds")} | ${of("ours", "seconds")} | ${ratio("seconds")} |`,
      `| processor seconds | ${of("theirs", "cpuSeconds")} | ${of("ours", "cpuSeconds")} | ${ratio("cpuSeconds")} |`,
      `| memory at the peak, MB | ${of("theirs", "peakMb")} | ${of("ours", "peakMb")} | |`,
    ].join("\n");
  });
  return `Audit bench, ${new Date().toISOString().slice(0, 10)}, ${machine()}\n\n${blocks.join("\n\n")}\n`;
}

const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(2));

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
