/**
 * What `gatehouse audit verify` costs beside `sha256sum` over the same bytes: time, and memory at its peak.
 *
 *   npm run bench:audit [-- 1000000 5]   records, and rounds; 10000000 records are about 5 GB
 *
 * Both read the same file in turn, so that a busy machine is busy for both; what counts is the ratio. The file is made
 * first, and lies in the page cache for both.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { DAY_SECONDS } from "../../edge/time";
import { entryText, GENESIS } from "../../gate/policy/audit";
import { trailFiles, writeState } from "../../cli/audit/trail";
import { spread } from "../gate/stats";

const [RECORDS = 1_000_000, ROUNDS = 5] = process.argv.slice(2).map(Number);
const BIN = join(__dirname, "..", "..", "cli", "bin.js");

/** A trail as a busy agent leaves it; chained here without a promise for each record. */
function generate(dir: string): { readonly seq: number; readonly hash: string; readonly bytes: number } {
  const fd = openSync(trailFiles(dir).gate, "w");
  let hash: string = GENESIS;
  let text = "";
  for (let seq = 1; seq <= RECORDS; seq++) {
    const refused = seq % 50 === 0;
    const entry = entryText({
      ts: new Date(1_790_000_000_000 + seq * 37).toISOString(),
      agent: "agent",
      requestId: `586c5m5w6l5a6h3b1w-${seq.toString(36)}`,
      clientIp: `203.0.113.${seq % 250}`,
      method: seq % 9 === 0 ? "POST" : "GET",
      path: `/repos/acme/api/issues/${seq % 977}/comments`,
      route: "issues.comments",
      repository: "acme/api",
      decision: refused ? "deny" : "allow",
      reason: refused ? "route-closed" : "",
      status: refused ? 403 : 200,
      bytesIn: 0,
      bytesOut: seq % 9973,
      ms: seq % 300,
      tokenSha256: refused ? "" : "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      findings: [],
    });
    const start = `{"v":1,"seq":${seq},${entry.slice(1, -1)},"prevHash":"${hash}"`;
    hash = createHash("sha256").update(`${start}}`).digest("hex");
    text += `${start},"hash":"${hash}"}\n`;
    if (text.length > 1 << 20) {
      writeSync(fd, text);
      text = "";
    }
  }
  writeSync(fd, text);
  closeSync(fd);
  return { seq: RECORDS, hash, bytes: statSync(trailFiles(dir).gate).size };
}

/** Milliseconds of a process, and its memory at the peak in MB. */
async function run(command: string, args: readonly string[]): Promise<{ ms: number; mb: number }> {
  const started = process.hrtime.bigint();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  let kb = 0;
  const look = (): void => {
    try {
      kb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid ?? 0}/status`, "utf8"))?.[1] ?? kb);
    } catch {
      // it has just ended
    }
  };
  const timer = setInterval(look, 20);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}`);
  return { ms: Number(process.hrtime.bigint() - started) / 1e6, mb: kb / 1024 };
}

function shown(all: readonly number[], digits: number): string {
  const { min, median, max } = spread(all);
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

async function main(): Promise<void> {
  if (spawnSync("sha256sum", ["--version"]).status !== 0) throw new Error("there is no sha256sum to measure against");
  const dir = mkdtempSync(join(tmpdir(), "gatehouse-bench-audit-"));
  try {
    const { seq, hash, bytes } = generate(dir);
    const files = trailFiles(dir);
    writeFileSync(files.checkpoints, "");
    writeState(files, {
      v: 1,
      stack: "bench",
      organization: "acme",
      machineUser: "claude-bot",
      repositories: ["api"],
      pulledAt: new Date().toISOString(),
      cursor: { seq, hash, bytes },
      live: true,
      deleteSeconds: 90 * DAY_SECONDS,
    });
    const verify = ["audit", "verify", "--dir", dir, "--unsigned"];
    await run(process.execPath, [BIN, ...verify]); // makes the threads' bundle, once for an installation
    const rounds: { sum: number; verify: number; mb: number }[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const sum = await run("sha256sum", [files.gate]);
      const ours = await run(process.execPath, [BIN, ...verify]);
      rounds.push({ sum: sum.ms, verify: ours.ms, mb: ours.mb });
    }
    process.stdout.write(
      [
        `${RECORDS} records, ${(bytes / 1e6).toFixed(0)} MB, ${ROUNDS} rounds, ${cpus().length} cores; median (lowest to highest)`,
        `sha256sum, seconds     ${shown(
          rounds.map(({ sum }) => sum / 1000),
          2,
        )}`,
        `audit verify, seconds  ${shown(
          rounds.map((one) => one.verify / 1000),
          2,
        )}`,
        `ratio                  ${shown(
          rounds.map((one) => one.verify / one.sum),
          2,
        )}`,
        `memory at the peak, MB ${shown(
          rounds.map(({ mb }) => mb),
          0,
        )}`,
        "",
      ].join("\n"),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

void main();
