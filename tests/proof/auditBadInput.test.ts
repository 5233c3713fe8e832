import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrailFiles } from "../../cli/audit/trail";
import { agentLine, REVIEWED, SAVED } from "../cli/audit/support/agent";
import { at, chained, entry, headOf, pulled, signer } from "../cli/audit/support/trail";
import { gatehouse } from "../support/sandbox";

/* What is wrong with a trail or its surroundings, to every command that reads one: the place is named, nothing is overwritten. */

jest.setTimeout(300_000);

const gate = signer();
const other = signer();
/** Nothing listens there. */
const NOBODY = "http://127.0.0.1:9";
const ALONE = {
  GITHUB_TOKEN: "",
  GITHUB_BASE_URL: "",
  CLOUDFLARE_API_TOKEN: "",
  CLOUDFLARE_BASE_URL: NOBODY,
  VAULT_TOKEN: "",
  GATEHOUSE_OPERATOR_KEY: "",
  GATEHOUSE_WEBHOOK_SECRET: "",
  GATEHOUSE_ISSUE_TOKEN: "",
};
async function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const command = gatehouse(["audit", ...args], { env: { ...ALONE, ...env } });
  const code = await command.exited;
  const ran = { code, out: command.stdout(), err: command.stderr() };
  expect(ran.err).not.toMatch(/Unexpected: |^ +at /m);
  return ran;
}
/** Every command that reads a folder, with the code that it ends with for one that is as it should be. */
const COMMANDS: readonly (readonly [name: string, args: (dir: string) => readonly string[]])[] = [
  ["verify", (dir) => ["verify", "--dir", dir]],
  ["alert", (dir) => ["alert", "--dir", dir]],
  ["explain", (dir) => ["explain", "api#1", "--dir", dir]],
  ["query", (dir) => ["query", "SELECT count(*) AS n FROM gate", "--json", "--dir", dir]],
  ["replay", (dir) => ["replay", dir]],
];
const all = async (
  dir: string,
  env?: Record<string, string>,
): Promise<Record<string, { code: number; out: string; err: string }>> =>
  Object.fromEntries(
    await Promise.all(COMMANDS.map(async ([name, args]) => [name, await run(args(dir), env)] as const)),
  );

async function trail(): Promise<TrailFiles> {
  const lines = await chained([0, 1, 2].map((second) => entry({ ts: at(second), requestId: `r-${second}` })));
  const files = pulled(lines, {
    checkpoints: [gate.sign(headOf(lines[2]!))],
    state: {
      key: gate.key,
      github: { source: "audit-log", until: at(60), missing: [] },
      agent: { until: at(60), missing: [], reviewed: REVIEWED, ended: {} },
    },
  });
  writeFileSync(files.agent, `${JSON.stringify(agentLine("agent", SAVED))}\n`);
  return files;
}
const contents = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { withFileTypes: true }).map((one) => [
      one.name,
      one.isDirectory() ? "a folder" : readFileSync(join(dir, one.name), "utf8"),
    ]),
  );

it("holds for a folder as a pull leaves it", async () => {
  const { dir } = await trail();
  const before = contents(dir);
  const ran = await all(dir);
  for (const [name] of COMMANDS) expect([name, ran[name]?.code]).toEqual([name, 0]);
  expect(ran.query?.out).toBe('{"n":"3"}\n');
  expect(contents(dir)).toEqual(before);
});

