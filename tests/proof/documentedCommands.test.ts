import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { documentedCommands } from "../support/documentedCommands";
import { gatehouse, serve, type Ready, type Running } from "../support/sandbox";

jest.setTimeout(400_000);

/**
 * What the pages tell people to run, run as it stands there against a deployed sandbox: every command that only reads.
 * The others (put, rotate, revoke, up, destroy …) have proofs of their own.
 */
const READING = [
  "assess",
  "doctor",
  "recover",
  "token status",
  "token mint-link",
  "token history",
  "token policy --stack",
  "sandbox preview",
];
const STACK = /^(?:prod|acme|trial|ghes|S|STACK)$/;

let ready: Ready;
let running: Running;
const scratch = mkdtempSync(join(tmpdir(), "gatehouse-documented-"));
beforeAll(async () => {
  ({ ready, running } = await serve());
});
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  running.child.kill("SIGTERM");
  await running.exited;
});

/** The line with the deployed stack's name in place of the page's, and without what it would write. */
function runnable(words: readonly string[]): string[] {
  return words
    .map((word, i) => (words[i - 1] === "--stack" && STACK.test(word) ? "dev" : word))
    .map((word, i) => (words[i - 1] === "--output" || words[i - 1] === "--out" ? join(scratch, "out") : word));
}

const lines = [
  ...new Set(
    documentedCommands()
      .map(({ words }) => runnable(words).join(" "))
      .filter((line) => READING.some((reading) => `${line} `.startsWith(`${reading} `)))
      // Names alone, with a value left out or written in capitals.
      .filter((line) => !/ --(?:stack|state|check|write|config|output|project)$| [A-Z]{3,}\b/.test(line))
      .filter((line) => !/--write|--check|--remind|--project/.test(line)),
  ),
];

it("there are some", () => {
  expect(lines.length).toBeGreaterThan(8);
});

it.each(lines)("gatehouse %s", async (line) => {
  const child = gatehouse(line.split(" "), { env: { ...ready.env, GATEHOUSE_GATE_KEY: ready.gate.key } });
  const code = await child.exited;
  // `recover` and `doctor` ask Pulumi itself, which this machine may not have; `--strict` counts what the sandbox's GitHub,
  // like most organizations, does not give out (its audit log).
  const mayNotHold = /^(?:recover|doctor)|--strict/.test(line);
  expect([line, code === 0 || mayNotHold, child.stderr()]).toEqual([
    line,
    true,
    mayNotHold ? expect.not.stringContaining("Unexpected") : expect.not.stringMatching(/Unexpected|error:/),
  ]);
});