describe.each<[string, (files: TrailFiles) => void, RegExp]>([
  [
    "no trail",
    ({ dir }) => rmSync(dir, { recursive: true }),
    /^(\S+): no audit trail here; pull one with `gatehouse audit pull --out \1`\n$/,
  ],
  [
    "records without the pull's notes",
    ({ state }) => rmSync(state),
    /gate\.ndjson: there are records here, but \S+pull\.json is missing; give another folder, nothing was changed\n$/,
  ],
  [
    "broken notes",
    ({ state }) => writeFileSync(state, '{"v":1,'),
    /pull\.json: this is not what a pull writes; give another folder, nothing was changed\n$/,
  ],
  [
    "notes of another kind",
    ({ state }) => writeFileSync(state, '{"v":2}'),
    /pull\.json: this is not what a pull writes/,
  ],
])("%s", (_name, break_, words) => {
  it("is said by every command, and by a pull, which changes nothing", async () => {
    const files = await trail();
    break_(files);
    const before = existsSync(files.dir) ? contents(files.dir) : undefined;
    const ran = await all(files.dir);
    for (const [name] of COMMANDS)
      expect([name, ran[name]?.code, ran[name]?.err]).toEqual([name, 2, expect.stringMatching(words)]);
    expect(existsSync(files.dir) ? contents(files.dir) : undefined).toEqual(before);
    if (before === undefined) return;
    const archive = mkdtempSync(join(tmpdir(), "gatehouse-archive-"));
    const pulling = await run(["pull", "--out", files.dir, "--archive", archive]);
    expect([pulling.code, pulling.err]).toEqual([2, expect.stringMatching(words)]);
    expect(contents(files.dir)).toEqual(before);
  });
});

describe("a line that cannot be read", () => {
  it("of the gate's is named by verify and alert, and left out with a note by the others", async () => {
    const { dir, gate: file } = await trail();
    const [one, , ...rest] = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, [one, "no record", ...rest].join("\n"));
    const { verify, alert, explain, query, replay } = await all(dir);
    expect([verify?.code, verify?.out]).toEqual([
      1,
      expect.stringContaining("gate.ndjson:2: at record 2: not an audit record"),
    ]);
    expect([alert?.code, alert?.out]).toEqual([
      1,
      expect.stringMatching(/^critical {2}record-missing .*\n.*gate\.ndjson:2/),
    ]);
    for (const said of [explain, replay])
      expect([said?.code, said?.err]).toEqual([
        0,
        expect.stringMatching(
          /Note: \S*gate\.ndjson:2 is no record of the gate and was left out; check the folder with/,
        ),
      ]);
    expect([query?.code, query?.out]).toEqual([0, '{"n":"2"}\n']);
  });

  it("of GitHub's or the agent's is named by file and line, with exit code 2", async () => {
    for (const [part, words] of [
      ["github", /github\.ndjson:1: this is no event that a pull writes\n$/],
      ["agent", /agent\.ndjson:2: this is no line that a pull writes\n$/],
    ] as const) {
      const files = await trail();
      appendFileSync(files[part], '{"source":"audit-log"}\n');
      const { verify, alert, explain } = await all(files.dir);
      for (const ran of [verify, alert, explain])
        expect([ran?.code, ran?.err]).toEqual([2, expect.stringMatching(words)]);
    }
  });
});

it("names records of another gate, whether they are in place of the trail or behind it", async () => {
  const files = await trail();
  const foreign = await chained([7, 8, 9].map((second) => entry({ ts: at(second), requestId: `f-${second}` })));
  appendFileSync(files.gate, `${foreign.join("\n")}\n`);
  const { verify, alert } = await all(files.dir);
  expect([verify?.code, verify?.out]).toEqual([
    1,
    expect.stringMatching(/gate\.ndjson:4: record 1 out of order or repeated/),
  ]);
  expect(alert?.code).toBe(1);
  writeFileSync(files.gate, `${foreign.join("\n")}\n`);
  const instead = await all(files.dir);
  expect([instead.verify?.code, instead.verify?.out]).toEqual([
    1,
    expect.stringMatching(
      /gate\.ndjson:3: record 3 is not the record that the gate signed here: the trail was written anew/,
    ),
  ]);
});

it("says that a key is none, and that it is not the one that signed", async () => {
  const { dir } = await trail();
  for (const command of ["verify", "alert"]) {
    const none = await run([command, "--dir", dir, "--key", "abc"]);
    expect([none.code, none.err]).toEqual([
      2,
      expect.stringMatching(/^--key: "abc" is no public key; give the stack's output/),
    ]);
    const wrong = await run([command, "--dir", dir, "--key", other.key]);
    expect([wrong.code, wrong.out]).toEqual([
      1,
      expect.stringMatching(/checkpoints\.ndjson:1: the checkpoint of record 3 is not signed by a trusted key/),
    ]);
  }
});

describe("a pull", () => {
  it("names a bucket that cannot be reached, and leaves the folder as it was", async () => {
    const { dir } = await trail();
    const before = contents(dir);
    const { code, err } = await run(["pull", "--out", dir, "--from", "bucket"], { CLOUDFLARE_API_TOKEN: "t" });
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^Cloudflare does not show the bucket \S+: .*CLOUDFLARE_API_TOKEN needs/),
    ]);
    expect(contents(dir)).toEqual(before);
  });

  it("names an archive that is not there, and one whose file is no text of records", async () => {
    const away = join(mkdtempSync(join(tmpdir(), "gatehouse-away-")), "none");
    const { dir } = await trail();
    const missing = await run(["pull", "--out", dir, "--archive", away]);
    expect([missing.code, missing.err]).toEqual([
      2,
      expect.stringContaining(`${away}: the folder cannot be read: no such file or folder`),
    ]);
    mkdirSync(join(away, `${"0".repeat(14)}4-${"0".repeat(14)}5.jsonl`), { recursive: true });
    const folder = await run(["pull", "--out", dir, "--archive", away]);
    expect([folder.code, folder.err]).toEqual([
      2,
      expect.stringMatching(/5\.jsonl: the file cannot be read: this is a folder, not a file\n$/),
    ]);
  });

  it("refuses a folder with another stack's trail", async () => {
    const files = await trail();
    const before = contents(files.dir);
    const { code, err } = await run(["pull", "--out", files.dir, "--stack", "prod", "--archive", tmpdir()]);
    expect([code, err]).toEqual([
      2,
      `${files.dir}: this is the trail of the stack dev (acme); pull prod into another folder. Nothing was changed\n`,
    ]);
    expect(contents(files.dir)).toEqual(before);
  });

  it("names a folder that cannot be made, and a file that cannot be written", async () => {
    const archive = mkdtempSync(join(tmpdir(), "gatehouse-archive-"));
    const file = join(archive, "file");
    writeFileSync(file, "mine\n");
    const there = await run(["pull", "--out", file, "--archive", archive]);
    expect([there.code, there.err]).toEqual([2, `${file}: the folder cannot be made: a file of this name is there\n`]);
    const below = await run(["pull", "--out", join(file, "x"), "--archive", archive]);
    expect([below.code, below.err]).toEqual([
      2,
      `${join(file, "x")}: the folder cannot be made: no such file or folder\n`,
    ]);
    expect(readFileSync(file, "utf8")).toBe("mine\n");
    const files = await trail();
    for (const name of [files.gate, files.checkpoints, files.events]) {
      const kept = existsSync(name) ? readFileSync(name) : undefined;
      rmSync(name, { force: true });
      mkdirSync(name);
      const { code, err } = await run(["pull", "--out", files.dir, "--archive", archive, "--from", "bucket"]);
      expect([code, err]).toEqual([2, expect.stringMatching(/ndjson: .*this is a folder, not a file/)]);
      rmSync(name, { recursive: true });
      if (kept !== undefined) writeFileSync(name, kept);
    }
  });
});

it("names what a question or a note of alerts cannot write to", async () => {
  const files = await trail();
  const away = join(files.dir, "none", "x.parquet");
  const query = await run(["query", `COPY gate TO '${away}'`, "--dir", files.dir]);
  expect([query.code, query.err]).toEqual([2, expect.stringMatching(/^The query cannot be answered: .*x\.parquet/)]);
  appendFileSync(files.gate, "no record\n");
  mkdirSync(join(files.dir, "alerts.json"));
  const alert = await run(["alert", "--dir", files.dir]);
  expect([alert.code, alert.err]).toEqual([2, expect.stringMatching(/alerts\.json: .*this is a folder, not a file/)]);
});
